"""Exchange current densities [A.m-2] of the active material and of the lithium metal."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from microcell.parameters.law import CONCENTRATION_LIMITS, STOICHIOMETRY_LIMITS, Leaf


def exchange_current_density(i00: Leaf, c_e: Leaf, c_if: Leaf, c_max: Leaf) -> jax.Array:
    """Return ``i0 = i00 c_e^0.5 c_if^0.5 (c_max - c_if)^0.5`` (Both et al. 2026, Eq. 5).

    Parameters
    ----------
    i00 : float
        Exchange current density factor [A.m2.5.mol-1.5].
    c_e : array
        Salt concentration [mol.m-3]; limited to at least 1 mol/m3.
    c_if : array
        Lithium concentration in the active material at the interface [mol.m-3]; limited to
        `STOICHIOMETRY_LIMITS` times c_max, so that the slope of the roots stays finite.
    c_max : float
        Maximum lithium concentration [mol.m-3].
    """
    low, high = STOICHIOMETRY_LIMITS
    filled = jnp.clip(c_if, low * c_max, high * c_max)
    salt = jnp.maximum(c_e, CONCENTRATION_LIMITS[0])
    return i00 * jnp.sqrt(salt) * jnp.sqrt(filled) * jnp.sqrt(c_max - filled)


def lithium_exchange_current_density(i0: Leaf, c_e: Leaf, c_ref: Leaf) -> jax.Array:
    """Return ``i0_Li (c_e/c_ref)^0.5`` of the lithium metal; c_e is limited to at least 1 mol/m3."""
    return i0 * jnp.sqrt(jnp.maximum(c_e, CONCENTRATION_LIMITS[0]) / c_ref)
