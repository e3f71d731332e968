"""Error bars from independent replicas by the jackknife."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from microcell.atomistic.estimate import Estimate


def jackknife(
    samples: np.ndarray, estimator: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Estimate a function of means, and its standard error by leaving out one replica at a time.

    Ratios of means, logarithms and solutions of linear systems need this; Efron 1982 (doi
    10.1137/1.9781611970319).

    Parameters
    ----------
    samples : (replicas, ...) array
        One row per statistically independent replica, at least two.
    estimator : callable
        Turns the mean over replicas (of shape ...) into the estimate, a number or an array.

    Returns
    -------
    value, error : arrays of the estimate's shape
    """
    count, total = len(samples), samples.sum(0)
    left_out = np.array([estimator((total - one) / (count - 1)) for one in samples])
    spread = ((left_out - left_out.mean(0)) ** 2).sum(0) * (count - 1) / count
    return np.asarray(estimator(total / count)), np.sqrt(spread)


def jackknifed(samples: np.ndarray, estimator: Callable[[np.ndarray], np.ndarray]) -> Estimate:
    """Return the jackknife estimate of one number, see `jackknife`."""
    value, error = jackknife(samples, estimator)
    return Estimate(float(value), float(error), len(samples))
