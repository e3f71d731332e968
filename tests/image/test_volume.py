"""Reading: every format gives the same voxels, turned so that the separator lies at index 0."""

import json

import h5py
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from microcell.errors import VolumeError
from microcell.image import Phase, Volume
from microcell.image.orient import Orientation

KEYS = {
    "voxel_size": "398 nm",
    "axes": "ZYX",
    "through_axis": "Z",
    "separator_side": "low",
    "phases": {"pore": 10, "active": 20, "cbd": [30, 40]},
}


@pytest.fixture
def labels():
    """Labels that differ along every axis; 30 and 40 are both cbd."""
    array = np.random.default_rng(1).choice(np.array([10, 20, 30, 40], np.uint8), size=(5, 4, 3))
    array[0] = 10
    return array


def expected(labels):
    return np.select([labels == 10, labels == 20], [Phase.PORE, Phase.ACTIVE], Phase.CBD)


def save_tiff(path, labels, **options):
    """Three voxels along the last axis would be taken for red, green and blue."""
    tifffile.imwrite(path, labels, photometric="minisblack", **options)


def write_tiff(path, labels):
    save_tiff(path, labels)


def write_folder(path, labels):
    path.mkdir()
    for number, plane in enumerate(labels):  # 8, 9, 10, 11, 12: sorts wrongly as text
        tifffile.imwrite(path / f"slice{number + 8}.tif", plane)


def write_hdf5(path, labels):
    with h5py.File(path, "w") as file:
        file["scan/labels"] = labels
        file["scan/note"] = np.arange(3)


def write_raw_big_endian(path, labels):
    labels.astype(">u2").tofile(path)


FORMATS = [
    ("a.tif", write_tiff, {}),
    ("folder", write_folder, {}),
    ("a.h5", write_hdf5, {}),
    ("a.npy", np.save, {}),
    ("a.npz", lambda path, labels: np.savez(path, labels=labels, other=np.zeros(2)), {}),
    ("a.raw", write_raw_big_endian, {"shape": (5, 4, 3), "dtype": ">u2"}),
]


@pytest.mark.parametrize(("name", "write", "extra"), FORMATS, ids=[name for name, *_ in FORMATS])
@pytest.mark.parametrize("crop", [None, [[1, 4], None, [0, 2]]])
def test_every_format_gives_the_same_volume(tmp_path, labels, name, write, extra, crop):
    write(tmp_path / name, labels)
    volume = Volume.read(tmp_path / name, crop=crop, **KEYS, **extra)
    part = labels if crop is None else labels[1:4, :, 0:2]
    np.testing.assert_array_equal(volume.labels, expected(part))
    assert volume.voxel_size == pytest.approx((398e-9,) * 3)


def test_fortran_order_raw(tmp_path, labels):
    labels.ravel(order="F").tofile(tmp_path / "a.raw")
    volume = Volume.read(tmp_path / "a.raw", shape=(5, 4, 3), dtype="u1", order="F", **KEYS)
    np.testing.assert_array_equal(volume.labels, expected(labels))


@given(
    axes=st.permutations("ZYX").map("".join),
    through=st.sampled_from("ZYX"),
    side=st.sampled_from(["low", "high"]),
)
def test_through_axis_comes_first_and_starts_at_the_separator(axes, through, side):
    """Each voxel holds its own coordinates; after the turn index 0 must be the separator end."""
    shape = dict(zip("ZYX", (3, 4, 5), strict=True))
    grid = np.stack(np.meshgrid(*(np.arange(shape[a]) for a in axes), indexing="ij"), axis=-1)
    orientation = Orientation(axes, through, side)
    turned = [orientation.turn(grid[..., axes.index(letter)]) for letter in "ZYX"]
    along = turned["ZYX".index(through)][:, 0, 0]
    np.testing.assert_array_equal(along, np.arange(shape[through])[:: 1 if side == "low" else -1])
    for position, letter in enumerate(orientation.order[1:], start=1):
        line = turned["ZYX".index(letter)][(0,) * position + (slice(None),) + (0,) * (2 - position)]
        np.testing.assert_array_equal(line, np.arange(shape[letter]))


def test_voxel_sizes_and_crop_follow_the_order_of_axes(labels):
    keys = {**KEYS, "axes": "XZY", "through_axis": "Y", "voxel_size": ["1 um", 2e-6, "3 um"]}
    volume = Volume.from_array(labels, crop=[[1, 5], [0, 4], [1, 3]], **keys)
    # File axes X, Z, Y have 5, 4, 3 voxels; the order after the turn is Y, X, Z.
    assert volume.shape == (2, 4, 4)
    assert volume.voxel_size == pytest.approx((3e-6, 1e-6, 2e-6))
    np.testing.assert_array_equal(volume.labels, expected(labels[1:, :, 1:]).transpose(2, 0, 1))
    assert volume.size == pytest.approx((6e-6, 4e-6, 8e-6))


def test_flip_mirrors_one_in_plane_axis(labels):
    volume = Volume.from_array(labels, flip="Y", **KEYS)
    np.testing.assert_array_equal(volume.labels, expected(labels)[:, ::-1])


def test_bool_and_whole_float_images_are_label_images(labels):
    mask = labels == 20
    keys = {**KEYS, "phases": {"pore": 0, "active": 1}}
    for array in (mask, mask.astype(np.float64)):
        np.testing.assert_array_equal(Volume.from_array(array, **keys).labels, mask)


def test_nobody_writes_to_a_volume(labels):
    with pytest.raises(ValueError, match="read-only"):
        Volume.from_array(labels, **KEYS).labels[0, 0, 0] = 1


def test_echo_names_size_orientation_and_phases(labels):
    volume = Volume.from_array(labels, **{**KEYS, "separator_side": "high"})
    text = volume.describe()
    for piece in ("5 x 4 x 3", "398 nm", "1.99 um", "separator side high", "pore", "active", "cbd"):
        assert piece in text
    json.dumps(volume.info)


def write_json_tiff(path, labels):
    save_tiff(path, labels, metadata={"axes": "ZYX", "voxel_size_um": [0.4, 0.398, 0.398]})


def write_imagej_tiff(path, labels):
    save_tiff(
        path,
        labels,
        imagej=True,
        resolution=(1 / 0.398, 1 / 0.398),
        metadata={"axes": "ZYX", "spacing": 0.4, "unit": "um"},
    )


def write_ome_tiff(path, labels):
    sizes = {f"PhysicalSize{axis}": 0.4 if axis == "Z" else 0.398 for axis in "ZYX"}
    save_tiff(path, labels, ome=True, metadata={"axes": "ZYX", **sizes})


def write_h5_with_element_size(path, labels):
    with h5py.File(path, "w") as file:
        file["labels"] = labels
        file["labels"].attrs["element_size_um"] = [0.4, 0.398, 0.398]


METADATA = [
    ("a.tif", write_json_tiff),
    ("b.tif", write_imagej_tiff),
    ("c.ome.tif", write_ome_tiff),
    ("d.h5", write_h5_with_element_size),
]


@pytest.mark.parametrize(("name", "write"), METADATA, ids=[name for name, _ in METADATA])
def test_metadata_is_offered_and_used_only_on_request(tmp_path, labels, name, write):
    write(tmp_path / name, labels)
    with pytest.raises(VolumeError, match=r"voxel_size=\['400 nm', '398 nm', '398 nm'\]") as caught:
        Volume.read(tmp_path / name, **{**KEYS, "voxel_size": None})
    assert caught.value.key == "voxel_size"
    volume = Volume.read(tmp_path / name, **{**KEYS, "voxel_size": "file"})
    assert volume.voxel_size == pytest.approx((400e-9, 398e-9, 398e-9), rel=1e-6)


def test_contradicting_or_partial_metadata_is_no_voxel_size(tmp_path, labels):
    save_tiff(tmp_path / "xy.tif", labels, resolution=(25000, 25000), resolutionunit="CENTIMETER")
    save_tiff(
        tmp_path / "two.tif",
        labels,
        resolution=(25000, 25000),
        resolutionunit="CENTIMETER",
        metadata={"voxel_size_um": 0.5},
    )
    for name in ("xy.tif", "two.tif"):
        with pytest.raises(VolumeError, match="does not state one voxel size"):
            Volume.read(tmp_path / name, **{**KEYS, "voxel_size": "file"})


@pytest.mark.shared
def test_real_volume_has_the_documented_fractions(shared_dir):
    keys = {**KEYS, "phases": {"pore": 0, "active": 1, "cbd": 2}}
    volume = Volume.read(shared_dir / "volumes" / "nmc_cal_3phase.tif", **keys)
    assert volume.shape == (251, 301, 200)
    assert volume.fractions() == pytest.approx({"pore": 0.4010, "active": 0.5017, "cbd": 0.0973}, abs=5e-5)
    assert "398 nm" in volume.info["file_says"]
