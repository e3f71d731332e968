"""Streaming a run into its directory: readable at any time, and a crash costs nothing already written.

Files of a run directory (``docs/results.md`` has every column)

``run.json``
    ``status`` (``running`` until closed), ``started``, ``updated``, ``case``, ``info``, ``versions``,
    ``device``, ``grid``, ``steps`` (one entry per protocol step, with why it ended), ``statistics``.
``timeseries.csv``, ``profiles.csv``, ``particles.csv``
    One row per time step; per slice and snapshot; per particle at the last snapshot.
``result.h5``
    Everything (n snapshots, m interface faces, p particles). While the run goes on it is the folder
    ``result.h5.partial`` with ``grid.h5`` and one part per snapshot, ``NNNN.h5``, in the same layout.

    ===============================  ========  =====================================================
    dataset                          type      shape and meaning
    ===============================  ========  =====================================================
    ``/time``                        float64   (n,) time of each snapshot [s]
    ``/fields/<name>``               float32   (n, nz, ny, nx) voxel field, NaN where there is none
    ``/surface/<name>``              float64   (n, m) film, current density, concentration per face
    ``/particles/<column>``          float64   (n, p) the particle ledger (counts: int64)
    ``/timeseries/<column>``         float64   (rows,) as ``timeseries.csv``
    ``/grid/phases, particles``      integers  (nz, ny, nx) phase code and particle label
    ``/grid/separator_edges``        float64   separator cells [m]; ``/grid`` attribute ``voxel_size``
    ``/faces/<attribute>``           mixed     (m,) the columns of `microcell.cell.snapshot.FaceTable`
    ===============================  ========  =====================================================
``checkpoint.h5``
    The solver's arrays under ``/arrays`` and, as JSON text, ``/meta``.
``fields/NNNN.vtkhdf``
    The voxel fields of each snapshot for ParaView, see `microcell.results.vtk`.

Voxel fields are stored as float32 (relative rounding 6e-8: below 0.003 mol/m3 and 0.3 microvolt); everything
from which balances or films are computed is float64.
"""

from __future__ import annotations

import json
import math
import shutil
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from microcell.cell.snapshot import RunGrid, Snapshot
from microcell.errors import ResultsError
from microcell.results import files, hdf
from microcell.results.directory import claim, reopen
from microcell.results.files import write_json, write_text
from microcell.results.ledger import particle_ledger
from microcell.results.manifest import describe_run, now
from microcell.results.profiles import slice_profiles
from microcell.results.tables import TIME, csv_text, read_until
from microcell.results.vtk import SUFFIX, write_vtk

_INTERVAL = 1.0  # s between two writes of the growing tables
_SHARE = 20.0  # a table that takes t to write is written every 20 t at most, so that long runs are not slowed


class RunWriter:
    """Writes a run directory while the run goes on; make one with `RunWriter.create`.

    Every file is written under a temporary name and renamed, so a reader never sees half of one. All methods
    raise
    `ResultsError` where the disk is full or the folder cannot be written; what was written before stays
    valid.

    Attributes
    ----------
    folder : Path
        The run directory.
    """

    def __init__(self, folder: Path, record: dict[str, Any], grid: RunGrid) -> None:
        self.folder = folder
        self._run = record
        self._grid = grid
        self._rows: list[dict[str, float]] = []
        self._columns: list[str] | None = None
        self._profiles: list[pd.DataFrame] = []
        self._count, self._last_time = 0, -math.inf
        self._due = 0.0
        self._pending = False

    @classmethod
    def create(
        cls,
        out: str | Path,
        *,
        case: dict[str, Any],
        grid: RunGrid,
        info: dict[str, Any],
        overwrite: bool = False,
        append: bool = False,
        resume_time: float | None = None,
    ) -> RunWriter:
        """Start a run directory, or continue one.

        Parameters
        ----------
        out : path
            The directory; made with its parents where missing.
        case : dict
            What was simulated, as the user gave it; stored in ``run.json`` (arrays and paths are allowed).
        grid : RunGrid
            Voxels, particles and interface faces.
        info : dict
            Derived numbers, stored in ``run.json``. Those that figures and report use where present:
            ``area_m2``,
            ``one_c_current_A``, ``critical_concentration_mol_m3``, ``capacity_Ah``, ``c_max_mol_m3``,
            ``device``,
            ``initial_film_m`` and ``oxygen_per_film_volume_mol_m3`` (the last two give the oxygen per
            particle).
        overwrite : bool
            Replace a run that is there: its own files are removed, foreign files stay.
        append : bool
            Continue the run that is there.
        resume_time : float, optional
            With `append`: rows and snapshots later than this time [s] are dropped (the time of the
            checkpoint).

        Raises
        ------
        ResultsError
            The directory holds files and neither `overwrite` nor `append` is set, cannot be written, or holds
            another run than the one to continue.
        """
        folder = Path(out)
        writer = cls(folder, describe_run(case, grid, info), grid)
        if append:
            writer._continue(resume_time)
        else:
            writer._start(overwrite)
        writer._write_run()
        return writer

    def record(self, row: dict[str, float]) -> None:
        """Add a row to the time series; the first row fixes the columns.

        Parameters
        ----------
        row : dict
            Value per column name with unit, ``Time [s]`` among them. The file follows within about a second.

        Raises
        ------
        ResultsError
            The columns differ from those of the first row.
        """
        if self._columns is None:
            self._columns = list(row)
        if row.keys() != set(self._columns):
            odd = ", ".join(sorted(row.keys() ^ set(self._columns)))
            raise ResultsError(
                "a time series row has other columns than the first", key=odd, fix="record all, every time"
            )
        self._rows.append({name: row[name] for name in self._columns})
        self._pending = True
        if time.monotonic() >= self._due:
            self.flush()

    def flush(self) -> None:
        """Bring ``timeseries.csv`` up to date now."""
        if not self._pending:
            return
        begin = time.monotonic()
        write_text(self.folder / files.TIMESERIES, csv_text(self._table()))
        end = time.monotonic()
        self._due = end + max(_INTERVAL, _SHARE * (end - begin))
        self._pending = False

    def snapshot(self, snap: Snapshot) -> None:
        """Store the fields of one time: HDF5, VTK, slice profiles and the particle ledger.

        Parameters
        ----------
        snap : Snapshot
            The state. A second snapshot of the same time is not stored again: a step that ends when one is
            due asks for both.

        Raises
        ------
        ResultsError
            The time lies before that of the last snapshot.
        """
        if snap.time < self._last_time:
            raise ResultsError(
                "snapshots must come in the order of time",
                value=snap.time,
                allowed=f"from {self._last_time} s on",
            )
        if snap.time == self._last_time:
            return
        ledger = self._ledger(snap)
        part = self.folder / files.PARTIAL / hdf.part_name(self._count)
        write_vtk(self.folder / files.FIELDS / (part.stem + SUFFIX), self._grid, snap)
        hdf.write_part(part, snap, ledger)
        self._count, self._last_time = self._count + 1, snap.time
        self._profiles.append(slice_profiles(self._grid, snap))
        write_text(self.folder / files.PROFILES, csv_text(pd.concat(self._profiles, ignore_index=True)))
        write_text(self.folder / files.PARTICLES, csv_text(ledger))
        self.flush()

    def step_end(self, info: dict[str, Any]) -> None:
        """Note why a protocol step ended, and refresh ``run.json``.

        Parameters
        ----------
        info : dict
            ``step`` (number from 1), ``description`` ("Charge at 1C until 4.3 V"), ``reason`` ("voltage
            reached
            4.3 V"), ``time_s`` (when it ended, from the start of the protocol); further keys are stored and
            shown.
            A missing ``time_s`` becomes the time of the last row.
        """
        last = self._rows[-1][TIME] if self._rows else None
        self._run["steps"].append({"step": len(self._run["steps"]) + 1, "time_s": last} | info)
        self.flush()
        self._write_run()

    def checkpoint(self, arrays: dict[str, np.ndarray], meta: dict[str, Any]) -> None:
        """Replace ``checkpoint.h5``; the time series is written first, so that a resumed run has all rows.

        Parameters
        ----------
        arrays : dict of str to ndarray
            Stored exactly as they are.
        meta : dict
            Anything JSON can hold, such as the protocol step and the time.
        """
        self.flush()

        def fill(file: h5py.File) -> None:
            file["meta"] = json.dumps(files.plain(meta))
            for name, values in arrays.items():
                file[f"arrays/{name}"] = np.asarray(values)

        hdf.write_hdf5(self.folder / files.CHECKPOINT, fill)

    def close(self, status: str, statistics: dict[str, Any] | None = None) -> None:
        """Join the snapshots into ``result.h5`` and write the final ``run.json``.

        Parameters
        ----------
        status : str
            ``done``, ``interrupted`` or ``failed``, optionally followed by a colon and the reason.
        statistics : dict, optional
            Counts and times of the solver.
        """
        self._run["statistics"] = statistics or {}
        self.flush()
        self._write_run()
        partial = self.folder / files.PARTIAL
        parts = [partial / hdf.part_name(index) for index in range(self._count)]
        hdf.merge(parts, partial / hdf.GRID_FILE, self.folder / files.RESULT, self._table())
        # Only now: a run whose result did not fit on the disk is not done.
        self._run["status"] = status
        self._write_run()
        shutil.rmtree(partial, ignore_errors=True)

    def _start(self, overwrite: bool) -> None:
        claim(self.folder, overwrite)
        hdf.write_grid(self.folder / files.PARTIAL / hdf.GRID_FILE, self._grid)

    def _continue(self, resume_time: float | None) -> None:
        previous = files.read_json(self.folder / files.RUN)
        # A csv keeps every digit, but the caller may have computed the time of the checkpoint in another way.
        limit = math.inf if resume_time is None else resume_time * (1.0 + 1e-12)
        self._run["started"] = previous["started"]
        self._run["steps"] = [step for step in previous["steps"] if (step["time_s"] or 0.0) <= limit]
        times = reopen(self.folder, self._grid, limit)
        self._count, self._last_time = len(times), max(times, default=-math.inf)
        rows = read_until(self.folder / files.TIMESERIES, limit)
        self._rows = [dict(zip(rows.columns, values, strict=True)) for values in rows.to_numpy().tolist()]
        self._columns = list(rows.columns) if len(rows) else None
        self._pending = bool(len(rows))
        profiles = read_until(self.folder / files.PROFILES, limit)
        self._profiles = [profiles] if len(profiles) else []
        self.flush()

    def _table(self) -> pd.DataFrame:
        return pd.DataFrame(self._rows, columns=self._columns)

    def _ledger(self, snap: Snapshot) -> pd.DataFrame:
        info = self._run["info"]
        return particle_ledger(
            self._grid,
            snap,
            oxygen_per_film_volume=info.get("oxygen_per_film_volume_mol_m3"),
            initial_film=info.get("initial_film_m") or 0.0,
        )

    def _write_run(self) -> None:
        self._run["updated"] = now()
        write_json(self.folder / files.RUN, self._run)


def read_checkpoint(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read what `RunWriter.checkpoint` wrote.

    Parameters
    ----------
    path : path
        The checkpoint, or the run directory that holds it.

    Returns
    -------
    arrays : dict of str to ndarray
    meta : dict

    Raises
    ------
    ResultsError
        There is none, or it is damaged.
    """
    file = Path(path)
    file = file / files.CHECKPOINT if file.is_dir() else file
    if not file.is_file():
        raise ResultsError(
            "there is no checkpoint to continue from", file=file, fix="start the run without --resume"
        )
    try:
        with hdf.open_result(file) as content:
            arrays = {name: values[()] for name, values in content.get("arrays", {}).items()}
            return arrays, json.loads(content["meta"].asstr()[()])
    except KeyError as error:
        raise ResultsError(
            "this is not a checkpoint of microcell", file=file, fix="name a run directory"
        ) from error
