"""Jumps over cycles: sums, error control on maps with known answers, ends, failures; cells in full."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from microcell.errors import InterruptedRunError, ProtocolError, ResultsError, SolverError
from microcell.p2d import CycleLife, Mesh, cycle
from microcell.p2d.ageing import fresh
from microcell.p2d.cycling.extrapolation import summed_change
from microcell.p2d.cycling.jumps import Cycler
from microcell.p2d.cycling.plan import Plan
from microcell.p2d.cycling.states import ReducedSystem
from microcell.p2d.degradation.builtin import from_dict
from microcell.p2d.history import latest, start
from microcell.p2d.solution import Solution
from microcell.p2d.state import salt_lithium, solid_lithium, uniform
from microcell.protocol import Experiment
from microcell.results.figures_cycles import draw_cycles

from .cases import chen, nmc

CAPACITY, FILM = "Discharge capacity [A.h]", "Mean rocksalt thickness [m]"


# --- sums over cycles that are not computed -----------------------------------------------------------


@pytest.mark.parametrize(("nodes", "degree"), [((3, 7), 1), ((2, 3, 30), 2)])
def test_sums_of_polynomials_are_exact(nodes, degree):
    """Change per cycle k^degree + k + 1: the sum over cycles 8 to 29, term by term."""

    def change(k):
        return np.array([k**degree + k + 1.0, 5.0])

    summed = summed_change(nodes, [change(k) for k in nodes], 8, 29, geometric=False)
    np.testing.assert_allclose(summed, sum(change(k) for k in range(8, 30)), rtol=1e-12)


def test_geometric_sums_are_exact_and_keep_their_sign():
    summed = summed_change((1, 2), [-(0.9**k) * np.ones(2) for k in (1, 2)], 3, 400, geometric=True)
    np.testing.assert_allclose(summed, -(0.9**3 - 0.9**401) / 0.1, rtol=1e-12)


def test_an_empty_range_sums_to_nothing():
    assert summed_change((1, 2), (3.0, 2.0), 3, 2, geometric=True) == 0.0


def test_plain_sums_conserve_what_cycles_conserve():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 3, 4))
    sums = [summed_change((1, 2, 50), changes, 3, 40, geometric=False) for changes in (a, b, -a - b)]
    np.testing.assert_allclose(sum(sums), 0.0, atol=1e-12)


# --- error control on maps with known answers ---------------------------------------------------------


@dataclass
class Map:
    """``y -> next(y)``, y = 0 at the start; capacity 1 - fade y; fails beyond a limit."""

    next: object
    fade: float = 0.0
    limit: float = np.inf
    first: float = 0.0
    counted = frozenset()

    def cycle(self, state):
        new = self.next(self.first if state is None else state)
        if new > self.limit:
            raise SolverError("no further")
        return new

    def slow(self, state):
        return {"y": np.array([state])}

    def capacity(self, state):
        return 1.0 - self.fade * state

    def possible(self, state):
        return bool(np.isfinite(state))

    def jumped(self, state, earlier, ratio, values):
        return float(values["y"][0])

    def corrected(self, state, base, values):
        return float(values["y"][0])


def cycled(system, cycles=1000, **options):
    points = []
    cycler = Cycler(system, Plan(cycles, **options), points.append)
    cycler.run()
    assert [p.number for p in points] == sorted({p.number for p in points})
    assert cycler.computed >= len(points)
    return points, cycler.computed


def exactly(system, cycles=1000):
    out, y = [], None
    for _ in range(cycles):
        y = system.cycle(y)
        out.append(y)
    return np.array(out)


PARABOLIC = Map(lambda y: np.sqrt(y**2 + 0.025), first=0.2)
LINEAR = Map(lambda y: y + 1e-4)
SATURATING = Map(lambda y: y + (1.0 - y) / 150.0)
LOGISTIC = Map(lambda y: y + 0.01 * y * (1.0 - y), first=0.01)


@pytest.mark.parametrize(
    ("system", "most"),
    [(PARABOLIC, 70), (LINEAR, 25), (SATURATING, 25), (LOGISTIC, 180)],
    ids=("parabolic", "linear", "saturating", "logistic"),
)
def test_jumps_stay_within_the_tolerance_and_cost_tens_of_cycles(system, most):
    exact = exactly(system)
    points, full = cycled(system)
    errors = [abs(p.state - exact[p.number - 1]) for p in points]
    assert max(errors) < 1e-3 * exact.max()
    assert points[-1].number == 1000
    assert full <= most


def test_jumps_of_half_the_length_are_more_than_four_times_as_accurate():
    """The better sum is of third order; that at which the checks begin, of second."""
    exact = exactly(SATURATING)
    errors = []
    for longest in (40, 20, 10):
        slow = Map(SATURATING.next)
        points, _ = cycled(slow, tolerance=1.0, longest=longest)
        errors.append(max(abs(p.state - exact[p.number - 1]) for p in points))
    assert np.all(np.array(errors) < 1e-6)  # exponential relaxation: exact
    errors = []
    for longest in (80, 40, 20):
        points, _ = cycled(LOGISTIC, tolerance=1.0, longest=longest)
        errors.append(abs(points[-1].state - exactly(LOGISTIC)[-1]))
    assert errors[0] > 4 * errors[1] > 16 * errors[2]


def test_a_tighter_tolerance_is_more_accurate():
    exact = exactly(PARABOLIC)[-1]
    errors = [abs(cycled(PARABOLIC, tolerance=t)[0][-1].state - exact) for t in (1e-2, 1e-4)]
    assert errors[1] < 0.1 * errors[0]


def test_a_knee_is_not_jumped_over():
    knee = Map(lambda y: y + (1e-4 if y < 0.05 else 3e-3))
    exact = exactly(knee)
    points, full = cycled(knee)
    assert full < 150
    assert max(abs(p.state - exact[p.number - 1]) for p in points) < 2e-3 * exact.max()


def test_what_decays_stays_positive():
    decaying = Map(lambda y: 0.9 * y, first=1.0)
    points, _ = cycled(decaying)
    assert all(p.state >= 0 for p in points)


@pytest.mark.parametrize("share", [0.9, 0.73])
def test_the_least_capacity_is_met_in_the_right_cycle(share):
    fading = Map(PARABOLIC.next, fade=0.1, first=0.2)
    capacity = 1.0 - 0.1 * exactly(fading)
    points, full = cycled(fading, least=share)
    assert points[-1].number == 1 + np.flatnonzero(capacity < share * capacity[0])[0]
    assert points[-2].number == points[-1].number - 1
    assert full < 110


def test_cycles_asked_for_are_computed_and_none_beyond_the_last():
    points, _ = cycled(LINEAR, 777, landings=(100, 101, 500))
    assert {100, 101, 500, 777} <= {p.number for p in points}
    assert points[-1].number == 777


def test_no_jumps_compute_all_cycles():
    points, full = cycled(LINEAR, 20, longest=0)
    assert full == len(points) == 20


def test_a_failing_cycle_is_approached_to_the_last_good_one():
    points = []
    broken = Map(LINEAR.next, limit=0.05)
    with pytest.raises(SolverError):
        Cycler(broken, Plan(1000), points.append).run()
    assert points[-1].number == np.count_nonzero(exactly(LINEAR) <= 0.05)


# --- cells --------------------------------------------------------------------------------------------

SLOW_SHELL = {"Shell forward rate constant [m.s-1]": 8.5e-13, "Shell resistivity [Ohm.m]": 5e4}
MECHANISMS = from_dict(
    {"shrinking_core": SLOW_SHELL, "oxidation": {"Oxidation exchange current density [A.m-2]": 1e-5}}
)
FULL_CELL = chen(Mesh(4, 4, 5, negative=4), film=True, mechanisms=MECHANISMS, tolerance=1e-4)
CYCLE = Experiment(
    ["Discharge at 1C until 3.0 V", "Charge at 1C until 4.2 V", "Hold at 4.2 V until C/5"], initial="x = 0.27"
)


@pytest.fixture(scope="module")
def lives():
    return [cycle(FULL_CELL, CYCLE, 30, **options) for options in ({"longest_jump": 0}, {"keep": (10,)})]


@pytest.mark.slow
def test_jumps_agree_with_full_cycles_in_capacity_and_slow_states(lives):
    full, jumped = lives
    assert len(full.table) == 30
    assert jumped.computed < 20
    rows = jumped.table.set_index("Cycle")
    for name, tolerance in ((CAPACITY, 1e-4), (FILM, 1e-3), ("Mean shell thickness [m]", 1e-3)):
        exact = full.table.set_index("Cycle").loc[rows.index, name]
        np.testing.assert_allclose(rows[name], exact, rtol=tolerance)
    for name in ("Loss of lithium inventory [%]", "Loss of active material in positive electrode [%]"):
        assert full[name][-1] > 0.1
        assert jumped[name][-1] == pytest.approx(full[name][-1], rel=5e-3)
    assert full[CAPACITY][-1] < 0.999 * full[CAPACITY][1]


@pytest.mark.slow
def test_lithium_is_kept_through_jumps(lives):
    """Mobile lithium of a full cell: what shells trap leaves it, what oxidation puts in comes to it."""
    jumped = lives[1]
    cell, history = jumped.solutions[30].end
    assert float(history.gained[0]) > 1e-6
    assert np.max(np.abs(jumped["Lithium imbalance [mol]"])) < 1e-9 * float(
        solid_lithium(cell, latest(history))
    )


@pytest.mark.slow
def test_geometry_follows_the_slow_states_through_jumps(lives):
    cell, history = lives[1].solutions[30].end
    positive = cell.positive
    thickness = np.asarray(history.slow[-1][1]["thickness"])
    core = 1 - (thickness - positive.mechanisms[1].initial) / positive.radius
    np.testing.assert_allclose(positive.core, core, rtol=1e-12)
    assert np.all(np.asarray(positive.core) < 1)


@pytest.mark.slow
def test_table_frame_solutions_and_counts(lives):
    full, jumped = lives
    frame = jumped.to_frame()
    assert list(frame["Cycle"]) == list(range(1, 31))
    np.testing.assert_allclose(frame[CAPACITY], full[CAPACITY], rtol=1e-3)
    np.testing.assert_allclose(frame["Time [h]"], full["Time [h]"], rtol=1e-3)
    assert sorted(jumped.solutions) == [1, 10, 30]
    assert np.all(full["Resistance [Ohm]"] > 0)
    counts = jumped.statistics()
    assert counts["full_cycles"] == len(jumped.table) + counts["refused_cycles"]
    assert jumped.complete
    with pytest.raises(ResultsError, match="Discharge capacity"):
        jumped["Discharge capacity"]


@pytest.mark.slow
def test_what_was_computed_is_kept_when_a_cycle_fails_or_is_interrupted(lives):
    class Stopped:
        def __init__(self, error):
            self.error, self.left = error, 3

        def solve(self, experiment, after=None):
            self.left -= 1
            if self.left < 0:
                raise self.error
            return FULL_CELL.solve(experiment, after=after)

    with pytest.raises(InterruptedRunError) as caught:
        cycle(Stopped(KeyboardInterrupt()), CYCLE, 10, longest_jump=0)
    assert caught.value.partial.cycles == 3
    assert not caught.value.partial.complete
    with pytest.raises(SolverError) as failed:
        cycle(Stopped(SolverError("stuck")), CYCLE, 10, longest_jump=0)
    assert failed.value.partial.ended == "cycle 4 failed: stuck"
    assert failed.value.partial[CAPACITY][0] == pytest.approx(lives[0][CAPACITY][0])


@pytest.mark.slow
def test_progress_is_told(lives):
    seen = []
    cycle(FULL_CELL, CYCLE, 3, progress=seen.append)
    assert [update["fraction"] for update in seen] == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert seen[-1]["text"].startswith("cycles, capacity 9")


def test_metal_gives_the_lithium_that_a_jump_of_a_half_cell_needs():
    """No cycle is run: the state after a jump holds what was held, with that which the metal gave."""
    model = nmc(Mesh(3, 3, 4), film=True, mechanisms=from_dict({"shrinking_core": {}}))
    cell = model.cell()
    ends = [start(uniform(cell, (jnp.asarray(x),)), fresh(cell)) for x in (0.90, 0.88)]
    earlier, last = (Solution(None, None, (), cell, (cell, end)) for end in ends)
    system = ReducedSystem(model, CYCLE)
    values = system.slow(last)
    values = {**values, "0.1.thickness": values["0.1.thickness"] + 5e-8, "trapped": np.asarray(0.01)}
    new_cell, new = system.jumped(last, earlier, 2.0, values).end
    u = latest(new)
    np.testing.assert_allclose(u.c_s[0], 0.84 * float(cell.laws.c_max), rtol=1e-12)
    assert np.all(np.asarray(new_cell.positive.core) < 1)
    held = solid_lithium(new_cell, u) + salt_lithium(new_cell, u) + new.trapped - new.gained[0]
    before = solid_lithium(cell, latest(ends[1])) + salt_lithium(cell, latest(ends[1]))
    assert float(held) == pytest.approx(float(before), rel=1e-12)
    assert system.possible(system.jumped(last, earlier, 2.0, values))
    gone = {**values, "0.1.thickness": values["0.1.thickness"] + 5e-6}
    assert not system.possible(system.jumped(last, earlier, 2.0, gone))


def test_jumped_lithium_stays_between_empty_and_full():
    model = nmc(Mesh(3, 3, 4), film=True)
    cell = model.cell()
    ends = [start(uniform(cell, (jnp.asarray(x),)), fresh(cell)) for x in (0.90, 0.95)]
    earlier, last = (Solution(None, None, (), cell, (cell, end)) for end in ends)
    jumped = ReducedSystem(model, CYCLE).jumped(last, earlier, 50.0, ReducedSystem(model, CYCLE).slow(last))
    np.testing.assert_allclose(latest(jumped.end[1]).c_s[0], 0.975 * float(cell.laws.c_max))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("cycles", 0),
        ("tolerance", 0.0),
        ("until", 1.0),
        ("longest_jump", -1),
        ("settling", -1),
        ("keep", (11,)),
    ],
)
def test_impossible_numbers_are_refused(key, value):
    options = {"cycles": 10, key: value}
    with pytest.raises(ProtocolError, match=key):
        cycle(FULL_CELL, CYCLE, **options)


# --- the figure -----------------------------------------------------------------------------------------


def test_the_figure_has_units_and_marks_computed_cycles():
    table = pd.DataFrame(
        {
            "Cycle": [1, 2, 10],
            CAPACITY: [2.0, 1.99, 1.9],
            "Resistance [Ohm]": [np.nan, 0.02, 0.03],
            "Loss of lithium inventory [%]": [0.0, 0.1, 1.0],
            "Loss of active material in positive electrode [%]": 0.0,
            FILM: [1e-9, 2e-9, 3e-9],
            "Jump error": 0.0,
            "Wall time [s]": 0.1,
            "Settling": [False, False, False],
        }
    )
    life = CycleLife(table, {}, "last cycle reached", True, 1e-3, 3)
    figure = draw_cycles(life)
    labels = [axis.get_ylabel() for axis in figure.axes]
    assert labels == ["Discharge\ncapacity [A h]", "Resistance\n[m$\\Omega$]", "Loss [%]", "Thickness [nm]"]
    line, dots = figure.axes[0].get_lines()
    assert len(line.get_xdata()) == 10
    assert list(dots.get_xdata()) == [1, 2, 10]
    assert len(figure.axes[2].get_lines()) == 2  # no line for a loss that is not there
    assert figure.axes[-1].get_xlabel() == "Cycle"


@pytest.mark.parametrize("error", [SolverError("stuck"), KeyboardInterrupt()], ids=["failed", "interrupted"])
def test_a_life_without_cycles_is_an_empty_table(error):
    class Stuck:
        def solve(self, experiment, after=None):
            raise error

    with pytest.raises((SolverError, InterruptedRunError)) as caught:
        cycle(Stuck(), CYCLE, 10)
    life = caught.value.partial
    assert life.cycles == 0
    assert life.statistics()["full_cycles"] == 1
    assert life.to_frame().empty
