"""What to tell a user when a step cannot be solved: which equations, which phases, which voxels."""

from __future__ import annotations

import numpy as np

from ..errors import SolverError
from ..image.phases import Phase
from ..physics.transport import CONCENTRATION_FLOOR
from .advance import Attempt
from .devices import OneDevice
from .newton import ADVICE, CONVERGED, ROWS

WORST = 5
"""Voxels named in a diagnosis."""


def is_solved(attempt: Attempt) -> bool:
    """Say whether an attempt solves the equations of the model.

    Newton's iteration may also converge where the model has no solution: below the smallest salt
    concentration the property laws only go on to keep iterates finite.
    """
    lowest = float(attempt.measures.min_electrolyte)
    return int(attempt.solve.code) == CONVERGED and lowest >= CONCENTRATION_FLOOR


def diagnose(layout: OneDevice, attempt: Attempt, time: float, dt: float, reference: float) -> SolverError:
    """Build the error of a step that was given up.

    Parameters
    ----------
    layout : OneDevice
        The cell and where it is computed.
    attempt : Attempt
        The last attempt.
    time, dt : float
        Latest accepted time and the step that was given up [s].
    reference : float
        Current that the residuals are compared with [A].
    """
    reason, fix = _reason(attempt)
    lines = [f"step {dt:.3g} s", *_residuals(layout, attempt, reference), *_ranges(layout, attempt)]
    return SolverError(
        f"no converged step from t = {time:.6g} s: {reason}",
        value="\n    ".join(lines),
        fix=f"{fix}; everything up to this time is saved, with a checkpoint",
    )


def _reason(attempt: Attempt) -> tuple[str, str]:
    """Why the attempt cannot be accepted, and what to do about it."""
    code = int(attempt.solve.code)
    if code != CONVERGED:
        return ADVICE.get(code, f"unknown code {code}"), (
            "look at the voxels named, at the parameters that were changed, and at the last voltage and "
            "concentrations in the report"
        )
    if not is_solved(attempt):
        lowest = float(attempt.measures.min_electrolyte)
        return (
            f"the salt is used up somewhere (the equations ask for {lowest:.3g} mol/m3)",
            "the current is more than the electrolyte can carry: lower it, or look at what narrows the pores",
        )
    return (
        f"the smallest step is still too inaccurate, its error is {float(attempt.error):.3g} tolerances",
        "loosen the error tolerance or allow smaller steps (StepControl.error, StepControl.smallest)",
    )


def _residuals(layout: OneDevice, attempt: Attempt, reference: float) -> list[str]:
    """Norms by equation and phase, and the worst voxels."""
    norms = np.asarray(attempt.solve.norms)
    by_equation = ", ".join(f"{name} {norm:.1e}" for name, norm in zip(ROWS, norms, strict=True))
    phase, rows = np.asarray(layout.whole.geometry.phase), attempt.solve.rows
    fields = [np.abs(layout.cells(a)) / reference for a in rows[:3]]
    lines = [f"residuals relative to the current: {by_equation}"]
    for name, field in zip(ROWS, fields, strict=False):
        parts = [f"{_name(code)} {np.linalg.norm(field[phase == code]):.1e}" for code in np.unique(phase)]
        lines.append(f"{name}: {', '.join(parts)}")
    return [
        *lines,
        "worst cells, as z, y, x (z counts the separator):",
        *_worst(phase, fields, layout, attempt),
    ]


def _worst(phase: np.ndarray, fields: list[np.ndarray], layout: OneDevice, attempt: Attempt) -> list[str]:
    """One line per voxel with the largest residuals, of any equation; not a number counts as largest."""
    stack = np.nan_to_num(np.stack(fields), nan=np.inf)
    order = np.argsort(stack, axis=None)[::-1][:WORST]
    c, phi_s, phi_e = (layout.cells(a) for a in attempt.solve.unknowns[:3])
    lines = []
    for flat in order:
        equation, *place = (int(i) for i in np.unravel_index(int(flat), stack.shape))
        at = tuple(place)
        lines.append(
            f"  {', '.join(map(str, at))} ({_name(phase[at])}): {ROWS[equation]} {stack[equation][at]:.1e}, "
            f"c {float(c[at]):.6g} mol/m3, phi_s - V {float(phi_s[at]):.4g} V, "
            f"phi_e {float(phi_e[at]):.4g} V"
        )
    return lines


def _ranges(layout: OneDevice, attempt: Attempt) -> list[str]:
    """How far the attempt has left the ranges of the model."""
    m, faces = attempt.measures, layout.whole.geometry.faces.p.size
    return [
        f"surface stoichiometry {float(m.min_surface_stoichiometry):.6g} to "
        f"{float(m.max_surface_stoichiometry):.6g}, salt {float(m.min_electrolyte):.4g} to "
        f"{float(m.max_electrolyte):.4g} mol/m3, voltage {float(attempt.solve.unknowns.voltage):.5g} V",
        f"guarded faces (full or empty beyond the guard): {int(attempt.solve.guarded)} of {faces}",
    ]


def _name(code: int) -> str:
    return Phase(int(code)).name.lower()
