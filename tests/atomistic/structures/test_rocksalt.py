"""Rocksalt crystals and disordered rocksalts."""

from collections import Counter

import pytest

from microcell.atomistic.structures import (
    RocksaltLattice,
    disordered_rocksalt,
    net_charge,
    rocksalt,
    species_labels,
)
from microcell.atomistic.structures.ordering import electrostatic_energy
from microcell.errors import AtomisticError


def test_binary():
    """NiO of the data file: 4.177 A, nearest distance a half, charges two."""
    atoms = rocksalt("NiO", (2, 1, 1))
    assert atoms.get_distance(0, 1, mic=True) == pytest.approx(4.177 / 2)
    assert Counter(species_labels(atoms)) == {"Ni2+": 8, "O2-": 8}


def test_madelung_energy():
    """Ewald energy of 2+/2- at a = 4.2 A is -47.9320202159 eV (reference table)."""
    atoms = rocksalt("NiO", lattice=RocksaltLattice(4.2))
    assert electrostatic_energy(atoms) / 4 == pytest.approx(-47.9320202159, abs=2e-5)


def test_disordered():
    """Li1.2 Mn0.4 Ni0.4 O2 on 80 cations: 48 Li, neutral by its oxidation states."""
    atoms = disordered_rocksalt({"Mn": 0.75, "Ni": 0.25}, (5, 2, 2), lithium=1.2, seed=2)
    found = Counter(atoms.get_chemical_symbols())
    assert (found["Li"], found["Mn"], found["Ni"], found["O"]) == (48, 24, 8, 80)
    assert net_charge(atoms) == 0


def test_order_lowers_the_energy():
    """Disordered LiNiO2 on a rocksalt lattice gains energy when the cations may choose their sites."""
    random, ordered = (disordered_rocksalt("LiNiO2", (1, 2, 2), ordering=o) for o in ("random", "ordered"))
    assert electrostatic_energy(ordered) < electrostatic_energy(random)
    assert Counter(species_labels(ordered)) == Counter(species_labels(random))


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"lithium": 2.0}, "0 < x < 2"),
        ({"lithium": 1.9, "size": (1, 1, 1)}, "too small"),
        ({"lithium": 1.8}, "neutral"),
        ({"ordering": "none"}, "random, ordered"),
    ],
)
def test_refused(arguments, word):
    with pytest.raises(AtomisticError, match=word):
        disordered_rocksalt("LiNiO2", **arguments)


def test_unknown_crystal():
    with pytest.raises(AtomisticError, match="NiO"):
        rocksalt("NioO")
