"""A run beside its twin: of itself nothing differs, a longer step shifts nothing, a lift is the gap."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from twin_cases import cell_of_particles, reduced_run, stored_run

from microcell.cli import main
from microcell.errors import ResultsError
from microcell.p2d import Design
from microcell.results import Solution
from microcell.twin import compare
from microcell.twin.compare import _rms, _sides
from microcell.twin.figures_profiles import profile_times
from microcell.twin.reduced import ReducedRun

CELL = cell_of_particles()
DESIGN = Design(
    electrode_thickness=CELL.volume.size[0],
    active_fraction=0.5,
    porosity=0.4,
    tortuosity=2.0,
    radii=(1e-6, 2e-6),
    weights=(0.4, 0.6),
    area=CELL.area,
)
STEPS = ["Charge at 1C for 5 minutes", "Rest for 2 minutes", "Discharge at C/2 for 4 minutes"]

CASE = f"""
[p2d]
electrode_thickness = {DESIGN.electrode_thickness!r}
active_fraction = 0.5
porosity = 0.4
tortuosity = 2.0
radii = ["1 um", 2e-6]
weights = [0.4, 0.6]
area = {DESIGN.area!r}
separator = 6
electrode = 6
radial = 8

[protocol]
initial = "x = 0.6"
steps = {STEPS!r}
"""


@pytest.fixture(scope="module")
def solution():
    return reduced_run(DESIGN, STEPS)


@pytest.mark.slow
def test_a_run_beside_itself_does_not_differ(solution, tmp_path: Path) -> None:
    run = ReducedRun.of(solution, DESIGN)
    same = compare(Solution.load(stored_run(tmp_path / "run", CELL, run)), solution, DESIGN)
    np.testing.assert_allclose(same.table["Voltage gap [V]"], 0.0, atol=1e-12)
    gaps = {row.name: row for row in same.differences}
    for name in (*(f"{what}, step {k}" for what in ("Duration", "Charge") for k in (1, 2, 3)),):
        assert abs(gaps[name].gap) <= 1e-9 * max(abs(gaps[name].voxels), 1e-12), name
    assert gaps["RMS voltage gap, all"].reduced < 1e-12
    assert gaps["Mean film at the end"].gap == pytest.approx(0.0, abs=1e-20)
    assert gaps["Film separator / collector"].voxels == pytest.approx(1.0, rel=1e-6)


@pytest.mark.slow
def test_steps_are_compared_from_their_own_start(solution, tmp_path: Path) -> None:
    """The first step of the 3D run ends 40 s later: the others still meet, and lag by nothing."""
    run = ReducedRun.of(solution, DESIGN)
    folder = stored_run(tmp_path / "run", CELL, run, longer=40.0, voltage=0.01)
    late = compare(Solution.load(folder), solution, DESIGN)
    np.testing.assert_allclose(late.table["Voltage gap [V]"], -0.01, atol=1e-9)
    rows = {row.name: row for row in late.differences}
    assert rows["Duration, step 1"].gap == pytest.approx(-40.0 / 60.0, rel=1e-9)
    assert rows["Duration, step 2"].gap == pytest.approx(0.0, abs=1e-9)
    assert rows["RMS voltage gap, all"].reduced == pytest.approx(0.01, rel=1e-9)
    assert late.twin_time(300.0 + 40.0 + 60.0) == pytest.approx((1, 360.0))
    assert late.twin_time(320.0) == pytest.approx((0, 300.0))


@pytest.mark.slow
def test_a_hold_does_not_count_in_the_gap(solution, tmp_path: Path) -> None:
    run = ReducedRun.of(solution, DESIGN)
    reports = list(solution.steps)
    reports[1] = replace(reports[1], text="Hold at 3.8 V for 2 minutes")
    held = replace(solution, steps=tuple(reports))
    seen = compare(Solution.load(stored_run(tmp_path / "run", CELL, run)), held, DESIGN)
    assert set(seen.table["Step"][seen.free()]) == {1, 3}


@pytest.mark.slow
def test_the_command_writes_the_report(solution, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MICROCELL_CACHE_DIR", "")
    Path("case.toml").write_text(CASE)
    stored_run(Path("case-run"), CELL, ReducedRun.of(solution, DESIGN))
    with pytest.raises(SystemExit) as end:
        main(["p2d", "case.toml", "--compare", "case-run"])
    assert end.value.code in (0, None)
    page = Path("case-p2d/report.html").read_text(encoding="utf-8")
    assert len(re.findall("data:image/png;base64", page)) == 2
    assert "http" not in re.sub(r"data:[^\"]*", "", page)
    for words in ("Duration, step 3", "Film separator / collector", "differs in [cell]", "case file"):
        assert words in page
    assert "Report      case-p2d/report.html" in capsys.readouterr().out


def test_a_run_without_results_cannot_be_compared(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(ResultsError, match="nothing to compare"):
        compare(Solution.load(tmp_path), None, DESIGN)


def test_root_mean_square_is_taken_over_time_step_by_step() -> None:
    """2 over one second and 0 over three, in steps of their own: sqrt(4 / 4)."""
    import pandas as pd

    rows = pd.DataFrame(
        {"Step": [1, 1, 2, 2, 2], "Time in step [s]": [0, 1, 0, 2, 3], "gap": [2.0, 2.0, 0.0, 0.0, 0.0]}
    )
    assert _rms(rows, "gap") == pytest.approx(1.0)


def test_sides_are_the_nearest_quarters() -> None:
    depth = np.arange(8) + 0.5
    values = np.array([1.0, 3.0, 9.0, 9.0, 9.0, 9.0, np.nan, 5.0])
    assert _sides(depth, values, np.array([1.0, 3.0, 1, 1, 1, 1, 1, 2])) == pytest.approx((2.5, 5.0))


@pytest.mark.slow
def test_times_of_profiles_are_few_and_hold_the_ends_of_steps(solution) -> None:
    times = profile_times(ReducedRun.of(solution, DESIGN))
    assert len(times) == 6
    assert {300.0, 420.0, 660.0} <= {round(float(time), 6) for time in times}
