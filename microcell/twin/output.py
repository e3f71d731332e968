"""The directory of a reduced run: time series, profiles, design, manifest, pictures, and the report."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import ResultsError
from ..p2d import CycleLife
from ..results import files
from ..results.figures_cycles import draw_cycles
from ..results.files import write_json, write_text, writing
from ..results.tables import TIME, csv_text
from .compare import Comparison
from .figures import write_figure, write_figures
from .figures_profiles import profile_times
from .finished import Aged, Finished, Setup
from .manifest import manifest, manifest_of_cycles
from .reduced import SALT, ReducedRun
from .report import write_report
from .section import design_toml
from .summary import design_rows

MANIFEST, DESIGN, CYCLES = "p2d.json", "design.toml", "cycles.csv"

_OWN = (MANIFEST, DESIGN, CYCLES, files.TIMESERIES, files.PROFILES, files.REPORT)


def check(folder: Path) -> None:
    """Refuse a folder that no reduced run may be written to.

    Raises
    ------
    ResultsError
        If it holds a 3D run.
    """
    if (folder / files.RUN).exists():
        raise ResultsError(
            "a 3D run is in the output directory", file=folder, fix="choose another with --out"
        )


def claim(folder: Path) -> None:
    """Make a folder, or clear the reduced run that is in it; foreign files stay.

    Raises
    ------
    ResultsError
        If it holds a 3D run, or cannot be written.
    """
    check(folder)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for file in (*(folder / name for name in _OWN), *(folder / files.FIGURES).glob("*.png")):
            file.unlink(missing_ok=True)


def write(
    folder: Path, finished: Finished, comparison: Comparison | None = None, notes: Sequence[str] = ()
) -> None:
    """Write everything; the folder must be claimed.

    Parameters
    ----------
    folder : Path
        Where to.
    finished : Finished
        The reduced run.
    comparison : Comparison, optional
        Beside its 3D run; adds the report.
    notes : sequence of str
        What a reader of the report must know.

    Raises
    ------
    ResultsError
        If the disk is full or the folder cannot be written.
    """
    write_text(folder / files.TIMESERIES, csv_text(finished.solution.to_frame()))
    write_text(folder / files.PROFILES, csv_text(profile_table(finished.run)))
    _write_design(folder, finished.setup)
    write_json(folder / MANIFEST, manifest(finished, comparison))
    figures = write_figures(folder / files.FIGURES, finished.run, comparison)
    if comparison is not None:
        write_report(folder, comparison, figures, design_rows(finished.setup), notes, finished.seconds)


def write_cycles(folder: Path, aged: Aged) -> None:
    """Write the table over cycles, time series of those that were kept, design, manifest and the picture.

    Parameters
    ----------
    folder : Path
        Where to; must be claimed.
    aged : Aged
        The cycles, which may be fewer than asked for.

    Raises
    ------
    ResultsError
        If the disk is full or the folder cannot be written.
    """
    life = aged.life
    write_text(folder / CYCLES, csv_text(life.to_frame()))
    write_text(folder / files.TIMESERIES, csv_text(kept_series(life)))
    _write_design(folder, aged.setup)
    write_json(folder / MANIFEST, manifest_of_cycles(aged))
    if life.cycles:
        write_figure(folder / files.FIGURES / "cycles.png", partial(draw_cycles, life))


def _write_design(folder: Path, setup: Setup) -> None:
    """Write the section of the case; what comes from a BPX file has materials that no section holds."""
    if setup.bpx is None:
        write_text(folder / DESIGN, design_toml(setup))


def kept_series(life: CycleLife) -> pd.DataFrame:
    """Return the time series of the first and last cycle, and of one that failed.

    Losses are left out: those of a time series count from its own start, those of the cycles from the first.
    """
    solutions = dict(life.solutions)
    if life.unfinished is not None:
        solutions[life.cycles + 1] = life.unfinished
    tables = []
    for number, solution in sorted(solutions.items()):
        table = solution.to_frame()
        table = table[[name for name in table.columns if not name.startswith("Loss of")]]
        table.insert(0, "Cycle", number)
        tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def profile_table(run: ReducedRun) -> pd.DataFrame:
    """Return profiles through the plane at a few times, averaged over the sizes; NaN where there is none."""
    depth = run.depth(SALT)
    tables = []
    for time in profile_times(run):
        columns = {TIME: np.full(len(depth), time), "z [m]": depth}
        for profile in run.profiles:
            values = np.full(len(depth), np.nan)
            values[run.place(profile)] = run.profile(profile, time)
            columns[profile.title] = values
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)
