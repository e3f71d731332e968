"""The run directory: what is written can be read, at any time, whatever happens in between."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from synthetic_run import (
    CASE,
    INFO,
    SNAPSHOT_TIMES,
    STATISTICS,
    STEP_ENDS,
    make_grid,
    make_row,
    make_snapshot,
    write_run,
)

from microcell.cell.snapshot import RunGrid
from microcell.errors import ResultsError
from microcell.results import RunWriter, Solution, files, read_checkpoint


def start(out: Path, grid: RunGrid, **options: object) -> RunWriter:
    return RunWriter.create(out, case=CASE, grid=grid, info=INFO, **options)


def assert_same_run(first: Path, second: Path) -> None:
    for name in (files.TIMESERIES, files.PROFILES, files.PARTICLES):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    with h5py.File(first / files.RESULT) as one, h5py.File(second / files.RESULT) as two:
        names: list[str] = []
        one.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        assert len(names) > 40
        for name in names:
            np.testing.assert_array_equal(one[name][()], two[name][()], err_msg=name)


def test_every_number_comes_back(run: Path, grid: RunGrid) -> None:
    solution = Solution.load(run)
    rows = pd.DataFrame([make_row(float(t)) for t in np.arange(0.0, 8100.0, 100.0)])
    pd.testing.assert_frame_equal(solution.timeseries, rows, check_exact=True)
    assert solution.snapshot_times.tolist() == list(SNAPSHOT_TIMES)
    for index, time in enumerate(SNAPSHOT_TIMES):
        expected = make_snapshot(grid, time)
        for name, values in expected.fields.items():
            np.testing.assert_array_equal(solution[name][index], values.astype(np.float32))
        faces = solution.faces(time)
        np.testing.assert_array_equal(faces["Rocksalt thickness [m]"], expected.film_thickness)
        np.testing.assert_array_equal(faces["Interface current density [A.m-2]"], expected.face_current)
        np.testing.assert_array_equal(
            faces["Surface concentration [mol.m-3]"], expected.surface_concentration
        )


def test_grid_comes_back(run: Path, grid: RunGrid) -> None:
    stored = Solution.load(run).grid
    np.testing.assert_array_equal(stored.phases, grid.phases)
    np.testing.assert_array_equal(stored.particles, grid.particles)
    np.testing.assert_array_equal(stored.separator_edges, grid.separator_edges)
    assert stored.voxel_size == grid.voxel_size
    for name, values in vars(grid.faces).items():
        np.testing.assert_array_equal(getattr(stored.faces, name), values)
        assert getattr(stored.faces, name).dtype == values.dtype


def test_run_json_tells_what_happened(run: Path) -> None:
    content = files.read_json(run / files.RUN)
    assert content["status"] == "done"
    assert content["case"] == CASE
    assert content["statistics"] == STATISTICS
    assert [step["reason"] for step in content["steps"]] == [end["reason"] for end in STEP_ENDS]
    assert [step["step"] for step in content["steps"]] == [1, 2, 3]
    assert content["grid"]["shape_zyx"] == [24, 16, 16]
    assert {"python", "microcell", "jax", "numpy"} <= content["versions"].keys()
    assert sorted(path.name for path in run.iterdir()) == [
        "fields",
        "particles.csv",
        "profiles.csv",
        "result.h5",
        "run.json",
        "timeseries.csv",
    ]


def test_an_open_run_reads_as_the_closed_one(tmp_path: Path, grid: RunGrid, run: Path) -> None:
    writer = start(tmp_path / "open", grid)
    write_run(writer, grid)
    writer.flush()
    unfinished, finished = Solution.load(tmp_path / "open"), Solution.load(run)
    assert unfinished.status == "running"
    assert unfinished.field_names == finished.field_names
    for name in finished.field_names:
        np.testing.assert_array_equal(np.asarray(unfinished[name]), np.asarray(finished[name]))
    pd.testing.assert_frame_equal(unfinished.particles, finished.particles)
    pd.testing.assert_frame_equal(unfinished.timeseries, finished.timeseries)
    pd.testing.assert_frame_equal(
        unfinished.particle_history("Mean rocksalt thickness [m]"),
        finished.particle_history("Mean rocksalt thickness [m]"),
    )


def test_a_killed_run_loses_no_snapshot_and_continues_to_the_same_result(tmp_path: Path, run: Path) -> None:
    out = tmp_path / "killed"
    script = (
        "import os, signal, sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from synthetic_run import *\n"
        "grid = make_grid()\n"
        f"writer = RunWriter.create({str(out)!r}, case=CASE, grid=grid, info=INFO)\n"
        "write_run(writer, grid, end=5000.0)\n"
        "writer.checkpoint({'x': np.arange(5.0)}, {'time_s': 4000.0})\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = str(Path(__file__).resolve().parents[2])
    killed = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": root}, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL

    left = Solution.load(out)
    assert left.status == "running"
    assert left.snapshot_times.tolist() == [0.0, 2400.0, 3700.0, 5000.0]
    assert left.t[-1] == 5000.0
    assert len(left.steps) == 2

    arrays, meta = read_checkpoint(out)
    np.testing.assert_array_equal(arrays["x"], np.arange(5.0))
    grid = make_grid()
    writer = start(out, grid, append=True, resume_time=meta["time_s"])
    assert Solution.load(out).snapshot_times.tolist() == [0.0, 2400.0, 3700.0]
    assert not (out / "fields/0003.vtkhdf").exists()
    write_run(writer, grid, start=meta["time_s"])
    writer.close("done", STATISTICS)
    assert_same_run(out, run)
    assert [step["time_s"] for step in files.read_json(out / files.RUN)["steps"]] == [2400.0, 5000.0, 8000.0]


def test_a_closed_run_can_be_continued(tmp_path: Path, grid: RunGrid, run: Path) -> None:
    out = tmp_path / "run"
    writer = start(out, grid)
    write_run(writer, grid, end=4000.0)
    writer.close("interrupted")
    assert Solution.load(out).snapshot_times.tolist() == [0.0, 2400.0, 3700.0]
    writer = start(out, grid, append=True)
    write_run(writer, grid, start=4000.0)
    writer.close("done", STATISTICS)
    assert_same_run(out, run)


def test_a_full_disk_is_named_and_spoils_nothing(tmp_path: Path, grid: RunGrid) -> None:
    out = tmp_path / "run"
    writer = start(out, grid)
    write_run(writer, grid, end=2400.0)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (2048, hard)
    )  # the next file larger than this fails to be written
    try:
        with pytest.raises(ResultsError, match="disk is full") as caught:
            writer.snapshot(make_snapshot(grid, 3700.0))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "free space" in caught.value.fix
    assert Solution.load(out).snapshot_times.tolist() == [0.0, 2400.0]
    assert not list(out.rglob("*.tmp"))
    writer.snapshot(make_snapshot(grid, 3700.0))  # once there is space again, the run goes on
    writer.close("done")
    assert Solution.load(out).snapshot_times.tolist() == [0.0, 2400.0, 3700.0]


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EACCES, "no permission"), (errno.EIO, "cannot write")],
)
def test_refusals_of_the_system_are_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    target = tmp_path / "run.json"
    files.write_json(target, {"old": 1})
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(ResultsError, match=words) as caught:
        files.write_json(target, {"new": 2})
    assert caught.value.file == target
    assert caught.value.fix
    assert files.read_json(target) == {"old": 1}


def test_a_file_is_never_seen_half(tmp_path: Path, grid: RunGrid, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = start(tmp_path / "run", grid)
    writer.record(make_row(0.0))
    target = tmp_path / "run/timeseries.csv"
    before = target.read_bytes()
    monkeypatch.setattr("microcell.files._to_disk", lambda path: (_ for _ in ()).throw(KeyboardInterrupt))
    writer.record(make_row(100.0))
    with pytest.raises(KeyboardInterrupt):
        writer.flush()
    assert target.read_bytes() == before


def test_an_occupied_directory_is_kept(tmp_path: Path, grid: RunGrid) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ResultsError, match="not empty") as caught:
        start(tmp_path, grid)
    assert "--resume" in caught.value.fix
    assert "--overwrite" in caught.value.fix


def test_overwriting_replaces_the_run_and_nothing_else(tmp_path: Path, grid: RunGrid, run: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    writer = start(tmp_path, grid, overwrite=True)
    write_run(writer, grid, end=2400.0)
    writer.checkpoint({}, {})
    writer.close("done")
    writer = start(tmp_path, grid, overwrite=True)
    assert not (tmp_path / "checkpoint.h5").exists()
    assert not list((tmp_path / "fields").iterdir())
    write_run(writer, grid)
    writer.close("done", STATISTICS)
    assert_same_run(tmp_path, run)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_the_output_may_not_be_a_file(tmp_path: Path, grid: RunGrid) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(ResultsError, match="a file, not a directory"):
        start(tmp_path / "run", grid)


def test_continuing_needs_a_run_on_the_same_image(tmp_path: Path, grid: RunGrid) -> None:
    with pytest.raises(ResultsError, match=r"run\.json cannot be read"):
        start(tmp_path, grid, append=True)
    start(tmp_path / "run", grid)
    other = RunGrid(grid.phases[::-1].copy(), grid.voxel_size, grid.separator_edges, None, grid.faces)
    with pytest.raises(ResultsError, match="another image"):
        start(tmp_path / "run", other, append=True)


def test_rows_must_have_the_same_columns(tmp_path: Path, grid: RunGrid) -> None:
    writer = start(tmp_path / "run", grid)
    writer.record({"Time [s]": 0.0, "Voltage [V]": 3.6})
    with pytest.raises(ResultsError, match="other columns") as caught:
        writer.record({"Time [s]": 1.0, "Volts": 3.6})
    assert caught.value.key == "Voltage [V], Volts"


def test_rows_reach_the_disk_within_seconds_but_not_each_at_once(
    tmp_path: Path, grid: RunGrid, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(np.arange(0.0, 1000.0, 0.25))
    monkeypatch.setattr("microcell.results.store.time.monotonic", lambda: float(next(clock)))
    writer = start(tmp_path / "run", grid)
    lengths = []
    for time in range(30):
        writer.record(make_row(float(time)))
        lengths.append(len(Solution.load(tmp_path / "run").t))
    assert lengths[0] == 1
    assert len(set(lengths)) < 10
    assert lengths[-1] > 15


def test_names_with_a_slash_are_refused(tmp_path: Path, grid: RunGrid) -> None:
    writer = start(tmp_path / "run", grid)
    snapshot = make_snapshot(grid, 0.0)
    snapshot.fields["Flux [mol/m2]"] = snapshot.fields["Solid potential [V]"]
    with pytest.raises(ResultsError, match="slash"):
        writer.snapshot(snapshot)


def test_a_field_stored_only_at_some_times_is_nan_at_the_others(tmp_path: Path, grid: RunGrid) -> None:
    writer = start(tmp_path / "run", grid)
    early, late = make_snapshot(grid, 0.0), make_snapshot(grid, 10.0)
    del early.fields["Solid potential [V]"]
    writer.snapshot(early)
    writer.snapshot(late)
    for closed in (False, True):
        if closed:
            writer.close("done")
        stored = Solution.load(tmp_path / "run")["Solid potential [V]"]
        assert np.isnan(stored[0]).all()
        np.testing.assert_array_equal(stored[1], late.fields["Solid potential [V]"].astype(np.float32))


def test_snapshots_come_once_and_in_order(tmp_path: Path, grid: RunGrid) -> None:
    out = tmp_path / "run"
    writer = start(out, grid)
    for time in (0.0, 10.0, 10.0):
        writer.snapshot(make_snapshot(grid, time))
    assert Solution.load(out).snapshot_times.tolist() == [0.0, 10.0]
    assert len(Solution.load(out).profiles) == 2 * 24
    writer = start(out, grid, append=True)
    writer.snapshot(make_snapshot(grid, 10.0))
    assert Solution.load(out).snapshot_times.tolist() == [0.0, 10.0]
    with pytest.raises(ResultsError, match="order of time"):
        writer.snapshot(make_snapshot(grid, 5.0))


def test_a_result_that_does_not_fit_is_not_done(tmp_path: Path, grid: RunGrid) -> None:
    out = tmp_path / "run"
    writer = start(out, grid)
    write_run(writer, grid)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (80_000, hard))  # enough for a part, not for all
    try:
        with pytest.raises(ResultsError, match="disk is full"):
            writer.close("done", STATISTICS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    left = Solution.load(out)
    assert left.status == "running"
    assert left.statistics == STATISTICS
    assert left.snapshot_times.tolist() == list(SNAPSHOT_TIMES)
    writer.close("done", STATISTICS)
    assert Solution.load(out).status == "done"


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_missing_checkpoints_are_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(ResultsError, match="no checkpoint"):
        read_checkpoint(tmp_path / name)


def test_checkpoints_of_others_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "checkpoint.h5", "w") as file:
        file["something"] = 1
    with pytest.raises(ResultsError, match="not a checkpoint"):
        read_checkpoint(tmp_path)
    (tmp_path / "checkpoint.h5").write_text("not HDF5")
    with pytest.raises(ResultsError, match="cannot be read"):
        read_checkpoint(tmp_path)


def test_numpy_values_paths_and_nan_fit_into_json(tmp_path: Path) -> None:
    files.write_json(
        tmp_path / "a.json", {"a": np.float64(1.5), "b": np.arange(2), "c": Path("x"), "d": np.nan}
    )
    assert files.read_json(tmp_path / "a.json") == {"a": 1.5, "b": [0, 1], "c": "x", "d": None}
