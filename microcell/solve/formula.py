"""Variable-step backward differentiation on the host: coefficients, predictor weights, error constants.

Second order (BDF2) with unequal steps; first order (backward Euler) where the past is too short or not
smooth. See Hairer & Wanner, Solving Ordinary Differential Equations II, sections III.5 and V.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

FIRST_ERROR = 0.3
"""Error of a first step relative to its whole change: what backward Euler makes at most of a mode that
relaxes, ``max (1/(1 + z) - exp(-z)) (1 + z)/z``; an extrapolated slope would say far more of fast ones."""


class Formula(NamedTuple):
    """One step of ``(a0 y_new + a1 y_0 + a2 y_1) / dt = f(y_new)``, y_0 being the latest accepted value.

    Attributes
    ----------
    dt : step [s].
    a0, a1, a2 : coefficients.
    predict_c, predict_phi : weights of the past values (latest first) in the extrapolation of c and phi.
    error : factor from (solution - prediction) to the local error.
    order : 1 or 2.
    """

    dt: float
    a0: float
    a1: float
    a2: float
    predict_c: tuple[float, float, float]
    predict_phi: tuple[float, float]
    error: float
    order: int


def formula(dt: float, past_times: Sequence[float]) -> Formula:
    """Choose the formula of a step from the times of the accepted states since the last restart.

    Parameters
    ----------
    dt : float
        The step [s].
    past_times : sequence of float
        Accepted times, latest first; one entry means that the step starts afresh.
    """
    times = list(past_times[:3])
    new = times[0] + dt
    predict_c = _extrapolation(new, times)
    predict_phi = _extrapolation(new, times[:2])[:2]
    if len(times) < 3:
        error = dt / (2 * dt + times[0] - times[1]) if len(times) == 2 else FIRST_ERROR
        return Formula(dt, 1.0, -1.0, 0.0, predict_c, predict_phi, error, 1)
    h1, h2 = times[0] - times[1], times[1] - times[2]
    ratio = dt / h1
    a0 = (1 + 2 * ratio) / (1 + ratio)
    own = dt / a0
    error = own / (dt + h1 + h2 + own)
    return Formula(dt, a0, -(1 + ratio), ratio**2 / (1 + ratio), predict_c, predict_phi, error, 2)


def lengthen(step: Formula, error: float) -> float:
    """Return the factor to the next step that would just meet the tolerance, with a margin of a tenth.

    Parameters
    ----------
    step : Formula
        An accepted step.
    error : float
        Its local error in units of the tolerance, at most 1.
    """
    return max(0.3, 0.9 * max(error, 1e-4) ** (-1.0 / (step.order + 1)))


def shorten(error: float) -> float:
    """Return the factor to a step to try instead of one with an error of several tolerances.

    As if the error fell with the square of the step only: where a step goes wrong the solution has a knee,
    and there errors fall more slowly than with the power of the formula.
    """
    return max(0.2, 0.9 * max(error, 1.0) ** -0.5) if np.isfinite(error) else 0.2


def _extrapolation(new: float, times: Sequence[float]) -> tuple[float, float, float]:
    """Lagrange weights of the past values at a new time, padded to three."""
    weights = np.zeros(3)
    for j, t in enumerate(times):
        others = [other for k, other in enumerate(times) if k != j]
        weights[j] = np.prod([(new - other) / (t - other) for other in others])
    return float(weights[0]), float(weights[1]), float(weights[2])


def integrate(step: Formula, past: Sequence[float], rate: float) -> float:
    """Advance a scalar integral by the same formula, so that sums balance to round-off.

    Parameters
    ----------
    step : Formula
        The accepted step.
    past : sequence of float
        Values at the past times, latest first.
    rate : float
        Time derivative at the new time.
    """
    older = past[1] if len(past) > 1 else 0.0
    return (step.dt * rate - step.a1 * past[0] - step.a2 * older) / step.a0
