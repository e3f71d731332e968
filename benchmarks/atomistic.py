"""Every reference of the atomistic models beside what was computed, with error bars and wall time.

Runs every ``atomistic_<name>.py`` in this folder, each in a process of its own, and gathers the ``rows`` of
their results in ``results/atomistic.json`` and in the table of ``docs/atomistic.md`` between two markers. A
row is a mapping with ``what``, ``reference``, ``computed``, ``error bar``, ``unit`` and ``wall_s``, and
``source`` of the reference where it has one. A reference or error bar that does not exist is None.
Run: ``python benchmarks/atomistic.py``; ``--only kmc thermal`` runs some and takes the results of the others
as they are; ``--gather`` runs none; ``--check`` compares only, and fails where the page is out of date.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import record
from pages import page_with

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "atomistic.md"
BEGIN = "<!-- atomistic: written by benchmarks/atomistic.py, not by hand -->"
END = "<!-- end of atomistic -->"
RESULT = "atomistic"

Row = dict[str, Any]


def names() -> list[str]:
    """Return the benchmarks of this folder by what stands after ``atomistic_``."""
    return sorted(path.stem.removeprefix("atomistic_") for path in HERE.glob("atomistic_*.py"))


def measure(name: str) -> None:
    """Run one benchmark in a process of its own, so that none is warmed by another."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, str(HERE / f"atomistic_{name}.py")], cwd=HERE, check=True)
    print(f"{name}: {time.perf_counter() - begun:.0f} s", flush=True)


def gathered() -> dict[str, list[Row]]:
    """Return the rows of all benchmarks that have results."""
    paths = {name: record.RESULTS / f"{RESULT}_{name}.json" for name in names()}
    return {name: json.loads(path.read_text())["rows"] for name, path in paths.items() if path.exists()}


def number(value: Any) -> str:
    """Write a number with five digits; a text as it is, nothing as a dash."""
    if value is None or isinstance(value, str):
        return value or "–"
    return f"{value:.5g}"


def rounding(reference: float) -> float:
    """Return half of the last digit of a reference that is given to four digits or more; else it is exact."""
    digits = Decimal(repr(reference)).normalize().as_tuple()
    return 0.5 * 10.0 ** int(digits.exponent) if len(digits.digits) >= 4 else 0.0


def verdict(row: Row) -> str:
    """Return the difference over the error bar with the reference's rounding, where both are known."""
    reference, computed, error = (row.get(key) for key in ("reference", "computed", "error bar"))
    if not all(isinstance(value, int | float) for value in (reference, computed, error)) or not error:
        return "–"
    away = abs(computed - reference) / math.hypot(error, rounding(float(reference)))
    return f"{away:.1f}" if math.isfinite(away) else "–"


def table(groups: dict[str, list[Row]]) -> str:
    """Return the table in Markdown."""
    head = [
        "model",
        "what",
        "reference",
        "computed",
        "± one standard error",
        "off by [errors]",
        "unit",
        "wall [s]",
    ]
    lines = [head, ["---"] * len(head)]
    for name, rows in groups.items():
        for row in rows:
            source = f" ({row['source']})" if row.get("source") else ""
            bar = number(row.get("error bar"))
            cells = [
                name,
                f"{row['what']}{source}",
                number(row.get("reference")),
                number(row["computed"]),
                bar,
            ]
            lines.append([*cells, verdict(row), row.get("unit") or "–", number(row.get("wall_s"))])
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def page(groups: dict[str, list[Row]]) -> str:
    """Return the page with the table between its markers."""
    return page_with(PAGE, BEGIN, END, table(groups))


def main() -> None:
    """Measure, print the table and write it into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=names(), help="benchmarks to run")
    parser.add_argument("--gather", action="store_true", help="run none, take all results as they are")
    parser.add_argument("--check", action="store_true", help="fail where the page is out of date")
    given = parser.parse_args()
    if given.check:
        if page(gathered()) != PAGE.read_text(encoding="utf-8"):
            sys.exit(f"{PAGE.name} is out of date: run python benchmarks/atomistic.py --gather")
        return
    for name in () if given.gather else given.only or names():
        measure(name)
    groups = gathered()
    print(table(groups))
    PAGE.write_text(page(groups), encoding="utf-8")
    print(record.save(RESULT, {"rows": groups}))


if __name__ == "__main__":
    main()
