"""Fit the mean field of a lattice model to a measured open-circuit potential."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.polynomial import Chebyshev

from microcell.errors import AtomisticError

from .isotherm import Isotherm


class MeanField(NamedTuple):
    """A fitted mean field.

    Attributes
    ----------
    window : (float, float)
        Range of x.
    coefficients : tuple of float
        Chebyshev coefficients of du/dx on the window [eV].
    residual : float
        Root mean square of what the fit misses [V].
    """

    window: tuple[float, float]
    coefficients: tuple[float, ...]
    residual: float


def fit_mean_field(isotherm: Isotherm, x: np.ndarray, potential: np.ndarray, degree: int) -> MeanField:
    """Return the mean field that a lattice lacks to have a given open-circuit potential.

    ``du/dx = -e U(x) - mu_lattice(x)`` is fitted by least squares with Chebyshev polynomials.

    Parameters
    ----------
    isotherm : Isotherm
        Samples of the lattice; a mean field that its interactions have already is replaced.
    x, potential : (n,) arrays
        Lithium contents, and potentials against lithium metal [V].
    degree : int
        Of the polynomial.

    Raises
    ------
    AtomisticError
        If there are not more points than coefficients.
    """
    x, potential = np.asarray(x, dtype=np.float64), np.asarray(potential, dtype=np.float64)
    if len(x) <= degree + 1:
        raise AtomisticError(
            "There are too few potentials to fit", key="degree", value=degree, allowed=f"below {len(x) - 1}"
        )
    known = isotherm.interactions.mean_field_potential(x)
    missing = -potential - (isotherm.chemical_potential(x).value - known)
    window = (float(x.min()), float(x.max()))
    field = Chebyshev.fit(x, missing, degree, domain=list(window))
    residual = float(np.sqrt(np.mean((field(x) - missing) ** 2)))
    return MeanField(window, tuple(field.coef.tolist()), residual)
