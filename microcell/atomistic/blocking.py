"""Lithium through a surface layer that has partly turned into rocksalt.

Hops of lithium have a barrier higher by dE in rocksalt-type than in layered regions and are slower there by
``exp(dE / kT)``. Regions are mixed at random through the layer, as voxels or hop by hop, and the layer is a
network of resistors: with equal site energies everywhere, its effective conductivity relative to that of the
layered oxide is the ratio of the diffusivities. Times the diffusivity of the layered oxide it is D_Li,RS of
the film.

A layer of few voxels conducts better than a thick one, since fast regions may reach through it: the number of
voxels through the thickness is part of the question. Correlated mixtures lie between the bounds of slabs in
series and in parallel.

References
----------
Lun et al. 2025, doi 10.1039/d5ee00267b (barriers); Kirkpatrick, Rev. Mod. Phys. 45 (1973) 574, doi
10.1103/RevModPhys.45.574 (resistor networks and effective medium).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from microcell.atomistic.estimate import Estimate, require_samples
from microcell.atomistic.mixture import slowdown
from microcell.atomistic.resistors import bond_conductivity, voxel_conductivity
from microcell.errors import AtomisticError
from microcell.parameters.card import Origin, PropertyCard

REFERENCES = ("Lun et al. 2025, doi 10.1039/d5ee00267b", "Kirkpatrick 1973, doi 10.1103/RevModPhys.45.574")
PARAMETER = "Rocksalt lithium diffusivity [m2.s-1]"

Disorder = Literal["voxels", "hops"]
"""What is random: the kind of every voxel, or the barrier of every hop between neighbouring sites."""

Progress = Callable[[int, int, str], None]
"""Called with the solves done, all solves, and what is being done."""


@dataclass(frozen=True, eq=False)
class TransformedLayer:
    """Relative conductivity of a layer against its transformed fraction.

    Attributes
    ----------
    fractions : float array, shape (n,)
        Transformed fraction f of the voxels or hops.
    relative : tuple of Estimate
        Effective conductivity relative to the layered oxide, over random layers.
    barrier_error : float array, shape (n,)
        Standard error of it that comes from the barrier difference.
    barrier_difference, barrier_uncertainty : float
        dE and its standard error [eV].
    temperature : float
        T [K].
    shape : tuple of int
        Voxels through the layer and along it.
    disorder : str
        "voxels" or "hops".
    samples, seed : int
        Random layers per fraction, and seed of the random numbers.
    """

    fractions: np.ndarray
    relative: tuple[Estimate, ...]
    barrier_error: np.ndarray
    barrier_difference: float
    barrier_uncertainty: float
    temperature: float
    shape: tuple[int, ...]
    disorder: Disorder
    samples: int
    seed: int

    @property
    def ratio(self) -> float:
        """Conductivity of the layered over that of the transformed regions."""
        return slowdown(self.barrier_difference, self.temperature)

    def uncertainties(self) -> np.ndarray:
        """Return standard errors (n,) of the relative conductivity: sampling and barrier together."""
        return np.hypot([e.standard_error for e in self.relative], self.barrier_error)

    def fraction_at(self, relative: float) -> float:
        """Return the transformed fraction with a relative conductivity, between computed ones (log scale).

        Raises
        ------
        AtomisticError
            If no computed fraction is as slow or as fast.
        """
        logs = np.log([e.mean for e in self.relative])
        if not logs.min() <= np.log(relative) <= logs.max():
            raise AtomisticError(
                "No computed layer has this relative conductivity",
                value=relative,
                allowed=f"{np.exp(logs.min()):.3g} to {np.exp(logs.max()):.3g}",
            )
        return float(np.interp(-np.log(relative), -logs, self.fractions))

    def card(
        self, fraction: float, layered_diffusivity: float, source: str = "given by the user"
    ) -> PropertyCard:
        """Return D_Li,RS of a layer as a property card.

        Parameters
        ----------
        fraction : float
            One of ``fractions``.
        layered_diffusivity : float
            Of lithium in the layered oxide [m2.s-1].
        source : str
            Where that number comes from.

        Raises
        ------
        AtomisticError
            If the fraction was not computed, or the diffusivity is not positive.
        """
        near = np.flatnonzero(np.isclose(self.fractions, fraction, atol=1e-9))
        if not len(near):
            known = ", ".join(f"{f:g}" for f in self.fractions)
            raise AtomisticError(
                "This transformed fraction was not computed", key="fraction", value=fraction, allowed=known
            )
        if not (np.isfinite(layered_diffusivity) and layered_diffusivity > 0.0):
            raise AtomisticError(
                "The diffusivity of the layered oxide is out of range",
                key="layered diffusivity [m2.s-1]",
                value=layered_diffusivity,
                allowed="above 0",
            )
        k = int(near[0])
        inputs = {
            "transformed fraction": float(fraction),
            "layered diffusivity [m2.s-1]": layered_diffusivity,
            "layered diffusivity, source": source,
            "barrier difference [eV]": self.barrier_difference,
            "barrier difference, standard error [eV]": self.barrier_uncertainty,
            "shape": self.shape,
            "disorder": self.disorder,
            "samples": self.samples,
            "seed": self.seed,
        }
        note = "the error bar holds sampling and barrier difference, not that of the layered diffusivity"
        origin = Origin.of(
            "partly transformed layer, resistor network", inputs, references=REFERENCES, note=note
        )
        return PropertyCard.scalar(
            PARAMETER,
            layered_diffusivity * self.relative[k].mean,
            layered_diffusivity * float(self.uncertainties()[k]),
            origin=origin,
            temperature=self.temperature,
        )

    def figure(self, path: str | Path, layered_diffusivity: float | None = None) -> Path:
        """Draw the relative conductivity with bounds and effective medium, as PNG; see `blocking_figure`."""
        from microcell.atomistic.blocking_figure import draw

        return draw(self, Path(path), layered_diffusivity)


def transformed_layer(
    fractions: Sequence[float],
    *,
    barrier_difference: float,
    temperature: float,
    barrier_uncertainty: float = 0.0,
    shape: Sequence[int] = (12, 24, 24),
    disorder: Disorder = "voxels",
    samples: int = 10,
    seed: int = 0,
    progress: Progress | None = None,
) -> TransformedLayer:
    """Compute the relative conductivity of random layers.

    Parameters
    ----------
    fractions : sequence of float
        Transformed fractions, 0 to 1.
    barrier_difference, barrier_uncertainty : float
        dE and its standard error [eV]; the latter goes through the same random layers to the result.
    temperature : float
        T [K].
    shape : sequence of int
        Voxels through the layer and along it, periodic along: two or three numbers, 3 or more each.
    disorder : str
        "voxels" or "hops".
    samples, seed : int
        Random layers per fraction, and seed of the random numbers.
    progress : callable, optional
        Called with layers done, all layers, and a text.

    Raises
    ------
    AtomisticError
        If an input is out of range, or a solve does not converge.
    """
    f = _checked_fractions(fractions)
    grid = _checked_grid(shape, disorder)
    require_samples(samples, "samples")
    energies = [barrier_difference]
    if barrier_uncertainty > 0.0:
        energies += [barrier_difference - barrier_uncertainty, barrier_difference + barrier_uncertainty]
    ratios = [slowdown(energy, temperature) for energy in energies]
    values = np.empty((len(f), samples, len(ratios)))
    for k, fraction in enumerate(f):
        for sample in range(samples):
            for column, ratio in enumerate(ratios):
                rng = np.random.default_rng([seed, k, sample])  # the same layer for every ratio
                values[k, sample, column] = _relative(grid, fraction, ratio, disorder, rng)
            if progress is not None:
                progress(k * samples + sample + 1, len(f) * samples, f"transformed fraction {fraction:.3g}")
    means = values.mean(axis=1)
    error = 0.5 * np.abs(means[:, -1] - means[:, 1]) if len(ratios) > 1 else np.zeros(len(f))
    estimates = tuple(Estimate.of(row) for row in values[..., 0])
    spread = max(0.0, float(barrier_uncertainty))
    return TransformedLayer(
        f, estimates, error, barrier_difference, spread, temperature, grid, disorder, samples, seed
    )


def _relative(
    shape: tuple[int, ...], fraction: float, ratio: float, disorder: Disorder, rng: np.random.Generator
) -> float:
    """Return the relative conductivity of one random layer."""

    def mixture(size: tuple[int, ...]) -> np.ndarray:
        return np.where(rng.random(size) < fraction, 1.0 / ratio, 1.0)

    if disorder == "voxels":
        return voxel_conductivity(mixture(shape))
    through = mixture((shape[0] + 1, *shape[1:]))
    return bond_conductivity(through, [mixture(shape) for _ in shape[1:]])


def _checked_fractions(fractions: Sequence[float]) -> np.ndarray:
    f = np.unique(np.asarray(fractions, dtype=np.float64))
    if not len(f) or not ((f >= 0.0) & (f <= 1.0)).all():
        raise AtomisticError(
            "A transformed fraction is out of range", key="fractions", value=list(fractions), allowed="0 to 1"
        )
    return f


def _checked_grid(shape: Sequence[int], disorder: str) -> tuple[int, ...]:
    grid = tuple(int(count) for count in shape)
    if len(grid) not in (2, 3) or min(grid) < 3:
        raise AtomisticError(
            "The layer is too small for a random mixture",
            key="shape",
            value=tuple(shape),
            allowed="two or three numbers of voxels, 3 or more each: through the layer, and along it",
        )
    if disorder not in ("voxels", "hops"):
        raise AtomisticError(
            "The disorder is unknown", key="disorder", value=disorder, allowed="voxels, hops"
        )
    return grid
