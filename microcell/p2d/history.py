"""The accepted states a step builds on: past values, prediction, local error."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ..parameters.constants import F
from .ageing import Slow, effects
from .cell import Cell
from .control import Imposed
from .equations import Step
from .formula import LENGTH, Formula
from .state import Unknowns, collector_resistance, voltage


class History(NamedTuple):
    """The last accepted states, latest first.

    Attributes
    ----------
    times : (LENGTH,) [s].
    states : unknowns with a leading axis of LENGTH.
    passed : charge through the cell over F, at the same times [mol.m-2], (LENGTH,).
    gained : lithium, and cations of side reactions, that came into the electrolyte from outside of it and of
        the particles [mol.m-2], (LENGTH,).
    trapped : lithium in lost active material [mol.m-2].
    known : how many of them known since the last restart.
    slow : states of the mechanisms now.
    """

    times: Array
    states: Unknowns
    passed: Array
    gained: Array
    trapped: Array
    known: Array
    slow: Slow


def start(u: Unknowns, slow: Slow) -> History:
    """Begin a run at a state."""
    zero = jnp.zeros(())
    return _begun(zero, u, zero, zero, zero, slow)


def restarted(history: History, u: Unknowns, trapped: Array | float = 0.0) -> History:
    """Forget all but the latest time and counts; ``trapped`` adds to the lithium that is lost [mol.m-2]."""
    return _begun(
        history.times[0],
        u,
        history.passed[0],
        history.gained[0],
        history.trapped + trapped,
        history.slow,
    )


def _begun(time: Array, u: Unknowns, passed: Array, gained: Array, trapped: Array, slow: Slow) -> History:
    return History(
        times=time - jnp.arange(float(LENGTH)),
        states=jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (LENGTH, *leaf.shape)), u),
        passed=jnp.full(LENGTH, passed),
        gained=jnp.full(LENGTH, gained),
        trapped=trapped,
        known=jnp.asarray(1),
        slow=slow,
    )


def latest(history: History) -> Unknowns:
    """Return the last accepted state."""
    return jax.tree.map(lambda leaf: leaf[0], history.states)


def step_from(
    cell: Cell, history: History, rule: Formula, control: Imposed, slow: Slow, predicted: Unknowns
) -> Step:
    """Return what the next step holds fixed, with the slow states at its end."""
    past_s, past_e = jax.tree.map(
        lambda c: jnp.tensordot(rule.past, c, 1), (history.states.c_s, history.states.c_e)
    )
    return Step(rule.dt, rule.a0, past_s, past_e, effects(cell, slow, predicted), control)


def predict(history: History, rule: Formula) -> Unknowns:
    """Extrapolate all unknowns by the order of the step; the salt stays positive."""
    new = jax.tree.map(lambda leaf: jnp.tensordot(rule.predict[1], leaf, 1), history.states)
    return new._replace(c_e=jnp.maximum(new.c_e, 0.1 * history.states.c_e[0]))


def local_errors(cell: Cell, rule: Formula, history: History, u: Unknowns) -> Array:
    """Largest local error by the three orders of the formula, (3,).

    Lithium relative to c_max, salt to its initial concentration, voltage to 1 V.
    """
    past = history.states
    salt = _furthest(rule, past.c_e, u.c_e) / cell.salt
    before = past.phi_s[:, -1] - collector_resistance(cell) * past.applied
    volts = _furthest(rule, before[:, None], voltage(cell, u)[None])
    worst = jnp.maximum(salt, volts)
    for electrode, old, new in zip(cell.electrodes, past.c_s, u.c_s, strict=True):
        worst = jnp.maximum(worst, _furthest(rule, old, new) / electrode.laws.c_max)
    return jnp.where(jnp.isfinite(rule.error), rule.error * worst, jnp.inf)


def _furthest(rule: Formula, past: Array, new: Array) -> Array:
    """Largest difference of a field from its three predictions, (3,)."""
    difference = jnp.abs(new[None] - jnp.tensordot(rule.predict, past, 1))
    return jnp.max(difference.reshape(3, -1), axis=1)


def accept(cell: Cell, history: History, rule: Formula, step: Step, u: Unknowns, slow: Slow) -> History:
    """Add a state; charge and lithium that came in are integrated by the formula of the step."""

    def integrated(past: Array, rate: Array) -> Array:
        return (rule.dt * rate - jnp.sum(rule.past * past)) / rule.a0

    def push(old: Array, new: Array) -> Array:
        return jnp.concatenate([new[None], old[:-1]])

    return History(
        times=push(history.times, history.times[0] + rule.dt),
        states=jax.tree.map(push, history.states, u),
        passed=push(history.passed, integrated(history.passed, u.entering / F)),
        gained=push(history.gained, integrated(history.gained, _gain(cell, step, u))),
        trapped=history.trapped,
        known=jnp.minimum(history.known + 1, LENGTH),
        slow=slow,
    )


def _gain(cell: Cell, step: Step, u: Unknowns) -> Array:
    """Lithium from the metal, and cations that side reactions set free [mol.m-2.s-1]."""
    current = u.entering if cell.metal else jnp.zeros_like(u.entering)
    for electrode, own in zip(cell.electrodes, step.effects, strict=True):
        current = current + jnp.sum(cell.width[electrode.place, None] * electrode.interface * own.side)
    return current / F
