"""Two colours for the nodes of a coarse level: strong conductances join nodes of different colours."""

from __future__ import annotations

import numpy as np

from .graph import CoarseGraph, sums_at_ends

ROUNDS = 100
"""Most rounds of changing colours; a handful on levels made of blocks, 20 to 40 elsewhere."""

ROUNDING = 1e-9
"""Gain, relative to all conductances of a node, that is worth a change."""


def parity(graph: CoarseGraph) -> np.ndarray:
    """Colour the nodes by their blocks: good where nodes are blocks of a grid, and both colours are alike."""
    _, z, y, x = graph.block.T
    return np.asarray((graph.slab * graph.planes + z + y + x) % 2)


def two_colours(graph: CoarseGraph) -> np.ndarray:
    """Colour the nodes 0 and 1, so that each shares at most half of its conductance with its own colour.

    Gauss-Seidel by colour takes the nodes of one colour all at once; with more than half shared, it would
    hardly damp what alternates between them. Beginning with the parity of their blocks,
    nodes that share more than half change colour, in every round those that gain more than their neighbours;
    the conductance between the colours grows with every change, so that it ends.

    Returns
    -------
    ndarray of int, shape (nodes,)
    """
    low, high = graph.low.astype(np.intp), graph.high.astype(np.intp)
    colour = parity(graph)
    shared = np.where(colour[low] == colour[high], graph.weight, -graph.weight)
    # what leads to ground is shared with nobody
    gain = sums_at_ends(graph, shared) - graph.ground
    least = ROUNDING * graph.diagonal
    for _ in range(ROUNDS):
        changes = gain > least
        if not changes.any():
            break
        both = np.flatnonzero(changes[low] & changes[high])
        lower = gain[low[both]] < gain[high[both]]
        changes[np.where(lower, low[both], high[both])] = False
        colour[changes] = 1 - colour[changes]
        turned = np.flatnonzero(changes[low] | changes[high])
        shared[turned] *= -1
        for ends in (low, high):
            gain += 2 * np.bincount(ends[turned], weights=shared[turned], minlength=graph.size)
    return colour
