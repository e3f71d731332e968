"""``microcell p2d`` beyond the plain half cell: full cells, mechanisms, models, cycles, BPX, interruption."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cli_inputs import Outcome, write_case
from p2d_cases import C_MAX, MESH, SHELL, SHRINKING, STEPS, content, full_case, model_of

import microcell as mc
from microcell.case.reduced import read_design
from microcell.p2d import SPM
from microcell.p2d.dfn import _Run

Call = Callable[..., Outcome]
BPX = Path(__file__).resolve().parents[1] / "exchange/lgm50.bpx.json"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a full cell with a shell, run once."""
    from microcell.cli import main

    folder = tmp_path_factory.mktemp("full")
    with pytest.raises(SystemExit) as end:
        main(["p2d", str(full_case(folder)), "--out", str(folder / "run")])
    assert end.value.code in (0, None)
    return folder / "run"


@pytest.mark.slow
def test_a_full_cell_writes_both_electrodes_and_what_ages(ran: Path) -> None:
    table = pd.read_csv(ran / "timeseries.csv")
    assert table["Mean shell thickness [m]"].iloc[-1] > table["Mean shell thickness [m]"].iloc[0]
    assert table["Loss of active material in positive electrode [%]"].iloc[-1] > 0
    assert table["Loss of lithium inventory [%]"].iloc[-1] > 0
    # what leaves one electrode enters the other, but for what the shell traps
    held = [table[f"{name}ean stoichiometry"].diff().iloc[5] for name in ("Negative m", "M")]
    sites = [0.7 * 80e-6 * 33133, 0.68 * 65e-6 * mc.ParameterSet.builtin().number(C_MAX)]
    assert held[0] * sites[0] == pytest.approx(-held[1] * sites[1], rel=1e-9)


@pytest.mark.slow
def test_profiles_go_through_the_whole_cell(ran: Path) -> None:
    profiles = pd.read_csv(ran / "profiles.csv")
    separator = mc.ParameterSet.builtin().number("Separator thickness [m]")
    negative, positive = profiles["z [m]"] < -separator, profiles["z [m]"] > 0
    for name, inside in (("Negative mean stoichiometry", negative), ("Shell thickness [m]", positive)):
        np.testing.assert_array_equal(np.isfinite(profiles[name]), inside)
    assert np.all(np.isfinite(profiles["Electrolyte concentration [mol.m-3]"]))
    assert {path.name for path in (ran / "figures").iterdir()} == {"run.png", "profiles.png"}


@pytest.mark.slow
def test_the_manifest_says_what_was_solved(ran: Path) -> None:
    said = json.loads((ran / "p2d.json").read_text())
    assert (said["model"], said["film"], said["status"]) == ("SPM", False, "done")
    assert said["mechanisms"]["shrinking_core"][SHELL] == 1e-12
    assert said["mechanisms"]["oxidation"]["Oxidation potential [V]"] == 4.3
    assert said["negative"]["at_full"] == [0.87, 0.25]
    stated = {info["name"]: info["value"] for info in said["negative"]["parameters"]}
    assert stated[C_MAX] == 33133
    assert said["negative"]["design"]["electrode_thickness"] == pytest.approx(80e-6)


@pytest.mark.slow
def test_the_design_is_the_same_cell_again(ran: Path) -> None:
    own = tomllib.loads((ran / "design.toml").read_text())
    protocol = {"initial": "3.6 V", "steps": STEPS}
    case, again = model_of({**own, "protocol": protocol})
    _, first = model_of(content())
    assert isinstance(again, SPM)
    assert (again.design, again.film) == (first.design, False)
    assert again.negative is not None
    assert first.negative is not None
    assert again.negative.design == first.negative.design
    assert case.content.p2d.degradation == SHRINKING
    written = json.loads((ran / "p2d.json").read_text())["design"]
    assert read_design(case).model_dump(mode="json") == written


@pytest.mark.slow
def test_cycles_are_repeated_with_jumps(ran: Path, tmp_path: Path, call: Call) -> None:
    shown = call("p2d", full_case(tmp_path), "--cycles", "40", "--tolerance", "0.01", "--out", "life")
    assert shown.code == 0, shown.err
    assert [words for words in ("last cycle reached", "Losses", "Layers") if words not in shown.out] == []
    table = pd.read_csv("life/cycles.csv")
    assert list(table["Cycle"]) == list(range(1, 41))
    assert 3 < table["Computed"].sum() < 40
    assert np.all(np.diff(table["Loss of active material in positive electrode [%]"]) > 0)
    assert table["Discharge capacity [A.h]"].iloc[-1] < table["Discharge capacity [A.h]"].iloc[0]
    assert {path.name for path in Path("life").iterdir()} == {
        "cycles.csv", "timeseries.csv", "design.toml", "p2d.json", "figures",
    }  # fmt: skip
    series = pd.read_csv("life/timeseries.csv")
    assert set(series["Cycle"]) == {1, 40}
    first = pd.read_csv(ran / "timeseries.csv")["Voltage [V]"]
    np.testing.assert_allclose(series[series["Cycle"] == 1]["Voltage [V]"], first, rtol=1e-12)
    said = json.loads(Path("life/p2d.json").read_text())
    assert said["statistics"]["cycles"] == 40
    assert Path("life/figures/cycles.png").exists()


@pytest.mark.slow
def test_cycles_end_at_the_least_capacity(tmp_path: Path, call: Call) -> None:
    shown = call("p2d", full_case(tmp_path), "--cycles", "1000", "--until", "0.97", "--json")
    assert shown.code == 0, shown.err
    assert json.loads(shown.out)["statistics"]["ended"] == "capacity below 97 % of the first"
    capacity = pd.read_csv("case-p2d/cycles.csv")["Discharge capacity [A.h]"]
    assert capacity.iloc[-1] < 0.97 * capacity.iloc[0] <= capacity.iloc[-2]


@pytest.mark.slow
def test_what_failed_cycles_have_is_kept(tmp_path: Path, call: Call) -> None:
    steps = 'protocol.steps=["Discharge at 1C for 3 hours"]'
    shown = call("p2d", full_case(tmp_path), "--cycles", "5", "--set", steps)
    assert shown.code == 3
    assert json.loads(Path("case-p2d/p2d.json").read_text())["status"].startswith("failed")
    assert set(pd.read_csv("case-p2d/timeseries.csv")["Cycle"]) == {1}
    assert len(pd.read_csv("case-p2d/cycles.csv")) == 0


def stop_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Interrupt as Ctrl-C does, in the middle of a step of the protocol: its rows are there, no report."""
    advance, done = _Run.advance, iter(range(step))

    def interrupted(self: _Run, resolved: Any) -> None:
        if next(done, None) is None:
            self.numbers += [len(self.reports)] * 3
            self.records += self.records[-1:]
            raise KeyboardInterrupt
        advance(self, resolved)

    monkeypatch.setattr(_Run, "advance", interrupted)


@pytest.mark.slow
def test_steps_before_ctrl_c_are_written(
    ran: Path, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_at(monkeypatch, 2)
    shown = call("p2d", full_case(tmp_path))
    assert shown.code == 4
    assert "case-p2d" in shown.err
    table, whole = pd.read_csv("case-p2d/timeseries.csv"), pd.read_csv(ran / "timeseries.csv")
    assert set(table["Step"]) == {0, 1}
    rows = whole["Step"] < 2
    np.testing.assert_allclose(table["Voltage [V]"], whole["Voltage [V]"][rows], rtol=1e-12)
    assert json.loads(Path("case-p2d/p2d.json").read_text())["status"] == "interrupted"


@pytest.mark.slow
def test_cycles_before_ctrl_c_are_written(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_at(monkeypatch, 7)
    shown = call("p2d", full_case(tmp_path), "--cycles", "50")
    assert shown.code == 4
    assert len(pd.read_csv("case-p2d/cycles.csv")) == 2
    assert json.loads(Path("case-p2d/p2d.json").read_text())["status"] == "interrupted"


def test_ctrl_c_in_the_first_step_keeps_old_results(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("case-p2d").mkdir()
    Path("case-p2d/p2d.json").write_text("{}")
    stop_at(monkeypatch, 0)
    assert call("p2d", full_case(tmp_path), "--overwrite").code == 4
    assert Path("case-p2d/p2d.json").read_text() == "{}"


@pytest.mark.slow
def test_a_cell_from_bpx_follows_a_drive_cycle(tmp_path: Path, call: Call) -> None:
    """What is written comes back as the same cell."""
    pytest.importorskip("bpx")
    (tmp_path / "drive.csv").write_text("Time [s],Current [A]\n0,1\n60,5\n120,-2\n300,2\n")
    steps = ["Follow drive.csv until 3.0 V", "Rest for 1 minute"]
    mesh = {f"p2d__{key}": value for key, value in MESH.items()}
    case = write_case(
        tmp_path, volume=None, cell=None, protocol__initial="4.1 V", protocol__steps=steps, **mesh
    )
    shown = call("p2d", case, "--bpx", BPX, "--write-bpx", "again.json")
    assert shown.code == 0, shown.err
    assert "lgm50.bpx.json" in shown.out
    table = pd.read_csv("case-p2d/timeseries.csv")
    row = table.iloc[(table["Time [s]"] - 60.0).abs().argmin()]
    assert row["Current [A]"] == pytest.approx(5.0, rel=1e-6)
    # charge by the trapezoidal rule: 60 s x 3 A + 60 s x 1.5 A + 180 s x 0 A
    assert table["Discharge capacity [A.h]"].iloc[-1] == pytest.approx(270.0 / 3600.0, rel=1e-3)
    assert not Path("case-p2d/design.toml").exists()
    again = call("p2d", case, "--bpx", "again.json", "--out", "again")
    assert again.code == 0, again.err
    both = pd.read_csv("again/timeseries.csv")
    assert both["Voltage [V]"].iloc[-1] == pytest.approx(table["Voltage [V]"].iloc[-1], abs=2e-5)
    taken = call("p2d", case, "--bpx", BPX, "--write-bpx", "again.json", "--out", "other")
    assert (taken.code, "there already" in taken.err) == (2, True)
