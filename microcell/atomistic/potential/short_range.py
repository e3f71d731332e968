"""Pair energies in real space: Buckingham, its smooth end, and the barrier below which it collapses."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from .ewald import COULOMB
from .system import Array

OVERLAP = 0.5
"""Distance below which two ions count as lying on each other [A], whatever their potential."""


def buckingham(r: Array, A: Array, rho: Array, C: Array) -> Array:
    """Return ``A exp(-r/rho) - C/r^6`` [eV] (Buckingham 1938, Proc. R. Soc. A 168, 264)."""
    return A * jnp.exp(-r / rho) - C / r**6


def switch(r: Array, cutoff: Array, width: Array) -> Array:
    """Return 1 inside, 0 beyond the cut-off, and between them the quintic that is twice differentiable.

    Parameters
    ----------
    r : array
        Distances [A].
    cutoff, width : float
        End and length of the stretch [A]; with width 0 the potential is cut off.
    """
    t = jnp.clip((r - cutoff + width) / jnp.maximum(width, 1e-12), 0.0, 1.0)
    return 1.0 - t**3 * (10.0 - t * (15.0 - 6.0 * t))


def barrier(A: float, rho: float, C: float, charges: float, reach: float = 6.0) -> float:
    """Return the distance at which a pair has its inner maximum; closer, it falls together without limit [A].

    Parameters
    ----------
    A, rho, C : float
        Buckingham coefficients [eV, A, eV.A6].
    charges : float
        Product of the whole charges of the two ions [e2].
    reach : float
        Where to look [A].

    Returns
    -------
    float
        0 where the pair repels at all small distances; infinity where it attracts at all up to `reach`.
    """
    r = np.linspace(0.02, reach, 6000)
    slope = -A / rho * np.exp(-r / rho) + 6.0 * C / r**7 - COULOMB * charges / r**2
    if slope[0] < 0.0:
        return 0.0
    repulsive = np.flatnonzero(slope < 0.0)
    return float(r[repulsive[0]]) if len(repulsive) else np.inf
