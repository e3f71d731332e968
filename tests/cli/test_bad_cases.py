"""Wrong case files, parameters, protocols and run directories, through the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bad_cases import BAD_CASES
from bad_volumes import BAD_VOLUMES, Bad
from cli_inputs import Outcome


@pytest.mark.parametrize("bad", BAD_CASES, ids=lambda bad: bad.name.replace(" ", "-"))
def test_a_bad_case_is_named_with_its_fix(
    bad: Bad, case_file: Path, tmp_path: Path, call: Callable[..., Outcome]
) -> None:
    outcome = call(*bad.arrange(tmp_path))
    shown = outcome.err + outcome.out
    assert outcome.code == bad.code, shown
    assert [words for words in bad.says if words not in shown] == [], shown
    assert "Traceback" not in shown


def test_the_table_is_long_and_has_no_doubles() -> None:
    names = [f"{table}: {bad.name}" for table, bads in enumerate((BAD_VOLUMES, BAD_CASES)) for bad in bads]
    assert len(names) == len(set(names)) >= 100
