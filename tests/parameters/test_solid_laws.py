"""Diffusivity, conductivity, exchange current and vacancy energy at numbers of their sources."""

import numpy as np
import pytest

from microcell.parameters import ParameterSet
from microcell.parameters.constants import K_B_EV, F, R
from microcell.parameters.exchange_current import exchange_current_density, lithium_exchange_current_density

DIFFUSIVITY = "Active diffusivity [m2.s-1]"
CONDUCTIVITY = "Active electronic conductivity [S.m-1]"
BASE = ParameterSet.builtin()


def test_constants_are_codata():
    assert pytest.approx((96485.33212, 8.314462618), rel=1e-9) == (F, R)
    assert pytest.approx(8.617333262e-5, rel=1e-9) == K_B_EV


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        # 10^-14.3 = 5.01e-15 far below the drop, 10^-15.05 in its middle
        ("calibrated_004", 0.5, 10**-14.3),
        ("calibrated_004", 0.93, 10**-15.05),
        ("chen2020", 0.5, 4e-15),
        ("zhuo2023", 0.5, 1e-14),
        # at the centre of the first dip the others add exp(-6.8) and exp(-2.4)
        (
            "oregan2022",
            0.3216,
            2.7
            * 10
            ** (
                -13.96
                - 0.9231
                - 0.4066 * np.exp(-(0.1316**2) / 0.003926)
                - 0.993 * np.exp(-(0.4882**2) / 0.09924)
            ),
        ),
    ],
)
def test_diffusivities(name, x, expected):
    assert float(BASE.set(DIFFUSIVITY, name).law(DIFFUSIVITY)(x, 298.15)) == pytest.approx(expected, rel=1e-6)


def test_calibrated_diffusivity_at_full_lithiation():
    """1.8e-16 m2/s at x = 1 (the argument is limited just below)."""
    value = float(BASE.set(DIFFUSIVITY, "calibrated_004").law(DIFFUSIVITY)(1.0, 298.15))
    assert value == pytest.approx(1.8e-16, rel=0.05)


@pytest.mark.parametrize(
    ("name", "energy"), [("chen2020", 25000.0), ("zhuo2023", 9977.16), ("oregan2022", 1449 * R)]
)
def test_sourced_activation_energies(name, energy):
    law = BASE.set(DIFFUSIVITY, name).law(DIFFUSIVITY)
    ratio = float(law(0.5, 318.15)) / float(law(0.5, 298.15))
    assert np.log(ratio) == pytest.approx(energy / R * (1 / 298.15 - 1 / 318.15), rel=1e-6)


# Values of the reference block nmc_vs_lithiation.
@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (0.95, 5.094391445e-4),
        (0.9, 6.799499157e-3),
        (0.8, 0.1157354278),
        (0.5, 0.8550701291),
        (0.25, 1.0),
        (0.1, 1.0),
    ],
)
def test_conductivity_rises_as_lithium_leaves(x, expected):
    law = BASE.set(CONDUCTIVITY, "amin2016").law(CONDUCTIVITY)
    assert float(law(x, 298.15)) == pytest.approx(expected, rel=1e-8)


def test_exchange_current_at_half_filling():
    """i00 sqrt(1000) c_max/2 = 3.0875e-6 * 31.623 * 25318 = 2.472 A/m2."""
    laws = BASE.laws()
    i0 = exchange_current_density(laws.i00, 1000.0, 0.5 * laws.c_max, laws.c_max)
    assert float(i0) == pytest.approx(2.472, abs=1e-3)


def test_exchange_currents_stay_finite_at_the_ends():
    c = np.array([-1e9, 0.0, 50636.0, 1e9])
    assert np.all(np.asarray(exchange_current_density(3e-6, c, c, 50636.0)) > 0)
    assert float(lithium_exchange_current_density(20.0, 4000.0, 1000.0)) == pytest.approx(40.0)


def test_vacancy_energy_changes_sign_at_its_zero():
    laws = BASE.laws()
    assert float(laws.film_energy(0.225, 298.15)) == pytest.approx(0.0, abs=1e-15)
    assert float(laws.film_energy(0.236, 298.15)) == pytest.approx(8.0 * 0.011)
    changed = BASE.with_values({"Rocksalt vacancy energy slope [eV]": 4.0}).laws()
    assert float(changed.film_energy(0.325, 298.15)) == pytest.approx(0.4)


@pytest.mark.parametrize(("x", "share"), [(0.236, 0.03), (0.2157, 0.95)])
def test_share_of_mobile_oxygen_is_the_calibrated_one(x, share):
    """3 % at the threshold and 95 % at 4.3 V (x = 0.2157), as stated with the calibration."""
    energy = float(BASE.laws().film_energy(x, 298.15))
    assert 1 / (1 + np.exp(energy / (K_B_EV * 298.15))) == pytest.approx(share, abs=0.005)
