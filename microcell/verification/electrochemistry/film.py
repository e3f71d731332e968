"""Growth of the rocksalt film in whole cells: at rest, and while the lithiation falls."""

from __future__ import annotations

from functools import cache

import numpy as np

from ...cell.halfcell import HalfCell
from ...parameters.constants import K_B_EV, F
from ...solve.control import StepControl
from ...solve.timestep import TimeStepper
from ..media import constant_parameters
from ..problem import Check, Findings, Line, Order, Picture, Problem, Setting, below
from .plane_electrode import ACTIVE_LAYERS, VOXEL, drive, plane_cell, stepper_at

GROWTH, INITIAL, SLOPE, ZERO = 3.9e-23, 0.2e-9, 8.0, 0.225
"""K [m2.s-1], L(0) [m], and the vacancy energy ``8 eV (x - 0.225)``."""

CRITICAL, C_MAX, T = 11950.0, 50636.0, 298.15
WIDTH = K_B_EV * T / SLOPE
"""Stoichiometry over which the share of mobile oxygen falls by e."""

DIFFUSIVITY = 1e-8
"""Of lithium in the solid, where it spreads at once [m2.s-1]."""

OXYGEN = 0.5 / 1.097e-5
"""nu / V_RS, oxygen per volume of film [mol.m-3]."""

VALUES = {
    "Rocksalt growth constant [m2.s-1]": GROWTH,
    "Rocksalt initial thickness [m]": INITIAL,
    "Rocksalt vacancy energy slope [eV]": SLOPE,
    "Rocksalt vacancy energy zero stoichiometry": ZERO,
    "Rocksalt critical concentration [mol.m-3]": CRITICAL,
    "Rocksalt molar volume [m3.mol-1]": 1.097e-5,
    "Rocksalt oxygen stoichiometry": 0.5,
    "Active maximum concentration [mol.m-3]": C_MAX,
    "Active diffusivity [m2.s-1]": DIFFUSIVITY,
    "Temperature [K]": T,
}
"""A growing film on a solid in which lithium spreads at once."""


def share(x: np.ndarray | float) -> np.ndarray:
    """Share of mobile oxygen at a stoichiometry (Both et al. 2026, Eqs. 2-3)."""
    x = np.asarray(x, float)
    boltzmann = np.exp(-(x - ZERO) / WIDTH)
    return np.where(x < CRITICAL / C_MAX, boltzmann / (1 + boltzmann), 0.0)


@cache
def film_cell() -> HalfCell:
    """Return the laminate of the plane electrode with a growing film."""
    return plane_cell(constant_parameters(VALUES))


def thickness(stepper: TimeStepper) -> np.ndarray:
    """Film of every face [m]."""
    return np.asarray(stepper.past.film)


TIMES = 10.0 ** np.arange(1, 9)
"""Ends of rests [s]."""

RESTING = (0.05, 0.20, 0.225, 0.2359, 0.2361, 0.5)
"""Stoichiometries at rest; growth begins below 0.23600."""


def at_rest(setting: Setting) -> Findings:
    """Let films grow at fixed lithiation over eight decades of time."""
    checks: list[Check | Order] = []
    lines: list[Line] = []
    for x in RESTING:
        stepper = stepper_at(film_cell(), x, StepControl(largest=1e9))
        found = np.array([final_film(stepper, t) for t in TIMES])
        exact = np.sqrt(INITIAL**2 + 2 * GROWTH * share(x) * TIMES)
        checks.append(
            below(f"Relative error of the film, x = {x:g} [-]", np.abs(found / exact - 1).max(), 1e-12)
        )
        lines.append(Line(f"exact, x = {x:g}", list(TIMES), list(1e9 * exact)))
        lines.append(Line(f"found, x = {x:g}", list(TIMES), list(1e9 * found), marks=True))
    picture = Picture("Film at rest", "Time [s]", "Film thickness [nm]", tuple(lines), log_x=True, log_y=True)
    return Findings(tuple(checks), (picture,))


def final_film(stepper: TimeStepper, until: float) -> float:
    """Rest until a time; the film of the face that is furthest from the others' mean [m]."""
    drive(stepper, film_cell(), 0.0, until)
    film = thickness(stepper)
    return float(film[np.argmax(np.abs(film - film.mean()))])


FROM, TO = 0.30, 0.15
"""Lithiation that the sweep begins and ends with."""

RATE = 11.8
"""Charge current of the sweep [A.m-2], about 1C."""

FALL = RATE / (F * C_MAX * ACTIVE_LAYERS * VOXEL)
"""Rate at which the lithiation falls [s-1]."""

LEAD = RATE * ACTIVE_LAYERS * VOXEL / (3 * F * DIFFUSIVITY * C_MAX)
"""How far the surface stoichiometry lies below the mean: ``i l / (3 F D_s c_max)``, for a constant flux."""


def swept(x: np.ndarray) -> np.ndarray:
    """Integral of the share over the stoichiometry, from x up to the critical one, in closed form."""

    def primitive(at: np.ndarray | float) -> np.ndarray:
        return -WIDTH * np.logaddexp(0.0, -(np.asarray(at) - ZERO) / WIDTH)

    top = CRITICAL / C_MAX
    return np.where(x < top, primitive(top) - primitive(x), 0.0)


def sweep(longest: float) -> tuple[np.ndarray, ...]:
    """Charge across the sweep: surface stoichiometry, thickness [m] and oxygen [mol.m-2] after every step."""
    cell = film_cell()
    stepper = stepper_at(cell, FROM, StepControl(largest=longest, first=longest))
    accepted = drive(stepper, cell, -RATE, (FROM - TO) / FALL)
    x = FROM - FALL * np.array([a.time for a in accepted]) - LEAD
    film = np.array([a.row["film_mean_m"] for a in accepted])
    return x, film, np.array([a.row["oxygen_mol"] for a in accepted]) / cell.area


def quadrature_bound(longest: float) -> float:
    """Bound of the midpoint rule, 16 points per step: h^2/24 times the variation of the slope, 1/2 WIDTH."""
    return (FALL * longest / 16) ** 2 / 24 * 0.5 / WIDTH


def sweeping(setting: Setting) -> Findings:
    """Sweep the lithiation across the critical concentration, with steps of several lengths."""
    checks: list[Check | Order] = []
    lines: list[Line] = []
    for longest in (150.0, 60.0, 20.0, 5.0) if setting.full else (150.0, 60.0, 20.0):
        x, film, oxygen = sweep(longest)
        exact = np.sqrt(INITIAL**2 + 2 * GROWTH / FALL * swept(x))
        miss = np.abs((film**2 - INITIAL**2) * FALL / (2 * GROWTH) - swept(x)).max()
        bound = quadrature_bound(longest) + 1e-7
        checks.append(below(f"Error of the integral of s over x, steps to {longest:g} s [-]", miss, bound))
        released = OXYGEN * (film - INITIAL)
        checks.append(below("Oxygen beside that of the film, relative [-]",
                            np.abs(oxygen - released).max() / released[-1], 1e-12))  # fmt: skip
        lines.append(Line(f"found, steps to {longest:g} s", list(x), list(1e9 * film), marks=True))
    lines.insert(0, Line("closed form", list(x), list(1e9 * exact)))
    axes = ("Surface stoichiometry [-]", "Film thickness [nm]")
    return Findings(tuple(checks), (Picture("Film during a charge", *axes, tuple(lines)),))


PROBLEMS = (
    Problem(
        "film-at-rest",
        "Parabolic growth of the film at fixed lithiation",
        "electrochemistry",
        "exact",
        "A laminate rests at x = 0.05 to 0.5 from 10 s to 1e8 s, in steps of the solver's choice. Nothing "
        "moves lithium, so L^2 = L_0^2 + 2 K s t with L_0 = 0.2 nm, K = 3.9e-23 m2/s, s = 1/(1 + exp(8 eV "
        "(x - 0.225) / kT)) below 11 950 mol/m3 (x = 0.2360) and 0 above. The closed form of a step "
        "composes, whatever the steps: rounding of some hundred of them, and of s, is 1e-14; 1e-12 is asked "
        "for.",
        "Both et al. 2026 (doi 10.1016/j.ensm.2026.104994), Eqs. 1-3",
        at_rest,
    ),
    Problem(
        "film-sweep",
        "Film and oxygen while the lithiation falls across the critical concentration",
        "electrochemistry",
        "exact",
        "12 um of active material with D_s = 1e-8 m2/s are charged at 11.8 A/m2 from x = 0.30 to 0.15, so "
        "that the surface falls at a constant rate r, with i l/(3 F D_s) below the mean. L^2 = L_0^2 + "
        "(2K/r) times the integral of s over x, which is kT/8 eV ln(1 + exp(-8 eV (x - 0.225)/kT)) between "
        "x and x_crit = 0.2360. Steps up to 150, 60 and 20 s; the share is averaged over a step with 16 "
        "midpoints behind the critical concentration, so the integral is off by h^2/24 times half of 8 "
        "eV/kT at most, h a sixteenth of the step, and 1e-7 for the first second, in which the gradient of "
        "the surface forms. Oxygen per area is (L - L_0) nu/V_RS to rounding.",
        "Both et al. 2026 (doi 10.1016/j.ensm.2026.104994), Eqs. 1-3; model page, film",
        sweeping,
    ),
)
