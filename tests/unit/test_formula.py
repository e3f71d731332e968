"""Variable-step BDF2: exact on the polynomials it must be exact on, and an error constant that tells the
truth."""

from __future__ import annotations

import numpy as np
import pytest

from microcell.solve.formula import Formula, formula, integrate, lengthen, shorten

PAST = (10.0, 8.5, 7.9)
"""Accepted times, latest first, with unequal steps 1.5 and 0.6."""


def slope(step: Formula, y: np.polynomial.Polynomial, times: tuple[float, ...] = PAST) -> float:
    """The formula's derivative of a known function at the new time."""
    past = [float(y(t)) for t in times]
    older = past[1] if len(past) > 1 else 0.0
    return (step.a0 * float(y(times[0] + step.dt)) + step.a1 * past[0] + step.a2 * older) / step.dt


@pytest.mark.parametrize("dt", [0.1, 1.5, 3.0])
@pytest.mark.parametrize("degree", [0, 1, 2])
def test_bdf2_differentiates_quadratics_exactly(dt: float, degree: int) -> None:
    """y = t^k, k = 0, 1, 2, past steps 1.5 and 0.6: y'(10 + dt) to rounding of y / dt (1e-12)."""
    y = np.polynomial.Polynomial.basis(degree)
    assert slope(formula(dt, PAST), y) == pytest.approx(float(y.deriv()(10.0 + dt)), abs=1e-12 * 200 / dt)


def test_bdf2_with_equal_steps_has_the_textbook_coefficients() -> None:
    """Equal steps: 3/2, -2, 1/2, exact in binary."""
    step = formula(0.5, (2.0, 1.5, 1.0))
    assert (step.a0, step.a1, step.a2, step.order) == (1.5, -2.0, 0.5, 2)


@pytest.mark.parametrize("times", [(10.0,), (10.0, 8.5)])
def test_a_short_past_starts_with_backward_euler(times: tuple[float, ...]) -> None:
    """One or two known values: (y_new - y_0) / dt, exact for straight lines."""
    step = formula(2.0, times)
    assert (step.a0, step.a1, step.a2, step.order) == (1.0, -1.0, 0.0, 1)
    assert slope(step, np.polynomial.Polynomial([3.0, -2.0]), times) == -2.0


@pytest.mark.parametrize("z", [1e-3, 0.3, 1.0, 1.9, 10.0, 1e4])
def test_the_error_of_a_first_step_is_bounded_for_every_relaxing_mode(z: float) -> None:
    """y' = -z y from 1 over dt = 1: backward Euler errs by at most 0.3 of the change that it makes; the bound
    is sharp to 2 % (z = 1.8)."""
    step = formula(1.0, (0.0,))
    new = 1.0 / (1.0 + z)
    error, estimate = abs(new - np.exp(-z)), abs(step.error * (new - 1.0))
    assert error <= estimate
    if z == 1.9:
        assert error >= 0.98 * estimate


def test_steps_are_shortened_and_lengthened_with_the_error() -> None:
    """A margin of a tenth; order 2 grows with the cube root; shortening is cautious and ends at a fifth."""
    second = formula(1.0, PAST)
    assert lengthen(second, 1e-3) == pytest.approx(9.0)
    assert lengthen(formula(1.0, PAST[:2]), 0.25) == pytest.approx(1.8)
    assert shorten(4.0) == pytest.approx(0.45)
    assert shorten(1e9) == shorten(float("nan")) == shorten(float("inf")) == 0.2


@pytest.mark.parametrize("degree", [0, 1, 2])
def test_prediction_extrapolates_quadratics_exactly(degree: int) -> None:
    """Three values of t^k give its value at 12.3 (1e-12 of the weights); potentials follow straight lines
    from two."""
    y, step = np.polynomial.Polynomial.basis(degree), formula(2.3, PAST)
    past = np.array([y(t) for t in PAST])
    assert np.dot(step.predict_c, past) == pytest.approx(float(y(12.3)), rel=1e-12)
    if degree < 2:
        assert np.dot(step.predict_phi, past[:2]) == pytest.approx(float(y(12.3)), rel=1e-12)


def test_prediction_from_a_short_past() -> None:
    """One value is repeated, two make a line: 5 -> 5; (5 at 10, 2 at 8.5) -> 9 at 12 (exact)."""
    assert formula(2.0, (10.0,)).predict_c == (1.0, 0.0, 0.0)
    assert np.dot(formula(2.0, (10.0, 8.5)).predict_c, [5.0, 2.0, 99.0]) == pytest.approx(9.0, rel=1e-14)


@pytest.mark.parametrize("dt", [0.3, 1.5, 2.9])
@pytest.mark.parametrize(("times", "degree"), [(PAST, 3), (PAST[:2], 2)])
def test_the_error_constant_is_that_of_the_next_power(
    dt: float, times: tuple[float, ...], degree: int
) -> None:
    """dy/dt = k t^(k-1) from exact values: (solution - prediction) * error is the error made, exactly for
    t^k.

    k = 3 for BDF2, 2 for backward Euler: both the error and the difference are multiples of the k-th
    derivative. Rounding of t^3 = 1000 against differences of 1: 1e-9.
    """
    y, step = np.polynomial.Polynomial.basis(degree), formula(dt, times)
    past = [float(y(t)) for t in times] + [0.0] * (3 - len(times))
    new = times[0] + dt
    solution = (dt * float(y.deriv()(new)) - step.a1 * past[0] - step.a2 * past[1]) / step.a0
    made = solution - float(y(new))
    estimate = step.error * (solution - np.dot(step.predict_c, past))
    assert abs(made) > 1e-3
    assert estimate == pytest.approx(made, rel=1e-9)


def test_integrate_is_the_same_formula() -> None:
    """Sums advance by the step's own formula: a quadratic is integrated exactly, rate y'(new) gives y(new)
    (1e-12)."""
    y = np.polynomial.Polynomial([1.0, -2.0, 0.5])
    for times in (PAST, PAST[:2], PAST[:1]):
        step = formula(0.7, times)
        past = [float(y(t)) for t in times]
        found = integrate(step, past, slope(step, y, times))
        assert found == pytest.approx(float(y(10.7)), rel=1e-12)
    assert integrate(
        formula(0.7, PAST), [float(y(t)) for t in PAST], float(y.deriv()(10.7))
    ) == pytest.approx(float(y(10.7)), rel=1e-12)


@pytest.mark.parametrize("ratio", [0.01, 1.0, 2.0])
def test_bdf2_is_stable_on_a_decaying_mode(ratio: float) -> None:
    """y' = -1e6 y with steps that keep the ratio: after 25 steps nothing is left of a start of 1
    (L-stability)."""
    times, values, dt = [0.0], [1.0], 1.0
    for _ in range(25):
        step = formula(dt, times[:3])
        older = values[1] if len(values) > 1 else 0.0
        values.insert(0, (-step.a1 * values[0] - step.a2 * older) / (step.a0 + 1e6 * dt))
        times.insert(0, times[0] + dt)
        dt = max(dt * ratio, 1e-3)
    assert abs(values[0]) < 1e-30
