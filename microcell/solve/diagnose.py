"""What to tell a user when a step cannot be solved: which equation, which phase, which voxels."""

from __future__ import annotations

import numpy as np

from ..cell.residual import System
from ..errors import SolverError
from ..image.phases import Phase
from .advance import Attempt
from .newton import ADVICE, ROWS


def diagnose(system: System, attempt: Attempt, time: float, dt: float) -> SolverError:
    """Build the error of a failed step.

    Parameters
    ----------
    system : System
        The cell.
    attempt : Attempt
        The last failed attempt.
    time, dt : float
        Latest accepted time and the step that failed [s].
    """
    code = int(attempt.solve.code)
    norms = np.asarray(attempt.solve.norms)
    lines = [f"{name} {norm:.1e}" for name, norm in zip(ROWS, norms, strict=True)]
    return SolverError(
        f"no converged step from t = {time:.6g} s: {ADVICE.get(code, 'unknown code')}",
        value=f"step {dt:.3g} s, residuals relative to the current: {', '.join(lines)}; "
        f"{_worst(system, attempt)}",
        fix="everything up to this time is saved; look at the voxels named, at the parameters that were "
        "changed, and at the last voltage and concentrations in the report",
    )


def _worst(system: System, attempt: Attempt) -> str:
    """Name the voxel with the largest residual of the worst equation."""
    rows = attempt.solve.rows
    arrays = [np.abs(np.nan_to_num(np.asarray(a), nan=np.inf)) for a in (rows.c, rows.phi_s, rows.phi_e)]
    worst = int(np.argmax([a.max() for a in arrays]))
    index = np.unravel_index(int(np.argmax(arrays[worst])), arrays[worst].shape)
    phase = Phase(int(np.asarray(system.geometry.phase)[index])).name.lower()
    place = ", ".join(str(int(i)) for i in index)
    return f"worst cell of the {ROWS[worst]}: z, y, x = {place} ({phase}; z counts the separator)"
