"""Small cells and simple property laws that several test folders build on."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from microcell import ParameterSet
from microcell.cell.halfcell import HalfCell
from microcell.image.particles import Particles
from microcell.image.synthetic import generate_cathode
from microcell.image.volume import Volume
from microcell.parameters.laws import Laws
from microcell.verification import media
from microcell.verification.media import constant_parameters

parameters = constant_parameters


def traced(params: ParameterSet) -> Laws:
    """Laws with JAX leaves, as the solver sees them."""
    return jax.tree.map(jnp.asarray, params.laws())


def volume_of(labels: Any, voxel_size: tuple[float, float, float] = (1e-6, 1e-6, 1e-6)) -> Volume:
    """A volume of phase codes."""
    return Volume(np.ascontiguousarray(labels, np.uint8), voxel_size)


def laminate(layers: str, lateral: tuple[int, int] = (2, 2), voxel: float = 1e-6) -> Volume:
    """Layers along z, one letter per voxel: p(ore), a(ctive), c(arbon-binder)."""
    return media.laminate(layers, voxel, lateral)


def laminate_cell(layers: str, params: ParameterSet, *, voxel: float = 1e-6, **options: Any) -> HalfCell:
    """A half cell of a laminate with counted faces, which are exact on planes."""
    return media.laminate_cell(layers, params, voxel=voxel, **options)


def tiny_cell(params: ParameterSet, *, turn: bool = False, **options: Any) -> HalfCell:
    """A generated cathode of 8 x 6 x 6 voxels of 0.5 um, some 2.5 um particles; ``turn`` mirrors it along
    y."""
    made = generate_cathode((8, 6, 6), 5e-7, diameter_mean=2.5e-6, diameter_std=0.5e-6, seed=3)
    labels, numbers = made.volume.labels, made.particle_labels
    if turn:
        labels, numbers = labels[:, ::-1], numbers[:, ::-1]
    volume = volume_of(labels, (5e-7,) * 3)
    particles = Particles.from_labels(np.ascontiguousarray(numbers), volume.voxel_size)
    return HalfCell(volume, params, **({"particles": particles, "separator_thickness": 5e-6} | options))
