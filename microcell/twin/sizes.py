"""Particles of an image as a few sizes of spheres."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ..cell.halfcell import HalfCell
from ..cell.snapshot import RunGrid
from ..errors import GeometryError, did_you_mean
from ..image.phases import ACTIVE
from ..results.reduce import group_sum
from .diffusion import diffusion_time

RadiusRule = Literal["diffusion", "volume", "surface"]


@dataclass(frozen=True)
class ParticleShapes:
    """Volume, interface and diffusion inside every particle, by label less one.

    Attributes
    ----------
    volume : ndarray, shape (particles,)
        Active material that takes part [m3].
    interface : ndarray, shape (particles,)
        Area to the electrolyte times kinetic coverage, contacts between particles left out [m2].
    lag : ndarray, shape (particles,)
        Mean of `microcell.twin.diffusion.diffusion_time` [m2]; R^2/15 in a sphere.
    """

    volume: np.ndarray
    interface: np.ndarray
    lag: np.ndarray


@dataclass(frozen=True)
class Sizes:
    """Sizes of spheres that stand for the particles.

    Attributes
    ----------
    radii, weights : ndarray, shape (sizes,)
        Radius [m], ascending, and share of the active volume.
    of_particle : ndarray of int, shape (particles + 1,)
        Size of each particle by its label; label 0 has none (-1).
    """

    radii: np.ndarray
    weights: np.ndarray
    of_particle: np.ndarray


def measure_particles(cell: HalfCell, grid: RunGrid) -> ParticleShapes:
    """Measure the particles of a cell.

    Raises
    ------
    GeometryError
        If the particles are not known, or some active material belongs to none.
    """
    if cell.particles is None:
        raise GeometryError(
            "a reduced model needs the particles of the image",
            key="particles",
            fix="make the cell with particles=microcell.segment(volume)",
        )
    labels, count = cell.particles.labels, int(cell.particles.labels.max())
    active = grid.phases == ACTIVE
    voxels = np.bincount(labels[active], minlength=count + 1)
    if voxels[0]:
        raise GeometryError(
            "some active material belongs to no particle",
            key="particles",
            value=f"{voxels[0]} voxels",
            allowed="a label from 1 on for every active voxel",
            fix="segment this volume",
        )
    owner = labels.reshape(-1)[grid.faces.active_index]
    area = group_sum(owner, grid.faces.area * grid.faces.coverage, count + 1)
    lag = group_sum(labels[active], diffusion_time(cell)[active], count + 1) / np.maximum(voxels, 1)
    return ParticleShapes(voxels[1:] * cell.volume.voxel_volume, area[1:], lag[1:])


def find_sizes(particles: ParticleShapes, count: int, rule: RadiusRule) -> Sizes:
    """Sort particles into sizes of about equal volume.

    Parameters
    ----------
    particles : ParticleShapes
        What was measured.
    count : int
        At most this many sizes; one particle is never divided.
    rule : {"diffusion", "volume", "surface"}
        "diffusion": the sphere in which lithium lags as far behind the surface as in the particles,
        ``R = sqrt(15 lag)``. "volume": the volume-weighted mean of the equivalent radii
        ``(3 V / 4 pi)^(1/3)``. "surface": ``R = 3 V / A`` with volume and interface.

    Raises
    ------
    GeometryError
        If the rule is unknown or the number is below 1.
    """
    _check(count, rule)
    volume, there = particles.volume, np.flatnonzero(particles.volume > 0)
    own = _RADII[rule](particles)
    order = there[np.argsort(own[there], kind="stable")]
    middle = np.cumsum(volume[order]) - 0.5 * volume[order]
    bins = np.unique(np.floor(count * middle / volume.sum()), return_inverse=True)[1]
    total = group_sum(bins, volume[order], int(bins.max()) + 1)

    def mean(values: np.ndarray) -> np.ndarray:
        return group_sum(bins, volume[order] * values, len(total)) / total

    power = _POWERS[rule]
    radii = mean(own[order] ** power) ** (1.0 / power)
    of_particle = np.full(len(volume) + 1, -1)
    of_particle[order + 1] = bins
    return Sizes(radii, total / total.sum(), of_particle)


def equivalent_radius(volume: np.ndarray) -> np.ndarray:
    """Return the radius of the sphere with a volume [m]."""
    return np.cbrt(3.0 * volume / (4.0 * np.pi))


def _surface_radius(particles: ParticleShapes) -> np.ndarray:
    """Return 3 V / A; that of all together for a particle whose lithium leaves through neighbours only."""
    volume, area = particles.volume, particles.interface
    whole = 3.0 * volume.sum() / area.sum()
    return np.where(area > 0, 3.0 * volume / np.where(area > 0, area, 1.0), whole)


_RADII: dict[str, Callable[[ParticleShapes], np.ndarray]] = {
    "diffusion": lambda particles: np.sqrt(15.0 * particles.lag),
    "volume": lambda particles: equivalent_radius(particles.volume),
    "surface": _surface_radius,
}

_POWERS = {"diffusion": 2.0, "volume": 1.0, "surface": -1.0}
"""The mean over a size is that of the radius to this power: lag, radius, interface per volume."""


def _check(count: int, rule: str) -> None:
    if rule not in get_args(RadiusRule):
        raise GeometryError(
            "there is no such rule for radii",
            key="radius_rule",
            value=rule,
            allowed=", ".join(get_args(RadiusRule)),
            fix=did_you_mean(str(rule), get_args(RadiusRule)),
        )
    if count < 1:
        raise GeometryError("a reduced model needs particles", key="sizes", value=count, allowed="1 or more")
