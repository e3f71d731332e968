"""Growth of the rocksalt film against the closed forms of the model, section 5."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from small_cells import traced

from microcell import ParameterSet
from microcell.parameters.constants import K_B_EV
from microcell.physics import film

NMC = ParameterSet.builtin("nmc811")
LAWS = traced(NMC)
K, L0 = 3.9e-23, 0.2e-9
C_MAX, C_CRIT, X_ZERO, SLOPE = 50636.0, 11950.0, 0.225, 8.0


def test_growth_is_parabolic_at_a_fixed_lithiation() -> None:
    """L^2 = L0^2 + 2 K s t with s = 0.7: after 1 s, 1 h and 1 year, exact but for three roundings (1e-15)."""
    for t in (1.0, 3600.0, 3.15e7):
        thickness = film.grow(LAWS, jnp.float64(L0), jnp.float64(0.7), jnp.float64(t))
        assert float(thickness) == pytest.approx(np.sqrt(L0**2 + 2 * K * 0.7 * t), rel=1e-15)


def test_many_steps_grow_what_one_step_grows() -> None:
    """100 unequal steps that sum to 3600 s give the film of one step of 3600 s: the closed form composes
    (1e-13)."""
    steps = np.random.default_rng(0).dirichlet(np.ones(100)) * 3600
    share, thickness = jnp.float64(0.4), jnp.float64(L0)
    for dt in steps:
        thickness = film.grow(LAWS, thickness, share, jnp.float64(dt))
    assert float(thickness) == pytest.approx(np.sqrt(L0**2 + 2 * K * 0.4 * 3600), rel=1e-13)


WAYS = [(0.30, 0.20), (0.20, 0.30), (0.24, 0.234), (0.23, 0.215), (0.10, 0.05), (0.5, 0.0)]
"""Stoichiometry of a surface at both ends of a step; c_crit lies at 0.2360."""


@pytest.mark.parametrize(("before", "after"), WAYS)
def test_the_mean_share_is_the_integral_over_the_way(before: float, after: float) -> None:
    """Closed form of the integral of 1 / (1 + exp(8 eV (x - 0.225) / kT)) up to c_crit: 0.2 % of it; a tenth
    of the capacity in one step, either way, across the critical concentration or beside it."""

    def antiderivative(x: float) -> float:
        width = K_B_EV * 298.15 / SLOPE
        return -width * np.log1p(np.exp(-(x - X_ZERO) / width))

    low, high = min(before, after), max(before, after)
    exact = (antiderivative(min(high, C_CRIT / C_MAX)) - antiderivative(low)) / (high - low)
    mean = film.mean_fraction(LAWS, jnp.float64(before * C_MAX), jnp.float64(after * C_MAX))
    assert float(mean) == pytest.approx(exact, rel=2e-3 if high - low < 0.2 else 2e-2)


def test_a_surface_that_rests_has_its_share() -> None:
    """No change of concentration: the mean is the share there, below c_crit and above (1e-14)."""
    c = jnp.array([0.1, 0.225, 0.2359, C_CRIT / C_MAX, 0.4]) * C_MAX
    assert np.allclose(film.mean_fraction(LAWS, c, c), film.mobile_fraction(LAWS, c), rtol=1e-14, atol=0)


def test_no_time_no_growth() -> None:
    """dt = 0 and s = 0 leave the film as it is, to one rounding of square and root."""
    for share, dt in ((1.0, 0.0), (0.0, 1e6)):
        thickness = film.grow(LAWS, jnp.float64(L0), jnp.float64(share), jnp.float64(dt))
        assert float(thickness) == pytest.approx(L0, rel=2e-16)


def test_the_gate_closes_at_the_critical_concentration() -> None:
    """g = 1 below 11 950 mol/m3 and 0 at and above it: one rounding below there is growth, at the value
    none."""
    c = jnp.array([np.nextafter(C_CRIT, 0), C_CRIT, np.nextafter(C_CRIT, 1e9), 4e4])
    share = np.asarray(film.mobile_fraction(LAWS, c))
    assert share[0] > 0.01
    assert np.all(share[1:] == 0.0)


def test_half_of_the_oxygen_is_mobile_where_the_vacancy_energy_is_zero() -> None:
    """dG = 0 at x = 0.225: s = 1/(1 + 1) = 0.5; c = 0.225 c_max and its x are rounded once, slope 8 eV
    (1e-12)."""
    assert float(film.mobile_fraction(LAWS, jnp.float64(X_ZERO * C_MAX))) == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize("x", [0.10, 0.20, 0.23, 0.235])
def test_the_share_is_that_of_the_vacancy_energy(x: float) -> None:
    """s = e / (1 + e), e = exp(-dG/kT), dG = 8 eV (x - 0.225), kT = 25.69 meV at 298.15 K, in NumPy
    (1e-12)."""
    e = np.exp(-SLOPE * (x - X_ZERO) / (K_B_EV * 298.15))
    assert pytest.approx(0.025693, abs=1e-6) == K_B_EV * 298.15
    assert float(film.mobile_fraction(LAWS, jnp.float64(x * C_MAX))) == pytest.approx(e / (1 + e), rel=1e-12)


def test_an_emptied_surface_does_not_overflow() -> None:
    """Far outside of (0, c_max), dG/kT is large: the share saturates at 1 and stays finite."""
    share = np.asarray(film.mobile_fraction(LAWS, jnp.array([-1e6, 0.0])))
    assert np.all((share > 0.999) & (share <= 1.0))


def test_oxygen_released_per_area() -> None:
    """(L - L0) nu / V_RS = 1e-9 * 0.5 / 1.097e-5 = 4.558e-5 mol/m2 for 1 nm of growth, nothing for none."""
    assert float(film.oxygen_released(LAWS, jnp.float64(1.2e-9))) == pytest.approx(
        1e-9 * 0.5 / 1.097e-5, rel=1e-12
    )
    assert float(film.oxygen_released(LAWS, jnp.float64(L0))) == 0.0
