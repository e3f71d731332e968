"""Aggregates: who is in them, who must never be, and how far coarsening looks when it stalls."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from graph_media import random_operator, two_phases
from microcell_kernels.aggregation import coarsen
from microcell_kernels.graph import (
    NONE,
    CoarseGraph,
    contract,
    contract_further,
    crossing,
    group,
    merge_edges,
    ranks,
)
from microcell_kernels.grid_aggregation import GridCoarsening, Links, coarsen_grid
from microcell_kernels.matching import poorer
from microcell_kernels.segments import row_lengths
from microcell_kernels.tables import build_tables
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Faces = list[np.ndarray]
NO_LINKS: Links = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


def medium(shape: tuple[int, int, int, int], seed: int) -> tuple[Faces, Links, np.ndarray]:
    """Two fields of random faces, a fifth of them zero, 40 links; a third of the cells takes no part."""
    operator = random_operator(shape, free=1.0, links=40, seed=seed)
    links = tuple(np.asarray(v) for v in (operator.link_p, operator.link_q, operator.link))
    taking = np.random.default_rng(seed).random(shape) > 1 / 3
    return [np.asarray(g) for g in operator.conductance], (links[0], links[1], links[2]), taking


def edge_list(
    faces: Faces, links: Links, shape: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every face and link as an edge between flat cell numbers, faces without conductance left out."""
    number = np.arange(np.prod(shape)).reshape(shape)
    low = [np.take(number, range(n - 1), axis).ravel() for axis, n in enumerate(shape) if axis]
    high = [np.take(number, range(1, n), axis).ravel() for axis, n in enumerate(shape) if axis]
    weight = np.concatenate([*(g.ravel() for g in faces), links[2]])
    i, j = np.concatenate([*low, links[0]]), np.concatenate([*high, links[1]])
    return i[weight > 0], j[weight > 0], weight[weight > 0]


@pytest.mark.parametrize("theta", [0.0, 0.2, 0.9])
@pytest.mark.parametrize(("shape", "slabs"), [((2, 5, 4, 6), 1), ((2, 40, 3, 5), 1), ((2, 12, 4, 5), 4)])
def test_aggregates_are_the_strongly_connected_pieces_of_blocks(
    shape: tuple[int, int, int, int], slabs: int, theta: float
) -> None:
    """Against connected components of an explicit graph of the strong edges inside 2x2x2 blocks of each slab.

    Strong: at least theta times the geometric mean of both cells' largest conductances, counted here by hand,
    ground included, which a tenth of the cells have.
    40 planes take several passes of the grid; three planes per slab cut blocks.
    """
    faces, links, taking = medium(shape, 1)
    i, j, weight = edge_list(faces, links, shape)
    held = np.where(np.random.default_rng(3).random(shape) < 0.1, 3.0, 0.0)
    largest = held.ravel().copy()
    for a, b, w in zip(i, j, weight, strict=True):
        largest[a], largest[b] = max(largest[a], w), max(largest[b], w)
    field, z, y, x = np.unravel_index(np.arange(taking.size), shape)
    slab, plane = np.divmod(z, shape[1] // slabs)
    block = np.column_stack([field, slab, plane // 2, y // 2, x // 2])
    keep = (weight >= theta * np.sqrt(largest[i] * largest[j]) * (1 + 1e-6)) & (block[i] == block[j]).all(
        axis=1
    )
    keep &= taking.ravel()[i] & taking.ravel()[j]
    strong = coo_array((np.ones(keep.sum()), (i[keep], j[keep])), shape=(taking.size,) * 2)
    _, expected = connected_components(strong, directed=False)
    result = coarsen_grid(faces, links, held, taking, theta, slabs)
    here = taking.ravel()
    assert np.all(result.parent.ravel()[~here] == NONE)
    pairs = np.unique(np.column_stack([expected[here], result.parent.ravel()[here]]), axis=0)
    assert len(pairs) == len(np.unique(pairs[:, 0])) == len(np.unique(pairs[:, 1])) == result.graph.size


@pytest.mark.parametrize("slabs", [1, 2])
def test_coarse_edges_of_a_grid_are_sums_over_faces_and_links(slabs: int) -> None:
    """Each crossing face and link is counted once, in the edge that joins its two aggregates (1e-13)."""
    shape = (2, 20, 5, 4)
    faces, links, taking = medium(shape, 2)
    result = coarsen_grid(faces, links, np.zeros(shape), taking, 0.2, slabs)
    i, j, weight = edge_list(faces, links, shape)
    a, b = (result.parent.ravel()[v].astype(np.int64) for v in (i, j))
    cross = (a != b) & (np.maximum(a, b) < NONE)
    n = result.graph.size
    direct = coo_array((weight[cross], (np.minimum(a, b)[cross], np.maximum(a, b)[cross])), shape=(n, n))
    graph = result.graph
    merged = coo_array((graph.weight, (graph.low, graph.high)), shape=(n, n))
    assert graph.low.size == direct.tocsr().nnz
    assert abs(direct - merged).max() <= 1e-13 * weight.max()
    assert np.array_equal(mapped(result, faces, links), graph_sums(result, direct.tocsr()))
    assert np.all(np.diff(graph.slab) >= 0)


def mapped(result: GridCoarsening, faces: Faces, links: Links) -> np.ndarray:
    """Number of faces and links that lead to each coarse edge."""
    edges = [*(f[g > 0] for f, g in zip(result.faces, faces, strict=True)), result.links]
    numbers = np.concatenate([e.ravel() for e in edges])
    return np.bincount(numbers[numbers != NONE], minlength=len(result.graph.low)) > 0


def graph_sums(result: GridCoarsening, direct: coo_array) -> np.ndarray:
    """Whether each coarse edge has a conductance."""
    return np.array([direct[i, j] > 0 for i, j in zip(result.graph.low, result.graph.high, strict=True)])


def test_weak_couplings_are_kept_apart() -> None:
    """Layers joined by 1e-3 inside blocks, 1 within the layer: theta 0.2 makes flat aggregates, theta 0 takes
    all eight."""
    n = 4
    faces = [np.full((1, n - 1, n, n), 1e-3), np.ones((1, n, n - 1, n)), np.ones((1, n, n, n - 1))]
    everyone, nothing = np.ones((1, n, n, n), bool), np.zeros((1, n, n, n))
    assert coarsen_grid(faces, NO_LINKS, nothing, everyone, 0.2, 1).graph.size == 4 * 2 * 2
    assert coarsen_grid(faces, NO_LINKS, nothing, everyone, 0.0, 1).graph.size == 2 * 2 * 2


def test_two_plates_without_contact_never_join() -> None:
    """A zero-conductance gap through the middle of every block column: no aggregate reaches across, on any
    level."""
    n = 8
    faces = [np.ones((1, n - 1, n, n)), np.ones((1, n, n - 1, n)), np.ones((1, n, n, n - 1))]
    faces[0][:, 2] = 0.0  # between z = 2 and z = 3: inside the 2x2x2 blocks
    levels = build_tables(faces, NO_LINKS, np.ones((1, n, n, n), bool), coarsest=2)
    side = np.repeat([0, 1], [3 * n * n, 5 * n * n])
    for level in levels:
        coarse = np.full(2 * level.half, -1)
        coarse[level.parent[side >= 0]] = side[side >= 0]
        assert np.array_equal(coarse[level.parent[side >= 0]], side[side >= 0])
        side = coarse
    assert levels[-1].size == 2


def test_coarsening_ends_at_the_size_asked_for() -> None:
    """A connected 16^3 block: each level has an eighth of the nodes (aligned blocks), the last at most 10."""
    n = 16
    faces = [np.ones((1, n - 1, n, n)), np.ones((1, n, n - 1, n)), np.ones((1, n, n, n - 1))]
    levels = build_tables(faces, NO_LINKS, np.ones((1, n, n, n), bool), coarsest=10)
    assert [level.size for level in levels] == [512, 64, 8]


@pytest.mark.parametrize("contrast", [1e2, 1e5])
def test_every_aggregate_of_a_graph_is_good(contrast: float) -> None:
    """Cell noise of 20^3, in which the spanning network of well conducting cells and islands of it lie beside
    poor cells: no aggregate above the bound on any level, and every level takes away a third at least."""
    n = 20
    faces = [np.asarray(g) for g in two_phases(n, contrast, 0.0).conductance]
    everyone = np.ones((1, n, n, n), bool)
    graph = coarsen_grid(faces, NO_LINKS, np.zeros((1, n, n, n)), everyone, 0.2, 1).graph
    while graph.size > 100:
        step = coarsen(graph, 0.2)
        assert step is not None
        label = np.where(step.parent == NONE, step.graph.size, step.parent.astype(np.int64))
        wanted = np.arange(label.max() + 1) < step.graph.size
        assert not poorer(graph, label, wanted).any()
        assert step.graph.size <= 0.67 * graph.size
        graph = step.graph


def chain(weights: list[float], spacing: int) -> CoarseGraph:
    """Nodes in a row, ``spacing`` blocks apart."""
    n = len(weights) + 1
    block = np.zeros((n, 4), np.int32)
    block[:, 1] = spacing * np.arange(n)
    low, nothing = np.arange(n - 1, dtype=np.int32), np.zeros(n)
    return CoarseGraph(low, low + 1, np.array(weights), nothing, block, np.zeros(n, np.int32), spacing * n)


@pytest.mark.parametrize("spacing", [1, 2, 8])
def test_a_row_coarsens_wherever_its_nodes_lie(spacing: int) -> None:
    """Eight equal nodes in a row: two aggregates of four where they share blocks, at most four where no
    two of them do."""
    step = coarsen(chain([1.0] * 7, spacing), 0.2)
    assert step is not None
    assert step.graph.size == 2 if spacing == 1 else step.graph.size <= 4


def test_nodes_without_neighbours_go_no_further() -> None:
    """Two pairs far apart and a single node: two coarse nodes without edge, then nothing is left to join."""
    graph = chain([1.0, 0.0, 0.0, 1.0], 1)
    graph = CoarseGraph(
        graph.low[[0, 3]], graph.high[[0, 3]], np.ones(2), graph.ground, graph.block, graph.slab, 5
    )
    step = coarsen(graph, 0.2)
    assert step is not None
    assert step.parent[2] == NONE
    assert step.parent[0] == step.parent[1]
    assert step.parent[3] != step.parent[0]


def test_parallel_edges_merge() -> None:
    """Five edges on three nodes, a loop, one to no node, one without weight: the other two are one edge."""
    a, b = np.array([0, 1, 1, 2, 2], np.uint32), np.array([2, 2, 1, NONE, 0], np.uint32)
    weight = np.array([1.0, 0.0, 4.0, 8.0, 16.0])
    here = crossing(a, b, weight)
    assert here.tolist() == [0, 4]
    number, (low, high, total) = merge_edges(a[here], b[here], weight[here])
    assert (number.tolist(), low.tolist(), high.tolist(), total.tolist()) == ([0, 0], [0], [2], [17.0])


def test_merged_edges_are_those_of_a_sparse_matrix() -> None:
    """20000 edges in random order on 300 nodes numbered from 1000: ends, sums (1e-13) and numbers."""
    rng = np.random.default_rng(5)
    a = rng.integers(1000, 1300, 20000)
    b = (a - 1000 + rng.integers(1, 300, 20000)) % 300 + 1000
    weight = rng.random(20000)
    number, (low, high, total) = merge_edges(a, b, weight)
    direct = coo_array((weight, (np.minimum(a, b), np.maximum(a, b))), shape=(1300, 1300)).tocsr()
    direct.sort_indices()
    assert np.array_equal(low, np.repeat(np.arange(1300), np.diff(direct.indptr)))
    assert np.array_equal(high, direct.indices)
    assert np.allclose(total, direct.data, rtol=1e-13, atol=0)
    assert np.array_equal(low[number], np.minimum(a, b))
    assert np.array_equal(high[number], np.maximum(a, b))


def test_groups_keep_their_order() -> None:
    """The stable sort of NumPy; ranks count within each group. Empty groups at both ends and no element."""
    key = np.random.default_rng(6).integers(2, 50, 1000)
    order, first = group(key, 60)
    assert np.array_equal(order, np.argsort(key, kind="stable"))
    assert np.array_equal(np.diff(first), np.bincount(key, minlength=60))
    expected = np.array([np.count_nonzero(key[:k] == key[k]) for k in range(1000)])
    assert np.array_equal(ranks(key, 60), expected)
    assert ranks(np.zeros(0, int), 0).size == 0


def test_aggregates_are_numbered_by_their_first_nodes() -> None:
    """Six nodes in a row joined as (0, 3), (1, 2), 4, 5, then the second with the last: edges and maps."""
    row = chain([1.0, 2.0, 4.0, 8.0, 16.0], 1)
    step = contract(row, np.array([7, 5, 5, 7, 0, 2]))
    assert step.parent.tolist() == [0, 1, 1, 0, 2, 3]
    assert step.edges.tolist() == [0, NONE, 0, 1, 2]
    assert step.graph.weight.tolist() == [5.0, 8.0, 16.0]
    assert step.graph.block[:, 1].tolist() == [0, 1, 4, 5]
    further = contract_further(step, np.array([0, 1, 2, 1]))
    assert further.parent.tolist() == [0, 1, 1, 0, 2, 1]
    assert further.edges.tolist() == [0, NONE, 0, 1, 2]
    assert (further.graph.low.tolist(), further.graph.high.tolist()) == ([0, 0, 1], [1, 2, 2])


def test_row_lengths_are_the_best_there_are() -> None:
    """Two groups of nodes with degrees 1 to 9: no choice of up to five lengths needs fewer entries."""
    rng = np.random.default_rng(4)
    group, degree = rng.integers(0, 2, 20000), np.minimum(1 + rng.poisson(2.0, 20000), 9)
    layout = row_lengths(group, degree, 2)

    def entries(widths: tuple[int, ...]) -> int:
        kind = np.searchsorted(widths, degree)
        count = np.bincount(group * len(widths) + kind, minlength=2 * len(widths)).reshape(2, -1)
        return int((count.max(axis=0) * widths).sum()) * 2 + 2000 * len(widths)

    best = min(entries((*some, 9)) for k in range(5) for some in combinations(range(1, 9), k))
    assert entries(tuple(layout.width)) == best
