"""Lifetimes and conductivities beside what kinetic theory gives for springs."""

import numpy as np
import pytest
from scipy.constants import atomic_mass, hbar, k, pi

from microcell.atomistic.thermal import (
    Scattering,
    Transport,
    boundary_rate,
    conductivity_tensor,
    disorder_rate,
    klemens_rate,
    mass_variance,
    rayleigh_rate,
    slack_conductivity,
    slack_rate,
)
from microcell.errors import AtomisticError

from . import lattices

CRYSTAL = {"grueneisen": 1.5, "mass": 50.0 * atomic_mass, "speed": 4000.0, "debye": 300.0}


def test_umklapp_rates_in_closed_form():
    omega = 2.0e13
    slack = slack_rate(omega, 300.0, **CRYSTAL)
    exact = hbar * 1.5**2 * omega**2 * 300.0 * np.exp(-1.0 / 3.0) / (50.0 * atomic_mass * 4000.0**2 * 300.0)
    assert slack == pytest.approx(exact, rel=1e-12)
    hot = klemens_rate(omega, 1e6, **CRYSTAL) / slack_rate(omega, 1e6, **CRYSTAL)
    assert hot == pytest.approx(2.0, rel=2e-4)  # exp(Theta/3T) - 1 = 1e-4
    assert slack_rate(2.0 * omega, 300.0, **CRYSTAL) == pytest.approx(4.0 * slack)


def test_mass_variance_by_hand():
    assert mass_variance({"Ni": 1.0}) == 0.0
    assert mass_variance({"A": 0.5, "B": 0.5}, {"A": 1.0, "B": 3.0}) == pytest.approx(0.25)
    nmc = mass_variance({"Ni": 1 / 3, "Mn": 1 / 3, "Co": 1 / 3})
    masses = np.array([58.6934, 54.938044, 58.933194])
    assert nmc == pytest.approx(np.var(masses) / np.mean(masses) ** 2, rel=1e-6)
    assert mass_variance({"Ni": 0.8, "Mn": 0.1, "Co": 0.1}) < nmc


def test_corners_of_the_triangle_have_no_variance():
    for metal in ("Ni", "Mn", "Co"):
        assert mass_variance({"Ni": 0.0, "Mn": 0.0, "Co": 0.0} | {metal: 1.0}) == pytest.approx(
            0.0, abs=1e-30
        )


@pytest.mark.parametrize("shares", [{"Ni": 0.8, "Mn": 0.1}, {"Ni": 1.2, "Co": -0.2}, {"Ni": np.nan}, {}])
def test_a_composition_that_does_not_sum_to_one_is_refused(shares):
    with pytest.raises(AtomisticError, match="composition"):
        mass_variance(shares)


def test_mass_disorder_is_rayleighs_law_for_long_waves():
    """Up to the next order in frequency, 1 + w^2 a^2 / 8 v^2 for these springs."""
    modes = lattices.exact_modes(40)
    rates = disorder_rate(modes, [0.01])
    share = modes.frequencies / modes.frequencies.max()
    low = (share > 0.15) & (share < 0.3)
    law = rayleigh_rate(modes.frequencies[low], 0.01, modes.volume, lattices.SPEED) * (
        1.0 + 1.5 * share[low] ** 2
    )
    assert np.mean(rates[low] / law) == pytest.approx(1.0, abs=0.03)
    assert disorder_rate(modes, [0.02]) == pytest.approx(2.0 * rates)


def test_mass_disorder_is_the_double_sum_of_tamura():
    modes = lattices.springs().modes((6, 6, 6))
    width = modes.width()
    w, e = modes.frequencies, modes.eigenvectors[:, :, 0]
    delta = np.exp(-0.5 * ((w[..., None, None] - w) / width) ** 2) / (width * np.sqrt(2.0 * pi))
    inner = np.abs(np.einsum("qbi,QBi->qbQB", e, e.conj())) ** 2  # averaged over q and -q below
    other = np.abs(np.einsum("qbi,QBi->qbQB", e, e)) ** 2
    direct = (
        0.5 * pi * 0.01 * w**2 * np.einsum("qbQB,qbQB,Q->qb", delta, 0.5 * (inner + other), modes.weights)
    )
    assert disorder_rate(modes, [0.01]) == pytest.approx(direct, rel=0.02)


def test_variances_must_fit_the_cell():
    with pytest.raises(AtomisticError, match="every atom"):
        disorder_rate(lattices.springs().modes((2, 2, 2)), [0.01, 0.01])


def test_boundary_scattering():
    velocities = np.array([[3000.0, 4000.0, 0.0]])
    assert boundary_rate(velocities, 1e-6) == pytest.approx([5e9])
    assert boundary_rate(velocities, 1e-6, 0.5) == pytest.approx([5e9 / 3.0])
    assert boundary_rate(velocities, np.inf) == pytest.approx([0.0])
    with pytest.raises(AtomisticError, match="grain"):
        boundary_rate(velocities, 0.0)
    with pytest.raises(AtomisticError, match="specularity"):
        boundary_rate(velocities, 1e-6, 1.0)


def test_constant_lifetime_gives_the_sum_over_the_springs():
    modes = lattices.springs().modes((8, 8, 8))
    tau, temperature = 1e-12, 5000.0
    tensor = conductivity_tensor(modes, np.full_like(modes.frequencies, tau), temperature)
    step = (np.arange(8) + 0.5) / 8.0
    points = np.stack(np.meshgrid(step, step, step), axis=-1).reshape(-1, 3)
    x = hbar * lattices.frequencies(points) / (k * temperature)
    capacity = k * (x / 2.0 / np.sinh(x / 2.0)) ** 2
    exact = 3.0 * tau / modes.volume * np.mean(capacity * lattices.velocities(points)[:, 0] ** 2)
    assert tensor == pytest.approx(exact * np.eye(3), rel=1e-4, abs=1e-8)


def test_grey_crystal_at_low_temperature_is_a_third_of_c_v_squared_tau():
    modes = lattices.exact_modes(48)
    debye = hbar / k * lattices.SPEED * (6.0 * pi**2 / modes.volume) ** (1.0 / 3.0)
    errors = []
    for temperature in (0.05 * debye, 0.075 * debye):
        tensor = conductivity_tensor(modes, np.full_like(modes.frequencies, 1e-12), temperature)
        law = modes.heat_capacity(temperature) / modes.volume * lattices.SPEED**2 * 1e-12 / 3.0
        errors.append(1.0 - np.trace(tensor) / 3.0 / law)
    assert 0.0 < errors[0] < 0.25
    assert np.log(errors[1] / errors[0]) / np.log(1.5) == pytest.approx(2.0, abs=0.5)  # dispersion


def test_transport_of_springs_with_a_known_grueneisen_parameter():
    transport = lattices.transport()
    assert transport.grueneisen == pytest.approx(np.full_like(transport.grueneisen, 1.5), rel=2e-3)
    assert transport.mean_grueneisen(300.0, "all") == pytest.approx(1.5, rel=2e-3)
    softer = Transport(lattices.series(gamma=3.0), (6, 6, 6))
    ratio = transport.tensor(300.0, Scattering())[0, 0] / softer.tensor(300.0, Scattering())[0, 0]
    assert ratio == pytest.approx(4.0, rel=0.02)


def test_processes_that_scatter_add_up():
    transport = lattices.transport()
    whole = Scattering(variances=(0.02,), grain=1e-8)
    parts = [
        transport.umklapp(300.0),
        disorder_rate(transport.modes, (0.02,)),
        boundary_rate(transport.modes.velocities, 1e-8),
    ]
    assert transport.lifetimes(300.0, whole) == pytest.approx(1.0 / sum(parts))


def test_conductivity_converges_with_the_mesh_within_its_error():
    series = lattices.series()
    coarse = lattices.transport().conductivity(300.0)
    fine = Transport(series, (12, 12, 12)).conductivity(300.0)
    assert fine.mesh_error < 0.7 * coarse.mesh_error
    assert abs(coarse.mean - fine.mean) < coarse.mesh_error
    assert fine.mean == pytest.approx(_limit(series), rel=0.01)
    assert fine.uncertainty >= fine.mesh_error > 0.0
    assert fine.model_error > 0.0


def _limit(series):
    """Conductivity of the springs with the Umklapp rate of a transport, on exact modes without end."""
    transport = lattices.transport()
    strength = (transport.umklapp(300.0) / transport.modes.frequencies**2)[0, 0]
    sums = []
    for count in (20, 40):
        modes = lattices.exact_modes(count)
        sums.append(conductivity_tensor(modes, 1.0 / (strength * modes.frequencies**2), 300.0)[0, 0])
    return 2.0 * sums[1] - sums[0]


def test_specific_heat_at_constant_pressure_is_above_that_at_constant_volume():
    transport = lattices.transport()
    value, error = transport.specific_heat(300.0)
    heat = transport.modes.heat_capacity(300.0)
    exact = 1.0 + 1.5**2 * heat * 300.0 / (1e11 * transport.modes.volume)
    assert value / transport.modes.specific_heat(300.0) == pytest.approx(exact, rel=1e-4)
    assert error >= value - transport.modes.specific_heat(300.0)


def test_slacks_estimate_with_its_usual_prefactor():
    """2.43e-6 W.m-1.K-2 u-1 A-1 K-3 ... of the textbooks, Theta in K, mass in u, length in A."""
    gamma, debye = 1.7, 400.0
    value = slack_conductivity(
        300.0, grueneisen=gamma, mass=30.0 * atomic_mass, volume=64e-30, acoustic_temperature=debye
    )
    prefactor = 2.43e-6 / (1.0 - 0.514 / gamma + 0.228 / gamma**2)
    assert value == pytest.approx(prefactor * 30.0 * debye**3 * 4.0 / (gamma**2 * 300.0), rel=2e-3)


def test_a_mode_without_end_is_refused():
    modes = lattices.springs().modes((2, 2, 2))
    with pytest.raises(AtomisticError, match="finite lifetime"):
        conductivity_tensor(modes, np.full_like(modes.frequencies, np.inf), 300.0)


def test_a_mesh_too_coarse_for_an_error_bar_is_refused():
    with pytest.raises(AtomisticError, match="too coarse"):
        Transport(lattices.series(), (2, 2, 2)).conductivity(300.0)
