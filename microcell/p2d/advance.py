"""One step of a protocol as one compiled function: adaptive implicit steps, events located, a result code."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ..parameters.law import Leaf
from ..protocol.resolve import CURRENT
from .ageing import Slow, aged
from .cell import Cell
from .control import Control, Limits, current_overrun, voltage_overrun, window_overrun
from .equations import Step
from .formula import Formula, choose, formula, shortened
from .history import History, accept, latest, local_errors, predict, proposed, restarted, step_from
from .newton import solve_step
from .record import empty, record_of, write
from .state import Unknowns, even_currents, voltage

RUNNING, DURATION, AT_VOLTAGE, AT_CURRENT, OUT_OF_WINDOW, FULL, NO_START, TOO_SMALL = range(8)
"""Result codes of a step; `FULL`: the records are full, go on from where it stopped."""

INSTANT = 1e-6
"""A step so short that only potentials and currents move [s]."""

_LAST_UPDATE = 0.1  # leaves at most 2.4 % of the tolerance, see `newton.UPDATE`
_LANDING = 0.5  # an event is aimed at this many tolerances behind its limit


class Settings(NamedTuple):
    """Local error per step (see `history.local_errors`) and the longest, first and shortest steps [s]."""

    tolerance: Leaf
    longest: Leaf
    first: Leaf
    shortest: Leaf

    def update(self) -> Leaf:
        """Size of Newton's last update: what it leaves is quadratic in it, a small share of the tolerance."""
        return _LAST_UPDATE * jnp.sqrt(self.tolerance)


class Progress(NamedTuple):
    """State of the time loop.

    Attributes
    ----------
    history : accepted states.
    dt, order : step [s] and order to try next.
    start : when the protocol step began [s].
    code : result, `RUNNING` while it goes on.
    overrun : of the nearest event at the latest state, in tolerances; negative before it.
    records, rows : accepted times, and how many.
    accepted, refused, iterations : counts of steps and of Newton's iterations.
    """

    history: History
    dt: Array
    order: Array
    start: Array
    code: Array
    overrun: Array
    records: Any
    rows: Array
    accepted: Array
    refused: Array
    iterations: Array


QUICK: Any = {"xla_cpu_use_fusion_emitters": False}
"""Compiler options of single runs: half the time to compile, and runs as fast (batches would be slower)."""


def begin_step(
    cell: Cell,
    control: Control,
    limits: Limits,
    settings: Settings,
    last: History,
    rows: int,
    keep: Callable[[Cell, History, Array], Any] = record_of,
) -> Progress:
    """Solve for the currents and potentials that a new control imposes at once.

    Parameters
    ----------
    cell, control, limits, settings
        The cell, what is imposed, what ends the step, tolerances.
    last : History
        Where the step before has ended.
    rows : int
        Length of the records (static).
    keep : callable
        What is recorded of every accepted time (static).
    """
    one = jnp.asarray(1)
    history, converged, count = at_once(cell, control, last)
    new = latest(history)
    overrun, code = _ended(control, limits, voltage(cell, new), new.applied)
    first, zero = keep(cell, history, one), jnp.asarray(0)
    return Progress(
        history=history,
        dt=jnp.minimum(settings.first, limits.duration),
        order=one,
        start=history.times[0],
        code=jnp.where(converged, jnp.where(overrun > 0, code, RUNNING), NO_START),
        overrun=overrun,
        records=write(empty(first, rows), first, zero),
        rows=zero + 1,
        accepted=zero,
        refused=zero,
        iterations=count,
    )


def at_once(
    cell: Cell, control: Control, last: History, solve: Callable[..., Any] = solve_step
) -> tuple[History, Array, Array]:
    """Return the history that begins with the currents and potentials of a new control; lithium stays.

    Parameters
    ----------
    cell, control, last
        The cell, what is imposed, where the step before has ended.
    solve : callable
        Solves a time step as `newton.solve_step`.
    """
    u, imposed = latest(last), control.at(jnp.zeros(()))
    shift = jnp.where(imposed.mode == CURRENT, imposed.target - u.applied, 0.0)
    guess = u._replace(
        current=jax.tree.map(jnp.add, u.current, even_currents(cell, shift)),
        entering=u.entering + shift,
        applied=u.applied + shift,
    )
    history, one = restarted(last, guess), jnp.asarray(1)
    rule = formula(jnp.asarray(INSTANT), history.times, one, one)
    new, converged, count = solve(cell, step_from(cell, history, rule, imposed, last.slow, guess), guess)
    return restarted(last, new._replace(c_s=u.c_s, c_e=u.c_e)), converged, count


start_step = jax.jit(begin_step, static_argnames=("rows", "keep"), compiler_options=QUICK)
"""`begin_step`, compiled."""


@partial(jax.jit, compiler_options=QUICK)
def run_step(cell: Cell, control: Control, limits: Limits, settings: Settings, begun: Progress) -> Progress:
    """Advance until the step ends, fails, or the records are full; then ``code`` says why."""
    advance = partial(attempt, record_of, cell, control, limits, settings)
    return jax.lax.while_loop(lambda p: p.code == RUNNING, advance, begun)


@jax.jit
def resume(progress: Progress) -> Progress:
    """Empty full records, so that `run_step` can go on."""
    return progress._replace(code=jnp.asarray(RUNNING), rows=jnp.zeros_like(progress.rows))


def _ended(control: Control, limits: Limits, volts: Array, applied: Array) -> tuple[Array, Array]:
    """Overrun of the event that is furthest beyond its limit, and its code."""
    overruns = jnp.stack(
        [
            voltage_overrun(limits, volts),
            current_overrun(limits, applied),
            window_overrun(control, limits, volts),
        ]
    )
    codes = jnp.array([AT_VOLTAGE, AT_CURRENT, OUT_OF_WINDOW])
    return jnp.max(overruns), codes[jnp.argmax(overruns)]


def attempt(
    keep: Callable[[Cell, History, Array], Any],
    cell: Cell,
    control: Control,
    limits: Limits,
    settings: Settings,
    p: Progress,
) -> Progress:
    """Try one time step: accept it, or try again with a shorter one.

    What is kept of a refused step is overwritten by the next one: that costs less than to choose.
    """
    records, p = p.records, p._replace(records=None)
    rule = formula(p.dt, p.history.times, p.order, p.history.known)
    predicted = predict(p.history, rule)
    slow = aged(cell, p.history.slow, latest(p.history), predicted, rule.dt)
    imposed = control.at(p.history.times[0] + rule.dt - p.start)
    step = step_from(cell, p.history, rule, imposed, slow, predicted)
    u, converged, count = solve_step(cell, step, predicted, settings.update())
    errors = local_errors(cell, rule, p.history, u) / settings.tolerance
    error = jnp.where(converged & jnp.isfinite(errors[1]), errors[1], jnp.inf)
    overrun, code = _ended(control, limits, voltage(cell, u), u.applied)
    fine = (error <= 1.0) & (overrun <= 1.0)
    p = p._replace(history=proposed(p.history, u, fine), iterations=p.iterations + count)
    new = jax.lax.cond(
        fine,
        lambda: _accepted(cell, control, limits, settings, p, rule, step, u, slow, errors, overrun, code),
        lambda: _refused(settings, p, rule, error, overrun),
    )
    records = write(records, keep(cell, new.history, rule.order), p.rows)
    full = (new.code == RUNNING) & (new.rows >= jax.tree.leaves(records)[0].shape[0])
    return new._replace(records=records, code=jnp.where(full, FULL, new.code))


def _refused(settings: Settings, p: Progress, rule: Formula, error: Array, overrun: Array) -> Progress:
    """Shorten the step: to the event where it was overrun, else by the error; no convergence: to a fifth."""
    share = (_LANDING - p.overrun) / jnp.maximum(overrun - p.overrun, 1e-9)
    to_event = jnp.where((overrun > 1.0) & jnp.isfinite(error), jnp.clip(share, 0.02, 0.98), 1.0)
    by_error = jnp.where(error > 1.0, shortened(rule, error), rule.dt)
    dt = jnp.minimum(rule.dt * to_event, by_error)
    order = jnp.where(error > 1.0, jnp.maximum(p.order - 1, 1), p.order)
    code = jnp.where(dt < settings.shortest, TOO_SMALL, RUNNING)
    return p._replace(dt=dt, order=order, code=code, refused=p.refused + 1)


def _accepted(
    cell: Cell,
    control: Control,
    limits: Limits,
    settings: Settings,
    p: Progress,
    rule: Formula,
    step: Step,
    u: Unknowns,
    slow: Slow,
    errors: Array,
    overrun: Array,
    code: Array,
) -> Progress:
    """Record the step and choose the next one."""
    history = accept(cell, p.history, rule, step, u, slow)
    left = p.start + limits.duration - history.times[0]
    order, dt = choose(rule, errors)
    elapsed = history.times[0] - p.start
    dt = jnp.minimum(_sooner(limits, settings, p, rule.dt, dt, overrun, elapsed), _to_knot(control, elapsed))
    over = jnp.where(overrun > 0, code, jnp.where(left <= 1e-9 * limits.duration, DURATION, RUNNING))
    return p._replace(
        history=history,
        dt=jnp.minimum(dt, left),
        order=order,
        code=over,
        overrun=overrun,
        rows=p.rows + 1,
        accepted=p.accepted + 1,
    )


def _sooner(
    limits: Limits, settings: Settings, p: Progress, last: Array, dt: Array, overrun: Array, elapsed: Array
) -> Array:
    """Shorten the next step to the longest allowed, to an event that nears, to a time that is asked for."""
    rise = jnp.maximum(overrun - p.overrun, 1e-300) / last
    event = (_LANDING - overrun) / rise
    dt = jnp.minimum(dt, settings.longest)
    dt = jnp.where((p.history.known > 1) & (event < 1.1 * dt), jnp.maximum(event, settings.shortest), dt)
    due = jnp.where(jnp.isfinite(limits.period), limits.period, 1.0)
    ahead = due * (jnp.floor(elapsed / due + 1e-9) + 1.0) - elapsed
    return jnp.where(jnp.isfinite(limits.period), jnp.minimum(dt, ahead), dt)


def _to_knot(control: Control, elapsed: Array) -> Array:
    """Time to the next knot of the control [s]; infinite behind the last."""
    ahead = jnp.asarray(control.knots) - elapsed
    return jnp.min(jnp.where(ahead > 1e-6, ahead, jnp.inf))
