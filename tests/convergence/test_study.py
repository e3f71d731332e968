"""A real study of a tiny cathode: what it leaves, what resumes, what fails, what the command line says."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile

import microcell as mc
from microcell.cli import main
from microcell.convergence import Convergence, converge
from microcell.convergence.quantities import CHARGE, END_VOLTAGE, MEAN_FILM, SURFACE, voltage_name
from microcell.convergence.result import Outcome
from microcell.errors import GeometryError, ResultsError, SolverError

Call = Callable[..., tuple[int, str, str]]
TWINS = ["voxel-x2", "step-x16", "step-x4", "case"]
STUDIES = ("--what", "voxel,step", "--factors", "2")
CASE = """
[volume]
path = "cathode.tif"
voxel_size = "400 nm"
axes = "ZYX"
through_axis = "Z"
separator_side = "low"
phases = { pore = 0, active = 1, cbd = 2 }
[cell]
parameters = "nmc811"
separator_thickness = "5 um"
[protocol]
initial = "x = 0.24"
steps = ["Charge at 1C for 60 seconds"]
"""


def write_case(folder: Path, labels: np.ndarray) -> mc.Case:
    """Write an image with the case that reads it."""
    folder.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(folder / "cathode.tif", labels)
    present = [f"{name} = {code}" for code, name in enumerate(("pore", "active", "cbd")) if code in labels]
    text = CASE.replace("pore = 0, active = 1, cbd = 2", ", ".join(present))
    (folder / "case.toml").write_text(text)
    return mc.Case.read(folder / "case.toml")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the case of a cathode of 8 x 8 x 8 voxels."""
    path = tmp_path_factory.mktemp("convergence")
    made = mc.generate_cathode((8, 8, 8), 4e-7, diameter_mean=2.0e-6, diameter_std=0.4e-6, seed=3)
    write_case(path, made.volume.labels)
    return path


@pytest.fixture(scope="module")
def done(folder: Path) -> Convergence:
    """Voxels and time steps; crops would cost a compilation each."""
    case = mc.Case.read(folder / "case.toml")
    return converge(case, folder / "study", what=["voxel", "step"], factors=[2.0], progress=False)


@pytest.fixture
def copied(done: Convergence, folder: Path, tmp_path: Path) -> Path:
    """A copy of case and study to spoil."""
    shutil.copytree(folder, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Call the command; return exit code, output, errors."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("MICROCELL_CACHE_DIR", "")
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    def run(*arguments: str | os.PathLike[str]) -> tuple[int, str, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            main(["converge", *map(os.fspath, arguments)])
        shown = capfd.readouterr()
        return int(end.value.code or 0), shown.out, shown.err

    return run


def no_run(*_: Any) -> None:
    raise AssertionError("nothing should be run")


@pytest.mark.slow
def test_every_twin_has_its_run_and_the_same_charge(done: Convergence, folder: Path) -> None:
    """1C for a minute moves 1/60 of the nominal capacity in every twin: within the residual of Newton."""
    assert [outcome.name for outcome in done.outcomes] == TWINS
    assert done.failed == ()
    for name in TWINS:
        assert mc.Solution.load(folder / "study" / name).status == "done"
        assert done.values[name][CHARGE] == pytest.approx(1 / 60, rel=1e-7)
        film = done.values[name][MEAN_FILM]
        assert 0.2 < film < 1.0  # it starts at 0.2 nm
        voltages = [done.values[name][voltage_name(share)] for share in (0.25, 0.5, 0.75)]
        assert np.all(np.diff([*voltages, done.values[name][END_VOLTAGE]]) > 0)  # charging


@pytest.mark.slow
def test_step_twins_differ_by_what_their_tolerance_allows(done: Convergence) -> None:
    """The image is the same; a charge of a minute is within the step bounds of all, so that they agree."""
    rows = {row.quantity: row for row in done.grid_rows("step")}
    assert SURFACE not in rows
    assert rows[END_VOLTAGE].names[-1] == "case"
    assert np.ptp(rows[END_VOLTAGE].values) < 2e-3
    assert sorted(rows[END_VOLTAGE].sizes, reverse=True) == list(rows[END_VOLTAGE].sizes)


@pytest.mark.slow
def test_the_voxel_study_has_two_grids_and_the_coarse_one_less_surface_detail(done: Convergence) -> None:
    row = next(row for row in done.grid_rows("voxel") if row.quantity == MEAN_FILM)
    assert row.names == ("voxel-x2", "case")
    assert row.sizes == pytest.approx((800.0, 400.0))
    assert row.result.verdict == "two grids"
    # order one assumed: the estimate lies as far beyond the case as the case beyond its twin
    assert row.result.estimate == pytest.approx(2 * row.values[1] - row.values[0])
    assert row.result.error == pytest.approx(3 * abs(row.values[1] - row.values[0]))


@pytest.mark.slow
def test_the_crop_study_groups_by_size(done: Convergence) -> None:
    """Two runs relabelled as crops of half the width: means, the error of the whole, names in the table."""
    outcomes = {outcome.name: outcome for outcome in done.outcomes}
    crops = tuple(
        Outcome({**outcomes[name].twin, "study": "crop", "edge_m": 1.6e-6}, outcomes[name].solution)
        for name in ("voxel-x2", "step-x4")
    )
    result = Convergence((*crops, outcomes["case"]), ("crop",))
    row = next(row for row in result.crop_rows() if row.quantity == END_VOLTAGE)
    small, whole = row.result.groups
    assert (small.count, whole.count) == (2, 1)
    assert (small.size, whole.size) == pytest.approx((1.6, 3.2))
    assert row.result.error == pytest.approx(small.deviation / 2)
    assert small.deviation == pytest.approx(abs(row.values[0] - row.values[1]) / 2**0.5)
    assert "3.2 um (case)" in str(result)
    assert "(n = 2)" in str(result)


@pytest.mark.slow
def test_numbers_are_written_for_other_programs(done: Convergence, folder: Path) -> None:
    content = json.loads((folder / "study" / "convergence.json").read_text())
    assert content == done.to_dict()
    assert [twin["status"] for twin in content["twins"]] == ["done"] * 4
    table = pd.read_csv(folder / "study" / "convergence.csv")
    films = table[(table.Study == "voxel") & (table.Quantity == MEAN_FILM)]
    assert films.Value.tolist() == pytest.approx([done.values[n][MEAN_FILM] for n in ("voxel-x2", "case")])
    assert set(table.Study) == {"voxel", "step"}


@pytest.mark.slow
def test_the_command_takes_finished_twins_as_they_are(
    copied: Path, done: Convergence, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("microcell.simulation.Simulation.solve", no_run)
    monkeypatch.chdir(copied)
    options = ("case.toml", "--out", "study", *STUDIES, "--resume")
    code, out, err = call(*options)
    assert code == 0, err
    assert str(done) in out
    assert "4 of 4  case: the case as it is (8 x 8 x 8 voxels)" in err
    assert (copied / "study" / "convergence.png").read_bytes().startswith(b"\x89PNG")
    code, out, _ = call(*options, "--json")
    assert code == 0
    assert json.loads(out) == done.to_dict()


@pytest.mark.slow
def test_a_twin_that_fails_loses_nothing_else(
    copied: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 3, the reason in the table, the order from what is left."""
    shutil.rmtree(copied / "study" / "step-x4")

    def fail(*_: Any, **__: Any) -> None:
        raise SolverError("the step could not be solved")

    monkeypatch.setattr("microcell.simulation.Simulation.solve", fail)
    monkeypatch.chdir(copied)
    code, out, err = call("case.toml", "-o", "study", *STUDIES, "--resume")
    assert code == 3
    assert "FAILED" in out
    assert "step-x4 failed: the step could not be solved" in out
    assert "1 of 4 twins failed: step-x4" in err
    content = json.loads((copied / "study" / "convergence.json").read_text())
    film = next(row for row in content["step"]["quantities"] if row["quantity"] == MEAN_FILM)
    assert film["result"]["verdict"] == "two grids" or film["result"]["verdict"] == "sizes too close"


@pytest.mark.slow
def test_an_interruption_keeps_what_is_done(
    copied: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(copied / "study" / "step-x16")

    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("microcell.simulation.Simulation.solve", interrupt)
    monkeypatch.chdir(copied)
    code, _, err = call("case.toml", "-o", "study", *STUDIES, "--resume")
    assert code == 4
    assert "interrupted in step-x16, 2 of 4" in err
    assert "--resume" in err
    content = json.loads((copied / "study" / "convergence.json").read_text())
    assert [twin["name"] for twin in content["twins"]] == ["voxel-x2"]


@pytest.mark.slow
def test_a_study_of_another_case_is_not_continued(copied: Path, done: Convergence) -> None:
    case = mc.Case.read(copied / "case.toml").with_overrides(["Temperature [K]=310"])
    with pytest.raises(ResultsError, match="another case") as caught:
        converge(case, copied / "study", what=["step"], resume=True, progress=False)
    assert caught.value.fix is not None
    assert "--overwrite" in caught.value.fix


def thin_contact() -> np.ndarray:
    """Active material that reaches the collector by one voxel, which no larger voxel can show."""
    labels = np.zeros((8, 8, 8), np.uint8)
    labels[2:6] = 1
    labels[6:, 3, 3] = 1
    return labels


@pytest.mark.parametrize("factors", [[2.0], None])
def test_a_twin_that_does_not_percolate_is_refused_before_anything_runs(
    factors: list[float] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("microcell.simulation.Simulation.solve", no_run)
    case = write_case(tmp_path, thin_contact())
    with pytest.raises(GeometryError) as caught:
        converge(case, tmp_path / "study", what=["voxel"], factors=factors, progress=False)
    assert "can" in caught.value.problem
    assert "touches the collector" in f"{caught.value.problem} {caught.value.value}"
    assert caught.value.fix is not None
    assert not (tmp_path / "study").exists()


def test_crops_that_are_no_cells_are_shown_as_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of the four quarters do not reach the collector; the others, and the case, would run."""
    labels = np.zeros((8, 8, 8), np.uint8)
    labels[2:6] = 1
    labels[6:, :4] = 1
    monkeypatch.setattr("microcell.simulation.Simulation.solve", fail_late)
    result = converge(write_case(tmp_path, labels), tmp_path / "study", what=["crop"], progress=False)
    reasons = {outcome.name: outcome.problem or "" for outcome in result.failed}
    assert "touches the collector" in reasons["crop-2-21"]
    assert "touches the collector" in reasons["crop-2-22"]
    assert reasons["crop-2-11"] == reasons["case"] == "later"
    assert math.isnan(result.outcomes[0].cut_off)
    assert "no twin has a result" in str(result)


def fail_late(*_: Any, **__: Any) -> None:
    raise SolverError("later")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--what", "voxels"), ["--what", "did you mean 'voxel'"]),
        (("--factors", "two"), ["--factors", "two", "--factors 2,4"]),
        (("--factors", "1"), ["--factors", "1.3 to 100"]),
        (("--factors", "4"), ["--factors", "4 voxels along each axis", "2 x 2 x 2"]),
        (("--crops", "1"), ["--crops", ">= 2"]),
        (("--resume", "--overwrite"), ["--resume", "--overwrite", "contradict"]),
        (("--device", "abacus"), ["abacus", "not available"]),
        (("--set", "cell.nothing=1"), ["cell.nothing"]),
        (("--out", "taken"), ["taken", "not empty", "--resume"]),
    ],
)
def test_bad_options_are_named_with_their_fix(
    options: tuple[str, ...], words: list[str], folder: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "taken").mkdir(exist_ok=True)
    (folder / "taken" / "work.txt").write_text("mine")
    code, out, err = call("case.toml", *options)
    assert code == 2, out + err
    assert [word for word in words if word not in err] == [], err
    assert "Traceback" not in err
    assert not (folder / "case-converge").exists()
