"""Thresholds of landscapes with known saddles, and of channels that only seem to percolate."""

import numpy as np
import pytest

from microcell.atomistic.bond_valence import find_path, find_threshold
from microcell.errors import AtomisticError

from .cells import waves

HEIGHTS = (0.7, 0.3, 1.9)


@pytest.mark.parametrize("neighbours", [6, 26])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_separable_waves(axis, neighbours):
    """E = sum h_i sin^2(pi x_i): the way along axis i is over h_i, for an even number of points exactly."""
    energy = waves((12, 10, 8), HEIGHTS)
    found = find_threshold(energy, axis, neighbours)
    assert found.barrier == pytest.approx(HEIGHTS[axis], abs=1e-12)
    assert found.winding[axis] == 1
    assert found.bottom == 0.0


def test_origin_does_not_matter():
    """Shifted by any number of points, the barriers are the same."""
    energy = waves((12, 10, 8), HEIGHTS)
    shifted = np.roll(energy, (5, 3, 7), axis=(0, 1, 2))
    for axis in range(3):
        assert find_threshold(shifted, axis).barrier == find_threshold(energy, axis).barrier


def test_spanning_is_not_percolating():
    """A channel from face to face whose ends do not meet is closed; with a bridge of 0.5 it is open there."""
    energy = np.ones((8, 8, 8))
    energy[:4, 1, 1] = energy[4:, 4, 1] = energy[3, 1:5, 1] = 0.0  # enters at y = 1, leaves at y = 4
    assert find_threshold(energy, 0).barrier == 1.0
    energy[0, 1:5, 1] = np.where(energy[0, 1:5, 1] == 0.0, 0.0, 0.5)
    assert find_threshold(energy, 0).barrier == 0.5


def test_winding_over_several_cells():
    """A staircase along [110] percolates along a and b at once, and not along c."""
    energy = np.ones((6, 6, 4))
    for i in range(6):
        energy[i, i, 0] = energy[i, (i + 1) % 6, 0] = 0.0
    found = find_threshold(energy, 0)
    assert found.barrier == 0.0
    assert found.winding == (1, 1, 0)
    assert find_threshold(energy, 1).barrier == 0.0
    assert find_threshold(energy, 2).barrier == 1.0


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_path_goes_over_the_threshold_and_comes_back(axis):
    """First and last point are images, every step is to a neighbour, the highest point is the threshold."""
    energy = waves((12, 10, 8), HEIGHTS)
    found = find_threshold(energy, axis, 26)
    path = find_path(energy, found, np.ones(3))
    assert tuple(path[-1] - path[0]) == tuple(np.array(found.winding) * energy.shape)
    assert np.abs(np.diff(path, axis=0)).max() == 1
    on_path = energy[tuple((path % energy.shape).T)]
    assert on_path.max() == found.level
    assert on_path[0] == found.bottom


def test_landscape_must_be_finite():
    """A single NaN is refused."""
    energy = waves((4, 4, 4), HEIGHTS)
    energy[1, 2, 3] = np.nan
    with pytest.raises(AtomisticError, match="not finite"):
        find_threshold(energy, 0)
