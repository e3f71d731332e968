"""A column of electrolyte between lithium metal and a plane of active material, at any resolution.

The first two cells of the column are separator with the properties of free electrolyte, the others are pore;
behind the column comes active material that conducts well, so that one shape of arrays serves all
resolutions: the finer the column, the fewer the cells of active material.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ...cell.halfcell import HalfCell
from ...parameters import ParameterSet
from ...solve.control import StepControl
from ...solve.timestep import TimeStepper
from ..media import CONSTANT, laminate_cell
from .plane_electrode import current_control, stepper_at

SEPARATOR_CELLS = 2
ACTIVE_CELLS = 8
"""Fewest cells of active material behind the finest column."""

FREE: dict[str, Any] = {
    "Active maximum concentration [mol.m-3]": 1e6,
    "Active diffusivity [m2.s-1]": 1e-10,
    "Active electronic conductivity [S.m-1]": 100.0,
    "Rocksalt ionic conductivity [S.m-1]": 1e-3,
    "Rocksalt lithium diffusivity [m2.s-1]": 1e-12,
    "Separator porosity": 1.0,
    "Separator tortuosity factor": 1.0,
}
"""A separator like free electrolyte, and a solid and a film that hardly resist and take much lithium."""


class Column(NamedTuple):
    """A column and its resolution: the cell, the number of cells of electrolyte, their edge [m]."""

    cell: HalfCell
    cells: int
    edge: float

    @property
    def centres(self) -> np.ndarray:
        """Distances of the cell centres from the lithium plane [m]."""
        return (np.arange(self.cells) + 0.5) * self.edge

    @property
    def number(self) -> Any:
        """Parameters by name."""
        return self.cell.parameters.number


def parameters_of(constant: bool, values: Mapping[str, Any] | None = None) -> ParameterSet:
    """Return :data:`FREE` with constant electrolyte properties or with the laws of the built-in set."""
    electrolyte = {} if constant else {name: None for name in CONSTANT if "Active" not in name}
    chosen = {name: value for name, value in CONSTANT.items() if name not in electrolyte}
    still = {"Rocksalt growth constant [m2.s-1]": 0.0}
    return ParameterSet.builtin().with_values(chosen | still | FREE | dict(values or {}))


def column_of(parameters: ParameterSet, cells: int, edge: float, finest: int) -> Column:
    """Return a column of ``cells`` cells of electrolyte, in the shape that the finest one needs."""
    layers = "p" * (cells - SEPARATOR_CELLS) + "a" * (finest - cells + ACTIVE_CELLS)
    separator = {"separator_thickness": SEPARATOR_CELLS * edge, "separator_cells": SEPARATOR_CELLS}
    return Column(laminate_cell(layers, parameters, voxel=edge, lateral=(1, 1), **separator), cells, edge)


def run_column(
    column: Column, density: float, times: list[float], control: StepControl
) -> tuple[TimeStepper, np.ndarray]:
    """Impose a discharge current [A.m-2]; salt of every electrolyte cell at the given times [mol.m-3]."""
    stepper, drive = stepper_at(column.cell, 0.5, control), current_control(column.cell, density)
    stepper.restart(drive)
    found = []
    for until in times:
        list(stepper.run(drive, until, []))
        found.append(np.asarray(stepper.unknowns.c)[: column.cells, 0, 0])
    return stepper, np.array(found)
