"""Aggregates by measure: against its definition, what is dissolved, what is joined; two colours."""

from __future__ import annotations

import numpy as np
import pytest
from microcell_kernels.colouring import two_colours
from microcell_kernels.graph import CoarseGraph, contract
from microcell_kernels.matching import LARGEST, dissolve_poor, join_partners, poorer
from scipy.linalg import eigh


def graph(
    edges: dict[tuple[int, int], float], nodes: int, ground: dict[int, float] | None = None
) -> CoarseGraph:
    """A graph with all nodes in one block of one slab."""
    held = np.zeros(nodes)
    for node, value in (ground or {}).items():
        held[node] = value
    low, high = np.array(sorted(edges)).T
    weight = np.array([edges[pair] for pair in sorted(edges)])
    return CoarseGraph(low, high, weight, held, np.zeros((nodes, 4), np.int32), np.zeros(nodes, np.int32), 1)


def random_graph(nodes: int, seed: int) -> CoarseGraph:
    """Six random edges per node, conductances over six decades, a tenth of the nodes held."""
    random = np.random.default_rng(seed)
    pairs = {tuple(sorted(p)) for p in random.integers(0, nodes, (3 * nodes, 2)).tolist() if p[0] != p[1]}
    edges = {(a, b): float(10 ** random.uniform(-3, 3)) for a, b in pairs}
    return graph(edges, nodes, {k: 10.0 for k in range(0, nodes, 10)})


def by_definition(g: CoarseGraph, nodes: np.ndarray) -> float:
    """Largest v D v / v A v over the v that are D-orthogonal to one, by a dense eigenproblem."""
    a = np.zeros((g.size, g.size))
    for i, j, w in zip(g.low, g.high, g.weight, strict=True):
        if i in nodes and j in nodes:
            a[[i, j], [i, j]] += w
            a[[i, j], [j, i]] -= w
    d = np.diag(g.diagonal)
    values = eigh(a[np.ix_(nodes, nodes)], d[np.ix_(nodes, nodes)], eigvals_only=True)
    return float(1.0 / max(values[1], 1e-30))


def test_the_measure_is_its_definition() -> None:
    """Aggregates of 2 to 12 nodes, conductances over six decades, a tenth of the nodes held: poor at bounds
    1e-7 below dense eigenvalues and good 1e-7 above, in pieces always poor. Single nodes and aggregates not
    asked for are never poor."""
    random = np.random.default_rng(1)
    sizes = np.tile(np.arange(1, LARGEST + 1), 3)
    label = np.repeat(np.arange(len(sizes)), sizes)
    edges = {}
    for i, j in zip(*np.triu_indices(len(label), 1), strict=True):
        if random.random() < (0.6 if label[i] == label[j] else 0.02):
            edges[int(i), int(j)] = float(10 ** random.uniform(-3, 3))
    g = graph(edges, len(label), {k: 10.0 for k in range(0, len(label), 10)})
    last = len(sizes) - 1
    wanted = np.arange(len(sizes)) < last
    compared = 0
    for k in np.flatnonzero(wanted & (sizes > 1)):
        definition = by_definition(g, np.flatnonzero(label == k))
        compared += definition < 1e6
        assert definition >= 1e6 or not poorer(g, label, wanted, definition * (1 + 1e-7))[k]
        assert poorer(g, label, wanted, min(definition, 1e6) * (1 - 1e-7))[k]
    assert compared > 20
    assert not poorer(g, label, wanted, 0.5)[[0, last]].any()


def test_known_measures() -> None:
    """A cube of eight equal nodes alone has D = 3 and eigenvalue 2/3: 1.5, which a bound of 1.5 allows. Two
    pieces are poor at any bound, and so are more than the largest number of nodes."""
    cube = graph({(i, i | bit): 1.0 for i in range(8) for bit in (1, 2, 4) if not i & bit}, 8)
    together, everyone = np.zeros(8, int), np.ones(1, bool)
    assert not poorer(cube, together, everyone, 1.5)[0]
    assert poorer(cube, together, everyone, 1.5 - 1e-9)[0]
    two = graph({(0, 1): 1.0, (2, 3): 1.0}, 4)
    assert poorer(two, np.zeros(4, int), everyone, 1e6)[0]
    n = LARGEST + 1
    complete = graph({(i, j): 1.0 for i in range(n) for j in range(i + 1, n)}, n)
    assert poorer(complete, np.zeros(n, int), everyone)[0]
    assert not poorer(complete, np.arange(n) // LARGEST, np.ones(2, bool))[0]


def test_an_island_is_not_joined_with_a_cell_that_is_held() -> None:
    """A rigid pair beside a node: joined when that is free, apart when it is held a thousand times faster."""
    edges = {(0, 1): 1.0, (1, 2): 1e-4}
    together = np.zeros(3, int)
    assert len(np.unique(dissolve_poor(graph(edges, 3), together))) == 1
    assert len(np.unique(dissolve_poor(graph(edges, 3, {2: 0.1}), together))) == 3


@pytest.mark.parametrize("seed", [2, 3])
def test_partners_are_good_and_few_are_left_alone(seed: int) -> None:
    """Three passes over 400 nodes: every aggregate within bound and size, less than half as many left."""
    g = random_graph(400, seed)
    step = contract(g, np.arange(400))
    for _ in range(3):
        step = join_partners(g, step)
    count = np.bincount(step.parent)
    assert not poorer(g, step.parent, np.ones(len(count), bool)).any()
    assert count.min() >= 1
    assert count.max() <= LARGEST
    assert len(count) < 200


def test_leaves_follow_their_hub_up_to_the_largest_size() -> None:
    """Forty leaves on one hub: one aggregate of the largest size in a pass, the others stay."""
    star = graph({(0, k): 1.0 for k in range(1, 41)}, 41)
    assert np.bincount(join_partners(star, contract(star, np.arange(41))).parent).max() == LARGEST


def test_slabs_stay_apart() -> None:
    """A strong edge between two slabs joins nothing."""
    g = graph({(0, 1): 1.0, (1, 2): 100.0, (2, 3): 1.0}, 4)
    g = CoarseGraph(g.low, g.high, g.weight, g.ground, g.block, np.array([0, 0, 1, 1], np.int32), 1)
    assert join_partners(g, contract(g, np.arange(4))).parent.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("seed", [4, 5])
def test_no_node_shares_more_than_half_with_its_own_colour(seed: int) -> None:
    """All nodes of one block begin in one colour; in the end each shares at most half of its conductance."""
    g = random_graph(500, seed)
    colour = two_colours(g)
    own = np.zeros(g.size)
    within = colour[g.low] == colour[g.high]
    np.add.at(own, g.low[within], g.weight[within])
    np.add.at(own, g.high[within], g.weight[within])
    assert set(colour.tolist()) == {0, 1}
    assert np.all(own <= 0.5 * g.diagonal * (1 + 1e-6))
