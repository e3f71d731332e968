"""The HDF5 files of a run: one part per snapshot while it runs, one `result.h5` when it ends.

A part is complete once it has its name, so a kill or a full disk costs at most the snapshot being written;
HDF5 itself gives no such promise for a file that is open for writing. Parts and result share one layout (see
`microcell.results.store`), with the snapshots along axis 0, and chunks are moved between them as they are,
without being decompressed.

HDF5 may end the whole process (bus error) when the disk fills up beneath an open file, where Python raises.
So small files are built in memory and written by Python, and space for the large one is reserved before HDF5
begins.
"""

from __future__ import annotations

import io
import itertools
import os
from collections.abc import Callable, Iterable
from dataclasses import fields as dataclass_fields
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from microcell.cell.snapshot import FaceTable, RunGrid, Snapshot
from microcell.errors import ResultsError
from microcell.results.files import atomic_write

FORMAT = "microcell-result"
VERSION = 1
GRID_FILE = "grid.h5"
SURFACE = {
    "Rocksalt thickness [m]": "film_thickness",
    "Interface current density [A.m-2]": "face_current",
    "Surface concentration [mol.m-3]": "surface_concentration",
}
"""Dataset name under /surface for each per-face array of a snapshot."""

_CHUNK = (32, 64, 64)  # 512 kB of float32: large enough to compress, small enough to read one slice quickly
_COMPRESSION = {"compression": "gzip", "compression_opts": 1, "shuffle": True}


def write_hdf5(path: Path, fill: Callable[[h5py.File], None]) -> None:
    """Build an HDF5 file in memory with `fill`, then write it atomically.

    Raises
    ------
    ResultsError
        The disk is full or the folder cannot be written.
    """
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        fill(file)
    atomic_write(path, lambda temporary: _write_bytes(temporary, memory))


def write_grid(path: Path, grid: RunGrid) -> None:
    """Write phases, particles, voxel size and the face table."""
    write_hdf5(path, lambda file: _put_grid(file, grid))


def read_grid(path: Path) -> RunGrid:
    """Read back what `write_grid` wrote, from a grid file or a result file."""
    with open_result(path) as file:
        group = file["grid"]
        dz, dy, dx = group.attrs["voxel_size"]
        columns = {field.name: file["faces"][field.name][()] for field in dataclass_fields(FaceTable)}
        return RunGrid(
            phases=group["phases"][()],
            voxel_size=(float(dz), float(dy), float(dx)),
            separator_edges=group["separator_edges"][()],
            particles=group["particles"][()] if "particles" in group else None,
            faces=FaceTable(**columns),
        )


def write_part(path: Path, snapshot: Snapshot, particles: pd.DataFrame) -> None:
    """Write one snapshot: voxel fields as float32, per-face and per-particle arrays as float64."""

    def fill(file: h5py.File) -> None:
        _put(file, "time", np.array([snapshot.time]))
        for name, values in snapshot.fields.items():
            _put(file, f"fields/{_checked(name)}", np.asarray(values, dtype=np.float32)[None])
        for name, attribute in SURFACE.items():
            _put(file, f"surface/{name}", np.asarray(getattr(snapshot, attribute), dtype=np.float64)[None])
        for name in particles.columns:
            _put(file, f"particles/{_checked(name)}", particles[name].to_numpy()[None])

    write_hdf5(path, fill)


def merge(parts: list[Path], grid: Path, result: Path, timeseries: pd.DataFrame) -> None:
    """Join the grid and the parts, in this order, into one result file."""
    size = sum(path.stat().st_size for path in (grid, *parts)) + timeseries.memory_usage().sum()

    def write(temporary: Path) -> None:
        _require_space(temporary, int(size))
        with h5py.File(temporary, "w") as file:
            file.attrs.update(format=FORMAT, format_version=VERSION)
            with h5py.File(grid, "r") as source:
                for name in ("grid", "faces"):
                    source.copy(name, file)
            for index, part in enumerate(parts):
                with h5py.File(part, "r") as source:
                    _append(source, file, index, len(parts))
            for name in timeseries.columns:
                _put(file, f"timeseries/{_checked(name)}", timeseries[name].to_numpy())

    atomic_write(result, write)


def split(result: Path, folder: Path) -> None:
    """Undo `merge`: a grid file and one part per snapshot in the new folder `folder`."""
    folder.mkdir()
    write_grid(folder / GRID_FILE, read_grid(result))
    with open_result(result) as source:
        names = _dataset_names(source, ("time", "fields", "surface", "particles"))
        for index in range(len(source["time"]) if names else 0):
            write_hdf5(folder / part_name(index), partial(_take, source, names=names, index=index))


def times(paths: Iterable[Path]) -> np.ndarray:
    """Return the snapshot times in result or part files, one after the other [s]."""
    found = [np.zeros(0)]
    for path in paths:
        with open_result(path) as file:
            if "time" in file:
                found.append(file["time"][()])
    return np.concatenate(found)


def part_name(index: int) -> str:
    """Return the file name of a part."""
    return f"{index:04d}.h5"


def open_result(path: Path) -> h5py.File:
    """Open a result, part or grid file for reading.

    Raises
    ------
    ResultsError
        The file is missing or is not HDF5.
    """
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise ResultsError(
            f"{path.name} cannot be read: {error}",
            file=path,
            fix="run the case again, or continue it with --resume",
        ) from error


def _write_bytes(path: Path, memory: io.BytesIO) -> None:
    with path.open("wb") as file:
        file.write(memory.getbuffer())


def _require_space(path: Path, size: int) -> None:
    """Raise the system's error now if `size` bytes do not fit; the file is then free to be written."""
    with path.open("wb") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            file.write(bytes(size))


def _put_grid(file: h5py.File, grid: RunGrid) -> None:
    group = file.create_group("grid")
    group.attrs["voxel_size"] = grid.voxel_size
    group["separator_edges"] = grid.separator_edges
    group.create_dataset("phases", data=grid.phases, **_COMPRESSION)
    if grid.particles is not None:
        group.create_dataset("particles", data=grid.particles, **_COMPRESSION)
    for field in dataclass_fields(FaceTable):
        file[f"faces/{field.name}"] = getattr(grid.faces, field.name)


def _put(file: h5py.File, name: str, values: np.ndarray) -> None:
    growable = (None,) * values.ndim  # lets a run without faces or particles have empty chunks too
    file.create_dataset(name, data=values, chunks=_chunks(values.shape), maxshape=growable, **_COMPRESSION)


def _chunks(shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(shape) == 4:
        return (1, *(min(size, edge) for size, edge in zip(shape[1:], _CHUNK, strict=True)))
    if len(shape) == 1:
        return (max(1, min(shape[0], 4096)),)
    return (1, max(1, min(shape[1], 65536)))


def _take(source: h5py.File, target: h5py.File, names: list[str], index: int) -> None:
    for name in names:
        _copy_chunks(source[name], _create_like(target, name, source[name], 1), index, 0)


def _append(source: h5py.File, target: h5py.File, index: int, count: int) -> None:
    for name in _dataset_names(source, ("time", "fields", "surface", "particles")):
        if name not in target:
            _create_like(target, name, source[name], count)
        _copy_chunks(source[name], target[name], 0, index)


def _create_like(file: h5py.File, name: str, source: h5py.Dataset, count: int) -> h5py.Dataset:
    # A field that a snapshot lacks reads as NaN there.
    fill = np.nan if source.dtype.kind == "f" else 0
    return file.create_dataset(
        name,
        (count, *source.shape[1:]),
        source.dtype,
        chunks=source.chunks,
        maxshape=source.maxshape,  # without it a chunk may not be larger than an empty particle table
        fillvalue=fill,
        **_COMPRESSION,
    )


def _copy_chunks(source: h5py.Dataset, target: h5py.Dataset, source_index: int, target_index: int) -> None:
    starts = (range(0, size, edge) for size, edge in zip(source.shape[1:], source.chunks[1:], strict=True))
    for rest in itertools.product(*starts):
        mask, data = source.id.read_direct_chunk((source_index, *rest))
        target.id.write_direct_chunk((target_index, *rest), data, mask)


def _dataset_names(file: h5py.File, roots: Iterable[str]) -> list[str]:
    names: list[str] = []
    for root in roots:
        if isinstance(file.get(root), h5py.Dataset):
            names.append(root)
        elif root in file:
            names.extend(f"{root}/{name}" for name in file[root])
    return names


def _checked(name: str) -> str:
    if "/" in name:
        raise ResultsError(
            "a name with a slash cannot be stored",
            key=name,
            fix="write the unit with exponents, such as [mol.m-3]",
        )
    return name
