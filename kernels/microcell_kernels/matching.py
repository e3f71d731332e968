"""Aggregates by measure: those whose nodes do not belong together are dissolved, good partners are joined.

The two-grid convergence of plain aggregation is bounded by the worst aggregate (Napov & Notay 2012, doi
10.1137/100818509): with the Laplacian ``A`` of the edges inside an aggregate and the full diagonal ``D`` of
its nodes (ground included), by the largest ``v D v / v A v`` over the vectors ``v`` that are D-orthogonal to
the constant one. A chain that is too weak for its neighbourhood, a floating island joined with a cell that is
held, or an aggregate in two pieces (infinite) leave one slow mode each; larger images have more of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .graph import CoarseGraph, Coarsening, contract_further, ranks

POOREST = 5.0
"""Largest measure that an aggregate may have; a 2x2x2 block of equal conductances has 3. With 3.2 levels
shrink too slowly; 8 gives the same iterations (14 to 18 at 96 voxels along an edge)."""

LARGEST = 12
"""Most nodes of an aggregate: every list of children is as long as the longest."""

ROUNDS = 8
"""Rounds in which nodes look for partners; each leaves about a third of those that can find one."""

ROUNDING = 1e-10
"""What an aggregate may lie above a bound, relative: rounding must not decide about regular patterns."""

SIZES = np.array([2, 4, 8, LARGEST])
"""Sizes to which aggregates are filled up, so that few batches hold them all."""


def poorer(graph: CoarseGraph, label: np.ndarray, wanted: np.ndarray, bound: float = POOREST) -> np.ndarray:
    """Which aggregates have a measure above a bound or more than ``LARGEST`` nodes.

    No eigenvalue is needed: the measure is at most ``bound`` where ``bound A - D + D 1 1 D / (1 D 1)`` has no
    negative eigenvalue. Its rows add up to zero, so that one of them may be left out, and elimination of the
    others must meet positive pivots only.

    Parameters
    ----------
    graph : CoarseGraph
        The finer level.
    label : ndarray of int, shape (nodes,)
        Aggregate of each node; numbers without a node are allowed.
    wanted : ndarray of bool, shape (aggregates,)
        Which are looked at. The others count as good, and so do single nodes.
    bound : float
        Largest measure that is good.

    Returns
    -------
    ndarray of bool, shape (aggregates,)
    """
    count = np.bincount(label, minlength=len(wanted))
    poor = wanted & (count > LARGEST)
    looked_at = wanted & (count > 1) & ~poor
    batch = np.where(looked_at, np.searchsorted(SIZES, count), len(SIZES)).astype(np.int8)
    for these, ends, weight, whole in _batches(graph, label, batch):
        poor[these] = _above(ends, weight, whole, bound * (1 + ROUNDING))
    return poor


Ends = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Both ends of edges within their aggregate, and the aggregate within its batch."""


def _batches(
    graph: CoarseGraph, label: np.ndarray, batch: np.ndarray
) -> Iterator[tuple[np.ndarray, Ends, np.ndarray, np.ndarray]]:
    """Yield aggregates of like size, their inner edges and weights, diagonals (size, aggregates).

    ``batch`` is the number in ``SIZES`` for each aggregate, ``len(SIZES)`` for those that are left out.
    """
    number = np.arange(len(batch), dtype=np.int32)
    owner = np.where(batch < len(SIZES), number, np.int32(-1)).take(label)
    nodes = np.flatnonzero(owner >= 0)
    rank = np.zeros(graph.size, np.intp)
    rank[nodes] = ranks(owner[nodes], len(batch))
    low, high = owner.take(graph.low), owner.take(graph.high)
    edges = np.flatnonzero((low == high) & (low >= 0))
    of_nodes, of_edges = batch.take(owner[nodes]), batch.take(low[edges])
    place = np.empty(len(batch), np.intp)
    for k, size in enumerate(SIZES):
        these = np.flatnonzero(batch == k)
        place[these] = np.arange(len(these))
        n, e = nodes[np.flatnonzero(of_nodes == k)], edges[np.flatnonzero(of_edges == k)]
        whole = np.zeros((size, len(these)))
        whole.reshape(-1)[rank[n] * len(these) + place.take(owner[n])] = graph.diagonal[n]
        ends = rank.take(graph.low[e]), rank.take(graph.high[e]), place.take(low[e])
        yield these, ends, graph.weight[e], whole


def _above(ends: Ends, weight: np.ndarray, whole: np.ndarray, bound: float) -> np.ndarray:
    """Which aggregates of a batch have a measure above a bound.

    Nodes that an aggregate lacks have no edge and no diagonal. The first node of each is the one left out.
    """
    size, count = whole.shape
    i, j, aggregate = ends
    matrix = np.zeros((size, size, count))
    for a, b in ((i, j), (j, i)):
        matrix.reshape(-1)[(a * size + b) * count + aggregate] = -bound * weight
    diagonal = np.where(whole > 0, -matrix.sum(axis=0) - whole, 1.0)
    matrix += whole[:, None] * (whole / whole.sum(axis=0))
    matrix[np.arange(size), np.arange(size)] += diagonal
    good = np.ones(count, bool)
    for k in range(1, size):
        pivot = matrix[k, k]
        good &= pivot > 0
        part = matrix[k + 1 :, k] / np.where(pivot > 0, pivot, np.inf)
        matrix[k + 1 :, k + 1 :] -= part[:, None] * matrix[k, k + 1 :]
    return ~good


def dissolve_poor(graph: CoarseGraph, label: np.ndarray) -> np.ndarray:
    """Make single nodes of all aggregates above ``POOREST``; labels may have gaps."""
    count = int(label.max(initial=-1)) + 1
    poor = poorer(graph, label, np.ones(count, bool))
    return np.where(poor[label], count + np.arange(graph.size), label)


def join_partners(graph: CoarseGraph, step: Coarsening) -> Coarsening:
    """Join aggregates in pairs that suit each other best, then those left over with what suits them best.

    What would not be good enough, or too large, stays apart; nodes of different slabs always do.

    Parameters
    ----------
    graph : CoarseGraph
        The finer level.
    step : Coarsening
        Its aggregates.
    """
    for propose in (_pairs, _followers):
        leader = propose(*_suitable(step.graph), np.bincount(step.parent))
        joined = np.bincount(leader, minlength=len(leader)) > 1
        poor = poorer(graph, leader[step.parent], joined)
        step = contract_further(step, np.where(poor[leader], np.arange(len(leader)), leader))
    return step


def _suitable(graph: CoarseGraph) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges between aggregates that suit each other: both ends, and the measure of the pair as two nodes."""
    low, high = graph.low.astype(np.intp), graph.high.astype(np.intp)
    one, other = graph.diagonal[low], graph.diagonal[high]
    poor = one * other / (one + other) / graph.weight
    suits = np.flatnonzero((poor <= POOREST) & (graph.slab[low] == graph.slab[high]))
    return low[suits], high[suits], poor[suits]


def _pairs(low: np.ndarray, high: np.ndarray, poor: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """Match those that are each other's best; numbers of the pairs are the lower ones."""
    count = len(nodes)
    mate = np.full(count, -1)
    # equal measures, as on a regular grid, would let few nodes agree: a small random part decides
    poor = poor * (1.0 + 1e-3 * np.random.default_rng(0).random(len(poor)))
    for _ in range(ROUNDS):
        free = np.flatnonzero((mate[low] < 0) & (mate[high] < 0))
        if not len(free):
            break
        low, high, poor = low[free], high[free], poor[free]
        best = _least(poor, (low, high), count)
        agreed = np.flatnonzero((poor <= best[low]) & (poor <= best[high]))
        mate[low[agreed]], mate[high[agreed]] = high[agreed], low[agreed]
    own = np.arange(count)
    return np.where(mate < 0, own, np.minimum(own, mate))


def _followers(low: np.ndarray, high: np.ndarray, poor: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """Let those that are nobody's first choice follow their own first choice, while there is room."""
    count = len(nodes)
    best = _least(poor, (low, high), count)
    choice = np.full(count, -1)
    for one, other in ((high, low), (low, high)):
        liked = np.flatnonzero(poor == best[one])[::-1]
        choice[one[liked]] = other[liked]
    follows = choice >= 0
    follows[choice[follows]] = False
    one = np.flatnonzero(follows)
    one = one[np.lexsort((best[one], choice[one]))]
    other = choice[one]
    upto = np.cumsum(nodes[one])
    begins = np.flatnonzero(np.diff(other, prepend=-1))
    before = np.repeat(upto[begins] - nodes[one[begins]], np.diff(np.append(begins, len(one))))
    fits = nodes[other] + upto - before <= LARGEST
    leader = np.arange(count)
    leader[one[fits]] = other[fits]
    return leader


def _least(values: np.ndarray, ends: tuple[np.ndarray, np.ndarray], count: int) -> np.ndarray:
    """Least value at each node over its edges."""
    least = np.full(count, np.inf)
    for end in ends:
        np.minimum.at(least, end, values)
    return least
