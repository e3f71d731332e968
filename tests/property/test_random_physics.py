"""Properties that must hold for any numbers, not only for chosen ones."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from microcell_kernels import stencil
from microcell_kernels.faces import series_conductance
from microcell_kernels.pointwise import decreasing_root
from small_cells import traced

from microcell import ParameterSet
from microcell.physics import film, kinetics
from microcell.solve.formula import formula, integrate

QUICK = settings(max_examples=60, deadline=None, derandomize=True)
LAWS = traced(ParameterSet.builtin("nmc811"))
C_MAX, L0, K = 50636.0, 0.2e-9, 3.9e-23
positive = st.floats(1e-12, 1e12)
step = st.floats(1e-3, 1e3)


@QUICK
@given(positive, positive, st.floats(1e-9, 1e-3), st.floats(1e-9, 1e-3))
def test_a_series_conductance_is_below_both_halves_and_symmetric(
    a: float, b: float, h: float, g: float
) -> None:
    """Two half cells in series conduct less than either alone, and the same from both sides (to rounding,
    1e-14)."""
    k, m, u, v = (jnp.float64(x) for x in (a, b, h, g))
    found = float(series_conductance(k, m, u, v))
    assert 0 < found <= min(a / h, b / g) * (1 + 1e-14)
    assert abs(found / float(series_conductance(m, k, v, u)) - 1) <= 1e-14


@QUICK
@given(st.integers(0, 2**32 - 1))
def test_no_flux_field_creates_or_loses_anything(seed: int) -> None:
    """Whatever the fluxes between 3 x 4 x 5 cells, the outflows sum to zero: integers, so exactly."""
    rng = np.random.default_rng(seed)
    for axis in stencil.AXES:
        shape = [3, 4, 5]
        shape[axis] -= 1
        flux = jnp.asarray(rng.integers(-1000, 1000, shape).astype(float))
        assert float(stencil.outflow(flux, axis).sum()) == 0.0


@jax.jit
def solve_cubic(offset: jax.Array, linear: jax.Array, cubic: jax.Array, guess: jax.Array) -> tuple:
    def f(x: jax.Array) -> tuple[jax.Array, jax.Array]:
        return offset - linear * x - cubic * x**3, -linear - 3 * cubic * x**2

    bound = jnp.full_like(offset, 1e7)
    return decreasing_root(f, -bound, bound, guess)


@QUICK
@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.floats(0, 1e6), st.floats(-1e8, 1e8))
def test_any_decreasing_cubic_has_its_root_found(
    offset: float, linear: float, cubic: float, guess: float
) -> None:
    """b = a x + c x^3 with a > 0: the root lies at sign(b), |x| <= |b| / a; found or outside of the bracket.

    The last step is below 1e-13 (1 + |x|): x plus and minus 1e-12 (1 + |x|) must have values of different
    sign.
    """
    one = jnp.ones(1)
    root = solve_cubic(offset * one, linear * one, cubic * one, guess * one)
    x = float(root.value[0])
    reach = 1e-12 * (1 + abs(x))
    if abs(offset) < 0.9e7 * linear or cubic * 1e21 > abs(offset):
        assert int(root.failures) == 0
        values = [offset - linear * y - cubic * y**3 for y in (x - reach, x + reach)]
        slack = 1e-15 * (abs(offset) + linear * abs(x) + cubic * abs(x) ** 3)
        assert values[0] >= -slack
        assert values[1] <= slack


@jax.jit
def face_current(v: jax.Array, x: jax.Array, c: jax.Array, r: jax.Array, s: jax.Array) -> tuple:
    problem = kinetics.FaceProblem(v, x * C_MAX, c, r, s)
    root = kinetics.solve_faces(LAWS, problem, jnp.zeros_like(v))
    return root.value, root.failures, kinetics.voltage_balance(LAWS, problem, root.value)


@QUICK
@given(
    st.floats(1.0, 6.0),
    st.floats(-0.2, 1.2),
    st.floats(0.0, 4000.0),
    st.floats(1e-9, 10.0),
    st.floats(0.0, 1000.0),
)
def test_every_face_has_a_current(v: float, x: float, c: float, r: float, s: float) -> None:
    """Any voltage, lithiation (even impossible ones), salt, film: a finite current that satisfies Eq. 4
    within 1 nV.

    Where the current is huge (an emptied face with no film), the balance rounds with R i: 1e-12 of it is
    allowed.
    """
    current, failures, left = face_current(*(jnp.full(1, a) for a in (v, x, c, r, s)))
    assert int(failures) == 0
    assert np.isfinite(float(current[0]))
    assert abs(float(left[0])) <= 1e-9 + 1e-12 * (r * abs(float(current[0])) + 1e5)


@QUICK
@given(st.floats(2.5, 4.5), st.floats(1e-4, 0.5), st.floats(0.05, 0.95), st.floats(0.0, 100.0))
def test_more_voltage_drives_more_current_out(v: float, dv: float, x: float, s: float) -> None:
    """The face current rises with phi_s - phi_e, strictly."""
    both = [face_current(*(jnp.full(1, a) for a in (u, x, 1000.0, 2e-3, s)))[0] for u in (v, v + dv)]
    assert float(both[1][0]) > float(both[0][0])


@QUICK
@given(st.floats(-1e4, 6e4), st.floats(-1e4, 6e4))
def test_the_mobile_share_lies_between_zero_and_one_and_falls_with_lithium(a: float, b: float) -> None:
    low, high = sorted((a, b))
    share = np.asarray(film.mobile_fraction(LAWS, jnp.array([low, high])))
    assert 0 <= share[1] <= share[0] <= 1


@QUICK
@given(st.floats(0, 6e4), st.floats(0, 6e4))
def test_the_mean_share_lies_between_those_of_the_ends(a: float, b: float) -> None:
    """Lithium may rise or fall along the way: the share is monotonic, its mean the same there and back."""
    ends = np.asarray(film.mobile_fraction(LAWS, jnp.array([a, b])))
    there, back = (float(film.mean_fraction(LAWS, *map(jnp.float64, way))) for way in ((a, b), (b, a)))
    assert there == back
    assert ends.min() * (1 - 1e-12) <= there <= ends.max() * (1 + 1e-12)


@QUICK
@given(st.floats(0, 1), st.floats(0, 1e6), st.floats(0, 1))
def test_growth_of_parts_is_growth_of_the_whole(s: float, dt: float, cut: float) -> None:
    """At a fixed share any division of a step gives the same film; L^2 - L0^2 = 2 K s t (1e-12), and it never
    thins."""
    share, parts = jnp.float64(s), jnp.float64(L0)
    for part in (cut * dt, (1 - cut) * dt):
        parts = film.grow(LAWS, parts, share, jnp.float64(part))
    whole = float(film.grow(LAWS, jnp.float64(L0), share, jnp.float64(dt)))
    assert abs(whole / np.sqrt(L0**2 + 2 * K * float(share) * dt) - 1) <= 1e-12
    assert abs(float(parts) / whole - 1) <= 1e-12
    assert whole >= L0 * (1 - 1e-15)


@QUICK
@given(step, step, step, st.floats(-10, 10), st.floats(-10, 10), st.floats(-10, 10))
def test_bdf2_is_exact_for_any_quadratic_and_any_steps(
    h: float, h1: float, h2: float, a: float, b: float, c: float
) -> None:
    """Steps over six decades in any order, y = a + b t + c t^2 about the new time: y' = b there, to rounding.

    The rounding is that of the largest value over the smallest of the new and the last step.
    """
    times = (-h, -h - h1, -h - h1 - h2)
    found = formula(h, times)
    y = [a + b * t + c * t * t for t in times]
    scale = 1e-14 * (abs(found.a1 * y[0]) + abs(found.a2 * y[1]) + abs(found.a0 * a) + 1)
    assert abs(found.a0 * a + found.a1 * y[0] + found.a2 * y[1] - h * b) <= 100 * scale
    weights = np.array(found.predict_c)
    assert abs(np.dot(weights, y) - a) <= 1e-12 * (np.abs(weights * y).sum() + 1)
    assert abs(integrate(found, y, b) - a) <= 100 * scale
