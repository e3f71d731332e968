"""Events that end a protocol step: aimed at by extrapolation, located by interpolation of the terminals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.interpolate import KroghInterpolator
from scipy.optimize import brentq


class Event(NamedTuple):
    """A condition that ends a protocol step: ``value(voltage, current)`` crosses zero from below.

    Attributes
    ----------
    name : str
        In words, for the user.
    value : callable
        Of the terminal voltage [V] and current [A].
    tolerance : float
        A value at least as close to zero counts as zero.
    """

    name: str
    value: Callable[[float, float], float]
    tolerance: float


class Terminal(NamedTuple):
    """Time [s], terminal voltage [V] and current [A] of an accepted state."""

    time: float
    voltage: float
    current: float


def fired(events: Sequence[Event], terminal: Terminal) -> str | None:
    """Name the first event that a state has reached or passed; None where it has reached none."""
    return next((e.name for e in events if _value(e, terminal) >= -e.tolerance), None)


def passed(events: Sequence[Event], terminal: Terminal) -> bool:
    """Say whether a state lies beyond an event by more than its tolerance."""
    return any(_value(e, terminal) > e.tolerance for e in events)


def aim(events: Sequence[Event], history: Sequence[Terminal], dt: float) -> float:
    """Shorten a step that would pass an event, by a parabola through the latest states, to end there.

    Parameters
    ----------
    events : sequence of Event
        What to look for.
    history : sequence of Terminal
        Accepted states since the last change of control, latest first.
    dt : float
        The step that accuracy allows [s].

    Returns
    -------
    float
        At most ``dt`` and at least a twentieth of it, so that a wrong guess costs little.
    """
    if len(history) < 2:
        return dt
    crossings = [_crossing(event, history[:3], dt) for event in events]
    return max(min([dt, *(c for c in crossings if c is not None)]), 0.05 * dt)


NEAR = 10.0
"""Tolerances: a state this close to an event is not kept as a step on the way there."""


def near(events: Sequence[Event], state: Terminal) -> bool:
    """Say whether a state lies close to an event, or beyond."""
    return any(_value(e, state) > -NEAR * e.tolerance for e in events)


class Bracket:
    """A state short of all events and one beyond; proposes where to look for the first event between.

    Parameters
    ----------
    events : sequence of Event
        What to locate.
    history : sequence of Terminal
        Accepted states, latest first.
    beyond : Terminal
        The end of an attempted step that has passed an event.
    """

    def __init__(self, events: Sequence[Event], history: Sequence[Terminal], beyond: Terminal) -> None:
        self._events = events
        self._states = list(history)
        self._low, self._high = history[0], history[0]
        self._widths: list[float] = []
        self.narrow(beyond)

    def narrow(self, state: Terminal) -> bool:
        """Take in a state and return whether something is left between.

        Nothing is left where steps shorter than those before find the event later than they did.
        """
        self._states.append(state)
        if passed(self._events, state):
            self._high = state
        else:
            self._low = state
        self._widths.append(self._high.time - self._low.time)
        return self._widths[-1] > 0.0

    def propose(self) -> float:
        """Return the next time [s]: where a cubic through the nearest states crosses zero, or the middle.

        The middle is taken where two proposals have not halved the bracket, as on a kink. The time lies at
        least a hundredth of the bracket ahead, so that a far end beyond does not make it creep.
        """
        width, start = self._widths[-1], self._low.time
        if len(self._widths) > 2 and width > 0.5 * self._widths[-3]:
            return start + 0.5 * width
        others = [s for s in self._states if s not in (self._low, self._high)]
        nearest = sorted(others, key=lambda s: abs(s.time - start - 0.5 * width))[:2]
        over = [e for e in self._events if _value(e, self._high) > e.tolerance]
        nodes = [self._low, self._high, *nearest]
        crossings = [_crossing(event, nodes, width) or 0.5 * width for event in over]
        return start + max(min(crossings), 0.01 * width)


def _crossing(event: Event, states: Sequence[Terminal], length: float) -> float | None:
    """Time from the first state to where a polynomial through all rises through zero, within a length."""
    times = np.array([s.time - states[0].time for s in states])
    curve = KroghInterpolator(times, np.array([_value(event, s) for s in states]))
    if not float(curve(0.0)) < 0.0 < float(curve(length)):
        return None
    return float(brentq(lambda t: float(curve(t)), 0.0, length))


def _value(event: Event, state: Terminal) -> float:
    return event.value(state.voltage, state.current)
