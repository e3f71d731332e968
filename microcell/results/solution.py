"""Reading a run directory back, finished or not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields as dataclass_fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from microcell.cell.snapshot import FaceTable, RunGrid
from microcell.errors import ResultsError, did_you_mean
from microcell.results import files, hdf
from microcell.results.fields import FieldSeries, nearest_index
from microcell.results.tables import TIME, read_csv

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Solution:
    """What a run has written; open one with `Solution.load`.

    Indexing with a name gives a time series (an array over the time steps `t`) or a voxel field over the
    snapshots
    (a `FieldSeries`, read from disk when indexed).

    Attributes
    ----------
    folder : Path
        The run directory.
    run : dict
        Content of ``run.json``: case, info, versions, device, grid, steps, statistics, status.
    timeseries : DataFrame
        One row per time step.

    Examples
    --------
    >>> solution = Solution.load("run")                                    # doctest: +SKIP
    >>> solution["Voltage [V]"].max()                                      # doctest: +SKIP
    4.3
    >>> solution["Rocksalt thickness [m]"].at(3600.0).shape                # doctest: +SKIP
    (64, 64, 64)
    """

    def __init__(self, folder: Path, run: dict[str, Any], timeseries: pd.DataFrame) -> None:
        self.folder = folder
        self.run = run
        self.timeseries = timeseries

    @classmethod
    def load(cls, folder: str | Path) -> Solution:
        """Open a run directory; one that goes on, was interrupted or was killed opens as far as it has come.

        Raises
        ------
        ResultsError
            There is no run in it, or a file in it is damaged.
        """
        path = Path(folder)
        if not (path / files.RUN).is_file():
            raise ResultsError("there is no run here", file=path, fix=f"name a directory with {files.RUN}")
        return cls(path, files.read_json(path / files.RUN), read_csv(path / files.TIMESERIES))

    def __getitem__(self, name: str) -> np.ndarray | FieldSeries:
        if name in self.timeseries:
            return self.column(name)
        if name in self.field_names:
            return self._series("fields", name)
        raise _unknown(name, self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __repr__(self) -> str:
        return (
            f"Solution({str(self.folder)!r}, {self.status!r}: {len(self.timeseries)} time steps, "
            f"{len(self.snapshot_times)} snapshots)"
        )

    def column(self, name: str) -> np.ndarray:
        """Return a column of the time series; like indexing, but never a field.

        Raises
        ------
        ResultsError
            There is no such column.
        """
        if name not in self.timeseries:
            raise _unknown(name, self.timeseries.columns)
        return self.timeseries[name].to_numpy()

    @property
    def names(self) -> list[str]:
        """Every name that indexing accepts."""
        return [*self.timeseries.columns, *self.field_names]

    @property
    def t(self) -> np.ndarray:
        """Time of every time step since the start of the protocol [s]."""
        return self.timeseries[TIME].to_numpy() if TIME in self.timeseries else np.zeros(0)

    @property
    def status(self) -> str:
        """``done``, ``interrupted`` or ``failed`` with the reason; ``running`` where it was never closed."""
        return str(self.run.get("status", "unknown"))

    @property
    def case(self) -> dict[str, Any]:
        """What was simulated, as it was given."""
        return self.run.get("case") or {}

    @property
    def info(self) -> dict[str, Any]:
        """Numbers derived from the case, such as the 1C current."""
        return self.run.get("info") or {}

    @property
    def steps(self) -> pd.DataFrame:
        """Each finished protocol step, when it ended and why."""
        return pd.DataFrame(self.run.get("steps") or [])

    @property
    def statistics(self) -> dict[str, Any]:
        """Counts and times of the solver; empty until the run is closed."""
        return self.run.get("statistics") or {}

    @cached_property
    def particles(self) -> pd.DataFrame:
        """The particle ledger at the last snapshot, one row per particle."""
        return read_csv(self.folder / files.PARTICLES)

    @cached_property
    def profiles(self) -> pd.DataFrame:
        """Slice averages, one row per slice and snapshot."""
        return read_csv(self.folder / files.PROFILES)

    @cached_property
    def grid(self) -> RunGrid:
        """Voxels, particle labels and interface faces."""
        result = self.folder / files.RESULT
        return hdf.read_grid(result if result.exists() else self.folder / files.PARTIAL / hdf.GRID_FILE)

    @cached_property
    def snapshot_times(self) -> np.ndarray:
        """Times at which fields were stored [s]."""
        return hdf.times(self._files)

    @cached_property
    def field_names(self) -> list[str]:
        """Names of the voxel fields that were stored."""
        return self._names_under("fields")

    def fields(self, name: str, time: float | None = None) -> np.ndarray:
        """Return a voxel field at the snapshot nearest to a time.

        Parameters
        ----------
        name : str
            Name with unit, such as ``"Active concentration [mol.m-3]"``.
        time : float, optional
            Time [s]; the last snapshot where left out.

        Returns
        -------
        ndarray of float32, shape (nz, ny, nx)
            NaN where the field does not exist.

        Raises
        ------
        ResultsError
            The field was not stored.
        """
        if name not in self.field_names:
            raise _unknown(name, self.field_names)
        return self._series("fields", name).at(time)

    def faces(self, time: float | None = None) -> pd.DataFrame:
        """Return the interface faces with film, current density and concentration at a snapshot.

        Parameters
        ----------
        time : float, optional
            Time [s], the nearest snapshot is taken; the last one where left out.

        Returns
        -------
        DataFrame
            One row per face: the columns of `microcell.cell.snapshot.FaceTable`, ``particle`` (label, 0 where
            none) and ``Rocksalt thickness [m]``, ``Interface current density [A.m-2]`` (anodic positive) and
            ``Surface concentration [mol.m-3]``.
        """
        table = self.grid.faces
        columns = {field.name: getattr(table, field.name) for field in dataclass_fields(FaceTable)}
        if self.grid.particles is not None:
            columns["particle"] = self.grid.particles.reshape(-1)[table.active_index]
        for name in self._names_under("surface"):
            columns[name] = self._series("surface", name).at(time)
        return pd.DataFrame(columns)

    def particle_history(self, column: str) -> pd.DataFrame:
        """Return one column of the particle ledger over time.

        Parameters
        ----------
        column : str
            Such as ``"Mean rocksalt thickness [m]"``.

        Returns
        -------
        DataFrame
            Rows are snapshots (index ``Time [s]``), columns are particle labels.

        Raises
        ------
        ResultsError
            The ledger has no such column.
        """
        known = self._names_under("particles")
        if column not in known:
            raise _unknown(column, known)
        labels = self._series("particles", "Label")[0].astype(int)
        index = pd.Index(self.snapshot_times, name=TIME)
        return pd.DataFrame(self._series("particles", column)[:], index=index, columns=labels)

    def particles_at(self, time: float) -> pd.DataFrame:
        """Return the particle ledger at the snapshot nearest to a time [s]."""
        names = [name for name in self.particles.columns if name in self._names_under("particles")]
        return pd.DataFrame({name: self._series("particles", name).at(time) for name in names})

    def nearest_snapshot(self, time: float) -> float:
        """Return the time of the snapshot nearest to `time` [s]."""
        return float(self.snapshot_times[nearest_index(self.snapshot_times, time)])

    def plot(self) -> Figure:
        """Return a figure of voltage, current and film over time, for a notebook or ``savefig``."""
        from microcell.results.figures import draw  # matplotlib takes a second to import

        return draw("overview", self)

    @cached_property
    def _files(self) -> list[Path]:
        result = self.folder / files.RESULT
        return [result] if result.exists() else sorted((self.folder / files.PARTIAL).glob("[0-9]*.h5"))

    @cached_property
    def _sources(self) -> list[tuple[Path, int]]:
        return [(path, index) for path in self._files for index in range(len(hdf.times([path])))]

    def _names_under(self, group: str) -> list[str]:
        names: dict[str, None] = {}
        for path in self._files:
            with hdf.open_result(path) as file:
                names |= dict.fromkeys(file.get(group, ()))
        return list(names)

    def _series(self, group: str, name: str) -> FieldSeries:
        return FieldSeries(name, f"{group}/{name}", self._sources, self.snapshot_times)


def _unknown(name: str, known: Iterable[str]) -> ResultsError:
    known = list(known)
    fix = did_you_mean(name, known) if known else "nothing was stored yet"
    return ResultsError(
        "the result has no such quantity", key=name, allowed=", ".join(known) or None, fix=fix
    )
