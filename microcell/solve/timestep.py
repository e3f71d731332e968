"""Adaptive time steps: step control, retries, and events located in time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import brentq

from ..cell.residual import Context, System, ionic_factor, linearize
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

COUNTS = ("steps", "attempts", "newton", "krylov", "rejected", "failed", "events")
"""What is counted over a run."""


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
    residual: float = 2e-9
    linear: float = 1e-3
    voltage_event: float = 5e-4
    current_event: float = 1e-3


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

    def __init__(
        self, system: System, past: Past, time: float = 0.0, control: StepControl | None = None
    ) -> None:
        self.system, self.past = system, past
        self.settings = control or StepControl()
        self.times = [time]
        self.totals = Totals()
        self.last: Attempt | None = None
        self.dt = self.settings.first
        self.counts = dict.fromkeys(COUNTS, 0)
        self._values_before: dict[str, float] | None = None
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

    def lithium(self) -> float:
        """Lithium in solid and electrolyte of the latest state [mol]."""
        system, past = self.system, self.past
        porosity, _ = ionic_factor(system.geometry, system.laws)
        return float(jnp.sum(system.geometry.volume * porosity * past.c[0]))

    def _build_hierarchies(self) -> Hierarchies:
        context = Context(
            self.past.film,
            Inertia(np.float64(1.0 / 30.0), jnp.zeros_like(self.past.c[0])),
            Control(np.int32(CURRENT), np.float64(0.0)),
        )
        jacobian = jax.jit(linearize, static_argnums=4)(
            self.system, context, self.unknowns, self.past.currents, jnp.dtype(jnp.float32)
        )
        return Hierarchies.build(self.system, jacobian)

    def restart(self, control: Control) -> Attempt:
        """Begin a new control: solve the potentials with concentrations as they are, forget the slopes.

        Raises
        ------
        SolverError
            If no consistent potentials are found.
        """
        self.times = self.times[:1]
        self.past = self.past._replace(
            phi_s=(self.past.phi_s[0],) * 2,
            phi_e=(self.past.phi_e[0],) * 2,
            voltage=(self.past.voltage[0],) * 2,
        )
        attempt = self._attempt(formula(INSTANT, self.times), control)
        if int(attempt.solve.code) != CONVERGED:
            raise self._give_up(attempt, INSTANT)
        self.past = keep_potentials(self.past, attempt)
        self.last = attempt
        self.dt = self.settings.first
        self._values_before = None
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
            wanted = self._wanted()
            dt = self._towards_events(self._until(until, wanted), events, before)
            step, attempt = self._controlled(dt, control)
            if dt < wanted and step.dt == dt:
                self.dt = max(self.dt, wanted)  # cut short from outside: no reason to go on with small steps
            name = None
            if fired := self._fired(events, attempt):
                step, attempt, name = self._locate(step, attempt, control, fired, before)
            yield self._accept(step, attempt, name)
            if name:
                return
            before = self._event_values(events, attempt)

    def _wanted(self) -> float:
        """The step that accuracy asks for, at most twice the last: BDF2 is stable up to a ratio of 2.4."""
        limit = 2.0 * (self.times[0] - self.times[1]) if len(self.times) > 1 else self.settings.first
        return min(self.dt, self.settings.largest, limit)

    def _until(self, until: float, wanted: float) -> float:
        """Cut the step at a given time, and halve the way there rather than leave a sliver."""
        remaining = until - self.time
        if wanted >= remaining:
            return remaining
        return 0.5 * remaining if remaining < 1.5 * wanted else wanted

    def _attempt(self, step: Formula, control: Control) -> Attempt:
        attempt = advance(*self._arguments(step, control))
        self.counts["attempts"] += 1
        self.counts["newton"] += int(attempt.solve.newton)
        self.counts["krylov"] += int(attempt.solve.krylov)
        return attempt

    def _arguments(self, step: Formula, control: Control) -> tuple[Any, ...]:
        wanted = abs(float(control.value)) if int(control.mode) == CURRENT else abs(self._latest_current())
        s = self.settings
        return (
            self.system,
            self.hierarchies,
            self.past,
            Coefficients(*(np.asarray(v, float) for v in step[:-1])),
            control,
            np.float64(max(wanted, 0.05 * self.one_c)),
            Tolerances(np.float64(s.residual), np.float64(s.linear)),
            np.float64(s.error),
        )

    def lower_step(self) -> Any:
        """Return the lowered (not yet compiled) time step, for its memory and cost analysis."""
        control = Control(np.int32(CURRENT), np.float64(self.one_c))
        return advance.lower(*self._arguments(formula(1.0, self.times), control))

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
                logger.info(
                    "step of %.4g s failed with code %d, residuals %s",
                    dt,
                    code,
                    np.asarray(attempt.solve.norms),
                )
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
        """Shorten a step that, by the last slope, would pass an event and be thrown away."""
        if len(self.times) < 2 or self.last is None or self._values_before is None:
            self._values_before = before
            return dt
        span = self.times[0] - self.times[1]
        for event in events:
            slope = (before[event.name] - self._values_before.get(event.name, before[event.name])) / span
            if slope > 0 and -before[event.name] < slope * dt:
                dt = max(-before[event.name] / slope, 0.05 * dt)
        self._values_before = before
        return dt

    def _locate(
        self, step: Formula, attempt: Attempt, control: Control, event: Event, before: dict[str, float]
    ) -> tuple[Formula, Attempt, str]:
        """Find the step that ends at the event (Brent); a value within the tolerance counts as zero."""
        self.counts["events"] += 1
        tried = {step.dt: (step, attempt)}

        def value(dt: float) -> float:
            if dt == 0.0:
                return before.get(event.name, -1.0)
            if dt not in tried:
                trial = formula(dt, self.times)
                tried[dt] = (trial, self._attempt(trial, control))
            result = tried[dt][1]
            if int(result.solve.code) != CONVERGED:
                raise self._give_up(result, dt)
            miss = self._event_values([event], result)[event.name]
            logger.debug("locating %s: step %.6g s, value %.3g", event.name, dt, miss)
            return 0.0 if abs(miss) <= event.tolerance else miss

        if value(step.dt) != 0.0:
            found = brentq(value, 0.0, step.dt, xtol=self.settings.smallest, rtol=1e-12, maxiter=50)
            step, attempt = tried.get(found, (step, attempt))
        return step, attempt, event.name
