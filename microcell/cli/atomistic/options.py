"""Options that the commands of ``microcell atomistic`` have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="DIR",
        help="Directory for cards (JSON), tables (CSV) and pictures (PNG). Default: named after the model.",
        show_default=False,
    ),
]

Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Write into the directory although it holds files.")
]

AsJson = Annotated[bool, typer.Option("--json", help="Print the cards as JSON instead of a table.")]

Temperature = Annotated[float, typer.Option("--temperature", metavar="KELVIN", help="Temperature in K.")]

Seed = Annotated[
    int, typer.Option("--seed", help="Of the random numbers: the same seed gives the same answer.", min=0)
]


def prepare(out: Path | None, model: str, overwrite: bool) -> Path:
    """Return the directory to write, made sure of before anything is computed.

    Parameters
    ----------
    out : Path or None
        What the user chose; ``model`` in the current folder where left out.
    model : str
        Name of the model.
    overwrite : bool
        Whether the directory may hold files.

    Raises
    ------
    ResultsError
        If it is a file, holds files, or cannot be written.
    """
    from ..job import check_folder

    folder = out if out is not None else Path(model)
    check_folder(folder, overwrite=overwrite, resumable=False)
    return folder
