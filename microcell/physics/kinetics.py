"""Charge transfer at the interface through the rocksalt film, and at the lithium metal.

Model, sections 3 and 4.

Both et al. 2026 (doi 10.1016/j.ensm.2026.104994), Eqs. 4-6. The current stands on both sides of Eq. 4,
through the film resistance, the lithium shift in the film and the half cells next to the face; each face is
therefore solved as one scalar equation, written with asinh so that it is nearly linear over many decades of
current.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from microcell_kernels.pointwise import RootResult, decreasing_root

from ..parameters import exchange_current
from ..parameters.constants import F, R
from ..parameters.law import CONCENTRATION_LIMITS, Leaf
from ..parameters.laws import Laws

STOICHIOMETRY_GUARD = 1e-4
"""``c_if`` is held this far from empty and full (relative to c_max) in i0; beyond it U is a steep line.

With U held as well, a face would go on taking lithium at a finite rate and fill cells beyond c_max; on the
line the face still has a root, and its current dies out as the solid becomes full."""

GUARD_SLOPE = 100.0
"""Smallest steepness of that line [V per unit stoichiometry], where the law is not steeper there."""

_BRACKET = 200.0  # asinh of the largest scaled current: an overpotential of 10 V at 298 K


class FaceProblem(NamedTuple):
    """What one interface face knows.

    Attributes
    ----------
    voltage : Array
        ``phi_s - phi_e`` between the two cell centres [V].
    c_solid, c_electrolyte : Array
        Cell concentrations on both sides [mol.m-3].
    resistance : Array
        Film and half-cell resistances in series [Ohm.m2].
    shift : Array
        Fall of the interface concentration per current density, film and half cell [mol.m-3 per A.m-2].
    """

    voltage: Array
    c_solid: Array
    c_electrolyte: Array
    resistance: Array
    shift: Array


class Sensitivities(NamedTuple):
    """Derivatives of the face current with respect to voltage [A.m-2.V-1] and both concentrations."""

    voltage: Array
    c_solid: Array
    c_electrolyte: Array


def exchange_current_density(laws: Laws, c_electrolyte: Array, c_interface: Array) -> Array:
    """Eq. 5: ``i0 = i00 c_e^0.5 c_if^0.5 (c_max - c_if)^0.5`` [A.m-2]."""
    return exchange_current.exchange_current_density(laws.i00, c_electrolyte, c_interface, laws.c_max)


def interface_concentration(laws: Laws, problem: FaceProblem, current: Array) -> tuple[Array, Array]:
    """Eq. 6 with the half cell: ``c_if`` held inside (0, c_max), and how far it lies beyond [mol.m-3]."""
    free = problem.c_solid - problem.shift * current
    guarded = jnp.clip(free, STOICHIOMETRY_GUARD * laws.c_max, (1 - STOICHIOMETRY_GUARD) * laws.c_max)
    return guarded, free - guarded


def equilibrium_potential(laws: Laws, c_if: Array, beyond: Array) -> Array:
    """U at the interface [V], continued beyond the guard by a falling line."""
    T, guard = laws.temperature, STOICHIOMETRY_GUARD

    def steepness(x: float) -> Array:
        return jnp.maximum(-jax.grad(lambda s: laws.ocp(s, T))(jnp.asarray(x)), GUARD_SLOPE)

    slope = jnp.where(beyond > 0, steepness(1 - 1.01 * guard), steepness(1.01 * guard))
    return laws.ocp(c_if / laws.c_max, T) - slope * beyond / laws.c_max


def voltage_balance(laws: Laws, problem: FaceProblem, current: Array) -> Array:
    """Eq. 4: what is left of ``phi_s - phi_e`` after U, ohmic drop and overpotential [V]."""
    c_if, beyond = interface_concentration(laws, problem, current)
    i0 = exchange_current_density(laws, problem.c_electrolyte, c_if)
    equilibrium = equilibrium_potential(laws, c_if, beyond)
    return problem.voltage - equilibrium - problem.resistance * current - _overpotential(laws, current, i0)


def _overpotential(laws: Laws, current: Array, i0: Array) -> Array:
    return 2 * R * laws.temperature / F * jnp.arcsinh(current / (2 * i0))


def solve_faces(laws: Laws, problem: FaceProblem, guess: Array) -> RootResult:
    """Find the current density of every face [A.m-2], positive when lithium leaves the solid.

    Parameters
    ----------
    laws : Laws
        Property laws.
    problem : FaceProblem
        Arrays of shape (faces,).
    guess : Array, shape (faces,)
        Start, for example the currents of the last iteration.
    """
    inside, _ = interface_concentration(laws, problem, jnp.zeros_like(guess))
    scale = 2 * exchange_current_density(laws, problem.c_electrolyte, inside)
    return _solve_scaled(lambda i: voltage_balance(laws, problem, i), scale, problem.resistance, guess)


def _solve_scaled(
    balance: Callable[[Array], Array], scale: Array, resistance: Array, guess: Array
) -> RootResult:
    """Solve ``balance(scale sinh y) = 0`` for y: near-linear in the Tafel as in the linear regime.

    The current has the sign of what is left without it and is smaller than the resistance alone would let
    through; this brackets the root, where Newton from far out would come down by one in y per iteration only.
    """

    def value_and_slope(y: Array) -> tuple[Array, Array]:
        return jax.jvp(lambda s: balance(scale * jnp.sinh(s)), (y,), (jnp.ones_like(y),))

    left = balance(jnp.zeros_like(guess))
    most = jnp.abs(left) / jnp.maximum(resistance * scale, jnp.finfo(left.dtype).tiny)
    bound = jnp.minimum(1.001 * jnp.arcsinh(most), _BRACKET)
    lower, upper = jnp.where(left < 0, -bound, 0.0), jnp.where(left > 0, bound, 0.0)
    root = decreasing_root(value_and_slope, lower, upper, jnp.arcsinh(guess / scale))
    return root._replace(value=scale * jnp.sinh(root.value))


def sensitivities(laws: Laws, problem: FaceProblem, current: Array) -> Sensitivities:
    """Differentiate the solved face current (implicit function theorem)."""
    one = jnp.ones_like(current)
    slope = jax.jvp(lambda i: voltage_balance(laws, problem, i), (current,), (one,))[1]
    slope = jnp.minimum(slope, -1e-12)

    def by(field: str) -> Array:
        def shifted(value: Array) -> Array:
            return voltage_balance(laws, problem._replace(**{field: value}), current)

        return -jax.jvp(shifted, (getattr(problem, field),), (one,))[1] / slope

    return Sensitivities(-1.0 / slope, by("c_solid"), by("c_electrolyte"))


class PlaneProblem(NamedTuple):
    """What one face of the lithium plane knows.

    Attributes
    ----------
    phi_e, c : Array
        Potential [V] and salt concentration [mol.m-3] of the cell in front of it.
    resistance : Array
        Of half that cell [Ohm.m2].
    shift : Array
        Rise of the salt from there to the plane per current density, half a cell of the salt flux that goes
        with it: ``d (1 - t_plus) / (2 F b D_e)`` [mol.m-3 per A.m-2].
    diffusion_potential : Array
        ``(2RT/F) (1 - t_plus) (1 + dlnf/dlnc)`` [V].
    """

    phi_e: Array
    c: Array
    resistance: Array
    shift: Array
    diffusion_potential: Array


def plane_problem(
    temperature: Leaf,
    phi_e: Array,
    c: Array,
    half: Leaf,
    conductivity: Array,
    mobility: Array,
    t_plus: Array,
    factor: Array,
) -> PlaneProblem:
    """Gather a :class:`PlaneProblem` from the cell in front of the plane.

    Parameters
    ----------
    temperature : T [K].
    phi_e, c : Array
        Of the cell [V], [mol.m-3].
    half : float
        Distance from its centre to the plane [m].
    conductivity, mobility : Array
        Effective ``b kappa`` [S.m-1] and ``F b D_e`` [A.m2.mol-1].
    t_plus, factor : Array
        ``t_plus`` and ``1 + dlnf/dlnc``.
    """
    return PlaneProblem(
        phi_e=phi_e,
        c=c,
        resistance=half / conductivity,
        shift=half * (1 - t_plus) / mobility,
        diffusion_potential=2 * R * temperature / F * (1 - t_plus) * factor,
    )


SCARCE = 0.01
"""Least salt at the lithium plane, relative to the cell in front of it, that a solve goes down to."""


def lithium_balance(laws: Laws, problem: PlaneProblem, current: Array) -> Array:
    """Lithium plane, ``phi_Li = 0``: what is left of it after phi_e and the overpotential there [V].

    Positive current enters the cell. Potential and salt at the plane follow from those of the cell, the
    current and the salt flux ``(1 - t_plus) i / F`` that starts there, so that the coarse cells of a
    separator are of second order.
    """
    cell = jnp.maximum(problem.c, CONCENTRATION_LIMITS[0])
    c = jnp.maximum(cell + problem.shift * current, SCARCE * cell)
    i0 = exchange_current.lithium_exchange_current_density(laws.lithium_i0, c, laws.lithium_c_ref)
    diffusion = problem.diffusion_potential * jnp.log(c / cell)
    return -problem.phi_e - problem.resistance * current - diffusion - _overpotential(laws, current, i0)


def solve_lithium(laws: Laws, problem: PlaneProblem, guess: Array) -> RootResult:
    """Find the current density of every face of the lithium plane [A.m-2], positive into the electrolyte."""
    i0 = exchange_current.lithium_exchange_current_density(laws.lithium_i0, problem.c, laws.lithium_c_ref)
    balance = partial(lithium_balance, laws, problem)
    return _solve_scaled(balance, 2 * i0, problem.resistance, guess)


def lithium_sensitivities(
    laws: Laws, problem: PlaneProblem, by_c: PlaneProblem, current: Array
) -> tuple[Array, Array]:
    """Derivatives of the lithium-plane current with respect to ``phi_e`` and ``c`` of the cell.

    ``by_c`` is the derivative of the problem by c: of its salt, and of the properties of the half cell.
    """
    one = jnp.ones_like(current)
    slope = jax.jvp(lambda i: lithium_balance(laws, problem, i), (current,), (one,))[1]
    moved = jax.jvp(lambda p: lithium_balance(laws, p, current), (problem,), (by_c,))[1]
    return 1.0 / slope, -moved / slope
