"""``microcell atomistic``: what its commands share, whatever they compute."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from cli_inputs import Outcome

from microcell.cli import atomistic
from microcell.cli.atomistic.finish import finish
from microcell.cli.atomistic.options import prepare
from microcell.errors import AtomisticError, ResultsError
from microcell.parameters import Origin, PropertyCard
from microcell.style import new_figure

Call = Callable[..., Outcome]
D = "Active diffusivity [m2.s-1]"
ORIGIN = Origin.of("kmc", {"seed": 1})
CARDS = {
    "kmc": PropertyCard.table(
        D,
        "x",
        [0.2, 0.5, 0.9],
        [1e-15, 4e-15, 2e-16],
        [1e-16, 3e-16, 2e-17],
        origin=ORIGIN,
        temperature=300.0,
    ),
    "share": PropertyCard.scalar("Share of sites", 0.311, 0.002, origin=ORIGIN),
}
TABLE = pd.DataFrame({"x": [0.2, 0.5], "Hops": [1000, 2000]})


def failing() -> None:
    """Fail."""
    raise AtomisticError("nothing has converged", key="steps", fix="raise --steps")


def test_every_command_has_a_file_a_name_and_help(call: Call) -> None:
    shown = call("atomistic", "--help")
    assert shown.code == 0
    for command in atomistic.COMMANDS:
        assert command.__module__ == f"microcell.cli.atomistic.{command.__name__}"
        name = atomistic.command_name(command)
        assert name in shown.out
        assert call("atomistic", name, "--help").code == 0


def test_a_command_that_does_not_exist_is_refused(call: Call) -> None:
    shown = call("atomistic", "nothing")
    assert shown.code == 2
    assert "nothing" in shown.err


def test_errors_end_in_a_message_and_an_exit_code(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomistic, "COMMANDS", (failing, prepare))
    shown = call("atomistic", "failing")
    assert shown.code == 2
    assert "nothing has converged" in shown.err
    assert "raise --steps" in shown.err
    assert "Traceback" not in shown.err
    assert "Traceback" in call("atomistic", "failing", "--debug").err


def test_finish_writes_cards_tables_and_pictures(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    figure = new_figure(3.0, 2.0)
    figure.add_subplot().plot([0, 1])
    out = tmp_path / "new/folder"
    files = finish(CARDS, {"points": TABLE}, {"curve": figure, "share": CARDS["share"].figure}, out)
    assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in files)
    assert {path.name for path in files} == {
        *("kmc.json", "share.json", "points.csv"),
        *("kmc.png", "share.png", "curve.png"),
    }
    assert PropertyCard.read(out / "kmc.json") == CARDS["kmc"]
    pd.testing.assert_frame_equal(pd.read_csv(out / "points.csv"), TABLE)
    shown = capfd.readouterr().out
    for part in ("Active diffusivity", "m2.s-1", "0.2 ≤ x ≤ 0.9", "T = 300 K", "0.311 ± 0.002", "kmc.json"):
        assert part in shown


def test_finish_prints_json(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    finish(CARDS, {}, {}, tmp_path, as_json=True)
    printed = json.loads(capfd.readouterr().out)
    assert PropertyCard.from_dict(printed["share"]) == CARDS["share"]


def test_a_picture_that_fails_leaves_nothing_half_written(tmp_path: Path) -> None:
    def broken(path: Path) -> None:
        raise AtomisticError("no picture")

    with pytest.raises(AtomisticError):
        finish({}, {}, {"broken": broken}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_holds_files_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    assert prepare(None, "kmc", False) == Path("kmc")
    assert prepare(tmp_path / "new", "kmc", False) == tmp_path / "new"
    (tmp_path / "file").touch()
    with pytest.raises(ResultsError, match="not empty"):
        prepare(tmp_path, "kmc", False)
    assert prepare(tmp_path, "kmc", True) == tmp_path
    with pytest.raises(ResultsError, match="not a directory"):
        prepare(tmp_path / "file", "kmc", True)


def test_a_card_on_the_command_line_is_named_when_it_is_wrong(call: Call, case_file: Path) -> None:
    CARDS["kmc"].write(case_file.parent / "kmc.json")
    shown = call(
        "run", case_file, "--out", "run", "--set", "Electrolyte conductivity [S.m-1]={card='kmc.json'}"
    )
    assert shown.code == 2
    assert "has not the unit" in shown.err
    shown = call("run", case_file, "--out", "run", "--set", f"{D}={{card='gone.json'}}")
    assert shown.code == 2
    assert "gone.json" in shown.err
    assert D in shown.err
