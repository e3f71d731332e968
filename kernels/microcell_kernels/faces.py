"""From cell values to face values."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array


def series_conductance(k_lower: Array, k_upper: Array, half_lower: Array, half_upper: Array) -> Array:
    """Conductance per area of two half cells in series (the distance-weighted harmonic mean).

    Parameters
    ----------
    k_lower, k_upper : Array
        Cell conductivities; zero blocks the face.
    half_lower, half_upper : Array or float
        Distances from cell centre to face.

    Returns
    -------
    Array
        ``1 / (half_lower / k_lower + half_upper / k_upper)``, zero where either conductivity is zero. The
        form without reciprocals of ``k`` keeps values and derivatives finite there.
    """
    weighted = half_lower * k_upper + half_upper * k_lower
    return k_lower * k_upper / jnp.where(weighted > 0, weighted, 1.0)
