"""Partly transformed layers: limits, bounds, effective medium, error bars, bad input."""

from pathlib import Path

import numpy as np
import pytest

from microcell.atomistic.blocking import (
    PARAMETER,
    TransformedLayer,
    transformed_layer,
)
from microcell.atomistic.mixture import (
    bounds,
    default_barrier_difference,
    effective_medium,
    slowdown,
)
from microcell.errors import AtomisticError
from microcell.parameters import ParameterSet
from microcell.parameters.constants import K_B_EV

T = 298.15
SMALL = {"barrier_difference": 0.15, "temperature": T, "shape": (5, 6, 6), "samples": 4}


def test_slowdown_is_the_boltzmann_factor() -> None:
    """0.2 eV: about 3000 with kT = 25 meV (Lun 2025), 2400 at 298.15 K."""
    assert slowdown(0.2, T) == pytest.approx(2400, rel=0.005)
    assert slowdown(0.2, 0.025 / K_B_EV) == pytest.approx(np.exp(8), rel=1e-12)
    assert slowdown(0.0, T) == 1.0


@pytest.mark.parametrize("disorder", ["voxels", "hops"])
def test_layered_and_fully_transformed_layers_are_exact(disorder: str) -> None:
    found = transformed_layer([0.0, 1.0], disorder=disorder, **SMALL)
    means = [e.mean for e in found.relative]
    assert means == pytest.approx([1.0, 1 / found.ratio], rel=1e-9)
    assert [e.standard_error for e in found.relative] == pytest.approx([0.0, 0.0], abs=1e-12)


def test_random_layers_lie_between_the_bounds_and_fall() -> None:
    f = [0.2, 0.4, 0.6, 0.8]
    found = transformed_layer(f, **SMALL)
    means = np.array([e.mean for e in found.relative])
    low, high = bounds(np.array(f), found.ratio)
    assert (np.diff(means) < 0).all()
    assert (low < means).all()
    assert (means < high).all()


@pytest.mark.parametrize("dimensions", [2, 3])
def test_effective_medium_limits(dimensions: int) -> None:
    """Pure phases; slope of dilute obstacles: hops of conductance r in a lattice of z = 2 d neighbours

    lower it by f (1 - r) / (1 - (1 - r) / d) (Kirkpatrick 1973); percolation at f = 1 - 1/d for r = 0.
    """
    ratio, f = 50.0, 1e-6
    r = 1 / ratio
    slope = (1 - effective_medium(f, ratio, dimensions)) / f
    assert effective_medium(0.0, ratio, dimensions) == pytest.approx(1.0)
    assert effective_medium(1.0, ratio, dimensions) == pytest.approx(r)
    assert slope == pytest.approx((1 - r) / (1 - (1 - r) / dimensions), rel=1e-4)
    threshold = 1 - 1 / dimensions
    assert effective_medium(threshold + 0.01, 1e12, dimensions) < 1e-9
    assert effective_medium(threshold - 0.01, 1e12, dimensions) > 1e-3


def test_effective_medium_is_exact_for_half_and_half_in_two_dimensions() -> None:
    assert effective_medium(0.5, 900.0, 2) == pytest.approx(1 / 30)


@pytest.mark.parametrize("shape", [(24, 24), (10, 12, 12)])
def test_dilute_slow_hops_follow_the_effective_medium(shape: tuple[int, ...]) -> None:
    """Exact to first order in the fraction; the second order is below the error bar at 5 %."""
    found = transformed_layer(
        [0.05], barrier_difference=0.15, temperature=T, shape=shape, disorder="hops", samples=20
    )
    estimate = found.relative[0]
    assert estimate.standard_error < 0.005
    expected = effective_medium(0.05, found.ratio, len(shape))
    assert abs(estimate.mean - expected) < 3 * estimate.standard_error + 0.002


def test_barrier_uncertainty_reaches_the_card() -> None:
    """Fully transformed: D exp(-dE/kT), so sinh(sigma/kT) of relative error."""
    sigma = 0.01
    found = transformed_layer([1.0], barrier_uncertainty=sigma, **SMALL)
    card = found.card(1.0, 3e-15)
    assert card.name == PARAMETER
    assert card.temperature == T
    assert card.value == pytest.approx(3e-15 / slowdown(0.15, T))
    assert card.uncertainty[0] / card.value == pytest.approx(np.sinh(sigma / (K_B_EV * T)), rel=1e-6)


def test_card_is_accepted_as_the_parameter() -> None:
    card = transformed_layer([0.8], **SMALL).card(0.8, 3.2e-15)
    assert ParameterSet.builtin("nmc811").set(PARAMETER, card).number(PARAMETER) == card.value


def test_fraction_at_a_diffusivity() -> None:
    found = transformed_layer([0.0, 1.0], **SMALL)
    assert found.fraction_at(found.ratio**-0.25) == pytest.approx(0.25)
    with pytest.raises(AtomisticError, match="No computed layer"):
        found.fraction_at(2.0)


def test_barrier_range_of_the_data_file() -> None:
    energy, error = default_barrier_difference()
    assert energy == pytest.approx(0.175)
    assert error == pytest.approx(0.05 / np.sqrt(12))


def test_same_seed_same_layers(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    def run() -> TransformedLayer:
        return transformed_layer([0.3, 0.7], progress=lambda n, total, text: seen.append((n, total)), **SMALL)

    first, again = run(), run()
    assert first.relative == again.relative
    assert seen[7] == (8, 8)
    assert first.figure(tmp_path / "layer.png", 3.2e-15).stat().st_size > 10_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fractions": [1.2]}, "transformed fraction"),
        ({"fractions": []}, "transformed fraction"),
        ({"barrier_difference": -0.1}, "barrier difference"),
        ({"barrier_difference": 20.0}, "barrier difference"),
        ({"temperature": 0.0}, "temperature"),
        ({"shape": (2, 8, 8)}, "too small"),
        ({"shape": (8,)}, "too small"),
        ({"samples": 1}, "Too few samples"),
        ({"disorder": "islands"}, "disorder"),
    ],
)
def test_bad_input(change: dict, message: str) -> None:
    with pytest.raises(AtomisticError, match=message):
        transformed_layer(**({"fractions": [0.5]} | SMALL | change))


def test_bad_cards() -> None:
    found = transformed_layer([0.5], **SMALL)
    with pytest.raises(AtomisticError, match="was not computed"):
        found.card(0.6, 1e-15)
    with pytest.raises(AtomisticError, match="above 0"):
        found.card(0.5, 0.0)
