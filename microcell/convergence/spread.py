"""What crops of an image say about how representative it is: means, standard errors, a trend with size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import linregress

SIGNIFICANT = 0.05
"""A trend with size is told where chance would make one as strong with less than this probability."""


FEWEST = 5
"""Runs that a trend needs: with fewer, two crops that agree by chance make one of anything."""


@dataclass(frozen=True)
class Group:
    """The crops of one size.

    Attributes
    ----------
    size : float
        Edge of a square of the same area [um].
    count : int
        Crops with a value.
    mean, deviation, standard_error : float
        Mean, standard deviation of one crop, standard error of the mean; NaN from one crop.
    """

    size: float
    count: int
    mean: float
    deviation: float
    standard_error: float


@dataclass(frozen=True)
class Spread:
    """Groups by size, smallest first, and what follows for the whole image.

    Attributes
    ----------
    groups : tuple of Group
        The crops; the whole image, where there is one, is the last.
    error : float
        Standard deviation to be expected between images as large as the whole one: that of the largest crops
        times the square root of the ratio of the areas. NaN without two crops of one size.
    slope : float
        Change of the quantity with 1 / size, in its unit times um; NaN where it cannot be fitted.
    probability : float
        Chance of such a slope without a trend (Student's t, two sides).
    trend : str
        "none seen", "rises with size", "falls with size", or "unknown".
    """

    groups: tuple[Group, ...]
    error: float = math.nan
    slope: float = math.nan
    probability: float = math.nan
    trend: str = "unknown"


def assess(sizes: Sequence[float], values: Sequence[float]) -> Spread:
    """Group crops by size and fit a trend.

    The variance of a mean over a representative structure falls with the inverse of the volume averaged over
    (Kanit et al. 2003, doi 10.1016/S0020-7683(03)00143-4, for volumes above the range of the structure);
    crops keep the thickness, so that it falls with the area. A bias from the cut sides goes with perimeter
    over area, hence the fit against 1 / size.

    Parameters
    ----------
    sizes, values : sequence of float
        Edge of a square of the same area [um], and the quantity, of each crop and of the whole image; those
        without a finite value do not count.
    """
    h, v = np.asarray(sizes, float), np.asarray(values, float)
    known = np.isfinite(v)
    h, v = h[known], v[known]
    groups = tuple(_group(size, v[h == size]) for size in np.unique(h))
    return Spread(groups, _expected(groups), *_trend(h, v))


def _group(size: float, values: np.ndarray) -> Group:
    count = len(values)
    deviation = float(values.std(ddof=1)) if count > 1 else math.nan
    return Group(float(size), count, float(values.mean()), deviation, deviation / math.sqrt(count))


def _expected(groups: tuple[Group, ...]) -> float:
    """Scale the deviation of the largest crops of which there are several to the largest size."""
    several = [group for group in groups if group.count > 1]
    return several[-1].deviation * several[-1].size / groups[-1].size if several else math.nan


def _trend(sizes: np.ndarray, values: np.ndarray) -> tuple[float, float, str]:
    """Fit values against 1 / size."""
    if len(values) < FEWEST or len(np.unique(sizes)) < 2 or np.ptp(values) == 0.0:
        return math.nan, math.nan, "unknown"
    fit = linregress(1.0 / sizes, values)
    if not fit.pvalue < SIGNIFICANT:
        return float(fit.slope), float(fit.pvalue), "none seen"
    return float(fit.slope), float(fit.pvalue), "falls with size" if fit.slope > 0 else "rises with size"
