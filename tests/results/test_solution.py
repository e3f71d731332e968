"""Reading a run: names, nearest times, histories, and errors that help."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from synthetic_run import SNAPSHOT_TIMES, STEP_ENDS, make_snapshot

from microcell.cell.snapshot import RunGrid
from microcell.errors import ResultsError
from microcell.results import Solution, particle_ledger


@pytest.fixture
def solution(run: Path) -> Solution:
    return Solution.load(run)


def test_time_series_are_plain_arrays(solution: Solution) -> None:
    voltage = solution["Voltage [V]"]
    assert isinstance(voltage, np.ndarray)
    assert voltage.shape == solution.t.shape == (81,)
    assert voltage.max() == 4.3
    assert solution.steps["reason"].tolist() == [end["reason"] for end in STEP_ENDS]


def test_a_wrong_name_suggests_the_right_one(solution: Solution) -> None:
    with pytest.raises(ResultsError, match=r"did you mean 'Voltage \[V\]'") as caught:
        solution["Volatge [V]"]
    assert "Mean rocksalt thickness [m]" in caught.value.allowed
    with pytest.raises(ResultsError, match=r"Rocksalt thickness \[m\]"):
        solution.fields("Rocksalt thickness")
    with pytest.raises(ResultsError, match=r"Volume \[m3\]"):
        solution.particle_history("Volume")
    with pytest.raises(ResultsError, match="no such quantity"):
        solution.column("Rocksalt thickness [m]")


def test_fields_index_as_arrays_do(solution: Solution) -> None:
    series = solution["Active concentration [mol.m-3]"]
    whole = np.asarray(series)
    assert series.shape == whole.shape == (5, 24, 16, 16)
    assert len(series) == 5
    for key in (0, -1, slice(1, 3), (2, 5), (slice(None), 5, slice(2, 9), 3), (slice(0, 0),), (..., 4)):
        np.testing.assert_array_equal(series[key], whole[key])
    with pytest.raises(IndexError):
        series[5]


@pytest.mark.parametrize(("asked", "given"), [(None, 8000.0), (3800.0, 3700.0), (-5.0, 0.0), (1e9, 8000.0)])
def test_the_nearest_snapshot_is_taken(
    solution: Solution, grid: RunGrid, asked: float | None, given: float
) -> None:
    expected = make_snapshot(grid, given)
    name = "Electrolyte potential [V]"
    np.testing.assert_array_equal(solution.fields(name, asked), expected.fields[name].astype(np.float32))
    np.testing.assert_array_equal(solution.faces(asked)["Rocksalt thickness [m]"], expected.film_thickness)


def test_faces_know_their_particle(solution: Solution, grid: RunGrid) -> None:
    faces = solution.faces()
    np.testing.assert_array_equal(faces["particle"], grid.particles.reshape(-1)[faces["active_index"]])
    assert set(faces["particle"]) == {1, 2, 3}


def test_particle_histories_are_the_ledgers_of_the_snapshots(solution: Solution, grid: RunGrid) -> None:
    name = "Mean rocksalt thickness [m]"
    history = solution.particle_history(name)
    assert history.index.tolist() == list(SNAPSHOT_TIMES)
    assert history.columns.tolist() == [1, 2, 3]
    for time in SNAPSHOT_TIMES:
        ledger = particle_ledger(grid, make_snapshot(grid, time))
        np.testing.assert_array_equal(history.loc[time], ledger[name])
        np.testing.assert_array_equal(solution.particles_at(time)[name], ledger[name])
    np.testing.assert_array_equal(solution.particles[name], history.iloc[-1])


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_a_missing_run_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(ResultsError, match="no run here") as caught:
        Solution.load(tmp_path / name)
    assert "run.json" in caught.value.fix


def test_damaged_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"status": "do')
    with pytest.raises(ResultsError, match=r"run\.json cannot be read"):
        Solution.load(tmp_path)
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(ResultsError, match="no JSON object"):
        Solution.load(tmp_path)
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "timeseries.csv").write_bytes(b"a,b\n1,2\n1,2,3,4\n")
    with pytest.raises(ResultsError, match=r"timeseries\.csv is damaged"):
        Solution.load(tmp_path)
    (tmp_path / "timeseries.csv").unlink()
    (tmp_path / "result.h5").write_bytes(b"half a file")
    with pytest.raises(ResultsError, match=r"result\.h5 cannot be read"):
        _ = Solution.load(tmp_path).grid


def test_a_run_without_rows_is_empty_not_broken(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    solution = Solution.load(tmp_path)
    assert (
        len(solution.t) == len(solution.snapshot_times) == len(solution.steps) == len(solution.particles) == 0
    )
    with pytest.raises(ResultsError, match="nothing was stored yet"):
        solution["Voltage [V]"]
