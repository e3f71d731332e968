"""Shows parameters with where they come from."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from microcell.parameters.catalogue import Standing, all_laws


class ParameterInfo(BaseModel):
    """What is known about one parameter of a set.

    Attributes
    ----------
    name, unit : str
        The name, and the unit in its brackets.
    value : float or str
        The number, or the name of the law.
    range : (float, float)
        Allowed numbers.
    uncertainty : tuple of float
        Of a property card: one standard error per value; empty for anything else.
    standing, source, note : str
        "sourced", "calibrated", "assumed", "computed" or "user"; from what; remarks.
    validity : dict
        The range in which a law or card is known to hold, by argument ("x", "c" [mol.m-3], "T" [K]).
    card : dict or None
        The content of the property card, from which the value can be made again.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    unit: str
    value: float | str
    uncertainty: tuple[float, ...] = ()
    range: tuple[float, float]
    standing: Standing
    source: str
    note: str = ""
    validity: dict[str, tuple[float, float]] = {}
    card: dict[str, Any] | None = None


def as_text(title: str, infos: Iterable[ParameterInfo]) -> str:
    """Render a table with name, value, standing and source."""
    table = Table(title=f"Parameter set '{title}'", title_justify="left")
    for column in ("Name", "Value", "Standing", "Source"):
        table.add_column(column, overflow="fold")
    for info in infos:
        value = escape(info.value) if isinstance(info.value, str) else f"{info.value:g}{_error_bar(info)}"
        table.add_row(escape(info.name), value, info.standing, escape(info.source))
    text = io.StringIO()
    Console(file=text, width=140, force_terminal=False, color_system=None).print(table)
    return text.getvalue()


def _error_bar(info: ParameterInfo) -> str:
    """Return the standard error of a number that has one."""
    return f" ± {info.uncertainty[0]:.2g}" if info.uncertainty else ""


def as_markdown(infos: Iterable[ParameterInfo]) -> str:
    """Render the same as a Markdown table, with the allowed range and remarks."""
    rows = []
    for info in infos:
        value = f"`{info.value}`" if isinstance(info.value, str) else f"{info.value:.6g}{_error_bar(info)}"
        origin = f"{info.source}. {info.note}" if info.note else info.source
        rows.append((info.name, value, f"{info.range[0]:g} to {info.range[1]:g}", info.standing, origin))
    return _markdown(("Name", "Value", "Allowed numbers", "Standing", "Source and remarks"), rows)


def laws_as_markdown() -> str:
    """Render all named laws as a Markdown table: what for, name, where known, standing, source."""
    rows = [
        (
            kind.replace("_", " "),
            f"`{name}`",
            ", ".join(f"{low:g} ≤ {argument} ≤ {high:g}" for argument, (low, high) in law.ranges.items())
            or "–",
            law.standing,
            f"{law.source}. {law.note}" if law.note else law.source,
        )
        for kind, laws in all_laws().items()
        for name, law in laws.items()
    ]
    return _markdown(("Property", "Law", "Known for", "Standing", "Source and remarks"), rows)


def _markdown(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Join cells to a Markdown table."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
