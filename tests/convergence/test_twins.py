"""Coarse images, crops and the plan of a study, without running anything."""

from __future__ import annotations

import numpy as np
import pytest
from small_cells import volume_of

from microcell.convergence.coarsen import coarsen, coarsen_particles, shares
from microcell.convergence.twins import make_plan
from microcell.errors import CaseError, GeometryError
from microcell.image import Particles, Volume, generate_cathode
from microcell.verification.media import one_particle


@pytest.fixture(scope="module")
def cathode() -> tuple[Volume, Particles]:
    made = generate_cathode((18, 16, 14), 4e-7, diameter_mean=2.4e-6, seed=3)
    return made.volume, Particles.from_labels(np.array(made.particle_labels), made.volume.voxel_size)


def blocks(shape: tuple[int, int, int], factor: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Random labels, and the same with every voxel cut into factor^3."""
    coarse = np.random.default_rng(seed).integers(0, 3, shape).astype(np.uint8)
    fine = coarse
    for axis in range(3):
        fine = np.repeat(fine, factor, axis)
    return coarse, fine


@pytest.mark.parametrize("factor", [2, 3])
def test_an_image_that_was_made_of_coarse_voxels_comes_back(factor: int) -> None:
    coarse, fine = blocks((5, 4, 6), factor)
    result = coarsen(volume_of(fine, (1e-7, 2e-7, 3e-7)), factor)
    np.testing.assert_array_equal(result.volume.labels, coarse)
    assert result.volume.voxel_size == pytest.approx((factor * 1e-7, factor * 2e-7, factor * 3e-7))
    assert result.ties == 0


@pytest.mark.parametrize("factor", [1.5, 2.0, 3.0, 4.0])
def test_fractions_and_extent_stay(factor: float, cathode: tuple[Volume, Particles]) -> None:
    """Also where the factor does not divide the image: fractions to half a voxel per phase (pore, what the
    others leave, to a whole one), the extent to rounding."""
    volume, _ = cathode
    coarse = coarsen(volume, factor).volume
    assert coarse.size == pytest.approx(volume.size, rel=1e-12)
    for phase, bound in (("active", 0.5), ("cbd", 0.5), ("pore", 1.0)):
        difference = coarse.fractions()[phase] - volume.fractions()[phase]
        assert abs(difference) * coarse.labels.size <= bound + 1e-9


def test_shares_add_up_where_voxels_are_cut() -> None:
    """A half-filled line of 5 voxels on 2: the first holds 1, 1 and half of the third."""
    line = np.zeros((5, 1, 1), bool)
    line[[0, 2]] = True
    np.testing.assert_allclose(shares(line, (2, 1, 1)).ravel(), [1.5 / 2.5, 0.5 / 2.5], atol=1e-9)


def test_two_phases_are_decided_by_the_majority() -> None:
    """As many blocks hold 6 of 8 voxels of active material as hold 2: the vote is the fraction."""
    labels = np.zeros((8, 8, 8), np.uint8)
    labels[:4] = 1  # four of eight slices
    odd = np.random.default_rng(1).permutation(16).reshape(4, 4) < 8
    for row, column in np.argwhere(odd):
        labels[0, 2 * row : 2 * row + 2, 2 * column] = 0
        labels[4, 2 * row : 2 * row + 2, 2 * column] = 1
    coarse = coarsen(volume_of(labels), 2).volume.labels
    assert (coarse[:2] == 1).all()
    assert (coarse[2:] == 0).all()


def test_ties_are_counted_and_go_where_the_phase_is() -> None:
    """Slice 3 of 8 fills half of every voxel of a coarse slice: half of these, all equal, are elected."""
    labels = np.zeros((8, 8, 8), np.uint8)
    labels[:3] = 1
    result = coarsen(volume_of(labels), 2)
    assert result.ties == 16
    assert (result.volume.labels[0] == 1).all()
    assert (result.volume.labels[1] == 1).sum() == 8


def test_particles_follow_their_voxels(cathode: tuple[Volume, Particles]) -> None:
    """Every active voxel has a particle, nothing else has; volumes stay within what the surface allows."""
    volume, particles = cathode
    coarse = coarsen(volume, 2).volume
    small = coarsen_particles(particles, coarse)
    np.testing.assert_array_equal(small.labels > 0, coarse.labels == 1)
    largest = particles.table["Volume [m3]"].max()
    assert small.table["Volume [m3]"].max() == pytest.approx(largest, rel=0.15)
    coarse_labels, fine_labels = blocks((4, 4, 4), 2, seed=5)
    whole = Particles.from_labels(fine_labels.astype(np.int32), (1e-7,) * 3)
    active = volume_of((coarse_labels > 0).astype(np.uint8), (2e-7,) * 3)
    np.testing.assert_array_equal(coarsen_particles(whole, active).labels, coarse_labels)


def test_crops_are_disjoint_tiles_of_the_image(cathode: tuple[Volume, Particles]) -> None:
    plan = make_plan(*cathode, what=["crop"], crops=4)
    names = [twin.name for twin in plan.twins]
    assert names == ["crop-3-11", "crop-3-21", "crop-3-23", "crop-3-33"] + [
        f"crop-2-{place}" for place in ("11", "12", "21", "22")
    ] + ["case"]
    halves = [twin.volume.labels for twin in plan.twins if twin.name.startswith("crop-2")]
    rebuilt = np.concatenate([np.concatenate(halves[:2], 2), np.concatenate(halves[2:], 2)], 1)
    np.testing.assert_array_equal(rebuilt, cathode[0].labels)


def test_the_plan_runs_cheap_twins_first_and_the_case_last(cathode: tuple[Volume, Particles]) -> None:
    plan = make_plan(*cathode, what=["voxel", "step"])
    assert [t.name for t in plan.twins] == ["voxel-x3", "voxel-x2", "step-x16", "step-x4", "case"] or [
        t.name for t in plan.twins
    ] == ["voxel-x4", "voxel-x3", "voxel-x2", "step-x16", "step-x4", "case"]
    loose = {twin.name: twin.control for twin in plan.twins}
    assert loose["step-x16"].error == pytest.approx(16 * loose["case"].error)
    # the third root, because the local error of BDF2 goes with the third power of the step
    assert loose["step-x16"].largest == pytest.approx(16 ** (1 / 3) * loose["case"].largest)


def test_factors_that_nobody_asked_for_are_left_out_with_a_word() -> None:
    made = generate_cathode((9, 9, 9), 4e-7, diameter_mean=2.4e-6, seed=3)
    plan = make_plan(made.volume, one_particle(made.volume), what=["voxel"])
    assert [twin.name for twin in plan.twins] == ["voxel-x2", "case"]
    assert len(plan.left_out) == 2
    assert "too small for voxels 3 times as large" in plan.left_out[1]


def test_a_phase_that_vanishes_is_named() -> None:
    labels = np.zeros((12, 12, 12), np.uint8)
    labels[:, :6] = 1
    labels[0, 11, :2] = 2
    with pytest.raises(GeometryError, match="no voxel of cbd is left") as caught:
        coarsen(volume_of(labels), 3)
    assert caught.value.key == "factors"


@pytest.mark.parametrize(
    ("options", "error", "key"),
    [
        ({"what": ["voxels"]}, CaseError, "what"),
        ({"what": []}, CaseError, "what"),
        ({"factors": [1.0]}, CaseError, "factors"),
        ({"factors": [2.0, 2.0]}, CaseError, "factors"),
        ({"factors": [8.0]}, GeometryError, "factors"),
        ({"crops": 1}, CaseError, "crops"),
    ],
)
def test_what_makes_no_study_is_refused(
    options: dict, error: type[Exception], key: str, cathode: tuple[Volume, Particles]
) -> None:
    with pytest.raises(error) as caught:
        make_plan(*cathode, **options)
    assert caught.value.key == key  # type: ignore[attr-defined]


def test_an_image_too_small_for_crops_is_refused() -> None:
    volume = volume_of(np.ones((6, 6, 6)))
    with pytest.raises(GeometryError, match="too small for crops"):
        make_plan(volume, one_particle(volume), what=["crop"])
