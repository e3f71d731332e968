"""The progress bar: what it shows, how often it speaks, and how it estimates the time left."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from microcell.progress import ProgressBar, duration


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def update(fraction: float, **changes: Any) -> dict[str, Any]:
    base = {
        "time": 7200.0 * fraction,
        "voltage": 3.6 + fraction,
        "dt": 12.5,
        "step": 1,
        "step_count": 3,
        "text": "Charge at 1C until 4.3 V [not markup]",
        "fraction": fraction,
    }
    return {**base, **changes}


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_file_gets_a_line_every_ten_seconds(stream: io.StringIO, clock: Clock) -> None:
    with ProgressBar(Console(file=stream, width=200), clock=clock) as bar:
        for second in range(25):
            clock.now = float(second)
            bar(update(second / 100))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[1].strip() == (
        "10 %  1/3 Charge at 1C until 4.3 V [not markup]: 0:12:00 simulated, 3.7000 V, dt 12.5 s, "
        "0:01:30 left"
    )


def test_a_new_protocol_step_is_told_at_once(stream: io.StringIO, clock: Clock) -> None:
    with ProgressBar(Console(file=stream, width=200), clock=clock) as bar:
        bar(update(0.1))
        bar(update(0.2, step=2, text="Rest"))
        bar(update(0.3, step=2, text="Rest"))
    assert [line.split()[2] for line in stream.getvalue().splitlines()] == ["1/3", "2/3"]


def test_the_time_left_counts_from_where_a_resumed_run_starts(stream: io.StringIO, clock: Clock) -> None:
    with ProgressBar(Console(file=stream, width=200), clock=clock) as bar:
        clock.now = 100.0  # compiling is not the speed of the run
        bar(update(0.5))
        clock.now = 130.0
        bar(update(0.8))
    first, second = stream.getvalue().splitlines()
    assert first.endswith("? left")
    assert second.endswith("0:00:20 left")


def test_a_terminal_gets_a_bar_that_goes_away(stream: io.StringIO, clock: Clock) -> None:
    console = Console(file=stream, force_terminal=True, width=160)
    with ProgressBar(console, clock=clock) as bar:
        bar(update(0.25))
    shown = stream.getvalue()
    assert "1/3 Charge at 1C until 4.3 V" in shown
    assert "3.8500 V" in shown
    assert "\x1b[?25h" in shown  # the cursor is back


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0:00:00"), (59.6, "0:01:00"), (3661, "1:01:01"), (-1, "0:00:00")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
