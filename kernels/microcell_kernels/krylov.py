"""Krylov methods on pytrees; each returns value, iterations, residual and an integer result code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from .halo import Slabs, dot

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


def norm(a: Vector, slabs: Slabs = None) -> Array:
    """Euclidean norm of a pytree over all slabs."""
    return jnp.sqrt(dot(a, a, slabs))


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
    slabs: Slabs = None,
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
    slabs : str, optional
        Device axis where the vectors are spread over slabs, see :mod:`.halo`.
    """
    size = norm(b, slabs)
    target = tolerance * size
    zero = jax.tree.map(jnp.zeros_like, b)

    def body(carry: tuple) -> tuple:
        x, r, p, q, rho, _, count, code = carry
        z = preconditioner(r)
        z = axpy(-dot(z, q, slabs) / rho, p, z)
        q = operator(z)
        rho = dot(z, q, slabs)
        sound = jnp.isfinite(rho) & (rho > 0)
        rho = jnp.where(sound, rho, 1.0)
        alpha = jnp.where(sound, dot(z, r, slabs) / rho, 0.0)
        x, r = axpy(alpha, z, x), axpy(-alpha, q, r)
        return x, r, z, q, rho, norm(r, slabs), count + 1, jnp.where(sound, code, BREAKDOWN)

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
    solution_dtype: Any = None,
    slabs: Slabs = None,
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
        Basis size and number of cycles. Memory: ``2 restart + 3`` vectors like ``b`` and the solution.
    solution_dtype : dtype, optional
        Precision of the solution, that of ``b`` where left out. With ``b`` in float32 (tolerances below about
        1e-6 are then out of reach) a wide solution keeps its own rounding out of what follows.
    slabs : str, optional
        Device axis where the vectors are spread over slabs, see :mod:`.halo`.

    Notes
    -----
    The residual at a restart comes from the basis, ``r = V (beta e1 - H y)``, which spares a product and two
    vectors.
    """
    size = norm(b, slabs)
    safe = jnp.where(size > 0, size, 1.0)
    first = jax.tree.map(lambda a: (a / safe).astype(a.dtype), b)

    def cycle(carry: tuple) -> tuple:
        x, r, length, count, _ = carry
        x, r, length, used, sound = _fgmres_cycle(
            operator, preconditioner, x, r, length, tolerance, restart, slabs
        )
        return x, r, length, count + used, sound

    def running(carry: tuple) -> Array:
        return (carry[2] > tolerance) & (carry[3] < restart * max_restarts) & carry[4]

    zero = jax.tree.map(lambda a: jnp.zeros_like(a, solution_dtype or a.dtype), b)
    carry = (zero, first, jnp.where(size > 0, 1.0, 0.0), jnp.array(0), jnp.isfinite(size))
    x, _, residual, count, sound = jax.lax.while_loop(running, cycle, carry)
    code = jnp.where(sound, MAX_ITERATIONS, BREAKDOWN)
    value = jax.tree.map(lambda a: (size * a).astype(a.dtype), x)
    return KrylovResult(value, count, residual, jnp.where(residual <= tolerance, CONVERGED, code))


def _fgmres_cycle(
    operator: Operator,
    preconditioner: Operator,
    x: Vector,
    r: Vector,
    beta: Array,
    target: Array | float,
    restart: int,
    slabs: Slabs,
) -> tuple[Vector, Vector, Array, Array, Array]:
    """One Arnoldi cycle (modified Gram-Schmidt, Givens): solution, residual, its norm, steps, soundness."""
    wide = beta.dtype

    def allocate(count: int) -> Vector:
        return jax.tree.map(lambda a: jnp.zeros((count, *a.shape), a.dtype), r)

    def put(basis: Vector, j: Array | int, v: Vector) -> Vector:
        return jax.tree.map(lambda s, a: s.at[j].set(a.astype(s.dtype)), basis, v)

    def get(basis: Vector, j: Array) -> Vector:
        return jax.tree.map(lambda s: s[j], basis)

    def step(carry: tuple) -> tuple:
        basis, directions, hessenberg, rotated, rotations, g, j, _, _ = carry
        directions = put(directions, j, preconditioner(get(basis, j)))
        w = operator(get(directions, j))

        def orthogonalize(k: Array, carry: tuple) -> tuple:
            w, column = carry
            v = get(basis, k)
            h = dot(w, v, slabs)
            return axpy(-h, v, w), column.at[k].set(h)

        w, column = jax.lax.fori_loop(0, j + 1, orthogonalize, (w, jnp.zeros(restart + 1, wide)))
        length = norm(w, slabs)
        basis = put(basis, j + 1, jax.tree.map(lambda a: a / jnp.where(length > 0, length, 1.0), w))
        column = column.at[j + 1].set(length)
        turned, rotations, g = _rotate(column, rotations, g, j)
        sound = jnp.all(jnp.isfinite(turned))
        hessenberg, rotated = hessenberg.at[:, j].set(column), rotated.at[:, j].set(turned)
        return basis, directions, hessenberg, rotated, rotations, g, j + 1, jnp.abs(g[j + 1]), sound

    def running(carry: tuple) -> Array:
        return (carry[6] < restart) & (carry[7] > target) & carry[8]

    basis = put(allocate(restart + 1), 0, jax.tree.map(lambda a: a / jnp.where(beta > 0, beta, 1.0), r))
    square = jnp.zeros((restart + 1, restart), wide)
    g = jnp.zeros(restart + 1, wide).at[0].set(beta)
    rotations, zero = jnp.zeros((restart, 2), wide), jnp.array(0)
    carry = (basis, allocate(restart), square, square, rotations, g, zero, beta, jnp.array(True))
    end = jax.lax.while_loop(running, step, carry)
    basis, directions, hessenberg, rotated, _, g, used, _, sound = end
    y = _back_substitute(rotated, g, used, restart)
    sound = sound & jnp.all(jnp.isfinite(y))
    x = jax.lax.fori_loop(0, used, lambda k, x: axpy(y[k], get(directions, k), x), x)
    left = (-hessenberg @ y).at[0].add(beta)
    nothing = jax.tree.map(jnp.zeros_like, r)
    r = jax.lax.fori_loop(0, used + 1, lambda k, r: axpy(left[k], get(basis, k), r), nothing)
    return x, r, jnp.linalg.norm(left), used, sound


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
