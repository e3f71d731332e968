"""Tables dense enough to stand for a law."""

from __future__ import annotations

from collections.abc import Callable

import jax
import numpy as np

from ..parameters.law import CONCENTRATION_LIMITS, STOICHIOMETRY_LIMITS, Law
from .laws import Argument

_MOST = 4000
_TOLERANCE = 2e-6


def tabulated(law: Law, argument: Argument, T: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Tabulate a law for linear interpolation, with more rows where it bends.

    Intervals are halved until their middles agree within 2e-6 of the largest value, or the table has 4000
    rows.

    Parameters
    ----------
    law : Law
        The law.
    argument : str
        What it depends on; the table covers the limits of the law's argument.
    T : float
        Temperature [K].

    Returns
    -------
    (ndarray, ndarray, float)
        Arguments, values, and the largest error at the quarters of the intervals relative to the largest
        value.
    """
    compiled = jax.jit(lambda x: law(x, T))

    def values(x: np.ndarray) -> np.ndarray:
        padded = np.resize(x, -(-x.size // _MOST) * _MOST).reshape(-1, _MOST)  # one shape, one program
        with jax.enable_x64(True):
            return np.concatenate([np.asarray(compiled(part)) for part in padded])[: x.size]

    low, high = STOICHIOMETRY_LIMITS if argument == "x" else CONCENTRATION_LIMITS
    x = np.linspace(low, high, 65)
    while x.size < _MOST:
        error = _error(values, x, 0.5)
        if error.max() <= _TOLERANCE:
            break
        wrong = np.flatnonzero(error > _TOLERANCE)
        x = np.sort(np.append(x, 0.5 * (x[wrong] + x[wrong + 1])))
    largest = max(float(_error(values, x, share).max()) for share in (0.25, 0.5, 0.75))
    return x, values(x), largest


def _error(values: Callable[[np.ndarray], np.ndarray], x: np.ndarray, share: float) -> np.ndarray:
    """Error of linear interpolation within each interval, relative to the largest value."""
    y = values(x)
    between = (1 - share) * y[:-1] + share * y[1:]
    scale = max(float(np.abs(y).max()), np.finfo(float).tiny)
    return np.abs(values((1 - share) * x[:-1] + share * x[1:]) - between) / scale
