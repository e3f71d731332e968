"""A process that solves chunks of a batch: jobs come through its standard input, traces leave by its output.

`microcell.p2d.workers` runs it as ``python -m microcell.p2d.worker``. Unlike a process of `multiprocessing`
it does not import the script that started it, which therefore needs no guard against being run again.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
import traceback
from typing import Any, BinaryIO

from ..errors import ParameterError
from .batch import solve_chunk


def answer(packed: bytes) -> Any:
    """Return the traces of a pickled chunk, or the error that stopped it."""
    try:
        jobs = pickle.loads(packed)
    except (AttributeError, ImportError) as error:
        return ParameterError(
            f"A worker process cannot load the models: {error}",
            key="workers",
            allowed="models made of classes and functions that an import finds",
            fix="move what is defined in a script or notebook to a module of its own, or use workers=1",
        )
    try:
        return solve_chunk(jobs)
    except Exception as error:
        error.add_note(f"In a worker process:\n{traceback.format_exc()}")
        return error


def serve(jobs: BinaryIO, replies: BinaryIO) -> None:
    """Answer until there are no more jobs, or nobody to answer to."""
    while True:
        try:
            packed = pickle.load(jobs)
            pickle.dump(answer(packed), replies)
            replies.flush()
        except (EOFError, BrokenPipeError):
            return
        gc.freeze()  # modules and programs stay: to look through them for garbage takes 4 % of the time


def main() -> None:
    """Serve the process at the other end of the standard streams."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what models print must not come between the replies
    serve(sys.stdin.buffer, replies)


if __name__ == "__main__":
    main()
