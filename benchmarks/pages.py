"""Parts of documentation pages that benchmarks write, between two markers."""

from __future__ import annotations

import sys
from pathlib import Path


def page_with(path: Path, begin: str, end: str, text: str) -> str:
    """Return the page with a text between its markers; ends the program where they are gone."""
    page = path.read_text(encoding="utf-8")
    before, marked, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not marked or not ended:
        sys.exit(f"{path.name} has lost its markers {begin!r} and {end!r}")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"
