"""Events on known curves: hit by extrapolation, bracketed and closed in on by interpolation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from microcell.solve.events import Bracket, Event, Terminal, aim, fired, near, passed

UPPER = Event("voltage 4.3 V", lambda v, _: v - 4.3, 5e-4)
LOWER = Event("voltage 3 V", lambda v, _: 3.0 - v, 5e-4)
TAPER = Event("current 0.05 A", lambda _, i: (0.05 - abs(i)) / 0.05, 1e-3)

CURVES: dict[str, tuple[Event, Callable[[float], float], Callable[[float], float], float]] = {
    "a straight charge": (UPPER, lambda t: 4.0 + 1e-3 * t, lambda _: -1.0, 300.0),
    "a taper": (TAPER, lambda _: 4.3, lambda t: -np.exp(-t / 100.0), 100.0 * np.log(20.0)),
    "a knee": (LOWER, lambda t: 3.5 + 0.1 * np.log(1 - t / 310.0), lambda _: 1.0, 310.0 * (1 - np.exp(-5.0))),
}


def state(name: str, time: float) -> Terminal:
    _, voltage, current, _ = CURVES[name]
    return Terminal(time, float(voltage(time)), float(current(time)))


def test_an_event_is_fired_within_its_tolerance_and_passed_beyond() -> None:
    """4.3 V +- 0.5 mV: 4.2994 is short, 4.2996 and 4.3004 are the event, 4.3006 is beyond."""
    found = [
        (fired([UPPER], s), passed([UPPER], s)) for s in (Terminal(0, v, 1) for v in (4.2994, 4.2996, 4.3006))
    ]
    assert found == [(None, False), (UPPER.name, False), (UPPER.name, True)]
    assert near([UPPER], Terminal(0, 4.2996, 1))
    assert not near([UPPER], Terminal(0, 4.29, 1))


def test_the_first_of_the_list_is_named() -> None:
    assert fired([TAPER, UPPER], Terminal(0.0, 4.4, 0.01)) == TAPER.name


def test_a_parabola_is_met_at_once() -> None:
    """V = 4 + 1e-3 t + 1e-6 t^2 known at 0, 50, 120 s passes 4.3 V at t = 241.6 s: exact to 1e-9."""

    def voltage(t: float) -> float:
        return 4.0 + 1e-3 * t + 1e-6 * t**2

    history = [Terminal(t, voltage(t), 1.0) for t in (120.0, 50.0, 0.0)]
    target = (-1e-3 + np.sqrt(1e-6 + 4e-6 * 0.3)) / 2e-6
    assert aim([UPPER], history, 150.0) == pytest.approx(target - 120.0, rel=1e-9)
    assert aim([UPPER], history, 100.0) == 100.0
    assert aim([UPPER], history[:1], 150.0) == 150.0


def test_a_short_aim_is_a_twentieth_of_the_step_at_least() -> None:
    history = [Terminal(t, 4.2999 - 1e-3 * (10.0 - t), 1.0) for t in (10.0, 0.0)]
    assert aim([UPPER], history, 100.0) == 5.0


@pytest.mark.parametrize("name", list(CURVES))
@pytest.mark.parametrize("beyond", [1.002, 1.005])
def test_the_bracket_closes_in_on_the_event(name: str, beyond: float) -> None:
    """States at 0.6, 0.8, 0.9 of the time and one beyond: at most seven proposals, the last within the
    tolerance; a straight line needs one."""
    event, _, _, exact = CURVES[name]
    bracket = Bracket([event], [state(name, f * exact) for f in (0.9, 0.8, 0.6)], state(name, beyond * exact))
    count = 0
    while count < 7:
        count += 1
        now = state(name, bracket.propose())
        assert 0.9 * exact < now.time < beyond * exact
        if fired([event], now) and not passed([event], now):
            break
        assert bracket.narrow(now)
    assert fired([event], now)
    assert not passed([event], now)
    assert count <= (1 if name == "a straight charge" else 7)


def test_a_jump_is_bracketed_to_any_width() -> None:
    """A voltage that jumps from 3.5 to 2.5 V at 7.3 s: 40 proposals leave less than 1e-4 of 10 s around the
    jump."""
    states = [Terminal(t, 3.5, 1.0) for t in (0.0, -1.0)]
    bracket = Bracket([LOWER], states, Terminal(10.0, 2.5, 1.0))
    low, high = 0.0, 10.0
    for _ in range(40):
        time = bracket.propose()
        assert low < time < high
        low, high = (time, high) if time < 7.3 else (low, time)
        bracket.narrow(Terminal(time, 3.5 if time < 7.3 else 2.5, 1.0))
    assert high - low < 1e-3


def test_the_earliest_of_two_events_is_located() -> None:
    """Both limits passed within a step, the lower at 20 s, the taper at 60 s: the first proposal goes to the
    lower."""
    states = [Terminal(t, 3.2 - 0.01 * t, 0.11 - 0.001 * t) for t in (0.0, -20.0)]
    bracket = Bracket([TAPER, LOWER], states, Terminal(100.0, 2.2, 0.01))
    assert bracket.propose() == pytest.approx(20.0)


def test_a_bracket_overtaken_by_the_steps_is_given_up() -> None:
    """Shorter steps that find no event where a longer one has found it: nothing is left between."""
    bracket = Bracket([UPPER], [Terminal(0.0, 4.2, 1.0)], Terminal(10.0, 4.31, 1.0))
    assert not bracket.narrow(Terminal(10.0, 4.29, 1.0))
