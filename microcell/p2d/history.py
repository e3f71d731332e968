"""The accepted states a step builds on: past values, prediction, local error."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from .cell import Cell
from .control import Control
from .equations import Step
from .formula import LENGTH, Formula
from .state import Unknowns, collector_resistance, voltage


class History(NamedTuple):
    """The last accepted states, latest first.

    Attributes
    ----------
    times : (LENGTH,) [s].
    states : unknowns with a leading axis of LENGTH.
    passed : lithium that crossed the lithium plane, at the same times [mol.m-2], (LENGTH,).
    known : how many of them known since the last restart.
    film : thickness of the film now [m], (E, P).
    """

    times: Array
    states: Unknowns
    passed: Array
    known: Array
    film: Array


def begin(time: Array, u: Unknowns, passed: Array, film: Array) -> History:
    """Start afresh from one state."""
    states = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (LENGTH, *leaf.shape)), u)
    return History(time - jnp.arange(float(LENGTH)), states, jnp.full(LENGTH, passed), jnp.asarray(1), film)


def latest(history: History) -> Unknowns:
    """Return the last accepted state."""
    return Unknowns(*(leaf[0] for leaf in history.states))


def step_from(history: History, rule: Formula, control: Control, film: Array) -> Step:
    """Return what the next step holds fixed, with the film at its end."""
    past_s, past_e = (jnp.tensordot(rule.past, c, 1) for c in (history.states.c_s, history.states.c_e))
    return Step(rule.dt, rule.a0, past_s, past_e, film, control)


def predict(history: History, rule: Formula) -> Unknowns:
    """Extrapolate all unknowns by the order of the step; the salt stays positive."""
    new = Unknowns(*(jnp.tensordot(rule.predict[1], leaf, 1) for leaf in history.states))
    return new._replace(c_e=jnp.maximum(new.c_e, 0.1 * history.states.c_e[0]))


def local_errors(cell: Cell, rule: Formula, history: History, u: Unknowns) -> Array:
    """Largest local error by the three orders of the formula, (3,).

    Lithium knowns relative to c_max, salt to its initial concentration, voltage to 1 V.
    """
    past = history.states
    solid = _furthest(rule, past.c_s, u.c_s) / cell.laws.c_max
    salt = _furthest(rule, past.c_e, u.c_e) / cell.salt
    before = past.phi_s[:, -1] - collector_resistance(cell) * past.applied
    volts = _furthest(rule, before[:, None], voltage(cell, u)[None])
    worst = jnp.maximum(jnp.maximum(solid, salt), volts)
    return jnp.where(jnp.isfinite(rule.error), rule.error * worst, jnp.inf)


def _furthest(rule: Formula, past: Array, new: Array) -> Array:
    """Largest difference of a field from its three predictions, (3,)."""
    difference = jnp.abs(new[None] - jnp.tensordot(rule.predict, past, 1))
    return jnp.max(difference.reshape(3, -1), axis=1)


def accept(history: History, rule: Formula, u: Unknowns, rate: Array, film: Array) -> History:
    """Add a state; ``rate`` is d(passed)/dt there, integrated by the formula of the step."""
    passed = (rule.dt * rate - jnp.sum(rule.past * history.passed)) / rule.a0

    def push(old: Array, new: Array) -> Array:
        return jnp.concatenate([new[None], old[:-1]])

    return History(
        push(history.times, history.times[0] + rule.dt),
        jax.tree.map(push, history.states, u),
        push(history.passed, passed),
        jnp.minimum(history.known + 1, LENGTH),
        film,
    )
