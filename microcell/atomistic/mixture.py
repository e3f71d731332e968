"""Rates and mean conductivities of a mixture of fast layered and slow rocksalt regions.

References
----------
Kirkpatrick, Rev. Mod. Phys. 45 (1973) 574, doi 10.1103/RevModPhys.45.574.
"""

from __future__ import annotations

import numpy as np

from microcell.atomistic.packaged import read_packaged
from microcell.errors import AtomisticError
from microcell.parameters.constants import K_B_EV


def default_barrier_difference() -> tuple[float, float]:
    """Return dE and its standard deviation [eV] from ``data/blocking.toml``: middle and spread of a range."""
    entry = read_packaged("microcell.atomistic", "blocking.toml")["barrier_difference"]
    low, high = entry["low"], entry["high"]
    return 0.5 * (low + high), (high - low) / float(np.sqrt(12.0))


def slowdown(barrier_difference: float, temperature: float) -> float:
    """Return how much slower hops are in rocksalt, ``exp(dE / kT)``.

    Parameters
    ----------
    barrier_difference : float
        dE [eV], 0 or more.
    temperature : float
        T [K], above 0.

    Raises
    ------
    AtomisticError
        If one is out of range.

    Examples
    --------
    >>> round(slowdown(0.2, 298.15), -2)
    2400.0
    """
    if not (np.isfinite(barrier_difference) and 0.0 <= barrier_difference <= 1.0):
        raise AtomisticError(
            "The barrier difference is out of range",
            key="barrier difference [eV]",
            value=barrier_difference,
            allowed="0 to 1 eV",
            fix="give the barrier in rocksalt less that in the layered oxide, such as 0.175",
        )
    if not (np.isfinite(temperature) and temperature > 0.0):
        raise AtomisticError(
            "The temperature is out of range", key="temperature [K]", value=temperature, allowed="above 0 K"
        )
    return float(np.exp(barrier_difference / (K_B_EV * temperature)))


def bounds(fraction: np.ndarray | float, ratio: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the relative conductivity of slabs in series and in parallel, between which all mixtures lie.

    Parameters
    ----------
    fraction : float array
        Transformed volume fraction f.
    ratio : float
        Conductivity of the layered over that of the transformed regions.
    """
    f = np.asarray(fraction, dtype=np.float64)
    return 1.0 / (1.0 - f + f * ratio), 1.0 - f + f / ratio


def effective_medium(fraction: np.ndarray | float, ratio: float, dimensions: int = 3) -> np.ndarray:
    """Return the relative conductivity of a random mixture in the symmetric effective-medium theory.

    The positive root k of ``(1 - f) (1 - k) / (1 + (d - 1) k) + f (1/r - k) / (1/r + (d - 1) k) = 0``: exact
    to first order in dilute hops on square and cubic lattices (Kirkpatrick 1973, Eq. 5.5) and, at f = 1/2 in
    two dimensions, exact.

    Parameters
    ----------
    fraction, ratio
        See `bounds`.
    dimensions : int
        d, 2 or 3.
    """
    f = np.asarray(fraction, dtype=np.float64)
    slow, d = 1.0 / ratio, dimensions
    b = (d * (1.0 - f) - 1.0) + (d * f - 1.0) * slow
    return (b + np.sqrt(b**2 + 4.0 * (d - 1.0) * slow)) / (2.0 * (d - 1.0))
