"""Thresholds of lattices: exact ones in two dimensions, literature in three, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from microcell.atomistic.percolation import BondPercolation, SitePercolation, sample_thresholds
from microcell.atomistic.percolation.scaling import ThresholdStudy, exponent
from microcell.errors import AtomisticError

EXACT_BOND_TRIANGULAR = 2 * np.sin(np.pi / 18)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (SitePercolation("triangular"), 0.5),
        (BondPercolation("square"), 0.5),
        (BondPercolation("triangular"), EXACT_BOND_TRIANGULAR),
        (BondPercolation("honeycomb"), 1 - EXACT_BOND_TRIANGULAR),
    ],
)
def test_exact_thresholds_in_two_dimensions(model: SitePercolation, expected: float) -> None:
    found = sample_thresholds(model, (16, 24, 32, 48), 60, seed=2).extrapolate()
    assert found.standard_error < 0.04 * expected
    assert abs(found.threshold - expected) < 3 * found.standard_error


@pytest.mark.parametrize(
    ("model", "expected"), [(SitePercolation("simple cubic"), 0.3116077), (BondPercolation("fcc"), 0.1201635)]
)
def test_literature_thresholds_in_three_dimensions(model: SitePercolation, expected: float) -> None:
    found = sample_thresholds(model, (8, 12, 16, 24), 60, seed=1).extrapolate()
    assert found.standard_error < 0.04 * expected
    assert abs(found.threshold - expected) < 3 * found.standard_error
    assert found.chi2 < 5


def test_extrapolation_of_an_exact_law() -> None:
    """Means on p_c + a L^(-1/nu) with equal scatter give p_c back, and the error of a straight line."""
    model, sizes = SitePercolation("square"), (10, 20, 40)
    x = np.array(sizes) ** (-1 / exponent(2))
    scatter = np.linspace(-0.01, 0.01, 11)
    study = ThresholdStudy(model, sizes, tuple(0.6 + 0.3 * value + scatter for value in x), 0)
    found = study.extrapolate()
    sigma = scatter.std(ddof=1) / np.sqrt(11)
    assert found.threshold == pytest.approx(0.6, abs=1e-12)
    assert found.slope == pytest.approx(0.3, abs=1e-11)
    assert found.chi2 == pytest.approx(0.0, abs=1e-12)
    intercept = sigma * np.sqrt((x**2).sum() / (3 * ((x - x.mean()) ** 2).sum()))
    assert found.standard_error == pytest.approx(intercept, rel=1e-6)


def test_the_error_bar_holds_what_the_smallest_size_changes() -> None:
    sizes = (10, 20, 40)
    x = np.array(sizes) ** (-1 / exponent(2))
    scatter = np.linspace(-0.01, 0.01, 11)
    thresholds = tuple(0.6 + 0.3 * value + 2.0 * value**2 + scatter for value in x)
    found = ThresholdStudy(SitePercolation("square"), sizes, thresholds, 0).extrapolate()
    assert abs(found.shift) > 0.002
    assert found.standard_error >= abs(found.shift)


def test_wrapping_probability_counts_samples() -> None:
    thresholds = (np.array([0.1, 0.2, 0.3, 0.4]),) * 3
    study = ThresholdStudy(SitePercolation("square"), (4, 5, 6), thresholds, 0)
    assert study.wrapping_probability(5, np.array([0.05, 0.2, 0.35, 0.9])).tolist() == [0, 0.5, 0.75, 1]


def test_same_seed_same_thresholds() -> None:
    first, again = (sample_thresholds(BondPercolation("square"), (4, 6, 8), 10, seed=5) for _ in range(2))
    other = sample_thresholds(BondPercolation("square"), (4, 6, 8), 10, seed=6)
    assert all((a == b).all() for a, b in zip(first.thresholds, again.thresholds, strict=True))
    assert (first.thresholds[0] != other.thresholds[0]).any()


def test_card_table_and_figure(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    study = sample_thresholds(
        SitePercolation("square"),
        (8, 12, 16),
        20,
        progress=lambda done, total, text: seen.append((done, total)),
    )
    assert seen[-1] == (60, 60)
    card = study.card()
    assert (card.value, card.uncertainty[0]) == (
        study.extrapolate().threshold,
        study.extrapolate().standard_error,
    )
    assert card.uncertainty[0] > 0
    assert [row["Cells per edge"] for row in study.rows()] == [8, 12, 16]
    assert study.figure(tmp_path / "threshold.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("sizes", "samples", "message"),
    [
        ((8, 16), 20, "Too few sizes"),
        ((8, 8, 8, 16), 20, "Too few sizes"),
        ((2, 8, 16), 20, "too small"),
        ((8, 12, 16), 5, "Too few samples"),
    ],
)
def test_what_gives_no_error_bar_is_refused(sizes: tuple[int, ...], samples: int, message: str) -> None:
    with pytest.raises(AtomisticError, match=message):
        sample_thresholds(SitePercolation("square"), sizes, samples)


def test_unknown_lattice() -> None:
    with pytest.raises(AtomisticError, match="did you mean"):
        SitePercolation("simple cubik")
