"""A generated cathode: particles with known labels, carbon-binder bridges, seeded and deterministic.

Geometry: d_i(x) = abs(x - c_i) - r_i is the distance to the surface of sphere i. Active material is where the
smallest d_i, plus an optional smooth roughness, lies below a threshold chosen so that the active fraction is
exact; a voxel belongs to the particle with the smallest d_i, which splits overlapping spheres at their neck.
CBD fills the pore voxels with the smallest sum of the distances to the two nearest particles: bridges at and
near contacts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import ndimage

from ..errors import VolumeError
from .packing import Packing, pack_spheres
from .phases import ACTIVE, CBD, PORE
from .volume import Volume


@dataclass(frozen=True)
class SyntheticCathode:
    """A generated cathode and the truth about it.

    Attributes
    ----------
    volume : Volume
        The phases.
    particle_labels : ndarray of int32, shape (z, y, x)
        True particle of every active voxel, 0 elsewhere; numbers run from 1 without gaps.
    table : pandas.DataFrame
        One row per particle with at least one voxel: label, voxels, diameter of its sphere, centre.
    """

    volume: Volume
    particle_labels: np.ndarray = field(repr=False)
    table: pd.DataFrame = field(repr=False)


def generate_cathode(
    shape: tuple[int, int, int] = (64, 48, 48),
    voxel_size: float = 400e-9,
    *,
    active_fraction: float = 0.5,
    cbd_fraction: float = 0.1,
    diameter_mean: float = 5e-6,
    diameter_std: float = 1.2e-6,
    overlap: float = 0.1,
    roughness: float = 0.0,
    whole: bool = False,
    seed: int = 0,
) -> SyntheticCathode:
    """Generate a cathode.

    Parameters
    ----------
    shape : tuple of int
        Voxels along z (through the electrode), y and x.
    voxel_size : float
        Edge of the cubic voxels [m].
    active_fraction, cbd_fraction : float
        Volume fractions; met to one voxel.
    diameter_mean, diameter_std : float
        Mean and standard deviation of the lognormal distribution of sphere diameters [m]; the threshold that
        makes the active fraction exact then changes all diameters by one and the same small amount.
    overlap : float
        How far spheres may grow into each other: their distance is at least ``(1 - overlap) (r1 + r2)``.
    roughness : float
        Standard deviation of the surface position over the mean radius; 0 gives smooth spheres.
    whole : bool
        Keep every sphere inside the image; otherwise the image edge cuts them, as in a real image.
    seed : int
        The same seed gives the same cathode.

    Returns
    -------
    SyntheticCathode
        Phases, true particle labels and the table of true particles.

    Raises
    ------
    VolumeError
        If a fraction, the diameters or the shape make no cathode.
    """
    _check(shape, voxel_size, active_fraction, cbd_fraction, diameter_mean, diameter_std, overlap, roughness)
    rng = np.random.default_rng(seed)
    mean = diameter_mean / voxel_size
    packing = pack_spheres(shape, active_fraction, mean, diameter_std / voxel_size, overlap, rng, whole=whole)
    nearest, second, owner = surface_distances(shape, packing, reach=mean)
    surface = nearest + roughness * 0.5 * mean * _smooth_noise(shape, 0.15 * mean, rng)
    voxels = nearest.size
    active, threshold = _lowest(surface, round(active_fraction * voxels))
    # A little raggedness keeps the bridges from being perfect surfaces of revolution.
    rank = nearest + second + 0.1 * mean * _smooth_noise(shape, 1.0, rng)
    cbd, _ = _lowest(np.where(active, np.inf, rank), round(cbd_fraction * voxels))
    labels = np.where(active, ACTIVE, np.where(cbd, CBD, PORE)).astype(np.uint8)
    particles, spheres = _compact(np.where(active, owner, 0))
    volume = Volume(labels, (voxel_size,) * 3, f"generated cathode, seed {seed}", {"seed": seed})
    return SyntheticCathode(volume, particles, _table(particles, spheres, packing, threshold, voxel_size))


def surface_distances(
    shape: tuple[int, int, int], packing: Packing, reach: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return, per voxel, the distance to the nearest and second nearest sphere surface and the nearest
    sphere.

    Parameters
    ----------
    shape : tuple of int
        The voxel grid; voxel centres lie at half-integer coordinates.
    packing : Packing
        The spheres.
    reach : float
        Distances beyond this [voxels] are reported as ``reach``.

    Returns
    -------
    nearest, second : ndarray of float32, shape (z, y, x)
        Distances [voxels], negative inside a sphere.
    owner : ndarray of int32, shape (z, y, x)
        Number of the nearest sphere from 1, 0 where none is within reach.
    """
    nearest = np.full(shape, reach, dtype=np.float32)
    second = np.full(shape, reach, dtype=np.float32)
    owner = np.zeros(shape, dtype=np.int32)
    for number, (centre, radius) in enumerate(zip(packing.centres, packing.radii, strict=True), start=1):
        low = np.maximum(np.floor(centre - radius - reach), 0).astype(int)
        high = np.minimum(np.ceil(centre + radius + reach), shape).astype(int)
        if np.any(low >= high):
            continue
        box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        z, y, x = (np.arange(a, b) + 0.5 - c for a, b, c in zip(low, high, centre, strict=True))
        square = z[:, None, None] ** 2 + y[None, :, None] ** 2 + x[None, None, :] ** 2
        distance = (np.sqrt(square) - radius).astype(np.float32)
        closer = distance < nearest[box]
        second[box] = np.where(closer, nearest[box], np.minimum(second[box], distance))
        owner[box][closer] = number
        nearest[box][closer] = distance[closer]
    return nearest, second, owner


def _smooth_noise(shape: tuple[int, int, int], length: float, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise of unit standard deviation, correlated over a length in voxels."""
    noise = ndimage.gaussian_filter(
        rng.standard_normal(shape, dtype=np.float32), max(length, 0.5), mode="reflect"
    )
    return np.asarray(noise / max(float(noise.std()), 1e-12))


def _lowest(values: np.ndarray, count: int) -> tuple[np.ndarray, float]:
    """Mark exactly ``count`` smallest values (ties by position); return it and the largest value marked."""
    mark = np.zeros(values.size, dtype=bool)
    if count == 0:
        return mark.reshape(values.shape), 0.0
    flat = values.ravel()
    limit = np.partition(flat, count - 1)[count - 1]
    mark[flat < limit] = True
    ties = np.flatnonzero(flat == limit)
    mark[ties[: count - int(mark.sum())]] = True
    return mark.reshape(values.shape), float(limit)


def _compact(owner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the particles that have voxels from 1; return the labels and the sphere index of each."""
    present = np.unique(owner)
    present = present[present > 0]
    number = np.zeros(int(owner.max()) + 1, dtype=np.int32)
    number[present] = np.arange(1, len(present) + 1)
    return number[owner], present - 1


def _table(
    particles: np.ndarray, spheres: np.ndarray, packing: Packing, threshold: float, voxel_size: float
) -> pd.DataFrame:
    counts = np.bincount(particles.ravel())[1:]
    centres = packing.centres[spheres] * voxel_size
    return pd.DataFrame(
        {
            "Label": np.arange(1, len(spheres) + 1),
            "Voxels": counts,
            "Sphere diameter [m]": 2.0 * (packing.radii[spheres] + threshold) * voxel_size,
            "Centre z [m]": centres[:, 0],
            "Centre y [m]": centres[:, 1],
            "Centre x [m]": centres[:, 2],
        }
    )


def _check(
    shape: Any,
    voxel_size: float,
    active: float,
    cbd: float,
    mean: float,
    deviation: float,
    overlap: float,
    roughness: float,
) -> None:
    rules = [
        ("shape", shape, len(shape) == 3 and min(shape) >= 4, "three extents of at least 4 voxels"),
        ("voxel_size", voxel_size, voxel_size > 0, "a positive length [m]"),
        ("active_fraction", active, 0.0 < active <= 0.7, "above 0 and at most 0.7"),
        ("cbd_fraction", cbd, cbd >= 0.0 and active + cbd < 0.95, "0 or more, with active below 0.95"),
        ("diameter_mean", mean, mean >= 4 * voxel_size, "at least 4 voxels"),
        ("diameter_std", deviation, 0.0 <= deviation <= mean, "between 0 and the mean"),
        ("overlap", overlap, 0.0 <= overlap <= 0.5, "0 to 0.5"),
        ("roughness", roughness, 0.0 <= roughness <= 0.3, "0 to 0.3"),
    ]
    for key, value, fine, allowed in rules:
        if not fine:
            raise VolumeError("this makes no cathode", key=key, value=value, allowed=allowed)
