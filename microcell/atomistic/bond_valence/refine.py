"""From the grid to the smooth landscape: the exact saddle point and the exact bottom of a path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import root

from .energy import Host, Landscape
from .percolation import Threshold

STEP = 1e-3
"""Of the difference quotients [Angstrom]."""

FORCE = 1e-3
"""Largest gradient of a point that counts as stationary [eV/Angstrom]."""

REACH = 2.0
"""A stationary point belongs to a grid point if it is within so many grid spacings."""


@dataclass(frozen=True)
class Refined:
    """A barrier between two stationary points of the smooth landscape.

    Attributes
    ----------
    barrier : float
        Saddle minus bottom [eV].
    saddle, bottom : ndarray, shape (3,)
        Cartesian positions [Angstrom].
    """

    barrier: float
    saddle: np.ndarray
    bottom: np.ndarray


def refine(landscape: Landscape, found: Threshold) -> Refined | None:
    """Move bottleneck and bottom of a path from grid points to the nearest stationary points.

    Returns None where the bottleneck of the grid does not lead to a saddle point of first order nearby, or
    the bottom to a minimum: the value of the grid is then the better one.
    """
    saddle = _stationary(landscape, landscape.energy == found.level, downward=1)
    lowest = np.where(found.inside, landscape.energy, np.inf)
    bottom = _stationary(landscape, lowest == found.bottom, downward=0)
    if saddle is None or bottom is None:
        return None
    energies = _at(landscape.host, np.array([saddle, bottom]))
    return Refined(float(energies[0] - energies[1]), saddle, bottom)


def _stationary(landscape: Landscape, chosen: np.ndarray, downward: int) -> np.ndarray | None:
    """Return the stationary point near a chosen grid point, if it has so many downward directions."""
    cell = landscape.host.atoms.cell.array
    start = np.argwhere(chosen)[0] / np.array(landscape.energy.shape) @ cell
    gradient = _gradient_of(landscape.host)
    place = np.asarray(root(gradient, start, tol=1e-10).x)
    near = np.linalg.norm(place - start) < REACH * float(landscape.spacing.max())
    if not near or float(np.abs(gradient(place)).max()) > FORCE:
        return None
    columns = [gradient(place + STEP * e) - gradient(place - STEP * e) for e in np.eye(3)]
    curvatures = np.linalg.eigvalsh(np.array(columns) + np.array(columns).T)
    return place if int(np.count_nonzero(curvatures < 0)) == downward else None


def _gradient_of(host: Host) -> Callable[[np.ndarray], np.ndarray]:
    def gradient(place: np.ndarray) -> np.ndarray:
        energies = _at(host, place + STEP * np.concatenate([np.eye(3), -np.eye(3)]))
        return np.asarray((energies[:3] - energies[3:]) / (2.0 * STEP))

    return gradient


def _at(host: Host, places: np.ndarray) -> np.ndarray:
    """Return the energy at points anywhere."""
    return host.energy(host.atoms.cell.cartesian_positions(host.atoms.cell.scaled_positions(places) % 1.0))
