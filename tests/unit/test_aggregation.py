"""Aggregates: who is in them, who must never be, and the coarse operator that follows."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from graph_media import dense, random_operator
from microcell_kernels.aggregation import Graph, Pattern, coarsen, coarsen_all, grid_graph
from microcell_kernels.multigrid import GridOperator, Hierarchy
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

SHAPE = (2, 5, 4, 6)


def graph_and_mask(seed: int) -> tuple[Graph, np.ndarray, GridOperator]:
    """A random operator of two fields in which a third of the cells takes no part and conducts nothing."""
    rng = np.random.default_rng(seed)
    operator = random_operator(SHAPE, free=1.0, links=40, seed=seed)
    taking = rng.random(SHAPE) > 1 / 3
    g = [np.array(c) for c in operator.conductance]
    g[0] *= taking[:, 1:] & taking[:, :-1]
    g[1] *= taking[:, :, 1:] & taking[:, :, :-1]
    g[2] *= taking[..., 1:] & taking[..., :-1]
    p, q = np.asarray(operator.link_p), np.asarray(operator.link_q)
    link = np.asarray(operator.link) * (taking.ravel()[p] & taking.ravel()[q])
    operator = GridOperator(
        conductance=(jnp.asarray(g[0]), jnp.asarray(g[1]), jnp.asarray(g[2])),
        ground=operator.ground * taking,
        link_p=operator.link_p,
        link_q=operator.link_q,
        link=jnp.asarray(link),
        top=operator.top * taking[0, -1],
        terminal_ground=operator.terminal_ground,
        terminal_free=operator.terminal_free,
    )
    return grid_graph(g, (p, q, link)), taking.ravel(), operator


def prolongation(pattern: Pattern) -> np.ndarray:
    """The piecewise constant prolongation as a dense matrix of zeros and ones."""
    matrix = np.zeros((len(pattern.parent), len(pattern.real)))
    inside = np.flatnonzero(pattern.parent < len(pattern.real))
    matrix[inside, pattern.parent[inside]] = 1.0
    return matrix


@pytest.mark.parametrize("theta", [0.0, 0.2, 0.9])
@pytest.mark.parametrize("seed", [0, 1])
def test_every_node_that_takes_part_has_one_parent_and_no_other(theta: float, seed: int) -> None:
    """Parents below 2 half exactly for the taking-part nodes; children list the same relation; no parent is
    padding."""
    graph, taking, _ = graph_and_mask(seed)
    pattern, coarse = coarsen(graph, taking, theta)
    assert np.array_equal(pattern.parent < len(pattern.real), taking)
    assert np.array_equal(np.unique(pattern.parent[taking]), np.flatnonzero(pattern.real))
    for node, children in enumerate(pattern.children):
        assert np.array_equal(
            np.sort(children[children < graph.size]), np.flatnonzero(pattern.parent == node)
        )
    assert coarse.size == len(pattern.real)


@pytest.mark.parametrize("theta", [0.0, 0.2, 0.9])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_an_aggregate_is_connected_inside_one_block(theta: float, seed: int) -> None:
    """Inside every aggregate a path of strong positive conductances joins all members, and all share a 2x2x2
    block.

    Strong: at least theta times the geometric mean of both nodes' largest conductances, counted here by hand.
    """
    graph, taking, _ = graph_and_mask(seed)
    pattern, _ = coarsen(graph, taking, theta)
    largest = np.zeros(graph.size)
    for i, j, w in zip(graph.low, graph.high, graph.weight, strict=True):
        largest[i], largest[j] = max(largest[i], w), max(largest[j], w)
    limit = theta * np.sqrt(largest[graph.low] * largest[graph.high])
    inside = (
        (graph.weight > 0)
        & (graph.weight >= limit)
        & (pattern.parent[graph.low] == pattern.parent[graph.high])
    )
    ones = np.ones(inside.sum())
    joined = coo_array((ones, (graph.low[inside], graph.high[inside])), shape=(graph.size,) * 2)
    _, piece = connected_components(joined.tocsr(), directed=False)
    blocks = graph.block // (1, 2, 2, 2)
    for node in np.flatnonzero(pattern.real):
        members = np.flatnonzero(pattern.parent == node)
        assert len(np.unique(piece[members])) == 1
        assert len(np.unique(blocks[members], axis=0)) == 1


def test_two_plates_without_contact_never_join() -> None:
    """A zero-conductance gap through the middle of every block column: no aggregate reaches across, on any
    level."""
    n = 8
    g = [np.ones((1, n - 1, n, n)), np.ones((1, n, n - 1, n)), np.ones((1, n, n, n - 1))]
    g[0][:, 2] = 0.0  # between z = 2 and z = 3: inside the 2x2x2 blocks
    none = np.zeros(0, np.int64)
    patterns = coarsen_all(grid_graph(g, (none, none, np.zeros(0))), np.ones(n**3, bool), coarsest=2)
    side = np.repeat([0, 1], [3 * n * n, 5 * n * n])
    for pattern in patterns:
        coarse = np.full(len(pattern.real), -1)
        coarse[pattern.parent] = side
        assert np.array_equal(coarse[pattern.parent], side)
        side = coarse
    assert patterns[-1].real.sum() == 2


def test_weak_couplings_are_kept_apart() -> None:
    """Layers joined by 1e-3 inside blocks, 1 within the layer: theta 0.2 makes flat aggregates, theta 0 takes
    all eight."""
    n = 4
    g = [np.full((1, n - 1, n, n), 1e-3), np.ones((1, n, n - 1, n)), np.ones((1, n, n, n - 1))]
    none = np.zeros(0, np.int64)
    graph = grid_graph(g, (none, none, np.zeros(0)))
    everyone = np.ones(n**3, bool)
    assert coarsen(graph, everyone, 0.2)[0].real.sum() == 4 * 2 * 2
    assert coarsen(graph, everyone, 0.0)[0].real.sum() == 2 * 2 * 2


def test_red_nodes_come_first_and_rows_list_the_neighbours() -> None:
    """Ordering by parity of the block, halves equally long; each table row is the row of the coarse edge
    list."""
    graph, taking, _ = graph_and_mask(0)
    pattern, coarse = coarsen(graph, taking, 0.2)
    half = len(pattern.real) // 2
    parity = coarse.block[:, 1:].sum(axis=1) % 2
    assert not parity[:half][pattern.real[:half]].any()
    assert parity[half:][pattern.real[half:]].all()
    neighbour, edge = (a.reshape(2 * half, -1) for a in (pattern.neighbour, pattern.edge))
    for node in np.flatnonzero(pattern.real):
        listed = {(n, e) for n, e in zip(neighbour[node], edge[node], strict=True) if e < pattern.n_edges}
        ends = [(coarse.high[e], e) for e in np.flatnonzero(coarse.low == node)]
        ends += [(coarse.low[e], e) for e in np.flatnonzero(coarse.high == node)]
        assert listed == set(ends)


def test_coarsening_ends_at_the_size_asked_for() -> None:
    """A connected 16^3 block: each level has an eighth of the nodes (aligned blocks), the last at most 10."""
    n = 16
    g = [np.ones((1, n - 1, n, n)), np.ones((1, n, n - 1, n)), np.ones((1, n, n, n - 1))]
    none = np.zeros(0, np.int64)
    patterns = coarsen_all(grid_graph(g, (none, none, np.zeros(0))), np.ones(n**3, bool), coarsest=10)
    assert [int(p.real.sum()) for p in patterns] == [512, 64, 8]


@pytest.mark.parametrize("free", [0.0, 1.0])
def test_coarse_operators_are_galerkin_products(free: float) -> None:
    """Every level of a random two-field operator equals P^T A P of the level above, terminal included
    (1e-13).

    P is dense zeros and ones from the parents; A of level 0 is assembled conductance by conductance.
    """
    graph, taking, operator = graph_and_mask(3)
    operator = GridOperator(**(vars(operator) | {"terminal_free": jnp.asarray(free)}))
    patterns = coarsen_all(graph, taking, coarsest=12)
    hierarchy = Hierarchy.build(operator, taking.reshape(SHAPE), coarsest=12)
    values = hierarchy.refresh(operator)
    assert len(patterns) == len(values.levels) >= 2
    fine = dense(operator)
    for pattern, level in zip(patterns, values.levels, strict=True):
        p = np.zeros((len(pattern.parent) + 1, len(pattern.real) + 1))
        p[:-1, :-1], p[-1, -1] = prolongation(pattern), 1.0
        product = p.T @ fine @ p
        n = len(pattern.real)
        assembled = np.zeros((n + 1, n + 1))
        value, neighbour = np.asarray(level.value).reshape(n, -1), pattern.neighbour.reshape(n, -1)
        for i in range(n):
            np.subtract.at(assembled[i], neighbour[i], value[i])
            assembled[i, i] += value[i].sum()
        top = np.asarray(level.top)
        assembled[np.arange(n), np.arange(n)] += np.asarray(level.ground) + top
        assembled[:n, n], assembled[n, :n] = -top * free, -top * free
        assembled[n, n] = top.sum() + 0.3 if free else 1.0
        assert np.allclose(assembled, product, rtol=0, atol=1e-13 * np.abs(product).max())
        fine = product
