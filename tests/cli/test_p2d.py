"""``microcell p2d``: from numbers, from the image, what it writes, and what it refuses."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_inputs import Outcome, write_case

import microcell as mc
from microcell.case.reduced import read_design
from microcell.errors import CaseError, ParameterError

Call = Callable[..., Outcome]
MESH = {"p2d__separator": 6, "p2d__electrode": 6, "p2d__radial": 8}
NUMBERS = {
    "p2d__electrode_thickness": "60 um",
    "p2d__active_fraction": 0.6,
    "p2d__porosity": 0.3,
    "p2d__tortuosity": 2.5,
    "p2d__radii": ["2 um", 4e-6],
    "p2d__weights": [0.25, 0.75],
    **MESH,
}
STEPS = ["Charge at 1C for 5 minutes", "Rest for 1 minute"]


def reduced_case(folder: Path, **changes: object) -> Path:
    """Write a case that has no image."""
    return write_case(folder, volume=None, protocol__steps=STEPS, **NUMBERS, **changes)


@pytest.mark.slow
def test_a_case_of_numbers_alone(tmp_path: Path, call: Call) -> None:
    case = reduced_case(tmp_path)
    shown = call("p2d", case)
    assert shown.code == 0, shown.err
    assert [
        words for words in ("60 µm", "duration 60 s reached", "case file") if words not in shown.out
    ] == []
    names = {path.name for path in (tmp_path / "case-p2d").iterdir()}
    assert names == {"p2d.json", "timeseries.csv", "profiles.csv", "design.toml", "figures"}
    assert {path.name for path in (tmp_path / "case-p2d/figures").iterdir()} == {"run.png", "profiles.png"}
    table = pd.read_csv(tmp_path / "case-p2d/timeseries.csv")
    assert {"Time [s]", "Voltage [V]", "Current [A]"} <= set(table.columns)
    assert table["Time [s]"].iloc[-1] == pytest.approx(360.0)
    profiles = pd.read_csv(tmp_path / "case-p2d/profiles.csv")
    in_front = profiles["z [m]"] < 0
    assert np.all(np.isnan(profiles["Surface stoichiometry"]) == in_front)
    first = call("p2d", case)
    assert first.code == 2
    assert "--overwrite" in first.err
    assert "--resume" not in first.err
    again = call("p2d", case, "--overwrite", "--json", "--set", "Temperature [K]=300")
    content = json.loads(again.out)
    assert (content["status"], len(content["steps"]), content["measured"]) == ("done", 2, None)
    assert content["case"]["cell"]["set"] == {"Temperature [K]": 300}
    assert len(content["sha256"]["case file"]) == 64
    assert content["versions"]["jax"]


@pytest.mark.slow
def test_the_image_gives_what_the_case_does_not(case_file: Path, tmp_path: Path, call: Call) -> None:
    case = write_case(tmp_path, protocol__steps=STEPS, p2d__sizes=2, p2d__porosity=0.33, **MESH)
    shown = call("p2d", case, "--from-volume", "--out", "twin", "--json")
    assert shown.code == 0, shown.err
    content = json.loads(shown.out)
    design, measured = content["design"], content["measured"]["design"]
    assert design["porosity"] == 0.33
    assert {key for key in design if design[key] != measured[key]} == {"porosity"}
    assert content["given"] == ["porosity"]
    volume, _, cell, _ = mc.Case.read(case).build()
    assert design["electrode_thickness"] == volume.size[0]
    assert content["steps"][0]["end"] == 300.0
    current = pd.read_csv(tmp_path / "twin/timeseries.csv")["Current [A]"]
    assert current.iloc[0] == pytest.approx(-cell.one_c_current, rel=1e-9)
    again = tomllib.loads((tmp_path / "twin/design.toml").read_text())
    pasted = mc.Case.from_dict({"protocol": {"initial": "x = 0.5", "steps": STEPS}, **again})
    assert read_design(pasted).model_dump(mode="json") == design


@pytest.mark.slow
def test_what_a_failed_run_has_is_kept(tmp_path: Path, call: Call) -> None:
    case = reduced_case(tmp_path).rename(tmp_path / "flat.toml")
    shown = call("p2d", case, "--set", 'protocol.steps=["Discharge at 1C for 3 hours"]')
    assert shown.code == 3
    assert [words for words in ("left the window", "flat-p2d", "fix:") if words not in shown.err] == []
    assert json.loads((tmp_path / "flat-p2d/p2d.json").read_text())["status"].startswith("failed")
    assert len(pd.read_csv(tmp_path / "flat-p2d/timeseries.csv")) > 10
    assert (tmp_path / "flat-p2d/figures/run.png").exists()


def test_a_missing_number_names_both_ways_out(tmp_path: Path, call: Call) -> None:
    case = write_case(tmp_path, volume=None, p2d__porosity=0.3)
    shown = call("p2d", case)
    assert shown.code == 2
    assert "give p2d.electrode_thickness or use --from-volume" in shown.err
    assert "[volume] with path" in call("p2d", case, "--from-volume").err
    assert "[volume] with path" in call("run", case).err
    assert not (tmp_path / "case-p2d").exists()


def test_a_3d_run_is_never_overwritten(tmp_path: Path, call: Call) -> None:
    case = reduced_case(tmp_path)
    (tmp_path / "case-run").mkdir()
    (tmp_path / "case-run/run.json").write_text("{}")
    shown = call("p2d", case, "--out", "case-run", "--overwrite")
    assert shown.code == 2
    assert "a 3D run is in the output directory" in shown.err


def test_radii_of_the_case_replace_all_sizes_of_the_image() -> None:
    content = {"p2d": {"radii": "5 um"}, "protocol": {"initial": "x = 0.5", "steps": STEPS}}
    from microcell.p2d import Design

    measured = Design(
        electrode_thickness=5e-5, active_fraction=0.5, porosity=0.4, tortuosity=2.0,
        radii=(1e-6, 2e-6), weights=(0.5, 0.5), surface_factor=0.6,
    )  # fmt: skip
    design = read_design(mc.Case.from_dict(content), measured)
    assert design.radii == pytest.approx((5e-6,), rel=1e-12)
    assert (design.weights, design.surface_factor) == ((1.0,), 1.0)
    assert design.tortuosity == 2.0


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("porosity", 0.9, "p2d.active_fraction"),
        ("electrode_thickness", "60 s", "p2d.electrode_thickness"),
        ("weights", [0.5], "p2d.weights"),
    ],
)
def test_impossible_numbers_name_their_key(key: str, value: object, words: str) -> None:
    numbers = {name.removeprefix("p2d__"): number for name, number in NUMBERS.items()}
    content = {"p2d": {**numbers, key: value}, "protocol": {"initial": "x = 0.5", "steps": STEPS}}
    with pytest.raises(ParameterError) as error:
        read_design(mc.Case.from_dict(content, Path("c.toml")))
    assert (error.value.key, error.value.file) == (words, Path("c.toml"))


@pytest.mark.parametrize(("key", "value"), [("electrode", 1), ("tolerance", 0), ("radius_rule", "mean")])
def test_options_out_of_range_are_refused(key: str, value: object) -> None:
    with pytest.raises(CaseError) as error:
        mc.Case.from_dict({"p2d": {key: value}, "protocol": {"initial": "x = 0.5", "steps": STEPS}})
    assert error.value.key == f"p2d.{key}"
