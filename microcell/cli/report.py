"""``microcell report``: figures and HTML report of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Run directory, finished or not.", show_default=False)
    ],
) -> None:
    """Draw the figures of a run and write its report.html, which holds everything and needs no network.

    A run does this itself when it ends; use the command for one that goes on, was stopped, or was run from
    Python.
    """
    from ..results import write_report

    typer.echo(f"Report      {write_report(folder)}")
    typer.echo(f"Figures     {folder / 'figures'}")
