"""The ladder behind a failed step: its order, its counts, what each rung changes, and the diagnosis at its
end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from small_cells import tiny_cell

from microcell import ParameterSet
from microcell.cell.state import Control
from microcell.errors import SolverError
from microcell.protocol.resolve import CURRENT, VOLTAGE
from microcell.simulation import Simulation
from microcell.solve.advance import Attempt, advance
from microcell.solve.control import StepControl
from microcell.solve.formula import formula
from microcell.solve.ladder import CUT, DAMP, DEEPEN, MANY_CUTS, REFRESH, RUNGS, TIGHTEN, WIDEN, Ladder
from microcell.solve.newton import CONVERGED, MAX_ITERATIONS, NOT_FINITE
from microcell.solve.timestep import TimeStepper

NMC = ParameterSet.builtin("nmc811")


def test_the_rungs_come_in_their_order() -> None:
    """Cut, deepen, damp, refresh, tighten, widen, then cut on; after an accepted step from the ground, with
    the large basis and float64 kept and no other refresh until the control changes."""
    ladder = Ladder()
    assert [ladder.climb() for _ in range(8)] == [CUT, DEEPEN, DAMP, REFRESH, TIGHTEN, WIDEN, CUT, CUT]
    assert ladder.deep
    assert ladder.damped
    assert ladder.tight
    assert ladder.wide
    ladder.step_down()
    assert ladder.deep
    assert ladder.wide
    assert not ladder.damped
    assert not ladder.tight
    assert [ladder.climb() for _ in range(4)] == [CUT, DAMP, TIGHTEN, CUT]
    ladder.step_down()
    ladder.change_control()
    assert not ladder.deep
    assert not ladder.wide
    assert [ladder.climb() for _ in range(6)] == list(RUNGS)


def test_many_cuts_lead_to_float64() -> None:
    """Steps that succeed after a cut, one behind the other: behind the last of many cuts comes float64."""
    ladder = Ladder()
    for _ in range(MANY_CUTS):
        assert ladder.climb() == CUT
        ladder.step_down()
    assert ladder.climb() == WIDEN
    ladder.step_down()
    assert ladder.climb() == CUT
    ladder.step_down()
    ladder.change_control()
    assert ladder.climb() == CUT
    assert not ladder.wide


class Faults:
    """Stands in for the time step; reports failure as long as ``fails`` says so, and keeps the arguments."""

    def __init__(self) -> None:
        self.fails: Callable[..., bool] = lambda *_: False
        self.code = MAX_ITERATIONS
        self.seen: list[tuple[Any, ...]] = []

    def __call__(self, *arguments: Any) -> Attempt:
        self.seen.append(arguments)
        attempt = advance(*arguments)
        if not self.fails(*arguments):
            return attempt
        return attempt._replace(solve=attempt.solve._replace(code=jnp.asarray(self.code)))


@pytest.fixture
def stepper() -> TimeStepper:
    """A tiny cell under a discharge of 1C, four steps in."""
    simulation = Simulation(tiny_cell(NMC), initial="3.8 V", control=StepControl(first=1.0))
    made = simulation.start_stepper()
    made.restart(discharge(made))
    for _ in zip(range(4), made.run(discharge(made), 100.0, []), strict=False):
        pass
    return made


@pytest.fixture
def faults(stepper: TimeStepper) -> Faults:
    """Faults in the way of that cell."""
    return put_into(stepper)


def put_into(stepper: TimeStepper) -> Faults:
    stand_in = Faults()
    stepper.layout.advance = stepper.layout.advance_deeply = stepper.layout.advance_widely = stand_in
    return stand_in


def discharge(stepper: TimeStepper, rate: float = 1.0) -> Control:
    return Control(np.int32(CURRENT), np.float64(rate * stepper.one_c))


def one_step(stepper: TimeStepper) -> float:
    return next(stepper.run(discharge(stepper), 1000.0, [])).dt


def coefficients(seen: tuple[Any, ...]) -> Any:
    return seen[3]


def test_one_failure_cuts_the_step(stepper: TimeStepper, faults: Faults) -> None:
    """The second attempt is 0.3 times as long, with the same formula and prediction, and is counted."""
    first: list[int] = []
    faults.fails = lambda *_: not first and not first.append(1)
    one_step(stepper)
    a, b = (float(coefficients(s).dt) for s in faults.seen)
    assert b == pytest.approx(0.3 * a, rel=1e-12)
    assert np.count_nonzero(coefficients(faults.seen[1]).predict_c) == 3
    assert (stepper.counts["cut"], stepper.counts["damped"], stepper.counts["failed"]) == (1, 0, 1)


def test_a_bad_prediction_is_damped_away(stepper: TimeStepper, faults: Faults) -> None:
    """Failing as long as the start is extrapolated: the fourth attempt starts from the last accepted state,
    at the step of the second."""
    faults.fails = lambda *a: float(coefficients(a).predict_c[0]) != 1.0
    dt = one_step(stepper)
    steps = [float(coefficients(s).dt) for s in faults.seen]
    assert len(steps) == 4
    assert dt == steps[3] == steps[2] == steps[1]
    assert coefficients(faults.seen[3]).predict_c.tolist() == [1.0, 0.0, 0.0]
    assert coefficients(faults.seen[3]).predict_phi.tolist() == [1.0, 0.0]
    assert [stepper.counts[r] for r in RUNGS] == [1, 1, 1, 0, 0, 0]


def test_a_stalled_linear_solver_gets_a_large_basis(stepper: TimeStepper) -> None:
    """Failing with the basis of six: the third attempt has sixteen, and so have all steps until the control
    changes."""
    small, large = Faults(), Faults()
    small.fails = lambda *_: True
    stepper.layout.advance, stepper.layout.advance_deeply = small, large
    one_step(stepper)
    one_step(stepper)
    assert (len(small.seen), len(large.seen)) == (2, 2)
    small.fails = lambda *_: False
    stepper.restart(discharge(stepper))
    assert len(large.seen) == 2


def test_both_bases_give_the_same_step(stepper: TimeStepper) -> None:
    """A step of 2 s with a basis of 6 and of 16: the voltage to 1e-9 V, concentrations to 1e-9 of c_max."""
    step = formula(2.0, stepper.times)
    few, many = (
        stepper._attempt(step, discharge(stepper)),
        stepper.layout.advance_deeply(*stepper._arguments(step, discharge(stepper), stepper.past)),
    )
    assert int(few.solve.code) == int(many.solve.code) == CONVERGED
    assert float(few.solve.unknowns.voltage) == pytest.approx(float(many.solve.unknowns.voltage), abs=1e-9)
    assert np.allclose(few.solve.unknowns.c, many.solve.unknowns.c, rtol=0, atol=1e-9 * 50636.0)


def test_a_stale_hierarchy_is_built_again(stepper: TimeStepper, faults: Faults) -> None:
    """Failing with the hierarchies of the start: new ones are built from the present state, and stay."""
    old = stepper.hierarchies
    faults.fails = lambda *a: a[1] is old
    one_step(stepper)
    assert [stepper.counts[r] for r in RUNGS] == [1, 1, 1, 1, 0, 0]
    assert stepper.hierarchies is not old
    one_step(stepper)
    assert stepper.counts["failed"] == 4


def test_loose_linear_solves_are_tightened(stepper: TimeStepper, faults: Faults) -> None:
    """Failing unless the forcing term is 1e-5: the sixth attempt has it, the step after that has not."""
    faults.fails = lambda *a: float(a[6].linear) > 1e-4
    one_step(stepper)
    assert [stepper.counts[r] for r in RUNGS] == [1, 1, 1, 1, 1, 0]
    assert float(faults.seen[-1][6].linear) == 1e-5
    faults.fails = lambda *_: False
    one_step(stepper)
    assert float(faults.seen[-1][6].linear) == 1e-3


def test_numbers_of_the_ladder_compile_nothing(stepper: TimeStepper, faults: Faults) -> None:
    """Cut, damping and tightening are traced numbers: as many compiled versions after as before."""
    compiled = advance._cache_size()
    stepper._ladder._taken = {DEEPEN, REFRESH}
    faults.fails = lambda *a: float(a[6].linear) > 1e-4
    one_step(stepper)
    assert [stepper.counts[r] for r in RUNGS] == [1, 0, 1, 0, 1, 0]
    assert advance._cache_size() == compiled


def test_the_answer_does_not_depend_on_the_rungs_taken(stepper: TimeStepper, faults: Faults) -> None:
    """60 s with every fourth attempt failing, against 60 s without: voltage within 0.2 mV, charge 1e-8."""
    twin = Simulation(tiny_cell(NMC), initial="3.8 V", control=StepControl(first=1.0)).start_stepper()
    twin.restart(discharge(twin))
    goal = stepper.time + 60.0
    count = iter(range(1000))
    faults.fails = lambda *_: next(count) % 4 == 1
    troubled = list(stepper.run(discharge(stepper), goal, []))[-1]
    faults.fails = lambda *_: False
    calm = list(twin.run(discharge(twin), goal, []))[-1]
    assert stepper.counts["failed"] > 3
    assert troubled.row["voltage_V"] == pytest.approx(calm.row["voltage_V"], abs=2e-4)
    assert stepper.totals.charge_C[0] == pytest.approx(twin.totals.charge_C[0], rel=1e-8)


def test_a_step_that_never_converges_ends_in_a_diagnosis(stepper: TimeStepper, faults: Faults) -> None:
    """All rungs are taken once, then cuts down to the smallest step; the error says reason, equations, phases
    and voxels, and the accepted past is as it was."""
    faults.fails, faults.code = (lambda *_: True), NOT_FINITE
    time, past = stepper.time, stepper.past
    with pytest.raises(SolverError, match="the residual is not a number") as caught:
        one_step(stepper)
    text = str(caught.value)
    for piece in (
        "lithium balance",
        "ionic charge balance",
        "control",
        "guarded faces",
        "of 187",
        "checkpoint",
    ):
        assert piece in text
    for phase in ("separator", "pore", "active", "cbd"):
        assert f"{phase} " in text
    assert text.count("mol/m3, phi_s") == 5
    assert [stepper.counts[r] for r in RUNGS[1:]] == [1] * 5
    assert stepper.counts["cut"] >= 3
    assert stepper.time == time
    assert stepper.past is past


def test_used_up_salt_is_no_solution(stepper: TimeStepper) -> None:
    """A converged state with a negative salt concentration fails like one that has not converged, and the
    diagnosis says why."""

    def emptied(*arguments: Any) -> Attempt:
        attempt = advance(*arguments)
        assert int(attempt.solve.code) == CONVERGED
        return attempt._replace(measures=attempt.measures._replace(min_electrolyte=jnp.asarray(-12.0)))

    stepper.layout.advance = stepper.layout.advance_deeply = stepper.layout.advance_widely = emptied
    with pytest.raises(SolverError, match=r"the salt is used up.*-12 mol/m3"):
        one_step(stepper)


def test_a_jump_of_the_control_is_taken_in_parts() -> None:
    """A start that fails for a change of voltage by more than 0.2 V is reached over smaller jumps; the state
    behind it is the one found at once (1e-9 V, 1e-7 of the current)."""
    twin = Simulation(tiny_cell(NMC), initial="3.8 V").start_stepper()
    hold = Control(np.int32(VOLTAGE), np.float64(4.2))
    at_once = twin.restart(hold)
    other = Simulation(tiny_cell(NMC), initial="3.8 V").start_stepper()

    def too_far(*a: Any) -> bool:
        return abs(float(a[4].value) - float(a[2].voltage[0])) > 0.2

    put_into(other).fails = too_far
    in_parts = other.restart(hold)
    assert other.counts["cut"] >= 1
    assert other.counts["starting"] > twin.counts["starting"]
    assert float(in_parts.solve.unknowns.voltage) == pytest.approx(4.2, abs=1e-9)
    assert float(in_parts.measures.current_A) == pytest.approx(float(at_once.measures.current_A), rel=1e-7)
    assert np.allclose(other.past.c[0], twin.past.c[0], rtol=0, atol=0)


def test_a_start_that_fails_leaves_the_past_alone(stepper: TimeStepper, faults: Faults) -> None:
    """No consistent potentials: the error says so, the state is the one before."""
    faults.fails = lambda *_: True
    past = stepper.past
    with pytest.raises(SolverError, match="ran out of iterations"):
        stepper.restart(discharge(stepper, 2.0))
    assert stepper.past is past


def test_a_stalled_linear_solver_gets_its_larger_basis_first() -> None:
    ladder = Ladder()
    assert [ladder.climb(stalled=True), ladder.climb(), ladder.climb()] == [DEEPEN, DAMP, REFRESH]
    ladder.step_down()
    assert ladder.climb(stalled=True) == CUT
