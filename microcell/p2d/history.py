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

SLOTS = LENGTH + 1
"""Places for states: one more than are kept, where the next one is written before it is accepted."""


class History(NamedTuple):
    """The last accepted states.

    States stay where they were written, in a ring: to move them all in every step would cost a batch about
    7 % of its time.

    Attributes
    ----------
    times : latest first, (LENGTH,) [s].
    states : unknowns with a leading axis of SLOTS.
    newest : slot of the latest state; earlier ones lie before it, the free slot behind it.
    passed : charge through the cell over F, at the same times [mol.m-2], (LENGTH,).
    gained : lithium, and cations of side reactions, that came into the electrolyte from outside of it and of
        the particles [mol.m-2], (LENGTH,).
    trapped : lithium in lost active material [mol.m-2].
    known : how many of them known since the last restart.
    slow : states of the mechanisms now.
    """

    times: Array
    states: Unknowns
    newest: Array
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
        states=jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (SLOTS, *leaf.shape)), u),
        newest=jnp.asarray(0),
        passed=jnp.full(LENGTH, passed),
        gained=jnp.full(LENGTH, gained),
        trapped=trapped,
        known=jnp.asarray(1),
        slow=slow,
    )


def latest(history: History) -> Unknowns:
    """Return the last accepted state."""
    return jax.tree.map(lambda leaf: leaf[history.newest], history.states)


def _by_slot(history: History, weights: Array) -> Array:
    """Order weights of the states, latest first, (..., LENGTH), as these lie in the ring, (..., SLOTS)."""
    age = (history.newest - jnp.arange(SLOTS)) % SLOTS
    free = jnp.zeros((*weights.shape[:-1], 1))
    return jnp.concatenate([weights, free], -1)[..., age]


def proposed(history: History, u: Unknowns, fine: Array) -> History:
    """Write a state into the free slot, or zeros where it is not ``fine``: it may not even be finite."""
    free = (history.newest + 1) % SLOTS
    return history._replace(
        states=jax.tree.map(lambda old, new: old.at[free].set(jnp.where(fine, new, 0.0)), history.states, u)
    )


def step_from(
    cell: Cell, history: History, rule: Formula, control: Imposed, slow: Slow, predicted: Unknowns
) -> Step:
    """Return what the next step holds fixed, with the slow states at its end."""
    past = _by_slot(history, rule.past)
    past_s, past_e = jax.tree.map(
        lambda c: jnp.tensordot(past, c, 1), (history.states.c_s, history.states.c_e)
    )
    return Step(rule.dt, rule.a0, past_s, past_e, effects(cell, slow, predicted), control)


def predict(history: History, rule: Formula) -> Unknowns:
    """Extrapolate all unknowns by the order of the step; the salt stays positive."""
    weights = _by_slot(history, rule.predict[1])
    new = jax.tree.map(lambda leaf: jnp.tensordot(weights, leaf, 1), history.states)
    return new._replace(c_e=jnp.maximum(new.c_e, 0.1 * history.states.c_e[history.newest]))


def local_errors(cell: Cell, rule: Formula, history: History, u: Unknowns) -> Array:
    """Largest local error by the three orders of the formula, (3,).

    Lithium relative to c_max, salt to its initial concentration, voltage to 1 V.
    """
    past, weights = history.states, _by_slot(history, rule.predict)
    salt = _furthest(weights, past.c_e, u.c_e) / cell.salt
    before = past.phi_s[:, -1] - collector_resistance(cell) * past.applied
    volts = _furthest(weights, before[:, None], voltage(cell, u)[None])
    worst = jnp.maximum(salt, volts)
    for electrode, old, new in zip(cell.electrodes, past.c_s, u.c_s, strict=True):
        worst = jnp.maximum(worst, _furthest(weights, old, new) / electrode.laws.c_max)
    return jnp.where(jnp.isfinite(rule.error), rule.error * worst, jnp.inf)


def _furthest(weights: Array, past: Array, new: Array) -> Array:
    """Largest difference of a field from its three predictions, (3,)."""
    difference = jnp.abs(new[None] - jnp.tensordot(weights, past, 1))
    return jnp.max(difference.reshape(3, -1), axis=1)


def accept(cell: Cell, history: History, rule: Formula, step: Step, u: Unknowns, slow: Slow) -> History:
    """Take the `proposed` state; charge and lithium that came in follow the formula of the step."""

    def integrated(past: Array, rate: Array) -> Array:
        return (rule.dt * rate - jnp.sum(rule.past * past)) / rule.a0

    def push(old: Array, new: Array) -> Array:
        return jnp.concatenate([new[None], old[:-1]])

    return History(
        times=push(history.times, history.times[0] + rule.dt),
        states=history.states,
        newest=(history.newest + 1) % SLOTS,
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
