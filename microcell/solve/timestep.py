"""Adaptive time steps: step control, retries, and events located in time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..cell.residual import System, linearize
from ..cell.state import CURRENT, Control, Inertia, Unknowns
from ..errors import SolverError
from .advance import Attempt, Coefficients, Past, accept, advance, keep_potentials
from .diagnose import diagnose
from .formula import Formula, formula, integrate
from .newton import CONVERGED, Tolerances
from .precondition import Hierarchies

logger = logging.getLogger(__name__)

INSTANT = 1e-3
"""Step [s] of the algebraic solve at a change of control; concentrations are not advanced by it."""


@dataclass(frozen=True)
class StepControl:
    """Settings of the time stepping.

    Attributes
    ----------
    error : float
        Local error of the concentrations, relative to c_max (solid) and 4000 mol.m-3 (electrolyte), per step.
    first, smallest, largest : float
        Steps [s].
    residual, linear : float
        Newton's tolerance relative to the current, and the largest forcing term of its linear solves.
    voltage_event, current_event : float
        How closely cut-offs are met: volts, and relative to the limit.
    """

    error: float = 3e-4
    first: float = 0.5
    smallest: float = 1e-4
    largest: float = 150.0
    residual: float = 1e-8
    linear: float = 1e-3
    voltage_event: float = 2e-4
    current_event: float = 5e-4


class Event(NamedTuple):
    """A condition that ends a protocol step: ``value(state)`` crosses zero from below."""

    name: str
    value: Callable[[float, float], float]
    tolerance: float


@dataclass
class Totals:
    """Integrals over the run, advanced by the formula of the accepted steps."""

    lithium_in_mol: list[float] = field(default_factory=lambda: [0.0])
    charge_C: list[float] = field(default_factory=lambda: [0.0])
    charge_moved_C: float = 0.0


class Accepted(NamedTuple):
    """An accepted step: time, scalars on the host, and the event that ended it."""

    time: float
    dt: float
    row: dict[str, float]
    event: str | None


class TimeStepper:
    """Steps a cell through time; holds the accepted past and the statistics.

    Parameters
    ----------
    system : System
        The cell.
    past : Past
        Where to start.
    time : float
        Start time [s].
    control : StepControl
        Settings.
    """

    def __init__(self, system: System, past: Past, time: float = 0.0, control: StepControl | None = None) -> None:
        self.system, self.past = system, past
        self.settings = control or StepControl()
        self.times = [time]
        self.totals = Totals()
        self.last: Attempt | None = None
        self.dt = self.settings.first
        self.counts = dict.fromkeys(("steps", "attempts", "newton", "krylov", "rejected", "failed", "events"), 0)
        self.hierarchies = self._build_hierarchies()
        self.one_c = float(system.one_c_current)

    @property
    def time(self) -> float:
        """Time of the latest accepted state [s]."""
        return self.times[0]

    @property
    def unknowns(self) -> Unknowns:
        """The latest accepted unknowns."""
        past = self.past
        return Unknowns(past.c[0], past.phi_s[0], past.phi_e[0], past.voltage[0])

    def _build_hierarchies(self) -> Hierarchies:
        from ..cell.residual import Context

        context = Context(
            self.past.film,
            Inertia(jnp.asarray(1.0 / 30.0), jnp.zeros_like(self.past.c[0])),
            Control(jnp.asarray(CURRENT), jnp.asarray(0.0)),
        )
        jacobian = jax.jit(linearize, static_argnums=4)(
            self.system, context, self.unknowns, self.past.currents, jnp.dtype(jnp.float32)
        )
        return Hierarchies.build(self.system, jacobian)

    def restart(self, control: Control) -> Attempt:
        """Begin a new control: solve the potentials at once with concentrations as they are, forget the past slope.

        Raises
        ------
        SolverError
            If no consistent potentials are found.
        """
        self.times = self.times[:1]
        self.past = self.past._replace(
            phi_s=(self.past.phi_s[0],) * 2, phi_e=(self.past.phi_e[0],) * 2, voltage=(self.past.voltage[0],) * 2
        )
        attempt = self._attempt(formula(INSTANT, self.times), control)
        if int(attempt.solve.code) != CONVERGED:
            raise self._give_up(attempt, INSTANT)
        self.past = keep_potentials(self.past, attempt)
        self.last = attempt
        self.dt = self.settings.first
        return attempt

    def run(self, control: Control, until: float, events: list[Event]) -> Iterator[Accepted]:
        """Step until a time or an event; yields every accepted step.

        Parameters
        ----------
        control : Control
            What the terminals impose.
        until : float
            Latest time [s].
        events : list of Event
            Conditions that end the run; located within their tolerance.

        Raises
        ------
        SolverError
            If steps fail down to the smallest; the accepted past stays valid.
        """
        before = self._event_values(events, self.last)
        while self.time < until * (1 - 1e-12) - 1e-9:
            remaining = until - self.time
            dt = min(self.dt, self.settings.largest, remaining)
            if remaining < 1.5 * dt and dt < remaining:
                dt = 0.5 * remaining
            dt = self._towards_events(dt, events, before)
            step, attempt = self._controlled(dt, control)
            name = None
            if fired := self._fired(events, attempt):
                step, attempt, name = self._locate(step, attempt, control, fired, before)
            yield self._accept(step, attempt, name)
            if name:
                return
            before = self._event_values(events, attempt)

    def _attempt(self, step: Formula, control: Control) -> Attempt:
        floor = 0.02 * self.one_c
        wanted = abs(float(control.value)) if int(control.mode) == CURRENT else abs(self._latest_current())
        k = Coefficients(
            *(jnp.asarray(v) for v in (step.dt, step.a0, step.a1, step.a2)),
            jnp.asarray(step.predict_c),
            jnp.asarray(step.predict_phi),
            jnp.asarray(step.error),
        )
        s = self.settings
        attempt = advance(
            self.system,
            self.hierarchies,
            self.past,
            k,
            control,
            jnp.asarray(max(wanted, floor)),
            Tolerances(jnp.asarray(s.residual), jnp.asarray(s.linear)),
            jnp.asarray(s.error),
        )
        self.counts["attempts"] += 1
        self.counts["newton"] += int(attempt.solve.newton)
        self.counts["krylov"] += int(attempt.solve.krylov)
        return attempt

    def _latest_current(self) -> float:
        return float(self.last.measures.current_A) if self.last else 0.0

    def _controlled(self, dt: float, control: Control) -> tuple[Formula, Attempt]:
        """Attempt steps, each shorter than the last, until one converges within the error tolerance."""
        while True:
            step = formula(dt, self.times)
            attempt = self._attempt(step, control)
            code, error = int(attempt.solve.code), float(attempt.error)
            if code == CONVERGED and error <= 1.0:
                growth = 0.9 * max(error, 1e-4) ** (-1.0 / (step.order + 1)) if step.error else 2.0
                self.dt = dt * min(2.0, max(0.3, growth))
                return step, attempt
            if code == CONVERGED:
                self.counts["rejected"] += 1
                dt *= max(0.2, 0.9 * error ** (-1.0 / (step.order + 1)))
            else:
                self.counts["failed"] += 1
                logger.info("step of %.4g s failed with code %d", dt, code)
                dt *= 0.3
                self.times = self.times[:2]
            if dt < self.settings.smallest:
                raise self._give_up(attempt, dt)

    def _give_up(self, attempt: Attempt, dt: float) -> SolverError:
        return diagnose(self.system, attempt, self.time, dt)

    def _accept(self, step: Formula, attempt: Attempt, event: str | None) -> Accepted:
        faraday_rate = float(attempt.measures.lithium_plane_A)
        current = float(attempt.measures.current_A)
        t = self.totals
        t.lithium_in_mol = [integrate(step, t.lithium_in_mol, faraday_rate), *t.lithium_in_mol[:1]]
        t.charge_C = [integrate(step, t.charge_C, current), *t.charge_C[:1]]
        t.charge_moved_C += abs(t.charge_C[0] - t.charge_C[1])
        self.past = accept(self.past, attempt)
        self.times = [self.time + step.dt, *self.times[:2]]
        self.last = attempt
        self.counts["steps"] += 1
        return Accepted(self.time, step.dt, self.scalars(attempt), event)

    def scalars(self, attempt: Attempt) -> dict[str, float]:
        """Bring the scalars of an attempt to the host."""
        values: dict[str, Any] = attempt.measures._asdict() | {
            "voltage_V": attempt.solve.unknowns.voltage,
            "newton": attempt.solve.newton,
            "krylov": attempt.solve.krylov,
            "guarded": attempt.solve.guarded,
        }
        return {name: float(np.asarray(value)) for name, value in values.items()}

    def _event_values(self, events: list[Event], attempt: Attempt | None) -> dict[str, float]:
        if attempt is None:
            return {}
        voltage, current = float(attempt.solve.unknowns.voltage), float(attempt.measures.current_A)
        return {event.name: event.value(voltage, current) for event in events}

    def _fired(self, events: list[Event], attempt: Attempt) -> Event | None:
        values = self._event_values(events, attempt)
        return next((event for event in events if values[event.name] >= -event.tolerance), None)

    def _towards_events(self, dt: float, events: list[Event], before: dict[str, float]) -> float:
        """Shorten a step that, by the last slope, would pass an event: saves the step that would be thrown away."""
        if len(self.times) < 2 or self.last is None or self._previous_values is None:
            self._previous_values = before
            return dt
        span = self.times[0] - self.times[1]
        for event in events:
            slope = (before[event.name] - self._previous_values.get(event.name, before[event.name])) / span
            if slope > 0 and -before[event.name] < slope * dt:
                dt = max(-before[event.name] / slope, 0.05 * dt)
        self._previous_values = before
        return dt

    _previous_values: dict[str, float] | None = None

    def _locate(
        self, step: Formula, attempt: Attempt, control: Control, event: Event, before: dict[str, float]
    ) -> tuple[Formula, Attempt, str | None]:
        """Find the step that ends at the event (regula falsi, Illinois rule)."""
        self.counts["events"] += 1
        low, high = 0.0, step.dt
        f_low = before.get(event.name, -event.tolerance)
        f_high = self._event_values([event], attempt)[event.name]
        for _ in range(12):
            if abs(f_high) <= event.tolerance:
                return step, attempt, event.name
            dt = low + (high - low) * float(np.clip(-f_low / (f_high - f_low), 0.02, 0.98))
            trial = formula(dt, self.times)
            result = self._attempt(trial, control)
            if int(result.solve.code) != CONVERGED:
                raise self._give_up(result, dt)
            f = self._event_values([event], result)[event.name]
            if abs(f) <= event.tolerance:
                return trial, result, event.name
            if f > 0:
                step, attempt, high, f_high = trial, result, dt, f
                f_low *= 0.5
            else:
                low, f_low = dt, f
                f_high *= 0.5
        return step, attempt, event.name
