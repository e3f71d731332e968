"""The neighbour list against all pairs of images, one by one."""

import numpy as np
import pytest

from microcell.atomistic.potential.neighbours import NeighbourList

CELLS = {
    "cube": 7.0 * np.eye(3),
    "smaller than the cut-off": np.diag([2.5, 3.0, 9.0]),
    "oblique": np.array([[5.0, 0.0, 0.0], [-2.4, 4.5, 0.0], [1.9, 2.0, 6.0]]),
}
CUTOFF = 4.3


def brute_force(positions, cell):
    """Sorted distances of all pairs within the cut-off, each once, and their vectors summed by particle."""
    steps = np.stack(np.meshgrid(*[np.arange(-5, 6)] * 3, indexing="ij"), -1).reshape(-1, 3) @ cell
    vectors = positions[None, :, None] + steps[None, None] - positions[:, None, None]
    distances = np.linalg.norm(vectors, axis=-1)
    distances[distances < 1e-9] = np.inf
    return np.sort(distances[distances < CUTOFF])[::2]


def listed(neighbours, positions, cell):
    images = positions[neighbours.owner] + neighbours.shift @ cell
    count = len(positions)
    used = neighbours.index != np.arange(count)[None, :]
    vectors = images[neighbours.index] - images[None, :count]
    distances = np.linalg.norm(vectors, axis=-1)
    return np.sort(distances[used & (distances < CUTOFF)])


@pytest.fixture(params=CELLS)
def cell(request):
    return CELLS[request.param]


def scattered(cell, seed=3, count=9):
    """Positions also outside of the cell."""
    return np.random.default_rng(seed).uniform(-1.5, 2.5, (count, 3)) @ cell


def built(positions, cell, skin=0.5):
    table = NeighbourList(CUTOFF, skin)
    kind, none = np.zeros(len(positions), dtype=int), np.full(len(positions), -1)
    return table, table.build(positions, cell, kind, np.zeros((1, 1), dtype=int), none)


def test_every_pair_is_there_once(cell):
    positions = scattered(cell)
    _, neighbours = built(positions, cell)
    np.testing.assert_allclose(listed(neighbours, positions, cell), brute_force(positions, cell), rtol=1e-12)


def test_the_list_holds_as_long_as_it_says(cell):
    """Random moves and strains: whenever the list says that it holds, it has all pairs."""
    rng, positions = np.random.default_rng(0), scattered(cell)
    table, neighbours = built(positions, cell, skin=0.6)
    held = refused = 0
    for size in np.repeat([0.02, 0.05, 0.1, 0.2], 5):
        strain = np.eye(3) + rng.normal(0, 0.1 * size, (3, 3))
        new_cell = cell @ strain
        moved = positions @ strain + rng.uniform(-size, size, positions.shape)
        if table.holds(moved, new_cell):
            held += 1
            expected = brute_force(moved, new_cell)
            np.testing.assert_allclose(listed(neighbours, moved, new_cell), expected, rtol=1e-12)
        else:
            refused += 1
    assert held >= 5
    assert refused >= 3


def test_capacities_stay_so_that_programs_are_used_again(cell):
    positions = scattered(cell)
    table, first = built(positions, cell)
    kind, none = np.zeros(len(positions), dtype=int), np.full(len(positions), -1)
    again = table.build(positions + 0.05, cell, kind, np.zeros((1, 1), dtype=int), none)
    assert [part.shape for part in first] == [part.shape for part in again]
    assert table.builds == 2


def test_a_core_and_its_own_shell_do_not_see_each_other():
    """But the shell sees the images of its core in other cells."""
    cell = 3.0 * np.eye(3)
    positions = np.array([[0.0, 0.0, 0.0], [0.1, 0.0, 2.95]])  # the shell sits across the border
    table = NeighbourList(4.0, 0.0)
    table_of_kinds = np.zeros((2, 2), dtype=int)
    found = table.build(positions, cell, np.array([0, 1]), table_of_kinds, np.array([1, 0]))
    images = positions[found.owner] + found.shift @ cell
    vectors = images[found.index] - images[None, :2]
    distances = np.linalg.norm(vectors, axis=-1)[found.index != np.arange(2)[None, :]]
    assert distances.min() > 2.8
    unlike = (found.other != np.arange(2)[None, :]) & (found.index != np.arange(2)[None, :])
    assert np.any(unlike)
