"""``microcell view``: the film on the particles in three dimensions."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import ResultsError


def view(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Run directory.", show_default=False)],
    screenshot: Annotated[
        Path | None,
        typer.Option(
            "--screenshot",
            help="Write a PNG there instead of opening a window; works without a display.",
            metavar="FILE.png",
            show_default=False,
        ),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            "--time",
            help='Show the snapshot nearest to this time since the start, such as "90 min"; a plain number '
            "is seconds. The last snapshot where left out.",
            metavar="TIME",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show the rocksalt film on the particles of a run in a window, or write a picture of it."""
    from ..parameters.units import quantity
    from ..results import view as show

    seconds = None if time is None else quantity(time, "s", "--time")
    if screenshot is None:
        _require_display()
    picture = show(folder, screenshot=screenshot, time=seconds)
    if picture is not None:
        typer.echo(f"Picture     {picture}")


def _require_display() -> None:
    """Refuse a window where there is none to open: VTK would end the process without a word."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise ResultsError(
            "there is no display to open a window on", fix="write a picture instead: --screenshot film.png"
        )
