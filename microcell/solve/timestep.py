"""Adaptive time steps: step control, retries, and events located in time."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..cell.jacobian import linearize
from ..cell.residual import Context, System, ionic_factor
from ..cell.state import Control, Inertia, Unknowns
from ..errors import SolverError
from ..protocol.resolve import CURRENT, VOLTAGE
from .advance import (
    CURRENT_ERROR,
    VOLTAGE_ERROR,
    Attempt,
    Coefficients,
    Past,
    accept,
    keep_potentials,
    latest,
)
from .control import COUNTS, StepControl, Totals
from .devices import OneDevice, SlabDevices
from .diagnose import diagnose, is_solved
from .events import Bracket, Event, Terminal, aim, fired, near, passed
from .formula import FIRST_ERROR, Formula, formula, integrate, lengthen, shorten
from .ladder import CUT, REFRESH, TIGHT, Ladder
from .newton import CONVERGED, STALLED, Tolerances
from .precondition import Hierarchies
from .start import AT_ONCE, INSTANT, INSTANT_FORMULA, backdate, flat, rates, settle

logger = logging.getLogger(__name__)

CUT_FACTOR = 0.3
"""What a step is multiplied with where it cannot be solved."""

SMALLEST_JUMP = 1 / 64
"""Smallest part of a change of control that is tried at once."""


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
    devices : sequence of jax.Device
        With more than one, the cell is spread over them in slabs.
    """

    def __init__(
        self,
        system: System,
        past: Past,
        time: float = 0.0,
        control: StepControl | None = None,
        devices: Sequence[jax.Device] = (),
    ) -> None:
        self.layout = OneDevice(system) if len(devices) < 2 else SlabDevices(system, devices)
        self.system, self.past = self.layout.system, past
        self.settings = control or StepControl()
        self.times = [time]
        self.totals = Totals()
        self.last: Attempt | None = None
        self.dt = self.settings.first
        self.counts = dict.fromkeys(COUNTS, 0)
        self.history: list[Terminal] = []
        self._ladder = Ladder()
        self._before: float | None = None
        self._just_rejected = False
        self.hierarchies = self.layout.hierarchies()
        self.past = self.layout.place(past)
        self.one_c = float(system.one_c_current)

    @property
    def time(self) -> float:
        """Time of the latest accepted state [s]."""
        return self.times[0]

    @property
    def unknowns(self) -> Unknowns:
        """The latest accepted unknowns."""
        return latest(self.past)

    def lithium(self) -> float:
        """Lithium in solid and electrolyte of the latest state [mol]."""
        system, past = self.system, self.past
        porosity, _ = ionic_factor(system.geometry, system.laws)
        return float(jnp.sum(system.geometry.volume * porosity * past.c[0]))

    def _refreshed_hierarchies(self, dt: float) -> Hierarchies:
        """Set up multigrid patterns that suit the latest state, for steps of about dt."""
        past = self.layout.whole_past(self.past)
        context = Context(
            past.film,
            Inertia(np.float64(1.0 / dt), jnp.zeros_like(past.c[0])),
            Control(np.int32(CURRENT), np.float64(0.0)),
        )
        jacobian = jax.jit(linearize, static_argnums=4)(
            self.layout.whole, context, latest(past), past.currents, jnp.dtype(jnp.float32)
        )
        return self.layout.hierarchies(jacobian)

    def restart(self, control: Control) -> Attempt:
        """Begin a new control: solve the potentials with concentrations as they are, forget the slopes.

        Returns
        -------
        Attempt
            The state behind the change of control, at the time of the change.

        Raises
        ------
        SolverError
            If no consistent potentials are found; the past stays as it was.
        """
        self.times = self.times[:1]
        self._ladder.change_control()
        self.counts["starts"] += 1
        present = self._jump(control)
        self.past, self.last = settle(self.past, present), present
        self.history = [self._terminal(self.time, present)]
        self.dt = self._first_step(control)
        self._before = None
        return present

    def _first_step(self, control: Control) -> float:
        """Aim at half of the tolerance for the error of a first step, ``FIRST_ERROR`` times its change."""
        s = self.settings
        ahead = self._starting(INSTANT_FORMULA, control, self.past)
        here = self._starting(INSTANT_FORMULA, control, backdate(self.past, ahead))
        if not (is_solved(ahead) and is_solved(here)):
            return s.smallest
        rate = rates(self.system, self.past.c[0], ahead, here)
        current = float(rate.current) / (CURRENT_ERROR * self.one_c)
        fastest = max(float(rate.c) / s.error, float(rate.voltage) / VOLTAGE_ERROR, current, 1e-30)
        return float(np.clip(0.5 / (FIRST_ERROR * fastest), s.smallest, min(s.first, s.largest)))

    def _jump(self, control: Control) -> Attempt:
        """Solve the potentials behind a change of control, in smaller jumps where one is too large."""
        past, done, length = flat(self.past), 0.0, 1.0
        origin = self._terminal_value(int(control.mode))
        while True:
            part = min(1.0, done + length)
            value = origin + part * (float(control.value) - origin)
            attempt = self._starting(AT_ONCE, control._replace(value=np.float64(value)), past)
            if is_solved(attempt):
                self._ladder.step_down()
                if part == 1.0:
                    return attempt
                past, done = keep_potentials(past, attempt), part
            else:
                if self._climb(attempt, 0.0) == CUT:
                    length *= 0.5
                if length < SMALLEST_JUMP:
                    raise self._give_up(attempt, 0.0, control)

    def _terminal_value(self, mode: int) -> float:
        """What a control of a mode would read at the terminals now."""
        voltage, current = float(self.past.voltage[0]), self._latest_current()
        return {CURRENT: current, VOLTAGE: voltage}.get(mode, voltage * current)

    def _starting(self, step: Formula, control: Control, past: Past) -> Attempt:
        self.counts["starting"] += 1
        return self._attempt(step, control, past)

    def run(self, control: Control, until: float, events: Sequence[Event]) -> Iterator[Accepted]:
        """Step until a time or an event; yields every accepted step.

        Parameters
        ----------
        control : Control
            What the terminals impose.
        until : float
            Latest time [s].
        events : sequence of Event
            Conditions that end the run; located within their tolerance.

        Raises
        ------
        SolverError
            If a step fails with everything on the ladder tried, or stays inaccurate down to the smallest; the
            accepted past stays valid.
        """
        bracket: Bracket | None = None
        while self.time < until * (1 - 1e-12) - 1e-9:
            step = formula(self._next_step(until, events, bracket), self._known_times())
            attempt = self._attempt(step, control)
            end = self._terminal(self.time + step.dt, attempt)
            name = fired(events, end)
            # a step that accuracy cut short of the proposal is kept: tried again, it would end there again
            proposed = bracket is not None and step.dt < self._wanted()
            locating = proposed and name is None and near(events, end)
            if not is_solved(attempt):
                self._fail(step, attempt, control)
            elif locating or (passed(events, end) and step.dt > self.settings.smallest):
                self.counts["located"] += 1
                bracket = bracket or Bracket(events, self.history, end)
                bracket = bracket if bracket.narrow(end) else None
                if float(attempt.error) > 1.0:
                    self.dt, self._just_rejected = step.dt * shorten(float(attempt.error)), True
            elif not float(attempt.error) <= 1.0 and not self._is_smallest_start(step):
                self._reject(step, attempt, control)
            else:
                self._grow(step, float(attempt.error))
                yield self._accept(step, attempt, name)
                if name:
                    return
                bracket = bracket if bracket and bracket.narrow(end) else None

    def _next_step(self, until: float, events: Sequence[Event], bracket: Bracket | None) -> float:
        """The step to attempt: what accuracy allows, to an event or to a given time where that is nearer."""
        wanted = self._until(until, self._wanted())
        if bracket is None:
            return aim(events, self.history, wanted)
        return min(wanted, max(bracket.propose() - self.time, self.settings.smallest))

    def _wanted(self) -> float:
        """The step that accuracy asks for, at most twice the last: BDF2 is stable up to a ratio of 2.4."""
        limit = 2.0 * self._before if self._before else np.inf
        return min(self.dt, self.settings.largest, limit)

    def _until(self, until: float, wanted: float) -> float:
        """Cut the step at a given time, and halve the way there rather than leave a sliver."""
        remaining = until - self.time
        if wanted >= remaining:
            return remaining
        return 0.5 * remaining if remaining < 1.5 * wanted else wanted

    def _known_times(self) -> list[float]:
        """Times of the states that a step may lean on: a damped one starts from the latest alone."""
        return self.times[:1] if self._ladder.damped else self.times

    def _attempt(self, step: Formula, control: Control, past: Past | None = None) -> Attempt:
        solve = self.layout.advance_deeply if self._ladder.deep else self.layout.advance
        if self._ladder.wide:
            solve = self.layout.advance_widely
        attempt = solve(*self._arguments(step, control, self.past if past is None else past))
        self.counts["attempts"] += 1
        self.counts["newton"] += int(attempt.solve.newton)
        self.counts["krylov"] += int(attempt.solve.krylov)
        return attempt

    def _arguments(self, step: Formula, control: Control, past: Past) -> tuple[Any, ...]:
        s = self.settings
        linear = min(s.linear, TIGHT) if self._ladder.tight else s.linear
        return (
            self.system,
            self.hierarchies,
            past,
            Coefficients(*(np.asarray(v, float) for v in step[:-1])),
            control,
            np.float64(self._reference(control)),
            Tolerances(np.float64(s.residual), np.float64(linear)),
            np.float64(s.error),
        )

    def _reference(self, control: Control) -> float:
        """Current that residuals are compared with [A]: the one imposed or the latest, at least C/20."""
        held = int(control.mode) != CURRENT
        return max(abs(self._latest_current() if held else float(control.value)), 0.05 * self.one_c)

    def lower_step(self) -> Any:
        """Return the lowered (not yet compiled) time step, for its memory and cost analysis."""
        control = Control(np.int32(CURRENT), np.float64(self.one_c))
        return self.layout.lower(*self._arguments(formula(1.0, self.times), control, self.past))

    def _latest_current(self) -> float:
        return float(self.last.measures.current_A) if self.last else 0.0

    def _fail(self, step: Formula, attempt: Attempt, control: Control) -> None:
        """Climb the ladder behind a step that could not be solved."""
        self.counts["failed"] += 1
        cut = self._climb(attempt, step.dt) == CUT
        self.dt = step.dt * (CUT_FACTOR if cut else 1.0)
        self._check_length(step, attempt, control)

    def _is_smallest_start(self, step: Formula) -> bool:
        """Whether this is one of the two steps of first order behind a change of control, as short as can be.

        It is taken whatever its error: no tolerance, however tight, shall end a run before it has begun.
        """
        return len(self.times) < 3 and step.dt <= self.settings.smallest * (1 + 1e-9)

    def _reject(self, step: Formula, attempt: Attempt, control: Control) -> None:
        """Shorten a step that is not accurate enough; the next one shall not be longer than it."""
        self.counts["rejected"] += 1
        least = self.settings.smallest if len(self.times) < 3 else 0.0
        self.dt = max(step.dt * shorten(float(attempt.error)), least)
        self._just_rejected = True
        self._check_length(step, attempt, control)

    def _check_length(self, step: Formula, attempt: Attempt, control: Control) -> None:
        if self.dt < self.settings.smallest:
            raise self._give_up(attempt, step.dt, control)

    def _grow(self, step: Formula, error: float) -> None:
        """Choose the next step; one cut short from outside is no reason to go on with small ones."""
        grown = step.dt * min(1.0 if self._just_rejected else 2.0, lengthen(step, error))
        self.dt = max(grown, self._wanted()) if step.dt < self._wanted() else grown
        self._just_rejected = False

    def _climb(self, attempt: Attempt, dt: float) -> str:
        """Take the next rung of the ladder behind a solve that failed."""
        code = int(attempt.solve.code)
        # converged without salt somewhere: a shorter step is all that can help
        rung = CUT if code == CONVERGED else self._ladder.climb(stalled=code == STALLED)
        self.counts[rung] += 1
        logger.info(
            "t = %.6g s, step of %.4g s failed with code %d, residuals %s; next: %s",
            self.time,
            dt,
            int(attempt.solve.code),
            np.asarray(attempt.solve.norms),
            rung,
        )
        if rung == REFRESH:
            self.hierarchies = self._refreshed_hierarchies(max(dt, INSTANT))
        return rung

    def _give_up(self, attempt: Attempt, dt: float, control: Control) -> SolverError:
        return diagnose(self.layout, attempt, self.time, dt, self._reference(control))

    def _accept(self, step: Formula, attempt: Attempt, event: str | None) -> Accepted:
        faraday_rate = float(attempt.measures.lithium_plane_A)
        current = float(attempt.measures.current_A)
        t = self.totals
        t.lithium_in_mol = [integrate(step, t.lithium_in_mol, faraday_rate), *t.lithium_in_mol[:1]]
        t.charge_C = [integrate(step, t.charge_C, current), *t.charge_C[:1]]
        t.charge_moved_C += abs(t.charge_C[0] - t.charge_C[1])
        self.past = accept(self.past, attempt)
        self.times = [self.time + step.dt, *self.times[:2]]
        self.history = [self._terminal(self.time, attempt), *self.history[:2]]
        self._before = step.dt
        self._ladder.step_down()
        self.last = attempt
        self.counts["steps"] += 1
        self.counts["events"] += event is not None
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

    def _terminal(self, time: float, attempt: Attempt) -> Terminal:
        return Terminal(time, float(attempt.solve.unknowns.voltage), float(attempt.measures.current_A))
