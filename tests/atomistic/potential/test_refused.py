"""What cannot be computed ends in an error that names it, never in a number."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from microcell.atomistic.potential import CoulombBuckingham, Potential
from microcell.errors import AtomisticError

LEWIS_CATLOW = Potential.builtin("lewis_catlow_1985")


def refused(atoms, match, potential=LEWIS_CATLOW, **options):
    def compute():
        atoms.calc = CoulombBuckingham(potential, cutoff=6.0, **options)
        atoms.get_potential_energy()

    with pytest.raises(AtomisticError, match=match) as caught:
        compute()
    return caught.value


def nickel_oxide():
    return bulk("NiO", "rocksalt", a=4.18, cubic=True)


def test_a_charged_cell_names_its_ions():
    atoms = nickel_oxide()
    del atoms[0]
    error = refused(atoms, "net charge of -2")
    assert "3 Ni2\\+ of \\+2".replace("\\", "") in str(error.value)
    assert "background" in error.fix


def test_a_charged_cell_with_background_is_computed():
    atoms = nickel_oxide()
    del atoms[0]
    atoms.calc = CoulombBuckingham(LEWIS_CATLOW, cutoff=6.0, background=True)
    assert np.isfinite(atoms.get_potential_energy())


def test_overlapping_ions():
    atoms = nickel_oxide()
    atoms.positions[1] = atoms.positions[0] + 0.1
    error = refused(atoms, "overlap")
    assert "0.173 A" in error.value


def test_a_collapsed_pair_is_named():
    """Oxygen at 0.7 A from oxygen lies inside of the Buckingham barrier, at 0.799 A."""
    atoms = nickel_oxide()
    oxygen = [i for i, s in enumerate(atoms.get_chemical_symbols()) if s == "O"]
    atoms.positions[oxygen[1]] = atoms.positions[oxygen[0]] + [0.7, 0.0, 0.0]
    error = refused(atoms, "O2- .* O2-.*0.700 A apart")
    assert error.allowed == "more than 0.799 A"


def test_ions_on_the_same_place():
    atoms = nickel_oxide()
    atoms.positions[1] = atoms.positions[0]
    refused(atoms, "0.000 A apart")


def test_positions_that_are_not_finite():
    atoms = nickel_oxide()
    atoms.positions[0, 0] = np.nan
    refused(atoms, "not finite")


def test_an_element_that_is_missing():
    assert "Ni" in refused(bulk("NaCl", "rocksalt", a=5.6), "no species for Na").allowed


def test_an_element_of_several_valences():
    error = refused(bulk("FeO", "rocksalt", a=4.3), "several species")
    assert error.allowed == "Fe2+, Fe3+"
    atoms = bulk("FeO", "rocksalt", a=4.3)
    atoms.calc = CoulombBuckingham(LEWIS_CATLOW, cutoff=6.0, species={"Fe": "Fe2+"})
    assert atoms.get_potential_energy() < -30.0


def test_a_species_of_another_element():
    refused(nickel_oxide(), "cannot be the species", species={"Ni": "Co2+"})


def test_ions_of_opposite_charge_without_a_pair():
    content = LEWIS_CATLOW.model_dump()
    content["pair"] = [pair for pair in content["pair"] if "Ni2+" not in pair["between"]]
    refused(nickel_oxide(), "no pair Ni2\\+ - O2-", Potential.checked(content))


def test_a_pair_that_attracts_everywhere():
    content = LEWIS_CATLOW.model_dump()
    content["pair"] = [{"between": ("Ni2+", "O2-"), "A": 0.1, "rho": 0.2, "C": 30.0}]
    refused(nickel_oxide(), "attracts at every distance", Potential.checked(content))


def test_a_cluster_without_cell():
    refused(Atoms("NiO", [[0, 0, 0], [0, 0, 2]]), "periodic in all three")


@pytest.mark.parametrize(
    "options",
    [
        {"ewald_accuracy": 0.0},
        {"cutoff": -1.0},
        {"switch_width": 50.0},
        {"skin": -1.0},
        {"shell_tolerance": 0.0},
    ],
)
def test_settings_out_of_range(options):
    with pytest.raises(AtomisticError, match="out of range"):
        CoulombBuckingham(LEWIS_CATLOW, **options)


def test_built_in_names():
    with pytest.raises(AtomisticError, match="no built-in potential") as caught:
        Potential.builtin("lewis_catlow")
    assert "lewis_catlow_1985" in caught.value.fix
    with pytest.raises(AtomisticError, match="incomplete"):
        Potential.builtin("popoff_linio2")
    assert all(Potential.builtin(n).source for n in Potential.builtin_names() if n != "popoff_linio2")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("name = ", "not valid TOML"),
        ('name = "x"\n[species]\n"A" = { element = "Qq", charge = 1.0 }', "no.? ?.*chemical symbol"),
        ('name = "x"\n[species]\n"A" = { element = "O", charge = 1.0, shell = 2.0 }', "needs both"),
        ('name = "x"\n[species]\n"A" = { element = "O", charge = inf }', "finite"),
        ('name = "x"\ncutof = 9.0\n[species]\n"A" = { element = "O", charge = 1.0 }', "Extra inputs"),
        (
            'name = "x"\n[species]\n"A" = { element = "O", charge = 1.0 }\n'
            '[[pair]]\nbetween = ["A", "B"]\nA = 1.0\nrho = 0.3\nC = 0.0',
            "not there",
        ),
        (
            'name = "x"\n[species]\n"A" = { element = "O", charge = 1.0 }\n'
            '[[pair]]\nbetween = ["A", "A"]\nA = 1.0\nrho = 0.0\nC = 0.0',
            "greater than 0",
        ),
    ],
)
def test_files_that_are_wrong(text, match, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(AtomisticError, match=match) as caught:
        Potential.read(path)
    assert caught.value.file == str(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(AtomisticError, match="cannot be read"):
        Potential.read(tmp_path / "none.toml")
