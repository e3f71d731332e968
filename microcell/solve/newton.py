"""Inexact Newton iteration with line search on the coupled residual (Eisenstat & Walker 1996, doi 10.1137/0917003)."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from microcell_kernels.krylov import fgmres

from ..cell.residual import Balance, Context, System, apply, evaluate, linearize
from ..cell.state import Currents, Unknowns
from .precondition import Hierarchies, Preconditioner

CONVERGED, MAX_ITERATIONS, LINE_SEARCH_FAILED, NOT_FINITE, NO_ROOT = range(5)
"""Result codes of a solve."""

ADVICE = {
    CONVERGED: "converged",
    MAX_ITERATIONS: "Newton's iteration ran out of iterations",
    LINE_SEARCH_FAILED: "no step along Newton's direction lowered the residual",
    NOT_FINITE: "the residual is not a number",
    NO_ROOT: "some interface faces have no current that satisfies the kinetics",
}
"""What each code means, in words for users."""

ROWS = ("lithium balance", "electronic charge balance", "ionic charge balance", "control")


class Tolerances(NamedTuple):
    """Traced numbers of the solver.

    Attributes
    ----------
    residual : norm of each block of rows, relative to the reference current.
    linear : largest forcing term of the linear solves.
    """

    residual: Array
    linear: Array


class Solve(NamedTuple):
    """Result of an implicit step.

    Attributes
    ----------
    unknowns, currents
        The solution, valid where ``code`` is CONVERGED.
    balance : Balance
        Residual there.
    norms : Array, shape (4,)
        Norm of each block of rows relative to the reference current, see :data:`ROWS`.
    newton, krylov : Array
        Iterations.
    code : Array
        Result code.
    """

    unknowns: Unknowns
    currents: Currents
    rows: Unknowns
    norms: Array
    guarded: Array
    newton: Array
    krylov: Array
    code: Array


def row_norms(rows: Unknowns, reference: Array) -> Array:
    """Euclidean norm of each block of rows, and of its sum, relative to a current; the larger of both."""
    blocks = [jnp.maximum(jnp.sqrt(jnp.sum(a**2)), jnp.abs(jnp.sum(a))) for a in rows]
    return jnp.stack(blocks) / reference


def newton_solve(
    system: System,
    hierarchies: Hierarchies,
    context: Context,
    start: Unknowns,
    currents: Currents,
    reference: Array,
    tolerances: Tolerances,
    *,
    max_iterations: int = 12,
    restart: int = 20,
    max_restarts: int = 3,
) -> Solve:
    """Solve the coupled equations of one implicit step.

    Parameters
    ----------
    system, hierarchies
        Cell and multigrid patterns.
    context : Context
        Film, time derivative, control.
    start, currents
        First guess.
    reference : Array
        Current that residuals are compared with [A].
    tolerances : Tolerances
        Accuracy.
    max_iterations, restart, max_restarts : int
        Limits of Newton and of the flexible GMRES inside.

    Returns
    -------
    Solve
        Never raises; look at ``code``.
    """

    def correct(u: Unknowns, balance: Balance, forcing: Array) -> tuple[Unknowns, Array]:
        jacobian = linearize(system, context, u, balance.currents, jnp.dtype(jnp.float32))
        preconditioner = Preconditioner.refresh(system, hierarchies, jacobian)
        result = fgmres(
            lambda v: apply(system, jacobian, v),
            jax.tree.map(jnp.negative, balance.rows),
            preconditioner=lambda r: preconditioner.apply(system, jacobian, r),
            tolerance=forcing,
            restart=restart,
            max_restarts=max_restarts,
            basis_dtype=jnp.float32,
        )
        d = result.value
        electronic = system.geometry.electronic
        return d._replace(phi_s=jnp.where(electronic, d.phi_s - d.voltage, 0.0)), result.iterations

    def search(u: Unknowns, direction: Unknowns, balance: Balance) -> tuple[Unknowns, Balance, Array]:
        """Halve the step until the residual falls."""
        before = _merit(balance.rows)

        def attempt(length: Array) -> tuple[Unknowns, Balance]:
            trial = jax.tree.map(lambda a, d: a + length * d, u, direction)
            return trial, evaluate(system, context, trial, balance.currents)

        def worse(carry: tuple) -> Array:
            length, _, trial = carry
            return ~(_merit(trial.rows) <= (1 - 1e-4 * length) * before) & (length > 1e-3)

        def halve(carry: tuple) -> tuple:
            length = 0.5 * carry[0]
            return length, *attempt(length)

        length, trial, result = jax.lax.while_loop(worse, halve, (jnp.ones(()), *attempt(jnp.ones(()))))
        return trial, result, length

    def iterate(carry: tuple) -> tuple:
        u, balance, norms, previous, forcing, newton, krylov, _ = carry
        direction, used = correct(u, balance, forcing)
        u_new, new, length = search(u, direction, balance)
        size = _merit(new.rows)
        old = _merit(balance.rows)
        worse = ~(size < old)
        u_new, new = _choose(worse, (u, balance), (u_new, new))
        new_norms = row_norms(new.rows, reference)
        ratio = jnp.where(worse, 1.0, size / old)
        # aim no further than the target needs: the last linear solve is often the cheapest
        needed = 0.3 * tolerances.residual / jnp.max(new_norms)
        next_forcing = jnp.clip(jnp.maximum(0.9 * ratio**2, needed), 1e-6, tolerances.linear)
        code = jnp.where(worse & (previous > 0.5), LINE_SEARCH_FAILED, MAX_ITERATIONS)
        code = jnp.where(jnp.all(jnp.isfinite(new_norms)), code, NOT_FINITE).astype(jnp.int32)
        return u_new, new, new_norms, ratio, next_forcing, newton + 1, (krylov + used).astype(jnp.int32), code

    def unfinished(carry: tuple) -> Array:
        _, _, norms, _, _, newton, _, code = carry
        return (jnp.max(norms) > tolerances.residual) & (newton < max_iterations) & (code == MAX_ITERATIONS)

    balance = evaluate(system, context, start, currents)
    norms = row_norms(balance.rows, reference)
    zero = jnp.zeros((), jnp.int32)
    code = jnp.where(jnp.all(jnp.isfinite(norms)), MAX_ITERATIONS, NOT_FINITE).astype(jnp.int32)
    carry = (start, balance, norms, jnp.zeros(()), tolerances.linear, zero, zero, code)
    u, balance, norms, _, _, newton, krylov, code = jax.lax.while_loop(unfinished, iterate, carry)
    code = jnp.where(jnp.max(norms) <= tolerances.residual, CONVERGED, code)
    code = jnp.where((code == CONVERGED) & (balance.failures > 0), NO_ROOT, code)
    return Solve(u, balance.currents, balance.rows, norms, balance.guarded, newton, krylov, code)


def _merit(rows: Unknowns) -> Array:
    return jnp.sqrt(sum(jnp.sum(a**2) for a in rows))


def _choose(condition: Array, if_true: tuple, if_false: tuple) -> tuple:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), if_true, if_false)
