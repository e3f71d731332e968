"""Claiming, continuing and checking a run directory before anything is written into it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from microcell.cell.snapshot import RunGrid
from microcell.errors import ResultsError
from microcell.results import files, hdf
from microcell.results.files import writing
from microcell.results.vtk import SUFFIX

_OWN = (
    files.RUN,
    files.TIMESERIES,
    files.PARTICLES,
    files.PROFILES,
    files.RESULT,
    files.CHECKPOINT,
    files.REPORT,
)
_OWN_FOLDERS = {files.PARTIAL: "*.h5*", files.FIELDS: f"*{SUFFIX}*", files.FIGURES: "*.png*"}


def claim(folder: Path, overwrite: bool) -> None:
    """Make `folder`, or take one that is empty; with `overwrite`, remove the run that is in it.

    Raises
    ------
    ResultsError
        It is a file, holds files without `overwrite`, or cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise ResultsError(
            "the output is a file, not a directory", file=folder, fix="choose another name with --out"
        )
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        occupied = any(folder.iterdir())
    if occupied and not overwrite:
        raise ResultsError(
            "the output directory is not empty",
            file=folder,
            fix="choose another with --out, continue the run with --resume, or replace it with --overwrite",
        )
    with writing(folder):
        _clear(folder)
        for name in (files.PARTIAL, files.FIELDS):
            (folder / name).mkdir(exist_ok=True)


def reopen(folder: Path, grid: RunGrid, limit: float) -> list[float]:
    """Make a closed or killed run ready to be continued, and return the times of the snapshots it keeps.

    Parameters
    ----------
    folder : Path
        The run directory.
    grid : RunGrid
        Grid of the run that continues.
    limit : float
        Snapshots later than this time [s] are removed, with their VTK files.

    Raises
    ------
    ResultsError
        The run was made on another image, is damaged, or cannot be written.
    """
    with writing(folder):
        _split_result(folder)
        _require_same_grid(folder, grid)
        (folder / files.FIELDS).mkdir(exist_ok=True)
        return _drop_late(folder, limit)


def _clear(folder: Path) -> None:
    # Only files of a run are removed: a user who names a folder with other work in it loses nothing.
    for name in _OWN:
        (folder / name).unlink(missing_ok=True)
    for name, pattern in _OWN_FOLDERS.items():
        for file in (folder / name).glob(pattern):
            file.unlink()


def _split_result(folder: Path) -> None:
    result, partial = folder / files.RESULT, folder / files.PARTIAL
    if not result.exists():
        return
    work = folder / (files.PARTIAL + ".tmp")
    for stale in (work, partial):
        shutil.rmtree(stale, ignore_errors=True)
    hdf.split(result, work)
    work.rename(partial)
    result.unlink()


def _require_same_grid(folder: Path, grid: RunGrid) -> None:
    stored = hdf.read_grid(folder / files.PARTIAL / hdf.GRID_FILE)
    same_voxels = np.array_equal(stored.phases, grid.phases)
    if not (same_voxels and np.array_equal(stored.faces.active_index, grid.faces.active_index)):
        raise ResultsError(
            "the run to continue was made on another image", file=folder, fix="continue it with its own case"
        )


def _drop_late(folder: Path, limit: float) -> list[float]:
    kept = []
    for part in sorted((folder / files.PARTIAL).glob("[0-9]*.h5")):
        time = float(hdf.times([part])[0])
        if time <= limit:
            kept.append(time)
        else:
            part.unlink()
            (folder / files.FIELDS / (part.stem + SUFFIX)).unlink(missing_ok=True)
    return kept
