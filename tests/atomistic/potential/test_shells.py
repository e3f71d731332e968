"""Shells: polarizability, relaxation against a dense minimization, massive shells against relaxed ones."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from ase.md.verlet import VelocityVerlet

from microcell.atomistic.potential import (
    COULOMB,
    CoulombBuckingham,
    Potential,
    Preparation,
    add_shells,
    energy,
    remove_shells,
)
from microcell.errors import AtomisticError

CORE_SHELL = Potential.builtin("from_memory_unverified")


def distorted(repeat=(1, 1, 1)):
    atoms = bulk("NiO", "rocksalt", a=4.18, cubic=True).repeat(repeat)
    atoms.rattle(0.08, seed=4)
    return atoms


def test_polarizability_of_a_lattice_of_ions():
    """A neutral core-shell ion in a cubic cell of side L in a field F (conducting boundary).

    The free ion has the polarizability alpha = f Y^2/k [A3]. In the lattice of dipoles its neighbours add the
    Lorentz field, so the moment is p = alpha F/(1 - 4 pi alpha/(3 L^3)), exact for point dipoles: a
    displacement of 1e-4 A is one.
    """
    shell, spring, edge, field = -2.86, 74.92, 6.0, 1e-3
    potential = Potential.checked(
        {"name": "one", "species": {"O": {"element": "O", "charge": 0.0, "shell": shell, "spring": spring}}}
    )
    atoms = Atoms("O", cell=[edge] * 3, pbc=True)
    preparation = Preparation(potential, ewald_accuracy=1e-12, cutoff=9.0)
    positions, cell, parameters, system = preparation.arguments(atoms)

    def in_field(displacement):
        moved = jnp.asarray(positions).at[1].add(displacement)
        return energy(moved, cell, parameters, system) - shell * field * displacement[0]

    start = jnp.full(3, 1e-5)
    stiffness = jax.jit(jax.hessian(in_field))(start)
    displacement = start - jnp.linalg.solve(stiffness, jax.jit(jax.grad(in_field))(start))
    alpha = COULOMB * shell**2 / spring
    assert potential.species["O"].polarizability == pytest.approx(alpha)
    moment = alpha * field / COULOMB / (1.0 - 4.0 * np.pi * alpha / (3.0 * edge**3))
    assert shell * float(displacement[0]) == pytest.approx(moment, rel=1e-6)
    np.testing.assert_allclose(displacement[1:], 0.0, atol=1e-12)


def test_relaxed_shells_are_the_dense_minimum():
    """Newton's method with the whole Hessian, to machine precision, finds the same place."""
    atoms = distorted()
    atoms.calc = CoulombBuckingham(CORE_SHELL, cutoff=6.0, shell_tolerance=1e-9)
    found = atoms.get_potential_energy()
    relaxed = atoms.calc.shell_result
    preparation = Preparation(CORE_SHELL, cutoff=6.0)
    positions, cell, parameters, system = preparation.arguments(atoms)
    count = len(atoms)

    def value(displacements):
        moved = jnp.asarray(positions).at[count:].add(displacements.reshape(-1, 3))
        return energy(moved, cell, parameters, system)

    slope, curvature = jax.jit(jax.grad(value)), jax.jit(jax.hessian(value))
    x = jnp.zeros(3 * count)
    for _ in range(6):
        x = x - jnp.linalg.solve(curvature(x), slope(x))
    assert np.linalg.eigvalsh(curvature(x))[0] > 0.0
    assert np.abs(x).max() > 0.01
    np.testing.assert_allclose(relaxed.displacements.ravel(), x, rtol=0, atol=1e-10)
    assert found == pytest.approx(float(value(x)), rel=1e-13)
    assert relaxed.evaluations < 25


def test_shells_lower_the_energy_and_vanish_with_stiff_springs():
    """A spring a million times as stiff is a rigid ion."""
    stiff = CORE_SHELL.with_parameters(CORE_SHELL.parameters._replace(k=1e6 * CORE_SHELL.parameters.k))
    energies = []
    for potential in (CORE_SHELL.rigid(), stiff, CORE_SHELL):
        atoms = distorted()
        atoms.calc = CoulombBuckingham(potential, cutoff=6.0)
        energies.append(atoms.get_potential_energy())
    assert energies[1] == pytest.approx(energies[0], abs=1e-5)
    assert energies[2] < energies[0] - 0.01


def test_massive_shells_have_the_same_energy_and_forces():
    """Shells as atoms, put where the relaxed ones are, feel no force; their cores feel that on the ion."""
    atoms = distorted()
    atoms.calc = CoulombBuckingham(CORE_SHELL, cutoff=6.0, shell_tolerance=1e-9)
    whole = add_shells(atoms, CORE_SHELL)
    forces = atoms.get_forces()
    whole.positions[len(atoms) :] += atoms.calc.shell_result.displacements
    whole.calc = CoulombBuckingham(CORE_SHELL, cutoff=6.0, shells="massive")
    assert whole.get_potential_energy() == pytest.approx(atoms.get_potential_energy(), rel=1e-12)
    np.testing.assert_allclose(whole.get_forces()[len(atoms) :], 0.0, atol=1e-8)
    np.testing.assert_allclose(whole.get_forces()[: len(atoms)], forces, atol=1e-8)
    np.testing.assert_allclose(whole.get_stress(), atoms.get_stress(), atol=1e-10)


def test_adding_and_removing_shells_keeps_masses_momenta_and_tags():
    atoms = distorted()
    atoms.set_tags(7)
    MaxwellBoltzmannDistribution(atoms, temperature_K=500, rng=np.random.default_rng(0))
    whole = add_shells(atoms, CORE_SHELL)
    assert whole.get_masses().sum() == pytest.approx(atoms.get_masses().sum())
    assert whole.get_kinetic_energy() == pytest.approx(atoms.get_kinetic_energy())
    back = remove_shells(whole)
    np.testing.assert_allclose(back.get_momenta(), atoms.get_momenta(), atol=1e-12)
    np.testing.assert_allclose(back.get_masses(), atoms.get_masses(), rtol=1e-12)
    assert back.get_tags().tolist() == atoms.get_tags().tolist()


def test_massive_shells_follow_their_cores():
    """40 steps of 0.2 fs: energy kept, and the springs stay cold."""
    atoms = bulk("NiO", "rocksalt", a=4.18, cubic=True)
    MaxwellBoltzmannDistribution(atoms, temperature_K=800, rng=np.random.default_rng(3))
    whole = add_shells(atoms, CORE_SHELL)
    whole.calc = CoulombBuckingham(CORE_SHELL, cutoff=6.0, shells="massive")
    dynamics = VelocityVerlet(whole, 0.2 * units.fs)
    totals = []
    for _ in range(40):
        dynamics.run(1)
        totals.append(whole.get_total_energy())
    kinetic = whole.get_kinetic_energy()
    assert np.ptp(totals) < 1e-2 * kinetic
    cores = remove_shells(whole)
    assert whole.get_kinetic_energy() - cores.get_kinetic_energy() < 0.02 * kinetic


def test_a_soft_spring_is_a_clear_error():
    """The polarization catastrophe: f Y^2/k beyond what the lattice can hold."""
    soft = CORE_SHELL.with_parameters(CORE_SHELL.parameters._replace(k=0.05 * CORE_SHELL.parameters.k))
    atoms = distorted()
    atoms.calc = CoulombBuckingham(soft, cutoff=6.0)
    with pytest.raises(AtomisticError, match="shells"):
        atoms.get_potential_energy()


@pytest.mark.parametrize("shells", ["relaxed", "massive"])
def test_a_structure_must_have_the_shells_its_calculator_wants(shells):
    atoms = distorted() if shells == "massive" else add_shells(distorted(), CORE_SHELL)
    atoms.calc = CoulombBuckingham(CORE_SHELL, shells=shells)
    with pytest.raises(AtomisticError, match="Shells are to be"):
        atoms.get_potential_energy()
    with pytest.raises(AtomisticError, match="has shells"):
        add_shells(add_shells(distorted(), CORE_SHELL), CORE_SHELL)
