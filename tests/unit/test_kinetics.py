"""Charge transfer through the film against high precision, limits and finite differences (model, sections 3,
4)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, getcontext

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array
from scipy.optimize import brentq
from small_cells import traced

from microcell import ParameterSet
from microcell.parameters.constants import F, R
from microcell.parameters.laws import Laws
from microcell.physics import kinetics
from microcell.physics.kinetics import FaceProblem

NMC = ParameterSet.builtin("nmc811")
LAWS = traced(NMC)
T, C_MAX, I00 = 298.15, 50636.0, 3.08753062784e-06
RT_F = R * T / F
FLAT = traced(NMC.set("Active open-circuit potential [V]", 3.8))
"""A constant open-circuit potential, so that the current follows from the voltage alone."""


def problem(
    voltage: object, *, x: object = 0.5, c_e: object = 1000.0, resistance: object = 0.0, shift: object = 0.0
) -> FaceProblem:
    """A face problem from numbers; lengths follow the longest."""
    values = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(v, float)) for v in (voltage, x, c_e, resistance, shift))
    )
    v, x_, c, r, s = (jnp.asarray(a) for a in values)
    return FaceProblem(v, x_ * C_MAX, c, r, s)


def solve(laws: Laws, p: FaceProblem) -> np.ndarray:
    root = kinetics.solve_faces(laws, p, jnp.zeros_like(p.voltage))
    assert int(root.failures) == 0
    return np.asarray(root.value)


def with_i0(laws: Laws, i0: float) -> Laws:
    """Laws whose exchange current density at x = 0.5 and 1 mol/l is ``i0``."""
    return laws.__class__(**(vars(laws) | {"i00": jnp.float64(i0 / (np.sqrt(1000.0) * 0.5 * C_MAX))}))


def exact_current(eta: float, i0: float, resistance: float) -> float:
    """Bisect ``eta = R i + (2RT/F) asinh(i / 2 i0)`` with 60 digits, in y = asinh(i / 2 i0)."""
    getcontext().prec = 60
    two_i0, r, b, e = 2 * Decimal(i0), Decimal(resistance), 2 * Decimal(RT_F), Decimal(eta)
    low, high = sorted((Decimal(0), e / b))
    for _ in range(170):
        y = (low + high) / 2
        i = two_i0 * (y.exp() - (-y).exp()) / 2
        low, high = (y, high) if r * i + b * y < e else (low, y)
    y = (low + high) / 2
    return float(two_i0 * (y.exp() - (-y).exp()) / 2)


@pytest.mark.parametrize("i0", [1e-8, 1e-5, 1e-2, 1.0, 1e2, 1e4])
def test_currents_over_twelve_decades_against_sixty_digits(i0: float) -> None:
    """eta = phi_s - phi_e - U from 1e-9 to 1 V, both signs, film 0 to 100 nm at 1e-7 S/m, i0 from 1e-8 to 1e4
    A/m2.

    The current follows from eta = R i + (2RT/F) asinh(i / 2 i0), solved in 60-digit decimals. The voltage is
    formed as U + eta in float64, which leaves 4e-16 V of doubt: 1e-15 / eta, at most 1e-6; elsewhere the
    tolerance 1e-13 of the root in y (the current is sinh y) times y, so 1e-11.
    """
    eta = np.array([s * e for e in (1e-9, 1e-6, 1e-3, 0.03, 0.1, 0.3, 1.0) for s in (1, -1)])
    for thickness in (0.0, 2e-10, 1e-8, 1e-7):
        voltage = 3.8 + eta
        resistance = thickness / 1e-7
        found = solve(with_i0(FLAT, i0), problem(voltage, resistance=resistance))
        exact = np.array([exact_current(v - 3.8, i0, resistance) for v in voltage])
        assert np.all(np.abs(found - exact) <= (1e-11 + 2e-15 / np.abs(eta)) * np.abs(exact))


def test_the_exchange_current_density() -> None:
    """i0 = 3.0875e-6 sqrt(1000) 25318 = 2.472 A/m2 at x = 0.5 and 1 mol/l (Eq. 5); half of it at a quarter of
    c_e."""
    i0 = kinetics.exchange_current_density(LAWS, jnp.array([1000.0, 250.0]), jnp.full(2, 0.5 * C_MAX))
    assert float(i0[0]) == pytest.approx(I00 * np.sqrt(1000.0) * 0.5 * C_MAX, rel=1e-14)
    assert float(i0[0]) == pytest.approx(2.472, abs=5e-4)
    assert float(i0[1]) == pytest.approx(0.5 * float(i0[0]), rel=1e-14)


def test_small_overpotentials_see_charge_transfer_and_film_in_series() -> None:
    """eta = 1e-5 V: i = eta / (RT/(F i0) + L/kappa), RT/(F i0) = 25.69 mV / 2.472 A/m2; sinh adds (F
    eta/2RT)^2/6 = 6e-9."""
    i0 = I00 * np.sqrt(1000.0) * 0.5 * C_MAX
    for thickness in (0.0, 2e-10, 1e-8):
        found = solve(FLAT, problem(3.8 + 1e-5, resistance=thickness / 1e-7))[0]
        assert found == pytest.approx(1e-5 / (RT_F / i0 + thickness / 1e-7), rel=1e-8)


def test_large_overpotentials_follow_the_tafel_line() -> None:
    """eta = 0.4 V without film: i = i0 exp(F eta / 2RT); the back reaction is exp(-F eta/RT) = 1.7e-7 of
    it."""
    i0 = I00 * np.sqrt(1000.0) * 0.5 * C_MAX
    assert solve(FLAT, problem(4.2))[0] == pytest.approx(i0 * np.exp(0.4 / (2 * RT_F)), rel=2e-7)


def test_a_thick_film_is_a_resistor() -> None:
    """10 um at 1e-7 S/m = 100 Ohm.m2 against RT/(F i0) = 0.0104: i = eta / 100 within 1.1e-4 for eta = 0.1
    V."""
    assert solve(FLAT, problem(3.9, resistance=100.0))[0] == pytest.approx(1e-3, rel=1.1e-4)


def test_a_face_at_equilibrium_carries_nothing() -> None:
    """phi_s - phi_e = U(x): i = 0 to the rounding of U in volts over R_ct (4e-16 V * 97 S/m2 = 4e-14
    A/m2)."""
    x = np.linspace(0.1, 0.95, 12)
    u = np.asarray(LAWS.ocp(jnp.asarray(x), T))
    assert np.all(np.abs(solve(LAWS, problem(u, x=x, resistance=2e-3, shift=50.0))) <= 2e-13)


def test_anodic_current_is_positive() -> None:
    """A solid above its open-circuit potential releases lithium: charge of the cathode, i > 0; below it, i <
    0."""
    u = float(LAWS.ocp(jnp.float64(0.5), T))
    assert solve(LAWS, problem([u + 0.05, u - 0.05]))[0] > 0 > solve(LAWS, problem([u + 0.05, u - 0.05]))[1]


def written_equation(laws: Laws, p: FaceProblem) -> Callable[[float], float]:
    """Eqs. 4-6 as printed, with sinh, in Python floats (inside the guard)."""
    v, c_s, c_e, r, shift = (float(a[0]) for a in p)

    def miss(i: float) -> float:
        c_if = c_s - shift * i
        assert 1e-4 * C_MAX < c_if < (1 - 1e-4) * C_MAX
        u = float(laws.ocp(jnp.float64(c_if / C_MAX), T))
        i0 = float(laws.i00) * c_e**0.5 * c_if**0.5 * (C_MAX - c_if) ** 0.5
        return i - 2 * i0 * np.sinh(F / (2 * R * T) * (v - u - r * i))

    return miss


@pytest.mark.parametrize(("x", "eta"), [(0.25, 0.2), (0.5, -0.1), (0.9, 0.05), (0.9, -0.01), (0.3, 1e-4)])
def test_the_lithium_shift_in_the_film_enters_potential_and_rate(x: float, eta: float) -> None:
    """L = 0.5 nm, D = 1e-17 m2/s: c_if = c_so - i L/(F D). Eq. 4 as printed, solved by Brent's method (1e-9).

    Brent's result is good to 1e-12 A/m2 in i; the sinh form amplifies rounding, hence 1e-9 relative.
    """
    shift = 5e-10 / (F * 1e-17)
    p = problem(float(LAWS.ocp(jnp.float64(x), T)) + eta, x=x, resistance=5e-3, shift=shift)
    reach = 0.9 * C_MAX * min(x, 1 - x) / shift
    expected = brentq(written_equation(LAWS, p), -reach, reach, xtol=1e-13, rtol=1e-14)
    assert solve(LAWS, p)[0] == pytest.approx(expected, rel=1e-9)
    # the shift matters here: without it the answer differs by more than a per mille
    assert abs(solve(LAWS, p._replace(shift=0 * p.shift))[0] / expected - 1) > 1e-3


def test_the_guess_does_not_change_the_answer() -> None:
    """Starts of 0, the root and far off give one current (twice the root's tolerance, 1e-11)."""
    p = problem([3.5, 3.9, 4.3], x=0.5, resistance=2e-3, shift=50.0)
    found = solve(LAWS, p)
    for start in (found, -1e6 * np.ones(3), 1e9 * np.ones(3)):
        again = kinetics.solve_faces(LAWS, p, jnp.asarray(start))
        assert np.allclose(again.value, found, rtol=1e-11)


def test_far_beyond_the_guard_there_is_still_a_root() -> None:
    """c_s from -0.5 to 1.5 c_max, voltages 2 to 5 V, film shift 500 mol/m3 per A/m2: no face without a
    current.

    The equation is met: what is left of it is below 1e-9 V.
    """
    x, v = (a.ravel() for a in np.meshgrid(np.linspace(-0.5, 1.5, 21), np.linspace(2.0, 5.0, 7)))
    p = problem(v, x=x, resistance=2e-3, shift=500.0)
    current = solve(LAWS, p)
    assert np.all(np.abs(kinetics.voltage_balance(LAWS, p, jnp.asarray(current))) < 1e-9)


def test_lithiation_dies_out_as_the_solid_fills_up() -> None:
    """At 2.5 V the intercalation current falls monotonically for x from 0.99 to 1.05 and has turned round at
    1.05.

    Beyond the guard U falls by at least 100 V per unit x: at x = 1.05 by 5 V, to below -1 V, so that 2.5 V
    drives lithium out. With U held at the guard instead, the current would go on into a full solid.
    """
    x = np.linspace(0.99, 1.05, 61)
    current = solve(LAWS, problem(2.5, x=x, resistance=2e-3))
    assert current[0] < 0
    assert np.all(np.diff(current) > 0)
    assert current[-1] > 0


def test_delithiation_dies_out_as_the_solid_empties() -> None:
    """At 5.2 V the current out of the solid falls for x from 0.01 to -0.05 and has turned round at -0.05."""
    x = np.linspace(0.01, -0.05, 61)
    current = solve(LAWS, problem(5.2, x=x, resistance=2e-3))
    assert current[0] > 0
    assert np.all(np.diff(current) < 0)
    assert current[-1] < 0


def test_the_part_beyond_the_guard_is_reported() -> None:
    """Eq. 6: c_if = c_s - shift i, held in [1e-4, 1 - 1e-4] c_max; 0.5 c_max - 10 * 3000 lies 4682 + 5.06
    below it."""
    inside, beyond = kinetics.interface_concentration(
        LAWS, problem([0, 0], shift=10.0), jnp.array([100.0, 3000.0])
    )
    assert np.allclose(inside, [0.5 * C_MAX - 1000, 1e-4 * C_MAX], rtol=1e-14)
    assert np.allclose(beyond, [0.0, 0.5 * C_MAX - 30000 - 1e-4 * C_MAX], rtol=1e-12)


def derivative(solve_at: Callable[[Array], np.ndarray], at: Array, h: float) -> np.ndarray:
    """Fourth-order central difference."""
    f = [solve_at(at + k * h) for k in (-2, -1, 1, 2)]
    return (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h)


def test_sensitivities_are_the_derivatives_of_the_solved_current() -> None:
    """12 random faces with film and shift: dI/dV, dI/dc_s, dI/dc_e against fourth-order differences (1e-6).

    Differences of a root known to 1e-13 over steps of 1e-4 leave about 1e-8.
    """
    rng = np.random.default_rng(4)
    x = rng.uniform(0.25, 0.95, 12)
    u = np.asarray(LAWS.ocp(jnp.asarray(x), T))
    p = problem(
        u + rng.uniform(-0.1, 0.1, 12),
        x=x,
        c_e=rng.uniform(300, 2000, 12),
        resistance=rng.uniform(0, 0.01, 12),
        shift=rng.uniform(0, 100, 12),
    )
    found = kinetics.sensitivities(LAWS, p, jnp.asarray(solve(LAWS, p)))
    for name, h in (("voltage", 1e-4), ("c_solid", 1.0), ("c_electrolyte", 1.0)):
        expected = derivative(lambda a, n=name: solve(LAWS, p._replace(**{n: a})), getattr(p, name), h)  # type: ignore[misc]
        assert np.allclose(getattr(found, name), expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())


def test_sensitivities_hold_beyond_the_guard() -> None:
    """x = 1.01 and -0.01, where U is the steep line: the same comparison (1e-5)."""
    p = problem([2.5, 4.8], x=[1.01, -0.01], resistance=2e-3, shift=20.0)
    found = kinetics.sensitivities(LAWS, p, jnp.asarray(solve(LAWS, p)))
    for name, h in (("voltage", 1e-4), ("c_solid", 1e-1)):
        expected = derivative(lambda a, n=name: solve(LAWS, p._replace(**{n: a})), getattr(p, name), h)  # type: ignore[misc]
        assert np.allclose(getattr(found, name), expected, rtol=1e-5)


def plane(
    phi: object, c: object = 1000.0, resistance: object = 0.0, shift: object = 0.0, potential: object = 0.0
) -> kinetics.PlaneProblem:
    given = (phi, c, resistance, shift, potential)
    values = np.broadcast_arrays(*(np.atleast_1d(np.asarray(v, float)) for v in given))
    return kinetics.PlaneProblem(*(jnp.asarray(v) for v in values))


def lithium(*given: object, **more: object) -> np.ndarray:
    p = plane(*given, **more)
    root = kinetics.solve_lithium(LAWS, p, jnp.zeros_like(p.phi_e))
    assert int(root.failures) == 0
    return np.asarray(root.value)


def test_the_lithium_plane_without_resistance_is_a_sinh() -> None:
    """i = 2 i0 (c/c_ref)^0.5 sinh(-F phi_e / 2RT), i0 = 20 A/m2, c = 250: stripping where phi_e < 0
    (1e-11)."""
    phi = np.array([-0.5, -0.1, -1e-3, 1e-3, 0.1, 0.5])
    assert np.allclose(lithium(phi, c=250.0), 20.0 * np.sinh(-phi / (2 * RT_F)), rtol=1e-11)
    assert lithium(-0.1)[0] > 0 > lithium(0.1)[0]


def test_the_half_cell_resistance_is_in_series() -> None:
    """phi_e = -1e-5 V, 1e-3 Ohm.m2: i = 1e-5 / (RT/(F 20) + 1e-3); the sinh adds 6e-9."""
    assert lithium(-1e-5, resistance=1e-3)[0] == pytest.approx(1e-5 / (RT_F / 20 + 1e-3), rel=1e-8)


def test_salt_at_the_lithium_plane() -> None:
    """Stripping at 10 A/m2 raises the salt from 1000 in the cell to 1200 at the plane, 20 per A/m2: phi_e of
    the cell is -(2RT/F) asinh(10 / 2 i0(1200)) - 0.1 V ln 1.2; depositing lowers it to 800 (1e-12)."""
    for current, at_plane in ((10.0, 1200.0), (-10.0, 800.0)):
        eta = 2 * RT_F * np.arcsinh(current / (2 * 20.0 * np.sqrt(at_plane / 1000.0)))
        phi = -eta - 0.1 * np.log(at_plane / 1000.0)
        assert lithium(phi, shift=20.0, potential=0.1)[0] == pytest.approx(current, rel=1e-12)


def test_the_lithium_plane_without_salt_still_has_a_root() -> None:
    """Deposition that would empty the plane goes down to a hundredth of the cell's salt, not beyond: 1 V and
    0.01 Ohm.m2 give the current of i0(10) (1e-9)."""
    found = lithium(1.0, resistance=0.01, shift=1000.0, potential=0.05)[0]
    i0 = 20.0 * np.sqrt(0.01)
    left = -1.0 - 0.01 * found - 0.05 * np.log(0.01) - 2 * RT_F * np.arcsinh(found / (2 * i0))
    assert found < -10.0
    assert abs(left) < 1e-9


def test_sensitivities_of_the_lithium_plane() -> None:
    """dI/dphi_e (negative) and dI/dc against differences (1e-7), with a drop of salt and without."""
    phi, c, r = np.array([-0.05, 0.02]), np.array([800.0, 1500.0]), np.array([1e-3, 2e-4])
    for more in ({}, {"shift": 3.0, "potential": 0.07}):
        solved = jnp.asarray(lithium(phi, c, r, **more))
        p = plane(phi, c, r, **more)
        by_salt = jax.tree.map(jnp.zeros_like, p)._replace(c=jnp.ones_like(p.c))
        by_phi, by_c = kinetics.lithium_sensitivities(LAWS, p, by_salt, solved)
        assert np.all(np.asarray(by_phi) < 0)
        assert np.allclose(by_phi, derivative(lambda a, m=more: lithium(a, c, r, **m), phi, 1e-4), rtol=1e-7)  # type: ignore[misc]
        assert np.allclose(by_c, derivative(lambda a, m=more: lithium(phi, a, r, **m), c, 1.0), rtol=1e-7)  # type: ignore[misc]
