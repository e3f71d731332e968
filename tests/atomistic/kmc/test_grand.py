"""Chemical potential and thermodynamic factor against exact sums over all configurations."""

import itertools

import numpy as np
import pytest

from microcell.atomistic.kmc import Interactions, Isotherm, fit_mean_field, sample_isotherm
from microcell.atomistic.kmc.equilibrium import Equilibrium
from microcell.atomistic.kmc.filling import Filling
from microcell.errors import AtomisticError
from microcell.parameters.constants import K_B_EV

from .models import toy

T = 300.0
THERMAL = K_B_EV * T
SHAPE = (3, 3)
EXPANSION = {"pairs_eV": (0.03,), "triangle_eV": 0.01}


def every_configuration() -> np.ndarray:
    return np.array(list(itertools.product((0, 1), repeat=9)))


def test_free_lattice() -> None:
    """mu = kT ln(x/(1-x)) and Theta = 1/(1-x)."""
    isotherm = sample_isotherm(toy(), T, size=6, replicas=16, sweeps=300)
    x = np.array([0.2, 0.5, 0.8])
    mu, factor = isotherm.chemical_potential(x), isotherm.thermodynamic_factor(x)
    assert (mu.error < 0.05 * THERMAL).all()
    assert (np.abs(mu.value - THERMAL * np.log(x / (1 - x))) < 4 * mu.error).all()
    assert (np.abs(factor.value * (1 - x) - 1) < 4 * factor.error * (1 - x) + 0.01).all()


def test_exact_enumeration() -> None:
    """Content and fluctuations of nine sites, each configuration weighted exactly."""
    model = toy(**EXPANSION)
    configurations = every_configuration()
    energy = model.energies.energy(model.lattice, SHAPE, configurations)
    count = configurations.sum(1)
    potentials = np.linspace(-0.1, 0.35, 8)
    weight = np.exp(-(energy - potentials[:, None] * count) / THERMAL)
    weight /= weight.sum(1, keepdims=True)
    x = weight @ count / 9
    factor = 9 * x / (weight @ count**2 - (9 * x) ** 2)
    sampled = sample_isotherm(model, T, size=3, replicas=32, sweeps=800, potentials=potentials)
    found, error = sampled.content()
    assert (error < 0.01).all()
    assert (np.abs(found - x) < 4.5 * error).all()
    fluctuations = sampled.fluctuation_factor()
    exact = np.interp(fluctuations.x, found, factor)
    assert (np.abs(fluctuations.value - exact) < 4.5 * fluctuations.error).all()


def test_both_thermodynamic_factors_agree() -> None:
    isotherm = sample_isotherm(toy(**EXPANSION), T, size=6, replicas=16, sweeps=300)
    slope, fluctuations = isotherm.derivative_factor(), isotherm.fluctuation_factor()
    pull = (slope.value - fluctuations.value[1:-1]) / np.hypot(slope.error, fluctuations.error[1:-1])
    assert np.sqrt((pull**2).mean()) < 2.0


def test_exchanges_reach_equilibrium() -> None:
    """Mean energy of four lithium on nine sites, exactly."""
    model = toy(**EXPANSION)
    four = every_configuration()
    four = four[four.sum(1) == 4]
    energy = model.energies.energy(model.lattice, SHAPE, four)
    weight = np.exp(-energy / THERMAL)
    exact = (weight * energy).sum() / weight.sum()
    maker = Equilibrium(model.lattice, SHAPE, model.energies, Filling(9, 0, 4), THERMAL, 512, 0)
    sampled = model.energies.energy(model.lattice, SHAPE, maker.start().lithium.T != 0)
    error = sampled.std() / np.sqrt(512)
    assert abs(sampled.mean() - exact) < 4 * error
    assert abs(energy.mean() - exact) > 4 * error  # of random configurations


def test_mean_field_shifts_potential_and_factor() -> None:
    """mu + b x and Theta + b x / kT, exactly; and a fit to that potential finds b."""
    plain = sample_isotherm(toy(), T, size=6, replicas=16, sweeps=300)
    slope = 0.4
    field = Interactions(mean_field=(0.5 * slope, 0.5 * slope), mean_field_window=(0.0, 1.0))
    shifted = Isotherm(field, T, plain.potentials, plain.totals, plain.squares, plain.sites)
    x = np.linspace(0.1, 0.9, 9)
    mu = plain.chemical_potential(x).value
    np.testing.assert_allclose(shifted.chemical_potential(x).value - mu, slope * x, atol=1e-12)
    difference = shifted.thermodynamic_factor(x).value - plain.thermodynamic_factor(x).value
    np.testing.assert_allclose(difference, slope * x / THERMAL, rtol=1e-9)
    fit = fit_mean_field(plain, x, -(mu + slope * x), degree=1)
    assert fit.residual < 1e-9
    fitted = Interactions(mean_field=fit.coefficients, mean_field_window=fit.window)
    np.testing.assert_allclose(fitted.mean_field_potential(x), slope * x, atol=1e-9)


def test_separation_is_noticed() -> None:
    """Attraction far above the critical temperature's: empty and full lattices do not meet."""
    with pytest.raises(AtomisticError, match="empty and full"):
        sample_isotherm(toy(pairs_eV=(-0.1,)), T, size=6, replicas=16, sweeps=20)


def test_refused() -> None:
    isotherm = sample_isotherm(toy(), T, size=6, replicas=16, sweeps=300)
    with pytest.raises(AtomisticError, match="outside of what was sampled"):
        isotherm.chemical_potential(np.array([0.5, 1.0]))
    with pytest.raises(AtomisticError, match="temperature"):
        sample_isotherm(toy(), 0.0)
    with pytest.raises(AtomisticError, match="too few potentials"):
        fit_mean_field(isotherm, np.array([0.4, 0.5]), np.array([4.0, 3.9]), 3)
