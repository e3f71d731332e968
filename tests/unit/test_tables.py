"""The tables of all levels, replayed in NumPy as the devices use them, against sparse matrix products."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from graph_media import random_operator, two_phases
from microcell_kernels.grid_operator import GridOperator
from microcell_kernels.tables import LevelTables, build_tables
from scipy.sparse import coo_array, csr_array, diags_array

Links = tuple[np.ndarray, np.ndarray, np.ndarray]
Faces = list[np.ndarray]


def medium(name: str, nz: int) -> tuple[Faces, Links, np.ndarray]:
    """Faces, links and taking-part cells: two random fields with links, or grains of two phases (contrast
    1e4)."""
    rng = np.random.default_rng(nz)
    if name == "grains":
        operator: GridOperator = two_phases(nz, 1e4, 1.0, seed=nz)
    else:
        operator = random_operator((2, nz, 5, 6), free=1.0, links=1, seed=nz)
    faces = [np.array(g) for g in operator.conductance]
    taking = rng.random(operator.ground.shape) > 0.2
    if name == "grains":
        none = np.zeros(0, np.int64)
        return faces, (none, none, np.zeros(0)), taking
    return faces, near_links(taking.shape, 90, rng), taking


def near_links(shape: tuple[int, ...], count: int, rng: np.random.Generator) -> Links:
    """Links from a cell of field 0 to the same cell or the one above or below in field 1."""
    _, nz, ny, nx = shape
    z, y, x = rng.integers(0, nz, count), rng.integers(0, ny, count), rng.integers(0, nx, count)
    other = np.clip(z + rng.integers(-1, 2, count), 0, nz - 1)
    p, q = (
        np.ravel_multi_index((0 * z, z, y, x), shape),
        np.ravel_multi_index((0 * z + 1, other, y, x), shape),
    )
    return p, q, rng.uniform(0.5, 2.0, count)


def split_links(links: Links, shape: tuple[int, ...], slabs: int) -> Links:
    """Give every slab the links that touch it, numbered in the slab with one more plane on either side."""
    if slabs == 1:
        return links
    fields, nz, ny, nx = shape
    t = nz // slabs
    z = [np.unravel_index(cells, shape)[1] for cells in links[:2]]
    parts = []
    for d in range(slabs):
        here = (z[0] // t == d) | (z[1] // t == d)
        local = []
        for cells in links[:2]:
            f, k, j, i = np.unravel_index(cells[here], shape)
            local.append(np.ravel_multi_index((f, k - d * t + 1, j, i), (fields, t + 2, ny, nx)))
        parts.append((*local, links[2][here]))
    most = max(len(part[0]) for part in parts)
    padded = [[np.pad(v, (0, most - len(v))) for v in part] for part in parts]
    p, q, w = (np.concatenate([part[k] for part in padded]) for k in range(3))
    return p, q, w


def laplacian(p: np.ndarray, q: np.ndarray, w: np.ndarray, n: int) -> csr_array:
    """The graph Laplacian of weighted edges."""
    half = coo_array((w, (p, q)), shape=(n, n)).tocsr()
    off = half + half.T
    return (diags_array(off.sum(axis=1)) - off).tocsr()


def finest(faces: Faces, links: Links, shape: tuple[int, ...], slabs: int) -> csr_array:
    """The finest operator (without grounds) with cells numbered slab by slab, edge by edge."""
    fields, nz, ny, nx = shape
    order = np.arange(np.prod(shape)).reshape(slabs, fields, nz // slabs, ny, nx)
    number = np.moveaxis(order, 0, 1).reshape(shape)
    p = [np.take(number, range(n - 1), axis).ravel() for axis, n in enumerate(shape) if axis]
    q = [np.take(number, range(1, n), axis).ravel() for axis, n in enumerate(shape) if axis]
    p, q = [*p, number.ravel()[links[0]]], [*q, number.ravel()[links[1]]]
    weight = np.concatenate([*(g.ravel() for g in faces), links[2]])
    return laplacian(np.concatenate(p), np.concatenate(q), weight, number.size)


def local_weights(faces: Faces, links: Links, slabs: int) -> list[np.ndarray]:
    """Conductances of z, y, x faces and links of each slab: (slabs, count) each."""
    fields, below = faces[0].shape[:2]
    t = (below + 1) // slabs
    z = faces[0].reshape(1, -1)
    if slabs > 1:
        padded = np.pad(faces[0], ((0, 0), (1, 1), (0, 0), (0, 0)))
        z = np.stack([padded[:, d * t : d * t + t + 1] for d in range(slabs)])
    rest = [np.moveaxis(g.reshape(fields, slabs, t, *g.shape[2:]), 1, 0) for g in faces[1:]]
    return [v.reshape(slabs, -1) for v in (z, *rest, links[2])]


def sum_edges(weights: Sequence[np.ndarray], level: LevelTables, slabs: int) -> np.ndarray:
    """Coarse conductances of each slab, (slabs, n_edges); what leads nowhere is dropped."""
    total = np.zeros((slabs, level.n_edges + 1))
    for weight, edge_map in zip(weights, level.edge_map, strict=True):
        for d, (w, e) in enumerate(zip(weight, edge_map.reshape(slabs, -1), strict=True)):
            np.add.at(total[d], e, w)
    return total[:, :-1]


def extended(level: LevelTables, slabs: int) -> np.ndarray:
    """Number over all slabs of every position of the extended vector, (slabs, 2 half + 2 s)."""
    nodes = 2 * level.half
    number = np.arange(slabs * nodes).reshape(slabs, nodes)
    none = np.full((1, level.send_up.size // slabs), -1)
    up = np.take_along_axis(number, level.send_up.reshape(slabs, -1).astype(int), axis=1)
    down = np.take_along_axis(number, level.send_down.reshape(slabs, -1).astype(int), axis=1)
    return np.concatenate([number, np.concatenate([none, up[:-1]]), np.concatenate([down[1:], none])], axis=1)


def assembled(level: LevelTables, edges: np.ndarray, slabs: int) -> csr_array:
    """The matrix that the rows of all segments make."""
    nodes, numbers = 2 * level.half, extended(level, slabs)
    value = np.pad(edges, ((0, 0), (0, 1)))
    row, column, entry = [], [], []
    for segment in level.segments:
        width = segment.edge.shape[1]
        edge, neighbour = (a.reshape(slabs, 2, -1, width) for a in (segment.edge, segment.neighbour))
        for d in range(slabs):
            for colour in range(2):
                local = colour * level.half + segment.start + np.arange(edge.shape[2])
                row.append(np.repeat(d * nodes + local, width))
                column.append(numbers[d][neighbour[d, colour]].ravel())
                entry.append(value[d][edge[d, colour]].ravel())
    row, column, entry = (np.concatenate(v) for v in (row, column, entry))
    n = slabs * nodes
    used = entry != 0
    off = coo_array((entry[used], (row[used], column[used])), shape=(n, n)).tocsr()
    return (diags_array(off.sum(axis=1)) - off).tocsr()


def prolongation(level: LevelTables, slabs: int) -> csr_array:
    """Piecewise constant prolongation over all slabs."""
    nodes = 2 * level.half
    parent = level.parent.reshape(slabs, -1)
    where = np.flatnonzero(parent < nodes)
    column = parent.ravel()[where] + where // parent.shape[1] * nodes
    shape = (parent.size, slabs * nodes)
    return coo_array((np.ones(len(where)), (where, column)), shape=shape).tocsr()


def tables(
    faces: Faces, links: Links, taking: np.ndarray, slabs: int, coarsest: int = 12
) -> list[LevelTables]:
    return build_tables(
        faces, split_links(links, taking.shape, slabs), taking, slabs=slabs, coarsest=coarsest
    )


CASES = [("random", 8, 1), ("random", 8, 2), ("random", 8, 4), ("random", 6, 2), ("random", 12, 4)]
CASES += [("grains", 12, 1), ("grains", 12, 2), ("grains", 16, 4), ("grains", 7, 1)]


@pytest.mark.parametrize(("name", "nz", "slabs"), CASES)
def test_every_level_is_a_galerkin_product(name: str, nz: int, slabs: int) -> None:
    """Edge sums and rows, replayed slab by slab with exchanged values, give P^T A P on every level (1e-13
    of the largest entry)."""
    faces, links, taking = medium(name, nz)
    weights = local_weights(faces, split_links(links, taking.shape, slabs), slabs)
    matrix = finest(faces, links, taking.shape, slabs)
    largest = abs(matrix).max()
    levels = tables(faces, links, taking, slabs)
    assert len(levels) >= 2
    for level in levels:
        p = prolongation(level, slabs)
        edges = sum_edges(weights, level, slabs)
        product = p.T @ _isolate(matrix, p) @ p
        error = abs(assembled(level, edges, slabs) - product).max()
        assert error <= 1e-13 * largest
        matrix, weights = product, [edges]


def _isolate(matrix: csr_array, p: csr_array) -> csr_array:
    """Drop the edges to nodes that take no part, as the tables do: a Laplacian again."""
    inside = diags_array(p.sum(axis=1))
    off = inside @ (diags_array(matrix.diagonal()) - matrix) @ inside
    return (diags_array(off.sum(axis=1)) - off).tocsr()


@pytest.mark.parametrize(("name", "nz", "slabs"), CASES)
def test_nodes_have_one_parent_or_none(name: str, nz: int, slabs: int) -> None:
    """Every taking-part cell and every real node but those without neighbours has one real parent; children
    list the same; every real node has children; numbers stay in range."""
    faces, links, taking = medium(name, nz)
    t = nz // slabs
    expected = np.moveaxis(taking.reshape(len(taking), slabs, t, -1), 1, 0).reshape(slabs, -1)
    for level in tables(faces, links, taking, slabs):
        nodes, parent = 2 * level.half, level.parent.reshape(slabs, -1)
        assert np.array_equal(parent < nodes, expected)
        real, children = level.real.reshape(slabs, -1), level.children.reshape(slabs, nodes, -1)
        for d in range(slabs):
            assert np.array_equal(np.unique(parent[d][parent[d] < nodes]), np.flatnonzero(real[d]))
            listed = {(n, c) for n, row in enumerate(children[d]) for c in row if c < parent.shape[1]}
            assert listed == {(n, c) for c, n in enumerate(parent[d]) if n < nodes}
        expected = real & (_degree(level, slabs) > 0)


def _degree(level: LevelTables, slabs: int) -> np.ndarray:
    """Number of neighbours of every node, (slabs, 2 half)."""
    count = [np.count_nonzero(s.edge < level.n_edges, axis=1).reshape(slabs, 2, -1) for s in level.segments]
    return np.concatenate(count, axis=2).reshape(slabs, -1)


@pytest.mark.parametrize("name", ["random", "grains"])
def test_slabs_do_not_change_the_blocks_of_the_grid(name: str) -> None:
    """Two slabs of 8 planes: on the first level the same sets of cells join as in one slab."""
    faces, links, taking = medium(name, 16)
    labels = [_labels(tables(faces, links, taking, d, coarsest=1)[:1], taking.shape, d)[0] for d in (1, 2)]
    assert np.array_equal(*(_canonical(label) for label in labels))


def _labels(levels: list[LevelTables], shape: tuple[int, ...], slabs: int) -> list[np.ndarray]:
    """Node of every cell on each level, cells in whole-stack order; -1 for none."""
    current = np.arange(np.prod(shape))
    labels = []
    for level in levels:
        nodes, n_fine = 2 * level.half, len(level.parent) // slabs
        parent = np.where(
            level.parent < nodes, level.parent + np.arange(len(level.parent)) // n_fine * nodes, -1
        )
        current = np.where(current < 0, -1, parent[current])
        cells = current.reshape(slabs, shape[0], shape[1] // slabs, -1)
        labels.append(np.moveaxis(cells, 0, 1).ravel())
    return labels


def _canonical(labels: np.ndarray) -> np.ndarray:
    """Name each set by its first member."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.where(labels < 0, -1, first[inverse])


@pytest.mark.parametrize("slabs", [1, 2])
def test_padding_is_inert(slabs: int) -> None:
    """Rows of padding nodes and padding entries of rows point at no edge and at node 0; padding has no
    children."""
    faces, links, taking = medium("random", 12)
    for level in tables(faces, links, taking, slabs):
        real = level.real.reshape(slabs, 2, level.half)
        n_fine = len(level.parent) // slabs
        assert np.all(level.children[~level.real] == n_fine)
        for segment in level.segments:
            rows = len(segment.edge) // (2 * slabs)
            here = real[:, :, segment.start : segment.start + rows].reshape(-1)
            assert np.all(segment.edge[~here] == level.n_edges)
            assert np.all(segment.neighbour[segment.edge == level.n_edges] == 0)
        stops = [s.start + len(s.edge) // (2 * slabs) for s in level.segments]
        assert [s.start for s in level.segments] == [0, *stops[:-1]]
        assert stops[-1] == level.half


def test_the_coarsest_columns_are_the_neighbours_over_all_slabs() -> None:
    """The last level names each neighbour by slab * nodes + number; no other level does."""
    faces, links, taking = medium("grains", 16)
    levels = tables(faces, links, taking, 4)
    assert all(s.column is None for level in levels[:-1] for s in level.segments)
    numbers = extended(levels[-1], 4)
    for segment in levels[-1].segments:
        width = segment.edge.shape[1]
        for d, (n, e, c) in enumerate(
            zip(
                *(a.reshape(4, -1, width) for a in (segment.neighbour, segment.edge, segment.column)),
                strict=True,
            )
        ):
            used = e < levels[-1].n_edges
            assert np.array_equal(c[used], numbers[d][n[used]])


def test_row_lengths_waste_little() -> None:
    """24^3 grains with a few nodes of high degree: all rows together are at most 25 % longer than the
    edges need."""
    faces, links, taking = medium("grains", 24)
    level = build_tables(faces, links, taking)[0]
    needed = sum(np.count_nonzero(s.edge < level.n_edges) for s in level.segments)
    assert sum(s.edge.size for s in level.segments) <= 1.25 * needed
    assert 2 <= len(level.segments) <= 5
    widths = [s.edge.shape[1] for s in level.segments]
    assert all(a < b for a, b in pairwise(widths))


def test_colours_alternate_between_blocks() -> None:
    """A uniform 8^3 cube in one and two slabs: no row leads to a node of its own colour."""
    faces = [np.ones((1, 7, 8, 8)), np.ones((1, 8, 7, 8)), np.ones((1, 8, 8, 7))]
    none = np.zeros(0, np.int64)
    for slabs in (1, 2):
        links = none, none, np.zeros(0)
        for level in build_tables(faces, links, np.ones((1, 8, 8, 8), bool), slabs=slabs, coarsest=10):
            matrix = assembled(level, np.ones((slabs, level.n_edges)), slabs).tocoo()
            off = matrix.row != matrix.col
            colour = np.arange(matrix.shape[0]) // level.half % 2
            assert np.all(colour[matrix.row[off]] != colour[matrix.col[off]])


def test_nothing_taking_part_gives_an_empty_level() -> None:
    """A stack without a single cell that takes part: one level of padding."""
    faces = [np.ones((1, 3, 4, 4)), np.ones((1, 4, 3, 4)), np.ones((1, 4, 4, 3))]
    none = np.zeros(0, np.int64)
    (level,) = build_tables(faces, (none, none, np.zeros(0)), np.zeros((1, 4, 4, 4), bool))
    assert level.size == 0
    assert level.half >= 1
