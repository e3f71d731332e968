"""Aggregates by measure: those whose nodes do not belong together are dissolved, good partners are joined.

The two-grid convergence of plain aggregation is bounded by the worst aggregate (Napov & Notay 2012, doi
10.1137/100818509): with the Laplacian ``A`` of the edges inside an aggregate and the full diagonal ``D`` of
its nodes (ground included), by the largest ``v D v / v A v`` over the vectors ``v`` that are D-orthogonal to
the constant one. A chain that is too weak for its neighbourhood, a floating island joined with a cell that is
held, or an aggregate in two pieces (infinite) leave one slow mode each; larger images have more of them.
"""

from __future__ import annotations

import numpy as np

from .graph import CoarseGraph, diagonal, sums_at_ends

POOREST = 5.0
"""Largest measure that an aggregate may have; a 2x2x2 block of equal conductances has 3. With 3.2 levels
shrink too slowly; 8 gives the same iterations (14 to 18 at 96 voxels along an edge)."""

LARGEST = 12
"""Most nodes of an aggregate: every list of children is as long as the longest."""

ROUNDS = 8
"""Rounds in which nodes look for partners; each leaves about a third of those that can find one."""


def measure(graph: CoarseGraph, label: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Measure of aggregates: 1 for single nodes, infinite for those in pieces.

    Parameters
    ----------
    graph : CoarseGraph
        The finer level.
    label : ndarray of int, shape (nodes,)
        Aggregate of each node, from 0 without gaps.
    wanted : ndarray of bool, shape (aggregates,)
        Which are measured; the others get 1. Those of more than ``LARGEST`` nodes get infinity.

    Returns
    -------
    ndarray, shape (aggregates,)
    """
    count = np.bincount(label)
    result = np.where(wanted & (count > LARGEST), np.inf, 1.0)
    order = np.argsort(label, kind="stable")
    start = np.cumsum(count) - count
    rank = np.empty(graph.size, np.int64)
    rank[order] = np.arange(graph.size) - np.repeat(start, count)
    whole = diagonal(graph)
    scale = 1.0 / np.sqrt(np.where(whole > 0, whole, 1.0))
    owner = label[graph.low]
    inside = (owner == label[graph.high]) & wanted[owner]
    for size in np.unique(count[wanted & (count > 1) & (count <= LARGEST)]):
        these = np.flatnonzero(wanted & (count == size))
        edges = np.flatnonzero(inside & (count[owner] == size))
        place = np.searchsorted(these, owner[edges])
        i, j = rank[graph.low[edges]], rank[graph.high[edges]]
        nodes = order[start[these][:, None] + np.arange(size)]
        result[these] = _poorest_mode(place, i, j, graph.weight[edges], scale[nodes])
    return result


def _poorest_mode(
    place: np.ndarray, i: np.ndarray, j: np.ndarray, weight: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """Inverse of the second eigenvalue of each Laplacian, scaled; ``scale`` (aggregates, size)."""
    count, size = scale.shape
    laplacian = np.zeros((count, size, size))
    for a, b, sign in ((i, i, 1), (j, j, 1), (i, j, -1), (j, i, -1)):
        flat = np.bincount((place * size + a) * size + b, weights=weight, minlength=laplacian.size)
        laplacian += sign * flat.reshape(laplacian.shape)
    laplacian *= scale[:, :, None] * scale[:, None, :]
    second = np.linalg.eigvalsh(laplacian)[:, 1]
    return 1.0 / np.maximum(second, 1e-30)


def dissolve_poor(graph: CoarseGraph, label: np.ndarray) -> np.ndarray:
    """Make single nodes of all aggregates above ``POOREST``."""
    return _dissolved(graph, label, np.arange(graph.size), np.ones(int(label.max(initial=-1)) + 1, bool))


def join_partners(graph: CoarseGraph, label: np.ndarray) -> np.ndarray:
    """Join aggregates in pairs that suit each other best, then those left over with what suits them best.

    What would not be good enough, or too large, stays apart; nodes of different slabs always do.

    Parameters
    ----------
    graph : CoarseGraph
        The finer level.
    label : ndarray of int, shape (nodes,)
        Aggregate of each node, from 0 without gaps.
    """
    for propose in (_pairs, _followers):
        nodes = np.bincount(label)
        group = propose(*_suitable(graph, label), nodes)
        merged = np.bincount(group, minlength=len(nodes))[group] > 1
        grouped = np.unique(group, return_inverse=True)[1]
        changed = np.zeros(int(grouped.max()) + 1, bool)
        changed[grouped[merged]] = True
        label = _dissolved(graph, grouped[label], label, changed)
    return label


def _dissolved(graph: CoarseGraph, label: np.ndarray, before: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """Take back to ``before`` what has become too poor; numbers without gaps."""
    poor = measure(graph, label, changed) > POOREST
    apart = int(label.max(initial=-1)) + 1
    return np.unique(np.where(poor[label], apart + before, label), return_inverse=True)[1]


def _suitable(graph: CoarseGraph, label: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of aggregates that suit each other: ends, both ways, and the measure of the pair as two nodes."""
    count = int(label.max()) + 1
    low, high = label[graph.low].astype(np.int64), label[graph.high].astype(np.int64)
    crossing = low != high
    whole = np.bincount(label, weights=sums_at_ends(graph, graph.weight * crossing) + graph.ground)
    crossing &= graph.slab[graph.low] == graph.slab[graph.high]
    low, high = low[crossing], high[crossing]
    key = np.minimum(low, high) * count + np.maximum(low, high)
    key, inverse = np.unique(key, return_inverse=True)
    weight = np.bincount(inverse, weights=graph.weight[crossing], minlength=len(key))
    low, high = np.divmod(key, count)
    poor = whole[low] * whole[high] / (whole[low] + whole[high]) / weight
    suits = poor <= POOREST
    low, high, poor = low[suits], high[suits], poor[suits]
    return np.concatenate([low, high]), np.concatenate([high, low]), np.concatenate([poor, poor])


def _pairs(one: np.ndarray, other: np.ndarray, poor: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """Match those that are each other's best; numbers of the pairs are the lower ones."""
    count = len(nodes)
    mate = np.full(count, -1)
    half = len(one) // 2
    one, other = one[:half], other[:half]
    # equal measures, as on a regular grid, would let few nodes agree: a small random part decides
    poor = poor[:half] * (1.0 + 1e-3 * np.random.default_rng(0).random(half))
    for _ in range(ROUNDS):
        free = (mate[one] < 0) & (mate[other] < 0)
        if not free.any():
            break
        one, other, poor = one[free], other[free], poor[free]
        best = np.full(count, np.inf)
        np.minimum.at(best, one, poor)
        np.minimum.at(best, other, poor)
        agreed = (poor <= best[one]) & (poor <= best[other])
        mate[one[agreed]], mate[other[agreed]] = other[agreed], one[agreed]
    own = np.arange(count)
    return np.where(mate < 0, own, np.minimum(own, mate))


def _followers(one: np.ndarray, other: np.ndarray, poor: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """Let those that are nobody's first choice follow their own first choice, while there is room."""
    count = len(nodes)
    order = np.lexsort((poor, one))
    one, other, poor = one[order], other[order], poor[order]
    first = np.flatnonzero(np.diff(one, prepend=-1))
    one, other, poor = one[first], other[first], poor[first]
    chosen = np.zeros(count, bool)
    chosen[other] = True
    follower = np.zeros(count, bool)
    follower[one[~chosen[one]]] = True
    here = follower[one] & ~follower[other]
    one, other, poor = one[here], other[here], poor[here]
    order = np.lexsort((poor, other))
    one, other = one[order], other[order]
    upto = np.cumsum(nodes[one])
    begins = np.flatnonzero(np.diff(other, prepend=-1))
    before = np.repeat(upto[begins] - nodes[one[begins]], np.diff(np.append(begins, len(one))))
    fits = nodes[other] + upto - before <= LARGEST
    group = np.arange(count)
    group[one[fits]] = other[fits]
    return group
