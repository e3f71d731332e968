"""Host-side coarsening of weighted graphs: which nodes join, once per geometry.

Nodes are joined in 2x2x2 blocks, but only where a strong path inside the block connects them, so that a
coarse node never joins what the conductances keep apart. Strong means at least ``theta`` times the geometric
mean of the largest conductances of the two nodes. Aggregates that are poor by measure are taken apart, and
where blocks give too little, nodes join the partners that suit them best (:mod:`.matching`). Only the pattern
is kept; values are refreshed on the device. The first level, on the grid itself, is made by
:mod:`.grid_aggregation`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from .graph import NONE, CoarseGraph, Coarsening, contract
from .matching import dissolve_poor, join_partners

ENOUGH = 0.2
"""Share of the nodes at which a level is coarse enough; with 0.35 the patterns take 8 bytes more per cell."""

PASSES = 3
"""Most times that aggregates look for partners on one level."""


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
    step = contract(graph, dissolve_poor(graph, _strong_pieces(graph, theta)))
    for _ in range(PASSES):
        if step.graph.size <= ENOUGH * graph.size:
            break
        step = join_partners(graph, step)
    step = _with_neighbours(step)
    if step.graph.size > 0.95 * graph.size:
        return None
    return step._replace(graph=_on_coarser_blocks(step.graph))


def _strong_pieces(graph: CoarseGraph, theta: float) -> np.ndarray:
    """Number of the strongly connected piece of its 2x2x2 block for each node."""
    low, high = graph.low.astype(np.intp), graph.high.astype(np.intp)
    root = np.sqrt(_largest_of(graph))
    cube = _cubes(graph)
    strong = graph.weight >= theta * root[low] * root[high]
    keep = np.flatnonzero(strong & (cube[low] == cube[high]))
    first = np.append(0, np.cumsum(np.bincount(low[keep], minlength=graph.size)))  # sorted by low end
    one = np.ones(len(keep), np.int8)
    matrix = csr_array((one, graph.high[keep], first), shape=(graph.size,) * 2)
    return connected_components(matrix, directed=False)[1]


def _with_neighbours(step: Coarsening) -> Coarsening:
    """Leave out the nodes that have no neighbour on the finer level; in an aggregate all have one."""
    coarse = step.graph
    kept = np.bincount(step.parent, minlength=coarse.size) > 1
    kept[coarse.low] = kept[coarse.high] = True
    number = np.cumsum(kept, dtype=np.uint32) - np.uint32(1)
    thinned = replace(
        coarse,
        low=number[coarse.low].astype(np.int32),
        high=number[coarse.high].astype(np.int32),
        ground=coarse.ground[kept],
        block=coarse.block[kept],
        slab=coarse.slab[kept],
    )
    return Coarsening(np.where(kept, number, NONE)[step.parent], step.edges, thinned)


def _on_coarser_blocks(graph: CoarseGraph) -> CoarseGraph:
    return replace(graph, block=_halved(graph.block), planes=max((graph.planes + 1) // 2, 1))


def _halved(block: np.ndarray) -> np.ndarray:
    """Blocks twice as long in z, y and x."""
    return block >> np.array([0, 1, 1, 1], np.int32)


def _cubes(graph: CoarseGraph) -> np.ndarray:
    """Number of the 2x2x2 block of each node, different in different slabs."""
    place = graph.slab, *_halved(graph.block).T
    return np.ravel_multi_index(place, tuple(int(p.max(initial=0)) + 1 for p in place))


def _largest_of(graph: CoarseGraph) -> np.ndarray:
    """Largest conductance at each node."""
    largest = graph.ground.astype(float)
    for ends in (graph.low, graph.high):
        np.maximum.at(largest, ends, graph.weight)
    return largest
