"""Runs over several processes: who writes, and decisions that all processes have to take together.

Every process runs the same program on its own devices (``jax.distributed``). The first one writes the
results; what depends on a clock or on a signal is decided in common, or the processes would wait for each
other for ever.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils

from ..cell.snapshot import Snapshot
from ..errors import DeviceError


def start(coordinator: str | None = None, count: int | None = None, number: int | None = None) -> None:
    """Join the processes of a run; to be called before anything else uses JAX.

    Parameters
    ----------
    coordinator : str, optional
        ``host:port`` of the first process; with the other two found out from the batch system (SLURM, Open
        MPI, ...) where left out.
    count, number : int, optional
        Number of processes, and of this one from 0.

    Raises
    ------
    DeviceError
        If the processes do not find each other.
    """
    try:
        jax.distributed.initialize(coordinator, count, number)
    except (RuntimeError, ValueError) as error:
        raise DeviceError(
            "the processes of the run did not find each other",
            key="--processes",
            value=f"coordinator {coordinator}, process {number} of {count}",
            allowed="the same host:port and number of processes in all of them, each its own number from 0",
            fix=f"start all of them at about the same time; JAX said: {str(error).splitlines()[0]}",
        ) from error


def several() -> bool:
    """Whether the run is spread over several processes."""
    return jax.process_count() > 1


def is_writer() -> bool:
    """Whether this process writes the results."""
    return jax.process_index() == 0


def wait(name: str) -> None:
    """Go on when all processes have come here."""
    if several():
        multihost_utils.sync_global_devices(name)


def any_process(flag: bool) -> bool:
    """Whether the flag is up in any process."""
    if not several():
        return flag
    return bool(np.any(multihost_utils.process_allgather(np.asarray(flag))))


@contextmanager
def interrupts_in_common() -> Iterator[Any]:
    """Give a function that raises KeyboardInterrupt in all processes once one was asked to stop.

    With one process an interrupt comes at once, as always, and the function does nothing.
    """
    if not several():
        yield lambda: None
        return
    asked: list[int] = []
    names = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(name, lambda number, _: asked.append(number)) for name in names]

    def check() -> None:
        if any_process(bool(asked)):
            raise KeyboardInterrupt

    try:
        yield check
    finally:
        for name, handler in zip(names, before, strict=True):
            signal.signal(name, handler)


class SilentWriter:
    """Stands where the writer of the results stands in the processes that do not write."""

    def __init__(self, folder: Path, **_: Any) -> None:
        self.folder = folder

    def record(self, row: dict[str, float]) -> None:
        """Drop a row of the time series."""

    def snapshot(self, snap: Snapshot) -> None:
        """Drop a snapshot."""

    def step_end(self, info: dict[str, Any]) -> None:
        """Drop the end of a protocol step."""

    def checkpoint(self, arrays: dict[str, np.ndarray], meta: dict[str, Any]) -> None:
        """Drop a checkpoint."""

    def close(self, status: str, statistics: dict[str, Any] | None = None) -> None:
        """Do nothing."""
