"""Backward differentiation on unequal steps: exact on polynomials, and so is its error estimate."""

import jax.numpy as jnp
import numpy as np
import pytest

from microcell.p2d.formula import LENGTH, MAX_ORDER, choose, formula

AGO = np.cumsum([0.0, 0.7, 1.1, 0.5, 0.9, 1.3, 0.8])[:LENGTH]
START, DT = 10.0, 0.6


def rule(order, known=LENGTH):
    return formula(jnp.asarray(DT), jnp.asarray(START - AGO), jnp.asarray(order), jnp.asarray(known))


@pytest.mark.parametrize("order", range(1, MAX_ORDER + 1))
def test_derivative_is_exact_up_to_the_order(order):
    r, times = rule(order), START - AGO
    for power in range(order + 1):
        seen = (r.a0 * (START + DT) ** power + np.sum(r.past * times**power)) / DT
        assert np.isclose(seen, power * (START + DT) ** (power - 1.0), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("order", range(1, MAX_ORDER + 1))
def test_prediction_is_exact_up_to_the_order(order):
    r, times = rule(order), START - AGO
    for power in range(order + 1):
        assert np.isclose(np.sum(r.predict[1] * times**power), (START + DT) ** power, rtol=1e-9)


@pytest.mark.parametrize("order", range(1, MAX_ORDER))
def test_error_estimate_is_exact_one_degree_above_the_order(order):
    """y' = p'(t) for a polynomial p one degree above: the step's error is known, and the estimate is it."""
    r, times, power = rule(order), START - AGO, order + 1
    p = (times - START) ** power
    slope = power * DT ** (power - 1)
    new = (DT * slope - np.sum(r.past * p)) / r.a0
    estimate = r.error[1] * (new - np.sum(r.predict[1] * p))
    assert np.isclose(abs(estimate), abs(new - DT**power), rtol=1e-8)


def test_orders_without_enough_past_are_not_chosen():
    order, _ = choose(rule(2, known=3), jnp.array([0.5, 0.5, jnp.inf]))
    assert order <= 2
    assert np.isinf(rule(2, known=3).error[2])


def test_start_is_backward_euler():
    r = rule(1, known=1)
    np.testing.assert_allclose([r.a0, r.past[0], r.predict[1][0]], [1.0, -1.0, 1.0])
