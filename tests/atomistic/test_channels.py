"""Channels with defects: an exact formula, enumeration of all channels, samples, and bad input."""

import csv
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from microcell.atomistic.channels import (
    sample_channels,
    sample_continuum,
    site_spacing,
    sites_of_length,
    unblocked_card,
    unblocked_fraction,
    unblocked_fraction_continuum,
)
from microcell.atomistic.channels_figure import draw
from microcell.atomistic.estimate import Estimate
from microcell.errors import AtomisticError


def enumerated(sites: int, d: float) -> float:
    """Sum over all 2^N occupations: free sites before the first and after the last defect."""
    total = 0.0
    for blocked in product((False, True), repeat=sites):
        weight = np.prod([d if b else 1 - d for b in blocked])
        places = [k for k, b in enumerate(blocked) if b]
        free = places[0] + sites - 1 - places[-1] if places else sites
        total += weight * free / sites
    return float(total)


@pytest.mark.parametrize("sites", [1, 2, 3, 7, 10])
@pytest.mark.parametrize("d", [0.0, 0.03, 0.5, 0.9, 1.0])
def test_formula_equals_the_sum_over_all_channels(sites: int, d: float) -> None:
    assert unblocked_fraction(sites, d) == pytest.approx(enumerated(sites, d), abs=1e-13)


def test_many_sites_with_few_defects_are_a_continuum() -> None:
    """N sites with d = mu / N approach the Poisson result with an error of order 1 / N."""
    mu = 3.0
    errors = [abs(unblocked_fraction(n, mu / n) - unblocked_fraction_continuum(mu)) for n in (10**4, 10**5)]
    assert errors[1] < 2e-5
    assert errors[0] / errors[1] == pytest.approx(10.0, rel=0.01)


@pytest.mark.shared
def test_reference_table(shared_dir: Path) -> None:
    with (shared_dir / "reference" / "unblocked_capacity.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 40
    for row in rows:
        value = float(row["mu_or_d"])
        if row["model"].startswith("continuum"):
            found = unblocked_fraction_continuum(value)
        else:
            found = unblocked_fraction(int(row["channel_sites_N"]), value)
        assert found == pytest.approx(float(row["expected_unblocked_fraction"]), abs=1e-8), row


@pytest.mark.parametrize(("sites", "d"), [(1, 0.3), (2, 0.5), (100, 0.01), (1000, 0.002), (30, 0.2)])
def test_sampled_channels_agree_within_three_standard_errors(sites: int, d: float) -> None:
    found = sample_channels(sites, d, channels=20_000, seed=3)
    assert found.samples == 20_000
    assert 0 < found.standard_error < 0.005
    assert abs(found.mean - unblocked_fraction(sites, d)) < 3 * found.standard_error


@pytest.mark.parametrize("mu", [0.5, 2.0, 20.0])
def test_sampled_continuum_agrees_within_three_standard_errors(mu: float) -> None:
    found = sample_continuum(mu, channels=20_000, seed=4)
    assert abs(found.mean - unblocked_fraction_continuum(mu)) < 3 * found.standard_error


def test_same_seed_same_sample_and_error_falls_with_the_root() -> None:
    few, again = (sample_channels(50, 0.05, channels=1000, seed=1) for _ in range(2))
    many = sample_channels(50, 0.05, channels=16_000, seed=1)
    assert few == again
    assert few.standard_error / many.standard_error == pytest.approx(4.0, rel=0.1)


def test_without_defects_nothing_is_lost() -> None:
    assert sample_channels(10, 0.0, channels=5).mean == 1.0
    assert sample_continuum(0.0, channels=5).mean == 1.0


def test_progress_reaches_all_channels() -> None:
    seen: list[tuple[int, int]] = []
    sample_channels(10_000, 0.01, channels=900, progress=lambda done, total, text: seen.append((done, total)))
    assert len(seen) > 1
    assert seen[-1] == (900, 900)


def test_length_in_sites() -> None:
    assert sites_of_length(100e-9) == round(100e-9 / site_spacing("LiFePO4"))
    with pytest.raises(AtomisticError, match="LiFePO4"):
        sites_of_length(1e-7, "LiFeP04")


@pytest.mark.parametrize("d", [-0.1, 1.1, float("nan")])
def test_defect_fraction_out_of_range(d: float) -> None:
    with pytest.raises(AtomisticError, match="0 to 1"):
        unblocked_fraction(10, d)


@pytest.mark.parametrize("sites", [0, -3, 2.5, float("nan")])
def test_length_out_of_range(sites: float) -> None:
    with pytest.raises(AtomisticError, match="from 1 on"):
        unblocked_fraction(sites, 0.1)  # type: ignore[arg-type]


def test_too_small_samples_are_refused() -> None:
    with pytest.raises(AtomisticError, match="Too few samples"):
        sample_channels(10, 0.1, channels=1)
    with pytest.raises(AtomisticError, match="lost lithium"):
        sample_channels(10, 1e-6, channels=20)
    with pytest.raises(AtomisticError, match="0 or more"):
        unblocked_fraction_continuum(-1.0)


def test_card_holds_the_sample_or_the_exact_value() -> None:
    exact = unblocked_card(100, 0.01)
    sampled = unblocked_card(100, 0.01, Estimate(0.89, 0.001, 500))
    assert exact.value == unblocked_fraction(100, 0.01)
    assert exact.uncertainty == (0.0,)
    assert (sampled.value, sampled.uncertainty, sampled.origin.inputs["channels"]) == (0.89, (0.001,), 500)


def test_figure(tmp_path: Path) -> None:
    sampled = {(100, 0.01): Estimate(0.889, 0.002, 500)}
    path = draw([100, 300], [0.01, 0.02], sampled, tmp_path / "channels.png", 3e-10)
    assert path.stat().st_size > 10_000
