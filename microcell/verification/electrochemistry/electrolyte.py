"""Salt and potential in a plane column of electrolyte: Sand's time, and the steady state of a current."""

from __future__ import annotations

from functools import cache

import numpy as np

from ...parameters.constants import F
from ...solve.control import StepControl
from ..problem import Check, Findings, Line, Order, Picture, Problem, Setting, near, order
from .salt_column import Column, column_of, parameters_of, run_column

SALT, DIFFUSIVITY, TRANSFERENCE, KAPPA, FACTOR = 1000.0, 3e-10, 0.3, 1.0, 2.0
"""c_0 [mol.m-3], D_e [m2.s-1], t_plus, kappa [S.m-1] and 1 + dlnf/dlnc of the constant electrolyte."""

FINEST = 64
"""Cells of electrolyte in the finest column of all but the full size."""

PLATING = 300.0
"""Current density of Sand's experiment [A.m-2]."""

SAND_TIME = np.pi * DIFFUSIVITY * (F * SALT / (2 * (1 - TRANSFERENCE) * PLATING)) ** 2
"""Sand's time [s]: Bard & Faulkner, Electrochemical Methods, Eq. 8.2.14, with n = 1/(1 - t_plus)."""

DEPTH = np.sqrt(DIFFUSIVITY * SAND_TIME)
"""Depth of the depletion at Sand's time [m]."""

PROFILE_TIMES = (0.25, 0.5, 0.75, 1.0)
"""Parts of Sand's time at which profiles are compared."""


def ierfc(x: np.ndarray) -> np.ndarray:
    """Integral of the complementary error function from x to infinity."""
    from scipy.special import erfc

    return np.exp(-(x**2)) / np.sqrt(np.pi) - x * erfc(x)


def exact_salt(z: np.ndarray | float, t: float, length: float) -> np.ndarray:
    """Salt where a current depletes z = 0 and enriches z = length, by images [mol.m-3].

    Carslaw & Jaeger, Conduction of Heat in Solids, section 2.9: ``(2 q/D) sqrt(D t) ierfc(z / 2 sqrt(D t))``
    for a constant flux q through the end of a half-space.
    """
    z, reach = np.asarray(z, float), np.sqrt(DIFFUSIVITY * t)
    size = 2 * (1 - TRANSFERENCE) * PLATING / (F * DIFFUSIVITY) * reach
    total = np.zeros_like(z)
    for n in range(4):
        for depleted in (2 * n * length + z, 2 * (n + 1) * length - z):
            total += ierfc(depleted / (2 * reach))
        for enriched in ((2 * n + 1) * length - z, (2 * n + 1) * length + z):
            total -= ierfc(enriched / (2 * reach))
    return SALT - size * total


@cache
def sand_runs(full: bool) -> tuple[tuple[Column, np.ndarray], ...]:
    """Columns of three resolutions with the salt at :data:`PROFILE_TIMES`, coarsest first."""
    parts = (2.5, 5.0, 10.0, 20.0) if full else (2.5, 5.0, 10.0)
    cells = 128 if full else FINEST
    control = StepControl(error=1e-7 if full else 1e-6, first=1e-2, residual=2e-9, linear=1e-5)
    times = [part * SAND_TIME for part in PROFILE_TIMES]
    found = []
    for part in parts:
        column = column_of(parameters_of(True, {"Upper voltage limit [V]": 5.9}), cells, DEPTH / part, cells)
        found.append((column, run_column(column, -PLATING, times, control)[1]))
    return tuple(found)


def at_plane(column: Column, salt: np.ndarray) -> np.ndarray:
    """Salt at the lithium plane, half a cell away from the first centre [mol.m-3]."""
    return salt[:, 0] - (1 - TRANSFERENCE) * PLATING / (F * DIFFUSIVITY) * 0.5 * column.edge


def transition(salt: np.ndarray) -> float:
    """Time at which the salt at the plane reaches zero [s]: it falls along a straight line in sqrt(t)."""
    root = np.sqrt(np.array(PROFILE_TIMES) * SAND_TIME)
    slope = (salt[-1] - salt[-2]) / (root[-1] - root[-2])
    return float((root[-1] - salt[-1] / slope) ** 2)


def sand(setting: Setting) -> Findings:
    """Follow the salt beside a plating electrode until it is used up."""
    edges, profiles, times = [], [], []
    for column, salt in sand_runs(setting.full):
        length = column.cells * column.edge
        exact = [exact_salt(column.centres, part * SAND_TIME, length) for part in PROFILE_TIMES]
        edges.append(column.edge)
        profiles.append(np.abs(salt - exact).max() / SALT)
        times.append(transition(at_plane(column, salt)))
    misses = [abs(t / SAND_TIME - 1) for t in times]
    checks: tuple[Check | Order, ...] = (
        order("Largest error of the salt over c_0 [-]", edges, profiles, 2),
        order("Relative error of Sand's time [-]", edges, misses, 2),
        near("Sand's time, finest column [s]", times[-1], SAND_TIME, relative=(edges[-1] / DEPTH) ** 2 / 6),
    )
    return Findings(checks, (sand_picture(*sand_runs(setting.full)[-1]),))


def sand_picture(column: Column, salt: np.ndarray) -> Picture:
    """Profiles of the finest column, near the plane."""
    near_plane = column.centres < 4 * DEPTH
    z = column.centres[near_plane]
    lines = []
    for part, found in zip(PROFILE_TIMES, salt, strict=True):
        exact = exact_salt(z, part * SAND_TIME, column.cells * column.edge)
        lines.append(Line(f"exact, t = {part:g} of Sand's time", list(1e6 * z), list(exact)))
        lines.append(Line(f"found, {part:g}", list(1e6 * z), list(found[near_plane]), marks=True))
    axes = ("Distance from the lithium plane [um]", "Salt concentration [mol.m-3]")
    return Picture("Depletion beside a plating electrode", *axes, tuple(lines))


PROBLEMS = (
    Problem(
        "sand-time",
        "Sand's time: the salt beside a plating electrode is used up",
        "electrochemistry",
        "series",
        "A column of electrolyte with D = 3e-10 m2/s and t_plus = 0.3, from 1000 mol/m3; 300 A/m2 plate "
        "lithium at z = 0. There c falls as c_0 - 2 (1 - t_plus) i/(F D) sqrt(D t/pi) and reaches zero at "
        "Sand's time pi D (F c_0 / (2 (1 - t_plus) i))^2 = 49.74 s; elsewhere c follows ierfc, with images "
        "for the far end, 6.4 depths sqrt(D t) away or more. 2.5, 5 and 10 voxels per depth: second order. "
        "A cell average, extrapolated over half a voxel h to the plane, is h^2/6 c'' off, which moves the "
        "transition by (h/depth)^2/6: the tolerance of the finest column.",
        "Sand 1901 (doi 10.1080/14786440109462590); Carslaw & Jaeger, section 2.9",
        sand,
    ),
)
