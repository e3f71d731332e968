"""Host-side coarsening of weighted graphs: which nodes join, once per geometry.

Nodes are joined in 2x2x2 blocks, but only where a strong path inside the block connects them, so that a
coarse node never joins what the conductances keep apart. Strong means at least ``theta`` times the geometric
mean of the largest conductances of the two nodes. Aggregates that are poor by measure are taken apart, and
where blocks give too little, nodes join the partners that suit them best (:mod:`.matching`). Only the pattern
is kept; values are refreshed on the device. The first level, on the grid itself, is made by
:mod:`.grid_aggregation`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .graph import NONE, CoarseGraph, merge_edges
from .matching import dissolve_poor, join_partners

ENOUGH = 0.2
"""Share of the nodes at which a level is coarse enough; with 0.35 the patterns take 8 bytes more per cell."""

PASSES = 3
"""Most times that aggregates look for partners on one level."""


class Coarsening(NamedTuple):
    """Aggregates of a graph: coarse node of each node, coarse edge of each edge, the graph that they form."""

    parent: np.ndarray
    edges: np.ndarray
    graph: CoarseGraph


def coarsen(graph: CoarseGraph, theta: float) -> Coarsening | None:
    """Coarsen a graph: strong pieces of blocks, then pairs of partners until that is enough.

    Parameters
    ----------
    graph : CoarseGraph
        The finer level.
    theta : float
        Strong means at least ``theta`` times the geometric mean of the largest conductances of the two
        nodes.

    Returns
    -------
    Coarsening, or None if nothing takes away a twentieth of the nodes
        Nodes without neighbours are left to the smoother, which solves them; slabs are never joined.
    """
    label = dissolve_poor(graph, _strong_pieces(graph, theta))
    for _ in range(PASSES):
        if label.max(initial=-1) + 1 <= ENOUGH * graph.size:
            break
        label = join_partners(graph, label)
    step = _coarsening(graph, label)
    return step if step.graph.size <= 0.95 * graph.size else None


def _strong_pieces(graph: CoarseGraph, theta: float) -> np.ndarray:
    """Number of the strongly connected piece of its 2x2x2 block for each node."""
    i, j = graph.low, graph.high
    root = np.sqrt(_largest_of(graph))
    keep = _same_cube(graph) & (graph.weight >= theta * root[i] * root[j])
    matrix = coo_array((np.ones(keep.sum(), np.int8), (i[keep], j[keep])), shape=(graph.size,) * 2)
    return connected_components(matrix.tocsr(), directed=False)[1]


def _coarsening(graph: CoarseGraph, label: np.ndarray) -> Coarsening:
    """Number the aggregates by their first nodes, and merge the edges between them."""
    i, j = graph.low, graph.high
    _, first, label = np.unique(label, return_index=True, return_inverse=True)
    joined = np.zeros(graph.size, bool)
    joined[i], joined[j] = True, True
    order = np.argsort(first)
    order = order[joined[first[order]]]
    number = np.full(len(first), NONE, np.uint32)
    number[order] = np.arange(len(order), dtype=np.uint32)
    label, first = number[label], first[order]
    edges = np.full(len(i), NONE, np.uint32)
    ends = merge_edges([(label[i], label[j], graph.weight)], [edges], 0, len(first))
    ground = np.bincount(label[label != NONE], weights=graph.ground[label != NONE], minlength=len(first))
    block = graph.block[first] // np.array([1, 2, 2, 2], np.int32)
    return Coarsening(
        label, edges, CoarseGraph(*ends, ground, block, graph.slab[first], max((graph.planes + 1) // 2, 1))
    )


def _same_cube(graph: CoarseGraph) -> np.ndarray:
    """Which edges stay within one 2x2x2 block."""
    cube = graph.block // np.array([1, 2, 2, 2], np.int32)
    place = np.column_stack([graph.slab, cube]).T
    key = np.ravel_multi_index(tuple(place), tuple(place.max(axis=1, initial=0) + 1))
    return key[graph.low] == key[graph.high]


def _largest_of(graph: CoarseGraph) -> np.ndarray:
    """Largest conductance at each node."""
    largest = graph.ground.astype(float)
    np.maximum.at(largest, graph.low, graph.weight)
    np.maximum.at(largest, graph.high, graph.weight)
    return largest
