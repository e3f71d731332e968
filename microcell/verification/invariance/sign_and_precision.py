"""The answer depends neither on the sign of a small current nor on the precision inside."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax.numpy as jnp

from ...cell.halfcell import HalfCell
from ...simulation import Simulation
from ...solve.control import StepControl
from ..problem import Check, Findings, Line, Picture, Problem, Setting, below, near, order
from ..small_cathode import State, run, small_cathode, state_of
from .dense_newton import DenseStep, dense_step
from .field_comparison import differences, fields_of

NO_GROWTH = {"Rocksalt growth constant [m2.s-1]": 0.0}


@cache
def _cell() -> HalfCell:
    """The small cathode with a film that stays as it is."""
    return small_cathode().cell(NO_GROWTH)


def _respond(rate: float) -> tuple[float, int]:
    """Cell voltage after 5 s at a C-rate in steps of 1 s, and the number of steps."""
    steps = StepControl(error=1.0, first=1.0, largest=1.0, residual=2e-10, linear=1e-4)
    simulation = Simulation(_cell(), initial="x = 0.5", control=steps)
    voltage = simulation.step(5.0, current=rate * _cell().one_c_current)["Voltage [V]"]
    assert simulation.stepper is not None
    return voltage, simulation.stepper.counts["steps"]


def _solve_sign(setting: Setting) -> Findings:
    parameters = _cell().parameters
    law = parameters.law("Active open-circuit potential [V]")
    at_rest = float(law(jnp.asarray(0.5), jnp.asarray(parameters.number("Temperature [K]"))))
    rates = (1.6, 0.8, 0.4, 0.2) if setting.full else (0.8, 0.4, 0.2)
    found = {sign * rate: _respond(sign * rate) for rate in rates for sign in (1, -1)}
    even = [abs(found[rate][0] + found[-rate][0] - 2 * at_rest) for rate in rates]
    rises = [found[rate][0] - at_rest for rate in rates]
    other = sum(abs(steps - 5) for _, steps in found.values())
    ordered = order("|V(+i) + V(-i) - 2 U| [V]", rates, even, 2.0, size="C-rate [-]", below=0.1, above=0.1)
    lines = (
        Line("slope 2", rates, [even[-1] * (r / rates[-1]) ** 2 for r in rates]),
        Line("found", rates, even, marks=True),
    )
    picture = Picture("Even part of the response", "C-rate [-]", "|V(+i)+V(-i)-2U| [V]", lines, True, True)
    return Findings(
        (
            ordered,
            below("Rise of the voltage on discharge, largest [V]", max(0.0, *rises), 0.0),
            below("Time steps more or fewer than five, all runs [-]", other, 0.0),
        ),
        (picture,),
    )


def _solve_return(setting: Setting) -> Findings:
    rest = 60000 if setting.full else 20000
    steps = ("Charge at 1C for 60 s", "Discharge at 1C for 60 s", f"Rest for {rest} s")
    control = StepControl(largest=1500.0)
    rows = run(_cell(), steps, "3.9 V", control).rows
    last, time = rows.iloc[-1], rows["Time [s]"].to_numpy()
    salt = [float(last[f"{end} electrolyte concentration [mol.m-3]"]) for end in ("Minimum", "Maximum")]
    turn, early = rows["Mean stoichiometry"].min(), time <= 600
    lines = (
        Line("open-circuit voltage", [0.0, 600.0], [3.9, 3.9]),
        Line("cell voltage", time[early].tolist(), rows["Voltage [V]"][early].tolist(), marks=True),
    )
    return Findings(
        (
            near("Voltage after the rest [V]", last["Voltage [V]"], 3.9, absolute=1e-7),
            near("Smallest salt concentration after the rest [mol.m-3]", salt[0], 1000.0, absolute=1e-4),
            near("Largest salt concentration after the rest [mol.m-3]", salt[1], 1000.0, absolute=1e-4),
            below("Lithium that did not return, over lithium moved [-]", _not_returned(rows, turn), 1e-7),
        ),
        (Picture("There and back", "Time [s]", "Voltage [V]", lines),),
    )


def _not_returned(rows: Any, turn: float) -> float:
    start, end = rows["Mean stoichiometry"].iloc[0], rows["Mean stoichiometry"].iloc[-1]
    return float(abs(end - start) / (start - turn))


def _solve_precision(setting: Setting) -> Findings:
    cell, dt = _cell(), 0.5
    current = -2.0 * cell.one_c_current
    checks: list[Check] = []
    dense: DenseStep | None = None
    for what, control, bar in (
        ("default", StepControl(error=1.0, first=dt), 1e-7),
        ("tight", StepControl(error=1.0, first=dt, residual=2e-11, linear=1e-6), 1e-9),
    ):
        simulation = Simulation(cell, initial="3.9 V", control=control)
        stepper = simulation.start_stepper()
        dense = dense or dense_step(stepper.system, stepper.past, dt, current)
        found = state_of(simulation, simulation.step(dt, current=current))
        expected = State(dense.unknowns, found.film, {"Voltage [V]": float(dense.unknowns.voltage)})
        checks += [
            below(f"{what}: time steps beyond one [-]", stepper.counts["steps"] - 1, 0.0),
            *differences(fields_of(cell, expected), fields_of(cell, found), what, bar),
            near(f"{what}: cell voltage [V]", found.voltage, expected.voltage, absolute=0.1 * bar),
        ]
    assert dense is not None
    exact = below("Residual of the dense solution over the current [-]", dense.residual, 1e-11)
    return Findings((exact, *checks))


_CELL = "Generated cathode of 8 x 6 x 6 voxels of 0.5 x 0.45 x 0.55 um, built-in NMC811, film held."

PROBLEMS: tuple[Problem, ...] = (
    Problem(
        name="sign-of-the-current",
        title="Small charge and discharge currents give opposite responses",
        family="invariance",
        answer="exact",
        statement=f"{_CELL} 5 s at 0.8, 0.4 and 0.2C (full size: from 1.6C) in both directions from x = "
        "0.5, in 5 equal steps, so that the answers are those of one set of algebraic equations. These are "
        "smooth in i, so |V(+i) + V(-i) - 2U|, U the open-circuit potential, is even in i and falls with "
        "i^2: slope 2. The next term, i^4, is a few percent at 0.8C: slope within 0.1. Discharge lowers V.",
        source="model, section 4: positive current is discharge; section 3: the kinetics are odd about rest",
        solve=_solve_sign,
    ),
    Problem(
        name="there-and-back",
        title="A charge, the same discharge, and a long rest end where they began",
        family="invariance",
        answer="exact",
        statement=f"{_CELL} 60 s at 1C there and back from 3.9 V, then 20 000 s of rest (full size: 60 000 "
        "s), 40 times L^2 / (pi^2 D) = 510 s for the 4 um of the electrode. No net charge has passed, so "
        "lithium and salt are those of the start, and uniform: V = 3.9 V, c_e = 1000 mol/m3. Residuals of "
        "2e-9 of C/20 over the rest may gather to 3e-8 of the lithium moved (full size: 1e-7), which moves "
        "V by 1 nV: 1e-7 for lithium, 1e-7 V and 1e-7 of the salt leave room for what has not decayed.",
        source="model, sections 2 and 6",
        solve=_solve_return,
    ),
    Problem(
        name="precision-inside",
        title="Linear algebra in float32 leaves no trace in the answer",
        family="invariance",
        answer="independent",
        statement=f"{_CELL} One step of backward Euler, 0.5 s at 2C from 3.9 V, against Newton's method "
        "with a dense Jacobian by automatic differentiation and LU decomposition in float64 (residual at "
        "rounding, some 1e-12 of the current). microcell's inner solves run in float32 with multigrid. It "
        "promises residuals of 2e-9 of the current by default; at worst all of it in one of the 141 active "
        "voxels, 3e-7 of the mean change, about 1e-7 of the range of a field, and 1e-8 V. With residual "
        "2e-11 and linear 1e-6: 1e-9 and 1e-10 V.",
        source="model, section 6; docs/solver.md",
        solve=_solve_precision,
    ),
)
