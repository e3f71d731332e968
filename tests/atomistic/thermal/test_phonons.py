"""Phonons of atoms on springs, whose frequencies, velocities and heat capacity are known."""

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from scipy.constants import e, epsilon_0, hbar, k, pi

from microcell.atomistic.thermal import Polar, from_force_constants, mode_heat_capacity, phonons_of, sound_of
from microcell.errors import AtomisticError

from . import lattices


def test_frequencies_and_velocities_are_those_of_the_springs():
    modes = lattices.springs().modes((5, 6, 7))
    exact = lattices.frequencies(modes.points)
    assert modes.frequencies == pytest.approx(np.repeat(exact[:, None], 3, axis=1), rel=1e-6)
    speeds = lattices.velocities(modes.points)
    for branch in range(3):
        assert modes.velocities[:, branch] == pytest.approx(speeds, rel=1e-4, abs=1e-3)
    assert modes.weights.sum() == pytest.approx(1.0)
    assert np.abs(modes.points).max() <= 0.5
    norms = np.einsum("qbni,qbni->qb", modes.eigenvectors, modes.eigenvectors.conj()).real
    assert norms == pytest.approx(np.ones_like(norms))


def test_heat_capacity_of_an_oscillator_in_both_limits():
    assert mode_heat_capacity(0.0, 300.0) == pytest.approx(k)
    frequency = 2.0 * k * 100.0 / hbar  # x = 2 at 100 K
    assert mode_heat_capacity(frequency, 100.0) / k == pytest.approx(1.0 / np.sinh(1.0) ** 2)
    assert mode_heat_capacity(1e17, 1.0) == 0.0


def test_heat_capacity_goes_to_dulong_and_petit():
    modes = lattices.springs().modes((6, 6, 6))
    mean_square = np.mean(lattices.frequencies(modes.points) ** 2)
    for temperature in (1e3, 1e4):
        first = (hbar / (k * temperature)) ** 2 * mean_square / 12.0  # next term of the series
        assert 1.0 - modes.heat_capacity(temperature) / (3.0 * k) == pytest.approx(first, rel=1e-2)
    assert modes.specific_heat(1e5) == pytest.approx(3.0 * k / modes.masses.sum(), rel=1e-4)


def test_heat_capacity_at_low_temperature_is_debyes_cubic_law():
    modes = lattices.exact_modes(48)
    debye = hbar / k * lattices.SPEED * (6.0 * pi**2 / modes.volume) ** (1.0 / 3.0)
    temperature = 0.05 * debye
    law = 12.0 / 5.0 * pi**4 * k * (temperature / debye) ** 3
    errors = [modes.heat_capacity(t * temperature) / (t**3 * law) - 1.0 for t in (1.0, 1.5)]
    assert 0.0 < errors[0] < 0.25
    assert np.log(errors[1] / errors[0]) / np.log(1.5) == pytest.approx(2.0, abs=0.5)  # dispersion


def test_speeds_of_sound_and_debye_temperature():
    sound = sound_of(lattices.springs())
    assert sound.speeds == pytest.approx([lattices.SPEED] * 3, rel=1e-3)
    assert sound.mean == pytest.approx(lattices.SPEED, rel=1e-3)
    edge = (6.0 * pi**2) ** (1.0 / 3.0) / (lattices.A * 1e-10)
    assert sound.debye_temperature == pytest.approx(hbar * lattices.SPEED * edge / k, rel=1e-3)
    assert sound.acoustic_temperature == pytest.approx(sound.debye_temperature)


def test_density_of_states_holds_all_modes_and_grows_with_the_square():
    """Debye's 3 V w^2 / 2 pi^2 v^3, and the next order 1 + w^2 a^2 / 8 v^2 of these springs."""
    modes = lattices.exact_modes(40)
    grid, density = modes.density_of_states()
    assert np.trapezoid(density, grid) == pytest.approx(3.0, rel=1e-4)
    for share in (0.2, 0.3):
        low = share * modes.frequencies.max()
        exact = 3.0 * modes.volume * low**2 / (2.0 * pi**2 * lattices.SPEED**3)
        assert np.interp(low, grid, density) / exact == pytest.approx(1.0 + 1.5 * share**2, rel=0.04)


def test_emt_aluminium_obeys_the_acoustic_sum_rule_and_cubic_symmetry():
    phonons = phonons_of(bulk("Al", a=3.995), EMT(), repeats=(3, 3, 3))
    assert phonons.drift < 1e-8
    constants = np.asarray(phonons.lattice.force_constants)
    assert np.abs(constants.sum(axis=1)).max() < 1e-10
    modes = phonons.modes((3, 3, 3))
    assert len(modes.rotations) == 48
    tensor = modes.symmetrized(np.diag([1.0, 2.0, 6.0]))
    assert tensor == pytest.approx(3.0 * np.eye(3))


def test_rigid_ions_split_longitudinal_from_transverse_modes():
    """w_LO^2 - w_TO^2 = Z^2 / (eps_0 eps_inf V mu) for a cubic crystal of two ions."""
    plain, polar = (_rocksalt(term) for term in (None, Polar.rigid((2.0, -2.0), 3.0)))
    point = [[1e-4, 1e-4, 0.0]]
    ordinary = plain.lattice.run_qpoints(point).frequencies[0] * 2.0 * pi * 1e12
    split = polar.lattice.run_qpoints(point).frequencies[0] * 2.0 * pi * 1e12
    reduced = np.prod(plain.masses) / plain.masses.sum()
    plasma = (2.0 * e) ** 2 / (epsilon_0 * 3.0 * plain.volume * reduced)
    assert split[3:5] == pytest.approx(ordinary[3:5], rel=1e-3)
    assert split[5] ** 2 - ordinary[5] ** 2 == pytest.approx(plasma, rel=1e-3)


def _rocksalt(polar):
    from phonopy import Phonopy
    from phonopy.structure.atoms import PhonopyAtoms

    atoms = bulk("MgO", "rocksalt", a=4.2)
    cell = PhonopyAtoms(
        symbols=["Mg", "O"], cell=atoms.cell[:], scaled_positions=atoms.get_scaled_positions()
    )
    supercell = Phonopy(cell, np.diag([3, 3, 3]), primitive_matrix=np.eye(3)).supercell
    places = supercell.scaled_positions
    step = places[:, None] - places[None, :]
    distance = np.linalg.norm((step - np.rint(step)) @ supercell.cell, axis=2)
    bonded = np.abs(distance - 2.1) < 0.1
    scalar = 10.0 * (np.diag(bonded.sum(axis=1)) - bonded)
    constants = scalar[:, :, None, None] * np.eye(3)
    return from_force_constants(atoms, constants, repeats=(3, 3, 3), polar=polar)


def test_an_unstable_crystal_is_refused_with_frequency_and_wave_vector():
    with pytest.raises(AtomisticError, match=r"imaginary phonon(.|\n)*THz at q"):
        lattices.springs(k=-1.0)


@pytest.mark.parametrize("mesh", [(0, 4, 4), (), (4, 4), (2.5, 4, 4)])
def test_an_empty_mesh_is_refused(mesh):
    with pytest.raises(AtomisticError, match="mesh"):
        lattices.springs().modes(mesh)


def test_a_supercell_that_is_too_small_is_refused():
    with pytest.raises(AtomisticError, match=r"supercell is too small(.|\n)*height"):
        phonons_of(bulk("Al", a=3.995), EMT(), repeats=(2, 2, 2))


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.nan, np.inf])
def test_a_temperature_that_is_not_positive_is_refused(temperature):
    with pytest.raises(AtomisticError, match="temperature"):
        lattices.springs().modes((2, 2, 2)).heat_capacity(temperature)


def test_force_constants_of_another_supercell_are_refused():
    with pytest.raises(AtomisticError, match="supercell"):
        from_force_constants(bulk("Al"), np.zeros((8, 8, 3, 3)), repeats=(3, 3, 3))


def test_charges_for_other_atoms_are_refused():
    with pytest.raises(AtomisticError, match="Born charges of all atoms"):
        _rocksalt(Polar.rigid((2.0,)))
