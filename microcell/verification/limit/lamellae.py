"""Half cells whose cathode is a stack of thin lamellae from separator to collector.

Half a lamella of active material beside half a lamella of pore, both of half thickness h, between mirror
planes. Along z both phases are straight: tortuosity factor 1, volume fractions 1/2, interface area 1/(2h) per
volume, all exact on voxels with counted faces.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ...cell.halfcell import HalfCell
from ...cell.state import Control
from ...parameters import ParameterSet
from ...protocol.resolve import CURRENT
from ...simulation import Simulation
from ...solve.control import StepControl
from ..media import one_particle, volume_of
from .porous_electrode import PorousElectrode

THICKNESS = 120e-6
"""Of the electrode [m]."""

REFERENCE = 0.5e-6
"""Half thickness at which the exchange current density is that of the parameters [m]."""

ACROSS = 2
"""Voxels across half a lamella."""

SEPARATOR_CELLS = 24
"""Equal ones: the coarse first cell of the default separator would cost 3 mV at the lithium plane."""

FILLING = 0.85
"""Stoichiometry at the start."""

VALUES: dict[str, Any] = {
    "Active electronic conductivity [S.m-1]": 1.0,
    "Active diffusivity [m2.s-1]": 1e-14,
    "Rocksalt initial thickness [m]": 0.0,
    "Rocksalt growth constant [m2.s-1]": 0.0,
}
"""On top of the built-in set: what porous-electrode theory knows, and no film."""


class Charge(NamedTuple):
    """A charge of the lamellae: voltages [V] at the times, then profiles at the end by slice (lithium first).

    ``salt`` [mol.m-3] over all slices with electrolyte; ``filling`` and ``reaction`` [A.m-2] over the image.
    """

    voltage: np.ndarray
    salt: np.ndarray
    filling: np.ndarray
    reaction: np.ndarray


def lamella_parameters(values: Mapping[str, Any] | None = None) -> ParameterSet:
    """Return the parameters at :data:`REFERENCE`, with further values by name."""
    return ParameterSet.builtin().with_values(VALUES | dict(values or {}))


def lamella_cell(half: float, parameters: ParameterSet, slices: int = 24) -> HalfCell:
    """Return the cell of lamellae of half thickness ``half`` [m].

    The exchange current density grows with it, so that the area times it stays.
    """
    name = "Exchange current density factor [A.m2.5.mol-1.5]"
    parameters = parameters.set(name, parameters.number(name) * half / REFERENCE)
    labels = np.zeros((slices, 2 * ACROSS, 2), np.uint8)
    labels[:, :ACROSS] = 1
    volume = volume_of(labels, (THICKNESS / slices, half / ACROSS, half / ACROSS))
    options: dict[str, Any] = {"area_model": "faces", "separator_cells": SEPARATOR_CELLS}
    return insulate_ends(HalfCell(volume, parameters, particles=one_particle(volume), **options))


def insulate_ends(cell: HalfCell) -> HalfCell:
    """Let the ends of the lamellae at the separator not react: the theory has no such area."""
    import equinox as eqx
    import jax.numpy as jnp

    faces = cell.geometry.faces
    beside = slice_of(cell, np.asarray(faces.q)) >= 0
    cell.geometry = eqx.tree_at(
        lambda g: g.faces.coverage, cell.geometry, faces.coverage * jnp.asarray(beside, faces.coverage.dtype)
    )
    return cell


def slice_of(cell: HalfCell, number: np.ndarray) -> np.ndarray:
    """Slice of the image that cells with these flat numbers lie in; negative in the separator."""
    return number // int(np.prod(cell.geometry.shape[1:])) - SEPARATOR_CELLS


def homogenized(parameters: ParameterSet, half: float = 0.0) -> PorousElectrode:
    """Return the porous electrode of the lamellae, with the area at :data:`REFERENCE`.

    With a thickness, the interface concentration lags behind the mean of the slab: ``i h (1/3 + 1/(6 n^2)) /
    (F D_s)``, the quasi-steady parabola as n cells see it; its current density is ``half / REFERENCE`` times
    that at the reference.
    """
    lag = half * (1 / 3 + 1 / (6 * ACROSS**2)) * half / REFERENCE
    return PorousElectrode(parameters, THICKNESS, 0.5, 0.5 / REFERENCE, lag)


def one_c(parameters: ParameterSet) -> float:
    """Return the 1C current per cross-section [A.m-2]."""
    cell = lamella_cell(REFERENCE, parameters)
    return cell.one_c_current / cell.area


@cache
def charge(half: float, times: tuple[float, ...], slices: int = 24) -> Charge:
    """Charge the lamellae at 1C from :data:`FILLING`."""
    cell = lamella_cell(half, lamella_parameters(), slices)
    simulation = Simulation(cell, initial=f"x = {FILLING}", control=StepControl(error=3e-5))
    spans = np.diff([0.0, *times])
    rows = [simulation.step(float(span), current=-cell.one_c_current) for span in spans]
    stepper = simulation.stepper
    assert stepper is not None
    c, ionic = np.asarray(stepper.unknowns.c), np.asarray(cell.geometry.ionic)
    inside = c[SEPARATOR_CELLS:, :ACROSS] / cell.parameters.number("Active maximum concentration [mol.m-3]")
    salt = np.where(ionic, c, 0.0).sum((1, 2)) / ionic.sum((1, 2))
    voltage = np.array([row["Voltage [V]"] for row in rows])
    return Charge(voltage, salt, inside.mean((1, 2)), by_slice(cell, np.asarray(stepper.past.currents.face)))


def by_slice(cell: HalfCell, current: np.ndarray) -> np.ndarray:
    """Mean of the interface current densities in every slice of the image, scaled to :data:`REFERENCE`."""
    faces = cell.geometry.faces
    weight, planes = np.asarray(faces.coverage * faces.area), slice_of(cell, np.asarray(faces.p))
    half = cell.volume.voxel_size[1] * ACROSS
    return np.bincount(planes, weight * current) / np.bincount(planes, weight) * REFERENCE / half


def first_reaction(cell: HalfCell, current: float) -> np.ndarray:
    """Interface current densities by slice at the moment a current [A] is switched on, unscaled."""
    simulation = Simulation(cell, initial="x = 0.5", control=StepControl(residual=1e-10, linear=1e-6))
    attempt = simulation.start_stepper().restart(Control(np.int32(CURRENT), np.float64(current)))
    return by_slice(cell, np.asarray(attempt.solve.currents.face))
