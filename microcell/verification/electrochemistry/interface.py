"""The charge transfer of one interface face, against fifty digits: over decades, and beyond the guard."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from ..problem import Check, Findings, Line, Picture, Problem, Setting, below
from .precise_face import (
    BOUND,
    EPS,
    I00,
    SALT,
    Faces,
    Precise,
    compare,
    faces_of,
    laws_of,
    many_digits,
    solve_all,
)

DRIVES = tuple(sign * size for size in (1e-9, 1e-6, 1e-3, 0.03, 0.3, 1.0) for sign in (1, -1))
"""Overpotentials and film drops together [V]."""


def decades(setting: Setting) -> Findings:
    """Compare currents over the decades of i0 and film, with U = 0 so that no digit of the drive is lost."""
    step = 1 if setting.full else 3
    rates, films = 10.0 ** np.arange(-8, 5, step), 10.0 ** np.arange(-13, 0, step)
    usual = np.sqrt(SALT) * 0.5 * float(laws_of(0.0, 0.0).c_max)
    rows = [(v, film, 0.5, i0 / usual) for i0, film, v in product(rates, films, DRIVES)]
    errors, _, exact, _ = compare(faces_of(rows, 0.0, 0.0, 1e-6))
    worst = errors.reshape(len(rates), -1).max(axis=1)
    sizes = np.log10(np.abs(exact))
    checks = (
        below("Relative error of the current [-]", errors.max(), BOUND),
        Check("Decades of current, smallest to largest [-]", float(np.ptp(sizes)), 12.0, np.inf),
    )
    lines = (
        Line("bound", list(rates), [BOUND] * len(rates)),
        Line("largest over film and voltage", list(rates), list(np.maximum(worst, 0.1 * EPS)), marks=True),
    )
    title = "Current of a face, solver against fifty digits"
    axes = ("Exchange current density [A.m-2]", "Relative error of the current [-]")
    return Findings(checks, (Picture(title, *axes, lines, log_x=True, log_y=True),))


WITHIN = (1e-6, 0.01, 0.3, 0.5, 0.9, 0.99, 0.999999)
BEYOND = (-0.5, -0.01, 1.01, 1.5)
"""Stoichiometries of solids that may be, and of those that only an iteration may pass."""


def guarded(setting: Setting) -> Findings:
    """Compare currents with a lithium shift; for solids beyond empty and full, put them into the balance."""
    inside = shifted_faces(setting, WITHIN)
    errors, doubt, _, beyond = compare(inside)
    excess = errors / (BOUND + doubt)
    outside = shifted_faces(setting, BEYOND)
    mp = many_digits()
    left = [Precise(mp, outside, k).unexplained(i) for k, i in enumerate(solve_all(outside))]
    return Findings(
        (
            below("Error, guarded faces, over its bound [-]", excess[beyond].max(), 1.0),
            below("Error, other faces, over its bound [-]", excess[~beyond].max(), 1.0),
            below("Largest relative doubt by rounding [-]", doubt.max(), 1e-10),
            Check("Share of guarded faces [-]", float(beyond.mean()), 0.2, 0.8),
            below("Balance of solids beyond empty and full, over its bound [-]", np.max(left), 1.0),
        )
    )


def shifted_faces(setting: Setting, stoichiometries: Sequence[float]) -> Faces:
    """Faces of all voltages, films and the given stoichiometries, with D_RS = 1e-17 m2/s."""
    voltages = np.linspace(2.0, 5.0, 25 if setting.full else 7)
    films = (1e-12, 2e-10, 5e-9, 1e-7)
    rows = [(v, film, x, I00) for v, film, x in product(voltages, films, stoichiometries)]
    return faces_of(rows, 4.3, 0.8, 1e-17)


PROBLEMS = (
    Problem(
        "face-current",
        "The current of an interface face over twelve decades",
        "electrochemistry",
        "series",
        "One face at x = 0.5 with i0 from 1e-8 to 1e4 A/m2, a film of 1e-13 to 0.1 m at 1e-7 S/m, and phi_s "
        "- phi_e - U from 1e-9 to 1 V, both signs; currents from 1e-15 to 1e6 A/m2. The current of eta = R "
        "i + (2RT/F) asinh(i / 2 i0) is bisected with fifty digits. With U = 0 no digit of the voltage is "
        "lost, so that 1e-13 of the current is asked for everywhere: the tolerance of the root in asinh(i / "
        "2 i0), whose last Newton step leaves about the square of it.",
        "Both et al. 2026 (doi 10.1016/j.ensm.2026.104994), Eq. 4",
        decades,
    ),
    Problem(
        "face-current-guarded",
        "The current of faces that are empty, full, or beyond",
        "electrochemistry",
        "series",
        "Faces with x from 1e-6 to 0.999999, 2 to 5 V, U = 4.3 V - 0.8 V x and a film of 1e-12 to 1e-7 m in "
        "which c_if = c_so - i L/(F D_RS) shifts, D_RS = 1e-17 m2/s. Beyond 1e-4 and 1 - 1e-4 of c_max i0 "
        "is held and U is a line of 100 V per x; the root is bisected with fifty digits. The terms of the "
        "balance, up to 100 V, are rounded to 2e-16 of each: that over the slope of the balance, and 1e-13 "
        "for the root, is the bound; rounding nowhere explains more than 1e-10. A solid beyond full or "
        "empty (x = -0.5 to 1.5), which only an iteration may pass, can have several roots, as i0 grows "
        "while a current brings c_if back: there the current found has to satisfy the balance to the same "
        "bound.",
        "Both et al. 2026 (doi 10.1016/j.ensm.2026.104994), Eqs. 4-6; model page, interface (guard)",
        guarded,
    ),
)
