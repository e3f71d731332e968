"""Supercells of layered oxides: stoichiometry, charge, distances, order, and what is refused."""

from collections import Counter

import numpy as np
import pytest
from ase.neighborlist import neighbor_list
from ase.spacegroup.symmetrize import check_symmetry

from microcell.atomistic.structures import (
    Composition,
    LayeredLattice,
    layered,
    net_charge,
    order_by_electrostatics,
    species_labels,
)
from microcell.atomistic.structures.ordering import electrostatic_energy, electrostatic_matrix
from microcell.errors import AtomisticError

METALS = ("Ni", "Mn", "Co", "Al")


def counts(atoms):
    return Counter(atoms.get_chemical_symbols())


@pytest.mark.parametrize("name", ["LiCoO2", "LiNiO2", "NMC811", "NMC111", "NMC532"])
@pytest.mark.parametrize("lithiation", [1.0, 0.7, 0.3])
def test_stoichiometry_and_charge(name, lithiation):
    """48 formula units: every metal within one atom of its share, lithium rounded, oxygen full, no charge."""
    atoms = layered(name, (4, 4, 1), lithiation=lithiation, seed=3)
    found = counts(atoms)
    assert found["O"] == 96
    assert found["Li"] == round(48 * lithiation)
    for metal, share in Composition.of(name).fractions:
        assert abs(found[metal] - 48 * share) < 1
    assert sum(found[m] for m in METALS) == 48
    assert net_charge(atoms) == 0
    assert atoms.info["lithiation"] == pytest.approx(found["Li"] / 48)


def test_oxidation_states_by_composition():
    """NMC111 is Ni2+ Co3+ Mn4+; ten NMC811 units hold 7 Ni3+ and 1 Ni2+ beside Mn4+ and Co3+; nickel goes
    before cobalt when lithium leaves."""
    assert Counter(species_labels(layered("NMC111", (3, 3, 1)))) == {
        "Li+": 27, "Ni2+": 9, "Co3+": 9, "Mn4+": 9, "O2-": 54,
    }  # fmt: skip
    rich = Counter(species_labels(layered("NMC811", (5, 2, 1))))
    assert (rich["Ni2+"], rich["Ni3+"], rich["Mn4+"], rich["Co3+"]) == (3, 21, 3, 3)
    charged = Counter(species_labels(layered("NMC111", (3, 3, 1), lithiation=1 / 3)))
    assert (charged["Ni4+"], charged["Co3+"], charged["Mn4+"]) == (9, 9, 9)
    more = Counter(species_labels(layered("NMC111", (3, 3, 1), lithiation=2 / 9)))
    assert (more["Ni4+"], more["Co3+"], more["Co4+"]) == (9, 6, 3)


def test_mean_charges():
    """The mean state of nickel in LiNiO2 without a quarter of its lithium is 3.25."""
    atoms = layered("LiNiO2", (4, 4, 1), lithiation=0.75, mean_charges=True)
    nickel = np.array(atoms.get_chemical_symbols()) == "Ni"
    np.testing.assert_allclose(atoms.get_array("oxidation_states")[nickel], 3.25)
    assert "species" not in atoms.arrays
    assert abs(net_charge(atoms)) < 1e-12


def test_symmetry_and_distances():
    """R-3m; layers are c/3 apart; every cation has six oxygens at the distance that a, c, z say."""
    lattice = LayeredLattice.named("LiCoO2")
    atoms = layered("LiCoO2", (2, 2, 1))
    assert check_symmetry(layered("LiCoO2", (1, 1, 1)), 1e-5).number == 166
    symbols = np.array(atoms.get_chemical_symbols())
    heights = {s: np.unique(np.round(atoms.get_scaled_positions()[symbols == s, 2], 6)) for s in ("Co", "Li")}
    np.testing.assert_allclose(heights["Co"], [0, 1 / 3, 2 / 3], atol=2e-6)
    np.testing.assert_allclose(heights["Li"], [1 / 6, 1 / 2, 5 / 6], atol=2e-6)
    for cation, distance in (("Co", lattice.metal_oxygen), ("Li", lattice.lithium_oxygen)):
        i, d = neighbor_list("id", atoms, {(cation, "O"): 2.4})
        np.testing.assert_allclose(d, distance)
        assert set(np.bincount(i)[symbols == cation]) == {6}


def test_seeds():
    """The same seed gives the same structure, another one another."""
    first, again, other = (layered("NMC811", (4, 4, 1), lithiation=0.5, seed=s) for s in (1, 1, 2))
    assert first == again
    assert species_labels(first) == species_labels(again)
    assert first.get_chemical_symbols() == other.get_chemical_symbols()  # sorted
    assert not np.allclose(first.positions, other.positions)


def test_root_three_order():
    """No metal has a like neighbour, and the electrostatic energy is below that of a random order."""
    ordered = layered("NMC111", (3, 3, 1), ordering="ordered")
    symbols = np.array(ordered.get_chemical_symbols())
    i, j = neighbor_list("ij", ordered, 1.1 * 2.864)
    metal = np.isin(symbols, METALS)
    near = metal[i] & metal[j]
    assert near.sum() == 27 * 6
    assert not (symbols[i[near]] == symbols[j[near]]).any()
    assert electrostatic_energy(ordered) < electrostatic_energy(layered("NMC111", (3, 3, 1))) - 1.0


def test_electrostatic_order_is_a_minimum():
    """No swap of two metals lowers the energy of the order found."""
    atoms = layered({"Ni": 0.5, "Mn": 0.5}, (2, 2, 1), seed=5)
    ordered = order_by_electrostatics(atoms, seed=1)
    energy, charges = electrostatic_energy(ordered), ordered.get_initial_charges()
    matrix = electrostatic_matrix(ordered)
    assert energy <= electrostatic_energy(atoms)
    assert counts(ordered) == counts(atoms)
    metals = np.flatnonzero(np.isin(ordered.get_chemical_symbols(), METALS))
    for i in metals:
        for j in metals:
            q = charges.copy()
            q[[i, j]] = q[[j, i]]
            assert 0.5 * q @ matrix @ q >= energy - 1e-9


def test_ordered_is_repeatable():
    first, again = (layered("NMC811", (2, 2, 1), ordering="ordered", seed=4) for _ in range(2))
    assert species_labels(first) == species_labels(again)
    assert net_charge(first) == 0


@pytest.mark.shared
@pytest.mark.parametrize("row", range(3))
def test_electrostatic_energy_of_reference(shared_dir, row):
    """Ewald energies per formula unit of the reference table, with the lattice given there."""
    import pandas as pd

    table = pd.read_csv(shared_dir / "reference" / "ewald_energies.csv")
    entry = table.iloc[row]
    metal = "Co" if entry["name"] == "LiCoO2" else "Ni"
    atoms = layered({metal: 1.0}, (1, 1, 1), lattice=LayeredLattice(entry.a_A, entry.c_A, entry.z_O))
    assert electrostatic_energy(atoms) / 3 == pytest.approx(entry.energy_eV, abs=2e-5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"composition": {"Ni": 0.8, "Mn": 0.1}}, ["sum", "0.9"]),
        ({"composition": {"Ni": 0.8, "Xx": 0.2}}, ["Xx", "Ni, Co"]),
        ({"composition": "NMC91"}, ["NMC91", "NMC811"]),
        ({"composition": {"Ni": 1.5, "Mn": -0.5}}, ["sum to one"]),
        ({"composition": "NMC811", "size": (1, 1, 1)}, ["too small", "10 metal sites"]),
        ({"composition": "LiNiO2", "size": (0, 1, 1)}, ["three whole numbers"]),
        ({"composition": "LiNiO2", "lithiation": 0.0}, ["0 < x <= 1"]),
        ({"composition": "LiNiO2", "lithiation": 1.2}, ["1.2"]),
        ({"composition": "LiNiO2", "size": (1, 1, 1), "lithiation": 0.9}, ["too small", "1/3"]),
        ({"composition": "LiNiO2", "ordering": "sorted"}, ["random, ordered"]),
        ({"composition": "LiNiO2", "lattice": "LiNio2"}, ["LiNiO2"]),
        ({"composition": {"Al": 1.0}, "lithiation": 0.5}, ["neutral", "charges are left over"]),
    ],
)
def test_refused(arguments, words):
    with pytest.raises(AtomisticError) as caught:
        layered(**arguments)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_lattice_refused():
    """z counted from lithium instead of the metal is noticed by the distances, a far-off one refused."""
    with pytest.raises(AtomisticError, match="metal at the origin"):
        LayeredLattice(2.8, 14.0, 0.74)
