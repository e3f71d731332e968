"""The image doctor: numbers checked by hand, and the verdict for healthy, doubtful and unusable images."""

import json

import numpy as np
import pytest
from scipy.constants import physical_constants

from microcell.errors import VolumeError
from microcell.image import Phase, Volume, generate_cathode, inspect
from microcell.image.doctor import BASE_BYTES, BYTES_PER_VOXEL
from microcell.image.inspection import sparkline


def volume_of(labels):
    return Volume(np.asarray(labels, np.uint8), (400e-9,) * 3)


@pytest.fixture(scope="module")
def healthy():
    return generate_cathode((64, 48, 48), diameter_mean=5e-6, diameter_std=0.8e-6, seed=0)


def test_a_healthy_cathode(healthy):
    result = inspect(healthy.volume)
    assert (result.errors, result.warnings, result.exit_code) == ([], [], 0)
    text = str(result)
    for word in (
        "Fraction of active",
        "Ionic network",
        "Electronic network",
        "1C current",
        "Verdict: healthy",
    ):
        assert word in text
    assert "GiB" in text
    json.dumps(result.to_dict())


def test_profile_averages_to_the_fractions(healthy):
    facts = inspect(healthy.volume).facts
    for name, share in facts["fractions"].items():
        assert len(facts["profile"][name]) == 64
        assert np.mean(facts["profile"][name]) == pytest.approx(share)
    assert sum(facts["fractions"].values()) == pytest.approx(1.0)


def test_capacity_by_hand():
    """A slab of 10 of 20 layers: F * 4 um * c * x / 3600 per area; 1C current is the same number in A."""
    labels = np.zeros((20, 4, 4))
    labels[10:] = Phase.ACTIVE
    facts = inspect(volume_of(labels), c_max=50000.0, stoichiometry_window=0.7).facts
    faraday = physical_constants["Faraday constant"][0]
    expected = faraday * 10 * 400e-9 * 50000.0 * 0.7 / 3600
    assert facts["capacity"]["Ah_per_m2"] == pytest.approx(expected)
    assert facts["capacity"]["one_C_A"] == pytest.approx(expected * (4 * 400e-9) ** 2)
    assert facts["specific_surface_per_m"]["faces"] == pytest.approx(1 / (20 * 400e-9))
    assert facts["specific_surface_per_m"]["normals"] == pytest.approx(1 / (20 * 400e-9))
    assert facts["cost"]["memory_bytes"] == BASE_BYTES + BYTES_PER_VOXEL * 320


def test_floating_material_counts_for_nothing():
    """A cube of 6 voxels edge floats in pore: no capacity, reported as unwired, warned about."""
    labels = np.zeros((24, 12, 12))
    labels[16:] = Phase.ACTIVE
    labels[16:, 0, 0] = Phase.PORE
    labels[3:9, 3:9, 3:9] = Phase.ACTIVE
    result = inspect(volume_of(labels))
    wired = 8 * 143
    assert result.facts["usable_active_share"] == pytest.approx(wired / (wired + 216))
    assert result.facts["networks"]["electronic"]["islands"] == 1
    assert result.facts["networks"]["electronic"]["island_voxels"] == 216
    assert any("collector" in message for message in result.warnings)
    assert result.exit_code == 1


def layers(*phases):
    return volume_of(np.repeat(np.array(phases), 8)[:, None, None] * np.ones((1, 8, 8)))


UNUSABLE = [
    (layers(Phase.PORE, Phase.CBD), "no active material"),
    (layers(Phase.ACTIVE), "no electrolyte"),
    (layers(Phase.ACTIVE, Phase.PORE), "separator plane"),
    (layers(Phase.PORE, Phase.ACTIVE, Phase.PORE), "collector plane"),
]


@pytest.mark.parametrize(("volume", "words"), UNUSABLE, ids=[words for _, words in UNUSABLE])
def test_unusable(volume, words):
    result = inspect(volume)
    assert result.exit_code == 2
    assert words in " ".join(result.errors)
    assert "Verdict: unusable" in str(result)


def test_coarse_images_and_single_phase_ends_are_warned_about():
    coarse = generate_cathode((48, 40, 40), diameter_mean=2.4e-6, diameter_std=0.4e-6, seed=1).volume
    assert "voxels across" in " ".join(inspect(coarse).warnings)
    padded = np.concatenate([np.zeros((4, 40, 40), np.uint8), coarse.labels])
    assert "slice at the separator has a single phase" in " ".join(inspect(volume_of(padded)).warnings)


def test_particles_of_the_caller_are_used(healthy):
    from microcell.image import Particles

    truth = Particles.from_labels(healthy.particle_labels, healthy.volume.voxel_size)
    facts = inspect(healthy.volume, particles=truth).facts
    assert facts["particles"]["count"] == len(healthy.table)
    with pytest.raises(VolumeError, match="another volume"):
        inspect(layers(Phase.PORE, Phase.ACTIVE), particles=truth)


@pytest.mark.parametrize("options", [{"c_max": 0.0}, {"stoichiometry_window": 1.5}])
def test_bad_arguments(healthy, options):
    with pytest.raises(VolumeError, match="out of range"):
        inspect(healthy.volume, **options)


def test_sparkline():
    assert sparkline([0.0, 0.5, 1.0]) == " ▄█"
    assert len(sparkline([0.3] * 500)) == 32
