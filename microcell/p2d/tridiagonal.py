"""Tridiagonal systems of many small rows, scalar and in 3 x 3 blocks, by elimination row after row (Thomas).

Each row is a few fused operations over all systems at once (`jax.lax.scan`), so that a batch of cells fills
the vector units. Parallel cyclic reduction, with fewer and larger operations, is 1.5 times as fast for the 40
blocks of one cell, but takes twice as long for the shells of its particles and 8 to 25 times as long per cell
in a batch, where arithmetic counts and not the number of operations. Blocks are eliminated from both ends to
the middle at once: half as many steps of the loop, 1.7 times as fast for one cell. The shells of all
particles are many systems already; for them that is no gain.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array


def solve_tridiagonal(lower: Array, diagonal: Array, upper: Array, right: Array) -> Array:
    """Solve along the last axis for several right-hand sides.

    Parameters
    ----------
    lower, diagonal, upper : Array, shape (..., n)
        Row k couples to k - 1, k and k + 1; ``lower[..., 0]`` and ``upper[..., -1]`` must be zero.
    right : Array, shape (sides, ..., n)
        Right-hand sides.
    """

    def eliminate(before: tuple[Array, Array], row: tuple[Array, ...]) -> tuple[Any, Any]:
        low, own, up, r = row
        inverse = 1.0 / (own - low * before[0])
        after = (up * inverse, (r - low[None] * before[1]) * inverse[None])
        return after, after

    def substitute(next_: Array, row: tuple[Array, Array]) -> tuple[Array, Array]:
        x = row[1] - row[0][None] * next_
        return x, x

    rows = tuple(jnp.moveaxis(part, -1, 0) for part in (lower, diagonal, upper, right))
    zero = (jnp.zeros_like(rows[2][0]), jnp.zeros_like(rows[3][0]))
    _, reduced = jax.lax.scan(eliminate, zero, rows)
    _, x = jax.lax.scan(substitute, zero[1], reduced, reverse=True)
    return jnp.moveaxis(x, 0, -1)


def solve_block_tridiagonal(lower: Array, diagonal: Array, upper: Array, right: Array) -> Array:
    """Solve a system of 3 x 3 blocks for several right-hand sides.

    Parameters
    ----------
    lower, diagonal, upper : Array, shape (n, 3, 3)
        As in :func:`solve_tridiagonal`, by blocks.
    right : Array, shape (n, 3, sides)
        Right-hand sides.
    """

    def eliminate(before: tuple[Array, Array], row: tuple[Array, ...]) -> tuple[Any, Any]:
        outward, own, inward, r = row
        inverse = inverse_3x3(own - _times(outward, before[0]))
        after = (_times(inverse, inward), _times(inverse, r - _times(outward, before[1])))
        return after, after

    def substitute(next_: Array, row: tuple[Array, Array]) -> tuple[Array, Array]:
        x = row[1] - _times(row[0], next_)
        return x, x

    n = len(right)
    if n % 2:  # one more row, ``x = 0``, on its own
        lower, upper, right = (jnp.pad(part, [(0, 1), (0, 0), (0, 0)]) for part in (lower, upper, right))
        diagonal = jnp.concatenate([diagonal, jnp.eye(3)[None]])
    rows = tuple(_halves(*pair) for pair in ((lower, upper), (diagonal,) * 2, (upper, lower), (right,) * 2))
    zero = (jnp.zeros_like(rows[2][0]), jnp.zeros_like(rows[3][0]))
    ((low, high), (known_low, known_high)), reduced = jax.lax.scan(eliminate, zero, rows)
    # the two rows at the middle: x_low + low x_high = known_low, x_high + high x_low = known_high
    x_low = _times(inverse_3x3(jnp.eye(3) - _times(low, high)), known_low - _times(low, known_high))
    x_high = known_high - _times(high, x_low)
    _, x = jax.lax.scan(substitute, jnp.stack([x_high, x_low]), reduced, reverse=True)
    return jnp.concatenate([x[:, 0], x[::-1, 1]])[:n]


def _halves(from_start: Array, from_end: Array) -> Array:
    """Rows of the first half from the start beside those of the second half from the end, (n/2, 2, ...)."""
    half = len(from_start) // 2
    return jnp.stack([from_start[:half], from_end[half:][::-1]], axis=1)


def inverse_3x3(m: Array) -> Array:
    """Invert 3 x 3 matrices (..., 3, 3) by cofactors."""
    a, b, c, d, e, f, g, h, i = (m[..., row, column] for row in range(3) for column in range(3))
    first = (e * i - f * h, c * h - b * i, b * f - c * e)
    rest = (f * g - d * i, a * i - c * g, c * d - a * f, d * h - e * g, b * g - a * h, a * e - b * d)
    determinant = a * first[0] + d * first[1] + g * first[2]
    return (jnp.stack([*first, *rest], -1) / determinant[..., None]).reshape(m.shape)


def _times(a: Array, b: Array) -> Array:
    """Multiply small matrices elementwise over the leading axis; XLA fuses this, unlike a batched product."""
    return jnp.sum(a[..., :, :, None] * b[..., None, :, :], axis=-2)
