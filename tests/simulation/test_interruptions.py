"""Runs that are stopped, give up or go on: nothing computed is lost, and nothing is computed twice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_cells import laminate_cell, parameters

from microcell import Experiment
from microcell.cell.halfcell import HalfCell
from microcell.errors import InterruptedRunError, ResultsError, SolverError
from microcell.results import Solution
from microcell.simulation import Simulation
from microcell.solve.control import StepControl

SHORT = Experiment(["Charge at 2C for 400 s", "Discharge at 2C for 300 s"], initial="4.0 V")


class StopAt:
    """A progress callable that presses Ctrl-C once at a step of the protocol, after some accepted time
    steps."""

    def __init__(self, step: int, calls: int) -> None:
        self.step, self.calls = step, calls

    def __call__(self, state: Mapping[str, Any]) -> None:
        if state["step"] == self.step:
            self.calls -= 1
        if self.calls == 0:
            self.calls = -1
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def whole(cell: HalfCell, tmp_path_factory: pytest.TempPathFactory) -> Solution:
    """The protocol without an interruption."""
    return Simulation(cell, SHORT).solve(tmp_path_factory.mktemp("whole") / "run", progress=False)


@pytest.mark.parametrize(("step", "calls"), [(1, 5), (2, 3)])
def test_a_resumed_run_ends_where_the_whole_run_ends(
    cell: HalfCell, whole: Solution, tmp_path: Path, step: int, calls: int
) -> None:
    """Ctrl-C in the charge or in the discharge, then resume: final voltage within 0.5 mV, film within 1e-3.

    The slope of the past is not kept, so the resumed run takes other steps: two runs within the time
    stepping's error (3e-4 of c_max per step at most, far less at the end of a step) must agree, not bit by
    bit.
    """
    folder = tmp_path / "run"
    simulation = Simulation(cell, SHORT)
    with pytest.raises(InterruptedRunError, match="resume") as caught:
        simulation.solve(folder, progress=StopAt(step, calls))
    assert caught.value.exit_code == 4
    partial = Solution.load(folder)
    assert partial.status == "interrupted"
    assert 0 < partial.t[-1] < whole.t[-1]
    resumed = Simulation(cell, SHORT).solve(folder, resume=True, progress=False)
    assert resumed.status == "done"
    assert resumed["Voltage [V]"][-1] == pytest.approx(whole["Voltage [V]"][-1], abs=5e-4)
    film = "Mean rocksalt thickness [m]"
    assert resumed[film][-1] == pytest.approx(whole[film][-1], rel=1e-3)
    assert resumed["Charge passed [C]"][-1] == pytest.approx(
        whole["Charge passed [C]"][-1], abs=1e-8 * 800 * cell.one_c_current
    )
    assert np.abs(resumed["Lithium drift"]).max() <= 1e-8
    assert resumed.steps["description"].tolist() == whole.steps["description"].tolist()
    assert resumed.steps["time_s"].tolist() == pytest.approx([400.0, 700.0])


def test_the_time_series_of_a_resumed_run_has_every_step_once(cell: HalfCell, tmp_path: Path) -> None:
    """Times rise strictly, the rows before the interruption are kept as they were, snapshots are in order."""
    folder = tmp_path / "run"
    with pytest.raises(InterruptedRunError):
        Simulation(cell, SHORT).solve(folder, progress=StopAt(1, 6))
    before = Solution.load(folder).timeseries
    after = Simulation(cell, SHORT).solve(folder, resume=True, progress=False)
    assert np.all(np.diff(after.t) > 0)
    assert after.t[-1] == pytest.approx(700.0)
    columns = ["Time [s]", "Voltage [V]", "Charge passed [C]", "Lithium drift"]
    assert np.array_equal(after.timeseries[columns].to_numpy()[: len(before)], before[columns].to_numpy())
    assert np.all(np.diff(after.snapshot_times) > 0)
    assert after.statistics["time_steps"] == len(after.t) - 1


def test_a_run_that_gives_up_keeps_what_it_has(cell: HalfCell, tmp_path: Path) -> None:
    """No step below 0.9 s and a tolerance of 1e-9: the two steps of a start are taken, the third is given up.
    They are saved, with words."""
    settings = StepControl(first=1.0, smallest=0.9, error=1e-9)
    with pytest.raises(SolverError, match="still too inaccurate") as caught:
        Simulation(cell, SHORT, control=settings).solve(tmp_path / "run", progress=False)
    assert caught.value.exit_code == 3
    assert caught.value.file == tmp_path / "run"
    assert "lithium balance" in str(caught.value.value)
    kept = Solution.load(tmp_path / "run")
    assert kept.status.startswith("failed")
    assert len(kept.t) == 3
    assert len(kept.snapshot_times) >= 2
    assert np.all(np.isfinite(kept["Voltage [V]"]))


def test_a_checkpoint_of_another_cell_is_refused(cell: HalfCell, tmp_path: Path) -> None:
    """Resuming in the directory of another geometry is an error that shows both sizes, and changes
    nothing."""
    folder = tmp_path / "run"
    with pytest.raises(InterruptedRunError):
        Simulation(cell, SHORT).solve(folder, progress=StopAt(1, 1))
    other = laminate_cell("paa", parameters())
    with pytest.raises(ResultsError, match="another cell"):
        Simulation(other, SHORT).solve(folder, resume=True, progress=False)
    assert Solution.load(folder).status == "interrupted"


def test_a_finished_run_is_not_overwritten_unasked(cell: HalfCell, whole: Solution) -> None:
    """The directory of a finished run: an error, not silence; the run is still there."""
    with pytest.raises(ResultsError):
        Simulation(cell, SHORT).solve(whole.folder, progress=False)
    assert Solution.load(whole.folder).status == "done"
