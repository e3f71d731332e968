"""Two-point fluxes between cells against the equations of the model, sections 2 and 6."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_cells import parameters, traced

from microcell import ParameterSet
from microcell.parameters.constants import F, R
from microcell.physics.transport import (
    CellProperties,
    FaceFluxes,
    Side,
    electrolyte_properties,
    face_fluxes,
    solid_properties,
)

T = 298.15


def side(
    *,
    sigma: float = 0.0,
    kappa: float = 0.0,
    fd: float = 0.0,
    t: float = 0.0,
    factor: float = 0.0,
    c: float = 0.0,
    phi_s: float = 0.0,
    phi_e: float = 0.0,
) -> Side:
    """One cell; where it holds electrolyte the logarithm of c is filled in."""
    log_c = np.log(c) if kappa else 0.0
    properties = CellProperties(*(jnp.float64(v) for v in (sigma, kappa, fd, t, factor, log_c)))
    return Side(properties, jnp.float64(c), jnp.float64(phi_s), jnp.float64(phi_e))


def salt(
    c: float, phi_e: float, *, kappa: float = 1.0, fd: float = 2e-5, t: float = 0.3, factor: float = 2.0
) -> Side:
    return side(kappa=kappa, fd=fd, t=t, factor=factor, c=c, phi_e=phi_e)


def solid(c: float, phi_s: float, *, sigma: float = 0.5, fd: float = 1e-9) -> Side:
    return side(sigma=sigma, fd=fd, c=c, phi_s=phi_s)


def fluxes(
    low: Side, high: Side, h_low: float = 2e-7, h_high: float = 2e-7, contact: float | None = None
) -> FaceFluxes:
    return face_fluxes(
        low,
        high,
        jnp.float64(h_low),
        jnp.float64(h_high),
        jnp.float64(T),
        None if contact is None else jnp.float64(contact),
    )


PAIRS = [
    (salt(1000.0, 0.01), salt(1200.0, -0.02, kappa=0.4, fd=5e-6, t=0.25, factor=1.5)),
    (solid(20000.0, 0.0), solid(21000.0, 0.01, sigma=2.0, fd=3e-9)),
    (solid(20000.0, 0.0), salt(1000.0, 0.0)),
    (
        side(sigma=10.0, kappa=0.2, fd=1e-6, t=0.3, factor=2.0, c=900.0, phi_s=0.1, phi_e=0.2),
        salt(1100.0, 0.1),
    ),
    (side(sigma=10.0, kappa=0.2, fd=1e-6, t=0.3, factor=2.0, c=900.0, phi_s=0.1), solid(20000.0, 0.3)),
]


@pytest.mark.parametrize(("low", "high"), PAIRS)
def test_swapping_the_sides_turns_every_flux_round(low: Side, high: Side) -> None:
    """Half distances 2e-7 and 5e-7 m swap with the cells; fluxes change sign bit for bit up to one rounding
    (1e-15)."""
    forward, backward = fluxes(low, high, 2e-7, 5e-7), fluxes(high, low, 5e-7, 2e-7)
    for a, b in zip(forward, backward, strict=True):
        assert float(a) == pytest.approx(-float(b), rel=1e-14, abs=1e-300)


@pytest.mark.parametrize(("low", "_"), PAIRS)
def test_equal_cells_exchange_nothing(low: Side, _: Side) -> None:
    """The same concentration and potentials on both sides: all three fluxes are exactly zero."""
    assert all(float(f) == 0.0 for f in fluxes(low, low, 2e-7, 5e-7))


def test_ohms_law_in_a_uniform_electrolyte() -> None:
    """kappa = 1 S/m, 10 mV over 4e-7 m: i = 1 * 0.01 / 4e-7 = 25 000 A/m2, and t_plus of it as lithium
    (1e-14)."""
    found = fluxes(salt(1000.0, 0.01), salt(1000.0, 0.0))
    assert float(found.ionic) == pytest.approx(25000.0, rel=1e-14)
    assert float(found.lithium) == pytest.approx(0.3 * 25000.0, rel=1e-14)
    assert float(found.electronic) == 0.0


def test_ficks_law_without_current() -> None:
    """phi_e such that i_e = 0: F N = F D (1000 - 900) / 4e-7 = 5000 A/m2; the potential is (2RT/F) 0.7 2 ln(c
    ratio).

    The current left is the rounding of a difference of two terms of 25 000 * 0.008 (1e-9 A/m2).
    """
    rise = 2 * R * T / F * 0.7 * 2.0 * np.log(900.0 / 1000.0)
    found = fluxes(salt(1000.0, 0.0), salt(900.0, rise))
    assert abs(float(found.ionic)) <= 1e-9
    assert float(found.lithium) == pytest.approx(2e-5 * 100.0 / 4e-7, rel=1e-12)


def test_the_diffusion_potential_drives_current_to_the_concentrated_side() -> None:
    """Equal potentials: i = kappa (2RT/F)(1 - t)(1 + dlnf/dlnc) (ln c_high - ln c_low) / d, towards higher c
    (1e-13)."""
    found = fluxes(salt(1000.0, 0.0), salt(1100.0, 0.0))
    expected = 1.0 * 2 * R * T / F * 0.7 * 2.0 * np.log(1.1) / 4e-7
    assert expected > 0
    assert float(found.ionic) == pytest.approx(expected, rel=1e-13)


def test_two_electrolytes_in_series() -> None:
    """kappa 1 and 0.4 over 2e-7 and 5e-7 m: 1/(2e-7/1 + 5e-7/0.4) S/m2; t_plus and factor at their means
    (1e-13)."""
    low, high = PAIRS[0]
    found = fluxes(low, high, 2e-7, 5e-7)
    g = 1 / (2e-7 / 1.0 + 5e-7 / 0.4)
    ionic = g * (0.03 + 2 * R * T / F * (1 - 0.275) * 1.75 * np.log(1.2))
    diffusion = 1 / (2e-7 / 2e-5 + 5e-7 / 5e-6) * (1000.0 - 1200.0)
    assert float(found.ionic) == pytest.approx(ionic, rel=1e-13)
    assert float(found.lithium) == pytest.approx(diffusion + 0.275 * ionic, rel=1e-12)


def test_solid_and_electrolyte_do_not_diffuse_into_each_other() -> None:
    """Both store lithium, 20 000 against 1000 mol/m3: through their common face nothing flows; the kinetics
    do that."""
    assert all(float(f) == 0.0 for f in fluxes(solid(20000.0, 0.5), salt(1000.0, 0.1)))


def test_carbon_binder_passes_electrons_to_active_material() -> None:
    """sigma 10 and 0.5 over 2e-7 m each, 0.2 V: i_s = 0.2 / (2e-8 + 4e-7), no lithium (1e-13)."""
    found = fluxes(PAIRS[4][1]._replace(phi_s=jnp.float64(0.3)), PAIRS[4][0])
    assert float(found.electronic) == pytest.approx(0.2 / (2e-7 / 10.0 + 2e-7 / 0.5), rel=1e-13)
    assert float(found.lithium) == 0.0


def test_a_contact_resistance_is_in_series_for_electrons_only() -> None:
    """sigma = 0.5 over 4e-7 m is 8e-7 Ohm.m2, plus 1e-6: i_s = 0.01 / 1.8e-6; lithium diffuses as before
    (1e-13)."""
    low, high = solid(20000.0, 0.01), solid(21000.0, 0.0)
    found, without = fluxes(low, high, contact=1e-6), fluxes(low, high)
    assert float(found.electronic) == pytest.approx(0.01 / 1.8e-6, rel=1e-13)
    assert float(found.lithium) == float(without.lithium) != 0.0


def test_an_insulated_contact_blocks_electrons_and_lithium() -> None:
    """Infinite contact resistance between two particles: nothing at all."""
    assert all(float(f) == 0.0 for f in fluxes(solid(20000.0, 0.01), solid(21000.0, 0.0), contact=np.inf))


def test_an_insulated_contact_with_a_dead_particle_is_no_nan() -> None:
    """A particle that takes no part conducts nothing (sigma = 0); infinity times zero must not come out of
    it."""
    dead = side()
    assert all(float(f) == 0.0 for f in fluxes(dead, dead, contact=np.inf))
    assert all(float(f) == 0.0 for f in fluxes(solid(20000.0, 0.01), dead, contact=np.inf))


@pytest.mark.parametrize("contact", [None, 0.0, 1e-6, np.inf])
def test_fluxes_can_be_differentiated_where_a_field_is_missing(contact: float | None) -> None:
    """The Jacobian runs through cells without electrolyte or solid and blocked contacts: every derivative is
    finite."""
    for low, high in [*PAIRS, (side(), salt(1000.0, 0.0)), (side(), side())]:
        jacobian = jax.jacfwd(lambda a, b: fluxes(a, b, contact=contact), argnums=(0, 1))(low, high)
        assert all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves(jacobian))


def test_properties_are_those_of_the_parameters() -> None:
    """Constant set: sigma = 1 S/m, F D_s = F 1e-14; kappa = 1, F D_e = F 3e-10, t_plus 0.3, factor 2
    (1e-14)."""
    laws = traced(parameters())
    sigma, mobility = solid_properties(laws, jnp.float64(25000.0))
    assert (float(sigma), float(mobility)) == pytest.approx((1.0, F * 1e-14), rel=1e-14)
    found = electrolyte_properties(laws, jnp.float64(1000.0))
    assert [float(v) for v in found] == pytest.approx([1.0, F * 3e-10, 0.3, 2.0], rel=1e-14)


def test_properties_of_the_solid_are_asked_at_the_stoichiometry() -> None:
    """D_s = 1e-14 (1 + x): at c = 0.25 c_max the law must see x = 0.25 (1e-14)."""
    laws = traced(ParameterSet.builtin().set("Active diffusivity [m2.s-1]", lambda x, T: 1e-14 * (1 + x)))
    assert float(solid_properties(laws, 0.25 * laws.c_max)[1]) == pytest.approx(F * 1.25e-14, rel=1e-14)
