"""Variable-step, variable-order backward differentiation under `jax.jit`: weights, errors, choice of order.

The derivative at the new time is that of the polynomial through the new and the last ``order`` values; the
prediction extrapolates the polynomial through the last ``order + 1``. Their difference gives the local error
(Milne's device; Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I, sections III.5, III.7).
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

MAX_ORDER = 5
"""Of the formulas; all are stable on the negative real axis, where diffusion lies."""

LENGTH = MAX_ORDER + 2
"""Past states that are kept, so that the error of the next higher order can be told."""

FIRST_ERROR = 0.3
"""Error of a first step relative to its whole change: the most backward Euler makes of a relaxing mode."""

_GROWTH = np.array([0.0, 2.5, 2.2, 1.6, 1.4, 1.25])  # by order; faster, unequal steps amplify errors

_SAFETY = 0.75  # of the step that would just meet the tolerance: high orders are refused often without


class Formula(NamedTuple):
    """One step of ``(a0 y_new + sum_j past[j] y_j) / dt = f(y_new)``, y_0 being the latest accepted value.

    Attributes
    ----------
    dt : step [s].
    order : of the formula.
    a0 : coefficient of the new value.
    past : coefficients of the past values, latest first, (LENGTH,).
    predict : weights of the past values in the extrapolation by the orders one below, at, and one above
        ``order``, (3, LENGTH).
    error : factors from (solution - prediction) to the local error of these orders, (3,); infinite where the
        past is too short to tell.
    """

    dt: Array
    order: Array
    a0: Array
    past: Array
    predict: Array
    error: Array


def formula(dt: Array, times: Array, order: Array, count: Array) -> Formula:
    """Choose the weights of a step.

    Parameters
    ----------
    dt : Array
        The step [s].
    times : Array, shape (LENGTH,)
        Times of the accepted states, latest first.
    order : Array
        1 to `MAX_ORDER`; needs ``order + 1`` states, or 1 at the start.
    count : Array
        States since the last restart.
    """
    ago = times[0] + dt - times
    through = _lagrange(ago)
    one = jnp.arange(LENGTH) < order
    a0 = dt * jnp.sum(jnp.where(one, 1.0 / ago, 0.0))
    past = jnp.where(one, -dt / ago * through[order - 1], 0.0)
    orders = order + jnp.arange(-1, 2)
    first = (count == 1) & (orders == 1)
    predict = jnp.where(first[:, None], through[0][None], through[jnp.clip(orders, 0, LENGTH - 1)])
    return Formula(dt, order, a0, past, predict, _errors(ago, orders, count, first))


def _lagrange(ago: Array) -> Array:
    """Row n - 1: weights of the n latest values in their polynomial at the new time; (LENGTH, LENGTH)."""
    gap = ago[None, :] - ago[:, None]
    ratio = jnp.where(gap == 0, 1.0, ago[None, :] / jnp.where(gap == 0, 1.0, gap))
    rows, product = [], jnp.ones_like(ago)
    for n in range(LENGTH):
        product = product * ratio[:, n]
        rows.append(jnp.where(jnp.arange(LENGTH) <= n, product, 0.0))
    return jnp.stack(rows)


def _errors(ago: Array, orders: Array, count: Array, first: Array) -> Array:
    """Local error over (solution - prediction): ``(1/alpha) / (1/alpha + age of the oldest value)``."""
    alpha = jnp.stack([jnp.sum(1.0 / ago[:n]) for n in range(1, LENGTH)])
    at = jnp.clip(orders, 1, LENGTH - 1)
    own = 1.0 / alpha[at - 1]
    known = (orders >= 1) & (orders <= MAX_ORDER) & (count >= orders + 1)
    return jnp.where(first, FIRST_ERROR, jnp.where(known, own / (own + ago[at]), jnp.inf))


def choose(rule: Formula, errors: Array) -> tuple[Array, Array]:
    """Return order and length of the next step.

    Parameters
    ----------
    rule : Formula
        The accepted step.
    errors : Array, shape (3,)
        Its local error in units of the tolerance, had it been made by the orders one below, at, one above.
    """
    orders = rule.order + jnp.arange(-1, 2)
    ideal = _SAFETY * jnp.maximum(errors, 1e-9) ** (-1.0 / (orders + 1.0))
    most = jnp.asarray(_GROWTH)[jnp.clip(orders, 0, MAX_ORDER)]
    factor = jnp.where(jnp.isfinite(errors), jnp.clip(ideal, 0.2, most), 0.0)
    # where two orders allow the same growth the lower one is more robust, except that the order may rise
    # as long as it does not cost
    best = jnp.argmax(factor * jnp.array([0.95, 1.0, 0.98]))
    return orders[best], rule.dt * factor[best]


def shortened(rule: Formula, error: Array) -> Array:
    """Return a step to try instead of one with an error of several tolerances, or infinite."""
    ideal = _SAFETY * jnp.maximum(error, 1.0) ** (-1.0 / (rule.order + 1.0))
    return rule.dt * jnp.clip(ideal, 0.2, 0.8)
