"""Images that are wrong, each with the arguments that meet them and the words that must be said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import tifffile
from cli_inputs import AXES, IMAGE, PHASES, READ, SIZE, THROUGH

Arrange = Callable[[Path], tuple[str, ...]]


@dataclass(frozen=True)
class Bad:
    """One bad input.

    Attributes
    ----------
    name : str
        What is wrong.
    arrange : callable
        Prepares the folder, in which the image cathode.tif lies already, and returns the arguments.
    says : tuple of str
        What the message must hold: the offending key or value, and the fix.
    code : int
        The exit code.
    """

    name: str
    arrange: Arrange
    says: tuple[str, ...]
    code: int = 2


def inspect(*options: str, file: str = "cathode.tif") -> Arrange:
    return lambda folder: ("inspect", file, *options)


def saved(array: np.ndarray, *options: str, file: str = "bad.tif") -> Arrange:
    def arrange(folder: Path) -> tuple[str, ...]:
        tifffile.imwrite(folder / file, array, photometric="rgb" if array.shape[-1] == 3 else "minisblack")
        return ("inspect", file, *(options or READ))

    return arrange


def truncated(folder: Path) -> tuple[str, ...]:
    content = (folder / "cathode.tif").read_bytes()
    (folder / "cut.tif").write_bytes(content[: len(content) // 4])
    return ("inspect", "cut.tif", *READ)


def text_as_tiff(folder: Path) -> tuple[str, ...]:
    (folder / "note.tif").write_text("this is no image")
    return ("inspect", "note.tif", *READ)


def empty_file(folder: Path) -> tuple[str, ...]:
    (folder / "empty.tif").touch()
    return ("inspect", "empty.tif", *READ)


def unknown_suffix(folder: Path) -> tuple[str, ...]:
    (folder / "cathode.jpg").write_bytes(b"\xff\xd8")
    return ("inspect", "cathode.jpg", *READ)


def empty_folder(folder: Path) -> tuple[str, ...]:
    (folder / "slices").mkdir()
    return ("inspect", "slices", *READ)


def uneven_slices(folder: Path) -> tuple[str, ...]:
    (folder / "slices").mkdir()
    for number, width in enumerate((8, 8, 7)):
        tifffile.imwrite(folder / f"slices/{number:03d}.tif", IMAGE[number, :, :width])
    return ("inspect", "slices", *READ)


def several_arrays(*options: str) -> Arrange:
    def arrange(folder: Path) -> tuple[str, ...]:
        with h5py.File(folder / "scan.h5", "w") as file:
            file["labels"], file["grey"] = IMAGE, IMAGE.astype(float)
        return ("inspect", "scan.h5", *READ, *options)

    return arrange


def raw(*options: str) -> Arrange:
    def arrange(folder: Path) -> tuple[str, ...]:
        IMAGE.tofile(folder / "scan.raw")
        return ("inspect", "scan.raw", *READ, *options)

    return arrange


def with_nan() -> np.ndarray:
    array = IMAGE.astype(np.float32)
    array[3, 4, 5] = np.nan
    return array


def plugged(label: int) -> np.ndarray:
    """Cut the electrolyte (1: a slab of active) or the solid (0: a slab of pore) off its plane."""
    array = IMAGE.copy()
    array[-2:] = 0
    if label == 1:
        array[:2] = 1
    return array


def segment(*options: str) -> Arrange:
    return lambda folder: ("segment", "cathode.tif", *READ, *options)


GREY = np.random.default_rng(0).integers(0, 2**15, IMAGE.shape, dtype=np.uint16)

BAD_VOLUMES = (
    Bad(
        "missing file",
        inspect(*READ, file="cathod.tif"),
        ("cathod.tif", "does not exist", "did you mean 'cathode.tif'"),
    ),
    Bad("empty file", empty_file, ("empty.tif", "empty", "export")),
    Bad("unknown format", unknown_suffix, (".jpg", ".tif", ".h5")),
    Bad("truncated TIFF", truncated, ("cut.tif", "cannot be read", "export it again")),
    Bad("text named tif", text_as_tiff, ("note.tif", "cannot be read", "export it again")),
    Bad("empty folder", empty_folder, ("slices", "no TIFF slices", "one .tif per slice")),
    Bad("uneven slices", uneven_slices, ("002.tif", "(10, 7)", "(10, 8)", "remove")),
    Bad("nothing said", inspect(), ("--axes", "--voxel-size", "--phases", "missing as well")),
    Bad(
        "no voxel size",
        inspect(*AXES, *THROUGH, *PHASES),
        ("--voxel-size", "not given", "--voxel-size '398 nm'"),
    ),
    Bad("no axes", inspect(*SIZE, *THROUGH, *PHASES), ("--axes", "not given", "--axes 'ZYX'")),
    Bad("wrong axes", inspect(*SIZE, "--axes", "ZYC", *THROUGH, *PHASES), ("--axes", "ZYC", "Z, Y and X")),
    Bad("axis twice", inspect(*SIZE, "--axes", "ZYY", *THROUGH, *PHASES), ("--axes", "ZYY", "twice")),
    Bad(
        "no through axis",
        inspect(*SIZE, *AXES, "--separator-side", "low", *PHASES),
        ("--through-axis", "--through-axis 'Z'"),
    ),
    Bad(
        "unknown through axis",
        inspect(*SIZE, *AXES, "--through-axis", "T", "--separator-side", "low", *PHASES),
        ("--through-axis", "T", "one of the letters of axes"),
    ),
    Bad(
        "separator side typo",
        inspect(*SIZE, *AXES, "--through-axis", "Z", "--separator-side", "lo", *PHASES),
        ("--separator-side", "lo", "'low' or 'high'"),
    ),
    Bad(
        "voxel size zero",
        inspect("--voxel-size", "0 nm", *AXES, *THROUGH, *PHASES),
        ("--voxel-size", "0 nm", "398 nm"),
    ),
    Bad(
        "voxel size negative",
        inspect("--voxel-size=-398 nm", *AXES, *THROUGH, *PHASES),
        ("--voxel-size", "-398 nm", "398 nm"),
    ),
    Bad(
        "voxel size in ampere",
        inspect("--voxel-size", "398 nA", *AXES, *THROUGH, *PHASES),
        ("--voxel-size", "398 nA", "unit of length"),
    ),
    Bad(
        "voxel size without unit",
        inspect("--voxel-size", "398", *AXES, *THROUGH, *PHASES),
        ("--voxel-size", "398", "unit of length"),
    ),
    Bad(
        "voxel size in metres by mistake",
        inspect("--voxel-size", "398 m", *AXES, *THROUGH, *PHASES),
        ("--voxel-size", "not plausible", "398 nm"),
    ),
    Bad(
        "two voxel sizes",
        inspect("--voxel-size", "398 nm, 400 nm", *AXES, *THROUGH, *PHASES),
        ("--voxel-size", "one length, or three"),
    ),
    Bad(
        "voxel size not in file",
        inspect("--voxel-size", "file", *AXES, *THROUGH, *PHASES),
        ("--voxel-size", "does not state", "microscope"),
    ),
    Bad(
        "label without phase",
        inspect(*SIZE, *AXES, *THROUGH, "--phases", "pore=0,active=1"),
        ("--phases", "2 (", "add them to a phase"),
    ),
    Bad(
        "phase without label",
        inspect(*SIZE, *AXES, *THROUGH, "--phases", "pore=0,active=1,cbd=2,cbd=3"),
        ("--phases", "does not hold: 3", "remove them"),
    ),
    Bad(
        "phase misspelt",
        inspect(*SIZE, *AXES, *THROUGH, "--phases", "pore=0,activ=1,cbd=2"),
        ("--phases", "activ", "did you mean 'active'"),
    ),
    Bad(
        "label not a number",
        inspect(*SIZE, *AXES, *THROUGH, "--phases", "pore=0,active=one,cbd=2"),
        ("--phases", "'one'", "--phases pore=0,active=1,cbd=2"),
    ),
    Bad(
        "phases not a map",
        inspect(*SIZE, *AXES, *THROUGH, "--phases", "pore,active"),
        ("--phases", "pore,active", "--phases pore=0,active=1,cbd=2"),
    ),
    Bad(
        "label used twice",
        inspect(*SIZE, *AXES, *THROUGH, "--phases", "pore=0,active=1,cbd=1"),
        ("--phases", "label 1"),
    ),
    Bad("2D image", saved(IMAGE[0]), ("2 axes", "folder of slices")),
    Bad("colour image", saved(np.stack([IMAGE] * 3, axis=-1)), ("colour", "one channel")),
    Bad("4D image", saved(np.stack([IMAGE] * 2)), ("4 axes", "save one 3D image")),
    Bad("NaN in the image", saved(with_nan()), ("1 voxels are NaN", "crop")),
    Bad("fractions in the image", saved(IMAGE + np.float32(0.25)), ("fractions", "segment it first")),
    Bad("grey image", saved(GREY), ("grey image", "labels_from_grey")),
    Bad("only pore", saved(np.zeros_like(IMAGE)), ("--phases", "does not hold: 1, 2", "0 (960 voxels)")),
    Bad("crop outside", inspect(*READ, "--crop", "0:13,:,:"), ("--crop", "[0, 13]", "Z 0 to 12")),
    Bad("crop reversed", inspect(*READ, "--crop", "8:2,:,:"), ("--crop", "[8, 2]", "reversed")),
    Bad("crop empty", inspect(*READ, "--crop", "4:4,:,:"), ("--crop", "[4, 4]", "empty")),
    Bad("crop of two axes", inspect(*READ, "--crop", "0:4,:"), ("--crop", "per axis", "--crop 0:64,0:64,:")),
    Bad("crop not a number", inspect(*READ, "--crop", "a:4,:,:"), ("--crop", "'a'", "--crop 0:64,0:64,:")),
    Bad("flip through axis", inspect(*READ, "--flip", "Z"), ("--flip", "Z", "--separator-side 'high'")),
    Bad("HDF5 with several arrays", several_arrays(), ("--dataset", "labels (12, 10, 8)", "--dataset '...'")),
    Bad(
        "HDF5 array typo",
        several_arrays("--dataset", "label"),
        ("--dataset", "label", "did you mean 'labels'"),
    ),
    Bad("raw without shape", raw("--dtype", "uint8"), ("--shape", "251")),
    Bad("raw without dtype", raw("--shape", "12,10,8"), ("--dtype", "'uint8'")),
    Bad(
        "raw of another size", raw("--shape", "12,10,9", "--dtype", "uint8"), ("960 bytes", "1080", "header")
    ),
    Bad(
        "raw shape no numbers",
        raw("--shape", "12x10x8", "--dtype", "uint8"),
        ("--shape", "12x10x8", "251,301,200"),
    ),
    Bad("raw type unknown", raw("--shape", "12,10,8", "--dtype", "uint9"), ("uint9", "not understood")),
    Bad("unknown option", inspect(*READ, "--voxelsize", "1"), ("--voxelsize", "--voxel-size")),
    Bad(
        "options beside a case file",
        lambda folder: ("inspect", "case.toml", "--axes", "ZYX"),
        ("--axes", "[volume]"),
    ),
    Bad(
        "electrolyte cut off",
        saved(plugged(1)),
        ("no pore or cbd voxel touches the separator", "through_axis"),
    ),
    Bad("solid cut off", saved(plugged(0)), ("no active or cbd voxel touches the collector", "through_axis")),
    Bad("segment median even", segment("--median-size", "4"), ("--median-size", "4", "odd")),
    Bad("segment rule typo", segment("--markers", "h-maxma"), ("--markers", "h-maxma", "'h-maxima'")),
    Bad("segment share above one", segment("--h-relative", "2"), ("--h-relative", "2.0", "below 1")),
    Bad("segment not a number", segment("--h", "high"), ("--h", "valid number")),
    Bad(
        "segment without active",
        lambda folder: ("segment", "cathode.tif", *SIZE, *AXES, *THROUGH, "--phases", "pore=0,pore=1,cbd=2"),
        ("no active material", "phase map"),
    ),
    Bad(
        "segment output in no folder",
        segment("-o", "missing/labels.tif"),
        ("missing/labels.tif", "cannot be written"),
    ),
    Bad("segment table in no folder", segment("--table", "missing/p.csv"), ("missing", "cannot be")),
)
