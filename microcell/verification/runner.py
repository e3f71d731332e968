"""Solves the problems of the table one after another; one that breaks does not take the others with it."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ..errors import MicrocellError
from ..simulation.programs import make_room
from .problem import Check, Findings, Problem, Setting, Skipped

PASSED, FAILED, BROKEN, SKIPPED = "passed", "failed", "broken", "skipped"
"""Within all bounds; outside one; ended with an error; cannot be solved here."""


@dataclass(frozen=True)
class Outcome:
    """What became of a problem.

    Attributes
    ----------
    problem : Problem
        The row of the table.
    status : str
        PASSED, FAILED, BROKEN or SKIPPED.
    seconds : float
        Wall time, compiling included.
    findings : Findings, optional
        Where it was solved.
    reason : str
        Why it was skipped or broke.
    """

    problem: Problem
    status: str
    seconds: float
    findings: Findings | None = None
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the row for JSON."""
        p, checks = self.problem, self.findings.checks if self.findings else ()
        return {
            "name": p.name,
            "title": p.title,
            "family": p.family,
            "answer": p.answer,
            "source": p.source,
            "status": self.status,
            "reason": self.reason,
            "seconds": round(self.seconds, 3),
            "remark": self.findings.remark if self.findings else "",
            "checks": [_describe(check) for check in checks],
        }


def _describe(check: Any) -> dict[str, Any]:
    common = {
        "quantity": check.quantity,
        "found": check.found,
        "expected": check.expected,
        "low": check.low,
        "high": check.high,
        "passed": check.passed,
    }
    if isinstance(check, Check):
        return {"kind": "value"} | common
    return {"kind": "order", "size": check.size, "sizes": check.sizes, "errors": check.errors} | common


def solve(problem: Problem, setting: Setting) -> Outcome:
    """Solve one problem; float64 must be on. Never raises but for an interruption."""
    begun = time.perf_counter()

    def after(status: str, findings: Findings | None = None, reason: str = "") -> Outcome:
        return Outcome(problem, status, time.perf_counter() - begun, findings, reason)

    make_room()
    if problem.full_only and not setting.full:
        return after(SKIPPED, reason="only at full size: microcell verify --full")
    try:
        findings = problem.solve(setting)
    except Skipped as skipped:
        return after(SKIPPED, reason=str(skipped))
    except MicrocellError as error:
        return after(BROKEN, reason=str(error))
    except Exception:
        return after(BROKEN, reason=traceback.format_exc(limit=-3))
    # a problem without a check has shown nothing
    good = bool(findings.checks) and all(check.passed for check in findings.checks)
    return after(PASSED if good else FAILED, findings)


def solve_all(
    problems: Iterable[Problem],
    setting: Setting,
    begin: Callable[[Problem], None] = lambda problem: None,
    done: Callable[[list[Outcome]], None] = lambda outcomes: None,
) -> list[Outcome]:
    """Solve problems in turn.

    Parameters
    ----------
    problems : iterable of Problem
        What to solve.
    setting : Setting
        How much to do.
    begin, done : callable
        Told of the problem before each, and of all outcomes so far after each: to show, and to store, so that
        an interruption loses one row at most.
    """
    outcomes: list[Outcome] = []
    for problem in problems:
        begin(problem)
        outcomes.append(solve(problem, setting))
        done(outcomes)
    return outcomes
