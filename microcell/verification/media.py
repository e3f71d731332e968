"""Volumes and simple cells that several problems use: laminates, a sphere in a box, constant properties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..cell.halfcell import HalfCell
from ..image.particles import Particles
from ..image.volume import Volume
from ..parameters import ParameterSet

LETTERS = {"p": 0, "a": 1, "c": 2}
"""Phases of a laminate, one letter per voxel: pore, active material, carbon-binder domain."""

CONSTANT: dict[str, Any] = {
    "Active open-circuit potential [V]": lambda x, T: 4.3 - 0.8 * x,
    "Active diffusivity [m2.s-1]": 1e-14,
    "Active electronic conductivity [S.m-1]": 1.0,
    "Electrolyte conductivity [S.m-1]": 1.0,
    "Electrolyte diffusivity [m2.s-1]": 3e-10,
    "Cation transference number": 0.3,
    "Thermodynamic factor": 2.0,
    "Rocksalt growth constant [m2.s-1]": 0.0,
}
"""Constant properties, a straight open-circuit line and a film that does not grow."""


def constant_parameters(values: Mapping[str, Any] | None = None) -> ParameterSet:
    """Return the built-in set with :data:`CONSTANT` and further values by name."""
    return ParameterSet.builtin().with_values(CONSTANT | dict(values or {}))


def volume_of(labels: Any, voxel: float | tuple[float, float, float]) -> Volume:
    """Return a volume of phase codes (0 pore, 1 active, 2 cbd) with voxel edges in metres, z y x."""
    edges = (voxel,) * 3 if isinstance(voxel, float) else voxel
    return Volume(np.ascontiguousarray(labels, np.uint8), edges)


def one_particle(volume: Volume) -> Particles:
    """Take all active material as one particle."""
    return Particles.from_labels((volume.labels == 1).astype(np.int32), volume.voxel_size)


def laminate(layers: str, voxel: float, lateral: tuple[int, int] = (2, 2)) -> Volume:
    """Return layers along z, one letter of :data:`LETTERS` per voxel."""
    column = np.array([LETTERS[letter] for letter in layers], np.uint8)
    return volume_of(np.broadcast_to(column[:, None, None], (len(layers), *lateral)), voxel)


def laminate_cell(
    layers: str, parameters: ParameterSet, *, voxel: float, lateral: tuple[int, int] = (2, 2), **options: Any
) -> HalfCell:
    """Return a half cell of a laminate with counted faces, which are exact on planes."""
    volume = laminate(layers, voxel, lateral)
    chosen: dict[str, Any] = {"area_model": "faces", "particles": one_particle(volume)} | options
    return HalfCell(volume, parameters, **chosen)
