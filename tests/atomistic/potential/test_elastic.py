"""Elastic constants and cards: exact for a model whose stress is known, and the reference of NiO."""

import csv

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import Calculator
from ase.units import GPa

from microcell.atomistic.potential import (
    CoulombBuckingham,
    CrystalProperties,
    Potential,
    Relaxed,
    crystal_cards,
    elastic_constants,
    relax,
)
from microcell.atomistic.potential.figure import draw_pairs, draw_stiffness
from microcell.errors import AtomisticError
from microcell.parameters.card import PropertyCard

LEWIS_CATLOW = Potential.builtin("lewis_catlow_1985")


class Springs(Calculator):
    """A made-up solid: stress = C : strain with a given C, and a quadratic part that a slope must not see."""

    implemented_properties = ["energy", "forces", "stress"]  # noqa: RUF012

    def __init__(self, cell, C):
        super().__init__()
        self.cell, self.C = cell, C

    def calculate(self, atoms=None, properties=("energy",), system_changes=()):
        super().calculate(atoms, properties, system_changes)
        e = np.linalg.solve(self.cell, self.atoms.cell.array) - np.eye(3)
        voigt = np.array([e[0, 0], e[1, 1], e[2, 2], 2 * e[1, 2], 2 * e[0, 2], 2 * e[0, 1]])
        stress = (self.C @ voigt + 900.0 * voigt**2) * GPa
        self.results = {"energy": 0.0, "forces": np.zeros((len(self.atoms), 3)), "stress": stress}


def test_a_known_stiffness_comes_back():
    """All 21 constants of a triclinic solid, to rounding."""
    rng = np.random.default_rng(0)
    half = rng.normal(0, 5, (6, 6))
    C = half @ half.T + 100.0 * np.eye(6)
    atoms = Atoms("Ni", cell=np.eye(3) * 3.0, pbc=True)
    found = elastic_constants(atoms, Springs(atoms.cell.array, C))
    np.testing.assert_allclose(found.stiffness, C, rtol=1e-9)
    assert np.all(found.uncertainty < 1e-6)
    assert found.stable


def test_moduli_of_an_isotropic_solid():
    """Voigt and Reuss agree where the solid is isotropic."""
    C = np.diag([1.0] * 3 + [0.0] * 3) * 0.0
    C[:3, :3] = 100.0 - 2 * 40.0 / 3.0
    C += np.diag([2 * 40.0] * 3 + [40.0] * 3)
    atoms = Atoms("Ni", cell=np.eye(3) * 3.0, pbc=True)
    found = elastic_constants(atoms, Springs(atoms.cell.array, C))
    assert found.bulk_modulus == pytest.approx(100.0, rel=1e-9)
    assert found.shear_modulus == pytest.approx(40.0, rel=1e-9)


@pytest.mark.shared
def test_reference_nickel_oxide(shared_dir):
    """C11, C12, C44 within 0.05 GPa; C12 = C44 (Cauchy) for rigid ions at rest."""
    with (shared_dir / "reference" / "buckingham_rocksalt_reference.csv").open() as file:
        row = next(r for r in csv.DictReader(file) if r["oxide"] == "NiO")
    atoms = bulk("NiO", "rocksalt", a=float(row["a_eq_A"]))
    calculator = CoulombBuckingham(LEWIS_CATLOW, cutoff=14.0, ewald_accuracy=1e-8)
    found = elastic_constants(relax(atoms, calculator).atoms, calculator)
    for name, (i, j) in {"C11": (0, 0), "C12": (0, 1), "C44": (3, 3)}.items():
        assert found.stiffness[i, j] == pytest.approx(float(row[f"{name}_GPa"]), abs=0.05)
        assert found.uncertainty[i, j] < 0.02
    assert found.stiffness[0, 1] == pytest.approx(found.stiffness[3, 3], abs=5e-3)


def test_a_crystal_under_stress_is_refused():
    atoms = bulk("NiO", "rocksalt", a=4.0)
    with pytest.raises(AtomisticError, match="under stress"):
        elastic_constants(atoms, CoulombBuckingham(LEWIS_CATLOW, cutoff=6.0))


def test_a_structure_that_does_not_come_to_rest_is_refused():
    atoms = bulk("NiO", "rocksalt", a=4.0)
    with pytest.raises(AtomisticError, match="does not come to rest"):
        relax(atoms, CoulombBuckingham(LEWIS_CATLOW, cutoff=6.0), steps=1)


def test_cards_hold_values_and_numerical_errors(tmp_path):
    """From made-up runs: the error of a value is what the finer run changes."""
    C = 100.0 * np.eye(6)
    made = []
    for a, energy, factor in ((4.2, -160.0, 1.0), (4.21, -160.4, 1.01)):
        atoms = bulk("NiO", "rocksalt", a=a, cubic=True)
        solid = elastic_constants(atoms, Springs(atoms.cell.array, factor * C))
        made.append((Relaxed(atoms, energy, 0.0, 0.0, 3), solid))
    (coarse, solid), (fine, fine_solid) = made
    properties = CrystalProperties(coarse, fine, solid, fine_solid, 4)
    cards = crystal_cards(properties, LEWIS_CATLOW, {"cutoff [A]": 10.0})
    assert sorted(cards) == [
        "C11",
        "C12",
        "C44",
        "bulk_modulus",
        "lattice_a",
        "lattice_energy",
        "shear_modulus",
    ]
    expected = {"lattice_a": (4.2, 0.01), "lattice_energy": (-40.0, 0.1), "C11": (100.0, 1.0)}
    for name, (value, error) in expected.items():
        assert cards[name].value == pytest.approx(value)
        assert cards[name].uncertainty[0] == pytest.approx(error, rel=1e-6)
    card = PropertyCard.read(cards["lattice_a"].write(tmp_path / "a.json"))
    assert card.name == "NiO lattice parameter a [angstrom]"
    assert card.origin.inputs["standing of the potential"] == "sourced"
    for figure in (draw_pairs(LEWIS_CATLOW, {"Ni2+", "O2-"}), draw_stiffness(properties)):
        assert all(axes.get_xlabel() or axes.get_ylabel() for axes in figure.axes)
