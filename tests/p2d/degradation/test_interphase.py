"""CEI: linear and parabolic limits, both in series, potential, resistance, current."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from microcell.p2d.degradation.builtin import from_dict
from microcell.parameters.constants import F, R

from .surfaces import LAWS, RADIUS, after, surface

T = float(LAWS.temperature)


def interphase(k, growth, initial=0.0, **numbers):
    table = {
        "CEI reaction rate [m.s-1]": k,
        "CEI growth constant [m2.s-1]": growth,
        "CEI initial thickness [m]": initial,
        "CEI transfer coefficient": 0.0,
    }
    return from_dict({"interphase": {**table, **numbers}})[0]


@pytest.mark.parametrize("steps", [1, 7])
def test_reaction_limit_is_linear(steps):
    seen = after(interphase(1e-15, 1e3, 1e-9), 1e6, steps)["thickness"]
    np.testing.assert_allclose(seen, 1e-9 + 1e-15 * 1e6, rtol=1e-12)


@pytest.mark.parametrize("steps", [1, 7])
def test_diffusion_limit_is_parabolic(steps):
    seen = after(interphase(1e3, 1e-24, 2e-9), 1e6, steps)["thickness"]
    np.testing.assert_allclose(seen**2, 4e-18 + 2 * 1e-24 * 1e6, rtol=1e-12)


def test_both_in_series_are_exact_for_any_step():
    k, growth, end = 2e-15, 1e-24, 3e6
    exact = solve_ivp(lambda _, L: 1 / (1 / k + L / growth), (0, end), [1e-10], rtol=1e-11, atol=1e-20)
    for steps in (1, 5):
        seen = after(interphase(k, growth, 1e-10), end, steps)["thickness"]
        np.testing.assert_allclose(seen, exact.y[0, -1], rtol=1e-9)


def test_reaction_follows_the_potential():
    """Along a ramp of the potential, linear growth is the integral of the Tafel rate."""
    given = interphase(1e-15, 1e3, **{"CEI transfer coefficient": 0.5})
    state = given.start(LAWS, RADIUS)
    seen = given.advance(LAWS, RADIUS, state, surface(4.0), surface(4.5), jnp.asarray(1e4))["thickness"]

    def rate(share):
        return 1e-15 * np.exp(0.5 * F * (4.0 + 0.5 * share - 4.3) / (R * T))

    np.testing.assert_allclose(seen, 1e4 * quad(rate, 0, 1, epsabs=0)[0], rtol=1e-10)


def test_time_steps_are_of_second_order_while_the_potential_moves():
    given = interphase(1e-14, 1e-24, 1e-10, **{"CEI transfer coefficient": 0.5})

    def end(steps):
        drops, state = 4.3 + 0.2 * np.sin(np.linspace(0, 3, steps + 1)), given.start(LAWS, RADIUS)
        for k in range(steps):
            ends = (surface(drop) for drop in drops[k : k + 2])
            state = given.advance(LAWS, RADIUS, state, *ends, jnp.asarray(3e4 / steps))
        return float(state["thickness"][0, 0])

    coarse, middle, fine = (end(steps) for steps in (10, 20, 40))
    assert (coarse - middle) / (middle - fine) == pytest.approx(4.0, abs=0.3)


def test_current_is_the_charge_of_the_growth():
    given = interphase(2e-15, 1e-24, 1e-10)
    state, molar = given.start(LAWS, RADIUS), float(given.molar_volume)
    side = given.effects(LAWS, RADIUS, state, surface()).side
    grown = given.advance(LAWS, RADIUS, state, surface(), surface(), jnp.asarray(1e-2))["thickness"] - 1e-10
    np.testing.assert_allclose(side * 1e-2, 2 * F * grown / molar, rtol=1e-6)


def test_resistance_and_lithium_follow_the_thickness():
    given = interphase(2e-15, 1e-24, 1e-9, **{"CEI resistivity [Ohm.m]": 1e5})
    state = {"thickness": jnp.full((2, 1), 4e-9)}
    np.testing.assert_allclose(given.effects(LAWS, RADIUS, state, surface()).resistance, 4e-4)
    seen = given.quantities(LAWS, RADIUS, state)
    np.testing.assert_allclose(seen["Resistance rise by CEI [Ohm.m2]"], 3e-4)
    np.testing.assert_allclose(seen["Loss of lithium to CEI [mol.m-2]"], 2 * 3e-9 / 9.585e-5)
