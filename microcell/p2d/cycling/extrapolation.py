"""Sum of the changes of cycles that are not computed, from those of cycles that are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def summed_change(
    cycles: Sequence[int], changes: Sequence[Any], first: int, last: int, *, geometric: bool
) -> np.ndarray:
    """Return the sum of the changes of all cycles from ``first`` to ``last``.

    The change per cycle is interpolated over the cycle number by the polynomial through those given: two give
    a method of second order, three of third. A change that keeps its sign and never grows is interpolated by
    its logarithm instead: it then falls without ever turning round, exactly so where a state relaxes
    exponentially, and closely where it grows with the square root of time.

    Parameters
    ----------
    cycles : sequence of int
        Cycles that were computed, ascending.
    changes : sequence of array, all of the same shape
        Change in each of them.
    first, last : int
        The range to sum over, both included; nothing where ``last < first``.
    geometric : bool
        Whether logarithms may be taken. Without, the sum is linear in the changes, so that what is conserved
        in every cycle is conserved by the sum.

    Examples
    --------
    >>> float(summed_change((1, 2), (3.0, 2.0), 3, 4, geometric=False))
    1.0
    >>> float(summed_change((1, 2), (4.0, 2.0), 3, 4, geometric=True))
    1.5
    """
    known = np.array(changes, float)
    weights = _lagrange(np.array(cycles, float), np.arange(first, last + 1.0))
    plain = np.tensordot(weights.sum(axis=0), known, 1)
    if not geometric:
        return plain
    sizes = np.abs(known)
    falls = np.all(known * known[:1] > 0, axis=0) & np.all(np.diff(sizes, axis=0) <= 0, axis=0)
    logs = np.log(np.where(falls, sizes, 1.0))
    powers = np.exp(np.tensordot(weights, logs, 1)).sum(axis=0)
    return np.where(falls, np.sign(known[0]) * powers, plain)


def _lagrange(nodes: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Lagrange's polynomials of the nodes, (places, nodes)."""
    out = np.ones((len(at), len(nodes)))
    for k, node in enumerate(nodes):
        for other in np.delete(nodes, k):
            out[:, k] *= (at - other) / (node - other)
    return out
