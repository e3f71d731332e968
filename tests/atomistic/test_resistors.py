"""Resistor networks: series, parallel, a bridge by hand, a dense solve, and exact self-duality."""

import numpy as np
import pytest

from microcell.atomistic.resistors import bond_conductivity, conductance, voxel_conductivity
from microcell.errors import AtomisticError


def test_slabs_in_series_and_in_parallel() -> None:
    """Half of the layer conducts 1, half 0.01: harmonic mean across, arithmetic mean along."""
    k = np.ones((6, 4, 4))
    k[3:] = 0.01
    assert voxel_conductivity(k) == pytest.approx(2 / (1 + 100), rel=1e-10)
    assert voxel_conductivity(np.moveaxis(k, 0, 1)) == pytest.approx(0.505, rel=1e-10)
    assert voxel_conductivity(np.full((5, 3), 0.3)) == pytest.approx(0.3, rel=1e-10)


def test_bridge_by_hand() -> None:
    """One layer of two nodes joined by g: arms 1, 2 (in) and 3, 4 (out).

    Node potentials solve (1 + 3 + g) a - g b = 1 and (2 + 4 + g) b - g a = 2.
    """
    g = 5.0
    a, b = np.linalg.solve([[4 + g, -g], [-g, 6 + g]], [1, 2])
    expected = 3 * a + 4 * b
    found = conductance(np.array([[1.0, 2.0], [3.0, 4.0]]), [np.array([[g]])])
    assert found == pytest.approx(expected, rel=1e-12)


def dense(through: np.ndarray, lateral: list[np.ndarray]) -> float:
    """Solve the same network by Gaussian elimination on a matrix that is filled bond by bond."""
    shape = (through.shape[0] - 1, *through.shape[1:])
    number = np.arange(np.prod(shape)).reshape(shape)
    matrix, right = np.zeros((number.size, number.size)), np.zeros(number.size)
    for place in np.ndindex(through.shape):
        layer, rest = place[0], place[1:]
        ends = [number[(n, *rest)] for n in (layer - 1, layer) if 0 <= n < shape[0]]
        for end in ends:
            matrix[end, end] += through[place]
        if len(ends) == 2:
            matrix[ends[0], ends[1]] -= through[place]
            matrix[ends[1], ends[0]] -= through[place]
        elif layer == 0:
            right[ends[0]] += through[place]
    for axis, bonds in enumerate(lateral, start=1):
        for place in np.ndindex(bonds.shape):
            other = list(place)
            other[axis] = (other[axis] + 1) % shape[axis]
            i, j = number[place], number[tuple(other)]
            matrix[i, i] += bonds[place]
            matrix[j, j] += bonds[place]
            matrix[i, j] -= bonds[place]
            matrix[j, i] -= bonds[place]
    p = np.linalg.solve(matrix, right).reshape(shape)
    return float((through[-1] * p[-1]).sum())


@pytest.mark.parametrize("free", [False, True])
def test_random_network_equals_a_dense_solve(free: bool) -> None:
    rng = np.random.default_rng(0)
    through = 10.0 ** rng.uniform(-3, 0, (5, 4, 3))
    sizes = ((4, 3, 3), (4, 4, 2)) if free else ((4, 4, 3), (4, 4, 3))
    lateral = [10.0 ** rng.uniform(-3, 0, size) for size in sizes]
    assert conductance(through, lateral) == pytest.approx(dense(through, lateral), rel=1e-10)


def test_self_dual_network_has_the_geometric_mean() -> None:
    """A square network of n + 1 bonds by n + 1 columns with free sides is its own dual.

    With half of the bonds slow (k2), conductance / sqrt(k1 k2) and its inverse have the same distribution at
    every size (Straley, Phys. Rev. B 15 (1977) 5733): the mean of the logarithm is that of sqrt(k1 k2).
    """
    rng, slow, n = np.random.default_rng(1), 1e-3, 6

    def bonds(*shape: int) -> np.ndarray:
        return np.where(rng.random(shape) < 0.5, slow, 1.0)

    logs = [np.log(conductance(bonds(n, n), [bonds(n - 1, n - 1)])) for _ in range(400)]
    error = np.std(logs) / np.sqrt(len(logs))
    assert error < 0.1
    assert abs(np.mean(logs) - 0.5 * np.log(slow)) < 3 * error


def test_dual_network_has_the_inverse_conductance() -> None:
    """Sample by sample: bonds of the dual are 1 / g and cross those of the original."""
    rng, n = np.random.default_rng(2), 5
    through, lateral = rng.random((n, n)) + 0.1, rng.random((n - 1, n - 1)) + 0.1
    dual = conductance(1 / through.T, [1 / lateral.T])
    assert conductance(through, [lateral]) == pytest.approx(1 / dual, rel=1e-10)


def test_conductivity_of_uniform_bonds() -> None:
    assert bond_conductivity(np.full((5, 4), 0.2), [np.full((4, 4), 0.2)]) == pytest.approx(0.2, rel=1e-10)


@pytest.mark.parametrize(
    ("through", "lateral", "message"),
    [
        (np.zeros((3, 2)), [np.ones((2, 2))], "not positive"),
        (np.ones((3, 2)), [np.full((2, 2), np.inf)], "not positive"),
        (np.ones((3, 2)), [np.ones((3, 2))], "do not fit"),
        (np.ones((3, 2, 2)), [np.ones((2, 2, 2))], "Every axis"),
    ],
)
def test_bad_networks(through: np.ndarray, lateral: list[np.ndarray], message: str) -> None:
    with pytest.raises(AtomisticError, match=message):
        conductance(through, lateral)


def test_a_solve_that_does_not_converge_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from microcell.atomistic import resistors

    monkeypatch.setattr(resistors, "MOST_ITERATIONS", 2)
    rng = np.random.default_rng(0)
    with pytest.raises(AtomisticError, match="did not converge"):
        conductance(rng.random((8, 7)) + 0.01, [rng.random((7, 7)) + 0.01])
