"""Geometry of the two hops in a layered oxide."""

import numpy as np
import pytest
from ase.build import bulk
from ase.spacegroup import crystal

from microcell.atomistic.barriers import oxygen_dumbbell_hop, tetrahedral_site_hop
from microcell.errors import AtomisticError

A = 2.8161


def layered(size=(3, 3, 1)):
    cell = crystal(
        ["Li", "Co", "O"],
        [(0, 0, 0.5), (0, 0, 0), (0, 0, 0.2602)],
        spacegroup=166,
        cellpar=[A, A, 14.0536, 90, 90, 120],
    )
    return cell * size


def moved(hop):
    return hop.final.positions - hop.initial.positions


@pytest.mark.parametrize(("build", "vacancies"), [(oxygen_dumbbell_hop, 1), (tetrahedral_site_hop, 2)])
@pytest.mark.parametrize("ion", [None, 13])
def test_one_ion_moves_to_a_neighbouring_vacancy(build, vacancies, ion):
    """One lithium moves by a in its layer; so many sites are empty, the target among them."""
    atoms = layered()
    hop = build(atoms, ion)
    assert len(hop.initial) == len(atoms) - vacancies
    steps = np.linalg.norm(moved(hop), axis=1)
    assert np.flatnonzero(steps > 1e-9).tolist() == [hop.moving]
    assert hop.initial[hop.moving].symbol == "Li"
    assert steps[hop.moving] == pytest.approx(A, abs=1e-6)
    assert moved(hop)[hop.moving, 2] == pytest.approx(0.0, abs=1e-6)
    apart = hop.final.get_distances(hop.moving, range(len(hop.final)), mic=True)
    assert np.sort(apart)[1] > 1.8


def test_dumbbell_is_on_the_straight_way():
    """Halfway, two oxygens face each other at the same distance with lithium in the middle."""
    hop = oxygen_dumbbell_hop(layered())
    assert hop.waypoint is None
    halfway = hop.initial.copy()
    halfway.positions[hop.moving] += 0.5 * moved(hop)[hop.moving]
    oxygen = [atom.index for atom in halfway if atom.symbol == "O"]
    distances = np.sort(halfway.get_distances(hop.moving, oxygen, mic=True))
    assert distances[0] == pytest.approx(distances[1], abs=1e-6)
    assert distances[2] > distances[1] + 0.4


def test_tetrahedral_site_has_four_oxygens():
    """The waypoint has four oxygens at 1.6 to 2.1 Angstrom, evenly around it, and a metal on one face."""
    hop = tetrahedral_site_hop(layered())
    there = hop.initial.copy()
    there.positions[hop.moving] = hop.waypoint
    oxygen = [atom.index for atom in there if atom.symbol == "O"]
    vectors = there.get_distances(hop.moving, oxygen, mic=True, vector=True)
    lengths = np.linalg.norm(vectors, axis=1)
    near = np.argsort(lengths)[:4]
    assert np.all((lengths[near] > 1.6) & (lengths[near] < 2.1))
    assert np.sort(lengths)[4] > 2.5
    assert np.linalg.norm(vectors[near].sum(axis=0)) < 1e-6
    lithium = [atom.index for atom in there if atom.symbol == "Li" and atom.index != hop.moving]
    assert np.sort(there.get_distances(hop.moving, lithium, mic=True))[0] > 2.0


def test_waypoint_is_between_both_sites():
    """As far from the start as from the end."""
    hop = tetrahedral_site_hop(layered())
    start, end = (state.positions[hop.moving] for state in (hop.initial, hop.final))
    assert np.linalg.norm(hop.waypoint - start) == pytest.approx(np.linalg.norm(hop.waypoint - end), abs=1e-6)


def test_atoms_given_are_not_changed():
    """The structure is copied."""
    atoms = layered()
    before = atoms.positions.copy()
    tetrahedral_site_hop(atoms)
    assert len(atoms) == len(before)
    np.testing.assert_array_equal(atoms.positions, before)


@pytest.mark.parametrize(
    ("atoms", "ion", "words"),
    [
        (layered((2, 2, 1)), None, "six others"),
        (bulk("NaCl", "rocksalt", a=5.6) * (3, 3, 3), None, "no layered oxide"),
        (layered(), 10**6, "no lithium ion"),
    ],
)
def test_unfit_structures_are_refused(atoms, ion, words):
    """Too small, without lithium, not lithium."""
    for build in (oxygen_dumbbell_hop, tetrahedral_site_hop):
        with pytest.raises(AtomisticError, match=words):
            build(atoms, ion)
