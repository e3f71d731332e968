"""Correlation factor of vacancy diffusion: how much less a tagged atom wanders than a random walker."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from microcell.atomistic.estimate import Estimate
from microcell.errors import AtomisticError

from .dilute import first_returns
from .lattice import Lattice
from .sampling import jackknife, jackknifed


@dataclass(frozen=True, eq=False)
class Correlation:
    """The correlation factor f of a tracer, sampled with one vacancy.

    Attributes
    ----------
    lattice : Lattice
        Where.
    counts : (groups, t, t + 1) array
        Successive jumps of the tracer, see `microcell.atomistic.kmc.dilute.first_returns`.
    hops : int
        Vacancy hops done.
    wall_time : float
        [s].
    """

    lattice: Lattice
    counts: np.ndarray
    hops: int
    wall_time: float

    def factor(self, axes: Sequence[int] | None = None) -> Estimate:
        """Return f and its standard error, averaged over equivalent axes.

        Parameters
        ----------
        axes : sequence of int, optional
            All where left out, which is right for all lattices but hcp: there (0, 1) is basal, (2,) axial.
        """
        chosen = list(range(self.lattice.dimensions)) if axes is None else list(axes)
        return jackknifed(self.counts, lambda mean: factor_of(mean, self.lattice)[chosen].mean())

    @property
    def tracer_jumps(self) -> int:
        """Number of tracer jumps whose successor was seen."""
        return int(self.counts[..., :-1].sum())


def factor_of(counts: np.ndarray, lattice: Lattice) -> np.ndarray:
    """Return f along every axis (d,) from counts of successive jumps.

    With ``x_s`` the jump vectors, all equally frequent, and ``Q`` the probability that jump s is followed by
    jump s' through the same vacancy, the correlation of all pairs of jumps sums to
    ``f = 1 + 2 <x (1 - Q)^-1 Q x> / <x x>`` (Howard 1966, doi 10.1103/PhysRev.144.650); on a lattice where
    every jump lies on a rotation axis this is ``(1 + <cos>) / (1 - <cos>)``.

    Parameters
    ----------
    counts : (b*z, b*z + 1) array
        Followers of every jump type, lost vacancies in the last column.
    lattice : Lattice
        Whose jumps these are.
    """
    following = (counts / counts.sum(1, keepdims=True))[:, :-1]
    jumps = lattice.displacements().reshape(-1, lattice.dimensions)
    later = np.linalg.solve(np.eye(len(following)) - following, following @ jumps)
    return 1.0 + 2.0 * (jumps * later).sum(0) / (jumps**2).sum(0)


def correlation_factor(
    lattice: Lattice,
    *,
    tolerance: float = 5e-3,
    most_hops: float = 4e9,
    walkers: int = 4096,
    escape: float | None = None,
    seed: int = 0,
) -> Correlation:
    """Sample the correlation factor of a vacancy in a full lattice until its relative error is small.

    Parameters
    ----------
    lattice : Lattice
        Any of `Lattice.named`, or another one.
    tolerance : float
        Relative standard error along every axis.
    most_hops : float
        Vacancy hops after which to give up.
    walkers : int
        Vacancies walking side by side.
    escape : float, optional
        See `microcell.atomistic.kmc.dilute.first_returns`.
    seed : int
        Of the random numbers.

    Raises
    ------
    AtomisticError
        If the tolerance is not met within ``most_hops``.
    """
    if not tolerance > 0:
        raise AtomisticError(
            "The error to reach must be positive", key="tolerance", value=tolerance, allowed="above 0"
        )
    start, hops, share = time.perf_counter(), 0, min(2e7, most_hops)
    parts: list[np.ndarray] = []
    while hops < most_hops:
        counts, done = first_returns(
            lattice, int(share), walkers=walkers, escape=escape, seed=seed + len(parts)
        )
        parts.append(counts)
        hops += done
        result = Correlation(lattice, np.sum(parts, 0), hops, time.perf_counter() - start)
        worst = _worst_error(result)
        if worst <= tolerance:
            return result
        share = min(most_hops - hops, hops * max(0.5, (worst / tolerance) ** 2 - 1.0))
    raise AtomisticError(
        f"The correlation factor is not known well enough after {hops:.3g} hops of the vacancy: "
        f"relative standard error {worst:.2g}",
        key="tolerance",
        value=tolerance,
        fix=f"allow about {hops * (worst / tolerance) ** 2:.2g} hops (most_hops) or a larger error",
    )


def _worst_error(result: Correlation) -> float:
    """Return the largest relative error along any axis; infinite before every jump type was followed."""
    if not (result.counts.sum(0).sum(1) > 0).all():
        return np.inf
    value, error = jackknife(result.counts, lambda mean: factor_of(mean, result.lattice))
    return float((error / value).max())
