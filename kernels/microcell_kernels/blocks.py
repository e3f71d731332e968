"""Multigrid on blocks of cells in flat dense arrays, without index tables and without set-up on the host.

Every level joins 2x2x2 blocks of the finer one into a node, whether their cells are connected or not; the
conductance between two nodes is the sum of those of the faces between them. Constant corrections make such
a level twice too stiff where the conductor is uniform (Braess 1995, doi 10.1007/BF02238488), so they are
enlarged by :data:`OVERCORRECTION`. Smoothing is by Chebyshev polynomials of the Jacobi iteration (Adams et
al. 2003, doi 10.1016/S0021-9991(03)00194-3), which need no colours. All of it is linear and symmetric.

What is joined wrongly costs iterations of the conjugate gradients around it, never accuracy. Conductors whose
conductivities differ much need :mod:`.multigrid`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

Shape = tuple[int, int, int]

OVERCORRECTION = 2.0
"""Factor on what comes from a coarser level."""

SMOOTHING = (2, 8.0)
"""Degree of the polynomial, and ratio of the largest to the smallest eigenvalue that it is made for."""

COARSEST = (24, 800.0)
"""The same for the coarsest level, where no error is smooth."""

SMALLEST = 32
"""Blocks along the longest edge of the coarsest level."""


class Level(NamedTuple):
    """A grid of nodes in flat arrays, the last row and column of every plane empty.

    Attributes
    ----------
    nodes : tuple of int
        Shape without the empty ends.
    shape : tuple of int
        Shape with them; all even.
    links : three Arrays, shape (nodes + stride,)
        Conductance to the node before along z, y, x; zeros at the end.
    diagonal, inverse : Array, shape (nodes,)
        Of the operator; both zero where there is no node.
    """

    nodes: Shape
    shape: Shape
    links: tuple[Array, Array, Array]
    diagonal: Array
    inverse: Array

    @staticmethod
    def of(nodes: Shape, shape: Shape, links: list[Array], ground: Array) -> Level:
        """Return a level from conductances to the node before, shape (nodes,) each, and to zero."""
        steps = strides(shape)
        links = [jnp.append(g, jnp.zeros(s, g.dtype)) for g, s in zip(links, steps, strict=True)]
        diagonal = _with_links(ground, links, steps)
        return Level(nodes, shape, (links[0], links[1], links[2]), diagonal, inverse_or_zero(diagonal))

    def residual(self, b: Array, x: Array) -> Array:
        """Return ``b - A x``; ``x`` with an empty plane before and after."""
        steps = strides(self.shape)
        size, plane = len(b), steps[0]
        own = jax.lax.slice(x, (plane,), (plane + size,))
        r = b - self.diagonal * own
        for g, s in zip(self.links, steps, strict=True):
            before, after = (jax.lax.slice(x, (plane + o,), (plane + o + size,)) for o in (-s, s))
            r = r + g[:-s] * before + g[s:] * after
        return r


def _with_links(start: Array, links: Sequence[Array], steps: Shape) -> Array:
    """Add the conductances of each node to both neighbours along z, y, x."""
    for g, s in zip(links, steps, strict=True):
        start = start + g[:-s] + g[s:]
    return start


def inverse_or_zero(diagonal: Array) -> Array:
    """Return the inverse where there is one."""
    return jnp.where(diagonal > 0, 1.0 / jnp.where(diagonal > 0, diagonal, 1.0), 0.0)


def strides(shape: Shape) -> Shape:
    """Distance of the next node along z, y, x."""
    return shape[1] * shape[2], shape[2], 1


def padded(nodes: Shape) -> Shape:
    """Return an even shape with room for an empty row and column in every plane."""
    nz, ny, nx = nodes
    return nz + nz % 2, ny + 2 - ny % 2, nx + 2 - nx % 2


def coarsen(level: Level) -> Level:
    """Return the level of 2x2x2 blocks of nodes."""
    nz, ny, nx = (-(-n // 2) for n in level.nodes)
    nodes, shape = (nz, ny, nx), padded((nz, ny, nx))
    steps, links = strides(level.shape), []
    for d, (g, s) in enumerate(zip(level.links, steps, strict=True)):
        g = g[:-s].reshape(level.shape)
        first = (jnp.arange(level.shape[d]) % 2 == 0).reshape([-1 if e == d else 1 for e in range(3)])
        links.append(restrict(jnp.where(first, g, 0).reshape(-1), level.shape, shape))
    ground = level.diagonal - _with_links(jnp.zeros_like(level.diagonal), level.links, steps)
    return Level.of(nodes, shape, links, restrict(ground, level.shape, shape))


def hierarchy(first: Level) -> list[Level]:
    """Return a level and all coarser ones."""
    levels = [first]
    while max(levels[-1].nodes) > SMALLEST:
        levels.append(coarsen(levels[-1]))
    return levels


def restrict(x: Array, shape: Shape, coarse: Shape) -> Array:
    """Sum over blocks; axis by axis, because XLA on CPU is slow to sum over several."""
    nz, ny, nx = (n // 2 for n in shape)
    x = x.reshape(nz, 2, -1)
    x = (x[:, 0] + x[:, 1]).reshape(nz, ny, 2, -1)
    x = (x[:, :, 0] + x[:, :, 1]).reshape(nz, ny, nx, 2)
    x = x[..., 0] + x[..., 1]
    ends = [(0, c - n, 0) for c, n in zip(coarse, (nz, ny, nx), strict=True)]
    return jax.lax.pad(x, jnp.zeros((), x.dtype), ends).reshape(-1)


def prolong(x: Array, coarse: Shape, shape: Shape) -> Array:
    """Copy to the nodes of each block."""
    nz, ny, nx = (n // 2 for n in shape)
    ends = [(0, n - c, 0) for c, n in zip(coarse, (nz, ny, nx), strict=True)]
    x = jax.lax.pad(x.reshape(coarse), jnp.zeros((), x.dtype), ends)
    x = jnp.broadcast_to(x[..., None], (nz, ny, nx, 2)).reshape(nz, ny, 2 * nx)
    x = jnp.broadcast_to(x[:, :, None], (nz, ny, 2, 2 * nx)).reshape(nz, 1, -1)
    return jnp.broadcast_to(x, (nz, 2, x.shape[-1])).reshape(-1)


def cycle(levels: list[Level], b: Array) -> Array:
    """Approximate the solution on the first level by one V-cycle from zero."""
    level, nothing = levels[0], jnp.zeros_like(b)
    if len(levels) == 1:
        return _polynomial(level, b, nothing, COARSEST)[0]
    x, r = _polynomial(level, b, nothing, SMOOTHING, left=True)
    coarser = levels[1]
    e = cycle(levels[1:], restrict(r, level.shape, coarser.shape))
    e = jnp.where(level.diagonal > 0, OVERCORRECTION * prolong(e, coarser.shape, level.shape), 0.0)
    return _polynomial(level, b, x + e, SMOOTHING)[0]


def _polynomial(
    level: Level, b: Array, x: Array, kind: tuple[int, float], left: bool = False
) -> tuple[Array, Array]:
    """Improve ``x`` by a Chebyshev polynomial of the Jacobi iteration; return it, and what is left of ``b``.

    What is left takes one more product, and is that of the step before where it is not asked for.
    """
    degree, ratio = kind
    old, new = (jnp.asarray(a, b.dtype) for a in chebyshev(degree + left, ratio))
    plane, size = strides(level.shape)[0], len(b)
    wide = jnp.pad(x, (plane, plane))

    def step(k: Array, carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        wide, move, r = carry
        # before the product and not after it, so that it can happen in place
        own = jax.lax.slice(wide, (plane,), (plane + size,)) + move
        wide = jax.lax.dynamic_update_slice(wide, own, (plane,))
        r = level.residual(b, wide)
        return wide, old[k] * move + new[k] * level.inverse * r, r

    # the end is traced, because XLA would unroll a short loop and fuse it with what follows
    end = jnp.where(level.diagonal[0] >= 0, degree + left, 0)
    wide, move, r = jax.lax.fori_loop(0, end, step, (wide, jnp.zeros_like(b), b))
    x = jax.lax.slice(wide, (plane,), (plane + size,))
    return (x if left else x + move), r


def chebyshev(degree: int, ratio: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the factors on the previous move and on the scaled residual, step by step.

    For eigenvalues of the scaled operator between ``2 / ratio`` and 2, the most that a diagonally dominant
    matrix has (Saad 2003, Iterative Methods for Sparse Linear Systems, algorithm 12.1).
    """
    low, high = 2.0 / ratio, 2.0
    middle, half = (high + low) / 2, (high - low) / 2
    old, new, rho = [0.0], [1.0 / middle], half / middle
    for _ in range(degree - 1):
        following = 1.0 / (2.0 * middle / half - rho)
        old.append(following * rho)
        new.append(2.0 * following / half)
        rho = following
    return np.array(old), np.array(new)
