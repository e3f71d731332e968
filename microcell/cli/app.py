"""The list of commands, and the one place where they are wrapped in error handling."""

from __future__ import annotations

from typing import Annotated

import typer

from .atomistic import atomistic_app
from .converge import converge
from .demo import demo
from .doctor import doctor
from .effective import effective
from .guard import guarded
from .inspect import inspect
from .p2d import p2d
from .report import report
from .run import run
from .segment import segment
from .verify import verify
from .view import view

COMMANDS = (demo, inspect, segment, effective, run, p2d, converge, report, view, verify, doctor)

EPILOG = (
    "Exit codes: 0 done; 2 the input is wrong, and the message names file, key, value, what is allowed and "
    "the fix; 3 the solver gave up, with the partial result saved; 4 interrupted, with a checkpoint saved. "
    "(inspect: 0 healthy, 1 usable with warnings, 2 unusable; verify: 1 a row is out of its bounds.) "
    "Start with: microcell demo"
)


def build_app(debug: bool) -> typer.Typer:
    """Return the application.

    Parameters
    ----------
    debug : bool
        Whether an error shows its traceback.
    """
    app = typer.Typer(
        name="microcell",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog=EPILOG,
    )
    app.callback()(microcell)
    for command in COMMANDS:
        app.command(name=command.__name__)(guarded(command, debug))
    app.add_typer(atomistic_app(debug), name="atomistic")
    return app


def show_version(wanted: bool) -> None:
    """Print the version and exit, before a command is asked for."""
    if wanted:
        from microcell import __version__

        typer.echo(f"microcell {__version__}")
        raise typer.Exit


def microcell(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=show_version),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error. May stand anywhere.")
    ] = False,
) -> None:
    """Simulate charge, discharge and degradation in every voxel of a cathode image."""
