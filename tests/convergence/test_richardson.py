"""Orders, estimates and error bars of exact power laws, and of series that are none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from microcell.convergence.richardson import Extrapolation, difference_ratio, extrapolate, observed_order
from microcell.convergence.spread import assess


def power_law(sizes: tuple[float, ...], order: float, limit: float = 3.7, slope: float = 0.02) -> list[float]:
    return [limit + slope * size**order for size in sizes]


@pytest.mark.parametrize("sizes", [(1.0, 2.0, 4.0), (1.0, 2.0, 3.0), (4.0, 1.0, 1.5)])
@pytest.mark.parametrize("order", [0.7, 1.0, 1.63, 2.0])
def test_a_power_law_gives_back_its_order_and_its_limit(sizes: tuple[float, ...], order: float) -> None:
    """The three unknowns of limit + C h^p follow from three values, also with unequal ratios of the sizes."""
    result = extrapolate(sizes, power_law(sizes, order))
    assert result.verdict == "monotone"
    assert result.order == pytest.approx(order, rel=1e-8)
    assert result.estimate == pytest.approx(3.7, abs=1e-10)
    # the index is 1.25 times the distance from the limit where the power law holds
    assert result.error == pytest.approx(1.25 * 0.02 * min(sizes) ** order, rel=1e-7)


def test_the_example_of_celik_and_others() -> None:
    """Celik et al. 2008, Table 1, first column: N = 18000, 8000, 4500 cells in two dimensions, reattachment
    length 6.063, 5.972, 5.863; p = 1.53, extrapolated 6.1685, index 2.2 %, each to the digits printed."""
    sizes = [1 / math.sqrt(n) for n in (18000, 8000, 4500)]
    result = extrapolate(sizes, [6.063, 5.972, 5.863])
    assert result.order == pytest.approx(1.53, abs=0.005)
    assert result.estimate == pytest.approx(6.1685, abs=5e-4)
    assert result.error / 6.063 == pytest.approx(0.022, abs=5e-4)


def test_a_fourth_and_coarser_grid_changes_nothing() -> None:
    sizes = (1.0, 2.0, 3.0, 4.0)
    values = power_law(sizes, 1.4)
    assert extrapolate(sizes, [*values[:3], 99.0]) == extrapolate(sizes[:3], values[:3])


def test_a_grid_without_a_value_does_not_count() -> None:
    sizes = (1.0, 2.0, 3.0, 4.0)
    values = power_law(sizes, 1.4)
    values[1] = math.nan
    assert extrapolate(sizes, values).order == pytest.approx(1.4, rel=1e-8)


def test_an_order_that_the_scheme_cannot_have_is_not_trusted() -> None:
    """Of h^4, order 2 is used with the threefold safety; the coarser pair bounds the error from above."""
    sizes = (1.0, 2.0, 4.0)
    values = power_law(sizes, 4.0)
    result = extrapolate(sizes, values)
    assert result.order == pytest.approx(4.0)
    assert (result.used, result.safety) == (2.0, 3.0)
    # e32 / 2^2 = C (256 - 16) / 4, over 2^2 - 1
    assert result.error == pytest.approx(3.0 * 0.02 * 60.0 / 3.0)


def test_a_slow_order_is_not_trusted_either() -> None:
    sizes = (1.0, 2.0, 4.0)
    result = extrapolate(sizes, power_law(sizes, 0.2))
    assert result.order == pytest.approx(0.2)
    assert (result.used, result.safety) == (0.5, 3.0)


def test_two_grids_take_the_assumed_order() -> None:
    result = extrapolate((1.0, 2.0), power_law((1.0, 2.0), 1.0))
    assert result.verdict == "two grids"
    assert math.isnan(result.order)
    assert result.estimate == pytest.approx(3.7)
    assert result.error == pytest.approx(3.0 * 0.02)


@pytest.mark.parametrize(
    ("values", "verdict", "error"),
    [
        ((1.0, 1.1, 1.05), "oscillating", 0.1),
        ((1.0, 1.2, 1.3), "diverging", 0.3),
        ((1.0, 1.2, 1.4), "diverging", 0.4),  # straight in log h: order zero
        ((2.0, 2.0, 2.0 + 1e-9), "unchanged", 1e-9),
    ],
)
def test_what_is_not_monotone_gets_its_spread(values: tuple[float, ...], verdict: str, error: float) -> None:
    result = extrapolate((1.0, 2.0, 4.0), values)
    assert result.verdict == verdict
    assert result.error == pytest.approx(error, rel=1e-6)
    assert math.isnan(result.safety)


def test_two_fine_grids_that_agree_by_chance_do_not_make_the_error_zero() -> None:
    result = extrapolate((1.0, 2.0, 4.0), (1.0, 1.0, 1.12))
    assert result.order == math.inf
    assert result.error == pytest.approx(3.0 * (0.12 / 4.0) / 3.0)


def test_sizes_too_close_and_a_single_grid() -> None:
    assert extrapolate((1.0, 1.05, 4.0), (1.0, 1.2, 1.3)).verdict == "sizes too close"
    assert extrapolate((1.0, 2.0), (1.0, math.nan)) == Extrapolation("one grid") or math.isnan(
        extrapolate((1.0,), (1.0,)).error
    )


def test_the_ratio_of_differences_grows_with_the_order() -> None:
    """The condition for one root: from log r32 / log r21 at order zero upwards."""
    orders = np.linspace(1e-6, 20.0, 200)
    for r21, r32 in ((2.0, 1.5), (1.2, 3.0), (2.0, 2.0)):
        ratios = [difference_ratio(p, r21, r32) for p in orders]
        assert ratios[0] == pytest.approx(math.log(r32) / math.log(r21), rel=1e-4)
        assert np.all(np.diff(ratios) > 0)
    assert math.isnan(observed_order(0.0, 0.0, 2.0, 2.0))


def test_crops_of_known_spread() -> None:
    """Four crops of half the width: mean 10, deviation 2, standard error 1; the whole image half as much."""
    d = math.sqrt(3.0)
    result = assess([5.0] * 4 + [10.0], [10 - d, 10 + d, 10 - d, 10 + d, 10.3])
    small, whole = result.groups
    assert (small.count, small.mean) == (4, pytest.approx(10.0))
    assert small.deviation == pytest.approx(2.0)
    assert small.standard_error == pytest.approx(1.0)
    assert result.error == pytest.approx(1.0)
    assert (whole.count, whole.mean) == (1, 10.3)
    assert result.trend == "none seen"


def test_a_trend_with_size_is_seen_and_a_failed_crop_does_not_count() -> None:
    sizes = [4.0] * 4 + [6.0] * 4 + [12.0]
    values = [2.0 + 3.0 / s + 0.001 * (-1) ** i for i, s in enumerate(sizes)]
    result = assess([*sizes, 4.0], [*values, math.nan])
    assert result.trend == "falls with size"
    assert result.slope == pytest.approx(3.0, rel=0.05)
    assert result.groups[0].count == 4
