"""Random graph operators on small grids, and their matrices assembled entry by entry."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from microcell_kernels.grid_operator import GridOperator, Stacked
from scipy import ndimage


def random_operator(
    shape: tuple[int, int, int, int], *, free: float, links: int = 5, seed: int = 0
) -> GridOperator:
    """Two fields with random conductances, some of them zero, links between the fields, a terminal on field
    0."""
    rng = np.random.default_rng(seed)
    fields, nz, ny, nx = shape

    def faces(*size: int) -> jnp.ndarray:
        return jnp.asarray(rng.uniform(0.5, 2.0, (fields, *size)) * (rng.random((fields, *size)) > 0.2))

    cells = nz * ny * nx
    return GridOperator(
        conductance=(faces(nz - 1, ny, nx), faces(nz, ny - 1, nx), faces(nz, ny, nx - 1)),
        ground=jnp.asarray(rng.uniform(0.1, 1.0, shape)),
        link_p=jnp.asarray(rng.integers(0, cells, links), jnp.int32),
        link_q=jnp.asarray(rng.integers(cells, 2 * cells, links), jnp.int32),
        link=jnp.asarray(rng.uniform(0.5, 2.0, links)),
        top=jnp.asarray(rng.uniform(0.5, 2.0, (ny, nx))),
        terminal_ground=jnp.asarray(0.3),
        terminal_free=jnp.asarray(free),
    )


def dense(operator: GridOperator) -> np.ndarray:
    """The matrix of an operator, one conductance at a time, terminal last."""
    fields, nz, ny, nx = operator.ground.shape
    number = np.arange(fields * nz * ny * nx).reshape(operator.ground.shape)
    n = number.size
    a = np.zeros((n + 1, n + 1))
    for axis, g in enumerate(np.asarray(c) for c in operator.conductance):
        for index in np.ndindex(g.shape):
            other = tuple(k + (d == axis + 1) for d, k in enumerate(index))
            join(a, number[index], number[other], g[index])
    for p, q, g in zip(
        *(np.asarray(v) for v in (operator.link_p, operator.link_q, operator.link)), strict=True
    ):
        join(a, p, q, g)
    for index in np.ndindex(ny, nx):
        join(a, number[(0, nz - 1, *index)], n, float(operator.top[index]))
    a[np.arange(n), np.arange(n)] += np.asarray(operator.ground).ravel()
    a[n, n] += float(operator.terminal_ground)
    if float(operator.terminal_free) == 0:
        a[n], a[:, n] = 0.0, 0.0
        a[n, n] = 1.0
    return a


def join(a: np.ndarray, p: int, q: int, g: float) -> None:
    """Add one conductance between two nodes."""
    a[p, p] += g
    a[q, q] += g
    a[p, q] -= g
    a[q, p] -= g


def stack(values: np.ndarray, operator: GridOperator) -> Stacked:
    """A flat vector, terminal last, as the operator takes it."""
    return Stacked(jnp.asarray(values[:-1]).reshape(operator.ground.shape), jnp.asarray(values[-1]))


def flat(x: Stacked) -> np.ndarray:
    return np.append(np.asarray(x.fields).ravel(), float(x.terminal))


def two_phases(n: int, contrast: float, blur: float, seed: int = 0) -> GridOperator:
    """One field on n^3 cells, half of it ``contrast`` times as conductive, held at the bottom only.

    ``blur`` is the correlation length of the phases in cells: 0 makes every cell its own grain.
    """
    noise = np.random.default_rng(seed).standard_normal((n, n, n))
    smooth = ndimage.gaussian_filter(noise, blur, mode="wrap") if blur else noise
    k = jnp.asarray(np.where(smooth > np.median(smooth), contrast, 1.0))[None]

    def harmonic(a: jnp.ndarray, b: jnp.ndarray) -> jnp.ndarray:
        return 2 * a * b / (a + b)

    ground = jnp.zeros_like(k).at[:, 0].set(2 * k[:, 0])
    return GridOperator(
        conductance=(
            harmonic(k[:, 1:], k[:, :-1]),
            harmonic(k[:, :, 1:], k[:, :, :-1]),
            harmonic(k[..., 1:], k[..., :-1]),
        ),
        ground=ground,
        link_p=jnp.zeros(0, jnp.int32),
        link_q=jnp.zeros(0, jnp.int32),
        link=jnp.zeros(0),
        top=jnp.zeros((n, n)),
        terminal_ground=jnp.zeros(()),
        terminal_free=jnp.zeros(()),
    )
