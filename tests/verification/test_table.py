"""The table itself: names, statements and bounds that can be missed; the runner; the dossier."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from microcell.errors import CaseError, GeometryError
from microcell.verification import dossier
from microcell.verification.problem import (
    ANSWERS,
    FAMILIES,
    Check,
    Findings,
    Line,
    Picture,
    Problem,
    Setting,
    Skipped,
    below,
    near,
    order,
    within,
)
from microcell.verification.runner import BROKEN, FAILED, PASSED, SKIPPED, solve, solve_all
from microcell.verification.table import PROBLEMS, select

ABOUT = {
    "date": "2026-01-01",
    "size": "reduced",
    "versions": {"microcell": "0", "jax": "0"},
    "system": "Linux",
    "cpu_cores": 2,
    "device": "cpu",
}


def test_names_are_unique_and_can_be_typed() -> None:
    names = [p.name for p in PROBLEMS]
    assert len(set(names)) == len(names)
    assert not set(names) & set(FAMILIES)
    assert all(name == name.lower() and " " not in name and "_" not in name for name in names)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
def test_a_row_says_what_a_referee_needs(problem: Problem) -> None:
    """Chapter and kind of answer are known; the statement has a number in it; there is a source."""
    assert problem.family in FAMILIES
    assert problem.answer in ANSWERS
    assert len(problem.statement) > 120
    assert any(character.isdigit() for character in problem.statement)
    assert len(problem.source) > 5
    assert problem.title[0].isupper()
    assert not problem.title.endswith(".")


def test_every_chapter_and_kind_of_answer_has_rows() -> None:
    assert {p.family for p in PROBLEMS} == set(FAMILIES)
    assert {p.answer for p in PROBLEMS} <= set(ANSWERS)


def test_selection_by_name_and_family() -> None:
    assert select(None) == PROBLEMS
    assert [p.name for p in select(["coupled-space"])] == ["coupled-space"]
    assert {p.family for p in select(["transport"])} == {"transport"}
    with pytest.raises(CaseError, match="coupled-space"):
        select(["coupled-spce"])


@pytest.mark.parametrize(
    ("check", "passed"),
    [
        (near("a [-]", 1.01, 1.0, relative=0.02), True),
        (near("a [-]", 1.03, 1.0, relative=0.02), False),
        (near("a [-]", -1.01, -1.0, relative=0.02), True),
        (near("a [-]", 0.5, 0.0, absolute=0.4), False),
        (near("a [-]", math.nan, 1.0, relative=10.0), False),
        (within("a [-]", 2.0, 1.0, 3.0), True),
        (within("a [-]", 0.9, 1.0, 3.0), False),
        (below("a [-]", -0.1, 1.0), False),
        (below("a [-]", math.inf, 1.0), False),
    ],
)
def test_a_number_in_or_out_of_its_bounds(check: Check, passed: bool) -> None:
    assert check.passed == passed


def test_a_tolerance_is_relative_or_absolute() -> None:
    with pytest.raises(ValueError, match="either"):
        near("a [-]", 1.0, 1.0)


def test_the_slope_of_errors() -> None:
    """Errors 3 h^2 have slope 2; those of a method of first order fail; a missing error is no slope."""
    sizes = [0.4, 0.2, 0.1]
    assert order("e [-]", sizes, [3 * h**2 for h in sizes], 2).found == pytest.approx(2.0)
    assert not order("e [-]", sizes, [3 * h for h in sizes], 2).passed
    for spoilt in (math.nan, 0.0, math.inf):
        assert not order("e [-]", sizes, [1.0, 0.25, spoilt], 2).passed


def row(name: str, found: Findings | BaseException, **options: bool) -> Problem:
    def answer(setting: Setting) -> Findings:
        if isinstance(found, BaseException):
            raise found
        return found

    return Problem(name, f"Row {name}", "transport", "exact", "A statement.", "a source", answer, **options)


def line() -> Picture:
    lines = (Line("found", [1.0, 2.0], [1.0, 4.0], marks=True), Line("answer", [1.0, 2.0], [1.0, 4.0]))
    return Picture("A picture", "Size [m]", "Error [-]", lines, True, True)


ROWS = (
    row("good", Findings((near("k | x [S.m-1]", 1.0, 1.0, relative=1e-9),), (line(),), "A remark.")),
    row("bad", Findings((near("k [S.m-1]", 2.0, 1.0, relative=1e-9), order("e [V]", [2, 1], [4, 3], 2)))),
    row("empty", Findings(())),
    row("missing", Skipped("pip install something")),
    row("broken", ZeroDivisionError("a division")),
    row("refused", GeometryError("an empty phase", fix="another image")),
    row("long", Findings(()), full_only=True),
)


def test_one_row_that_breaks_does_not_take_the_others_with_it() -> None:
    seen: list[str | int] = []
    outcomes = solve_all(ROWS, Setting(), lambda p: seen.append(p.name), lambda o: seen.append(len(o)))
    assert [o.status for o in outcomes] == [PASSED, FAILED, FAILED, SKIPPED, BROKEN, BROKEN, SKIPPED]
    assert "ZeroDivisionError" in outcomes[4].reason
    assert "another image" in outcomes[5].reason
    assert seen[:4] == ["good", 1, "bad", 2]


def test_interruption_is_not_a_result() -> None:
    with pytest.raises(KeyboardInterrupt):
        solve(row("stopped", KeyboardInterrupt()), Setting())


def test_the_dossier_holds_every_row(tmp_path: Path) -> None:
    """JSON, HTML that loads nothing, Markdown with a row each, and the pictures."""
    outcomes = [solve(p, Setting()) for p in ROWS]
    dossier.write_results(tmp_path, outcomes, ABOUT)
    dossier.write_dossier(tmp_path, outcomes, ABOUT)
    stored = json.loads((tmp_path / "verification.json").read_text())
    assert [r["status"] for r in stored["rows"]] == [o.status for o in outcomes]
    assert stored["rows"][1]["checks"][1]["found"] == pytest.approx(math.log2(4 / 3))
    page, text = ((tmp_path / name).read_text() for name in ("dossier.html", "dossier.md"))
    for p in ROWS:
        assert p.title in page
        assert p.title in text
    assert 'src="http' not in page
    assert page.count("data:image/png;base64,") == 1
    assert (tmp_path / "figures" / "good-1.png").stat().st_size > 5000
    assert "**failed**" in text
    assert "k \\| x" in text


def test_the_headline_is_the_check_nearest_to_its_bound() -> None:
    tight, loose = near("a [V]", 1.0009, 1.0, absolute=1e-3), near("b [V]", 1.0, 1.0, absolute=1e-3)
    assert dossier.headline([loose, tight]).startswith("a [V]: 1.0009")
    assert "slope 1" in dossier.headline([order("e [V]", [2, 1], [2, 1], 1)])
    assert dossier.headline([]) == ""
