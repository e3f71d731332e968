"""Host-side set-up of the multigrid hierarchy: which cells join, once per geometry.

Cells are joined in 2x2x2 blocks, but only where a strong path inside the block connects them, so that a
coarse cell never joins what the conductances keep apart. Strong means at least ``theta`` times the geometric
mean of the largest conductances of the two cells. Only the pattern is kept; values are refreshed on the
device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


@dataclass(frozen=True)
class Graph:
    """A weighted graph: edges (low < high), weights, and per node its block (n, 4) of field, z, y, x."""

    low: np.ndarray
    high: np.ndarray
    weight: np.ndarray
    block: np.ndarray

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.block)


@dataclass(frozen=True)
class Pattern:
    """One coarse level. Nodes are ordered red, then black, each half padded to the same length ``half``.

    Attributes
    ----------
    parent : ndarray of int32, shape (n_fine,)
        Coarse node of each fine node; ``2 half`` where the fine node takes no part.
    children : ndarray of int32, shape (2 half, most children)
        Fine nodes of each coarse node, padded with ``n_fine``.
    edge_map : ndarray of int32, shape (n_fine_edges,)
        Coarse edge that each fine edge adds to; ``n_edges`` for edges inside an aggregate.
    neighbour, edge : ndarray of int32, shape (2, half, width)
        Neighbours and edge numbers of each coarse node, padded with 0 and ``n_edges``.
    real : ndarray of bool, shape (2 half,)
        False for padding.
    """

    parent: np.ndarray
    children: np.ndarray
    edge_map: np.ndarray
    neighbour: np.ndarray
    edge: np.ndarray
    real: np.ndarray
    n_edges: int


def coarsen(graph: Graph, taking_part: np.ndarray, theta: float) -> tuple[Pattern, Graph]:
    """Build the next coarser level of a graph.

    Parameters
    ----------
    graph : Graph
        The finer level.
    taking_part : ndarray of bool, shape (graph.size,)
        Nodes that belong to an aggregate; the others are left to the smoother.
    theta : float
        Strength threshold in [0, 1]; 0 joins whatever is connected inside a block.

    Returns
    -------
    pattern, coarse graph
    """
    aggregate = _aggregates(graph, taking_part, theta)
    first = _first_member(aggregate)
    block = graph.block[first].copy()
    block[:, 1:] //= 2
    order, half = _red_black(block)
    parent = np.full(graph.size, 2 * half, np.int64)
    parent[aggregate >= 0] = order[aggregate[aggregate >= 0]]
    real = np.zeros(2 * half, bool)
    real[order] = True
    placed = np.zeros((2 * half, 4), block.dtype)
    placed[order] = block
    edge_map, low, high, weight = _coarse_edges(graph, parent, 2 * half)
    neighbour, edge = _rows(low, high, half)
    pattern = Pattern(
        parent=parent.astype(np.int32),
        children=_children(parent, 2 * half, graph.size),
        edge_map=edge_map.astype(np.int32),
        neighbour=neighbour,
        edge=edge,
        real=real,
        n_edges=len(low),
    )
    return pattern, Graph(low, high, weight, placed)


def _aggregates(graph: Graph, taking_part: np.ndarray, theta: float) -> np.ndarray:
    """Number the strongly connected pieces of the blocks; -1 for nodes that take no part."""
    largest = np.zeros(graph.size)
    np.maximum.at(largest, graph.low, graph.weight)
    np.maximum.at(largest, graph.high, graph.weight)
    i, j = graph.low, graph.high
    strong = (graph.weight > 0) & (graph.weight >= theta * np.sqrt(largest[i] * largest[j]))
    together = np.all(graph.block[i] // (1, 2, 2, 2) == graph.block[j] // (1, 2, 2, 2), axis=1)
    keep = strong & together & taking_part[i] & taking_part[j]
    ones = np.ones(np.count_nonzero(keep), np.int8)
    shape = (graph.size, graph.size)
    _, label = connected_components(
        coo_array((ones, (i[keep], j[keep])), shape=shape).tocsr(), directed=False
    )
    used = np.unique(label[taking_part])
    renumber = np.full(label.max(initial=-1) + 1, -1, np.int64)
    renumber[used] = np.arange(len(used))
    return np.where(taking_part, renumber[label], -1)


def _first_member(aggregate: np.ndarray) -> np.ndarray:
    members = np.flatnonzero(aggregate >= 0)
    _, first = np.unique(aggregate[members], return_index=True)
    return members[first]


def _red_black(block: np.ndarray) -> tuple[np.ndarray, int]:
    """Place nodes by the parity of their block, red half first."""
    black = block[:, 1:].sum(axis=1) % 2 == 1
    half = max(int(np.count_nonzero(~black)), int(np.count_nonzero(black)), 1)
    order = np.empty(len(block), np.int64)
    order[~black] = np.arange(np.count_nonzero(~black))
    order[black] = half + np.arange(np.count_nonzero(black))
    return order, half


def _children(parent: np.ndarray, n_coarse: int, n_fine: int) -> np.ndarray:
    members = np.flatnonzero(parent < n_coarse)
    slot, members, width = _slots(parent[members], members)
    table = np.full((n_coarse, width), n_fine, np.int32)
    table[parent[members], slot] = members
    return table


def _slots(row: np.ndarray, item: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Sort items by row and number them within each row; also return the longest row."""
    order = np.argsort(row, kind="stable")
    counts = np.bincount(row)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    slot = np.arange(len(row)) - starts[row[order]]
    return slot, item[order], int(counts.max(initial=1))


def _coarse_edges(
    graph: Graph, parent: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    a, b = parent[graph.low], parent[graph.high]
    crossing = (a != b) & (a < n) & (b < n) & (graph.weight > 0)
    key = np.minimum(a, b)[crossing] * n + np.maximum(a, b)[crossing]
    unique, inverse = np.unique(key, return_inverse=True)
    edge_map = np.full(len(a), len(unique), np.int64)
    edge_map[crossing] = inverse
    weight = np.bincount(inverse, weights=graph.weight[crossing], minlength=len(unique))
    return edge_map, unique // n, unique % n, weight


def _rows(low: np.ndarray, high: np.ndarray, half: int) -> tuple[np.ndarray, np.ndarray]:
    """List each node's neighbours and edges, padded to the longest row."""
    n, n_edges = 2 * half, len(low)
    row = np.concatenate([low, high])
    column = np.concatenate([high, low])
    number = np.concatenate([np.arange(n_edges)] * 2)
    slot, entry, width = _slots(row, np.arange(len(row))) if n_edges else (row, row, 1)
    neighbour = np.zeros((n, width), np.int32)
    edge = np.full((n, width), n_edges, np.int32)
    neighbour[row[entry], slot] = column[entry]
    edge[row[entry], slot] = number[entry]
    return neighbour.reshape(2, half, width), edge.reshape(2, half, width)


def coarsen_all(
    graph: Graph, taking_part: np.ndarray, *, theta: float = 0.2, coarsest: int = 300, max_levels: int = 12
) -> list[Pattern]:
    """Coarsen until at most ``coarsest`` nodes are left, dropping the strength test where it stalls.

    Parameters
    ----------
    graph : Graph
        The finest level.
    taking_part : ndarray of bool
        Nodes of the finest level that are joined.
    theta : float
        Strength threshold.
    coarsest : int
        Size at which a dense inverse takes over.
    max_levels : int
        Safety limit.
    """
    patterns: list[Pattern] = []
    for _ in range(max_levels):
        before = int(np.count_nonzero(taking_part))
        pattern, coarse = coarsen(graph, taking_part, theta)
        if np.count_nonzero(pattern.real) > 0.7 * before:
            pattern, coarse = coarsen(graph, taking_part, 0.0)
        if patterns and np.count_nonzero(pattern.real) > 0.95 * before:
            whole = Graph(graph.low, graph.high, graph.weight, graph.block * (1, 0, 0, 0))
            pattern, coarse = coarsen(whole, taking_part, 0.0)
            if np.count_nonzero(pattern.real) > 0.95 * before:
                break
        patterns.append(pattern)
        graph, taking_part = coarse, pattern.real
        if np.count_nonzero(pattern.real) <= coarsest:
            break
    return patterns


def grid_graph(conductance: Sequence[np.ndarray], links: tuple[np.ndarray, np.ndarray, np.ndarray]) -> Graph:
    """Describe a stack of grid fields as a graph, edges in the order z faces, y faces, x faces, links.

    Parameters
    ----------
    conductance : three ndarrays
        Shapes (fields, nz - 1, ny, nx), (fields, nz, ny - 1, nx), (fields, nz, ny, nx - 1).
    links : tuple of ndarrays (p, q, weight)
        Further edges between flat cell numbers of the stack.

    Notes
    -----
    Faces without conductance stay in the edge list (so that values on the device map one to one) with weight
    zero.
    """
    fields, nz1, ny, nx = conductance[0].shape
    shape = (fields, nz1 + 1, ny, nx)
    number = np.arange(np.prod(shape), dtype=np.int64).reshape(shape)
    low = [number[:, :-1].ravel(), number[:, :, :-1].ravel(), number[..., :-1].ravel(), links[0]]
    high = [number[:, 1:].ravel(), number[:, :, 1:].ravel(), number[..., 1:].ravel(), links[1]]
    weight = [np.asarray(g, float).ravel() for g in conductance] + [np.asarray(links[2], float)]
    block = np.stack(np.unravel_index(number.ravel(), shape), axis=1).astype(np.int32)
    return Graph(np.concatenate(low), np.concatenate(high), np.concatenate(weight), block)
