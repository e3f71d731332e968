"""Options that commands which simulate or solve have in common."""

from __future__ import annotations

from typing import Annotated

import typer

Device = Annotated[
    str | None,
    typer.Option(
        "--device",
        metavar="cpu|gpu",
        help="Where to compute. Default: a GPU where there is one.",
        show_default=False,
    ),
]

Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help='Change a key of the case, cell.separator_thickness="20 um", or a parameter by name, '
        '"Rocksalt initial thickness \\[m]=0.3 nm". May be given more than once.',
        show_default=False,
    ),
]
