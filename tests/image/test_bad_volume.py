"""Bad images and bad keywords: one message each, with what to do, and never a library's traceback."""

import h5py
import numpy as np
import pytest
import tifffile

from microcell.errors import VolumeError
from microcell.image import Volume

KEYS = {
    "voxel_size": "398 nm",
    "axes": "ZYX",
    "through_axis": "Z",
    "separator_side": "low",
    "phases": {"pore": 0, "active": 1},
}
GOOD = np.tile(np.array([0, 1], np.uint8), 30).reshape(5, 4, 3)


def refuse(array=GOOD, **changes):
    with pytest.raises(VolumeError) as caught:
        Volume.from_array(array, **{**KEYS, **changes})
    return str(caught.value), caught.value.key


@pytest.mark.parametrize("key", list(KEYS))
def test_a_missing_keyword_is_named_with_an_example(key):
    text, named = refuse(**{key: None})
    assert named == key
    assert "not given" in text
    assert "fix:" in text


BAD_KEYWORDS = [
    ("voxel_size", "398", "not a length"),
    ("voxel_size", "398 kg", "not a length"),
    ("voxel_size", "lots", "not a length"),
    ("voxel_size", 398, "not plausible"),
    ("voxel_size", -4e-7, "not plausible"),
    ("voxel_size", "0 nm", "not plausible"),
    ("voxel_size", float("nan"), "not a length"),
    ("voxel_size", True, "not a length"),
    ("voxel_size", ["1 um", "1 um"], "order of axes, ZYX"),
    ("voxel_size", {"Z": 1}, "one length, or three"),
    ("voxel_size", "file", "does not state"),
    ("axes", "ZY", "three letters"),
    ("axes", "ZZX", "axis Z is named twice"),
    ("axes", "CYX", "three letters"),
    ("through_axis", "T", "no such axis"),
    ("separator_side", "left", "no such side"),
    ("flip", "Q", "no such axis"),
    ("flip", "Z", "separator_side"),
    ("phases", {}, "non-empty"),
    ("phases", {"pore": 0, "activ": 1}, "did you mean 'active'"),
    ("phases", {"pore": 0, "active": 0}, "two phases"),
    ("phases", {"pore": 0, "active": 1.5}, "whole number"),
    ("phases", {"pore": 0, "active": "1"}, "whole number"),
    ("phases", {"pore": 0}, r"1 (30 voxels)"),
    ("phases", {"pore": 0, "active": 1, "cbd": 7}, "does not hold: 7"),
    ("crop", [[0, 9], None, None], "Z 0 to 5"),
    ("crop", [[-1, 3], None, None], "outside"),
    ("crop", [[3, 3], None, None], "empty or reversed"),
    ("crop", [None, [3, 1], None], "empty or reversed"),
    ("crop", [[0, 2]], "one [start, stop] per axis"),
    ("crop", [[0, 1.5], None, None], "whole numbers"),
    ("crop", "0:64", "one [start, stop] per axis"),
]


@pytest.mark.parametrize(("key", "value", "words"), BAD_KEYWORDS)
def test_a_bad_keyword_is_explained(key, value, words):
    text, named = refuse(**{key: value})
    assert named == key
    assert words in text


def with_nan():
    array = GOOD.astype(float)
    array[0, 0, :2] = np.nan
    return array


BAD_ARRAYS = [
    (GOOD[0], "folder of slices"),
    (GOOD[None], "4 axes"),
    (GOOD[:0], "no voxels"),
    (with_nan(), "2 voxels are NaN"),
    (GOOD + 0.5, "holds fractions"),
    (np.arange(60).reshape(5, 4, 3), "labels_from_grey"),
    (GOOD.astype(str), "does not hold numbers"),
    (np.where(GOOD == 1, -1, GOOD.astype(int)), "-1 (30 voxels)"),
]


@pytest.mark.parametrize(("array", "words"), BAD_ARRAYS, ids=[words for _, words in BAD_ARRAYS])
def test_a_bad_array_is_explained(array, words):
    text, _ = refuse(array)
    assert words in text


def truncated(path):
    tifffile.imwrite(path / "cut.tif", np.zeros((20, 40, 40), np.uint8), photometric="minisblack")
    whole = (path / "cut.tif").read_bytes()
    (path / "cut.tif").write_bytes(whole[: len(whole) // 2])
    return "cut.tif"


def colour(path):
    tifffile.imwrite(path / "rgb.tif", np.zeros((4, 5, 6, 3), np.uint8), photometric="rgb")
    return "rgb.tif"


def empty(path):
    (path / "empty.tif").touch()
    return "empty.tif"


def not_a_tiff(path):
    (path / "text.tif").write_text("this is no image")
    return "text.tif"


def not_hdf5(path):
    (path / "text.h5").write_text("this is no image")
    return "text.h5"


def two_arrays(path):
    with h5py.File(path / "two.h5", "w") as file:
        file["a"] = GOOD
        file["b"] = GOOD
    return "two.h5"


def pickled(path):
    np.save(path / "objects.npy", np.array([{}, None], dtype=object))
    return "objects.npy"


def ragged_folder(path):
    (path / "stack").mkdir()
    tifffile.imwrite(path / "stack" / "1.tif", np.zeros((4, 4), np.uint8))
    tifffile.imwrite(path / "stack" / "2.tif", np.zeros((4, 5), np.uint8))
    return "stack"


def empty_folder(path):
    (path / "nothing").mkdir()
    return "nothing"


def unknown_format(path):
    (path / "image.jpg").write_bytes(b"x")
    return "image.jpg"


def misspelt(path):
    np.save(path / "cathode.npy", GOOD)
    return "cathod.npy"


def raw(path):
    GOOD.tofile(path / "a.raw")
    return "a.raw"


BAD_FILES = [
    (truncated, {}, "cut short"),
    (colour, {}, "colour image"),
    (empty, {}, "0 bytes"),
    (not_a_tiff, {}, "cannot be read"),
    (not_hdf5, {}, "cannot be read"),
    (two_arrays, {}, "dataset='...'"),
    (two_arrays, {"dataset": "c"}, "no such array"),
    (pickled, {}, "cannot be read"),
    (ragged_folder, {}, "one shape"),
    (empty_folder, {}, "no TIFF slices"),
    (unknown_format, {}, ".tif"),
    (misspelt, {}, "did you mean 'cathode.npy'"),
    (raw, {}, "does not say how large"),
    (raw, {"shape": (5, 4, 4), "dtype": "u1"}, "60 bytes"),
    (raw, {"shape": (5, 4, 3), "dtype": "u9"}, "not understood"),
]


@pytest.mark.parametrize(
    ("make", "extra", "words"), BAD_FILES, ids=[m.__name__ + str(e) for m, e, _ in BAD_FILES]
)
def test_a_bad_file_is_explained_and_named(tmp_path, make, extra, words):
    path = tmp_path / make(tmp_path)
    with pytest.raises(VolumeError) as caught:
        Volume.read(path, **KEYS, **extra)
    assert words in str(caught.value)
    assert path.name in str(caught.value)
