"""Weighted graphs of the coarse levels, on the host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NONE = np.uint32(2**32 - 1)
"""Number of no node or no edge."""


@dataclass(frozen=True)
class CoarseGraph:
    """A coarse level as a weighted graph.

    Attributes
    ----------
    low, high : ndarray, shape (edges,)
        Ends of each edge, low < high, sorted by low end.
    weight : ndarray, shape (edges,)
        Conductances.
    ground : ndarray, shape (nodes,)
        Conductance of each node to what is held.
    block : ndarray of int32, shape (nodes, 4)
        Block of each node: field, z, y, x, with z counted from the slab's first plane.
    slab : ndarray of int32, shape (nodes,)
        Slab of each node, ascending.
    planes : int
        Blocks along z in each slab.
    """

    low: np.ndarray
    high: np.ndarray
    weight: np.ndarray
    ground: np.ndarray
    block: np.ndarray
    slab: np.ndarray
    planes: int

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.slab)


Edges = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Ends and weights of edges."""


def merge_edges(parts: Sequence[Edges], numbers: Sequence[np.ndarray], start: int, nodes: int) -> Edges:
    """Merge parallel edges between numbered nodes.

    Parameters
    ----------
    parts : sequence of (ends, other ends, weights)
        Lists of edges of any shape; ``NONE`` stands for no node. Loops and edges without weight are skipped.
    numbers : sequence of ndarray of uint32
        For each list the array in which the numbers of the merged edges are written; skipped edges keep
        theirs.
    start : int
        Number of the first merged edge.
    nodes : int
        Number of nodes.

    Returns
    -------
    low ends (int32), high ends (int32), summed weights (float64), sorted by ends
    """
    crossing = [(a != b) & (a != NONE) & (b != NONE) & (w > 0) for a, b, w in parts]
    keys, weights = [], []
    for (a, b, w), here in zip(parts, crossing, strict=True):
        i, j = a[here], b[here]
        keys.append(np.minimum(i, j).astype(np.int64) * nodes + np.maximum(i, j))
        weights.append(w[here])
    key, inverse = np.unique(np.concatenate(keys), return_inverse=True)
    total = np.bincount(inverse, weights=np.concatenate(weights), minlength=len(key))
    merged = inverse.astype(np.uint32) + np.uint32(start)
    cuts = np.cumsum([len(k) for k in keys])[:-1]
    for number, here, part in zip(numbers, crossing, np.split(merged, cuts), strict=True):
        number[here] = part
    low, high = np.divmod(key, max(nodes, 1))
    return low.astype(np.int32), high.astype(np.int32), total


def sums_at_ends(graph: CoarseGraph, values: np.ndarray) -> np.ndarray:
    """Sum of a value over the edges of each node."""
    low, high = (np.bincount(ends, weights=values, minlength=graph.size) for ends in (graph.low, graph.high))
    return low + high


def diagonal(graph: CoarseGraph) -> np.ndarray:
    """Sum of all conductances of each node."""
    return sums_at_ends(graph, graph.weight) + graph.ground
