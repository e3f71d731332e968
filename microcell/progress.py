"""Progress of a run: a live bar in a terminal, a line every ten seconds where the output goes to a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

INTERVAL = 10.0
"""Seconds between two lines where there is no terminal."""

_COLUMNS = (
    "{task.fields[text]}",
    "{task.percentage:>3.0f} %",
    "{task.fields[simulated]} simulated",
    "{task.fields[voltage]:.4f} V",
    "dt {task.fields[dt]:.3g} s",
    "{task.fields[left]} left",
)


class ProgressBar:
    """Shows simulated time, voltage, step size and time left: a context manager that is called per step.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to draw; the standard error output where left out, so that results can be piped.
    interval : float
        Seconds between two lines where the console is not a terminal.
    clock : callable
        Returns the wall time [s].

    Examples
    --------
    >>> with ProgressBar() as bar:                                        # doctest: +SKIP
    ...     bar({"time": 60.0, "voltage": 3.71, "dt": 5.0, "step": 1, "step_count": 3,
    ...          "text": "Charge at 1C until 4.3 V", "fraction": 0.01})
    """

    def __init__(
        self,
        console: Console | None = None,
        *,
        interval: float = INTERVAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console or Console(stderr=True)
        self._interval = interval
        self._clock = clock
        self._start = clock()
        self._first_fraction: float | None = None
        self._printed = -float("inf")
        self._printed_step: Any = None
        self._live: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> ProgressBar:
        """Start the clock, and the live bar where there is a terminal."""
        self._start = self._clock()
        if self._console.is_terminal:
            columns = [SpinnerColumn(), TextColumn(_COLUMNS[0]), BarColumn(bar_width=24)]
            self._live = Progress(
                *columns, *map(TextColumn, _COLUMNS[1:]), console=self._console, transient=True
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar down, also after an error."""
        if self._live is not None:
            self._live.stop()
        self._live = self._task = None

    def __call__(self, update: Mapping[str, Any]) -> None:
        """Show one accepted time step.

        Parameters
        ----------
        update : mapping
            ``time`` (simulated, from the start of the protocol) [s], ``voltage`` [V], ``dt`` [s], ``step``
            and ``step_count`` of the protocol, its ``text``, and the estimated ``fraction`` of the run done.
        """
        if self._live is not None:
            self._draw(update)
        elif self._is_due(update):
            self._print(update)

    def _draw(self, update: Mapping[str, Any]) -> None:
        assert self._live is not None
        fields = {
            "text": _title(update),
            "simulated": duration(update["time"]),
            "voltage": update["voltage"],
            "dt": update["dt"],
            "left": self._left(update["fraction"]),
        }
        if self._task is None:
            self._task = self._live.add_task("", total=1.0, **fields)
        self._live.update(self._task, completed=update["fraction"], **fields)

    def _is_due(self, update: Mapping[str, Any]) -> bool:
        """Whether the interval has passed, or another protocol step has begun."""
        return self._clock() - self._printed >= self._interval or update["step"] != self._printed_step

    def _print(self, update: Mapping[str, Any]) -> None:
        self._printed, self._printed_step = self._clock(), update["step"]
        self._console.print(
            f"{100 * update['fraction']:3.0f} %  {_title(update)}: {duration(update['time'])} simulated, "
            f"{update['voltage']:.4f} V, dt {update['dt']:.3g} s, {self._left(update['fraction'])} left",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )

    def _left(self, fraction: float) -> str:
        """Estimate the time left from the speed since the first update: a resumed run starts above zero."""
        if self._first_fraction is None:
            self._first_fraction, self._start = fraction, self._clock()
        done = fraction - self._first_fraction
        if done < 0.005:
            return "?"
        return duration((self._clock() - self._start) * (1.0 - fraction) / done)


def _title(update: Mapping[str, Any]) -> str:
    return f"{update['step']}/{update['step_count']} {update['text']}"


def duration(seconds: float) -> str:
    """Return a duration as h:mm:ss."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"
