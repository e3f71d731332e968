"""Rows of the time series and snapshots of the fields, from the solver's state."""

from __future__ import annotations

import numpy as np

from ..cell.halfcell import HalfCell
from ..cell.snapshot import Snapshot
from ..parameters.constants import F
from ..solve.timestep import Accepted, TimeStepper

FIELDS = (
    "Active concentration [mol.m-3]",
    "Electrolyte concentration [mol.m-3]",
    "Solid potential [V]",
    "Electrolyte potential [V]",
    "Rocksalt thickness [m]",
    "Interface current density [A.m-2]",
)
"""Voxel fields that can be stored."""

LEAST_MOVED = 1e-3
"""Least that the drift of lithium is compared with, of what 1C moves in an hour."""


def time_series_row(
    cell: HalfCell,
    stepper: TimeStepper,
    scalars: dict[str, float],
    *,
    step: int,
    dt: float,
    wall: float,
    start: float,
) -> dict[str, float]:
    """One row of the time series, SI units, positive current is discharge.

    Parameters
    ----------
    cell, stepper
        The cell and its stepper, for totals.
    scalars : dict
        Measures of the state.
    step : int
        Protocol step, from 1.
    dt, wall : float
        Time step and wall time [s].
    start : float
        Lithium in the cell at the start [mol].
    """
    current, one_c = scalars["current_A"], cell.one_c_current
    entered = stepper.totals.lithium_in_mol[0] / F
    # at rest from the start nothing moves, and rounding has nothing to be compared with
    moved = max(stepper.totals.charge_moved_C, LEAST_MOVED * 3600 * one_c) / F
    inside = scalars["lithium_solid_mol"] + scalars["lithium_electrolyte_mol"]
    return {
        "Time [s]": stepper.time,
        "Step": float(step),
        "Current [A]": current,
        "Current density [A.m-2]": current / cell.area,
        "C-rate": current / one_c,
        "Voltage [V]": scalars["voltage_V"],
        "Time step [s]": dt,
        "Charge passed [C]": stepper.totals.charge_C[0],
        "Mean stoichiometry": scalars["mean_stoichiometry"],
        "Minimum surface stoichiometry": scalars["min_surface_stoichiometry"],
        "Maximum surface stoichiometry": scalars["max_surface_stoichiometry"],
        "Minimum electrolyte concentration [mol.m-3]": scalars["min_electrolyte"],
        "Maximum electrolyte concentration [mol.m-3]": scalars["max_electrolyte"],
        "Mean rocksalt thickness [m]": scalars["film_mean_m"],
        "Minimum rocksalt thickness [m]": scalars["film_min_m"],
        "Maximum rocksalt thickness [m]": scalars["film_max_m"],
        "Oxygen released [mol]": scalars["oxygen_mol"],
        "Lithium in active material [mol]": scalars["lithium_solid_mol"],
        "Lithium in electrolyte [mol]": scalars["lithium_electrolyte_mol"],
        "Lithium through the lithium plane [mol]": entered,
        "Lithium drift": (inside - start - entered) / moved,
        "Charge balance error": scalars["charge_error_A"] / max(abs(current), 1e-3 * one_c),
        "Guarded faces": scalars["guarded"],
        "Newton iterations": scalars["newton"],
        "Krylov iterations": scalars["krylov"],
        "Wall time [s]": wall,
    }


def row_of(
    cell: HalfCell, stepper: TimeStepper, accepted: Accepted, step: int, wall: float, start: float
) -> dict[str, float]:
    """The row of an accepted time step."""
    return time_series_row(cell, stepper, accepted.row, step=step, dt=accepted.dt, wall=wall, start=start)


def take_snapshot(cell: HalfCell, stepper: TimeStepper, names: tuple[str, ...]) -> Snapshot:
    """Copy the state to the host, image voxels only, NaN where a field does not exist.

    Parameters
    ----------
    cell, stepper
        The cell and its stepper.
    names : tuple of str
        Which of :data:`FIELDS`.
    """
    u, geometry, layout, skip = stepper.unknowns, cell.geometry, stepper.layout, cell.stack.separator_cells
    active, ionic, electronic = (
        np.asarray(a)[skip:] for a in (geometry.active, geometry.ionic, geometry.electronic)
    )
    c = layout.cells(u.c)[skip:]
    film, current = layout.faces(stepper.past.film), layout.faces(stepper.past.currents.face)
    assert stepper.last is not None
    p = np.asarray(geometry.faces.p, np.int64) - skip * active.shape[1] * active.shape[2]
    area = np.asarray(geometry.faces.area)
    makers = {
        FIELDS[0]: lambda: np.where(active, c, np.nan),
        FIELDS[1]: lambda: np.where(ionic, c, np.nan),
        FIELDS[2]: lambda: np.where(electronic, layout.cells(u.phi_s)[skip:] + float(u.voltage), np.nan),
        FIELDS[3]: lambda: np.where(ionic, layout.cells(u.phi_e)[skip:], np.nan),
        FIELDS[4]: lambda: _face_mean(p, area, film, active.shape),
        FIELDS[5]: lambda: _face_mean(p, area, current, active.shape),
    }
    return Snapshot(
        time=stepper.time,
        fields={name: makers[name]() for name in names},
        film_thickness=film,
        face_current=current,
        surface_concentration=layout.faces(stepper.last.surface),
    )


def _face_mean(p: np.ndarray, area: np.ndarray, values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Area-weighted mean of a face quantity over the faces of each active voxel; NaN where it has none."""
    size = int(np.prod(shape))
    total = np.bincount(p, weights=area, minlength=size)
    mean = np.bincount(p, weights=area * values, minlength=size) / np.where(total > 0, total, np.nan)
    return mean.reshape(shape)
