"""Real runs of a tiny cathode through the command line: finished, changed, interrupted, resumed, failed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from cli_inputs import IMAGE, Outcome, write_case

import microcell as mc
from microcell.cli.environment import enable_compile_cache
from microcell.errors import SolverError

Call = Callable[..., Outcome]
STEPS = ["Charge at 1C for 2 minutes", "Rest for 1 minute"]


def command(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    """Start the command line as a process of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    # where the tests run in the background of a shell, SIGINT is ignored, and children inherit that
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{listen}; from microcell.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A run of a short protocol: its folder, and what the command said on both outputs."""
    folder = tmp_path_factory.mktemp("finished")
    tifffile.imwrite(folder / "cathode.tif", IMAGE)
    write_case(folder, protocol__steps=STEPS, output__fields=["Active concentration [mol.m-3]"])
    process = command(
        "run", "case.toml", "--set", "Temperature [K]=300", "--set", "output.every=60 s", cwd=folder
    )
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, out + err
    return folder / "case-run", out, err


@pytest.mark.slow
def test_a_run_leaves_all_it_promises(finished: tuple[Path, str, str]) -> None:
    folder, out, err = finished
    names = {path.name for path in folder.iterdir()}
    promised = {
        "run.json",
        "timeseries.csv",
        "particles.csv",
        "profiles.csv",
        "result.h5",
        "fields",
        "figures",
        "report.html",
    }
    assert promised <= names
    assert len(list((folder / "figures").glob("*.png"))) >= 4
    assert "Warning     the median particle is" in out
    assert "Step 2      Rest for 1 minute" in out
    assert "1/2 Charge at 1C for 2 minutes" in err
    assert "2/2 Rest for 1 minute" in err


@pytest.mark.slow
def test_a_run_did_what_the_case_and_the_overrides_say(finished: tuple[Path, str, str]) -> None:
    solution = mc.Solution.load(finished[0])
    assert solution.status == "done"
    assert solution.case["cell"]["set"] == {"Temperature [K]": 300}
    values = {entry["name"]: entry["value"] for entry in solution.case["parameters"]}
    assert values["Temperature [K]"] == 300.0
    assert solution.field_names == ["Active concentration [mol.m-3]"]
    np.testing.assert_allclose(solution.snapshot_times, [0, 60, 120, 180], atol=1e-9)
    charge = solution["Time [s]"] <= 120.0
    one_c = solution.info["one_c_current_A"]
    np.testing.assert_allclose(solution["Current [A]"][charge][1:], -one_c, rtol=1e-8)
    assert abs(solution["Lithium drift"]).max() < 1e-8
    assert "Image doctor" in solution.case["inspect"]


@pytest.mark.slow
def test_the_same_run_from_python_gives_the_same_numbers(
    finished: tuple[Path, str, str], tmp_path: Path
) -> None:
    enable_compile_cache()
    case = mc.Case.read(finished[0].parent / "case.toml").with_overrides(["Temperature [K]=300"])
    _, _, cell, protocol = case.build()
    solution = mc.Simulation(cell, protocol, fields=[], every="60 s").solve(
        tmp_path / "again", progress=False
    )
    table = pd.read_csv(finished[0] / "timeseries.csv")
    np.testing.assert_allclose(solution["Voltage [V]"], table["Voltage [V]"], rtol=0, atol=1e-12)


@pytest.mark.slow
def test_report_and_view_of_a_run(finished: tuple[Path, str, str], call: Call, tmp_path: Path) -> None:
    (finished[0] / "report.html").unlink()
    shown = call("report", finished[0])
    assert shown.code == 0
    assert (finished[0] / "report.html").stat().st_size > 100_000
    shown = call("view", finished[0], "--screenshot", "film.png", "--time", "2 min")
    assert shown.code == 0, shown.err
    assert (tmp_path / "film.png").stat().st_size > 10_000


@pytest.fixture
def interrupted(image: Path, tmp_path: Path) -> Callable[[signal.Signals], Path]:
    """Start a run, stop it by a signal once it has got going, and check that it says how to go on."""

    def stop(number: signal.Signals) -> Path:
        write_case(tmp_path, protocol__steps=["Charge at C/5 until 4.2 V"], output__every="10 min")
        process = command("run", "case.toml", "--out", "out", cwd=tmp_path)
        wait_for(lambda: rows(tmp_path / "out") > 3, process)
        process.send_signal(number)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 4, out + err
        assert [words for words in ("Interrupted", "--resume") if words not in err] == []
        assert "Traceback" not in err
        assert mc.Solution.load(tmp_path / "out").status.startswith("interrupted")
        return tmp_path / "out"

    return stop


@pytest.mark.slow
def test_the_end_of_a_batch_job_saves_a_checkpoint(interrupted: Callable[[signal.Signals], Path]) -> None:
    assert (interrupted(signal.SIGTERM) / "checkpoint.h5").exists()


@pytest.mark.slow
def test_a_run_stopped_by_ctrl_c_goes_on(interrupted: Callable[[signal.Signals], Path]) -> None:
    folder = interrupted(signal.SIGINT)
    before = rows(folder)
    process = command("run", "case.toml", "--out", "out", "--resume", cwd=folder.parent)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, out + err
    solution = mc.Solution.load(folder)
    assert solution.status == "done"
    assert len(solution.t) > before
    assert np.all(np.diff(solution.t) > 0)
    assert solution["Voltage [V]"][-1] == pytest.approx(4.2, abs=1e-3)


def rows(folder: Path) -> int:
    table = folder / "timeseries.csv"
    return len(table.read_text().splitlines()) - 1 if table.exists() else 0


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str], seconds: float = 240.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "the run did not get going"
        time.sleep(0.05)


@pytest.mark.slow
def test_a_solver_that_gives_up_leaves_a_report(
    finished: tuple[Path, str, str],
    case_file: Path,
    call: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import shutil

    def give_up(self: object, out: Path, **options: object) -> None:
        shutil.copytree(finished[0], out)
        (out / "report.html").unlink()
        raise SolverError("no convergence at 12 s", fix="look at the report")

    monkeypatch.setattr(mc.Simulation, "solve", give_up)
    shown = call("run", case_file, "--out", "out")
    assert shown.code == 3
    assert "no convergence at 12 s" in shown.err
    assert (tmp_path / "out/report.html").exists()


@pytest.mark.slow
def test_a_full_disk_during_a_run(case_file: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    from microcell import files
    from microcell.results.files import TIMESERIES

    def full(path: Path) -> None:
        if path.name.startswith(TIMESERIES):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "_to_disk", full)
    shown = call("run", case_file, "--out", "out")
    assert shown.code == 2
    assert "disk is full" in shown.err
    assert "--resume" in shown.err
    assert "Traceback" not in shown.err


@pytest.mark.slow
def test_demo_does_the_whole_job(call: Call, tmp_path: Path) -> None:
    shown = call("demo", "--size", "14x10x10", "--out", "show", "--seed", "4")
    assert shown.code == 0, shown.err
    assert "Image doctor" in shown.out
    assert "The thickest films:" in shown.out
    solution = mc.Solution.load(tmp_path / "show/run")
    assert solution.status == "done"
    assert len(solution.steps) == 3
    assert abs(solution["Lithium drift"]).max() < 1e-8
    film = solution["Mean rocksalt thickness [m]"]
    assert film[0] == pytest.approx(0.2e-9, rel=1e-9)
    assert 0.25e-9 < film[-1] < 0.8e-9
    assert call("demo", "--out", "show").code == 2
    assert call("inspect", "show/case.toml").code in (0, 1)
