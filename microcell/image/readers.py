"""Where voxels come from: TIFF stacks, folders of slices, HDF5, NumPy and raw files.

A reader opens a file without loading it and returns a `Source`; only the cropped part is ever read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tifffile

from ..errors import VolumeError, did_you_mean
from .hints import Hints, hdf5_hints, tiff_hints

TIFF = (".tif", ".tiff")
HDF5 = (".h5", ".hdf5", ".hdf")
NUMPY = (".npy", ".npz")
RAW = (".raw", ".bin", ".dat")
SUFFIXES = TIFF + HDF5 + NUMPY + RAW

Slices = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Source:
    """An image file that is open for reading in parts.

    Attributes
    ----------
    name : str
        Path, with the data set where there is one.
    shape : tuple of int
        Shape of the array in the file.
    dtype : numpy.dtype
        Its type.
    load : callable
        Takes three slices, returns the array they select.
    hints : Hints
        What the file itself says about axes, voxel size and phases.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    load: Callable[[Slices], np.ndarray]
    hints: Hints = field(default_factory=Hints)


def open_source(
    path: str | Path, *, dataset: str | None = None, shape: Any = None, dtype: Any = None, order: str = "C"
) -> Source:
    """Open an image file or a folder of slices.

    Parameters
    ----------
    path : str or Path
        ``.tif .tiff``, ``.h5 .hdf5``, ``.npy .npz``, ``.raw .bin .dat``, or a folder of TIFF slices.
    dataset : str, optional
        Name of the array in an HDF5 or npz file; may be left out where there is only one with three axes.
    shape, dtype : optional
        Needed for raw files only, since they do not store them; ``dtype`` carries the byte order (">u2").
    order : {"C", "F"}
        Memory order of a raw file.

    Returns
    -------
    Source
        The open file; nothing has been loaded yet.

    Raises
    ------
    VolumeError
        If the file does not exist, is empty or damaged, has an unknown format, or needs more to be said.
    """
    path = Path(path)
    if not path.exists():
        raise _missing(path)
    if path.is_dir():
        return _open_folder(path)
    if path.stat().st_size == 0:
        raise VolumeError(
            "the image file is empty (0 bytes)", file=path, fix="copy or export the image again"
        )
    suffix = path.suffix.lower()
    if suffix in RAW:
        return _open_raw(path, shape, dtype, order)
    readers: dict[str, Callable[[], Source]] = {
        **dict.fromkeys(TIFF, lambda: _open_tiff(path)),
        **dict.fromkeys(HDF5, lambda: _open_hdf5(path, dataset)),
        ".npy": lambda: _open_npy(path),
        ".npz": lambda: _open_npz(path, dataset),
    }
    if suffix not in readers:
        raise VolumeError("unknown image format", file=path, value=suffix, allowed=" ".join(SUFFIXES))
    return _guarded(readers[suffix], path)


def _guarded(read: Callable[[], Any], path: Path) -> Any:
    """Run a library's reader; whatever it raises on a damaged file becomes one message."""
    try:
        return read()
    except VolumeError:
        raise
    except Exception as error:
        raise VolumeError(
            f"the image cannot be read: {type(error).__name__}: {error}",
            file=path,
            fix="the file may be cut short, damaged or use a rare compression: export it again, "
            "uncompressed or with deflate",
        ) from error


def _missing(path: Path) -> VolumeError:
    folder = path.parent
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    hint = did_you_mean(path.name, names) if names else f"the folder {folder} is missing or empty"
    return VolumeError("the image file does not exist", file=path, fix=hint)


def _open_tiff(path: Path) -> Source:
    with tifffile.TiffFile(path) as tiff:
        series = tiff.series[0]
        _reject_colour(series.axes, series.shape, path)
        shape, dtype, pages = tuple(series.shape), series.dtype, len(series.pages)
        hints = tiff_hints(tiff)

    def load(part: Slices) -> np.ndarray:
        if pages == shape[0] and pages > 1:
            rows = range(*part[0].indices(shape[0]))
            stack = _guarded(lambda: tifffile.imread(path, key=rows, series=0), path)
            return stack.reshape(len(rows), *shape[1:])[:, part[1], part[2]]
        return _guarded(lambda: tifffile.imread(path), path).reshape(shape)[part]

    return Source(str(path), shape, np.dtype(dtype), load, hints)


def _reject_colour(axes: str, shape: tuple[int, ...], path: Path) -> None:
    if "S" in axes:
        raise VolumeError(
            "this is a colour image (several samples per voxel), not a label image",
            file=path,
            value=f"axes {axes}, shape {shape}",
            allowed="one label per voxel",
            fix="export the segmentation as one channel of integer labels",
        )


def _natural(path: Path) -> list[Any]:
    return [int(part) if part.isdigit() else part.lower() for part in re.split(r"(\d+)", path.name)]


def _open_folder(path: Path) -> Source:
    files = sorted((entry for entry in path.iterdir() if entry.suffix.lower() in TIFF), key=_natural)
    if not files:
        raise VolumeError(
            "the folder holds no TIFF slices", file=path, allowed="one .tif per slice, numbered in order"
        )
    first = _open_slice(files[0])
    for file in files[1:]:
        _check_slice(_open_slice(file), first)

    def load(part: Slices) -> np.ndarray:
        rows = files[part[0]]
        return np.stack([_read_slice(file)[part[1], part[2]] for file in rows])

    shape = (len(files), *first.shape)
    return Source(str(path), shape, first.dtype, load, first.hints)


def _read_slice(file: Path) -> np.ndarray:
    image: np.ndarray = _guarded(lambda: tifffile.imread(file), file)
    return image


def _open_slice(file: Path) -> Source:
    source: Source = _guarded(lambda: _open_tiff(file), file)
    if len(source.shape) != 2:
        raise VolumeError(
            "a file in a folder of slices is not one 2D slice",
            file=file,
            value=f"shape {source.shape}",
            fix="name the file itself where it is a whole stack",
        )
    return source


def _check_slice(source: Source, first: Source) -> None:
    if source.shape != first.shape or source.dtype != first.dtype:
        raise VolumeError(
            "the slices do not have one shape and type",
            file=source.name,
            value=f"{source.shape} {source.dtype}",
            allowed=f"{first.shape} {first.dtype}, as {Path(first.name).name}",
            fix="remove what does not belong to the stack from the folder",
        )


def _open_hdf5(path: Path, dataset: str | None) -> Source:
    with h5py.File(path, "r") as file:
        found: dict[str, Any] = {}

        def collect(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                found[name] = item

        file.visititems(collect)
        name = _choose_dataset({name: item.shape for name, item in found.items()}, dataset, path)
        shape, dtype, hints = found[name].shape, found[name].dtype, hdf5_hints(found[name])

    def read(part: Slices) -> np.ndarray:
        with h5py.File(path, "r") as file:
            return np.asarray(file[name][part])

    return Source(f"{path}:{name}", shape, dtype, lambda part: _guarded(lambda: read(part), path), hints)


def _choose_dataset(shapes: dict[str, tuple[int, ...]], wanted: str | None, path: Path) -> str:
    if wanted is not None:
        if wanted.strip("/") in shapes:
            return wanted.strip("/")
        raise VolumeError(
            "there is no such array in the file",
            file=path,
            key="dataset",
            value=wanted,
            allowed=", ".join(shapes) or "nothing: the file holds no array",
            fix=did_you_mean(wanted, shapes),
        )
    volumes = [name for name, shape in shapes.items() if len(shape) == 3]
    if len(volumes) == 1:
        return volumes[0]
    listing = ", ".join(f"{name} {shape}" for name, shape in shapes.items()) or "nothing"
    raise VolumeError(
        f"the file holds {len(volumes)} arrays with three axes; it is not clear which is the image",
        file=path,
        key="dataset",
        allowed=listing,
        fix="name it: dataset='...'",
    )


def _open_npy(path: Path) -> Source:
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    return Source(str(path), array.shape, array.dtype, lambda part: np.asarray(array[part]))


def _open_npz(path: Path, dataset: str | None) -> Source:
    with np.load(path, allow_pickle=False) as archive:
        name = _choose_dataset({key: archive[key].shape for key in archive.files}, dataset, path)
        array = archive[name]
    return Source(f"{path}:{name}", array.shape, array.dtype, lambda part: array[part])


def _open_raw(path: Path, shape: Any, dtype: Any, order: str) -> Source:
    if shape is None or dtype is None:
        raise VolumeError(
            "a raw file does not say how large it is",
            file=path,
            key="shape" if shape is None else "dtype",
            fix="give both: shape=(251, 301, 200), dtype='uint8' ('>u2' for big-endian 16 bit)",
        )
    try:
        kind, extents = np.dtype(dtype), tuple(int(n) for n in shape)
    except (TypeError, ValueError) as error:
        raise VolumeError(
            f"shape or dtype is not understood: {error}", file=path, value=(shape, dtype)
        ) from error
    expected, actual = int(np.prod(extents)) * kind.itemsize, path.stat().st_size
    if expected != actual or min(extents, default=0) <= 0 or order not in ("C", "F"):
        raise VolumeError(
            f"the raw file has {actual} bytes, shape and dtype ask for {expected}",
            file=path,
            key="shape",
            value=f"{extents} of {kind}, order {order}",
            allowed="positive extents whose product times the item size is the file size; order 'C' or 'F'",
            fix="check the shape, the type and whether the file has a header (strip it)",
        )
    order_: Any = order
    array = np.memmap(path, dtype=kind, mode="r", shape=extents, order=order_)
    return Source(str(path), extents, kind, lambda part: np.asarray(array[part]))
