"""Electrolyte oxidation: charge along a ramp, gas, limits of the exponent."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from microcell.p2d.degradation.builtin import builtin, from_dict
from microcell.p2d.degradation.tafel import mean_exponential
from microcell.parameters.constants import F, R

from .surfaces import LAWS, RADIUS, surface

MECHANISM = builtin("oxidation")
T = float(LAWS.temperature)


def tafel(drop):
    return 1e-10 * np.exp(0.5 * F * (drop - 4.3) / (R * T))


def test_current_is_tafels():
    side = MECHANISM.effects(LAWS, RADIUS, MECHANISM.start(LAWS, RADIUS), surface(4.5)).side
    np.testing.assert_allclose(side, tafel(4.5), rtol=1e-12)


@pytest.mark.parametrize(("before", "after"), [(4.3, 4.3), (3.6, 4.4), (4.4, 3.6), (4.3, 4.3 + 1e-9)])
def test_charge_is_exact_along_a_ramp(before, after):
    state = MECHANISM.start(LAWS, RADIUS)
    seen = MECHANISM.advance(LAWS, RADIUS, state, surface(before), surface(after), jnp.asarray(3600.0))
    exact = 3600.0 * quad(lambda s: tafel(before + s * (after - before)), 0, 1, epsabs=0, epsrel=1e-12)[0]
    np.testing.assert_allclose(seen["charge"], exact, rtol=1e-11)


def test_mean_has_no_seam_where_the_change_is_small():
    half = jnp.array([0.999e-3, 1.001e-3])
    exact = [quad(lambda s, h=h: np.exp(h * s), -1, 1, epsrel=1e-14)[0] / 2 for h in np.asarray(half)]
    np.testing.assert_allclose(mean_exponential(-half, half), exact, rtol=1e-12)


def test_gas_and_lithium_follow_the_charge():
    table = {"Oxidation electrons per gas molecule": 3.0, "Oxidation lithium lost per electron": 0.5}
    given = from_dict({"oxidation": {**table, "Gas pressure [Pa]": "2 bar"}})[0]
    seen = given.quantities(LAWS, RADIUS, {"charge": np.array([[3 * F]])})
    assert seen["Gas from electrolyte oxidation [mol.m-2]"][0, 0] == pytest.approx(1.0)
    volume = seen["Gas volume from electrolyte oxidation [m3.m-2]"][0, 0]
    assert volume == pytest.approx(R * T / 2e5)
    assert seen["Loss of lithium to electrolyte oxidation [mol.m-2]"][0, 0] == pytest.approx(1.5)


def test_iterates_far_away_stay_finite():
    for drop in (-1e3, 1e3):
        state = MECHANISM.start(LAWS, RADIUS)
        assert np.all(np.isfinite(MECHANISM.effects(LAWS, RADIUS, state, surface(drop)).side))
