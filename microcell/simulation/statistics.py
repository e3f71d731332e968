"""What a run cost and how well it balanced."""

from __future__ import annotations

import resource
import sys
from typing import Any

import jax
import numpy as np

from ..cell.halfcell import HalfCell
from ..physics.kinetics import STOICHIOMETRY_GUARD
from ..solve.timestep import TimeStepper


def summarize(
    cell: HalfCell,
    stepper: TimeStepper,
    worst: dict[str, float],
    ranges: dict[str, tuple[float, float]],
    *,
    set_up: float,
    wall: float,
) -> dict[str, Any]:
    """Statistics for ``run.json``.

    Parameters
    ----------
    cell, stepper
        After the run.
    worst : dict
        Largest magnitude over the run, by column.
    ranges : dict
        Ranges of the surface stoichiometry ``x`` and of the electrolyte concentration ``c``.
    set_up, wall : float
        Time for set-up and for everything [s].
    """
    counts = stepper.counts
    voxels = int(np.prod(cell.geometry.shape))
    steps = max(counts["steps"], 1)
    return {
        "time_steps": counts["steps"],
        "attempts": counts["attempts"],
        "steps_rejected_for_accuracy": counts["rejected"],
        "steps_failed": counts["failed"],
        "steps_cut": counts["cut"],
        "linear_solver_bases_enlarged": counts["deepened"],
        "starts_from_the_last_state": counts["damped"],
        "multigrid_patterns_refreshed": counts["refreshed"],
        "linear_solves_tightened": counts["tightened"],
        "linear_solves_in_float64": counts["widened"],
        "events_located": counts["events"],
        "attempts_to_locate_events": counts["located"],
        "changes_of_control": counts["starts"],
        "attempts_to_start_consistently": counts["starting"],
        "newton_iterations": counts["newton"],
        "krylov_iterations": counts["krylov"],
        "newton_per_attempt": counts["newton"] / max(counts["attempts"], 1),
        "krylov_per_newton": counts["krylov"] / max(counts["newton"], 1),
        "cells": voxels,
        "setup_s": set_up,
        "wall_s": wall,
        "wall_per_step_s": wall / steps,
        "peak_process_memory_bytes": peak_memory(),
        "state_bytes_per_cell": state_bytes(stepper) / voxels,
        "largest_lithium_drift": worst["Lithium drift"],
        "largest_charge_balance_error": worst["Charge balance error"],
        "largest_number_of_guarded_faces": int(worst["Guarded faces"]),
        "interface_faces": int(cell.geometry.faces.p.size),
        "multigrid_levels": stepper.hierarchies.potential.sizes(),
        "warnings": (cell.parameters.outside_validity(**ranges) if ranges else [])
        + _guard_warnings(int(worst["Guarded faces"]), int(cell.geometry.faces.p.size)),
    }


def _guard_warnings(guarded: int, faces: int) -> list[str]:
    """Say that accepted states hold faces beyond the range of the model, where there are any."""
    if not guarded:
        return []
    return [
        f"up to {guarded} of {faces} interface faces were full or empty (within "
        f"{STOICHIOMETRY_GUARD:g} of c_max) in an accepted step; there the open-circuit potential follows a "
        "steep line instead of its law, and what the film shifts c_if by is not resolved"
    ]


def peak_memory() -> int:
    """Largest resident memory of this process so far [bytes], everything included."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)


def state_bytes(stepper: TimeStepper) -> int:
    """Bytes held between steps: geometry, hierarchies, past."""
    leaves = jax.tree.leaves((stepper.system, stepper.hierarchies, stepper.past))
    return sum(int(a.size) * a.dtype.itemsize for a in leaves if hasattr(a, "dtype"))
