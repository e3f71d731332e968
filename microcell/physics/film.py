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
    energy = laws.film_energy(c_solid / laws.c_max, laws.temperature)
    share = jax.nn.sigmoid(-energy / (K_B_EV * laws.temperature))
    return jnp.where(c_solid < laws.film_c_crit, share, 0.0)


def grow(laws: Laws, thickness: Array, share_before: Array, share_after: Array, dt: Array) -> Array:
    """Advance the thickness over a step by the exact solution of ``dL/dt = K s / L`` at the mean share.

    Parameters
    ----------
    laws : Laws
        Property laws.
    thickness : Array
        L at the start [m].
    share_before, share_after : Array
        :func:`mobile_fraction` at both ends; their mean makes the growth about a hundred times more
        accurate at steps of minutes than the share at the end alone (``benchmarks/film_step_order.py``).
    dt : Array
        Step [s].
    """
    return jnp.sqrt(thickness**2 + laws.film_growth * (share_before + share_after) * dt)


def oxygen_released(laws: Laws, thickness: Array) -> Array:
    """Oxygen released since the start, ``(L - L0) nu / V_RS`` [mol.m-2]."""
    return (thickness - laws.film_initial) * laws.film_oxygen / laws.film_molar_volume
