"""``microcell atomistic``: one command per model, each of which ends in property cards.

A command is a function in a file of its own that takes the options of `options` where they fit, loads what is
heavy inside of itself, and hands its results to `finish.finish`.
"""

from __future__ import annotations

from collections.abc import Callable

import typer

from ..guard import guarded
from .antisite import antisite
from .barrier import barrier
from .blocking import blocking
from .bond_valence import bond_valence
from .channels import channels
from .diffusion import diffusion
from .fit import fit
from .kmc import kmc
from .percolation import percolation
from .potential import potential
from .thermal import thermal

COMMANDS: tuple[Callable[..., int | None], ...] = (
    potential,
    fit,
    antisite,
    diffusion,
    barrier,
    bond_valence,
    kmc,
    percolation,
    channels,
    blocking,
    thermal,
)

EPILOG = (
    "Every command writes property cards: JSON files that a parameter set, a case file and --set take where "
    "a law or a number stands, as in --set \"Active diffusivity \\[m2.s-1]={card = 'kmc.json'}\"."
)


def command_name(command: Callable[..., int | None]) -> str:
    """Return the name of a command as it is typed."""
    return command.__name__.replace("_", "-")


def atomistic_app(debug: bool) -> typer.Typer:
    """Return the application below ``microcell atomistic``.

    Parameters
    ----------
    debug : bool
        Whether an error shows its traceback.
    """
    app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", epilog=EPILOG)
    app.callback()(atomistic)
    for command in COMMANDS:
        app.command(name=command_name(command))(guarded(command, debug))
    return app


def atomistic() -> None:
    """Compute properties from atoms: each model ends in a property card with error bars."""
