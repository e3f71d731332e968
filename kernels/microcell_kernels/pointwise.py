"""Bracketed Newton iteration on millions of independent scalar equations at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array


class RootResult(NamedTuple):
    """Roots, the number of iterations of the slowest, and how many did not converge (0 is success)."""

    value: Array
    iterations: Array
    failures: Array


def decreasing_root(
    function: Callable[[Array], tuple[Array, Array]],
    lower: Array,
    upper: Array,
    guess: Array,
    *,
    tolerance: float = 1e-13,
    max_iterations: int = 80,
) -> RootResult:
    """Find the root of a decreasing function in a bracket, elementwise.

    Newton steps that leave the bracket, or that meet a slope of the wrong sign, become bisections, so that
    every iteration shrinks the bracket and a root inside it is always found.

    Parameters
    ----------
    function : callable
        Returns value and slope at its argument, elementwise.
    lower, upper : Array
        Bracket with ``f(lower) >= 0 >= f(upper)``.
    guess : Array
        Start; moved into the bracket.
    tolerance : float
        Accepted last step, relative to ``1 + |x|``.
    max_iterations : int
        Limit; reaching it counts the unconverged elements in ``failures``.
    """

    def iterate(carry: tuple) -> tuple:
        x, low, high, _, count = carry
        value, slope = function(x)
        low = jnp.where(value > 0, x, low)
        high = jnp.where(value > 0, high, x)
        newton = x - value / jnp.where(slope < 0, slope, -1.0)
        # a step below the tolerance ends the search even if rounding puts it outside the bracket
        small = (slope < 0) & (jnp.abs(newton - x) <= tolerance * (1.0 + jnp.abs(x)))
        # the ends have been tried: where values are rounded, Newton may go from one to the other for ever
        inside = (slope < 0) & (newton > low) & (newton < high)
        new = jnp.where(small | inside, newton, 0.5 * (low + high))
        done = small | (high - low <= tolerance * (1.0 + jnp.abs(x)))
        return new, low, high, done, count + 1

    def unfinished(carry: tuple) -> Array:
        return (carry[4] < max_iterations) & ~jnp.all(carry[3])

    start = jnp.clip(guess, lower, upper)
    carry = (start, lower + 0 * start, upper + 0 * start, jnp.zeros(start.shape, bool), jnp.array(0))
    x, _, _, done, count = jax.lax.while_loop(unfinished, iterate, carry)
    return RootResult(x, count, jnp.sum(~done))
