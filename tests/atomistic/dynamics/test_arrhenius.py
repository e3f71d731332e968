"""Arrhenius fits: exact lines, honest intervals, cards."""

import numpy as np
import pytest

from microcell.atomistic.dynamics import draw_arrhenius, fit_arrhenius
from microcell.errors import AtomisticError
from microcell.parameters.card import PropertyCard
from microcell.parameters.constants import K_B_EV, R

T = np.array([700.0, 800.0, 950.0, 1200.0])


def line(t, d0=3e-7, energy=0.35):
    return d0 * np.exp(-energy / (K_B_EV * t))


def test_exact_line():
    """Points on a line give it back, with chi square zero."""
    fit = fit_arrhenius(T, line(T), 0.1 * line(T))
    assert fit.activation_energy == pytest.approx(0.35, rel=1e-10)
    assert fit.d0 == pytest.approx(3e-7, rel=1e-9)
    assert fit.chi_square == pytest.approx(0.0, abs=1e-15)
    assert fit.at(298.15) == pytest.approx(line(298.15), rel=1e-8)


def test_covariance_is_that_of_weighted_least_squares():
    """Against NumPy's polynomial fit with unscaled covariance."""
    errors = np.array([0.2, 0.1, 0.05, 0.08]) * line(T)
    fit = fit_arrhenius(T, line(T), errors)
    _, covariance = np.polyfit(-1 / (K_B_EV * T), np.log(line(T)), 1, w=line(T) / errors, cov="unscaled")
    np.testing.assert_allclose(fit.covariance, covariance[::-1, ::-1], rtol=1e-8)


def test_errors_cover_the_truth():
    """Over 400 noisy repeats the truth is within one standard error in about 68 % or a little more."""
    rng = np.random.default_rng(7)
    inside = {"Ea": 0, "D": 0}
    for _ in range(400):
        noisy = line(T) * np.exp(0.1 * rng.standard_normal(4))
        fit = fit_arrhenius(T, noisy, 0.1 * noisy)
        inside["Ea"] += abs(fit.activation_energy - 0.35) < fit.activation_energy_error
        inside["D"] += abs(np.log(fit.at(300.0) / line(300.0))) < fit.log_error(300.0)
    assert all(0.62 < count / 400 < 0.85 for count in inside.values())


def test_extrapolation_is_less_certain():
    """At 300 K the error is several times that in the middle of the points."""
    fit = fit_arrhenius(T, line(T), 0.1 * line(T))
    assert fit.log_error(300.0) > 4 * fit.log_error(900.0)
    low, high = fit.interval()
    assert low < 0.35 < high
    assert high - low == pytest.approx(2 * 4.30 * fit.activation_energy_error, rel=1e-3)  # t(0.975, 2)


def test_scatter_beyond_the_errors_widens_them():
    """Errors stated ten times too small are scaled up by the scatter."""
    noisy = line(T) * np.array([1.3, 0.8, 1.2, 0.9])
    wide, narrow = fit_arrhenius(T, noisy, 0.2 * noisy), fit_arrhenius(T, noisy, 0.02 * noisy)
    assert narrow.activation_energy_error == pytest.approx(wide.activation_energy_error, rel=0.5)


def test_card_carries_activation_energy(tmp_path):
    """The card and its law give the fit at its temperature and at others."""
    fit = fit_arrhenius(T, line(T), 0.1 * line(T))
    card = fit.card(298.15, thermodynamic_factor=2.0)
    assert card == PropertyCard.read(card.write(tmp_path / "d.json"))
    assert card.name == "Active diffusivity [m2.s-1]"
    assert card.value == pytest.approx(2.0 * line(298.15))
    assert card.activation_energy == pytest.approx(0.35 * R / K_B_EV, rel=1e-8)
    assert "extrapolated" in card.origin.note
    assert float(card.law()(np.array(0.5), np.array(800.0))) == pytest.approx(2 * line(800.0), rel=1e-6)
    assert draw_arrhenius(fit, tmp_path / "a.png", 298.15).stat().st_size > 10_000


@pytest.mark.parametrize(
    ("t", "d", "s", "words"),
    [
        ([700, 800], [1e-12, 2e-12], [1e-13, 1e-13], "Too few temperatures"),
        ([700, 800, 900], [1e-12, -2e-12, 1e-12], [1e-13] * 3, "positive"),
        ([700, 800, 900], [1e-12, 2e-12, 3e-12], [1e-13, 0.0, 1e-13], "positive"),
        ([700, 700, 700], [1e-12, 2e-12, 3e-12], [1e-13] * 3, "all the same"),
    ],
)
def test_bad_points_are_refused(t, d, s, words):
    """Too few, negative, without error, one temperature."""
    with pytest.raises(AtomisticError, match=words):
        fit_arrhenius(t, d, s)
