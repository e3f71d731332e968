"""Observed order, Richardson estimate and grid convergence index of a quantity on several grids.

Sources: Roache 1994 (doi 10.1115/1.2910291) for the index, Celik et al. 2008 (doi 10.1115/1.2960953) for the
procedure with three unequal grids. Two things differ, both to the safe side: orders outside of what the
scheme can have are not trusted, and a series that does not converge monotonically gets its spread instead of
an index.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

SAFETY, SAFETY_UNTRUSTED = 1.25, 3.0
"""Safety factors of Roache: three grids with a trusted order; two grids, or an order that is not trusted."""

LOWEST, EXCESS = 0.5, 1.1
"""An observed order is trusted from 0.5 to 1.1 times the highest that the scheme can have."""

CLOSEST = 1.1
"""Grids whose sizes differ by less than this factor tell nothing about the order; Celik et al. advise 1.3."""

SAME = 1e-9
"""Values that differ relatively by less are the same: about what the nonlinear solver leaves."""

_STEEPEST = 30.0


@dataclass(frozen=True)
class Extrapolation:
    """What a series of grids says about a quantity.

    Attributes
    ----------
    verdict : str
        "monotone", "oscillating", "diverging", "unchanged", "two grids", "sizes too close" or "one grid".
    order : float
        Observed order; NaN where there is none.
    estimate : float
        The value extrapolated to size zero; NaN where the series does not allow it.
    error : float
        Error bar of the value on the finest grid: the grid convergence index in the unit of the quantity, or
        the spread of the values where the verdict allows no index; NaN on one grid.
    used : float
        The order behind estimate and error bar; NaN where there is none.
    safety : float
        Factor in the error bar; NaN where it is a spread.
    """

    verdict: str
    order: float = math.nan
    estimate: float = math.nan
    error: float = math.nan
    used: float = math.nan
    safety: float = math.nan


def extrapolate(
    sizes: Sequence[float], values: Sequence[float], *, formal: float = 2.0, assumed: float = 1.0
) -> Extrapolation:
    """Extrapolate a quantity to size zero from its values on the three finest grids.

    Parameters
    ----------
    sizes : sequence of float
        Voxel edge or time step of each grid, any unit, any order.
    values : sequence of float
        The quantity on each; grids where it is not finite do not count.
    formal : float
        Highest order that the scheme can have.
    assumed : float
        Order that is taken where two grids are all there is.

    Returns
    -------
    Extrapolation
        With ``e21 = v2 - v1``, ``e32 = v3 - v2`` from fine to coarse, ``r`` the ratios of the sizes: the
        order p solves ``e32 / e21 = r21^p (r32^p - 1) / (r21^p - 1)`` (Celik et al., Eq. 3), the estimate is
        ``v1 - e21 / (r21^p - 1)`` (Eq. 4), the error bar ``safety |e21| / (r21^p - 1)`` (Eq. 7).
    """
    h, v = _finest(sizes, values)
    if len(v) < 2:
        return Extrapolation("one grid")
    spread = float(np.ptp(v))
    if spread <= SAME * float(np.max(np.abs(v))):
        return Extrapolation("unchanged", estimate=float(v[0]), error=spread)
    ratios, differences = h[1:] / h[:-1], np.diff(v)
    if ratios.min() < CLOSEST:
        return Extrapolation("sizes too close", error=spread)
    if len(v) == 2:
        return _index("two grids", math.nan, assumed, SAFETY_UNTRUSTED, v[0], differences, ratios)
    order = observed_order(float(differences[0]), float(differences[1]), *map(float, ratios))
    if math.isnan(order) or order <= 0.0:
        return Extrapolation("oscillating" if math.isnan(order) else "diverging", order=order, error=spread)
    trusted = LOWEST <= order <= EXCESS * formal
    used = min(max(order, LOWEST), formal)
    return _index("monotone", order, used, SAFETY if trusted else SAFETY_UNTRUSTED, v[0], differences, ratios)


def observed_order(e21: float, e32: float, r21: float, r32: float) -> float:
    """Return the order that three grids show: NaN where they oscillate, 0 where they drift apart.

    Parameters
    ----------
    e21, e32 : float
        Middle minus fine value, and coarse minus middle value.
    r21, r32 : float
        Middle over fine size, and coarse over middle size; above 1.
    """
    if e21 * e32 < 0.0 or (e21 == 0.0 and e32 == 0.0):
        return math.nan
    wanted = abs(e32) / abs(e21) if e21 else math.inf
    # the ratio grows with p from log r32 / log r21 at p = 0, so that there is one root or none
    if wanted <= math.log(r32) / math.log(r21):
        return 0.0
    if wanted >= difference_ratio(_STEEPEST, r21, r32):
        return math.inf
    return float(brentq(lambda p: difference_ratio(p, r21, r32) - wanted, 1e-9, _STEEPEST))


def difference_ratio(p: float, r21: float, r32: float) -> float:
    """Return e32 / e21 of a quantity whose error goes with the power p of the size."""
    return r21**p * math.expm1(p * math.log(r32)) / math.expm1(p * math.log(r21))


def _finest(sizes: Sequence[float], values: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return sizes and values of the three finest grids that have a value, finest first."""
    h, v = np.asarray(sizes, float), np.asarray(values, float)
    known = np.isfinite(h) & np.isfinite(v)
    order = np.argsort(h[known], kind="stable")[:3]
    return h[known][order], v[known][order]


def _index(
    verdict: str,
    order: float,
    used: float,
    safety: float,
    fine: float,
    differences: np.ndarray,
    ratios: np.ndarray,
) -> Extrapolation:
    """Make estimate and error bar with a given order."""
    gain = ratios[0] ** used - 1.0
    largest = abs(differences[0])
    if len(differences) == 2:
        # Where the two finest grids agree better than the highest order explains, that is chance: what the
        # coarser pair says then bounds the error. Within the trusted range both are the same number.
        largest = max(largest, abs(differences[1]) / difference_ratio(used, *map(float, ratios)))
    return Extrapolation(
        verdict,
        order,
        estimate=float(fine - differences[0] / gain),
        error=float(safety * largest / gain),
        used=used,
        safety=safety,
    )
