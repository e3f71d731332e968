"""Elementwise root finding against closed forms, kinks, bad guesses and exhausted iterations."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array
from microcell_kernels.pointwise import decreasing_root


def bracket(like: Array, size: float = 1e6) -> tuple[Array, Array]:
    return jnp.full_like(like, -size), jnp.full_like(like, size)


def cubic(t: Array):  # type: ignore[no-untyped-def]
    """``t - x - x^3``: falls everywhere, linear for small and cubic for large t."""
    return lambda x: (t - x - x**3, -1 - 3 * x**2)


def cubic_root(t: np.ndarray) -> np.ndarray:
    """Closed form of ``x + x^3 = t``."""
    return 2 / np.sqrt(3) * np.sinh(np.arcsinh(1.5 * np.sqrt(3) * t) / 3)


def test_roots_over_twelve_decades_at_once() -> None:
    """x + x^3 = t for t from 1e-6 to 1e6, both signs: x = 2/sqrt3 sinh(asinh(1.5 sqrt3 t)/3), to the
    tolerance."""
    t = jnp.concatenate([-jnp.logspace(-6, 6, 49), jnp.logspace(-6, 6, 49), jnp.zeros(1)])
    root = decreasing_root(cubic(t), *bracket(t), jnp.zeros_like(t))
    exact = cubic_root(np.asarray(t))
    assert int(root.failures) == 0
    assert np.all(np.abs(root.value - exact) <= 2e-13 * (1 + np.abs(exact)))


def test_a_guess_outside_the_bracket_is_moved_inside() -> None:
    """x + x^3 = 10 has the root 2 exactly; a start at 1e9 outside (-3, 3) must find it as well (tolerance
    1e-13)."""
    t = jnp.full(2, 10.0)
    root = decreasing_root(cubic(t), jnp.full(2, -3.0), jnp.full(2, 3.0), jnp.array([1e9, -1e9]))
    assert np.allclose(root.value, 2.0, rtol=0, atol=6e-13)


@pytest.mark.parametrize("steep", [1.0, 1e3, 1e9])
@pytest.mark.parametrize("start", [-50.0, 0.999999, 1.0, 70.0])
def test_a_kink_at_the_root_does_not_matter(steep: float, start: float) -> None:
    """f = steep (1 - x) below 1, (1 - x) above: the root is 1 where the slope jumps; each piece is linear
    (1e-13)."""

    def kinked(x: Array) -> tuple[Array, Array]:
        slope = jnp.where(x < 1, steep, 1.0)
        return slope * (1 - x), -slope

    one = jnp.ones(1)
    root = decreasing_root(kinked, -100 * one, 100 * one, start * one)
    assert int(root.failures) == 0
    assert root.value[0] == pytest.approx(1.0, abs=2e-13)


def test_a_flat_piece_and_a_wrong_slope_become_bisections() -> None:
    """f = 1 below 3, falling linearly through 3.5 above, reported slope 0 or positive: bisection alone finds
    3.5."""

    def flat(x: Array) -> tuple[Array, Array]:
        return jnp.where(x < 3, 1.0, 7.0 - 2.0 * x), jnp.where(x < 3, 0.0, 5.0)

    one = jnp.ones(1)
    root = decreasing_root(flat, -100 * one, 100 * one, 0 * one)
    assert int(root.failures) == 0
    assert root.value[0] == pytest.approx(3.5, abs=1e-12)


def test_a_jump_through_zero_is_enclosed() -> None:
    """f jumps from 1 to -1 at pi without a zero: the bracket closes on pi (1e-13 (1 + pi))."""
    one = jnp.ones(1)
    root = decreasing_root(lambda x: (jnp.where(x < np.pi, 1.0, -1.0), 0 * x), -9 * one, 9 * one, 0 * one)
    assert root.value[0] == pytest.approx(np.pi, abs=5e-13)


def test_rounded_values_do_not_send_newton_from_end_to_end() -> None:
    """Values of one step of rounding on both sides of the root, and a slope that leads from each end of the
    bracket exactly to the other: seen on faces of nearly full particles, which then had no root."""
    step = 2.0**-42

    def rounded(x: Array) -> tuple[Array, Array]:
        return jnp.where(x > 1.0 - 0.5 * step, -step, step), -jnp.ones_like(x)

    found = decreasing_root(rounded, jnp.zeros(1), jnp.full(1, 2.0), jnp.ones(1))
    assert int(found.failures) == 0
    assert float(found.value[0]) == pytest.approx(1.0, abs=2 * step)


def test_it_never_looks_outside_the_bracket() -> None:
    """asin(x) = 1.5 on [-1, 1]: Newton from 0 aims at 1.5, where asin is NaN; the root sin(1.5) must come out
    (1e-12)."""

    def arc(x: Array) -> tuple[Array, Array]:
        return 1.5 - jnp.arcsin(x), -1 / jnp.sqrt(1 - x**2)

    one = jnp.ones(1)
    root = decreasing_root(arc, -one, one, 0 * one)
    assert int(root.failures) == 0
    assert root.value[0] == pytest.approx(np.sin(1.5), abs=1e-12)


def test_running_out_of_iterations_counts_the_elements_left() -> None:
    """Linear elements finish at once, x + x^3 = 1e6 from 0 does not in three iterations: one failure of
    three."""
    t = jnp.array([0.0, 0.0, 1e6])
    root = decreasing_root(cubic(t), *bracket(t), jnp.zeros(3), max_iterations=3)
    assert int(root.failures) == 1
    assert int(root.iterations) == 3


def test_a_start_at_the_root_stays_while_others_go_on() -> None:
    """f = 1e-25 - (x - 1) at x = 1 asks for a step below one rounding; the element must stay at 1, bit for
    bit.

    A strict "inside the bracket" would bisect away to 5e5 while the slow neighbour keeps the loop running.
    """

    def mixed(x: Array) -> tuple[Array, Array]:
        at_root = (1e-25 + (1.0 - x), -jnp.ones_like(x))
        slow = cubic(jnp.full_like(x, 1e6))(x)
        first = jnp.arange(x.size) == 0
        return jnp.where(first, at_root[0], slow[0]), jnp.where(first, at_root[1], slow[1])

    start = jnp.array([1.0, 0.0])
    root = decreasing_root(mixed, *bracket(start), start)
    assert int(root.iterations) > 5
    assert root.value[0] == 1.0
    assert int(root.failures) == 0


@pytest.mark.parametrize("ulps", [-2, -1, 0, 1, 2])
def test_a_start_within_rounding_of_the_root_ends_at_once(ulps: int) -> None:
    """x^2 = 2 from sqrt 2 plus or minus two roundings: one or two iterations, within 1e-15 (a few
    roundings)."""
    start = jnp.array([np.sqrt(2) + ulps * 2.2e-16])
    root = decreasing_root(lambda x: (2 - x**2, -2 * x), jnp.zeros(1), 1e6 * jnp.ones(1), start)
    assert int(root.iterations) <= 2
    assert root.value[0] == pytest.approx(np.sqrt(2), abs=1e-15)


def test_it_is_the_same_under_jit() -> None:
    """Compiled and interpreted runs find the same bits."""
    t = jnp.logspace(-3, 3, 7)
    plain = decreasing_root(cubic(t), *bracket(t), 0 * t).value
    compiled = jax.jit(lambda t: decreasing_root(cubic(t), *bracket(t), 0 * t).value)(t)
    assert np.allclose(plain, compiled, rtol=1e-14)
