"""Host-side coarsening of weighted graphs: which nodes join, once per geometry.

Nodes are joined in 2x2x2 blocks, but only where a strong path inside the block connects them, so that a
coarse node never joins what the conductances keep apart. Strong means at least ``theta`` times the geometric
mean of the largest conductances of the two nodes. Only the pattern is kept; values are refreshed on the
device. The first level, on the grid itself, is made by :mod:`.grid_aggregation`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

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
    block: np.ndarray
    slab: np.ndarray
    planes: int

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.slab)


class Coarsening(NamedTuple):
    """Aggregates of a graph: coarse node of each node, coarse edge of each edge, the graph that they form."""

    parent: np.ndarray
    edges: np.ndarray
    graph: CoarseGraph


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


def coarsen_graph(graph: CoarseGraph, theta: float, reach: int | None = 2) -> Coarsening:
    """Join the strongly connected pieces of blocks of a graph; slabs are never joined.

    Parameters
    ----------
    graph : CoarseGraph
        The finer level.
    theta : float
        Strong means at least ``theta`` times the geometric mean of the largest conductances of the two
        nodes; with 0, whatever is connected inside a block is joined.
    reach : int, optional
        Blocks of the graph along each edge of the cubes that are searched for pieces; None joins across
        blocks and fields.

    Returns
    -------
    Coarsening
        Nodes without neighbours are left to the smoother, which solves them.
    """
    i, j = graph.low, graph.high
    root = np.sqrt(_largest_of(graph))
    near = graph.slab[i] == graph.slab[j] if reach is None else _same_cube(graph, reach)
    keep = near & (graph.weight >= theta * root[i] * root[j])
    matrix = coo_array((np.ones(keep.sum(), np.int8), (i[keep], j[keep])), shape=(graph.size,) * 2)
    count, label = _split_large(connected_components(matrix.tocsr(), directed=False)[1])
    first = np.zeros(count, np.int32)
    first[label[::-1]] = np.arange(graph.size)[::-1]
    joined = root[first] > 0
    number = np.append(np.cumsum(joined) - 1, 0).astype(np.uint32)
    number[:-1][~joined] = NONE
    label, first = number[label], first[joined]
    edges = np.full(len(i), NONE, np.uint32)
    # labels follow the order of the slabs, because the nodes do
    ends = merge_edges([(label[i], label[j], graph.weight)], [edges], 0, len(first))
    block = graph.block[first] // np.array([1, 2, 2, 2], np.int32)
    return Coarsening(
        label, edges, CoarseGraph(*ends, block, graph.slab[first], max((graph.planes + 1) // 2, 1))
    )


def _split_large(label: np.ndarray) -> tuple[int, np.ndarray]:
    """Cut aggregates of more than ``MOST_CHILDREN``; return their number and the new labels.

    A hub and all that hangs on it would make every list of children as long as its own; the parts are
    strongly connected and join on the next level.
    """
    count = np.bincount(label)
    if count.max(initial=0) <= MOST_CHILDREN:
        return len(count), label
    order = np.argsort(label, kind="stable")
    rank = np.empty(len(label), np.int64)
    rank[order] = np.arange(len(label)) - np.repeat(np.cumsum(count) - count, count)
    key = label.astype(np.int64) * len(label) + rank // MOST_CHILDREN
    parts, split = np.unique(key, return_inverse=True)
    return len(parts), split


def _same_cube(graph: CoarseGraph, reach: int) -> np.ndarray:
    """Which edges stay within one cube of blocks."""
    cube = graph.block // np.array([1, reach, reach, reach], np.int32)
    place = np.column_stack([graph.slab, cube]).T
    key = np.ravel_multi_index(tuple(place), tuple(place.max(axis=1, initial=0) + 1))
    return key[graph.low] == key[graph.high]


MOST_CHILDREN = 16
"""Largest number of nodes in an aggregate of a graph."""

REACH = (2, 4, 8, None)
"""Cubes that are searched for pieces, in blocks; None is the whole slab."""

WEAKER = (1.0, 0.5, 0.25, 0.1, 0.05, 0.015, 0.005, 0.0)
"""Factors of the strength threshold, tried in this order."""


def coarsen_stubborn(graph: CoarseGraph, theta: float) -> Coarsening | None:
    """Coarsen a graph: where that stalls look further, where that stalls too join what is a little weaker.

    A step to 0.6 of the nodes is taken at once, one to 0.8 when no further look gives more. Joining whatever
    touches, as the last resort would, costs ten times the iterations where well conducting islands lie close
    together or two phases mix from cell to cell (contrast 1e5).

    Returns
    -------
    Coarsening, or None if nothing takes away a twentieth of the nodes
    """
    best: Coarsening | None = None
    for factor in WEAKER:
        for reach in REACH:
            step = coarsen_graph(graph, factor * theta, reach)
            if best is None or step.graph.size < best.graph.size:
                best = step
            if best.graph.size <= 0.6 * graph.size:
                return best
        if best is not None and best.graph.size <= 0.8 * graph.size:
            return best
    return best if best is not None and best.graph.size <= 0.95 * graph.size else None


def _largest_of(graph: CoarseGraph) -> np.ndarray:
    """Largest conductance at each node."""
    largest = np.zeros(graph.size)
    np.maximum.at(largest, graph.low, graph.weight)
    np.maximum.at(largest, graph.high, graph.weight)
    return largest
