"""The command line: arguments only, no physics."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    Parameters
    ----------
    arguments : sequence of str, optional
        What stands after ``microcell``; taken from the command line where left out.

    Raises
    ------
    SystemExit
        Always, with the exit code: 0 done, 2 wrong input, 3 the solver gave up, 4 interrupted.
    """
    from .app import build_app

    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    build_app(debug)([item for item in given if item != "--debug"], prog_name="microcell")
