"""Bottlenecks of periodic networks against brute force and hand-made rings."""

import networkx as nx
import numpy as np
import pytest

from microcell.atomistic.percolation.lattices import supercell
from microcell.atomistic.percolation.network import Links, bottleneck, clusters, double_cover


def ring(weights: list[float]) -> tuple[int, Links, np.ndarray]:
    """A ring of nodes; the last link crosses the border."""
    n = len(weights)
    links = Links(np.arange(n, dtype=np.int32), np.roll(np.arange(n, dtype=np.int32), -1))
    return n, links, np.arange(n) == n - 1


@pytest.mark.parametrize("guess", [None, 0.0, 0.35, 0.5, 0.9, 5.0])
def test_a_ring_wraps_with_its_last_link(guess: float | None) -> None:
    weights = [0.3, 0.9, 0.1, 0.5]
    nodes, links, crossing = ring(weights)
    cover = double_cover(nodes, links, crossing, np.array([0]))
    assert bottleneck(cover, np.array(weights), guess) == 0.9


def test_equal_weights() -> None:
    nodes, links, crossing = ring([0.4] * 5)
    cover = double_cover(nodes, links, crossing, np.array([0]))
    assert bottleneck(cover, np.full(5, 0.4)) == 0.4


def test_an_open_chain_never_wraps() -> None:
    nodes, links, _ = ring([0.1] * 4)
    cover = double_cover(nodes, links, np.zeros(4, dtype=bool), np.array([0]))
    assert bottleneck(cover, np.full(4, 0.1)) == float("inf")
    nothing = double_cover(
        3, Links(np.zeros(0, np.int32), np.zeros(0, np.int32)), np.zeros(0, bool), np.array([0])
    )
    assert bottleneck(nothing, np.zeros(0)) == float("inf")


def test_there_and_back_over_the_border_is_no_wrapping() -> None:
    """Two links over the border, one forward and one back, close a loop that does not run around."""
    links = Links(np.array([0, 0], dtype=np.int32), np.array([1, 1], dtype=np.int32))
    cover = double_cover(2, links, np.array([True, True]), np.array([0]))
    assert bottleneck(cover, np.array([0.1, 0.2])) == float("inf")


@pytest.mark.parametrize("lattice", ["square", "honeycomb", "bcc"])
@pytest.mark.parametrize("seed", range(4))
def test_bottleneck_equals_raising_the_threshold_link_by_link(lattice: str, seed: int) -> None:
    cell = supercell(lattice, 4)
    weight = np.random.default_rng(seed).random(len(cell.links.first))
    graph = nx.Graph()
    graph.add_nodes_from(range(cell.cover.nodes))
    twice = np.concatenate([weight, weight])
    for k in np.argsort(twice, kind="stable"):
        graph.add_edge(int(cell.cover.links.first[k]), int(cell.cover.links.second[k]))
        if any(
            nx.has_path(graph, int(a), int(b))
            for a, b in zip(cell.cover.starts, cell.cover.ends, strict=True)
        ):
            break
    assert bottleneck(cell.cover, weight, guess=0.5) == twice[k]
    assert bottleneck(cell.cover, weight) == twice[k]


def test_clusters() -> None:
    label = clusters(5, Links(np.array([0, 3]), np.array([1, 4])))
    assert label[0] == label[1] != label[2]
    assert label[3] == label[4] != label[0]


def test_supercells_hold_every_bond_once_and_cross_one_border() -> None:
    """Simple cubic of 4: 3 bonds per site, and one in twelve of them leaves through the first face."""
    cell = supercell("simple cubic", 4)
    assert len(cell.links.first) == 3 * 64
    crosses = cell.cover.links.second[: 3 * 64] >= 64
    assert crosses.sum() == 16
