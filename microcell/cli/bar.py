"""A bar for work that is counted in pieces: solves, samples, frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def counting_bar() -> Iterator[Callable[[int, int, str], None]]:
    """Show a bar on a terminal, nothing elsewhere.

    Yields a function that takes the pieces done, all pieces, and what is being done.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
    from rich.progress import TimeElapsedColumn as Elapsed

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24))
    with Progress(
        *columns, MofNCompleteColumn(), Elapsed(), console=Console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda done, total, text: bar.update(task, completed=done, total=total, description=text)
