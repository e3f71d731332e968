"""Every row of the verification table at reduced size: within its bounds, on every change."""

from __future__ import annotations

from pathlib import Path

import pytest

from microcell.verification.problem import Problem, Setting
from microcell.verification.runner import PASSED, SKIPPED, solve
from microcell.verification.table import PROBLEMS

VOLUMES = Path(__file__).resolve().parents[3] / "shared" / "volumes"


@pytest.mark.slow
@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
def test_row(problem: Problem) -> None:
    """As ``microcell verify`` solves it."""
    outcome = solve(problem, Setting(volumes=VOLUMES if VOLUMES.is_dir() else None))
    if outcome.status == SKIPPED:
        pytest.skip(outcome.reason)
    assert outcome.status == PASSED, _say(outcome)


def _say(outcome) -> str:
    checks = outcome.findings.checks if outcome.findings else ()
    wrong = [
        f"{check.quantity}: {check.found} not in {check.low} to {check.high}"
        for check in checks
        if not check.passed
    ]
    return "\n".join([outcome.reason, *wrong])
