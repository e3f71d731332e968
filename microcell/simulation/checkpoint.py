"""The state of a run as arrays, to go on from after an interruption."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..cell.halfcell import HalfCell
from ..cell.state import Currents
from ..errors import ResultsError
from ..solve.advance import Past
from ..solve.control import Totals
from ..solve.timestep import TimeStepper


def save(stepper: TimeStepper) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays and numbers that a run needs to go on; the slope of the past is not kept.

    The arrays are those of the whole cell: a run goes on from them on any number of devices.

    Parameters
    ----------
    stepper : TimeStepper
        After an accepted step.
    """
    past, layout = stepper.past, stepper.layout
    arrays = {
        "c": layout.cells(past.c[0]),
        "phi_s": layout.cells(past.phi_s[0]),
        "phi_e": layout.cells(past.phi_e[0]),
        "voltage": np.asarray(past.voltage[0]),
        "current": np.asarray(past.current[0]),
        "face_current": layout.faces(past.currents.face),
        "lithium_current": layout.plane(past.currents.lithium),
        "film": layout.faces(past.film),
        "surface": layout.faces(past.surface),
    }
    meta = {
        "time": stepper.time,
        "lithium_in_mol": stepper.totals.lithium_in_mol[0],
        "charge_C": stepper.totals.charge_C[0],
        "charge_moved_C": stepper.totals.charge_moved_C,
        "counts": stepper.counts,
    }
    return arrays, meta


def restore(
    cell: HalfCell,
    arrays: dict[str, np.ndarray],
    meta: dict[str, Any],
    settings: Any,
    devices: Sequence[jax.Device] = (),
) -> TimeStepper:
    """Make a stepper that goes on from a checkpoint.

    Raises
    ------
    ResultsError
        If the checkpoint belongs to another cell.
    """
    if arrays["c"].shape != cell.geometry.shape or arrays["film"].shape != cell.geometry.faces.p.shape:
        raise ResultsError(
            "the checkpoint belongs to another cell",
            value=f"{arrays['c'].shape} cells, {len(arrays['film'])} interface faces",
            allowed=f"{cell.geometry.shape} cells, {len(cell.geometry.faces.p)} interface faces",
            fix="resume with the case that was interrupted, or start afresh with another --out",
        )
    a = {name: jnp.asarray(value) for name, value in arrays.items()}
    past = Past(
        (a["c"],) * 3,
        (a["phi_s"],) * 2,
        (a["phi_e"],) * 2,
        (a["voltage"],) * 2,
        (a["current"],) * 2,
        Currents(a["face_current"], a["lithium_current"]),
        a["film"],
        a["surface"],
    )
    stepper = TimeStepper(cell.system(), past, meta["time"], settings, devices)
    stepper.totals = Totals([meta["lithium_in_mol"]], [meta["charge_C"]], meta["charge_moved_C"])
    stepper.counts.update(meta["counts"])
    return stepper
