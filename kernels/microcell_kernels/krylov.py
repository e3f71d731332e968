"""Krylov methods on pytrees; each returns value, iterations, residual and an integer result code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

CONVERGED, MAX_ITERATIONS, BREAKDOWN = 0, 1, 2
"""Result codes: the tolerance was met; the iterations ran out; not a number or a zero divisor appeared."""

Vector = Any
Operator = Callable[[Vector], Vector]


class KrylovResult(NamedTuple):
    """Solution, iterations, residual norm relative to the right-hand side, result code."""

    value: Vector
    iterations: Array
    residual: Array
    code: Array


def dot(a: Vector, b: Vector) -> Array:
    """Inner product of two pytrees, accumulated in the widest precision available."""
    wide = jnp.result_type(float)
    parts = jax.tree.map(lambda x, y: jnp.sum(x.astype(wide) * y.astype(wide)), a, b)
    return jax.tree.reduce(jnp.add, parts)


def norm(a: Vector) -> Array:
    """Euclidean norm of a pytree."""
    return jnp.sqrt(dot(a, a))


def axpy(alpha: Array, x: Vector, y: Vector) -> Vector:
    """``alpha x + y``, leaf by leaf in the precision of ``y``."""
    return jax.tree.map(lambda a, b: (alpha * a + b).astype(b.dtype), x, y)


def cg(
    operator: Operator,
    b: Vector,
    *,
    preconditioner: Operator = lambda r: r,
    tolerance: float | Array = 1e-8,
    max_iterations: int = 500,
) -> KrylovResult:
    """Flexible preconditioned conjugate gradients from a zero start.

    Notay 2000, doi 10.1137/S1064827599362314.

    Parameters
    ----------
    operator : callable
        Symmetric positive (semi)definite operator on pytrees like ``b``.
    b : pytree of Array
        Right-hand side.
    preconditioner : callable
        Approximate inverse; may change from call to call, as a K-cycle does.
    tolerance : float
        Residual norm relative to that of ``b``.
    max_iterations : int
        Limit on operator applications.
    """
    size = norm(b)
    target = tolerance * size
    zero = jax.tree.map(jnp.zeros_like, b)

    def body(carry: tuple) -> tuple:
        x, r, p, q, rho, _, count, code = carry
        z = preconditioner(r)
        z = axpy(-dot(z, q) / rho, p, z)
        q = operator(z)
        rho = dot(z, q)
        sound = jnp.isfinite(rho) & (rho > 0)
        rho = jnp.where(sound, rho, 1.0)
        alpha = jnp.where(sound, dot(z, r) / rho, 0.0)
        x, r = axpy(alpha, z, x), axpy(-alpha, q, r)
        return x, r, z, q, rho, norm(r), count + 1, jnp.where(sound, code, BREAKDOWN)

    def running(carry: tuple) -> Array:
        return (carry[5] > target) & (carry[6] < max_iterations) & (carry[7] != BREAKDOWN)

    one = jnp.ones((), size.dtype)
    carry = (zero, b, zero, zero, one, size, jnp.array(0), jnp.array(MAX_ITERATIONS))
    x, _, _, _, _, residual, count, code = jax.lax.while_loop(running, body, carry)
    relative = residual / jnp.where(size > 0, size, 1.0)
    return KrylovResult(x, count, relative, jnp.where(residual <= target, CONVERGED, code))


def fgmres(
    operator: Operator,
    b: Vector,
    *,
    preconditioner: Operator = lambda r: r,
    tolerance: float | Array = 1e-3,
    restart: int = 20,
    max_restarts: int = 3,
    basis_dtype: Any = None,
) -> KrylovResult:
    """Flexible restarted GMRES from a zero start (Saad 1993, doi 10.1137/0914028).

    Parameters
    ----------
    operator : callable
        Linear operator on pytrees like ``b``.
    b : pytree of Array
        Right-hand side.
    preconditioner : callable
        Approximate inverse, applied on the right; may vary.
    tolerance : float
        Residual norm relative to that of ``b``.
    restart, max_restarts : int
        Basis size and number of cycles. The basis takes ``2 restart`` vectors of memory.
    basis_dtype : dtype, optional
        Precision in which the basis is stored (float32 halves the memory); sums stay in the precision of
        ``b``.
    """
    size = norm(b)
    target = tolerance * size

    def cycle(carry: tuple) -> tuple:
        x, r, count, _, _ = carry
        dx, used, _, sound = _fgmres_cycle(operator, preconditioner, r, target, restart, basis_dtype)
        x = jax.tree.map(jnp.add, x, dx)
        r = jax.tree.map(jnp.subtract, b, operator(x))
        return x, r, count + used, norm(r), sound

    def running(carry: tuple) -> Array:
        return (carry[3] > target) & (carry[2] < restart * max_restarts) & carry[4]

    zero = jax.tree.map(jnp.zeros_like, b)
    carry = (zero, b, jnp.array(0), size, jnp.array(True))
    x, _, count, residual, sound = jax.lax.while_loop(running, cycle, carry)
    relative = residual / jnp.where(size > 0, size, 1.0)
    code = jnp.where(sound, MAX_ITERATIONS, BREAKDOWN)
    return KrylovResult(x, count, relative, jnp.where(residual <= target, CONVERGED, code))


def _fgmres_cycle(
    operator: Operator, preconditioner: Operator, r: Vector, target: Array, restart: int, dtype: Any
) -> tuple[Vector, Array, Array, Array]:
    """One Arnoldi cycle (modified Gram-Schmidt, Givens): correction, steps, residual, soundness."""
    beta = norm(r)
    wide = beta.dtype

    def store(v: Vector) -> Vector:
        return v if dtype is None else jax.tree.map(lambda a: a.astype(dtype), v)

    def allocate(count: int) -> Vector:
        return jax.tree.map(lambda a: jnp.zeros((count, *a.shape), a.dtype), store(r))

    def put(basis: Vector, j: Array | int, v: Vector) -> Vector:
        return jax.tree.map(lambda s, a: s.at[j].set(a.astype(s.dtype)), basis, v)

    def get(basis: Vector, j: Array) -> Vector:
        return jax.tree.map(lambda s: s[j], basis)

    def step(carry: tuple) -> tuple:
        basis, directions, hessenberg, rotations, g, j, _, _ = carry
        z = preconditioner(jax.tree.map(lambda v, like: v.astype(like.dtype), get(basis, j), r))
        directions = put(directions, j, z)
        w = operator(jax.tree.map(lambda v, like: v.astype(like.dtype), get(directions, j), r))

        def orthogonalize(k: Array, carry: tuple) -> tuple:
            w, column = carry
            v = get(basis, k)
            h = dot(w, v)
            return axpy(-h, v, w), column.at[k].set(h)

        w, column = jax.lax.fori_loop(0, j + 1, orthogonalize, (w, jnp.zeros(restart + 1, wide)))
        length = norm(w)
        safe = jnp.where(length > 0, length, 1.0)
        basis = put(basis, j + 1, jax.tree.map(lambda a: a / safe, w))
        column, rotations, g = _rotate(column.at[j + 1].set(length), rotations, g, j)
        sound = jnp.all(jnp.isfinite(column))
        return (
            basis,
            directions,
            hessenberg.at[:, j].set(column),
            rotations,
            g,
            j + 1,
            jnp.abs(g[j + 1]),
            sound,
        )

    def running(carry: tuple) -> Array:
        return (carry[5] < restart) & (carry[6] > target) & carry[7]

    basis = put(allocate(restart + 1), 0, jax.tree.map(lambda a: a / jnp.where(beta > 0, beta, 1.0), r))
    hessenberg = jnp.zeros((restart + 1, restart), wide)
    g = jnp.zeros(restart + 1, wide).at[0].set(beta)
    carry = (
        basis,
        allocate(restart),
        hessenberg,
        jnp.zeros((restart, 2), wide),
        g,
        jnp.array(0),
        beta,
        jnp.array(True),
    )
    _, directions, hessenberg, _, g, used, residual, sound = jax.lax.while_loop(running, step, carry)
    y = _back_substitute(hessenberg, g, used, restart)

    def accumulate(k: Array, dx: Vector) -> Vector:
        return axpy(y[k], get(directions, k), dx)

    dx = jax.lax.fori_loop(0, used, accumulate, jax.tree.map(jnp.zeros_like, r))
    return dx, used, residual, sound & jnp.all(jnp.isfinite(y))


def _rotate(column: Array, rotations: Array, g: Array, j: Array) -> tuple[Array, Array, Array]:
    """Apply the stored Givens rotations to a new column, add the one that clears its last entry."""

    def previous(k: Array, column: Array) -> Array:
        c, s = rotations[k, 0], rotations[k, 1]
        a, b = column[k], column[k + 1]
        return column.at[k].set(c * a + s * b).at[k + 1].set(c * b - s * a)

    column = jax.lax.fori_loop(0, j, previous, column)
    a, b = column[j], column[j + 1]
    radius = jnp.hypot(a, b)
    safe = jnp.where(radius > 0, radius, 1.0)
    c, s = a / safe, b / safe
    column = column.at[j].set(radius).at[j + 1].set(0.0)
    return column, rotations.at[j].set(jnp.stack([c, s])), g.at[j + 1].set(-s * g[j]).at[j].set(c * g[j])


def _back_substitute(hessenberg: Array, g: Array, used: Array, restart: int) -> Array:
    """Solve the leading triangular system; unused columns become unit columns with right-hand side 0."""
    index = jnp.arange(restart)
    active = index < used
    upper = jnp.where(active[None, :] & active[:, None], hessenberg[:restart], 0.0)
    zero_pivot = jnp.diagonal(upper) == 0
    upper = upper + jnp.diag(jnp.where(zero_pivot, 1.0, 0.0))
    return jax.scipy.linalg.solve_triangular(upper, jnp.where(active & ~zero_pivot, g[:restart], 0.0))
