"""Sums and means of voxel and face arrays by group (particle label or slice), without loops over voxels."""

from __future__ import annotations

import numpy as np


def group_sum(groups: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Sum `values` per group number 0 ... count - 1; NaN values do not take part. Shape (count,)."""
    # Without any group NumPy would forget the weights and count in integers.
    return np.bincount(groups, weights=np.where(np.isnan(values), 0.0, values), minlength=count).astype(float)


def group_mean(groups: np.ndarray, values: np.ndarray, weights: np.ndarray, count: int) -> np.ndarray:
    """Weighted mean per group, NaN where a group has no weight; NaN values take no part. Shape (count,)."""
    taken = np.where(np.isnan(values), 0.0, weights)
    total = np.bincount(groups, weights=taken, minlength=count)
    return divide(group_sum(groups, values * taken, count), total)


def group_extreme(groups: np.ndarray, values: np.ndarray, count: int, find: np.ufunc) -> np.ndarray:
    """Minimum (`numpy.fmin`) or maximum (`numpy.fmax`) per group, NaN where it is empty. Shape (count,)."""
    result = np.full(count, np.nan)
    find.at(result, groups, values)
    return result


def divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide elementwise; NaN where the denominator is zero."""
    result = np.full(np.broadcast(numerator, denominator).shape, np.nan)
    return np.divide(numerator, denominator, out=result, where=denominator != 0)
