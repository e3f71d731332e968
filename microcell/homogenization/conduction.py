"""Steady conduction through a voxel image between two opposite faces: the equations, and their solution.

Finite volumes on voxels: harmonic means between neighbours, potential 1 and 0 on the two end planes of an
axis (half a voxel from the first and last centres), no flux through the other sides. With distances counted
in voxels of the axis and a total drop of 1, the slice flux, the dissipation and the effective conductivity
are one number up to geometry.

The axis is an argument that is traced, and the pattern of the multigrid hierarchy is that of the conductor,
so one compilation and one set-up serve all three axes. Residuals and potentials are float64, the
preconditioner float32.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from microcell_kernels import stencil
from microcell_kernels.faces import series_conductance
from microcell_kernels.grid_operator import GridOperator, Stacked
from microcell_kernels.krylov import BREAKDOWN, CONVERGED, MAX_ITERATIONS, cg, norm
from microcell_kernels.multigrid import Hierarchy

COARSEST = 600
"""Nodes below which the coarsest level is inverted: two levels fewer to compile than with a handful."""

FIRST_GOAL = 0.03
"""Residual of the first solve, relative to the right-hand side and to the tolerance of the fluxes: with it,
most images need no second solve and no iteration too many."""

FINEST_GOAL = 1e-14
"""Residual below which rounding leaves nothing to gain."""


class Fluxes(NamedTuple):
    """What a potential carries, drop 1 over the image and distances in voxels of the axis.

    Attributes
    ----------
    dissipation : Array
        Sum of conductance times squared drop over all faces; exceeds the exact value by the square of the
        error of the potential only (Dirichlet's principle), so it is the best estimate of the flux.
    entering, leaving : Array
        Flux through the two end planes.
    inner : three Arrays
        Flux through the inner planes normal to z, y, x.
    """

    dissipation: Array
    entering: Array
    leaving: Array
    inner: tuple[Array, ...]

    def through(self, axis: int) -> np.ndarray:
        """Return the flux through every plane normal to an axis, end planes included."""
        inner = np.asarray(self.inner[axis])
        return np.concatenate([[float(self.entering)], inner, [float(self.leaving)]])


class Conduction(NamedTuple):
    """A solved problem.

    Attributes
    ----------
    potential : Array or ndarray, shape (nz, ny, nx)
        1 at the low end of the axis, 0 at the high end; 0 where nothing conducts.
    flux : ndarray
        Flux through every plane normal to the axis, end planes included.
    dissipation : float
        See :class:`Fluxes`.
    mismatch : float
        Largest difference between the fluxes through any two planes, relative to their mean.
    residual : float
        Norm of the true residual relative to that of the right-hand side.
    iterations, code : int
        Of conjugate gradients; a result code of :mod:`microcell_kernels.krylov`.
    """

    potential: Array | np.ndarray
    flux: np.ndarray
    dissipation: float
    mismatch: float
    residual: float
    iterations: int
    code: int


def weights(voxel_size: tuple[float, float, float], axis: int) -> np.ndarray:
    """Return the face area over distance of the three face directions, that of the axis being 1."""
    return np.array([(voxel_size[axis] / edge) ** 2 for edge in voxel_size])


class Ends(NamedTuple):
    """Conductances to the two end planes, shape (1, nz, ny, nx), zero away from them."""

    inlet: Array
    outlet: Array


def assemble(codes: Array, table: Array, weight: Array, axis: Array) -> tuple[GridOperator, Ends]:
    """Return the operator, and its parts that lead to the two end planes.

    Parameters
    ----------
    codes : Array of uint8, shape (nz, ny, nx)
        Index of each voxel into the table; 0 does not conduct.
    table : Array
        Conductivities, the first of them 0; its type becomes that of the operator.
    weight : Array, shape (3,)
        See :func:`weights`.
    axis : Array of int
        0, 1 or 2.
    """
    k = table[codes][None]
    conductance = tuple(
        weight[d].astype(k.dtype) * series_conductance(stencil.lower(k, a), stencil.upper(k, a), 0.5, 0.5)  # type: ignore[arg-type]
        for d, a in enumerate(stencil.AXES)
    )
    place = [jax.lax.broadcasted_iota(jnp.int32, k.shape, d) for d in (1, 2, 3)]
    along = jax.lax.select_n(axis, *place)
    last = jnp.asarray(codes.shape, jnp.int32)[axis] - 1
    ends = Ends(jnp.where(along == 0, 2.0 * k, 0.0), jnp.where(along == last, 2.0 * k, 0.0))
    nothing, no_link = jnp.zeros((), k.dtype), jnp.zeros(0, jnp.int32)
    operator = GridOperator(
        conductance=conductance,  # type: ignore[arg-type]
        ground=ends.inlet + ends.outlet,
        link_p=no_link,
        link_q=no_link,
        link=jnp.zeros(0, k.dtype),
        top=jnp.zeros(codes.shape[1:], k.dtype),
        terminal_ground=nothing,
        terminal_free=nothing,
    )
    return operator, ends


def find_hierarchy(codes: np.ndarray, table: np.ndarray, weight: np.ndarray) -> Hierarchy:
    """Set up the multigrid levels of a conductor; to be called with float64 switched on."""
    single = jnp.asarray(table, jnp.float32)
    operator, _ = jax.jit(assemble)(jnp.asarray(codes), single, jnp.asarray(weight), jnp.asarray(0))
    return Hierarchy.build(operator, (codes > 0)[None], coarsest=COARSEST)


def conduct(
    hierarchy: Hierarchy,
    codes: np.ndarray,
    table: np.ndarray,
    weight: np.ndarray,
    axis: int,
    *,
    tolerance: float,
    max_iterations: int,
) -> Conduction:
    """Solve for the potential until the fluxes through all planes agree.

    Parameters
    ----------
    hierarchy : Hierarchy
        Of these voxels, or of more of them.
    codes, table, weight, axis
        See :func:`assemble`; only voxels that are connected to both ends may conduct.
    tolerance : float
        Accepted :attr:`Conduction.mismatch`.
    max_iterations : int
        Limit of conjugate gradients.

    Notes
    -----
    The residual cannot tell beforehand how well fluxes agree: where they do not, the solve continues from
    where it is with a residual ten times smaller. To be called with float64 switched on.
    """
    arguments = (jnp.asarray(codes), jnp.asarray(table), jnp.asarray(weight), jnp.asarray(axis))
    improve = _compiled(next(iter(arguments[0].devices())).platform)
    potential, goal, iterations = _ramp(arguments[0], arguments[3]), FIRST_GOAL * tolerance, 0
    while True:
        potential, fluxes, residual, used, code = improve(
            hierarchy, *arguments, potential, jnp.asarray(goal), jnp.asarray(max_iterations - iterations)
        )
        iterations += int(used)
        flux = fluxes.through(axis)
        mismatch = _mismatch(flux)
        if mismatch <= tolerance:
            code = CONVERGED
        elif int(code) == CONVERGED and goal > FINEST_GOAL:
            goal = max(0.1 * goal, FINEST_GOAL)
            continue
        elif int(code) == CONVERGED:
            code = MAX_ITERATIONS
        work = float(fluxes.dissipation)
        return Conduction(potential[0], flux, work, mismatch, float(residual), iterations, int(code))


def _mismatch(flux: np.ndarray) -> float:
    """Return the spread of fluxes relative to their mean; infinite where that is no positive number."""
    mean = float(flux.mean())
    return float(np.ptp(flux)) / mean if mean > 0 else np.inf


@jax.jit
def _ramp(codes: Array, axis: Array) -> Array:
    """Return the potential of a uniform conductor, zero where nothing conducts."""
    place = [jax.lax.broadcasted_iota(jnp.int32, codes.shape, d) for d in range(3)]
    length = jnp.asarray(codes.shape, jnp.int32)[axis]
    height = 1.0 - (jax.lax.select_n(axis, *place) + 0.5) / length
    return jnp.where(codes > 0, height, 0.0)[None]


@cache
def _compiled(platform: str) -> Any:
    """Compile the solve. On CPU, LLVM's higher levels take twice the time and gain nothing measurable."""
    options: Any = {"xla_backend_optimization_level": 1} if platform == "cpu" else None
    return jax.jit(_improve, donate_argnames="potential", compiler_options=options)


def _improve(
    hierarchy: Hierarchy,
    codes: Array,
    table: Array,
    weight: Array,
    axis: Array,
    potential: Array,
    goal: Array,
    max_iterations: Array,
) -> tuple[Array, Fluxes, Array, Array, Array]:
    """Reduce the residual to a goal relative to the right-hand side; measure what flows."""
    operator, ends = assemble(codes, table, weight, axis)
    single = jax.tree.map(lambda a: a.astype(jnp.float32) if a.dtype == jnp.float64 else a, operator)
    values = hierarchy.refresh(single)

    def precondition(r: Stacked) -> Stacked:
        scale = jnp.max(jnp.abs(r.fields))  # keeps small residuals inside the range of float32
        scale = jnp.where(scale > 0, scale, 1.0)
        z = hierarchy.cycle(values, jax.tree.map(lambda a: (a / scale).astype(jnp.float32), r))
        return jax.tree.map(lambda a: scale * a.astype(jnp.float64), z)

    def residual_of(x: Array) -> Stacked:
        y = operator.apply(Stacked(x, jnp.zeros((), x.dtype)))
        return Stacked(ends.inlet - y.fields, y.terminal)

    start = residual_of(potential)
    size, first = norm(ends.inlet), norm(start)
    relative = jnp.where(first > 0, goal * size / jnp.where(first > 0, first, 1.0), 1.0)
    solved = cg(
        operator.apply,
        start,
        preconditioner=precondition,
        tolerance=relative,
        max_iterations=max_iterations,  # type: ignore[arg-type]
    )
    potential = potential + solved.value.fields
    code = jnp.where(jnp.isfinite(norm(potential)), solved.code, BREAKDOWN)
    residual = norm(residual_of(potential)) / size
    return potential, _measure(operator, ends, potential), residual, solved.iterations, code


def _measure(operator: GridOperator, ends: Ends, x: Array) -> Fluxes:
    entering, leaving = ends.inlet * (1.0 - x), ends.outlet * x
    dissipation = jnp.sum(entering * (1.0 - x)) + jnp.sum(leaving * x)
    inner = []
    for d, (axis, g) in enumerate(zip(stencil.AXES, operator.conductance, strict=True)):
        drop = stencil.lower(x, axis) - stencil.upper(x, axis)
        dissipation = dissipation + jnp.sum(g * drop * drop)
        inner.append(jnp.sum(g * drop, axis=tuple(other for other in range(4) if other != d + 1)))
    return Fluxes(dissipation, jnp.sum(entering), jnp.sum(leaving), tuple(inner))
