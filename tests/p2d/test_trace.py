"""Interpolation of many traces at once against SciPy's interpolator of each."""

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator

from microcell.errors import ResultsError
from microcell.p2d import monotone
from microcell.p2d.trace import Batch, Trace

RANDOM = np.random.default_rng(8)


def trace(*lengths: int) -> Trace:
    """Random walks with plateaus, one per step of the protocol; each step begins when the last one ended."""
    times, numbers = [], []
    for number, length in enumerate(lengths):
        start = times[-1][-1] if times else 3.0
        times.append(start + np.append(0.0, np.cumsum(RANDOM.uniform(0.1, 2.0, length - 1))))
        numbers.append(np.full(length, number))
    values = np.cumsum(RANDOM.integers(-2, 3, sum(lengths)).astype(float))
    return Trace({"Time [s]": np.concatenate(times), "Voltage [V]": values}, np.concatenate(numbers))


BATCH = Batch([trace(12, 7, 30), trace(2, 1, 3), trace(1)])


def expected(one: Trace, time: float) -> float:
    for k in np.unique(one.step_number):
        here = one.step_number == k
        t, values = one["Time [s]"][here], one["Voltage [V]"][here]
        if t[0] <= time <= t[-1]:
            return float(PchipInterpolator(t, values)(time)) if len(t) > 1 else values[0]
    return np.nan


def test_traces_are_those_of_scipy_one_by_one():
    own = np.concatenate([one["Time [s]"] for one in BATCH])  # knots and borders of steps among others
    times = np.concatenate([own, RANDOM.uniform(0.0, 60.0, 200)])
    seen = BATCH.at("Voltage [V]", times)
    reference = np.array([[expected(one, time) for time in times] for one in BATCH])
    np.testing.assert_array_equal(np.isnan(seen), np.isnan(reference))
    np.testing.assert_allclose(seen, reference, rtol=1e-12, atol=1e-12)
    assert np.isnan(seen).any()
    assert np.isfinite(seen).any(axis=1).all()


def test_times_have_no_order_and_may_be_one():
    times = np.array([9.0, 4.0, 7.0])
    np.testing.assert_array_equal(
        BATCH.at("Voltage [V]", times)[:, ::-1], BATCH.at("Voltage [V]", times[::-1])
    )
    assert BATCH.at("Voltage [V]", [4.0]).shape == (3, 1)


def test_curves_do_not_see_each_other():
    x, y = np.array([0.0, 1.0, 2.0, 2.0, 2.5, 4.0]), np.array([0.0, 1.0, 4.0, -50.0, 7.0, 9.0])
    first, last = np.array([0, 3]), np.array([2, 5])
    apart = [PchipInterpolator(x[part], y[part]).derivative()(x[part]) for part in (slice(3), slice(3, 6))]
    np.testing.assert_allclose(
        monotone.slopes(x, y, first, last), np.concatenate(apart), rtol=1e-12, atol=1e-12
    )


def test_a_wrong_name_is_answered_with_the_right_one():
    with pytest.raises(ResultsError, match=r"Voltage \[V\]"):
        BATCH.at("Voltage", [4.0])
