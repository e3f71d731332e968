"""Parameters against the published table, energies against a sum written out, bad structures."""

import numpy as np
import pytest
from ase import Atoms
from scipy.special import erfc

from microcell.atomistic.bond_valence import assign_charges, example, make_host, map_energy, valence_sums
from microcell.atomistic.bond_valence.parameters import find_ion, find_morse
from microcell.errors import AtomisticError

from .cells import layered


@pytest.mark.parametrize(
    ("cation", "depth", "distance", "alpha"),
    [("Li", 0.98816, 1.94001, 1.937984), ("Na", 0.57523, 2.37433, 2.074689)],
)
def test_pairs_follow_the_published_table(cation, depth, distance, alpha):
    """D0, Rmin, alpha of Adams & Rao 2011 follow from R0, b, N and the softnesses to the digits printed."""
    morse = find_morse(find_ion(cation, 1), find_ion("O", -2))
    assert morse.depth == pytest.approx(depth, rel=1e-4)  # 14.4 eV A there for e^2/(4 pi eps0)
    assert morse.distance == pytest.approx(distance, abs=1e-5)
    assert morse.alpha == pytest.approx(alpha, abs=1e-6)


def test_energy_is_the_sum_over_ions():
    """At a few points: all images in reach, one by one; the cutoff leaves less than 1e-4 eV."""
    atoms = layered()
    points = np.random.default_rng(1).random((4, 3)) @ atoms.cell.array
    cells = np.stack(np.meshgrid(*[np.arange(-n, n + 1) for n in (8, 8, 3)], indexing="ij"), -1).reshape(
        -1, 3
    )
    total = np.zeros(len(points))
    for atom in atoms:
        r = np.linalg.norm(points[:, None] - (atom.position + cells @ atoms.cell.array), axis=-1)
        if atom.symbol == "O":
            total += 0.5 * (0.98814 * ((np.exp((1.940013 - r) / 0.516) - 1) ** 2 - 1)).sum(axis=1)
        elif atom.symbol == "Co":
            rho = 0.74 * (1.31 + 1.21)
            total += (14.39964 * 3 / np.sqrt(2 * 4) * erfc(r / rho) / r).sum(axis=1)
    assert make_host(atoms).energy(points) == pytest.approx(total, rel=1e-4, abs=1e-3)


def test_grid_has_the_symmetry_of_the_crystal():
    """Inversion through a lithium site at (0, 0, 1/2) turns every grid point into another."""
    energy = map_energy(make_host(layered()), 0.5).energy
    turned = np.roll(energy[::-1, ::-1, ::-1], (1, 1, 1), axis=(0, 1, 2))
    np.testing.assert_allclose(energy, turned, rtol=1e-9, atol=1e-6)


def test_lithium_sits_where_its_valence_is_one():
    """Valence sums of lithium in two good structures; in LiCoO2 the sites are a little small."""
    assert valence_sums(example("LiFePO4")) == pytest.approx(np.ones(4), abs=0.03)
    assert valence_sums(layered()) == pytest.approx(np.ones(3), abs=0.2)


def test_charge_of_the_metal_follows_from_neutrality():
    """Half the lithium gone: the mean state of cobalt is 3.5, and parameters are still found."""
    atoms = layered() * (2, 1, 1)
    lithium = [atom.index for atom in atoms if atom.symbol == "Li"]
    del atoms[lithium[::2]]
    charges = assign_charges(atoms)
    assert charges[np.array(atoms.get_chemical_symbols()) == "Co"] == pytest.approx(3.5)
    assert np.isfinite(map_energy(make_host(atoms), 0.8).energy).all()


def broken(change):
    atoms = layered()
    change(atoms)
    return atoms


def lose_lithium(atoms):
    del atoms[[atom.index for atom in atoms if atom.symbol == "Li"]]


def spoil(atoms):
    atoms.positions[2, 1] = np.nan


@pytest.mark.parametrize(
    ("atoms", "charges", "words"),
    [
        (broken(lose_lithium), None, "holds no Li"),
        (broken(spoil), None, "not finite"),
        (broken(lambda atoms: atoms.set_pbc((True, True, False))), None, "not periodic"),
        (layered(), {"Co": 2}, "not neutral"),
        (layered(), {"Mn": 3}, "not there"),
        (layered("Xe"), None, "no bond-valence parameters"),
        (Atoms("LiAs", [(0, 0, 0), (2, 2, 2)], cell=[4, 4, 4], pbc=True), None, "this pair|for this ion"),
        (
            Atoms("LiNiMnO2", np.arange(15.0).reshape(5, 3), cell=[9, 9, 9], pbc=True),
            None,
            "several elements",
        ),
    ],
)
def test_bad_structures_are_refused(atoms, charges, words):
    """The message says what is wrong."""
    with pytest.raises(AtomisticError, match=words):
        make_host(atoms, charges=charges)


@pytest.mark.parametrize("spacing", [0.0, 5.0, float("nan")])
def test_bad_spacing_is_refused(spacing):
    """Zero, too coarse, not a number."""
    with pytest.raises(AtomisticError, match="out of range"):
        map_energy(make_host(layered()), spacing)
