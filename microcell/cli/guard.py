"""Every error of a command becomes a message that says what to do, and an exit code."""

from __future__ import annotations

import errno
import functools
import traceback
from collections.abc import Callable
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from ..errors import InterruptedRunError, MicrocellError, ResultsError

EXIT_UNEXPECTED = 1
"""A mistake of the program, not of its user."""

_PARTS = ("file", "key", "value", "allowed", "fix")


def guarded(command: Callable[..., int | None], debug: bool) -> Callable[..., None]:
    """Wrap a command so that it ends in an exit code, whatever it raises.

    Parameters
    ----------
    command : callable
        Returns its exit code, None for 0.
    debug : bool
        Whether to show the traceback as well.
    """

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            code = command(*args, **options)
        except (typer.Exit, typer.BadParameter, BrokenPipeError):
            raise
        except (Exception, KeyboardInterrupt) as error:
            if debug:
                traceback.print_exc()
            code = explain(error)
        raise typer.Exit(code or 0)

    return run


def explain(error: BaseException) -> int:
    """Show an error on the standard error output and return the exit code."""
    known = _as_known(error)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if known is None:
        console.print(Text(f"Unexpected error: {type(error).__name__}: {error}", style="bold red"))
        console.print("This is a mistake in microcell. Please report it with the output of the same command")
        console.print("and --debug added, and that of 'microcell doctor'.")
        return EXIT_UNEXPECTED
    interrupted = isinstance(known, InterruptedRunError)
    style = "bold yellow" if interrupted else "bold red"
    label = "Interrupted" if interrupted else "Error"
    console.print(Text.assemble((f"{label}: ", style), (known.problem, "bold")))
    for part in _PARTS:
        content = getattr(known, part)
        if content is not None:
            console.print(Text.assemble((f"  {part + ':':<9}", "cyan"), str(content)))
    return known.exit_code


def _as_known(error: BaseException) -> MicrocellError | None:
    """Return what the user can act upon; None for a mistake of the program."""
    if isinstance(error, MicrocellError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return InterruptedRunError(
            "stopped by the user before the first checkpoint; there is nothing to resume"
        )
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
        return ResultsError(
            "there is not enough memory for this volume",
            fix="crop the volume, or use a machine with more memory; 'microcell inspect' predicts the need",
        )
    return _refused(error) if isinstance(error, OSError) else None


def _refused(error: OSError) -> ResultsError:
    """Tell what the operating system has refused."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return ResultsError("the disk is full", file=error.filename, fix="free space or name another folder")
    reason = error.strerror or str(error)
    return ResultsError(
        f"the file cannot be read or written: {reason}",
        file=error.filename,
        fix="check the path and its permissions",
    )
