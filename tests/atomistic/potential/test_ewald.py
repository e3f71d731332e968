"""Ewald sums against exact Madelung constants and the reference energies.

The Madelung constant M of a crystal gives the energy -M f q^2/r_0 per formula unit, with r_0 the distance of
nearest neighbours and f = e^2/(4 pi eps_0). Five structures, known to eleven or thirteen digits; the sums run
with a force error of 1e-12 eV/A.
"""

import csv

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal
from scipy.special import erf

from microcell.atomistic.potential import COULOMB
from microcell.atomistic.potential.ewald import (
    choose_waves,
    reciprocal_energy,
    screened_charge,
    structure_factors,
)

from .charges import coulomb

PAIR = {"Na": 1.0, "Cl": -1.0}


def wurtzite():
    return bulk("NaCl", "wurtzite", a=4.0, c=4.0 * np.sqrt(8.0 / 3.0), u=0.375)


# row of the file: structure, charges, formula units, nearest distance [A]
STRUCTURES = {
    "NaCl": (bulk("NaCl", "rocksalt", a=5.0), PAIR, 1, 2.5),
    "CsCl": (bulk("NaCl", "cesiumchloride", a=4.0), PAIR, 1, 2.0 * np.sqrt(3.0)),
    "zincblende ZnS": (bulk("NaCl", "zincblende", a=5.0), PAIR, 1, 1.25 * np.sqrt(3.0)),
    "wurtzite ideal c/a, u=3/8": (wurtzite(), PAIR, 2, 0.375 * 4.0 * np.sqrt(8.0 / 3.0)),
    "fluorite CaF2 (energy per formula x r0, charges +2,-1,-1)": (
        bulk("CaF2", "fluorite", a=5.0),
        {"Ca": 2.0, "F": -1.0},
        1,
        1.25 * np.sqrt(3.0),
    ),
}


def layered(row):
    a, c, z = (float(row[key]) for key in ("a_A", "c_A", "z_O"))
    sites = [(0, 0, 0.5), (0, 0, 0), (0, 0, z)]
    return crystal(["Li", "Co", "O"], sites, spacegroup=166, cellpar=[a, a, c, 90, 90, 120]), 3


@pytest.mark.shared
@pytest.mark.parametrize("name", STRUCTURES)
def test_madelung_constants(name, shared_dir):
    with (shared_dir / "reference" / "madelung_constants.csv").open() as file:
        exact = {row["structure"]: float(row["madelung_constant"]) for row in csv.DictReader(file)}
    atoms, charges, units, nearest = STRUCTURES[name]
    constant = -coulomb(atoms, charges) / units * nearest / COULOMB
    np.testing.assert_allclose(constant, exact[name], rtol=0, atol=1e-10)


@pytest.mark.shared
def test_reference_energies(shared_dir):
    """To 1e-9 eV, in units of the e^2/(4 pi eps_0) of CODATA 2018 that the file was made with."""
    unit = 14.39964547842 / COULOMB
    with (shared_dir / "reference" / "ewald_energies.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        charges = [float(q) for q in row["charges_cation1_cation2_O"].split(",")]
        if len(charges) == 3:
            atoms, units = layered(row)
            found = coulomb(atoms, dict(zip(("Li", "Co", "O"), charges, strict=True)))
        else:
            atoms, units = bulk("MgO", "rocksalt", a=float(row["a_A"])), 1
            found = coulomb(atoms, dict(zip(("Mg", "O"), charges, strict=True)))
        np.testing.assert_allclose(unit * found / units, float(row["energy_eV"]), rtol=0, atol=1e-9)


@pytest.fixture(scope="module")
def disordered():
    """A low-symmetry cell far from equilibrium."""
    rng = np.random.default_rng(5)
    cell = np.array([[6.0, 0.3, 0.1], [-1.2, 6.5, 0.2], [0.7, 1.1, 7.0]])
    positions = bulk("NaCl", "rocksalt", a=6.0, cubic=True).get_scaled_positions() @ cell
    return Atoms("NaCl" * 4, positions + rng.normal(0, 0.2, (8, 3)), cell=cell, pbc=True)


def test_energy_is_independent_of_the_splitting(disordered):
    """Real cut-offs from 5 to 14 A take alpha from 1.0 to 0.37 1/A: other sums, the same energy."""
    energies = [coulomb(disordered, PAIR, cutoff=cutoff) for cutoff in (5.0, 8.0, 14.0)]
    np.testing.assert_allclose(energies, energies[0], rtol=0, atol=1e-10)


def test_a_net_charge_does_not_depend_on_the_splitting_either(disordered):
    """The neutralizing background makes it so."""
    charges = {"Na": 1.0, "Cl": -0.4}
    energies = [coulomb(disordered, charges, cutoff=cutoff, background=True) for cutoff in (5.0, 8.0, 14.0)]
    np.testing.assert_allclose(energies, energies[0], rtol=0, atol=1e-10)


@pytest.mark.parametrize("accuracy", [1e-3, 1e-5, 1e-8])
def test_the_error_follows_the_accuracy(disordered, accuracy):
    """The estimate is for forces; energies of so small a cell are off by about as many eV."""
    error = coulomb(disordered, PAIR, accuracy=accuracy) - coulomb(disordered, PAIR, accuracy=1e-13)
    assert abs(error) < 3.0 * accuracy


def test_structure_factors_are_those_of_the_direct_sum(disordered):
    """Against sines and cosines summed one by one."""
    charges, alpha = np.array([1.0, -1.0] * 4), 0.8
    cell, fractional = disordered.cell.array, disordered.get_scaled_positions() + 3.0
    waves = choose_waves(cell, alpha, 4.0)
    found = float(reciprocal_energy(fractional, cell, charges, waves))
    total, volume = 0.0, disordered.get_volume()
    for h, k, l in np.ndindex(17, 17, 17):
        G = 2.0 * np.pi * np.linalg.inv(cell) @ (np.array([h, k, l]) - 8.0)
        if 0.0 < G @ G <= 16.0:
            S = np.sum(charges * np.exp(1j * disordered.positions @ G))
            total += np.exp(-(G @ G) / (4.0 * alpha**2)) / (G @ G) * abs(S) ** 2
    own = alpha / np.sqrt(np.pi) * np.sum(charges**2)
    np.testing.assert_allclose(found, COULOMB * (2.0 * np.pi / volume * total - own), rtol=1e-12)


def test_structure_factors_of_many_particles():
    """Above a thousand they are summed in blocks; the last one is not full."""
    rng = np.random.default_rng(1)
    fractional, charges = rng.uniform(-1, 2, (1100, 3)), rng.normal(size=1100)
    found = jax.jit(structure_factors, static_argnums=2)(fractional, charges, (2, 3, 5))
    h, k, l = np.meshgrid([0, 1], [-1, 0, 1], [-2, -1, 0, 1, 2], indexing="ij")
    phases = 2.0 * np.pi * np.tensordot(np.stack([h, k, l], axis=-1), fractional.T, axes=1)
    np.testing.assert_allclose(found, np.exp(1j * phases) @ charges, rtol=0, atol=1e-10)


def test_screened_charge_is_smooth_down_to_zero():
    """erf(alpha d)/d and its slopes, across the border of the series and at d = 0."""
    squares, alpha = np.array([1e-8, 9e-4, 1.1e-3, 0.3, 4.0]), 0.7
    d = np.sqrt(squares / alpha**2)
    np.testing.assert_allclose(screened_charge(d**2, alpha), erf(alpha * d) / d, rtol=1e-13)
    slope = jax.vmap(jax.grad(screened_charge), (0, None))
    step = 1e-4 * d**2
    numeric = (screened_charge(d**2 + step, alpha) - screened_charge(d**2 - step, alpha)) / (2 * step)
    np.testing.assert_allclose(slope(jnp.array(d**2), alpha)[1:], numeric[1:], rtol=1e-6)
    assert screened_charge(np.array(0.0), alpha) == pytest.approx(2 * alpha / np.sqrt(np.pi), rel=1e-15)
