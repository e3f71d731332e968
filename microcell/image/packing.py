"""Random packings of spheres of different size with limited overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

SWEEPS = 400
"""Relaxation sweeps at most; a packing up to a fraction of 0.6 settles in 50 to 200."""


@dataclass(frozen=True)
class Packing:
    """Spheres in a box, lengths in voxels.

    Attributes
    ----------
    centres : ndarray of float64, shape (n, 3)
        Coordinates z, y, x; the box with the image starts at the origin, spheres may lie around it.
    radii : ndarray of float64, shape (n,)
        Radii.
    """

    centres: np.ndarray
    radii: np.ndarray


def pack_spheres(
    shape: tuple[int, int, int],
    fraction: float,
    mean: float,
    deviation: float,
    overlap: float,
    rng: np.random.Generator,
    *,
    whole: bool = False,
) -> Packing:
    """Fill a box, and a rim of one mean radius around it, with spheres, then push overlapping ones apart.

    Parameters
    ----------
    shape : tuple of int
        Extent of the box in voxels; the rim makes the spheres at its sides as dense as elsewhere.
    fraction : float
        Sum of the sphere volumes over the volume of box and rim.
    mean, deviation : float
        Of the lognormal distribution of diameters, in voxels.
    overlap : float
        Two spheres may come as close as ``(1 - overlap) (r1 + r2)``.
    rng : numpy.random.Generator
        The source of randomness.
    whole : bool
        Keep every sphere inside the box instead, so that none is cut.
    """
    rim = 0.0 if whole else 0.5 * mean
    radii = _draw_radii(fraction * float(np.prod(np.asarray(shape) + 2 * rim)), mean, deviation, rng)
    inset = radii[:, None] if whole else np.full((len(radii), 1), -rim)
    low, high = inset, np.asarray(shape) - inset
    centres = rng.uniform(low, high)
    return Packing(_relax(centres, radii, 1.0 - overlap, low, high), radii)


def _draw_radii(volume: float, mean: float, deviation: float, rng: np.random.Generator) -> np.ndarray:
    """Draw lognormal diameters until their spheres fill a volume, largest first."""
    spread = np.log1p((deviation / mean) ** 2)
    expected = np.pi / 6 * mean**3 * np.exp(3 * spread)
    count = int(2 * volume / expected) + 50
    diameters = rng.lognormal(np.log(mean) - 0.5 * spread, np.sqrt(spread), size=count)
    diameters = np.clip(diameters, 0.3 * mean, 3.0 * mean)
    filled = np.cumsum(np.pi / 6 * diameters**3)
    return np.asarray(np.sort(0.5 * diameters[: max(1, np.searchsorted(filled, volume))])[::-1])


def _relax(
    centres: np.ndarray, radii: np.ndarray, closeness: float, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Move pairs that are too close apart until the worst overlap is below one percent of a distance."""
    reach = 2.0 * closeness * float(radii.max())
    for _ in range(SWEEPS):
        pairs = cKDTree(centres).query_pairs(reach, output_type="ndarray")
        if len(pairs) == 0:
            return centres
        first, second = pairs.T
        apart = centres[second] - centres[first]
        distance = np.maximum(np.linalg.norm(apart, axis=1), 1e-9)
        wanted = closeness * (radii[first] + radii[second])
        lack = np.maximum(wanted - distance, 0.0)
        if np.max(lack / wanted) < 0.01:
            return centres
        push = (0.5 * lack / distance)[:, None] * apart
        centres = centres.copy()
        np.add.at(centres, first, -push)
        np.add.at(centres, second, push)
        centres = np.clip(centres, low, high)
    return centres
