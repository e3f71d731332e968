"""Adjusted Rand index from the contingency table (Hubert & Arabie 1985)."""

import numpy as np


def adjusted_rand(one, other):
    """1 for the same partition, 0 on average for a random one."""

    def pairs(counts):
        counts = counts.astype(float)
        return float(np.sum(counts * (counts - 1) / 2))

    one, other = np.ravel(one).astype(np.int64), np.ravel(other).astype(np.int64)
    table = np.unique(one * (other.max() + 1) + other, return_counts=True)[1]
    both, rows, columns = pairs(table), pairs(np.bincount(one)), pairs(np.bincount(other))
    expected = rows * columns / pairs(np.array([one.size]))
    return (both - expected) / (0.5 * (rows + columns) - expected)
