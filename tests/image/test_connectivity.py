"""Clusters, what they touch, and one-voxel bridges, on shapes small enough to count by hand."""

import numpy as np
import pytest

from microcell.image import Phase, Volume
from microcell.image.connectivity import find_clusters, reaches, spanning_share
from microcell.image.networks import network_facts, one_voxel_bridges, usable_active


@pytest.fixture
def mask():
    """A column through z (5 voxels), a stub at the low end (2), a floating pair, a diagonal neighbour."""
    mask = np.zeros((5, 7, 7), bool)
    mask[:, 1, 1] = True
    mask[:2, 3, 3] = True
    mask[2:4, 5, 5] = True
    mask[1, 4, 5] = True
    return mask


def test_clusters_are_face_connected(mask):
    clusters = find_clusters(mask)
    assert sorted(clusters.sizes[1:].tolist()) == [1, 2, 2, 5]
    assert clusters.sizes[clusters.enclosed()].tolist() in ([1, 2], [2, 1])


def test_reaches_keeps_what_touches_the_end(mask):
    assert reaches(mask, end="low").sum() == 7
    assert reaches(mask, end="high").sum() == 5
    assert reaches(mask, axis=1, end="low").sum() == 0
    assert not reaches(np.zeros((3, 3, 3), bool)).any()


def test_spanning_share(mask):
    assert spanning_share(mask) == pytest.approx(5 / 10)
    assert spanning_share(np.zeros((3, 3, 3), bool)) == 0.0


def test_a_bridge_is_one_voxel_wide_between_two_blocks():
    mask = np.zeros((9, 5, 5), bool)
    mask[:3] = mask[6:] = True
    mask[3:6, 2, 2] = True  # three voxels between the blocks
    bridges, thin = one_voxel_bridges(mask)
    assert np.argwhere(bridges).tolist() == [[3, 2, 2], [4, 2, 2], [5, 2, 2]]
    assert thin.sum() == 3


def test_a_wall_is_thin_but_no_bridge_and_a_side_makes_neither():
    mask = np.zeros((5, 5, 5), bool)
    mask[:, 2, :] = True
    bridges, thin = one_voxel_bridges(mask)
    assert not bridges.any()
    assert thin.sum() == 25
    bridges, thin = one_voxel_bridges(np.ones((3, 3, 1), bool))
    assert not bridges.any()
    assert not thin.any()


def test_usable_active_needs_wire_and_electrolyte():
    """Along z: pore, active A, pore, active B, collector. Beside it a particle in a closed shell of pore."""
    labels = np.full((6, 5, 5), Phase.ACTIVE, np.uint8)
    labels[:2] = Phase.PORE
    labels[0, 0, 0] = Phase.ACTIVE  # touches the separator but no wire
    volume = Volume(labels, (1e-6,) * 3)
    assert usable_active(volume).sum() == 4 * 25
    buried = np.full((6, 5, 5), Phase.ACTIVE, np.uint8)
    buried[:3] = Phase.CBD
    buried[2] = Phase.PORE
    assert usable_active(Volume(buried, (1e-6,) * 3)).sum() == 3 * 25
    dry = np.full((6, 5, 5), Phase.ACTIVE, np.uint8)
    dry[3, 2, 2] = Phase.PORE  # a closed pore wets nothing, the separator plane does
    assert usable_active(Volume(dry, (1e-6,) * 3)).all() == np.False_
    assert usable_active(Volume(dry, (1e-6,) * 3)).sum() == dry.size - 1


@pytest.mark.shared
def test_percolation_of_the_real_volume(shared_dir):
    """Independent values from the notes that come with the volume: 0.995, 0.998, 0.586, 1.000."""
    keys = {"axes": "ZYX", "through_axis": "Z", "separator_side": "low", "voxel_size": "398 nm"}
    phases = {"pore": 0, "active": 1, "cbd": 2}
    volume = Volume.read(shared_dir / "volumes" / "nmc_cal_3phase.tif", phases=phases, **keys)
    shares = [spanning_share(volume.mask(phase)) for phase in (Phase.PORE, Phase.ACTIVE, Phase.CBD)]
    assert shares == pytest.approx([0.995, 0.998, 0.586], abs=6e-4)
    facts = network_facts(volume.mask(Phase.ACTIVE, Phase.CBD), "high")
    assert facts.spanning == pytest.approx(1.0, abs=5e-4)
