"""The dossier: JSON, Markdown, and one self-contained HTML page with every row, number, slope and picture."""

from __future__ import annotations

import base64
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2

from ..results.files import write_json, write_text
from . import figures
from .problem import ANSWERS, FAMILIES, Check, Order
from .runner import PASSED, Outcome

JSON, HTML, MARKDOWN, FIGURES = "verification.json", "dossier.html", "dossier.md", "figures"


def write_results(folder: Path, outcomes: Sequence[Outcome], about: dict[str, Any]) -> Path:
    """Write the numbers of all rows as JSON.

    Parameters
    ----------
    folder : Path
        Where to; made where it is missing.
    outcomes : sequence of Outcome
        The rows.
    about : dict
        Machine, versions, date, size.

    Raises
    ------
    ResultsError
        If the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / JSON, {**about, "rows": [outcome.to_dict() for outcome in outcomes]})
    return folder / JSON


def write_dossier(folder: Path, outcomes: Sequence[Outcome], about: dict[str, Any]) -> Path:
    """Draw all pictures and write the dossier as HTML and as Markdown; see :func:`write_results`.

    Returns
    -------
    Path
        The HTML page; nothing in it is loaded from elsewhere.
    """
    (folder / FIGURES).mkdir(parents=True, exist_ok=True)
    chapters = [_chapter(family, outcomes, folder) for family in FAMILIES]
    content = {
        "chapters": [chapter for chapter in chapters if chapter["rows"]],
        "about": about,
        "count": Counter(outcome.status for outcome in outcomes),
        "answers": ANSWERS,
    }
    for name in (HTML, MARKDOWN):
        write_text(folder / name, _environment(name).get_template(f"{name}.j2").render(content))
    return folder / HTML


def _environment(name: str) -> jinja2.Environment:
    loaders = [jinja2.PackageLoader(f"microcell.{part}", "templates") for part in ("verification", "results")]
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        autoescape=name == HTML,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


def _chapter(family: str, outcomes: Sequence[Outcome], folder: Path) -> dict[str, Any]:
    rows = [_row(outcome, folder) for outcome in outcomes if outcome.problem.family == family]
    return {"name": family, "title": FAMILIES[family], "rows": rows}


def _row(outcome: Outcome, folder: Path) -> dict[str, Any]:
    checks = outcome.findings.checks if outcome.findings else ()
    pictures = outcome.findings.pictures if outcome.findings else ()
    return {
        "problem": outcome.problem,
        "status": outcome.status,
        "good": outcome.status == PASSED,
        "reason": outcome.reason,
        "remark": outcome.findings.remark if outcome.findings else "",
        "seconds": f"{outcome.seconds:.1f}",
        "worst": headline(checks),
        "checks": [
            {"quantity": _unit(c.quantity), "found": show(c.found), "allowed": allowed(c), "passed": c.passed}
            | {"expected": "–" if c.expected is None else show(c.expected), "errors": _errors(c)}
            for c in checks
        ],
        "pictures": [
            _picture(picture, folder, f"{outcome.problem.name}-{number}.png")
            for number, picture in enumerate(pictures, start=1)
        ],
    }


def _picture(picture: figures.Picture, folder: Path, name: str) -> dict[str, str]:
    path = folder / FIGURES / name
    figures.save(picture, path)
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return {"title": picture.title, "file": f"{FIGURES}/{name}", "data": f"data:image/png;base64,{data}"}


def headline(checks: Sequence[Check | Order]) -> str:
    """Return the check of a row that is nearest to its bound, in words."""
    if not checks:
        return ""
    check = max(checks, key=_used)
    found = f"{_unit(check.quantity)}: {show(check.found)}"
    if isinstance(check, Order):
        return f"{found.replace(': ', ': slope ', 1)}, expected {show(check.expected)}"
    if check.expected is None:
        return f"{found}, allowed {allowed(check)}"
    return f"{found}, answer {show(check.expected)}, off by {check.found - check.expected:.2g}"


def _used(check: Check | Order) -> float:
    """Share of what is allowed that a check uses; a failed one above 1."""
    if not math.isfinite(check.found):
        return math.inf
    answer = check.expected
    if answer is None:  # a size from zero up, or two bounds
        answer = 0.0 if check.low == 0.0 else 0.5 * (check.low + check.high)
    room = check.high - answer if check.found >= answer else answer - check.low
    if room > 0:
        return abs(check.found - answer) / room
    return 0.0 if check.passed else math.inf


def _errors(check: Check | Order) -> str:
    """Return the errors of an order, coarse to fine."""
    if isinstance(check, Check):
        return ""
    return f"{', '.join(map(show, check.errors))} at {', '.join(map(show, check.sizes))} ({check.size})"


def allowed(check: Check | Order) -> str:
    """Return the interval of a check in words."""
    if isinstance(check, Check) and check.expected is not None:
        bound = check.high - check.expected
        share = f" ({bound / abs(check.expected):.2g} of it)" if check.expected else ""
        return f"± {bound:.3g}{share}"
    if check.low == 0.0 and isinstance(check, Check):
        return f"at most {show(check.high)}"
    return f"{show(check.low)} to {show(check.high)}"


def show(value: float) -> str:
    """Write a number with six digits at most."""
    return f"{value:.6g}"


def _unit(quantity: str) -> str:
    return quantity.replace(" [-]", "")
