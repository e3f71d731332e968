"""Wrong images and wrong options to read them, through the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bad_volumes import BAD_VOLUMES, Bad
from cli_inputs import Outcome


@pytest.mark.parametrize("bad", BAD_VOLUMES, ids=lambda bad: bad.name.replace(" ", "-"))
def test_a_bad_volume_is_named_with_its_fix(
    bad: Bad, case_file: Path, tmp_path: Path, call: Callable[..., Outcome]
) -> None:
    outcome = call(*bad.arrange(tmp_path))
    shown = outcome.err + outcome.out
    assert outcome.code == bad.code, shown
    assert [words for words in bad.says if words not in shown] == [], shown
    assert "Traceback" not in shown
