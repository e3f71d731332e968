"""Local numbering of one coarse level: nodes by slab, colour and row length; edges by slab."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from .graph import NONE, CoarseGraph, ranks, spread

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
    number : ndarray of int32, shape (nodes,)
        Number of each node in its slab.
    low_edge, high_edge : ndarray of int32, shape (edges,)
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
        for ends, number in ((self.graph.high, self.high_edge), (self.graph.low, self.low_edge)):
            slab = self.graph.slab.take(ends).astype(np.intp)
            table.reshape(-1)[slab * self.n_edges + number] = values
        return table

    def spread_nodes(self, values: np.ndarray) -> np.ndarray:
        """Give every slab the values of its nodes: (nodes,) to (slabs, 2 half)."""
        table = np.full((self.slabs, 2 * self.half), NONE, np.uint32)
        table[self.graph.slab, self.number] = values
        return table

    def segments(self, *, columns: bool) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray | None]]:
        """Yield start, neighbours, edges and, if asked for, neighbours over all slabs of each row length."""
        first, edge, other = neighbours(self.graph)
        slab = np.repeat(self.graph.slab, np.diff(first))
        place = spread(self._begin(), first)
        neighbour = self._rows(place, self._position(slab, other), 0)
        local = self._rows(place, self.local_edge(edge.view(np.uint32), slab), self.n_edges)
        column: Sequence[np.ndarray | None] = [None] * len(local)
        if columns:
            column = self._rows(place, self.graph.slab[other] * 2 * self.half + self.number[other], 0)
        yield from zip(self.layout.start.tolist(), neighbour, local, column, strict=True)

    def _begin(self) -> np.ndarray:
        """Place of each node's row among all rows of all lengths, one behind the other."""
        width, rows, start = self.layout
        colour, number = np.divmod(self.number, self.half)
        length = np.searchsorted(start, number, side="right") - 1
        size = 2 * self.slabs * rows * width
        row = (2 * self.graph.slab + colour) * rows[length] + number - start[length]
        return (np.cumsum(size) - size)[length] + row * width[length]

    def _rows(self, place: np.ndarray, value: np.ndarray, fill: int) -> list[np.ndarray]:
        """Tables of each row length, from values at places among all rows."""
        size = 2 * self.slabs * self.layout.rows * self.layout.width
        table = np.full(size.sum(), fill, np.uint32)
        table[place] = value
        parts = np.split(table, np.cumsum(size)[:-1])
        return [part.reshape(-1, width) for part, width in zip(parts, self.layout.width, strict=True)]

    def _position(self, owner: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Where the values of nodes are found in the slab ``owner``."""
        position = self.number.take(other)
        if self.slabs == 1:
            return position
        slab = self.graph.slab
        step = slab[other] - owner
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
    low, high = (np.bincount(ends, minlength=graph.size) for ends in (graph.low, graph.high))
    degree = np.maximum(low + high, 1)
    group = graph.slab * 2 + colour
    layout = row_lengths(group, degree, 2 * slabs)
    length = _shortest(layout.width, degree)
    rank = ranks(group * len(layout.width) + length, 2 * slabs * len(layout.width))
    number = (colour * layout.rows.sum() + layout.start[length] + rank).astype(np.int32)
    low_edge, high_edge, n_edges = _number_edges(graph, slabs)
    up, down = _halo(graph, number, slabs)
    return Rows(graph, slabs, layout, number, low_edge, high_edge, up, down, n_edges)


def row_lengths(group: np.ndarray, degree: np.ndarray, groups: int) -> Layout:
    """Choose row lengths that waste least; every group gets the same number of rows of each length.

    Exact by dynamic programming over the degrees that occur.
    """
    candidate = np.flatnonzero(np.bincount(degree)) if len(degree) else np.array([1])
    if len(candidate) > 64:
        candidate = candidate[np.linspace(0, len(candidate) - 1, 64).round().astype(int)]
    length = _shortest(candidate, degree)
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
    ends, others = (
        np.stack(v, axis=1).reshape(-1) for v in ((graph.low, graph.high), (graph.high, graph.low))
    )
    first = np.arange(0, 2 * n + 1, 2, dtype=np.int32)
    incidence = csr_array((others, ends, first), shape=(n, graph.size)).tocsc()
    return incidence.indptr, incidence.indices, incidence.data


def _shortest(width: np.ndarray, degree: np.ndarray) -> np.ndarray:
    """Number of the shortest row that holds each degree."""
    return np.searchsorted(width, np.arange(degree.max(initial=0) + 1))[degree]


def _number_edges(graph: CoarseGraph, slabs: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Number the edges of each slab: first those shared with the slab below, then its own."""
    owner, far = graph.slab.take(graph.low), graph.slab.take(graph.high)
    shared = np.flatnonzero(owner != far)
    received = np.bincount(far[shared], minlength=slabs)
    own = np.bincount(owner, minlength=slabs)
    before = (np.cumsum(own) - own - received).astype(np.int32)
    low = np.arange(len(owner), dtype=np.int32) - before.take(owner)
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
