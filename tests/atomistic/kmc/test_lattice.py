import numpy as np
import pytest

from microcell.atomistic.kmc import Bonds, Lattice
from microcell.atomistic.kmc.bonds import pack, unpack
from microcell.errors import AtomisticError

NAMES = ("square", "triangular", "honeycomb", "simple cubic", "bcc", "fcc", "diamond", "hcp")
COORDINATION = (4, 6, 3, 6, 8, 12, 4, 12)


@pytest.mark.parametrize(("name", "z"), zip(NAMES, COORDINATION, strict=True))
def test_neighbours(name: str, z: int) -> None:
    """z neighbours at distance one, there and back again, none twice."""
    lattice = Lattice.named(name)
    shape = (4,) * lattice.dimensions
    neighbours, steps, back = lattice.neighbours(shape), lattice.displacements(), lattice.reverse()
    assert neighbours.shape == (lattice.site_count(shape), z)
    np.testing.assert_allclose(np.linalg.norm(steps, axis=-1), 1.0, rtol=1e-12)
    basis = np.arange(len(neighbours)) % len(lattice.basis)
    for k in range(z):
        there = neighbours[:, k]
        assert (neighbours[there, back[basis, k]] == np.arange(len(there))).all()
    assert all(len(set(row)) == z for row in neighbours.tolist())


@pytest.mark.parametrize("name", NAMES)
def test_neighbours_are_where_the_displacements_point(name: str) -> None:
    lattice = Lattice.named(name)
    shape = (5,) * lattice.dimensions
    places, cell = lattice.coordinates(shape), 5 * lattice.vectors
    for shell in (1, 2, 3):
        apart = places[lattice.neighbours(shape, shell)] - places[:, None]
        basis = np.arange(len(places)) % len(lattice.basis)
        cells = (apart - lattice.displacements(shell)[basis]) @ np.linalg.inv(cell)
        np.testing.assert_allclose(cells, np.rint(cells), atol=1e-9)


def test_shells() -> None:
    """Numbers of neighbours of the fcc lattice: 12, 6, 24, 12 at 1, sqrt 2, sqrt 3, 2."""
    fcc = Lattice.named("fcc")
    assert [fcc.displacements(shell).shape[1] for shell in (1, 2, 3, 4)] == [12, 6, 24, 12]
    lengths = [np.linalg.norm(fcc.displacements(shell)[0, 0]) ** 2 for shell in (1, 2, 3, 4)]
    np.testing.assert_allclose(lengths, [1, 2, 3, 4], rtol=1e-12)


def test_bad_lattices() -> None:
    with pytest.raises(AtomisticError, match="did you mean 'triangular'"):
        Lattice.named("triangle")
    with pytest.raises(AtomisticError, match="each 2 or more"):
        Lattice.named("fcc").neighbours((4, 4))
    with pytest.raises(AtomisticError, match="1 to 4"):
        Lattice.named("fcc").displacements(5)
    with pytest.raises(AtomisticError, match="too small"):
        Bonds.of(Lattice.named("triangular"), (3, 3))


def test_packed_displacements_add_up() -> None:
    steps = np.random.default_rng(1).integers(-50, 50, (1000, 3))
    np.testing.assert_array_equal(unpack(pack(steps).sum(), 3), steps.sum(0))
    np.testing.assert_array_equal(np.stack(unpack(pack(steps), 3), axis=-1), steps)


def test_tetrahedra_on_a_bond() -> None:
    """Every hop on fcc has two tetrahedra; their corners touch both ends and each other."""
    bonds = Bonds.of(Lattice.named("fcc"), (4, 4, 4))
    corners = bonds.tetrahedra()
    assert corners.shape == (12, 2, 2)
    for kind, pairs in enumerate(corners):
        places, end = bonds.places[kind], bonds.lattice.displacements()[0, kind]
        for pair in pairs:
            four = np.array([np.zeros(3), end, *places[pair]])
            apart = np.linalg.norm(four[:, None] - four[None], axis=-1)
            np.testing.assert_allclose(apart, 1.0 - np.eye(4), atol=1e-9)
