"""Cells sorted by colour and octant: every stencil as on the grid they come from."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from microcell_kernels.octants import PARITIES, Octants

SHAPES = [(4, 6, 8), (5, 3, 7), (1, 2, 3), (6, 5, 4)]


def sorted_and_back(grid: Octants, colours: list[jax.Array]) -> np.ndarray:
    """Return values on the grid of cells."""
    return grid.unsort((np.asarray(colours[0]), np.asarray(colours[1])))


@pytest.mark.parametrize("cells", SHAPES)
def test_sorting_loses_nothing(cells: tuple[int, int, int]) -> None:
    """Cell numbers come back, each stands in the colour of its indices, and the rest is zero."""
    grid = Octants.of(cells)
    number = 1.0 + np.arange(np.prod(cells)).reshape(cells)
    colours = grid.sort(number)
    np.testing.assert_array_equal(grid.unsort(colours), number)
    chess = np.indices(cells).sum(axis=0) % 2
    for colour in (0, 1):
        assert colours[colour].size == 4 * grid.length
        assert colours[colour].sum() == number[chess == colour].sum()


@pytest.mark.parametrize("cells", SHAPES)
def test_neighbours_are_those_of_the_grid(cells: tuple[int, int, int]) -> None:
    """Weighted sum over six neighbours, zero beyond the ends, against shifted arrays; of integers the lowest
    bit."""
    rng, grid = np.random.default_rng(1), Octants.of(cells)
    value, weight = rng.integers(0, 4, cells).astype(np.uint8), np.array([1.0, 0.25, 3.0])
    for x in (value, value.astype(float)):
        padded = np.pad(x & 1 if x.dtype == np.uint8 else x, 1).astype(float)
        expected = np.zeros(cells)
        for axis in range(3):
            for step in (-1, 1):
                expected += weight[axis] * np.roll(padded, step, axis)[1:-1, 1:-1, 1:-1]
        colours = [jnp.asarray(c) for c in grid.sort(x)]
        sums = [
            grid.fill(
                grid.zeros(float),
                lambda o, c=c, x=colours: grid.neighbours(x[1 - c], jnp.asarray(weight), c, o),
            )
            for c in (0, 1)
        ]
        np.testing.assert_allclose(sorted_and_back(grid, sums), expected, rtol=1e-15)


@pytest.mark.parametrize("cells", SHAPES)
def test_sums_over_blocks_and_planes(cells: tuple[int, int, int]) -> None:
    """Faces between 2x2x2 blocks with mask on both sides, sums over blocks, over planes, and positions."""
    rng, grid = np.random.default_rng(2), Octants.of(cells)
    mask = rng.integers(0, 2, cells).astype(np.uint8)
    colours = tuple(jnp.asarray(c) for c in grid.sort(mask))
    whole = np.zeros([2 * n for n in grid.blocks], int)
    whole[tuple(slice(n) for n in cells)] = mask
    blocks = whole.reshape([n for b in grid.blocks for n in (b, 2)]).sum((1, 3, 5))
    halves = [grid.gather(lambda o, c=c: grid.read(c, o), jnp.int32) for c in colours]
    np.testing.assert_array_equal(halves[0] + halves[1], blocks.reshape(-1))
    for axis in range(3):
        w = np.moveaxis(whole, axis, 0)
        both = np.concatenate([np.zeros_like(w[:1]), w[1:-1:2] * w[2::2]]) if len(w) > 2 else 0 * w[:1]
        faces = np.zeros(grid.blocks, int)
        a, b = (n for d, n in enumerate(grid.blocks) if d != axis)
        np.moveaxis(faces, axis, 0)[: len(both)] = both.reshape(-1, a, 2, b, 2).sum((2, 4))
        np.testing.assert_array_equal(grid.links(colours, axis), faces.reshape(-1))  # type: ignore[arg-type]
        planes = sum(grid.profile(colours[c], c, jnp.asarray(axis)) for c in (0, 1))
        np.testing.assert_array_equal(
            np.asarray(planes)[: cells[axis]], mask.sum(tuple(d for d in range(3) if d != axis))
        )
        where = [
            grid.fill(grid.zeros(int), lambda o, c=c, a=axis: grid.position(c, o, jnp.asarray(a)))
            for c in (0, 1)
        ]
        np.testing.assert_array_equal(sorted_and_back(grid, where), np.indices(cells)[axis])


def test_octants_are_all_parities() -> None:
    assert sorted(map(tuple, np.concatenate(PARITIES))) == list(np.ndindex(2, 2, 2))
