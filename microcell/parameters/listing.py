"""Shows parameters with where they come from."""

from __future__ import annotations

import io
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from microcell.parameters.catalogue import Standing
from microcell.parameters.entry import Value


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
    standing, source, note : str
        "sourced", "calibrated", "assumed" or "user"; from what; remarks.
    validity : dict
        For a law: the range in which it is known to hold, by argument ("x", "c" [mol.m-3], "T" [K]).
    """

    model_config = ConfigDict(frozen=True)

    name: str
    unit: str
    value: float | str
    range: tuple[float, float]
    standing: Standing
    source: str
    note: str = ""
    validity: dict[str, tuple[float, float]] = {}


def as_text(title: str, infos: Iterable[ParameterInfo]) -> str:
    """Render a table with name, value, standing and source."""
    table = Table(title=f"Parameter set '{title}'", title_justify="left")
    for column in ("Name", "Value", "Standing", "Source"):
        table.add_column(column, overflow="fold")
    for info in infos:
        value = info.value if isinstance(info.value, str) else f"{info.value:g}"
        table.add_row(escape(info.name), value, info.standing, escape(info.source))
    text = io.StringIO()
    Console(file=text, width=140).print(table)
    return text.getvalue()


def plain(value: Value) -> float | str:
    """Return a number or name as it is, a function as text."""
    return (
        value
        if isinstance(value, float | str)
        else f"<{getattr(value, '__qualname__', type(value).__name__)}>"
    )
