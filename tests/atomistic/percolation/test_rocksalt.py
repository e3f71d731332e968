"""Lithium in rocksalt: geometry of the tetrahedra, occupation of layers, limits, the 0-TM threshold."""

from pathlib import Path

import numpy as np
import pytest

from microcell.atomistic.kmc.lattice import Lattice
from microcell.atomistic.percolation import (
    RocksaltPercolation,
    accessible_lithium,
    occupations,
    sample_thresholds,
)
from microcell.atomistic.percolation.rocksalt import (
    _lithium_layer_content,
    _metal_layer_content,
    cation_supercell,
)
from microcell.errors import AtomisticError

SIZE = 6
FCC_SITE = 0.1992365  # Lorenz & Ziff 1998


def test_tetrahedra_join_nearest_neighbours_and_each_pair_twice() -> None:
    """fcc: 2 tetrahedra per site, 8 per site as corner; a pair of neighbours shares two of them."""
    cell = cation_supercell(SIZE)
    neighbours = Lattice.named("fcc").neighbours((SIZE,) * 3)
    assert cell.corners.shape == (2 * SIZE**3, 4)
    assert (np.bincount(cell.corners.reshape(-1)) == 8).all()
    pairs: dict[tuple[int, int], int] = {}
    for corners in cell.corners.tolist():
        for a in corners:
            for b in corners:
                if a != b:
                    assert b in neighbours[a]
                    pairs[a, b] = pairs.get((a, b), 0) + 1
    assert len(pairs) == neighbours.size
    assert set(pairs.values()) == {2}


def test_tetrahedra_have_three_corners_in_one_layer() -> None:
    metals = cation_supercell(SIZE).metal_layer[cation_supercell(SIZE).corners].sum(axis=1)
    assert set(metals.tolist()) == {1, 3}


@pytest.mark.parametrize("mixing", [0.0, 0.2, 0.7, 1.0])
@pytest.mark.parametrize("x", [0.3, 1.0, 1.3, 2.0])
def test_layers_are_occupied_as_stated(mixing: float, x: float) -> None:
    """An even grid of random numbers: the share of sites that hold lithium at x is the occupation."""
    number = (np.arange(200_000) + 0.5) / 200_000
    expected = occupations(x, mixing)
    found = [
        (invert(number, mixing) <= x).mean() for invert in (_lithium_layer_content, _metal_layer_content)
    ]
    assert found == pytest.approx(expected, abs=2e-5)
    assert sum(expected) == pytest.approx(x)


def test_with_two_metals_it_is_site_percolation_on_fcc() -> None:
    found = sample_thresholds(RocksaltPercolation(metals=2), (8, 12, 16, 24), 50, seed=3).extrapolate()
    assert abs(found.threshold - 2 * FCC_SITE) < 3 * found.standard_error
    assert found.standard_error < 0.02


def test_zero_metal_threshold() -> None:
    """x = 1.09 in the literature (Lee 2014, Urban 2014); 1.089 +- 0.003 by an independent run."""
    found = sample_thresholds(RocksaltPercolation(), (8, 12, 16, 24), 60, seed=1).extrapolate()
    assert found.standard_error < 0.015
    assert abs(found.threshold - 1.089) < 3 * found.standard_error


def test_more_open_channels_percolate_at_less_lithium() -> None:
    thresholds = []
    for metals in (0, 1, 2):
        rng = np.random.default_rng(0)
        thresholds.append(RocksaltPercolation(metals=metals).threshold(8, rng))
    assert thresholds[0] > thresholds[1] > thresholds[2]


def test_layered_oxide_without_excess_has_no_open_tetrahedra() -> None:
    """With all lithium on its layers every tetrahedron holds a metal; with 1-TM channels all connects."""
    rng = np.random.default_rng(0)
    assert RocksaltPercolation(mixing=0.0).connected(1.0, 8, rng)[0] == 0.0
    assert RocksaltPercolation(mixing=0.0, metals=1).connected(1.0, 8, rng) == (1.0, 1.0)
    assert RocksaltPercolation(mixing=0.0).threshold(8, rng) > 1.0


def test_all_lithium_is_connected() -> None:
    assert RocksaltPercolation().connected(2.0, 4, np.random.default_rng(0)) == (1.0, 1.0)


def test_a_guess_changes_no_threshold() -> None:
    """A wrong guess changes no threshold."""
    model = RocksaltPercolation(mixing=0.5)
    for seed in range(3):
        x = model.threshold(8, np.random.default_rng(seed))
        guessed = model.threshold(8, np.random.default_rng(seed), guess=x * 0.8)
        assert x == guessed


def test_accessible_lithium_rises_and_reaches_more_from_the_faces(tmp_path: Path) -> None:
    found = accessible_lithium(RocksaltPercolation(), [0.5, 1.2, 1.6], size=12, samples=5)
    percolating, reachable = ([e.mean for e in kind] for kind in (found.percolating, found.reachable))
    assert percolating == sorted(percolating)
    assert all(r >= p for r, p in zip(reachable, percolating, strict=True))
    assert found.spanning.tolist() == [0, 1, 1]
    card = found.card()
    assert card.points == (0.5, 1.2, 1.6)
    assert card.uncertainty[0] == pytest.approx(1 / 5)
    assert found.figure(tmp_path / "accessible.png").stat().st_size > 10_000
    assert found.rows()[1]["Metal fraction on lithium layers"] == pytest.approx(0.4)


def test_one_content_makes_a_scalar_card() -> None:
    card = accessible_lithium(RocksaltPercolation(), [1.5], size=8, samples=4).card()
    assert card.is_scalar
    assert 0.5 < card.value < 1


def test_no_percolation_says_so_with_the_reachable_lithium() -> None:
    found = accessible_lithium(RocksaltPercolation(), [0.5], size=12, samples=3)
    with pytest.raises(AtomisticError, match=r"does not percolate(.|\n)*reach .* %"):
        found.card()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"contents": [0.0]}, "lithium content"),
        ({"contents": [2.1]}, "lithium content"),
        ({"contents": [float("nan")]}, "lithium content"),
        ({"contents": []}, "No lithium content"),
        ({"size": 2}, "too small"),
        ({"size": 7}, "even"),
        ({"samples": 1}, "Too few samples"),
    ],
)
def test_bad_input(arguments: dict, message: str) -> None:
    given = {"contents": [1.2], "size": 6, "samples": 2} | arguments
    with pytest.raises(AtomisticError, match=message):
        accessible_lithium(RocksaltPercolation(), **given)


@pytest.mark.parametrize("arguments", [{"mixing": -0.1}, {"mixing": 1.5}, {"metals": 3}])
def test_bad_models(arguments: dict) -> None:
    with pytest.raises(AtomisticError, match="allowed"):
        RocksaltPercolation(**arguments)
