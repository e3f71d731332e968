"""Plane electrodes: the resistance of charge transfer and film, its nonlinearity, and equilibrium."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from ...cell.halfcell import HalfCell
from ...parameters.constants import F
from ...solve.control import StepControl
from ...solve.timestep import TimeStepper
from ..media import constant_parameters
from ..problem import Check, Findings, Line, Order, Picture, Problem, Setting, below, near, order
from ..small_cathode import small_cathode
from .plane_electrode import RESISTIVE, Plane, current_control, drive, plane_cell, plane_of, stepper_at

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "all alike": ("pp", {}),
    "film of 10 nm": ("pp", {"Rocksalt initial thickness [m]": 1e-8}),
    "film of 1e-8 S/m": ("pp", {"Rocksalt ionic conductivity [S.m-1]": 1e-8}),
    "film of 2e-18 m2/s": ("pp", {"Rocksalt lithium diffusivity [m2.s-1]": 2e-18}),
    "slow charge transfer": ("pp", {"Exchange current density factor [A.m2.5.mol-1.5]": 3e-8}),
    "solid of 1e-16 m2/s": ("pp", {"Active diffusivity [m2.s-1]": 1e-16}),
    "solid of 1e-5 S/m": ("pp", {"Active electronic conductivity [S.m-1]": 1e-5}),
    "electrolyte of 1e-4 S/m": ("pp", {"Electrolyte conductivity [S.m-1]": 1e-4}),
    "slow lithium metal": ("pp", {"Lithium metal exchange current density [A.m-2]": 0.1}),
    "collector contact": ("pp", {"Collector contact resistance [Ohm.m2]": 1.0}),
    "binder on the surface": ("pc", {}),
}
"""What lies in front of the active layers, and the property that dominates."""


def starting_voltages(cell: HalfCell, x: float, charging: Sequence[float]) -> np.ndarray:
    """Cell voltages [V] right behind the start of charging currents [A.m-2], concentrations uniform."""
    stepper = stepper_at(cell, x)
    found = [stepper.restart(current_control(cell, -i)).solve.unknowns.voltage for i in charging]
    return np.array([float(v) for v in found])


def resistances(setting: Setting) -> Findings:
    """Compare dV/di of every case with the sum of its resistances."""
    checks = []
    for name, (front, changes) in CASES.items():
        parameters = constant_parameters(RESISTIVE | changes)
        plane = plane_of(parameters, front, 0.5)
        i = 1e-3 * min(plane.coverage * plane.i0(plane.c_0), plane.i0_lithium)
        high, low = starting_voltages(plane_cell(parameters, front), 0.5, [i, -i])
        found = (high - low) / (2 * i)
        checks.append(near(f"Resistance, {name} [Ohm.m2]", found, plane.resistance, relative=1e-6))
    return Findings(tuple(checks))


PARTS = (0.8, 0.4, 0.2, 0.1, 0.05)
"""Currents relative to the exchange current density, largest first."""


@cache
def deviations(x: float) -> tuple[Plane, np.ndarray, np.ndarray, np.ndarray]:
    """Currents, and the odd and even parts of ``V - U`` beyond the linear limit [V]."""
    parameters = constant_parameters(RESISTIVE)
    plane = plane_of(parameters, "pp", x)
    currents = np.array(PARTS) * plane.i0(plane.c_0)
    voltages = starting_voltages(plane_cell(parameters), x, [*currents, *-currents])
    up, down = np.split(voltages - plane.voltage(0.0), 2)
    return plane, currents, 0.5 * (up - down) - plane.resistance * currents, 0.5 * (up + down)


def nonlinearity(setting: Setting) -> Findings:
    """Follow the voltage from the linear limit to large currents, at half and at four fifths."""
    plane, currents, odd, _ = deviations(0.5)
    relative = np.abs(odd) / (plane.resistance * currents)
    skewed, large, _, even = deviations(0.8)
    c = skewed.c_0
    steepness = (skewed.c_max - 2 * c) / (2 * c * (skewed.c_max - c))
    coefficient = skewed.thermal * skewed.shift * steepness / skewed.i0(c)
    share = even / (coefficient * large**2)
    slope: Any = {"size": "Current over exchange current [-]", "below": 0.1, "above": 0.1}
    checks: tuple[Check | Order, ...] = (
        order(
            "Relative deviation from the linear limit, x = 0.5 [-]", PARTS[1:], list(relative)[1:], 2, **slope
        ),
        order("Even part of the voltage, x = 0.8 [V]", PARTS[1:], list(np.abs(even))[1:], 2, **slope),
        near(
            "Even part over its leading term, extrapolated [-]",
            (4 * share[-1] - share[-2]) / 3,
            1,
            absolute=1e-4,
        ),
        *(closed_form(x) for x in (0.5, 0.8)),
    )
    return Findings(checks, (nonlinearity_picture(plane, currents, odd, skewed, large, even, coefficient),))


def closed_form(x: float) -> Check:
    """Largest miss of the closed form, forward and back, from a hundredth to four fifths of i0."""
    parameters = constant_parameters(RESISTIVE)
    plane = plane_of(parameters, "pp", x)
    currents = np.array([s * a for a in (0.01, 0.1, 0.3, 0.8) for s in (1, -1)]) * plane.i0(plane.c_0)
    found = starting_voltages(plane_cell(parameters), x, list(currents))
    miss = np.abs(found - [plane.voltage(i) for i in currents]).max()
    return below(f"Voltage beside the closed form up to 0.8 i0, x = {x:g} [V]", miss, 1e-12)


def nonlinearity_picture(
    plane: Plane, i: np.ndarray, odd: np.ndarray, skewed: Plane, j: np.ndarray, even: np.ndarray, k: float
) -> Picture:
    """Both deviations over the current, with the closed form and its leading term."""
    exact = [abs(0.5 * (plane.voltage(a) - plane.voltage(-a)) - plane.resistance * a) for a in i]
    lines = (
        Line("closed form, odd part at x = 0.5", list(i), exact),
        Line("found, odd part", list(i), list(np.abs(odd)), marks=True),
        Line("leading even term at x = 0.8", list(j), list(np.abs(k) * j**2)),
        Line("found, even part", list(j), list(np.abs(even)), marks=True),
    )
    title = "Voltage beyond the linear limit"
    return Picture(title, "Current density [A.m-2]", "Voltage [V]", lines, log_x=True, log_y=True)


LONG = 1e5
"""Rest that nothing may happen in, and its longest step [s]."""

RELAXED = 6000.0
"""Rest behind a charge [s]: fifty times what particles of 1 um need to exchange their lithium, 100 s."""


def rest(stepper: TimeStepper, cell: HalfCell, seconds: float) -> TimeStepper:
    """Let a cell rest."""
    drive(stepper, cell, 0.0, stepper.time + seconds)
    return stepper


def largest_change(stepper: TimeStepper, cell: HalfCell, x: float) -> float:
    """Largest change of a concentration relative to its uniform start."""
    c, geometry = np.asarray(stepper.unknowns.c), cell.geometry
    c_max = cell.parameters.number("Active maximum concentration [mol.m-3]")
    salt = cell.parameters.number("Initial electrolyte concentration [mol.m-3]")
    solid = c[np.asarray(geometry.active)] / (x * c_max) - 1
    return float(max(np.abs(solid).max(), np.abs(c[np.asarray(geometry.ionic)] / salt - 1).max()))


def open_circuit(cell: HalfCell, x: float) -> float:
    """U at stoichiometry x [V]."""
    parameters = cell.parameters
    law = parameters.law("Active open-circuit potential [V]")
    return float(law(np.float64(x), np.float64(parameters.number("Temperature [K]"))))


def equilibrium(setting: Setting) -> Findings:
    """Let relaxed cells rest for a week, and a charged one find its equilibrium."""
    cells = {
        "laminate": plane_cell(constant_parameters(RESISTIVE)),
        "generated cathode": small_cathode().cell(),
    }
    checks = []
    for name, cell in cells.items():
        stepper = rest(stepper_at(cell, 0.22, StepControl(largest=LONG)), cell, LONG)
        miss = abs(float(stepper.unknowns.voltage) - open_circuit(cell, 0.22))
        checks.append(below(f"Voltage beside U(0.22) after the rest, {name} [V]", miss, 1e-12))
        change = largest_change(stepper, cell, 0.22)
        checks.append(below(f"Relative change of concentrations, {name} [-]", change, 1e-12))
    return Findings((*checks, *relaxation(cells["generated cathode"])))


def relaxation(cell: HalfCell) -> tuple[Check, ...]:
    """Charge for 300 s at 1C, then rest: the voltage is U of the lithium that is left."""
    stepper = stepper_at(cell, 0.6, StepControl(largest=300.0))
    drive(stepper, cell, -cell.one_c_current / cell.area, 300.0)
    c_max = cell.parameters.number("Active maximum concentration [mol.m-3]")
    x = 0.6 - 300.0 * cell.one_c_current / (F * c_max * cell.active_volume)
    solid = np.asarray(rest(stepper, cell, RELAXED).unknowns.c)[np.asarray(cell.geometry.active)]
    voltage = float(stepper.unknowns.voltage)
    return (
        near("Voltage after charge and rest [V]", voltage, open_circuit(cell, x), absolute=2e-10),
        near("Mean lithiation after charge and rest [-]", solid.mean() / c_max, x, absolute=2e-10),
        below("Spread of the lithiation after charge and rest [-]", np.ptp(solid) / c_max, 2e-10),
    )


PROBLEMS = (
    Problem(
        "linear-resistance",
        "Charge transfer, film and layers in the linear limit",
        "electrochemistry",
        "exact",
        "Laminate: lithium, 12 um of separator, 2 um of pore (or of pore and binder), 12 um of active "
        "material, t_plus = 1. When a small current starts, all concentrations are uniform and dV/di is the "
        "sum [RT/(F i0) + L/kappa_RS + |dU/dc| L/(F D_RS)] / theta + |dU/dc| d/(2 F D_s) + RT/(F i0_Li) + "
        "the thicknesses over their effective conductivities + the contact resistance; theta is 1, or the "
        "porosity of the binder. Eleven cases, in which other terms prevail, from 0.17 to 1.4 Ohm.m2. "
        "Central difference at 1/1000 of the smallest exchange current density: the sinh leaves 4e-8, the "
        "lithium shift s i in film and solid 2 (s i / c_max)^2 of the charge transfer, 2e-7: 1e-6 relative.",
        "Both et al. 2026 (doi 10.1016/j.ensm.2026.104994), Eqs. 4-6; model page, interface and ends",
        resistances,
    ),
    Problem(
        "charge-transfer-nonlinear",
        "Charge transfer and film beyond the linear limit",
        "electrochemistry",
        "exact",
        "The same laminate up to 0.8 i0. V = U(c_if) + (2RT/F)[asinh(i/2 i0(c_if)) + asinh(i/2 i0_Li)] + R "
        "i is met to 1e-12 V, what the solver's tolerance of 1e-12 and the rounding of 4 V leave. At x = "
        "0.5, where i0 is largest, V - U is odd in i, and its relative deviation from the linear limit "
        "falls with the square of i. At x = 0.8 the lithium shift in film and solid, s = L/(F D_RS) + d/(2 "
        "F D_s), makes charge and discharge differ: the even part begins with (RT/F) s (d ln i0/dc) i^2 / "
        "i0. Its next power is i^4, so the ratio, extrapolated from i0/10 and i0/20, is 1 to 1e-4; slopes 2 "
        "to 0.1.",
        "Both et al. 2026 (doi 10.1016/j.ensm.2026.104994), Eqs. 4-6",
        nonlinearity,
    ),
    Problem(
        "equilibrium",
        "Equilibrium stays, and is found again",
        "electrochemistry",
        "exact",
        "A laminate and a generated cathode of 8 x 6 x 6 voxels, with binder and a growing film, rest for "
        "1e5 s from uniform concentrations at x = 0.22: every flux is zero, so V = U(0.22) to 1e-12 V and "
        "concentrations stay to 1e-12, which is rounding. Then the cathode is charged at 1C for 300 s from "
        "x = 0.6 and rests for 6000 s: all lithium is at one potential, V = U(x) with x = 0.6 - Q/(F c_max "
        "volume) from the charge alone. The solver's tolerance, 2e-9 of C/20, over 6300 s is 1.3e-10 in x "
        "(C is 0.725 of it per hour): 2e-10, and as U falls by at most 1 V per x near there, 2e-10 V.",
        "Model page, balances and interface: no current, no flux; Faraday's law",
        equilibrium,
    ),
)
