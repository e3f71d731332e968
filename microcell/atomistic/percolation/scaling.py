"""Thresholds of infinite lattices from finite ones.

The mean threshold of random supercells of L cells per edge approaches that of the infinite lattice as
``p_c(L) = p_c + a L^(-1/nu)`` with the exponent nu of the correlation length (Stauffer & Aharony,
Introduction to Percolation Theory, 2nd ed. 1994, chapter 4). A weighted straight line over L^(-1/nu) gives
p_c and its standard error; what the smallest size changes is added as the error of the scaling law itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from microcell.atomistic.estimate import Estimate, require_samples
from microcell.atomistic.packaged import read_packaged
from microcell.atomistic.percolation.lattices import Model
from microcell.errors import AtomisticError
from microcell.parameters.card import Origin, PropertyCard

LEAST_SIZES = 3
"""Different sizes for an extrapolation: two would always lie on a line."""

LEAST_SAMPLES = 10
"""Samples per size: with fewer, the spread that weights the fit is itself unknown."""

Progress = Callable[[int, int, str], None]
"""Called with the samples done, all samples, and what is being done."""


class Extrapolation(NamedTuple):
    """The straight line over L^(-1/nu).

    Attributes
    ----------
    threshold, standard_error : float
        p_c, and its standard error: scatter of the samples and error of the scaling law together.
    slope : float
        a of ``p_c + a L^(-1/nu)``.
    chi2 : float
        Chi square per degree of freedom; far above 1, the sizes are too small for the law.
    shift : float
        What p_c becomes without the smallest size, less p_c.
    """

    threshold: float
    standard_error: float
    slope: float
    chi2: float
    shift: float


@dataclass(frozen=True, eq=False)
class ThresholdStudy:
    """Thresholds of random supercells of several sizes.

    Attributes
    ----------
    model : Model
        What percolates.
    sizes : tuple of int
        Cells per edge L, increasing.
    thresholds : tuple of float array
        For each size, the sorted thresholds of its samples.
    seed : int
        Of the random numbers.
    """

    model: Model
    sizes: tuple[int, ...]
    thresholds: tuple[np.ndarray, ...]
    seed: int

    @property
    def means(self) -> list[Estimate]:
        """Mean threshold of each size with its standard error."""
        return [Estimate.of(values) for values in self.thresholds]

    @property
    def scaled_sizes(self) -> np.ndarray:
        """``L^(-1/nu)`` of each size."""
        return np.array(self.sizes, dtype=np.float64) ** (-1.0 / exponent(self.model.dimensions))

    def wrapping_probability(self, size: int, occupation: np.ndarray) -> np.ndarray:
        """Return the share (n,) of the samples of one size that wrap around at each occupation (n,)."""
        values = self.thresholds[self.sizes.index(size)]
        return np.searchsorted(values, occupation, side="right") / len(values)

    def extrapolate(self) -> Extrapolation:
        """Return the threshold of the infinite lattice."""
        mean = np.array([m.mean for m in self.means])
        error = np.array([m.standard_error for m in self.means])
        line, covariance, chi2 = _line(self.scaled_sizes, mean, error)
        rest, _, _ = _line(self.scaled_sizes[1:], mean[1:], error[1:])
        shift = float(rest[0] - line[0])
        scatter = np.sqrt(covariance[0, 0] * max(1.0, chi2))
        return Extrapolation(float(line[0]), float(np.hypot(scatter, shift)), float(line[1]), chi2, shift)

    def card(self) -> PropertyCard:
        """Return the threshold of the infinite lattice as a property card."""
        result = self.extrapolate()
        inputs = {
            "model": self.model.label,
            "sizes": list(self.sizes),
            "samples": [len(values) for values in self.thresholds],
            "seed": self.seed,
            "exponent": exponent(self.model.dimensions),
            "mean thresholds": [m.mean for m in self.means],
            "standard errors": [m.standard_error for m in self.means],
            "chi square per degree of freedom": result.chi2,
        }
        origin = Origin.of("percolation, finite-size scaling", inputs, references=REFERENCES)
        name = f"Percolation threshold, {self.model.label}"
        return PropertyCard.scalar(name, result.threshold, result.standard_error, origin=origin)

    def rows(self) -> list[dict[str, float]]:
        """Return the mean threshold of each size as rows of a table."""
        return [
            {
                "Cells per edge": float(size),
                "Samples": float(mean.samples),
                "Mean threshold": mean.mean,
                "Standard error": mean.standard_error,
                "Standard deviation": float(values.std(ddof=1)),
            }
            for size, mean, values in zip(self.sizes, self.means, self.thresholds, strict=True)
        ]

    def figure(self, path: str | Path) -> Path:
        """Draw wrapping probabilities and the extrapolation, as PNG."""
        from microcell.atomistic.percolation.figures import draw_study

        return draw_study(self, Path(path))


REFERENCES = ("Stauffer, Aharony, Introduction to Percolation Theory, 2nd ed. 1994",)


def sample_thresholds(
    model: Model, sizes: Sequence[int], samples: int, *, seed: int = 0, progress: Progress | None = None
) -> ThresholdStudy:
    """Sample the thresholds of random supercells of several sizes.

    Parameters
    ----------
    model : Model
        Such as `SitePercolation`, `BondPercolation` or `RocksaltPercolation`.
    sizes : sequence of int
        Three or more different numbers of cells per edge.
    samples : int
        Supercells per size, ten or more.
    seed : int
        Of the random numbers; every size has a stream of its own.
    progress : callable, optional
        Called with samples done, all samples, and a text.

    Raises
    ------
    AtomisticError
        If there are too few sizes or samples, or a size is too small.
    """
    ordered = tuple(sorted({int(size) for size in sizes}))
    if len(ordered) < LEAST_SIZES:
        raise AtomisticError(
            "Too few sizes for an extrapolation to the infinite lattice",
            key="sizes",
            value=list(sizes),
            allowed=f"{LEAST_SIZES} or more different sizes",
            fix="give sizes such as 16, 24, 32, 48",
        )
    require_samples(samples, "samples", LEAST_SAMPLES)
    for size in ordered:
        model.check_size(size)
    total, found = samples * len(ordered), []
    for number, size in enumerate(ordered):
        stream = np.random.default_rng([seed, size])

        def show(done: int, before: int = number * samples, edge: int = size) -> None:
            if progress is not None:
                progress(before + done, total, f"{model.label}, {edge} cells per edge")

        found.append(_sample_size(model, size, samples, stream, show))
    return ThresholdStudy(model, ordered, tuple(found), seed)


def _sample_size(
    model: Model, size: int, samples: int, rng: np.random.Generator, show: Callable[[int], None]
) -> np.ndarray:
    """Return the sorted thresholds of one size; those found so far make the next guess."""
    values: list[float] = []
    for done in range(samples):
        guess = float(np.mean(values) + 2.0 * np.std(values)) if len(values) > 2 else None
        values.append(model.threshold(size, rng, guess))
        show(done + 1)
    return np.sort(values)


def _line(x: np.ndarray, y: np.ndarray, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Fit a weighted straight line: (intercept, slope), covariance, chi square per degree of freedom."""
    design = np.stack([np.ones_like(x), x], axis=1) / sigma[:, None]
    covariance = np.linalg.inv(design.T @ design)
    line = covariance @ design.T @ (y / sigma)
    left = y / sigma - design @ line
    return line, covariance, float(left @ left / max(1, len(x) - 2))


def exponent(dimensions: int) -> float:
    """Return the exponent nu of the correlation length in two or three dimensions."""
    entry = read_packaged("microcell.atomistic.percolation", "exponents.toml")[f"dimensions-{dimensions}"]
    return float(entry["numerator"] / entry["denominator"])
