"""Generated cathodes: exact fractions, true labels, connected networks, and grey images with a way back."""

import numpy as np
import pytest

from microcell.errors import VolumeError
from microcell.image import Phase, generate_cathode, grey_image, labels_from_grey
from microcell.image.connectivity import reaches
from microcell.image.packing import pack_spheres


@pytest.fixture(scope="module")
def cathode():
    return generate_cathode((48, 40, 40), 400e-9, active_fraction=0.55, cbd_fraction=0.12, seed=3)


def test_fractions_are_met_to_one_voxel(cathode):
    size = cathode.volume.labels.size
    assert cathode.volume.mask(Phase.ACTIVE).sum() == round(0.55 * size)
    assert cathode.volume.mask(Phase.CBD).sum() == round(0.12 * size)


def test_seed_decides(cathode):
    again = generate_cathode((48, 40, 40), 400e-9, active_fraction=0.55, cbd_fraction=0.12, seed=3)
    other = generate_cathode((48, 40, 40), 400e-9, active_fraction=0.55, cbd_fraction=0.12, seed=4)
    np.testing.assert_array_equal(again.volume.labels, cathode.volume.labels)
    np.testing.assert_array_equal(again.particle_labels, cathode.particle_labels)
    assert np.any(other.volume.labels != cathode.volume.labels)


def test_labels_cover_the_active_material_and_match_the_table(cathode):
    labels, table = cathode.particle_labels, cathode.table
    np.testing.assert_array_equal(labels > 0, cathode.volume.mask(Phase.ACTIVE))
    np.testing.assert_array_equal(np.bincount(labels.ravel())[1:], table["Voxels"])
    assert table["Label"].tolist() == list(range(1, len(table) + 1))


def test_a_whole_sphere_has_its_volume():
    """Without overlap every particle is a ball; its voxels give the diameter in the table within 4 %."""
    cathode = generate_cathode((64,) * 3, 400e-9, active_fraction=0.3, overlap=0.0, whole=True, seed=1)
    table = cathode.table
    diameter = np.cbrt(6 * table["Voxels"] * 400e-9**3 / np.pi)
    assert np.median(np.abs(diameter / table["Sphere diameter [m]"] - 1)) < 0.04
    sides = [cathode.particle_labels.take(index, axis) for axis in range(3) for index in (0, -1)]
    touching = set(np.concatenate([side.ravel() for side in sides]).tolist()) - {0}
    assert len(touching) < 0.5 * len(table)


def test_size_distribution_is_the_one_asked_for():
    cathode = generate_cathode((96,) * 3, 400e-9, diameter_mean=5e-6, diameter_std=1e-6, seed=5)
    diameters = cathode.table["Sphere diameter [m]"]
    assert diameters.std() == pytest.approx(1e-6, rel=0.15)
    assert diameters.mean() == pytest.approx(5e-6, rel=0.15)


def test_both_networks_connect(cathode):
    electronic = cathode.volume.mask(Phase.ACTIVE, Phase.CBD)
    ionic = cathode.volume.mask(Phase.PORE, Phase.CBD)
    assert reaches(electronic, end="high").sum() / electronic.sum() > 0.99
    assert reaches(ionic, end="low").sum() / ionic.sum() > 0.99


def test_cbd_sits_nearer_to_contacts_than_pore_does(cathode):
    """Mean number of different particles within two voxels: bridges join at least two, open pore fewer."""
    labels = np.pad(cathode.particle_labels, 2)
    inner = tuple(slice(2, -2) for _ in range(3))
    seen = np.zeros((*cathode.volume.shape, 0), int)
    for step in ((2, 0, 0), (-2, 0, 0), (0, 2, 0), (0, -2, 0), (0, 0, 2), (0, 0, -2)):
        seen = np.concatenate([seen, np.roll(labels, step, (0, 1, 2))[inner][..., None]], axis=-1)
    ordered = np.sort(seen, axis=-1)
    different = (np.diff(ordered, axis=-1) != 0).sum(-1) + (ordered[..., 0] != 0)
    means = [different[cathode.volume.mask(phase)].mean() for phase in (Phase.CBD, Phase.PORE)]
    assert means[0] > means[1] + 0.5


@pytest.mark.parametrize("overlap", [0.0, 0.1])
def test_packing_keeps_its_distance(overlap):
    packing = pack_spheres((60, 60, 60), 0.5, 12.0, 3.0, overlap, np.random.default_rng(0))
    apart = np.linalg.norm(packing.centres[:, None] - packing.centres[None], axis=-1)
    touching = packing.radii[:, None] + packing.radii[None]
    np.fill_diagonal(apart, np.inf)
    assert np.min(apart / touching) > 1 - overlap - 0.02


BAD = [
    {"shape": (2, 40, 40)},
    {"voxel_size": 0.0},
    {"active_fraction": 0.9},
    {"active_fraction": 0.0},
    {"cbd_fraction": -0.1},
    {"active_fraction": 0.7, "cbd_fraction": 0.3},
    {"diameter_mean": 1e-6},
    {"diameter_std": 1e-5},
    {"overlap": 0.9},
    {"roughness": 1.0},
]


@pytest.mark.parametrize("options", BAD)
def test_impossible_cathodes_are_refused(options):
    with pytest.raises(VolumeError) as caught:
        generate_cathode(**options)
    assert caught.value.key in options
    assert caught.value.allowed


def test_grey_image_is_seeded_and_has_three_levels(cathode):
    clean = grey_image(cathode.volume, blur=0.0, noise=0.0, curtaining=0.0)
    assert len(np.unique(clean)) == 3
    order = [clean[cathode.volume.mask(phase)].mean() for phase in (Phase.PORE, Phase.CBD, Phase.ACTIVE)]
    assert order == sorted(order)
    np.testing.assert_array_equal(grey_image(cathode.volume, seed=2), grey_image(cathode.volume, seed=2))
    assert np.any(grey_image(cathode.volume, seed=2) != grey_image(cathode.volume, seed=3))


def test_curtains_run_along_y(cathode):
    stripes = grey_image(cathode.volume, blur=0, noise=0, curtaining=0.02).astype(float)
    stripes -= grey_image(cathode.volume, blur=0, noise=0, curtaining=0)
    assert stripes.std(axis=1).max() < 1.0  # rounding to whole grey values only
    assert stripes.std() > 3.0


def test_the_way_back_from_grey():
    """Default blur, noise and curtains: the accuracy that the documentation states."""
    volume = generate_cathode((64,) * 3, diameter_mean=6.4e-6, diameter_std=1.2e-6, seed=0).volume
    back = labels_from_grey(grey_image(volume))
    right = back == volume.labels
    assert right.mean() > 0.92
    assert right[volume.mask(Phase.ACTIVE)].mean() > 0.97
    assert right[volume.mask(Phase.PORE)].mean() > 0.97
    kept = labels_from_grey(grey_image(volume, curtaining=0.1), remove_curtains=False)
    cleaned = labels_from_grey(grey_image(volume, curtaining=0.1))
    assert (cleaned == volume.labels).mean() > (kept == volume.labels).mean() + 0.01


@pytest.mark.parametrize("image", [np.zeros((4, 4, 4)), np.zeros((4, 4)), np.full((4, 4, 4), np.nan)])
def test_no_grey_image(image):
    with pytest.raises(VolumeError):
        labels_from_grey(image)


def test_two_grey_values_are_not_three_phases():
    image = np.zeros((6, 6, 6))
    image[3:] = 1.0
    with pytest.raises(VolumeError, match="three brightness classes"):
        labels_from_grey(image, denoise=0.0)


@pytest.mark.parametrize("option", ["blur", "noise", "curtaining"])
def test_bad_grey_options(cathode, option):
    with pytest.raises(VolumeError) as caught:
        grey_image(cathode.volume, **{option: -1.0})
    assert caught.value.key == option
