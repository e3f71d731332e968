"""Particles told apart: generated packings with known particles, and shapes small enough to reason about."""

import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from skimage.segmentation import watershed

from microcell.errors import SegmentationError
from microcell.image import Particles, Phase, Volume, generate_cathode, segment
from microcell.image.basins import highest_saddles, merge_basins, steepest_basins
from microcell.image.distance import landscape
from microcell.image.particles import DIAMETER, EDGE

sys.path.insert(0, str(Path(__file__).parent))
from adjusted_rand import adjusted_rand

CUBE = (400e-9,) * 3


def test_adjusted_rand_on_known_cases():
    assert adjusted_rand([1, 1, 2, 2], [5, 5, 3, 3]) == 1.0
    # Four elements, {12}{34} and {13}{24}: index 0, expected 2*2/6, maximum 2: (0 - 2/3) / (2 - 2/3).
    assert adjusted_rand([1, 1, 2, 2], [1, 2, 1, 2]) == pytest.approx(-0.5)


def volume_of(active, voxel_size=CUBE):
    return Volume(active.astype(np.uint8), voxel_size)


def packing(diameter, overlap, roughness, seed, size=80):
    length = diameter * 400e-9
    return generate_cathode(
        (size,) * 3,
        400e-9,
        diameter_mean=length,
        diameter_std=0.2 * length,
        overlap=overlap,
        roughness=roughness,
        whole=True,
        seed=seed,
    )


# Diameter in voxels, overlap, roughness: the levels at which the bar (0.95, 3 %) is held.
LEVELS = [
    (12.5, 0.0, 0.0),
    (12.5, 0.05, 0.0),
    (12.5, 0.1, 0.0),
    (12.5, 0.05, 0.05),
    (16, 0.1, 0.05),
    (16, 0.15, 0.0),
]


@pytest.mark.parametrize(("diameter", "overlap", "roughness"), LEVELS)
@pytest.mark.parametrize("rule", ["h-maxima", "peaks"])
def test_generated_particles_are_found(diameter, overlap, roughness, rule):
    """Adjusted Rand index of at least 0.95 over the active voxels, particle count within 3 %."""
    true = packing(diameter, overlap, roughness, seed=1)
    found = segment(true.volume, markers=rule)
    active = true.particle_labels > 0
    assert adjusted_rand(true.particle_labels[active], found.labels[active]) >= 0.95
    assert found.count == pytest.approx(len(true.table), rel=0.03)
    np.testing.assert_array_equal(found.labels > 0, active)


@pytest.mark.parametrize("share", [0.001, 0.01])
def test_wrong_voxels_do_not_split_particles(share):
    """Flip voxels at random: holes of one voxel inside particles, specks of one voxel in the pores."""
    true = packing(16, 0.05, 0.0, seed=2)
    flipped = np.random.default_rng(0).random(true.volume.shape) < share
    active = (true.particle_labels > 0) ^ flipped
    found = segment(volume_of(active))
    both = active & (true.particle_labels > 0)
    score = adjusted_rand(true.particle_labels[both], found.labels[both])
    assert score >= 0.95
    assert (found.table["Voxels"] >= 20).sum() == pytest.approx(len(true.table), rel=0.03)
    unfilled = segment(volume_of(active), fill_holes=0)
    assert adjusted_rand(true.particle_labels[both], unfilled.labels[both]) < score - 0.01


def test_same_partition_as_flooding_from_the_same_markers():
    """Independent route: scikit-image floods from the summits that survive; the boundaries must agree."""
    true = packing(16, 0.1, 0.0, seed=3)
    found = segment(true.volume)
    active = true.particle_labels > 0
    heights = landscape(active, CUBE, 3)
    seeds = np.zeros_like(found.labels)
    order = np.argsort(heights, axis=None)  # the highest voxel of each particle is written last
    top = np.zeros(found.count + 1, np.int64)
    top[found.labels.ravel()[order]] = order
    seeds.ravel()[top[1:]] = np.arange(1, found.count + 1)
    flooded = watershed(-heights, seeds, mask=active, connectivity=3)
    assert adjusted_rand(flooded[active], found.labels[active]) >= 0.98
    given = segment(true.volume, markers=seeds)
    np.testing.assert_array_equal(given.labels > 0, active)
    assert given.count == found.count


def two_spheres(gap, voxel=(1.0, 1.0, 1.0)):
    z, y, x = (np.arange(n) * h for n, h in zip((24, 24, 44), voxel, strict=True))
    z, y, x = np.meshgrid(z, y, x, indexing="ij")
    ball = (z - 12 * voxel[0]) ** 2 + (y - 12 * voxel[1]) ** 2
    return (ball + (x - 12) ** 2 < 64) | (ball + (x - 12 - gap) ** 2 < 64)


def test_two_spheres_are_split_at_the_neck():
    found = segment(volume_of(two_spheres(14)))
    assert found.count == 2
    line = found.labels[12, 12]
    border = np.flatnonzero((line[1:] != line[:-1]) & (line[1:] > 0) & (line[:-1] > 0))
    assert border.tolist() in ([18], [19])  # the neck lies at x = 19


def test_significance_decides():
    """Distance 8, radius 8: the neck is 6.9, the rise of 1.1 is kept by h = 0.5 and lost by h = 2."""
    assert segment(volume_of(two_spheres(8)), h=0.5).count == 2
    assert segment(volume_of(two_spheres(8)), h=2.0).count == 1
    assert segment(volume_of(two_spheres(8)), h_relative=0.5).count == 1
    assert segment(volume_of(two_spheres(8)), markers="peaks", min_distance=9).count == 1


def test_anisotropic_voxels_count_in_metres():
    """Two spheres in contact, stored with voxels twice as long in z; a metre is a metre."""
    mask = two_spheres(14)[::2]
    found = segment(volume_of(mask, (800e-9, 400e-9, 400e-9)))
    assert found.count == 2
    assert found.table["Volume [m3]"].sum() == pytest.approx(mask.sum() * 800e-9 * 400e-9**2)


def test_small_particles_join_and_isolated_ones_stay():
    active = np.zeros((20, 20, 30), bool)
    active[4:16, 4:16, 2:14] = True
    active[9:11, 9:11, 14:17] = True
    active[7:13, 7:13, 17:23] = True  # a cube on a stalk
    active[10, 10, 25] = True  # a speck
    assert segment(volume_of(active)).count == 3
    found = segment(volume_of(active), min_voxels=300)
    assert sorted(found.table["Voxels"]) == [1, 12**3 + 12 + 6**3]


def test_memory_stays_below_five_images_of_labels():
    """Heights, labels and one copy of either are 12 bytes per voxel, work on parts adds a little here; with
    arrays of indices of the whole volume it was 26."""
    volume = packing(12.5, 0.05, 0.0, seed=1).volume
    tracemalloc.start()
    try:
        segment(volume)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 20 * volume.labels.size


def test_a_volume_without_surface_is_one_particle():
    assert segment(volume_of(np.ones((6, 5, 4), bool))).count == 1


def test_table_of_a_known_particle():
    labels = np.zeros((10, 10, 10), np.int32)
    labels[2:4, 3:6, 4:8] = 7
    labels[2:4, 3:6, 8:10] = 9
    table = Particles.from_labels(labels, (1e-6, 2e-6, 3e-6)).table
    first, second = table.iloc[0], table.iloc[1]
    assert first["Voxels"] == 24
    assert first["Volume [m3]"] == pytest.approx(24 * 6e-18)
    assert first[DIAMETER] == pytest.approx((6 * 24 * 6e-18 / np.pi) ** (1 / 3))
    assert [first[f"Centroid {a} [m]"] for a in "zyx"] == pytest.approx([3e-6, 9e-6, 18e-6])
    assert [first[f"First {a}"] for a in "zyx"] + [first[f"End {a}"] for a in "zyx"] == [2, 3, 4, 4, 6, 8]
    assert not first[EDGE]
    assert second[EDGE]
    assert first["Touching particles"] == second["Touching particles"] == 1
    assert isinstance(table, pd.DataFrame)


def test_labels_survive_a_file(tmp_path):
    found = segment(volume_of(two_spheres(14)))
    found.write(tmp_path / "labels.tif")
    import tifffile

    np.testing.assert_array_equal(tifffile.imread(tmp_path / "labels.tif"), found.labels)
    with pytest.raises(SegmentationError, match="cannot be written"):
        found.write(tmp_path / "nowhere" / "labels.tif")


def test_progress_runs_to_the_end():
    seen = []
    segment(volume_of(two_spheres(14)), progress=lambda stage, share: seen.append(share))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


BAD = [
    ({"markers": "h-maxma"}, "did you mean 'h-maxima'"),
    ({"markers": np.zeros((2, 2, 2), int)}, "does not fit"),
    ({"median_size": 4}, "odd"),
    ({"h": -1.0}, "0 or more"),
    ({"h_relative": 1.0}, "below 1"),
    ({"fill_holes": -1}, "0 or more"),
    ({"min_distance": 0}, "1 or more"),
    ({"min_voxels": -5}, "0 or more"),
]


@pytest.mark.parametrize(("options", "words"), BAD)
def test_bad_options_are_explained(options, words):
    with pytest.raises(SegmentationError, match=words):
        segment(volume_of(two_spheres(14)), **options)


def test_nothing_to_segment():
    with pytest.raises(SegmentationError, match="no active material"):
        segment(Volume(np.full((4, 4, 4), Phase.PORE, np.uint8), CUBE))
    with pytest.raises(SegmentationError, match="no particle"):
        Particles.from_labels(np.zeros((3, 3, 3), int), CUBE)


def test_basins_and_saddles_of_two_hills():
    """Heights 1 3 2 4 1 in a row: summits 3 and 4, the pass between them 2; the lower one rises by 1."""
    heights = np.array([1, 3, 2, 4, 1], np.float32).reshape(1, 1, 5)
    basins, summits = steepest_basins(heights)
    assert basins.ravel().tolist() == [1, 1, 2, 2, 2]
    assert summits.tolist() == [0, 3, 4]
    saddles = highest_saddles(basins, heights)
    assert [array.tolist() for array in saddles] == [[1], [2], [2.0]]
    sizes = np.array([0, 2, 3])
    for h, count in ((0.5, 2), (1.5, 1)):
        number = merge_basins(
            summits, sizes, saddles, lambda summit, saddle, _size, h=h: summit - saddle >= h
        )
        assert number.max() == count
        assert number[0] == 0


@pytest.mark.shared
def test_real_particles_have_the_documented_size(shared_dir):
    """The notes of the volume give a median equivalent diameter of about 20 voxels for whole particles."""
    volume = Volume.read(
        shared_dir / "volumes" / "nmc_cal_3phase.tif",
        voxel_size="398 nm",
        axes="ZYX",
        through_axis="Z",
        separator_side="low",
        phases={"pore": 0, "active": 1, "cbd": 2},
        crop=[[60, 188], [80, 208], [40, 168]],
    )
    assert segment(volume).median_diameter() / 398e-9 == pytest.approx(20, abs=1.5)
