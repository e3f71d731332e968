"""Dissolution: first-order decay, the budget of acid, the linear system, smaller particles."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from microcell.p2d.degradation.builtin import from_dict
from microcell.parameters.constants import F

from .surfaces import LAWS, RADIUS, after, surface

VOLUME = 6.4e-7
OFF = {"Oxidation exchange current density [A.m-2]": 0.0}


def dissolution(oxidation=OFF, **numbers):
    return from_dict({"oxidation": oxidation, "dissolution": numbers})[1]


def test_acid_decays_at_first_order():
    given = dissolution(
        **{
            "Initial water concentration [mol.m-3]": 0.0,
            "Initial proton concentration [mol.m-3]": 5.0,
            "Dissolution rate constant [m.s-1]": 1e-12,
        }
    )
    for steps in (1, 9):
        state = after(given, 2e5, steps)
        left = np.exp(-4.0 * 1e-12 / VOLUME * 2e5)
        np.testing.assert_allclose(state["acid"], 5.0 * VOLUME * left, rtol=1e-12)
        np.testing.assert_allclose(state["dissolved"], 5.0 * VOLUME * (1 - left) / 4.0, rtol=1e-12)


def test_acid_limits_what_dissolves():
    """All water and acid used up: two H+ per water, four per formula unit, however fast the surface is."""
    given = dissolution(
        **{
            "Initial proton concentration [mol.m-3]": 0.5,
            "Initial water concentration [mol.m-3]": 2.0,
            "Hydrolysis rate constant [m3.mol-1.s-1]": 1e-7,
            "Dissolution rate constant [m.s-1]": 1e-8,
        }
    )
    state = after(given, 1e7, 10)
    np.testing.assert_allclose(state["dissolved"], VOLUME * (2 * 2.0 + 0.5) / 4.0, rtol=1e-9)
    seen = given.quantities(LAWS, RADIUS, state)
    np.testing.assert_allclose(seen["Loss of lithium to salt hydrolysis [mol.m-2]"], VOLUME * 2.0)
    np.testing.assert_allclose(seen["Proton concentration [mol.m-3]"], 0.0, atol=1e-9)


@pytest.mark.parametrize("hydrolysis", [3e-9, 4 * 1e-12 / VOLUME / 1000.0])
def test_linear_system_is_solved_exactly(hydrolysis):
    """Also where hydrolysis and dissolution are equally fast: the general solution divides by zero there."""
    given = dissolution(
        {"Oxidation exchange current density [A.m-2]": 1e-7},
        **{"Hydrolysis rate constant [m3.mol-1.s-1]": hydrolysis},
    )
    k_h, kappa, source = hydrolysis * 1000.0, 4 * 1e-12 / VOLUME, 1e-7 / F

    def rates(_, y):
        return [-k_h * y[0], 2 * k_h * y[0] + source - kappa * y[1], kappa * y[1] / 4]

    exact = solve_ivp(rates, (0, 1e6), [1.33 * VOLUME, 0, 0], method="Radau", rtol=1e-11, atol=1e-22).y[:, -1]
    for steps in (1, 4):
        state = after(given, 1e6, steps)
        seen = [state[name][0, 0] for name in ("water", "acid", "dissolved")]
        np.testing.assert_allclose(seen, exact, rtol=1e-8)


def test_particles_shrink_by_what_dissolves():
    given = dissolution()
    state = given.start(LAWS, RADIUS)
    assert np.all(np.asarray(given.lost(RADIUS, state).core) == 1.0)
    state = {**after(given, 3e6, 3), "acid": state["acid"]}
    lost = given.lost(RADIUS, state)
    volume = (1 - np.asarray(lost.core) ** 3) * np.asarray(RADIUS) / 3  # per surface at the start
    np.testing.assert_allclose(volume[0] * LAWS.c_max, state["dissolved"][0], rtol=1e-9)
    assert np.all(np.asarray(lost.isolated) == 0.0)
    share = given.quantities(LAWS, RADIUS, state)["Loss of active material to dissolution"]
    np.testing.assert_allclose(share, 1 - np.asarray(lost.core) ** 3, atol=1e-15)


def test_salt_takes_part_in_hydrolysis():
    given = dissolution(**{"Hydrolysis rate constant [m3.mol-1.s-1]": 1e-9})
    left = [
        given.advance(
            LAWS, RADIUS, given.start(LAWS, RADIUS), surface(salt=a), surface(salt=b), jnp.asarray(1e5)
        )
        for a, b in ((1000.0, 1000.0), (500.0, 1500.0))
    ]
    np.testing.assert_allclose(left[0]["water"], 1.33 * VOLUME * np.exp(-0.1), rtol=1e-12)
    np.testing.assert_allclose(left[1]["water"], left[0]["water"], rtol=1e-12)
