"""``microcell atomistic fit`` and ``antisite``: files written, numbers shown, errors explained."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_inputs import Outcome

from microcell.atomistic.fitting import write_potential
from microcell.atomistic.potential import Potential

Call = Callable[..., Outcome]

FIT = """
schema_version = "microcell-fit/1"
name = "lithia"
potential = "start.toml"

[[free]]
name = "A(Ni2+, O2-)"
start = 650.0

[[crystal]]
structure = "NiO"
measured = { a = [4.178, 0.01], volume = [72.9, 0.4] }
"""


@pytest.fixture
def problem(tmp_path: Path) -> Path:
    start = Potential.builtin("lewis_catlow_1985").model_copy(update={"cutoff": 5.0})
    write_potential(start, tmp_path / "start.toml")
    (tmp_path / "fit.toml").write_text(FIT)
    return tmp_path / "fit.toml"


def test_fit_writes_potential_cards_and_picture(call: Call, problem: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shown = call("atomistic", "fit", problem, "--out", out)
    assert shown.code == 0, shown.err
    assert {path.name for path in out.iterdir()} == {
        "A-Ni2-O2.json",
        "chi-squared.json",
        "lithia.toml",
        "observables.csv",
        "observables.png",
    }
    card = json.loads((out / "A-Ni2-O2.json").read_text())
    assert 500 < card["values"][0] < 900
    assert card["uncertainty"][0] > 0
    assert "not verified" in card["origin"]["note"]


def test_fit_that_ends_early_says_so(call: Call, problem: Path, tmp_path: Path) -> None:
    problem.write_text(FIT.replace('name = "lithia"', 'name = "lithia"\nevaluations = 1', 1))
    shown = call("atomistic", "fit", problem, "--out", tmp_path / "early")
    assert shown.code == 3
    assert "did not converge" in shown.err
    assert (tmp_path / "early" / "lithia.toml").exists()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("fit", "nothing"), "linio2"),
        (("fit", "nmc", "--scan"), "[scan]"),
        (("antisite", "NMC111", "--keep-cell", "--metal", "Fe"), "Fe"),
        (("antisite", "NMC811", "--keep-cell", "--size", "1", "1", "1"), "too small"),
    ],
)
def test_refused(call: Call, tmp_path: Path, arguments: tuple[str, ...], word: str) -> None:
    shown = call("atomistic", *arguments, "--out", tmp_path / "out")
    assert shown.code == 2
    assert word in shown.err
