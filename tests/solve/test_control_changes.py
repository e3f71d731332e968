"""Changes of control: what they cost, how closely they are met, and that the start is consistent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from small_cells import tiny_cell

from microcell import ParameterSet
from microcell.cell.measure import plane_currents
from microcell.cell.residual import Context, System, evaluate
from microcell.cell.state import Control, Inertia
from microcell.protocol.resolve import CURRENT, VOLTAGE
from microcell.simulation import Simulation
from microcell.solve.events import Event
from microcell.solve.newton import CONVERGED
from microcell.solve.timestep import TimeStepper

NMC = ParameterSet.builtin("nmc811")
WINDOW = 4
"""Accepted steps on either side of a change of control that count as around it."""


@dataclass
class Cycle:
    """CC-CV charge and discharge at 1C, driven step by step."""

    stepper: TimeStepper
    counts: list[dict[str, int]] = field(default_factory=list)
    changes: list[int] = field(default_factory=list)
    ends: list[tuple[float, float]] = field(default_factory=list)

    def record(self) -> None:
        self.counts.append(dict(self.stepper.counts))

    def run(self, control: Control, events: list[Event]) -> None:
        self.changes.append(len(self.counts))
        attempt = self.stepper.restart(control)
        self.record()
        for _ in self.stepper.run(control, self.stepper.time + 7200.0, events):
            attempt = self.stepper.last  # type: ignore[assignment]
            self.record()
        self.ends.append((float(attempt.solve.unknowns.voltage), float(attempt.measures.current_A)))


@pytest.fixture(scope="module")
def cycle() -> Cycle:
    stepper = Simulation(tiny_cell(NMC), initial="3.6 V").start_stepper()
    one_c = stepper.one_c
    made = Cycle(stepper)
    made.run(control(CURRENT, -one_c), [Event("4.3 V", lambda v, _: v - 4.3, 5e-4)])
    taper = Event("C/20", lambda _, i: (0.05 * one_c - abs(i)) / (0.05 * one_c), 1e-3)
    made.run(control(VOLTAGE, 4.3), [taper])
    made.run(control(CURRENT, one_c), [Event("3 V", lambda v, _: 3.0 - v, 5e-4)])
    return made


def control(mode: int, value: float) -> Control:
    return Control(np.int32(mode), np.float64(value))


def test_at_most_one_step_is_wasted_per_change_of_control(cycle: Cycle) -> None:
    """Rejected and failed attempts from four accepted steps before to four after each change: one at most.

    Attempts that locate the event which ends a step are counted apart: four at most.
    """
    for place in cycle.changes:
        before = cycle.counts[max(place - 1 - WINDOW, 0)]
        after = cycle.counts[min(place + WINDOW, len(cycle.counts) - 1)]
        spent = {name: after[name] - before[name] for name in after}
        assert spent["rejected"] + spent["failed"] <= 1
        assert spent["located"] <= 4
    assert cycle.stepper.counts["starting"] == 3 * len(cycle.changes)


def test_every_attempt_is_accounted_for(cycle: Cycle) -> None:
    """Attempts = steps + rejected + failed + located + instants of starts; few are thrown away."""
    n = cycle.stepper.counts
    assert n["attempts"] == n["steps"] + n["rejected"] + n["failed"] + n["located"] + n["starting"]
    assert n["rejected"] + n["failed"] <= 4
    assert (n["events"], n["starts"]) == (3, 3)


def test_events_are_met_within_their_tolerance(cycle: Cycle) -> None:
    """4.3 V and 3.0 V within 1 mV, C/20 within 0.1 %."""
    one_c = cycle.stepper.one_c
    (charged, _), (_, taper), (discharged, _) = cycle.ends
    assert charged == pytest.approx(4.3, abs=1e-3)
    assert discharged == pytest.approx(3.0, abs=1e-3)
    assert abs(taper) == pytest.approx(0.05 * one_c, rel=1.001e-3)


def test_the_current_goes_on_smoothly_from_charge_to_hold(cycle: Cycle) -> None:
    """The hold begins where the charge ended: its first current is 1C within 1 %, as 4.3 V was met within
    0.5 mV."""
    stepper = Simulation(tiny_cell(NMC), initial="4.1 V").start_stepper()
    stepper.restart(control(CURRENT, -stepper.one_c))
    rows = list(stepper.run(control(CURRENT, -stepper.one_c), 300.0, []))
    held = stepper.restart(control(VOLTAGE, rows[-1].row["voltage_V"]))
    assert float(held.measures.current_A) == pytest.approx(-stepper.one_c, rel=1e-6)


CHANGES = [
    (CURRENT, 1.0),
    (CURRENT, -2.0),
    (CURRENT, 0.0),
    (VOLTAGE, 3.95),
]


def changed(mode: int, value: float) -> tuple[TimeStepper, Control, Any]:
    """A stepper right behind a change of control, after a minute at 1C, and what is to stay as it was."""
    stepper = Simulation(tiny_cell(NMC), initial="3.8 V").start_stepper()
    first = control(CURRENT, stepper.one_c)
    stepper.restart(first)
    list(stepper.run(first, 60.0, []))
    before = stepper.time, np.asarray(stepper.past.c[0]), np.asarray(stepper.past.film), stepper.lithium()
    new = control(mode, value * stepper.one_c if mode == CURRENT else value)
    stepper.restart(new)
    return stepper, new, before


@pytest.mark.parametrize(("mode", "value"), CHANGES)
def test_a_change_of_control_moves_charge_carriers_and_nothing_else(mode: int, value: float) -> None:
    """Time, concentrations and film stay bit by bit; the measures hold the lithium of that state (1e-12); the
    control is met and every plane carries the terminal current (1e-8 of 1C)."""
    stepper, new, (time, c, film, lithium) = changed(mode, value)
    attempt = stepper.last
    assert attempt is not None
    assert int(attempt.solve.code) == CONVERGED
    assert stepper.time == time
    assert np.array_equal(stepper.past.c[0], c)
    assert np.array_equal(stepper.past.film, film)
    measures = attempt.measures
    inside = float(measures.lithium_solid_mol + measures.lithium_electrolyte_mol)
    assert inside == pytest.approx(lithium, rel=1e-12)
    met = float(measures.current_A if mode == CURRENT else attempt.solve.unknowns.voltage)
    assert met == pytest.approx(float(new.value), rel=1e-8, abs=1e-8 * stepper.one_c)
    assert float(measures.charge_error_A) <= 1e-8 * max(stepper.one_c, abs(float(measures.current_A)))


@pytest.mark.parametrize(("mode", "value"), CHANGES)
def test_potentials_balance_at_the_frozen_concentrations(mode: int, value: float) -> None:
    """Rows of electrons, ions and control at the accepted concentrations: 1e-9 of the current."""
    stepper, new, _ = changed(mode, value)
    rows, planes = balances_at(stepper.system, stepper, new)
    current = max(stepper.one_c, abs(stepper._latest_current()))
    assert max(float(jnp.abs(a).max()) for a in rows[1:]) <= 1e-9 * current
    assert planes <= 1e-9 * current


def balances_at(system: System, stepper: TimeStepper, imposed: Control) -> tuple[Any, float]:
    """Rows of the residual at the frozen state, and the largest miss of a plane current."""
    past = stepper.past
    inertia = Inertia(np.float64(1.0), past.c[0])
    balance = evaluate(system, Context(past.film, inertia, imposed), stepper.unknowns, past.currents)
    through, terminal = plane_currents(system, stepper.unknowns, balance.currents)
    return balance.rows, float(jnp.abs(through - terminal).max())


def test_the_first_row_is_the_state_at_time_zero(tmp_path: Any) -> None:
    """The time series begins with the lithium of the initial state (1e-12) under the new current (1e-9)."""
    from microcell import Experiment

    simulation = Simulation(tiny_cell(NMC), Experiment(["Discharge at 1C for 5 s"], initial="x = 0.5"))
    rows = simulation.solve(tmp_path / "run", progress=False).timeseries
    assert rows["Time [s]"].iloc[0] == 0.0
    assert rows["Mean stoichiometry"].iloc[0] == pytest.approx(0.5, rel=1e-12)
    assert rows["C-rate"].iloc[0] == pytest.approx(1.0, rel=1e-8)
    assert rows["Lithium drift"].abs().max() <= 1e-8
