"""Weighted graphs of the coarse levels, on the host, and what is done with them in linear time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

NONE = np.uint32(2**32 - 1)
"""Number of no node or no edge."""


@dataclass(frozen=True)
class CoarseGraph:
    """A coarse level as a weighted graph.

    Attributes
    ----------
    low, high : ndarray of int32, shape (edges,)
        Ends of each edge, low < high, sorted by low, then by high end.
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

    @cached_property
    def diagonal(self) -> np.ndarray:
        """Sum of all conductances of each node, ground included."""
        return sums_at_ends(self, self.weight) + self.ground


class Coarsening(NamedTuple):
    """Aggregates of a graph: coarse node of each node, coarse edge of each edge, the graph that they form."""

    parent: np.ndarray
    edges: np.ndarray
    graph: CoarseGraph


Edges = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Ends (int32) and weights of edges, sorted by ends."""


def group(key: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Sort by small whole numbers in linear time.

    Parameters
    ----------
    key : ndarray of int, shape (n,)
        Group of each element, below ``groups``.
    groups : int
        Number of groups.

    Returns
    -------
    order : ndarray of int, shape (n,)
        Elements by group; those of one group keep their order.
    first : ndarray of int, shape (groups + 1,)
        Where each group begins in ``order``.
    """
    # the transpose of a matrix with one entry per row is a counting sort
    one, stop = np.ones(len(key), np.int8), np.arange(len(key) + 1, dtype=np.int32)
    columns = csr_array((one, key.astype(np.int32, copy=False), stop), shape=(len(key), groups)).tocsc()
    return columns.indices.astype(np.intp), columns.indptr


def spread(begin: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Count on from ``begin`` in each group, for elements in the order of :func:`group`."""
    place = np.repeat(begin - first[:-1], np.diff(first))
    for start in range(0, len(place), 2**20):  # large temporary arrays cost more than the sum
        part = place[start : start + 2**20]
        part += np.arange(start, start + len(part))
    return place


def ranks(key: np.ndarray, groups: int) -> np.ndarray:
    """Number of earlier elements of the same group for each element."""
    order, first = group(key, groups)
    rank = np.empty(len(key), np.intp)
    rank[order] = spread(np.zeros(groups, np.intp), first)
    return rank


def crossing(one: np.ndarray, other: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Flat places of the edges that have weight and two different ends, none of them ``NONE``."""
    return np.flatnonzero((one != other) & (np.maximum(one, other) != NONE) & (weight > 0))


def merge_edges(one: np.ndarray, other: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, Edges]:
    """Merge parallel edges.

    Parameters
    ----------
    one, other : ndarray of int, shape (edges,)
        The two different ends of each edge, in any order.
    weight : ndarray, shape (edges,)
        Conductances.

    Returns
    -------
    number : ndarray of uint32, shape (edges,)
        Merged edge of each edge.
    (low ends, high ends, summed weights)
        The merged edges, sorted by ends.
    """
    if not len(one):
        return np.zeros(0, np.uint32), (np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0))
    low, high = np.minimum(one, other).astype(np.int32), np.maximum(one, other).astype(np.int32)
    start, stop = low.min(), high.max() + 1
    order, _ = group(high - start, stop - start)
    order = order[group(low[order] - start, stop - start)[0]]
    low, high = low[order], high[order]
    new = np.append(True, (low[1:] != low[:-1]) | (high[1:] != high[:-1]))
    number = np.empty(len(order), np.intp)
    number[order] = np.cumsum(new, dtype=np.int32) - np.int32(1)
    new = np.flatnonzero(new)
    return number.astype(np.uint32), (low[new], high[new], np.bincount(number, weights=weight))


def contract(graph: CoarseGraph, label: np.ndarray) -> Coarsening:
    """Make one node of all nodes with the same label, numbered by their first nodes; blocks stay as they are.

    Parameters
    ----------
    graph : CoarseGraph
        The finer level.
    label : ndarray of int, shape (nodes,)
        Any numbers that are not much larger than that of the nodes.
    """
    number, first = _numbered(label)
    one, other = number.take(graph.low), number.take(graph.high)
    here = np.flatnonzero(one != other)
    edges = np.full(len(one), NONE, np.uint32)
    edges[here], ends = merge_edges(one[here], other[here], graph.weight[here])
    ground = np.bincount(number, weights=graph.ground, minlength=len(first))
    return Coarsening(
        number, edges, CoarseGraph(*ends, ground, graph.block[first], graph.slab[first], graph.planes)
    )


def contract_further(step: Coarsening, label: np.ndarray) -> Coarsening:
    """Make one aggregate of all aggregates with the same label."""
    further = contract(step.graph, label)
    edges = np.append(further.edges, NONE).take(step.edges, mode="clip")
    return Coarsening(further.parent.take(step.parent), edges, further.graph)


def _numbered(label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number labels without gaps by the first element of each; also return these elements."""
    own = np.arange(len(label))
    first = np.empty(int(label.max(initial=-1)) + 1, np.intp)
    first[label[::-1]] = own[::-1]  # what is written last is the first element
    first = first[label]
    leads = first == own
    return (np.cumsum(leads, dtype=np.int32) - np.int32(1))[first], np.flatnonzero(leads)


def sums_at_ends(graph: CoarseGraph, values: np.ndarray) -> np.ndarray:
    """Sum of a value over the edges of each node."""
    low, high = (np.bincount(ends, weights=values, minlength=graph.size) for ends in (graph.low, graph.high))
    return low + high
