"""The potential problem of the solver benchmark on a generated and on a real cathode.

Two fields, the potential of the solid and of the electrolyte, on separator and cathode; Butler-Volmer
linearized at rest joins them at every active face; the collector (top plane of the solid) and the lithium
plane (bottom plane of the electrolyte) are held.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import ndimage
from scipy.sparse import coo_array, csr_array, diags_array

import microcell as mc

PORE, ACTIVE, CBD, SEPARATOR = 0, 1, 2, 3
VOXEL = 398e-9
KAPPA, CBD_TRANSPORT = 0.9, 0.15
"""Conductivity of the electrolyte [S/m] and its factor in the carbon-binder domain."""
F_RT = 38.92
"""F / RT at 298.15 K [1/V]."""
LITHIUM_EXCHANGE = 20.0
"""Exchange current density at the lithium plane [A/m2]."""


class Ratio(NamedTuple):
    """Conductivities of active material and CBD [S/m], exchange current density [A/m2]."""

    active: float
    cbd: float
    exchange: float

    @property
    def contrast(self) -> float:
        """CBD over active."""
        return self.cbd / self.active

    def __str__(self) -> str:
        return f"{self.active:g}/{self.cbd:g}"


RATIOS = [
    Ratio(1, 1, 2.5),
    Ratio(1, 10, 0.1),
    Ratio(0.1, 10, 2.5),
    Ratio(0.01, 10, 2.5),
    Ratio(0.001, 100, 2.5),
]


@dataclass(frozen=True)
class Problem:
    """Conductances [S] of faces, links (flat cell numbers p, q and value) and grounds; cells with an
    equation.
    """

    faces: tuple[np.ndarray, np.ndarray, np.ndarray]
    links: tuple[np.ndarray, np.ndarray, float]
    ground: np.ndarray
    taking_part: np.ndarray

    @property
    def unknowns(self) -> int:
        """Number of cells with an equation, over both fields."""
        return int(self.taking_part.sum())

    def right_hand_side(self) -> np.ndarray:
        """Random, the same at every ratio, shape of the fields."""
        return np.random.default_rng(0).standard_normal(self.taking_part.shape) * self.taking_part

    def order(self) -> np.ndarray:
        """Flat numbers of the unknowns, plane by plane, so that matrix rows of a plane lie together."""
        number = np.arange(self.taking_part.size).reshape(self.taking_part.shape)
        return np.moveaxis(number, 0, 1)[np.moveaxis(self.taking_part, 0, 1)]

    def matrix(self) -> csr_array:
        """The assembled operator, for the peers."""
        shape, order = self.taking_part.shape, self.order()
        place = np.full(self.taking_part.size, -1, np.int64)
        place[order] = np.arange(len(order))
        number = np.arange(self.taking_part.size).reshape(shape)
        low = [number.take(range(shape[axis] - 1), axis).ravel() for axis in (1, 2, 3)]
        high = [number.take(range(1, shape[axis]), axis).ravel() for axis in (1, 2, 3)]
        p, q, link = self.links
        weight = np.concatenate([*(g.ravel() for g in self.faces), np.full(len(p), link)])
        i, j = place[np.concatenate([*low, p])], place[np.concatenate([*high, q])]
        used = (weight > 0) & (i >= 0) & (j >= 0)
        n = len(order)
        half = coo_array((weight[used], (i[used], j[used])), shape=(n, n)).tocsr()
        off = half + half.T
        return (diags_array(off.sum(axis=1) + self.ground.ravel()[order]) - off).tocsr()


def phases(medium: str, size: int, volumes: Path) -> np.ndarray:
    """Phases of ``size`` cubed voxels of a cathode below a sixth as much separator, lithium plane first."""
    separator = np.full((size // 6, size, size), SEPARATOR, np.uint8)
    return np.concatenate([separator, _real(size, volumes) if medium == "real" else _generated(size)])


def _generated(size: int) -> np.ndarray:
    cathode = mc.generate_cathode((size,) * 3, VOXEL, active_fraction=0.5, cbd_fraction=0.12, seed=1)
    return np.asarray(cathode.volume.labels).astype(np.uint8)


def _real(size: int, volumes: Path) -> np.ndarray:
    import tifffile

    volume = tifffile.imread(volumes / "nmc_cal_3phase.tif")
    start = [min(50, (n - size) // 2) for n in volume.shape]
    return volume[tuple(slice(a, a + size) for a in start)]


def problem(phase: np.ndarray, ratio: Ratio) -> Problem:
    """Set up the potential problem; clusters cut off from their contact take no part."""
    solid = _touching((phase == ACTIVE) | (phase == CBD), -1)
    liquid = _touching(phase != ACTIVE, 0)
    sigma = np.where(solid, np.where(phase == ACTIVE, ratio.active, ratio.cbd), 0.0)
    kappa = np.where(liquid, np.where(phase == CBD, CBD_TRANSPORT, 1.0) * KAPPA, 0.0)
    k = np.stack([sigma, kappa])
    ground = np.zeros_like(k)
    ground[0, -1] = 2 * sigma[-1] * VOXEL
    ground[1, 0] = LITHIUM_EXCHANGE * F_RT * VOXEL**2
    exchange = ratio.exchange * F_RT * VOXEL**2
    return Problem(
        (_faces(k, 1), _faces(k, 2), _faces(k, 3)),
        (*_interface(phase, solid, liquid), exchange),
        ground,
        np.stack([solid, liquid]),
    )


def _touching(mask: np.ndarray, plane: int) -> np.ndarray:
    label, _ = ndimage.label(mask)
    kept = np.unique(label[plane])
    return mask & np.isin(label, kept[kept > 0])


def _faces(k: np.ndarray, axis: int) -> np.ndarray:
    a, b = k.take(range(k.shape[axis] - 1), axis), k.take(range(1, k.shape[axis]), axis)
    return 2 * a * b / np.where(a + b > 0, a + b, 1.0) * VOXEL


def _interface(phase: np.ndarray, solid: np.ndarray, liquid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cells at both sides of every active face, the electrolyte's counted behind all of the solid's."""
    number = np.arange(phase.size).reshape(phase.shape)
    active = (phase == ACTIVE) & solid
    inside, outside = [], []
    for axis, n in enumerate(phase.shape):
        a, b = range(n - 1), range(1, n)
        for here, there in ((a, b), (b, a)):
            face = active.take(here, axis) & liquid.take(there, axis)
            inside.append(number.take(here, axis)[face])
            outside.append(number.take(there, axis)[face])
    return np.concatenate(inside), np.concatenate(outside) + phase.size
