"""Periodic networks, and the smallest threshold at which one of them wraps around its cell.

Every random model here gives each link a number, the smallest occupation at which the link exists. A network
then wraps around from occupation p on, where p is the largest number on the best closed path that runs
around the cell: a bottleneck path. In two copies of the cell that follow one another (the double cover), such
a path leads from a site to its copy. It is found exactly by halving the links with SciPy's connected
components: the lower half either joins a site with its copy, and the upper half is left away, or it does not,
and every cluster of it shrinks to one node (Camerini, Information Processing Letters 7 (1978) 10, doi
10.1016/0020-0190(78)90030-3). Each pass has half the links of the one before, so a sample costs little more
than one labelling of its clusters.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


class Links(NamedTuple):
    """Links between numbered nodes.

    Attributes
    ----------
    first, second : int array, shape (e,)
        The nodes that a link joins.
    """

    first: np.ndarray
    second: np.ndarray

    def where(self, chosen: np.ndarray) -> Links:
        """Return some of the links, chosen by a mask or by numbers."""
        return Links(self.first[chosen], self.second[chosen])


class Cover(NamedTuple):
    """Two copies of a periodic network, one after the other along the direction of interest.

    Attributes
    ----------
    nodes : int
        Nodes of both copies.
    links : Links
        Links of the first copy, then those of the second in the same order.
    starts, ends : int array, shape (s,)
        Nodes of one layer, through which every path around the cell must pass, in the two copies.
    """

    nodes: int
    links: Links
    starts: np.ndarray
    ends: np.ndarray


def double_cover(nodes: int, links: Links, crossing: np.ndarray, layer: np.ndarray) -> Cover:
    """Return the double cover of a periodic network.

    A path that runs around the cell an odd number of times leads from one copy to the other; one that winds
    twice and never once is missed, which changes no threshold of an infinite lattice.

    Parameters
    ----------
    nodes : int
        Number of nodes of one copy.
    links : Links
        Links of one copy.
    crossing : bool array, shape (e,)
        Whether a link leaves the cell through the face between copies.
    layer : int array
        Nodes of a layer of cells that every path around the cell passes through.
    """
    other = nodes * crossing.astype(links.first.dtype)
    first = np.concatenate([links.first, links.first + nodes])
    second = np.concatenate([links.second + other, links.second + nodes - other])
    return Cover(2 * nodes, Links(first, second), layer, layer + nodes)


def clusters(nodes: int, links: Links) -> np.ndarray:
    """Return the cluster number (nodes,) of every node."""
    ones = np.ones(len(links.first), dtype=np.int8)
    matrix = coo_array((ones, (links.first, links.second)), shape=(nodes, nodes)).tocsr()
    return connected_components(matrix, directed=False)[1]


def bottleneck(cover: Cover, weight: np.ndarray, guess: float | None = None) -> float:
    """Return the smallest w for which the links of weight up to w join some start with its end.

    Parameters
    ----------
    cover : Cover
        The network.
    weight : float array, shape (e,)
        Weight of each link of one copy.
    guess : float, optional
        A value a little above the one expected: the first pass is cheap if it holds, and nothing but time is
        lost if not.

    Returns
    -------
    float
        The bottleneck; infinite if no start is joined with its end.
    """
    nodes, links, starts, ends = cover
    weight = np.concatenate([weight, weight])
    split = guess
    while len(weight):
        split = _middle(weight) if split is None else split
        low = weight <= split
        label = clusters(nodes, links.where(low))
        joined = label[starts] == label[ends]
        if joined.any():
            if split == weight[low].min():
                return float(split)
            starts, ends, links, weight = starts[joined], ends[joined], links.where(low), weight[low]
            inside = np.isin(label, label[starts])
            keep = inside[links.first]
            nodes, number = int(inside.sum()), np.cumsum(inside) - 1
        else:
            links, weight = links.where(~low), weight[~low]
            keep = label[links.first] != label[links.second]
            nodes, number = int(label.max()) + 1, label
        links, weight = Links(number[links.first[keep]], number[links.second[keep]]), weight[keep]
        starts, ends, split = number[starts], number[ends], None
    return float("inf")


def _middle(weight: np.ndarray) -> float:
    """Return a weight that about half of the links do not exceed, and some do unless all are equal."""
    k = (len(weight) - 1) // 2
    middle = np.partition(weight, k)[k]
    below = weight[weight < middle]
    return float(below.max() if middle == weight.max() and len(below) else middle)
