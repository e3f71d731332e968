"""Growth of the rocksalt film (model, section 5; Both et al. 2026, Eqs. 1-3)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from ..parameters.constants import K_B_EV
from ..parameters.laws import Laws


def mobile_fraction(laws: Laws, c_solid: Array) -> Array:
    """Share ``s`` of the lattice oxygen that is mobile; zero at and above the critical concentration.

    ``s(c) = g(c) exp(-dG/kT) / (1 + exp(-dG/kT))`` with g = 1 below c_crit.

    Parameters
    ----------
    laws : Laws
        Property laws.
    c_solid : Array
        Lithium concentration of the active side of the face [mol.m-3].
    """
    return jnp.where(c_solid < laws.film_c_crit, _share_below(laws, c_solid), 0.0)


def _share_below(laws: Laws, c_solid: Array) -> Array:
    """The share without the gate at the critical concentration."""
    energy = laws.film_energy(c_solid / laws.c_max, laws.temperature)
    return jax.nn.sigmoid(-energy / (K_B_EV * laws.temperature))


MIDPOINTS = 16
"""Points of :func:`mean_fraction`. Between none and all of the oxygen lie about 2 % of the capacity, which a
step of minutes may cross."""


def mean_fraction(laws: Laws, c_before: Array, c_after: Array) -> Array:
    """Mean of :func:`mobile_fraction` over a step in which the concentration changes along a straight line.

    The part of the step below the critical concentration is cut out exactly, and the midpoint rule taken over
    it: a face that crosses within a step counts from when it does (``benchmarks/film_step_order.py``).

    Parameters
    ----------
    laws : Laws
        Property laws.
    c_before, c_after : Array
        Lithium concentration of the active side at both ends [mol.m-3].
    """
    low, high = jnp.minimum(c_before, c_after), jnp.maximum(c_before, c_after)
    top = jnp.clip(laws.film_c_crit, low, high)
    moves = high > low
    part = jnp.where(moves, (top - low) / jnp.where(moves, high - low, 1.0), low < laws.film_c_crit)

    def add(k: Array, sum_: Array) -> Array:
        return sum_ + _share_below(laws, low + (k + 0.5) / MIDPOINTS * (top - low))

    return part / MIDPOINTS * jax.lax.fori_loop(0, MIDPOINTS, add, jnp.zeros_like(part))


def grow(laws: Laws, thickness: Array, share: Array, dt: Array) -> Array:
    """Advance the thickness over a step by the exact solution of ``dL/dt = K s / L`` at a mean share.

    Parameters
    ----------
    laws : Laws
        Property laws.
    thickness : Array
        L at the start [m].
    share : Array
        Mean mobile share of the oxygen, :func:`mean_fraction`.
    dt : Array
        Step [s].
    """
    return jnp.sqrt(thickness**2 + 2.0 * laws.film_growth * share * dt)


def oxygen_released(laws: Laws, thickness: Array) -> Array:
    """Oxygen released since the start, ``(L - L0) nu / V_RS`` [mol.m-2]."""
    return (thickness - laws.film_initial) * laws.film_oxygen / laws.film_molar_volume
