"""Shrinking core: both limits, the shell with its own oxygen, pauses, shells and losses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp
from scipy.optimize import brentq
from scipy.special import erf

from microcell.p2d.degradation.builtin import builtin, from_dict
from microcell.p2d.degradation.parameter import parameter_names
from microcell.p2d.degradation.shrinking_core import ShrinkingCore, share_below
from microcell.parameters.constants import F

from .surfaces import LAWS, RADIUS, after, march, surface

R = 3.8e-6
K1, K2, D, CORE = 8.544e-12, 1.732e-16, 1e-17, 152193.21
PAUSE = surface(x=0.8)


def core(k1=K1, k2=K2, diffusivity=D, oxygen=CORE, initial=0.0, **numbers):
    table = {
        "Shell forward rate constant [m.s-1]": k1,
        "Shell reverse rate constant [m4.mol-1.s-1]": k2,
        "Shell oxygen diffusivity [m2.s-1]": diffusivity,
        "Core oxygen concentration [mol.m-3]": oxygen,
        "Shell initial thickness [m]": initial,
    }
    return from_dict({"shrinking_core": {**table, **numbers}})[0]


def test_reaction_limit_is_linear():
    """L = k1 t, which for the share X converted is t/T = 1 - (1 - X)^(1/3)."""
    given = core(diffusivity=1e-8)
    for share in (0.01, 0.5, 0.9):
        time = share * R / K1
        seen = float(after(given, time, 5)["thickness"][0, 0])
        assert seen == pytest.approx(K1 * time, rel=1e-6)
        X = float(
            given.quantities(LAWS, RADIUS, {"thickness": seen})["Loss of active material to shell"][0, 0]
        )
        law = 1 - (1 - X) ** (1 / 3)
        assert law == pytest.approx(share, rel=1e-6)


def test_diffusion_limit_is_parabolic():
    """L^2 = 2 D c / (c_core - c) t with c = k1/k2, here so small that the shell keeps a steady profile."""
    given = core(k1=1e-6, k2=1e-7)
    growth = 2 * D * 10.0 / (CORE - 10.0)
    seen = after(given, 1e8, 200)["thickness"][1, 0]
    assert float(seen) ** 2 == pytest.approx(growth * 1e8, rel=2e-3)


def test_diffusion_limit_of_a_sphere_is_the_textbook_law():
    """t/T = 1 - 3 (1 - X)^(2/3) + 2 (1 - X) (Levenspiel, Chemical Reaction Engineering, chapter 25)."""
    given = core(k1=1e-6, k2=1e-7)
    whole = R**2 * (CORE - 10.0) / (6 * D * 10.0)
    for share in (0.1, 0.5, 0.9):
        seen = float(after(given, share * whole, 200)["thickness"][0, 0])
        rest = (1 - seen / R) ** 3
        assert 1 - 3 * rest ** (2 / 3) + 2 * rest == pytest.approx(share, rel=5e-4)


def test_oxygen_of_the_shell_slows_the_published_numbers():
    """Instant reaction, Stefan problem: L^2 = 4 m^2 D t, sqrt(pi) m exp(m^2) erf(m) = c / (c_core - c).

    A steady profile would give L^2 = 9.6e-18 m2/s t, 15 % more.
    """
    c = K1 / K2
    stefan = c / (CORE - c)
    m = brentq(lambda m: np.sqrt(np.pi) * m * np.exp(m * m) * erf(m) - stefan, 1e-6, 2)
    seen = float(after(core(k1=1e6 * K1, k2=1e6 * K2), 1e6, 200)["thickness"][1, 0])
    assert seen**2 == pytest.approx(4 * m**2 * D * 1e6, rel=1e-3)
    assert 2 * stefan * D == pytest.approx(9.6e-18, rel=1e-3)
    assert seen**2 / (2 * stefan * D * 1e6) == pytest.approx(0.869, abs=2e-3)


def by_lines(outside, L, u, time, on):
    """The equations of Zhuo 2023 by finite differences of r c_o, x from the surface: u_t = D u_xx."""
    m = len(u)
    h = 1.0 / m
    xi = np.linspace(h, 1.0, m)

    def at_core(L, u):
        r = outside - L
        a, c = 1.5 * D / (h * L), D / r
        b = D * (u[-3] - 4 * u[-2]) / (2 * h * L * r)
        if not on:
            return -b / (a + c), 0.0
        p, q = K1 + K2 * CORE + a + c, K1 * CORE - b
        seen = (p - np.sqrt(p * p - 4 * K2 * q)) / (2 * K2)
        return seen, K1 - K2 * seen

    def rates(_, y):
        L, u = y[0], y[1:].copy()
        c_core, v = at_core(L, u)
        u[-1] = (outside - L) * c_core
        full = np.concatenate([[0.0], u])
        second = (full[2:] - 2 * full[1:-1] + full[:-2]) / (h * L) ** 2
        first = (full[2:] - full[:-2]) / (2 * h)
        moved = D * second + xi[:-1] * v / L * first
        return np.concatenate([[v], moved, [0.0]])

    out = solve_ivp(rates, (0, time), np.concatenate([[L], u]), method="BDF", rtol=1e-7, atol=1e-14)
    return out.y[0, -1], out.y[1:, -1]


def test_growth_pause_and_growth_follow_the_resolved_shell():
    """Between both limits, with the published numbers: 2 h growth, 1 h pause, 2 h growth from 50 nm."""
    given, L, u = core(initial=5e-8), 5e-8, np.zeros(60)
    state, seen, exact = given.start(LAWS, RADIUS), [], []
    for time, on in ((7200.0, True), (3600.0, False), (7200.0, True)):
        L, u = by_lines(R + 5e-8, L, u, time, on)
        state = after(given, time, 20, surface() if on else PAUSE, state)
        exact.append(L)
        seen.append(float(state["thickness"][0, 0]))
    assert seen[1] == seen[0]
    np.testing.assert_allclose(np.array(seen) - 5e-8, np.array(exact) - 5e-8, rtol=1e-4)
    assert exact[0] - 5e-8 < 0.95 * K1 * 7200  # neither limit


def test_time_steps_are_of_second_order():
    given = core(initial=5e-8)
    ends = [float(after(given, 2e5, steps)["thickness"][0, 0]) for steps in (10, 20, 40)]
    assert (ends[0] - ends[1]) / (ends[1] - ends[2]) == pytest.approx(4.0, abs=0.6)


def test_share_of_a_step_below_the_threshold():
    before, end = jnp.array([0.4, 0.2, 0.2, 0.35, 0.3]), jnp.array([0.2, 0.4, 0.25, 0.35, 0.3])
    np.testing.assert_allclose(share_below(before, end, 0.3), [0.5, 0.5, 1.0, 0.0, 1.0])


def test_the_core_never_vanishes():
    state = after(core(diffusivity=1e-8), 10 * R / K1, 20)
    assert 0.0 < float(core().lost(RADIUS, state).core[0, 0]) == pytest.approx(0.01)


def test_losses_and_effects_of_a_shell():
    """Initial shell outside of the core: lithium trapped and resistance against integrals over the shell."""
    given = core(initial=5e-8, **{"Shell inverse lithium diffusivity [s.m-2]": 1e15})
    state = {**given.start(LAWS, RADIUS), "thickness": jnp.full((2, 1), 3e-7)}
    lost, outside, s = given.lost(RADIUS, state), R + 5e-8, R - 2.5e-7
    assert float(lost.core[0, 0]) == pytest.approx(s / R)
    seen = given.quantities(LAWS, RADIUS, state)
    assert float(seen["Loss of active material to shell"][0, 0]) == pytest.approx(1 - (s / R) ** 3)
    held = 0.3 * float(LAWS.c_max) * quad(lambda r: r**2 / R**2, s, R)[0]
    assert float(seen["Loss of lithium to shell [mol.m-2]"][0, 0]) == pytest.approx(held, rel=1e-9)
    plane = quad(lambda r: R**2 / r**2, s, outside)[0]
    effects = given.effects(LAWS, RADIUS, state, surface())
    assert float(effects.resistance[0, 0]) == pytest.approx(1e6 * plane, rel=1e-9)
    assert float(effects.shift[0, 0]) == pytest.approx(1e15 * plane / F, rel=1e-9)
    rise = 1e6 * (plane - quad(lambda r: R**2 / r**2, R, outside)[0])
    assert float(seen["Resistance rise by shell [Ohm.m2]"][0, 0]) == pytest.approx(rise, rel=1e-9)


def test_shells_per_place_and_size():
    """Zhuo 2023 for an electrode: shells alike, so small particles lose more; only where lithium is low."""
    given, radius = builtin("shrinking_core", "zhuo2023"), jnp.array([[1e-6], [4e-6]])
    places = surface()._replace(stoichiometry=jnp.array([[0.25], [0.35]]))
    begin, dt = given.start(LAWS, radius), jnp.asarray(1800.0)
    everywhere, at_one = (march(given, radius, begin, at, dt, 2) for at in (surface(), places))
    lost = 1 - np.asarray(given.lost(radius, everywhere).core) ** 3
    assert lost[0, 0] > 3.8 * lost[1, 0] > 0.0
    np.testing.assert_allclose(at_one["thickness"], [everywhere["thickness"][0], [5e-8]], rtol=1e-12)


def test_derivatives_run_backwards_through_the_speed():
    """By k1 and by where the surface is below the threshold, against central differences; two volumes."""
    values = {field: getattr(core(initial=5e-8), field) for field in parameter_names(ShrinkingCore)}
    begin, dt = ShrinkingCore(**values, volumes=2).start(LAWS, RADIUS), jnp.asarray(3600.0)

    def thickness(log_k1, x):
        given = ShrinkingCore(**{**values, "forward": jnp.exp(log_k1)}, volumes=2)
        return given.advance(LAWS, RADIUS, begin, surface(x=0.35), surface(x=x), dt)["thickness"][0, 0]

    at, step = (jnp.log(K1), jnp.asarray(0.27)), 1e-4
    both = jax.jit(jax.value_and_grad(thickness, argnums=(0, 1)))
    seen = both(*at)[1]
    for k, derivative in enumerate(seen):
        ends = [both(*(a + sign * step * (j == k) for j, a in enumerate(at)))[0] for sign in (1, -1)]
        assert float(derivative) == pytest.approx(float(ends[0] - ends[1]) / (2 * step), rel=1e-5)
