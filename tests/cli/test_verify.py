"""``microcell verify`` as a user calls it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cli_inputs import Outcome

from microcell.verification import table
from microcell.verification.problem import Findings, Problem, Setting, near

Call = Callable[..., Outcome]


def row(name: str, found: float) -> Problem:
    """A problem whose answer is 1."""

    def answer(setting: Setting) -> Findings:
        return Findings(
            (near("k [-]", found, 1.0, relative=1e-3),), remark="full" if setting.full else "reduced"
        )

    return Problem(name, f"Row {name}", "transport", "exact", "A statement.", "a source", answer)


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short table: one row within its bounds, one outside."""
    monkeypatch.setattr(table, "PROBLEMS", (row("good", 1.0), row("bad", 2.0)))


def test_the_list_names_every_row(call: Call) -> None:
    done = call("verify", "--list")
    assert done.code == 0
    assert all(p.name in done.out for p in table.PROBLEMS)


def test_all_within_bounds(call: Call, rows: None) -> None:
    """Exit code 0, a line that counts, the numbers in a file, no dossier unless asked for."""
    done = call("verify", "--only", "good")
    assert done.code == 0
    assert "1 passed" in done.out
    assert "passed" in done.err
    assert json.loads(Path("verification/verification.json").read_text())["size"] == "reduced"
    assert not Path("verification/dossier.html").exists()


def test_a_row_out_of_bounds(call: Call, rows: None) -> None:
    """Exit code 1; the row is named with what was found; the dossier is written all the same."""
    done = call("verify", "--full", "--report", "--out", "kept")
    assert done.code == 1
    assert "bad: k: 2, answer 1, off by 1" in done.out
    assert "1 passed, 1 failed" in done.out
    assert "kept/dossier.html" in done.out
    stored = json.loads(Path("kept/verification.json").read_text())
    assert [r["remark"] for r in stored["rows"]] == ["full", "full"]


def test_json_alone_on_the_standard_output(call: Call, rows: None) -> None:
    done = call("verify", "--json", "--report")
    assert [r["status"] for r in json.loads(done.out)] == ["passed", "failed"]
    assert "Dossier" in done.err


def test_an_interruption_keeps_the_rows_that_are_done(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(setting: Setting) -> Findings:
        raise KeyboardInterrupt

    stopped = replace(row("stopped", 1.0), solve=stop)
    monkeypatch.setattr(table, "PROBLEMS", (row("good", 1.0), stopped))
    assert call("verify").code == 4
    stored = json.loads(Path("verification/verification.json").read_text())
    assert [r["name"] for r in stored["rows"]] == ["good"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--only", "sphere-array"), ("--only", "sphere-array")),
        (("--volumes", "nowhere"), ("--volumes", "nowhere", "folder")),
        (("--device", "tpu"), ("tpu",)),
    ],
)
def test_bad_input(call: Call, rows: None, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    done = call("verify", *arguments)
    assert done.code == 2
    assert all(word in done.err for word in words)
    assert "Traceback" not in done.err
