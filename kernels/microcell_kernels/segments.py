"""Local numbering of one coarse level: nodes by slab, colour and row length; edges by slab."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from .graph import NONE, CoarseGraph

MOST_SEGMENTS = 5
"""Largest number of row lengths; each is a gather of its own on the device."""

SEGMENT_COST = 2000
"""Padding entries that another segment must save to be worth its start-up."""


class Layout(NamedTuple):
    """Row lengths (ascending), rows of each length per slab and colour, first row of each length."""

    width: np.ndarray
    rows: np.ndarray
    start: np.ndarray


@dataclass(frozen=True)
class Rows:
    """Local numbers of the nodes and edges of one level.

    Attributes
    ----------
    graph : CoarseGraph
        The level, numbered over all slabs.
    slabs : int
        Number of slabs.
    layout : Layout
        Row lengths.
    number : ndarray of int64, shape (nodes,)
        Number of each node in its slab.
    low_edge, high_edge : ndarray of int64, shape (edges,)
        Number of each edge in the slab of its low and of its high end.
    send_up, send_down : ndarray of uint32, shape (slabs, s)
        Nodes that the neighbouring slabs need.
    n_edges : int
        Edges of a slab, padding included.
    """

    graph: CoarseGraph
    slabs: int
    layout: Layout
    number: np.ndarray
    low_edge: np.ndarray
    high_edge: np.ndarray
    send_up: np.ndarray
    send_down: np.ndarray
    n_edges: int

    @property
    def half(self) -> int:
        """Nodes of one colour in a slab, padding included."""
        return int(self.layout.rows.sum())

    def real(self) -> np.ndarray:
        """Which nodes are no padding, shape (slabs * 2 half,)."""
        real = np.zeros(self.slabs * 2 * self.half, bool)
        real[self.graph.slab * 2 * self.half + self.number] = True
        return real

    def local_number(self, nodes: np.ndarray) -> np.ndarray:
        """Translate node numbers; ``NONE`` becomes ``2 half``."""
        return _translate(nodes, np.append(self.number, 2 * self.half))

    def local_edge(self, edges: np.ndarray, slab: np.ndarray) -> np.ndarray:
        """Translate edge numbers, each as seen from a slab; ``NONE`` becomes ``n_edges``.

        For a single slab the numbers stay and ``edges`` is changed in place.
        """
        if self.slabs == 1:
            return np.minimum(edges, np.uint32(self.n_edges), out=edges)
        low, high = (_translate(edges, np.append(v, self.n_edges)) for v in (self.low_edge, self.high_edge))
        owner = _translate(edges, np.append(self.graph.slab[self.graph.low], 0))
        return np.where(owner == slab, low, high)

    def spread_edges(self, values: np.ndarray) -> np.ndarray:
        """Give every slab the values (not local) of its edges: (edges,) to (slabs, n_edges)."""
        table = np.full((self.slabs, self.n_edges), NONE, np.uint32)
        slab = self.graph.slab
        table[slab[self.graph.high], self.high_edge] = values
        table[slab[self.graph.low], self.low_edge] = values
        return table

    def spread_nodes(self, values: np.ndarray) -> np.ndarray:
        """Give every slab the values of its nodes: (nodes,) to (slabs, 2 half)."""
        table = np.full((self.slabs, 2 * self.half), NONE, np.uint32)
        table[self.graph.slab, self.number] = values
        return table

    def segments(self) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
        """Yield start, neighbours, edges and neighbours over all slabs of each row length."""
        first, edge, other = neighbours(self.graph)
        stop = np.append(first[1:], 0)  # one more, for a level without nodes
        node = self.spread_nodes(np.arange(self.graph.size)).reshape(2 * self.slabs, self.half)
        for width, rows, start in zip(*self.layout, strict=True):
            n = node[:, start : start + rows].reshape(-1, 1)
            real = n != NONE
            n = np.where(real, n, 0)
            entry = first[n] + np.arange(width, dtype=np.int32)
            used = real & (entry < stop[n])
            e, o = edge[entry[used]], other[entry[used]]
            n = np.broadcast_to(n, entry.shape)[used]
            slab = self.graph.slab
            yield (
                int(start),
                _filled(used, self._position(n, o), 0),
                _filled(used, self.local_edge(e.astype(np.uint32), slab[n]), self.n_edges),
                _filled(used, slab[o] * 2 * self.half + self.number[o], 0),
            )

    def _position(self, node: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Where the value of ``other`` is found in the slab of ``node``."""
        position = self.number[other]
        if self.slabs == 1:
            return position
        slab = self.graph.slab
        step = slab[other] - slab[node]
        here = 2 * self.half
        for sent, away, start in (
            (self.send_up, step < 0, here),
            (self.send_down, step > 0, here + self.send_up.shape[1]),
        ):
            position[away] = start + _find(sent, slab[other[away]], self.number[other[away]])
        return position


def lay_out(graph: CoarseGraph, slabs: int, colour: np.ndarray) -> Rows:
    """Number the nodes and edges of a level slab by slab.

    Within a colour (``colour``, 0 or 1 for each node), nodes with short rows come first; of the same row
    length they keep their order.
    """
    ends = np.concatenate([graph.low, graph.high])
    degree = np.maximum(np.bincount(ends, minlength=graph.size), 1)
    group = graph.slab * 2 + colour
    layout = row_lengths(group, degree, 2 * slabs)
    length = np.searchsorted(layout.width, degree)
    order = np.argsort((group * len(layout.width) + length).astype(np.uint16), kind="stable")
    key = (group * len(layout.width) + length)[order]
    rank = np.arange(graph.size) - np.searchsorted(key, key)
    number = np.empty(graph.size, np.int64)
    number[order] = colour[order] * layout.rows.sum() + layout.start[length[order]] + rank
    low_edge, high_edge, n_edges = _number_edges(graph, slabs)
    up, down = _halo(graph, number, slabs)
    return Rows(graph, slabs, layout, number, low_edge, high_edge, up, down, n_edges)


def row_lengths(group: np.ndarray, degree: np.ndarray, groups: int) -> Layout:
    """Choose row lengths that waste least; every group gets the same number of rows of each length.

    Exact by dynamic programming over the degrees that occur.
    """
    candidate = np.unique(degree) if len(degree) else np.array([1])
    if len(candidate) > 64:
        candidate = candidate[np.linspace(0, len(candidate) - 1, 64).round().astype(int)]
    length = np.searchsorted(candidate, degree)
    count = np.bincount(group * len(candidate) + length, minlength=groups * len(candidate))
    upto = np.cumsum(np.pad(count.reshape(groups, -1), ((0, 0), (1, 0))), axis=1)
    rows = (upto[:, None, :] - upto[:, :, None]).max(axis=0)  # [i, j]: lengths from i up to j - 1
    cost = rows[:, 1:] * groups * candidate + SEGMENT_COST
    empty = np.arange(len(cost))[:, None] > np.arange(len(candidate))
    best = [np.concatenate([[0.0], np.full(len(candidate), np.inf)])]
    back = []
    for _ in range(MOST_SEGMENTS):
        total = best[-1][:, None] + np.where(empty, np.inf, cost)
        back.append(np.argmin(total, axis=0))
        best.append(np.concatenate([[np.inf], total.min(axis=0)]))
    k = int(np.argmin([b[-1] for b in best[1:]]))
    cuts = [len(candidate)]
    for j in range(k, -1, -1):
        cuts.append(int(back[j][cuts[-1] - 1]))
    cuts = cuts[::-1]
    number = np.maximum(np.array([rows[i, j] for i, j in pairwise(cuts)]), 1)
    return Layout(candidate[np.array(cuts[1:]) - 1], number, np.cumsum(number) - number)


def neighbours(graph: CoarseGraph) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges and other ends of every node: first entry per node (nodes + 1,), edge, other end."""
    n = len(graph.low)
    ends = np.stack([graph.low, graph.high], axis=1)
    first = np.arange(0, 2 * n + 1, 2)
    side = np.tile(np.array([0, 1], np.int8), n)
    incidence = csr_array((side, ends.reshape(-1), first), shape=(n, graph.size)).tocsc()
    edge = incidence.indices
    return incidence.indptr, edge, ends[edge, 1 - incidence.data]


def _number_edges(graph: CoarseGraph, slabs: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Number the edges of each slab: first those shared with the slab below, then its own."""
    owner, far = graph.slab[graph.low], graph.slab[graph.high]
    shared = np.flatnonzero(owner != far)
    received = np.bincount(far[shared], minlength=slabs)
    own = np.bincount(owner, minlength=slabs)
    low = np.arange(len(owner)) - (np.cumsum(own) - own - received)[owner]
    high = low.copy()
    high[shared] = np.arange(len(shared)) - (np.cumsum(received) - received)[far[shared]]
    return low, high, max(int((own + received).max()), 1)


def _halo(graph: CoarseGraph, number: np.ndarray, slabs: int) -> tuple[np.ndarray, np.ndarray]:
    """List the nodes whose values the slabs above and below need."""
    if slabs == 1:
        return np.zeros((1, 0), np.uint32), np.zeros((1, 0), np.uint32)
    shared = graph.slab[graph.low] != graph.slab[graph.high]
    lists = []
    for ends in (graph.low[shared], graph.high[shared]):
        nodes = np.unique(ends)
        lists.append([np.sort(number[nodes[graph.slab[nodes] == d]]) for d in range(slabs)])
    size = max(1, *(len(nodes) for both in lists for nodes in both))
    up, down = (np.zeros((slabs, size), np.uint32) for _ in range(2))
    for table, nodes_of in zip((up, down), lists, strict=True):
        for row, nodes in zip(table, nodes_of, strict=True):
            row[size - len(nodes) :] = nodes  # padding first: node 0 keeps the list sorted
    return up, down


def _find(table: np.ndarray, slab: np.ndarray, node: np.ndarray) -> np.ndarray:
    """Find nodes in the list of their slab."""
    place = np.zeros(len(node), np.int64)
    for d, row in enumerate(table):
        here = slab == d
        place[here] = np.searchsorted(row, node[here])
    return place


def _translate(index: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Look up, the last entry for ``NONE``; piece by piece, because NumPy widens indices to 8 bytes."""
    table = table.astype(np.uint32)
    last = np.uint32(len(table) - 1)
    result = np.empty(index.size, np.uint32)
    flat = index.reshape(-1)
    for start in range(0, flat.size, 2**20):
        part = slice(start, start + 2**20)
        result[part] = table[np.minimum(flat[part], last)]
    return result.reshape(index.shape)


def _filled(used: np.ndarray, value: np.ndarray, fill: int) -> np.ndarray:
    table = np.full(used.shape, fill, np.uint32)
    table[used] = value
    return table
