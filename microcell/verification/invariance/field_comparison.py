"""Two solutions of one small cell, field by field."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...cell.halfcell import HalfCell
from ...simulation import Simulation
from ...solve.control import StepControl
from ..problem import Check, below
from ..small_cathode import State, state_of

TIGHT = StepControl(residual=2e-11, linear=1e-4)
"""Residuals far below what fields are compared at."""


def charged(cell: HalfCell, control: StepControl = TIGHT, **where: Any) -> State:
    """Charge for 20 s at 2C from 3.9 V; ``where`` is a device or a number of devices."""
    simulation = Simulation(cell, initial="3.9 V", control=control, **where)
    return state_of(simulation, simulation.step(20.0, current=-2.0 * cell.one_c_current))


def fields_of(cell: HalfCell, state: State) -> dict[str, np.ndarray]:
    """Return c_s, c_e, phi_s and phi_e, shape (nz, ny, nx), NaN where they do not exist."""
    g, u = cell.geometry, state.unknowns
    where = {
        "c_s": (g.active, u.c),
        "c_e": (g.ionic, u.c),
        "phi_s": (g.electronic, u.phi_s),
        "phi_e": (g.ionic, u.phi_e),
    }
    return {name: np.where(np.asarray(w), np.asarray(a), np.nan) for name, (w, a) in where.items()}


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Largest difference of two fields over the range of values of the first; NaN where they do not match."""
    if not np.array_equal(np.isfinite(one), np.isfinite(other)):
        return float("nan")
    return float(np.nanmax(np.abs(one - other)) / (np.nanmax(one) - np.nanmin(one)))


def differences(
    one: dict[str, np.ndarray], other: dict[str, np.ndarray], what: str, bar: float
) -> tuple[Check, ...]:
    """Hold the distance of each field against a bar."""
    quantity = "difference over the range of the field [-]"
    return tuple(below(f"{what}: {name}, {quantity}", distance(one[name], other[name]), bar) for name in one)
