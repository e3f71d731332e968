"""Rates that rise exponentially with the potential, and their mean over a time step."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from ...parameters.constants import F, R
from ...parameters.law import Leaf
from ...parameters.laws import Laws

LARGEST_EXPONENT = 40.0
"""The exponent is held within this; at a transfer coefficient of 0.5 and room temperature it is 2 V. Solver
iterates may lie beyond it, cells do not."""


def exponent(laws: Laws, transfer: Leaf, potential: Leaf, drop: Array) -> Array:
    """Return ``alpha F (phi_s - phi_e - U) / (R T)``, limited to `LARGEST_EXPONENT`.

    Parameters
    ----------
    laws : Laws
        For the temperature.
    transfer, potential : float
        alpha, and U [V].
    drop : Array
        phi_s - phi_e [V].
    """
    free = transfer * F * (drop - potential) / (R * laws.temperature)
    return jnp.clip(free, -LARGEST_EXPONENT, LARGEST_EXPONENT)


def mean_exponential(before: Array, after: Array) -> Array:
    """Return the mean of ``exp(y)`` while y moves along a straight line: ``exp(m) sinh(h) / h``.

    Exact for every step, with m the middle and h half of the change; a step across a fast rise of the voltage
    is not over- or underestimated as by the ends or the middle alone.
    """
    half = 0.5 * (after - before)
    small = jnp.abs(half) < 1e-3
    safe = jnp.where(small, 1.0, half)
    ratio = jnp.where(small, 1.0 + half**2 / 6.0, jnp.sinh(safe) / safe)
    return jnp.exp(0.5 * (after + before)) * ratio
