"""One implicit step as one compiled function: predict, solve, estimate the error, grow the film, measure."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from microcell_kernels.halo import Slabs, total
from microcell_kernels.schedule import alone

from ..cell.measure import Measures, measure
from ..cell.residual import Context, System, surface_concentration
from ..cell.state import Control, Currents, Inertia, Number, Unknowns
from ..physics import film as film_growth
from .newton import BASIS, NARROW, Solve, Tolerances, newton_solve
from .precondition import Hierarchies

ELECTROLYTE_SCALE = 4000.0
"""What changes of the salt concentration are relative to [mol.m-3]."""

VOLTAGE_ERROR = 0.01
"""Tolerance of the voltage's local error against a straight line [V]: resolves the knees of the curve."""

CURRENT_ERROR = 0.002
"""The same for the terminal current, relative to 1C: resolves the decay of the current in a hold."""


class Past(NamedTuple):
    """Accepted states, latest first; entries that do not exist yet repeat the latest and carry weight zero.

    Attributes
    ----------
    c : three Arrays
        Concentrations.
    phi_s, phi_e : two Arrays each
        Potentials.
    voltage, current : two Arrays each
        Cell voltages [V] and terminal currents [A].
    currents : Currents
        Latest.
    film : Array
        Latest thickness [m].
    surface : Array
        Latest lithium concentration of the active side of each face [mol.m-3].
    """

    c: tuple[Array, Array, Array]
    phi_s: tuple[Array, Array]
    phi_e: tuple[Array, Array]
    voltage: tuple[Array, Array]
    current: tuple[Array, Array]
    currents: Currents
    film: Array
    surface: Array


class Coefficients(NamedTuple):
    """The numbers of :class:`.formula.Formula`, traced."""

    dt: Number
    a0: Number
    a1: Number
    a2: Number
    predict_c: Number
    predict_phi: Number
    error: Number


class Attempt(NamedTuple):
    """What a step came to; to be accepted or thrown away by the step control.

    Attributes
    ----------
    solve : Solve
        Solution and result code.
    film : Array
        Film at the end of the step.
    error : Array
        Local error in units of the tolerance; 0 where it cannot be estimated.
    measures : Measures
        Balances and ranges.
    surface : Array
        ``c_so`` of each face.
    """

    solve: Solve
    film: Array
    error: Array
    measures: Measures
    surface: Array


def begin(system: System, c: Array, voltage: Array, film: Array) -> Past:
    """Return the past of a relaxed cell: uniform potentials, no current."""
    zero = jnp.zeros_like(c)
    currents = Currents(jnp.zeros_like(film), jnp.zeros(c.shape[1:], c.dtype))
    surface = system.geometry.at(c, system.geometry.faces.p)
    none = jnp.zeros((), c.dtype)
    twice = ((zero, zero), (zero, zero), (voltage, voltage), (none, none))
    past = Past((c, c, c), *twice, currents, film, surface)
    # weakly typed zeros would compile the step a second time
    return jax.tree.map(lambda a: jax.lax.convert_element_type(a, a.dtype), past)


def _combine(weights: Array, values: tuple[Array, ...]) -> Array:
    """Combine past values, latest first, with weights that sum to one.

    By differences: the weights sum to one to rounding only, and extrapolated again and again the rounding of
    a state at rest would grow until it meets the solver's tolerance.
    """
    first = values[0]
    return first + sum(w * (v - first) for w, v in zip(weights[1:], values[1:], strict=True))


def _predict(system: System, past: Past, k: Coefficients) -> Unknowns:
    c = _combine(k.predict_c, past.c)
    c = jnp.where(system.geometry.ionic, jnp.maximum(c, 0.1 * past.c[0]), c)
    phi_s, phi_e = _combine(k.predict_phi, past.phi_s), _combine(k.predict_phi, past.phi_e)
    return Unknowns(c, phi_s, phi_e, _combine(k.predict_phi, past.voltage))


def rms_change(system: System, change: Array, slabs: Slabs) -> Array:
    """Rms of a change of the concentrations, relative to c_max in the solid and to
    :data:`ELECTROLYTE_SCALE`; the larger of both.

    ``slabs`` is None for whole arrays, however they are placed.
    """
    geometry = system.geometry

    def rms(where: Array, scale: float | Array) -> Array:
        square = total(jnp.sum(jnp.where(where, (change / scale) ** 2, 0.0)), slabs)
        return jnp.sqrt(square / jnp.maximum(total(jnp.sum(where), slabs), 1))

    return jnp.maximum(rms(geometry.active, system.laws.c_max), rms(geometry.ionic, ELECTROLYTE_SCALE))


def attempt_step(
    system: System,
    hierarchies: Hierarchies,
    past: Past,
    k: Coefficients,
    control: Control,
    reference: Number,
    tolerances: Tolerances,
    error_tolerance: Number,
    *,
    max_iterations: int = 12,
    basis: int = BASIS,
    dtype: Any = NARROW,
) -> Attempt:
    """Attempt one implicit step.

    Parameters
    ----------
    system, hierarchies
        Cell and multigrid patterns.
    past : Past
        Accepted states.
    k : Coefficients
        Formula of the step; a step of no length finds the potentials and currents of the latest
        concentrations.
    control : Control
        What the terminals impose.
    reference : Array
        Current that residuals are compared with [A].
    tolerances, error_tolerance
        Of the solver; of the local error in c, see :func:`rms_change`.
    max_iterations : int
        Newton's limit.
    basis : int
        Directions of the linear solver between two restarts.
    dtype : dtype
        Precision of the linear solves.
    """
    moving = jnp.where(k.dt > 0, 1.0, 0.0)
    rate = k.a0 / jnp.where(k.dt > 0, k.dt, 1.0)
    # the coefficients sum to zero; as a difference, so that what stands still has no rate, not even rounding
    inertia = Inertia(rate, past.c[0] + k.a2 / k.a0 * (past.c[0] - past.c[1]), moving)
    # the film that this step ends with, as far as the oxygen share of its start tells: with the film of the
    # start the voltage would be of first order
    share = film_growth.mobile_fraction(system.laws, past.surface)
    film = film_growth.grow(system.laws, past.film, share, k.dt)
    context = Context(film, inertia, control)
    solve = newton_solve(
        system,
        hierarchies,
        context,
        _predict(system, past, k),
        past.currents,
        reference,
        tolerances,
        max_iterations=max_iterations,
        basis=basis,
        dtype=dtype,
    )

    def close() -> tuple[Array, Array, Measures, Array]:
        surface = surface_concentration(system, solve.unknowns, solve.currents)
        share = film_growth.mean_fraction(system.laws, past.surface, surface)
        film = film_growth.grow(system.laws, past.film, share, k.dt)
        measures = measure(system, solve.unknowns, solve.currents, film, surface)
        start = _predict(system, past, k)
        error = _local_error(system, past, k, start, solve, measures, error_tolerance)
        return film, error, measures, surface

    # behind the solve: what is known before would wait through it in memory
    behind = close() if system.geometry.slabs is not None else alone(solve.code >= 0, close)
    return Attempt(solve, *behind)


def _local_error(
    system: System,
    past: Past,
    k: Coefficients,
    start: Unknowns,
    solve: Solve,
    measures: Measures,
    tolerance: Number,
) -> Array:
    """Largest of the local errors of concentrations, voltage and current, each relative to its tolerance."""
    end = solve.unknowns
    current = measures.current_A - _combine(k.predict_phi, past.current)
    errors = (
        rms_change(system, k.error * (end.c - start.c), system.geometry.slabs) / tolerance,
        jnp.abs(k.error * (end.voltage - start.voltage)) / VOLTAGE_ERROR,
        jnp.abs(k.error * current) / (CURRENT_ERROR * system.one_c_current),
    )
    return jnp.max(jnp.stack(errors))


LEAN: Any = {"xla_disable_hlo_passes": "while-loop-invariant-code-motion"}
"""Compiler options of a step: XLA would keep what the iterations can compute again, a tenth of all memory."""

advance = jax.jit(attempt_step, static_argnames=("max_iterations", "basis", "dtype"), compiler_options=LEAN)
"""The compiled :func:`attempt_step`, for a cell on one device."""


def latest(past: Past) -> Unknowns:
    """Return the latest accepted unknowns."""
    return Unknowns(past.c[0], past.phi_s[0], past.phi_e[0], past.voltage[0])


def accept(past: Past, attempt: Attempt) -> Past:
    """Make an attempt the latest accepted state."""
    u = attempt.solve.unknowns
    return Past(
        (u.c, past.c[0], past.c[1]),
        (u.phi_s, past.phi_s[0]),
        (u.phi_e, past.phi_e[0]),
        (u.voltage, past.voltage[0]),
        (attempt.measures.current_A, past.current[0]),
        attempt.solve.currents,
        attempt.film,
        attempt.surface,
    )


def keep_potentials(past: Past, attempt: Attempt) -> Past:
    """Take over the potentials and currents of an attempt and leave concentrations and film as they are."""
    u = attempt.solve.unknowns
    return past._replace(
        phi_s=(u.phi_s, u.phi_s),
        phi_e=(u.phi_e, u.phi_e),
        voltage=(u.voltage, u.voltage),
        current=(attempt.measures.current_A,) * 2,
        currents=attempt.solve.currents,
    )
