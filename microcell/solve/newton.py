"""Inexact Newton iteration with line search on the coupled residual.

Eisenstat & Walker 1996, doi 10.1137/0917003.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from microcell_kernels.halo import Slabs, largest, total
from microcell_kernels.krylov import CONVERGED as SOLVED
from microcell_kernels.krylov import fgmres, norm

from ..cell.jacobian import apply, linearize
from ..cell.residual import Context, System, evaluate
from ..cell.state import Currents, Number, Unknowns
from .precondition import Hierarchies, Preconditioner

CONVERGED, MAX_ITERATIONS, LINE_SEARCH_FAILED, NOT_FINITE, NO_ROOT, STALLED = range(6)
"""Result codes of a solve."""

ADVICE = {
    CONVERGED: "converged",
    MAX_ITERATIONS: "Newton's iteration ran out of iterations",
    LINE_SEARCH_FAILED: "no step along Newton's direction lowered the residual",
    NOT_FINITE: "the residual is not a number",
    NO_ROOT: "some interface faces have no current that satisfies the kinetics",
    STALLED: "the linear systems could not be solved within their iterations",
}
"""What each code means, in words for users."""

ROWS = ("lithium balance", "electronic charge balance", "ionic charge balance", "control")


NARROW, WIDE = jnp.float32, jnp.float64
"""Precision of the linear solves, and of points, residuals and corrections. Where carbon conducts 10^7 times
better than what holds it, float32 loses the differences in its potential: see :data:`.ladder.RUNGS`."""

SHARPEST = 1e-6
"""Smallest forcing term that float32 vectors can meet."""


ROUNDING, NEGLIGIBLE_V, NEGLIGIBLE_C = 1e-6, 1e-8, 1e-5
"""A solve is also done where Newton's correction is below these volts and mol.m-3 and lowers the residual by
less than half: what is left is rounding of the residual itself. It may be at most the first number, relative
to the reference current; cells with little active material under a thick separator come to some 1e-8."""

STALLS = 2
"""Linear solves that may run out of iterations before a small basis is given up: beyond an open-circuit knee
all of them do, and a step of a large electrode would spend minutes on directions of little use."""

BASIS, LARGE_BASIS, KRYLOV_LIMIT = 6, 16, 60
"""Directions that the linear solver keeps, as a rule and where that stalls it: near full particles, where
open-circuit lines are steep, some ten slow modes are forgotten at every restart of six (60 iterations and no
end; 14 with a large basis). 32 bytes per cell each in float32; and the iterations of one linear solve."""


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
    rows : Unknowns
        Residual there [A], in float32.
    norms : Array, shape (4,)
        Norm of each block of rows relative to the reference current, see :data:`ROWS`.
    guarded : Array
        Interface faces beyond the guard of their surface concentration.
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


def row_norms(rows: Unknowns, reference: Array, slabs: Slabs = None) -> Array:
    """Euclidean norm of each block of rows, and of its sum, relative to a current; the larger of both."""
    fields = [
        jnp.maximum(jnp.sqrt(total(jnp.sum(a**2), slabs)), jnp.abs(total(jnp.sum(a), slabs)))
        for a in rows[:3]
    ]
    return jnp.stack([*fields, jnp.abs(rows.voltage)]) / reference


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
    basis: int = BASIS,
    dtype: Any = NARROW,
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
    max_iterations, basis : int
        Newton's limit; directions of the flexible GMRES inside between two restarts.
    dtype : dtype
        Precision of the linear solves.

    Returns
    -------
    Solve
        Never raises; look at ``code``.
    """
    slabs = system.geometry.slabs

    def direction_at(
        u: Unknowns, currents: Currents, rows: Unknowns, forcing: Array
    ) -> tuple[Unknowns, Array, Array]:
        """Solve ``J d = residual``; the step goes against ``d``, which spares a copy of the residual.

        Also returns iterations, and 1 where they ran out.
        """
        jacobian = linearize(system, context, u, currents, dtype)
        preconditioner = Preconditioner.refresh(system, hierarchies, jacobian)
        result = fgmres(
            lambda v: apply(system, jacobian, v),
            rows,
            preconditioner=lambda r: preconditioner.apply(system, jacobian, r),
            tolerance=forcing,
            restart=basis,
            max_restarts=-(-KRYLOV_LIMIT // basis),
            solution_dtype=WIDE,
            slabs=slabs,
        )
        stalled = (result.code != SOLVED).astype(jnp.int32)
        return result.value, result.iterations.astype(jnp.int32), stalled

    def iterate(search: _Search) -> _Search:
        """Try the step; where it is good enough find the next direction, else halve it."""
        trial = jax.tree.map(lambda a, d: a - search.length * search.scale * d, search.u, search.direction)
        new = evaluate(system, context, trial, search.currents)
        size, norms = norm(new.rows, slabs), row_norms(new.rows, reference, slabs)
        good = size <= (1 - 1e-4 * search.length) * search.merit
        u, currents = _choose(good, (trial, new.currents), (search.u, search.currents))
        guarded, failures = _choose(good, (new.guarded, new.failures), (search.guarded, search.failures))
        norms = jnp.where(good, norms, search.norms)
        idle = (size > 0.5 * search.merit) & _is_negligible(search, slabs)
        rounded = idle & (jnp.max(norms) <= ROUNDING)
        ratio = jnp.where(jnp.isfinite(search.merit), size / search.merit, 1.0)
        # aim no further than the target needs: the last linear solve is often the cheapest
        needed = 0.3 * tolerances.residual / jnp.max(norms)
        forcing = jnp.clip(jnp.maximum(0.9 * ratio**2, needed), SHARPEST, tolerances.linear)
        proceed = good & ~rounded & (jnp.max(norms) > tolerances.residual)
        # the unit vector is all that the linear solve needs, and float32 holds it
        unit = jax.tree.map(lambda a: (a / jnp.where(size > 0, size, 1.0)).astype(dtype), new.rows)
        unit = _choose(good, unit, search.rows)
        # a loop of at most one pass, not a branch: the old direction's memory takes the new one
        none = jnp.zeros((), jnp.int32)
        _, direction, used, stalled = jax.lax.while_loop(
            lambda carry: carry[0],
            lambda _: (False, *direction_at(u, currents, unit, forcing)),
            (proceed, search.direction, none, none),
        )
        scale = jnp.where(proceed, size, search.scale)
        length = jnp.where(good, 1.0, 0.5 * search.length)
        stuck = jnp.where(length < 1e-3, LINE_SEARCH_FAILED, MAX_ITERATIONS)
        first = ~jnp.isfinite(search.merit) & ~jnp.isfinite(size)
        return _Search(
            u,
            currents,
            unit,
            direction,
            scale,
            length,
            jnp.where(good, size, search.merit),
            norms,
            guarded,
            failures,
            search.newton + proceed.astype(jnp.int32),
            search.krylov + used,
            search.stalled + stalled,
            jnp.where(first, NOT_FINITE, jnp.where(rounded, CONVERGED, stuck)).astype(jnp.int32),
        )

    def unfinished(search: _Search) -> Array:
        more = (search.newton <= max_iterations) & (search.code == MAX_ITERATIONS)
        more &= (search.stalled < STALLS) | (basis >= LARGE_BASIS)
        return (jnp.max(search.norms) > tolerances.residual) & more

    zero, infinite = jnp.zeros((), jnp.int32), jnp.full((), jnp.inf)
    nothing = jax.tree.map(lambda a: jnp.zeros_like(a, dtype), start)
    still = jax.tree.map(jnp.zeros_like, start)
    count = jnp.zeros((), int)
    code = jnp.full((), MAX_ITERATIONS, jnp.int32)
    begin = _Search(
        start,
        currents,
        nothing,
        still,
        jnp.ones(()),
        jnp.ones(()),
        infinite,
        jnp.full(4, jnp.inf),
        count,
        count,
        zero,
        zero,
        zero,
        code,
    )
    end = jax.lax.while_loop(unfinished, iterate, begin)
    code = jnp.where(jnp.max(end.norms) <= tolerances.residual, CONVERGED, end.code)
    code = jnp.where((code == CONVERGED) & (end.failures > 0), NO_ROOT, code)
    given_up = (code == MAX_ITERATIONS) & (end.newton <= max_iterations)
    code = jnp.where(given_up, STALLED, code).astype(jnp.int32)
    rows = jax.tree.map(lambda a: (end.merit * a).astype(NARROW), end.rows)
    return Solve(end.u, end.currents, rows, end.norms, end.guarded, end.newton, end.krylov, code)


class _Search(NamedTuple):
    """State of the iteration: point, unit residual, direction and its scale, length of the next."""

    u: Unknowns
    currents: Currents
    rows: Unknowns
    direction: Unknowns
    scale: Array
    length: Array
    merit: Array
    norms: Array
    guarded: Array
    failures: Array
    newton: Array
    krylov: Array
    stalled: Array
    code: Array


def _is_negligible(search: _Search, slabs: Slabs) -> Array:
    """Whether the correction that is being tried changes no unknown by what counts."""
    d = search.direction
    small = [
        largest(jnp.max(jnp.abs(a)), slabs) * search.scale <= limit
        for a, limit in ((d.c, NEGLIGIBLE_C), (d.phi_s, NEGLIGIBLE_V), (d.phi_e, NEGLIGIBLE_V))
    ]
    return small[0] & small[1] & small[2] & (jnp.abs(d.voltage) * search.scale <= NEGLIGIBLE_V)


def _choose(condition: Array, if_true: Any, if_false: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), if_true, if_false)
