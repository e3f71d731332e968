"""The same cathode on fewer voxels: same extent, same phase fractions, labels by vote of what is covered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter

from ..errors import GeometryError
from ..image import Particles, Phase, Volume

SMALLEST = 4
"""Voxels along an axis that a coarse image or a crop needs at least."""

_ORDER = (Phase.ACTIVE, Phase.CBD, Phase.SEPARATOR, Phase.INERT)


@dataclass(frozen=True)
class Coarse:
    """A coarse image.

    Attributes
    ----------
    volume : Volume
        The phases.
    ties : int
        Voxels that the vote left open, decided by their neighbours.
    """

    volume: Volume
    ties: int


def coarse_shape(shape: tuple[int, int, int], factor: float) -> tuple[int, int, int]:
    """Return the whole numbers of coarse voxels that fill the same extent.

    Raises
    ------
    GeometryError
        If fewer than `SMALLEST` are left along an axis.
    """
    nz, ny, nx = (round(n / factor) for n in shape)
    if min(nz, ny, nx) < SMALLEST:
        raise GeometryError(
            f"the image is too small for voxels {factor:g} times as large",
            key="factors",
            value=f"{factor:g}, which leaves {nz} x {ny} x {nx} of {' x '.join(map(str, shape))} voxels",
            allowed=f"at least {SMALLEST} voxels along each axis",
            fix="give smaller factors, for example factors='2', or a larger image",
        )
    return nz, ny, nx


def coarsen(volume: Volume, factor: float) -> Coarse:
    """Return the image on voxels that are larger by a factor, over the same extent.

    A phase gets as many voxels as its volume fraction asks for, so that fractions, and with them capacity and
    1C current, stay; it gets those that hold most of it (for two phases of equal share, the majority vote).
    Active material chooses first, carbon-binder domain second. Where voxels hold equally much, those with
    more of the phase around them are chosen.

    Parameters
    ----------
    volume : Volume
        The image.
    factor : float
        Ratio of the voxel edges; along an axis that it does not divide, the nearest whole number of voxels is
        taken and the edge adapted.

    Raises
    ------
    GeometryError
        If too few voxels are left, or a phase vanishes.
    """
    shape = coarse_shape(volume.shape, factor)
    labels = np.full(shape, Phase.PORE, np.uint8)
    free, ties = np.ones(shape, bool), 0
    for phase in _ORDER:
        present = volume.labels == phase
        if not present.any():
            continue
        count = round(float(present.mean()) * labels.size)
        if count == 0:
            raise _vanished(phase, factor)
        chosen, open_votes = _elect(shares(present, shape), free, count)
        labels[chosen], free, ties = phase, free & ~chosen, ties + open_votes
    if (volume.labels == Phase.PORE).any() and not (labels == Phase.PORE).any():
        raise _vanished(Phase.PORE, factor)
    edges = [e * n / m for e, n, m in zip(volume.voxel_size, volume.shape, shape, strict=True)]
    info = {**volume.info, "coarsened_by": factor}
    return Coarse(Volume(labels, (edges[0], edges[1], edges[2]), volume.source, info), ties)


def shares(mask: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Return which share of each coarse voxel a mask fills, shape `shape`; fine voxels may be cut."""
    share = mask.astype(np.float64)
    for axis, coarse in enumerate(shape):
        part = _overlap(mask.shape[axis], coarse)
        share = np.moveaxis(np.tensordot(part, share, axes=(1, axis)), 0, axis)
    # equal shares have to be equal to the last digit, or rounding would decide the vote
    return np.round(share, 9)


def coarsen_particles(particles: Particles, volume: Volume) -> Particles:
    """Return the same particles on a coarse image: an active voxel goes to the one that holds most of it."""
    fine, shape = particles.labels, volume.labels.shape
    place = [
        np.minimum(((np.arange(n) + 0.5) * m / n).astype(np.int64), m - 1)
        for n, m in zip(fine.shape, shape, strict=True)
    ]
    voxel = (place[0][:, None, None] * shape[1] + place[1][:, None]) * shape[2] + place[2]
    inside = fine > 0
    base = int(fine.max()) + 1
    pairs, votes = np.unique(voxel[inside] * base + fine[inside], return_counts=True)
    winner = np.zeros(int(np.prod(shape)), np.int32)
    rising = pairs[np.argsort(votes, kind="stable")]  # the last that is written is the one with most votes
    winner[rising // base] = rising % base
    labels = _reach_all(winner.reshape(shape), volume.voxel_size)
    labels[volume.labels != Phase.ACTIVE] = 0
    return Particles.from_labels(labels, volume.voxel_size, {**particles.options, "coarsened": True})


def _reach_all(labels: np.ndarray, voxel_size: tuple[float, float, float]) -> np.ndarray:
    """Give every voxel without a particle the nearest one: a vote of neighbours can make it active."""
    nearest = distance_transform_edt(
        labels == 0, sampling=voxel_size, return_distances=False, return_indices=True
    )
    return np.asarray(labels[tuple(nearest)])


def _overlap(fine: int, coarse: int) -> np.ndarray:
    """Return which share of each coarse cell each fine cell fills, shape (coarse, fine); rows sum to 1."""
    small, large = np.arange(fine + 1) / fine, np.arange(coarse + 1) / coarse
    low = np.maximum(large[:-1, None], small[None, :-1])
    high = np.minimum(large[1:, None], small[None, 1:])
    return coarse * np.clip(high - low, 0.0, None)


def _elect(share: np.ndarray, free: np.ndarray, count: int) -> tuple[np.ndarray, int]:
    """Mark the `count` free voxels with the largest share; also tell how many the share alone left open."""
    around = gaussian_filter(share, 1.0, mode="nearest")
    candidates = np.flatnonzero(free)
    flat = share.ravel()[candidates]
    best = np.lexsort((candidates, -around.ravel()[candidates], -flat))
    chosen = np.zeros(share.size, bool)
    chosen[candidates[best[:count]]] = True
    last = flat[best[min(count, len(best)) - 1]]
    tied, taken = int(np.sum(flat == last)), int(np.sum(flat[best[:count]] == last))
    return chosen.reshape(share.shape), tied if taken < tied else 0


def _vanished(phase: Phase, factor: float) -> GeometryError:
    return GeometryError(
        f"no voxel of {phase.name.lower()} is left on voxels {factor:g} times as large",
        key="factors",
        value=f"{factor:g}",
        fix="give smaller factors, for example factors='2'",
    )
