"""Inexact Newton iteration with line search on the coupled residual.

Eisenstat & Walker 1996, doi 10.1137/0917003.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from microcell_kernels.krylov import fgmres

from ..cell.residual import Balance, Context, System, apply, evaluate, linearize
from ..cell.state import Currents, Number, Unknowns
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

    residual: Number
    linear: Number


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
    restart: int = 10,
    max_restarts: int = 6,
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

    def direction_at(u: Unknowns, balance: Balance, forcing: Array) -> tuple[Unknowns, Array]:
        """Solve ``J d = residual``; the step goes against ``d``, which spares a copy of the residual."""
        jacobian = linearize(system, context, u, balance.currents, jnp.dtype(jnp.float32))
        preconditioner = Preconditioner.refresh(system, hierarchies, jacobian)
        result = fgmres(
            lambda v: apply(system, jacobian, v),
            balance.rows,
            preconditioner=lambda r: preconditioner.apply(system, jacobian, r),
            tolerance=forcing,
            restart=restart,
            max_restarts=max_restarts,
            basis_dtype=jnp.float32,
        )
        d = result.value
        phi_s = jnp.where(system.geometry.electronic, d.phi_s - d.voltage, 0.0)
        return d._replace(phi_s=phi_s), result.iterations.astype(jnp.int32)

    def iterate(search: _Search) -> _Search:
        """Try the step; where it is good enough find the next direction, else halve it."""
        trial = jax.tree.map(lambda a, d: a - search.length * d, search.u, search.direction)
        new = evaluate(system, context, trial, search.balance.currents)
        size, norms = _merit(new.rows), row_norms(new.rows, reference)
        good = size <= (1 - 1e-4 * search.length) * search.merit
        u, balance = _choose(good, (trial, new), (search.u, search.balance))
        norms = jnp.where(good, norms, search.norms)
        ratio = jnp.where(jnp.isfinite(search.merit), size / search.merit, 1.0)
        # aim no further than the target needs: the last linear solve is often the cheapest
        needed = 0.3 * tolerances.residual / jnp.max(norms)
        forcing = jnp.clip(jnp.maximum(0.9 * ratio**2, needed), 1e-6, tolerances.linear)
        proceed = good & (jnp.max(norms) > tolerances.residual)
        direction, used = jax.lax.cond(
            proceed,
            direction_at,
            lambda *_: (search.direction, jnp.zeros((), jnp.int32)),
            u,
            balance,
            forcing,
        )
        length = jnp.where(good, 1.0, 0.5 * search.length)
        stuck = jnp.where(length < 1e-3, LINE_SEARCH_FAILED, MAX_ITERATIONS)
        first = ~jnp.isfinite(search.merit) & ~jnp.isfinite(size)
        return _Search(
            u,
            direction,
            length,
            balance,
            jnp.where(good, size, search.merit),
            norms,
            search.newton + proceed.astype(jnp.int32),
            search.krylov + used,
            jnp.where(first, NOT_FINITE, stuck).astype(jnp.int32),
        )

    def unfinished(search: _Search) -> Array:
        more = (search.newton <= max_iterations) & (search.code == MAX_ITERATIONS)
        return (jnp.max(search.norms) > tolerances.residual) & more

    zero, infinite = jnp.zeros((), jnp.int32), jnp.full((), jnp.inf)
    nothing = jax.tree.map(jnp.zeros_like, start)
    balance = Balance(nothing, currents, jnp.zeros((), int), jnp.zeros((), int))
    norms = jnp.full(4, jnp.inf)
    code = jnp.full((), MAX_ITERATIONS, jnp.int32)
    begin = _Search(start, nothing, jnp.ones(()), balance, infinite, norms, zero, zero, code)
    end = jax.lax.while_loop(unfinished, iterate, begin)
    code = jnp.where(jnp.max(end.norms) <= tolerances.residual, CONVERGED, end.code)
    code = jnp.where((code == CONVERGED) & (end.balance.failures > 0), NO_ROOT, code)
    return Solve(
        end.u,
        end.balance.currents,
        end.balance.rows,
        end.norms,
        end.balance.guarded,
        end.newton,
        end.krylov,
        code,
    )


class _Search(NamedTuple):
    """State of the iteration: point, residual there, direction from it, length of the next trial."""

    u: Unknowns
    direction: Unknowns
    length: Array
    balance: Balance
    merit: Array
    norms: Array
    newton: Array
    krylov: Array
    code: Array


def _merit(rows: Unknowns) -> Array:
    return jnp.sqrt(sum(jnp.sum(a**2) for a in rows))


def _choose(condition: Array, if_true: tuple, if_false: tuple) -> tuple:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), if_true, if_false)
