"""What every atomistic command ends with: cards, tables and pictures on disk, numbers on the terminal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from ...parameters import PropertyCard


def finish(
    cards: Mapping[str, PropertyCard],
    tables: Mapping[str, pd.DataFrame],
    figures: Mapping[str, Figure | Callable[[Path], Any]],
    out: Path,
    *,
    as_json: bool = False,
) -> list[Path]:
    """Write ``<name>.json`` cards, ``<name>.csv`` tables and ``<name>.png`` pictures, and print the cards.

    Every table gets a picture of its own name unless ``figures`` has one. No file is ever half written.

    Parameters
    ----------
    cards, tables : mapping of str to PropertyCard, DataFrame
        By the name of the file, without its ending.
    figures : mapping of str to Figure or callable
        A figure, or a function that draws into the path that it is given.
    out : Path
        Directory; made where it does not exist.
    as_json : bool
        Print the cards as JSON instead of a table.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    ResultsError
        If one cannot be written.
    """
    from ...files import writing

    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    files = [card.write(out / f"{name}.json") for name, card in cards.items()]
    files += [_write_table(table, out / f"{name}.csv") for name, table in tables.items()]
    drawn = {name: card.figure for name, card in cards.items() if not card.is_scalar} | dict(figures)
    files += [_draw(figure, out / f"{name}.png") for name, figure in drawn.items()]
    if as_json:
        typer.echo(json.dumps({name: card.to_dict() for name, card in cards.items()}, indent=1))
    else:
        _show(cards, files)
    return files


def _write_table(table: pd.DataFrame, path: Path) -> Path:
    from ...files import write_text

    write_text(path, table.to_csv(index=table.index.name is not None, lineterminator="\n"))
    return path


def _draw(figure: Figure | Callable[[Path], Any], path: Path) -> Path:
    from ...files import atomic_write
    from ...style import styled

    if callable(figure):
        figure(path)
    else:
        with styled():
            atomic_write(path, lambda temporary: figure.savefig(temporary, format="png"))
    return path


def _show(cards: Mapping[str, PropertyCard], files: list[Path]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("Card", "Quantity", "Value", "Unit", "Known for"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("Card", "Unit"))
    for name, card in cards.items():
        table.add_row(name, escape(card.title), card.describe(), card.unit or "–", _validity(card))
    console = Console()
    console.print(table)
    console.print("Written: " + ", ".join(map(str, files)), markup=False, highlight=False, soft_wrap=True)


def _validity(card: PropertyCard) -> str:
    known = [f"{low:g} ≤ {argument} ≤ {high:g}" for argument, (low, high) in card.validity.items()]
    if card.temperature is not None and "T" not in card.validity:
        known.append(f"T = {card.temperature:g} K")
    return ", ".join(known) or "–"
