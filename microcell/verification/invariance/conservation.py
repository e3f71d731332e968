"""What can neither appear nor vanish: lithium, salt and charge."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from ...cell.halfcell import HalfCell
from ...image.phases import ACTIVE
from ...parameters.constants import F
from ...simulation import Simulation
from ...solve.control import StepControl
from ..problem import Check, Findings, Line, Picture, Problem, Setting, below, near
from ..small_cathode import Run, run, small_cathode, state_of

BAR = 1e-8
"""Largest loss of lithium relative to lithium moved, and of charge relative to the current."""

RESISTANCE = {"Particle contact resistance [Ohm.m2]": 1e-3}
WHOLE = (
    "3.6 V",
    ("Charge at 1C until 4.3 V", "Hold at 4.3 V until C/20", "Discharge at 1C until 3.0 V"),
)
SHORT = (
    "4.2 V",
    ("Charge at 1C until 4.3 V", "Hold at 4.3 V until C/2", "Discharge at 2C until 4.1 V"),
)
"""Initial voltage and steps of the two sizes; both cross into the range where the film grows."""


def _cycle(cell: HalfCell, setting: Setting) -> Run:
    initial, steps = WHOLE if setting.full else SHORT
    return run(cell, steps, initial)


def _balances(found: Run, name: str = "") -> tuple[Check, ...]:
    """Largest loss over all time steps of lithium, salt, charge and solid lithium against charge."""
    rows = found.rows.iloc[1:]
    moved = rows["Charge passed [C]"].diff().abs().cumsum().add(abs(rows["Charge passed [C]"].iloc[0])) / F
    salt = found.rows["Lithium in electrolyte [mol]"]
    solid = found.rows["Lithium in active material [mol]"]
    gained = (solid - solid.iloc[0]).iloc[1:] - rows["Charge passed [C]"] / F
    errors = {
        "Lithium drift over lithium moved": rows["Lithium drift"],
        "Salt gained over lithium moved": (salt - salt.iloc[0]).iloc[1:] / moved,
        "Solid lithium gained less charge / F over lithium moved": gained / moved,
        "Current through a z plane less terminal current, relative": rows["Charge balance error"],
    }
    return tuple(below(f"{name}{what} [-]", float(e.abs().max()), BAR) for what, e in errors.items())


def _picture(found: Run) -> Picture:
    rows = found.rows.iloc[1:]
    hours = (rows["Time [s]"] / 3600.0).tolist()
    bars = Line("bar", [hours[0], hours[-1]], [BAR, BAR])
    marks = [
        Line(label, hours, np.maximum(rows[column].abs(), 1e-16).tolist(), marks=True)
        for label, column in (("lithium", "Lithium drift"), ("charge", "Charge balance error"))
    ]
    return Picture("Conservation over the cycle", "Time [h]", "Loss [-]", (bars, *marks), log_y=True)


def _solve_cycle(setting: Setting) -> Findings:
    cell = small_cathode().cell()
    found = _cycle(cell, setting)
    inert = ", ".join(f"{count} {reason}" for reason, count in cell.inert.items())
    remark = f"{len(found.rows)} time steps; inert: {inert}."
    return Findings((*_balances(found), *_ends(found, setting)), (_picture(found),), remark)


def _ends(found: Run, setting: Setting) -> tuple[Check, ...]:
    """Hold the voltages at which the charge and the discharge ended against their cut-offs."""
    last = 3.0 if setting.full else 4.1
    charge, _, discharge = found.steps["voltage_V"]
    return (
        near("Voltage at the end of the charge [V]", charge, 4.3, absolute=5e-4),
        near("Voltage at the end of the discharge [V]", discharge, last, absolute=5e-4),
    )


def _solve_two_phases(setting: Setting) -> Findings:
    found = _cycle(small_cathode().without_binder().cell(), setting)
    return Findings(_balances(found), (_picture(found),))


def _solve_floating(setting: Setting) -> Findings:
    found = _cycle(small_cathode().cell(islands="keep"), setting)
    return Findings(_balances(found), (_picture(found),))


def _solve_contacts(setting: Setting) -> Findings:
    cells = {"resistive": _contact_cell("resistive"), "insulated": _contact_cell("insulated")}
    checks = [c for name, cell in cells.items() for c in _balances(_cycle(cell, setting), f"{name}: ")]
    return Findings((*checks, *_one_step_per_particle()))


@cache
def _contact_cell(contact: str) -> HalfCell:
    return small_cathode().cell(RESISTANCE, particle_contact=contact)


def _one_step_per_particle(dt: float = 5.0) -> tuple[Check, ...]:
    """One step of backward Euler: what a particle loses is what left through its own interface."""
    cell = _contact_cell("insulated")
    simulation = Simulation(cell, initial="4.0 V", control=StepControl(error=1.0, first=dt))
    start = simulation.start_stepper().past.c[0]
    state = state_of(simulation, simulation.step(dt, current=-cell.one_c_current))
    stepper = simulation.stepper
    assert stepper is not None
    lost, left = _particle_losses(cell, np.asarray(start) - state.unknowns.c, stepper.past.currents.face)
    moved = cell.one_c_current * dt / F
    worst = float(np.abs(lost - left * dt / F).max() / moved)
    quantity = "insulated: lithium lost by a particle less what left through its interface, over all moved"
    total = "insulated: lithium lost by all particles over I dt / F [-]"
    return (
        below("Time steps beyond the first [-]", stepper.counts["steps"] - 1, 0.0),
        below(f"{quantity} [-]", worst, BAR),
        near(total, lost.sum() / moved, 1.0, relative=BAR),
    )


def _particle_losses(cell: HalfCell, fall: np.ndarray, currents: Any) -> tuple[np.ndarray, np.ndarray]:
    """Lithium lost [mol] where c has fallen, and the interface current [A], of every particle."""
    grid = cell.grid()
    assert grid.particles is not None
    numbers = np.where(grid.phases == ACTIVE, grid.particles, 0).ravel()
    count = int(numbers.max()) + 1
    image = fall[cell.stack.separator_cells :].ravel() * cell.volume.voxel_volume
    lost = np.bincount(numbers, image, count)
    through = np.asarray(currents) * grid.faces.area * grid.faces.coverage
    left = np.bincount(numbers[grid.faces.active_index], through, count)
    return lost[1:], left[1:]


_GEOMETRY = (
    "Generated cathode of 8 x 6 x 6 voxels of 0.5 x 0.45 x 0.55 um, eight particles, 5 um of separator, "
    "built-in NMC811, default tolerances. Charge to 4.3 V, hold, discharge (reduced size: from 4.2 V to "
    "4.1 V)."
)
_BAR = (
    "Newton stops where the sum and the norm of each block of rows are below 2e-9 of the current; the sums "
    "over time steps and over the cells behind a plane may gather a few of these: 1e-8."
)

_CYCLE = Problem(
    name="lithium-and-charge",
    title="Lithium, salt and charge over a cycle with constant current and constant voltage",
    family="invariance",
    answer="exact",
    statement=f"{_GEOMETRY} With binder; cut-off voxels of all phases are inert. In every time step: "
    "lithium in solid and electrolyte is that of the start plus what crossed the lithium plane; salt stays "
    "(anions cannot leave); the solid gains charge / F; the current through every z plane is that at the "
    f"terminals. All errors are 0. {_BAR} Charge and discharge end at their cut-offs to the 0.5 mV of the "
    "step control.",
    source="model, sections 2 and 6",
    solve=_solve_cycle,
)

PROBLEMS: tuple[Problem, ...] = (
    _CYCLE,
    replace(
        _CYCLE,
        name="conservation-two-phases",
        title="The same without carbon-binder domain",
        statement=f"{_GEOMETRY} Binder made pore, so that more is cut off and inert. The same four "
        f"balances. {_BAR}",
        solve=_solve_two_phases,
    ),
    replace(
        _CYCLE,
        name="conservation-islands",
        title="The same with floating islands",
        statement=f"{_GEOMETRY} Cut-off clusters that touch the other network keep their fields and float: "
        f"they may exchange lithium at zero net current. The same four balances. {_BAR}",
        solve=_solve_floating,
        full_only=True,
    ),
    replace(
        _CYCLE,
        name="conservation-particle-contacts",
        title="Lithium and charge with resistive and with insulated particle contacts",
        statement=f"{_GEOMETRY} Contacts between particles with 1e-3 Ohm.m2, then blocked. The same four "
        "balances; and with blocked contacts one step of backward Euler (5 s at 1C), in which each "
        f"particle loses exactly what its own interface passes, dt sum(theta w A i) / F. {_BAR}",
        source="model, sections 2, 3 and 6",
        solve=_solve_contacts,
    ),
)
