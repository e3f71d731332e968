"""Processes that solve the chunks of a batch, one core each, kept for the next batch.

Threads of one process would share Python's interpreter lock and XLA's thread pool: two of them take half as
long again per cell as two processes.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import queue
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax

from ..errors import ParameterError, SolverError

_CACHE = (
    "jax_compilation_cache_dir",
    "jax_persistent_cache_min_compile_time_secs",
    "jax_persistent_cache_min_entry_size_bytes",
)
_ONE_CORE = {"JAX_PLATFORMS": "cpu", "NPROC": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Worker:
    """One process of `microcell.p2d.worker`; it ends with this one, whatever ends that."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "microcell.p2d.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
            start_new_session=True,  # Ctrl-C in a terminal reaches this process only, which ends the others
        )

    def solve(self, packed: bytes) -> Any:
        """Return what `microcell.p2d.worker.answer` makes of a pickled chunk.

        Raises
        ------
        SolverError
            If the process ends before it answers.
        """
        jobs, replies = self._process.stdin, self._process.stdout
        assert jobs is not None
        assert replies is not None
        try:
            pickle.dump(packed, jobs)
            jobs.flush()
            return pickle.load(replies)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise SolverError(
                "A worker process ended before its cells were solved",
                key="workers",
                value=f"exit code {self._process.wait()} (negative: the signal that ended it)",
                fix="its own message is in the standard error; -9 is often the end of memory: use fewer "
                "workers or a smaller chunk, or workers=1 to solve in this process",
            ) from error

    def end(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # what was not yet written has no reader any more
                stream.close()  # type: ignore[union-attr]


_idle: list[Worker] = []


def _environment() -> dict[str, str]:
    """Return the environment of one core, the modules and the cache of compiled programs of this process."""
    cache = {name.upper(): getattr(jax.config, name) for name in _CACHE}
    known = {name: str(value) for name, value in cache.items() if value is not None}
    path = os.pathsep.join(os.path.abspath(folder) for folder in sys.path)
    return {**os.environ, **known, **_ONE_CORE, "PYTHONPATH": path}


def solve_in_processes(chunks: Sequence[Any], count: int) -> list[Any]:
    """Solve chunks in so many processes and return their traces in order; see `batch.solve_chunk`.

    Raises
    ------
    ParameterError
        If the models cannot be handed to other processes.
    SolverError
        If a process ends on its own.
    """
    packed = [_packed(chunk) for chunk in chunks]
    crew = [_idle.pop() if _idle else Worker() for _ in range(min(count, len(chunks)))]
    free: queue.SimpleQueue[Worker] = queue.SimpleQueue()
    for worker in crew:
        free.put(worker)

    def solve(chunk: bytes) -> Any:
        worker = free.get()
        try:
            outcome = worker.solve(chunk)
        finally:
            free.put(worker)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    with ThreadPoolExecutor(len(crew)) as threads:
        try:
            results = list(threads.map(solve, packed))
        except BaseException:  # the user's Ctrl-C too: nobody waits for what the others still compute
            threads.shutdown(wait=False, cancel_futures=True)
            for worker in crew:
                worker.end()
            raise
    _idle.extend(crew)
    return results


def _packed(chunk: Any) -> bytes:
    try:
        return pickle.dumps(chunk)
    except (AttributeError, TypeError, pickle.PicklingError) as error:
        raise ParameterError(
            f"The models cannot be handed to other processes: {error}",
            key="workers",
            allowed="models made of classes and functions that an import finds",
            fix="give laws as functions of a module, not as lambdas or functions inside others, or use "
            "workers=1",
        ) from error


@atexit.register
def close_workers() -> None:
    """End the processes that are kept for the next batch."""
    while _idle:
        _idle.pop().end()
