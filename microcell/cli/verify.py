"""``microcell verify``: problems with known answers, and the dossier."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .run_options import Device

if TYPE_CHECKING:
    from ..verification.problem import Problem
    from ..verification.runner import Outcome

DEFAULT_FOLDER = Path("verification")


def verify(
    full: Annotated[
        bool,
        typer.Option(
            "--full", help="Full size: finer grids, longer times. Takes about an hour on two cores."
        ),
    ] = False,
    write_report: Annotated[
        bool, typer.Option("--report", help="Write the dossier: dossier.html, dossier.md, figures.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", help="Problem or family to solve; may be given more than once.", metavar="NAME"
        ),
    ] = None,
    list_only: Annotated[bool, typer.Option("--list", help="List the problems and solve none.")] = False,
    out: Annotated[
        Path, typer.Option("--out", help="Folder for verification.json and the dossier.", metavar="DIR")
    ] = DEFAULT_FOLDER,
    volumes: Annotated[
        Path | None,
        typer.Option(
            "--volumes",
            help="Folder with the cathode images nmc_cal_3phase.tif and nmc_binary_128.tif; rows that need "
            "them are skipped where it is left out.",
            metavar="DIR",
            show_default=False,
        ),
    ] = None,
    device: Device = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> int:
    """Solve problems with known answers and say how near microcell comes.

    Transport, diffusion, manufactured solutions, electrochemistry, the limit of porous-electrode theory,
    conservation and invariance. Exit code 0: every row that can be solved here is within its bounds; 1: one
    is not, or broke.

    Example: microcell verify --report --out verification
    """
    from ..verification.table import select

    problems = select(only)
    if list_only:
        _list(problems)
        return 0
    return _solve(problems, full, volumes, device, out, write_report, as_json)


def _list(problems: tuple[Problem, ...]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("Name", no_wrap=True)
    for heading in ("Problem", "Answer", "Family"):
        table.add_column(heading)
    for p in problems:
        table.add_row(p.name, p.title + (" (full size only)" if p.full_only else ""), p.answer, p.family)
    Console().print(table)


def _solve(
    problems: tuple[Problem, ...],
    full: bool,
    volumes: Path | None,
    device: str | None,
    out: Path,
    write_report: bool,
    as_json: bool,
) -> int:
    from ..results.files import writing
    from ..simulation.precision import computing_on
    from ..verification.dossier import JSON, write_dossier, write_results
    from ..verification.problem import Setting
    from ..verification.runner import BROKEN, FAILED, solve_all
    from .environment import enable_compile_cache

    _check_volumes(volumes)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    enable_compile_cache()
    about = _about(full)
    with computing_on(device), _progress(len(problems), as_json) as (begin, show):

        def done(outcomes: list[Outcome]) -> None:
            write_results(out, outcomes, about)
            show(outcomes[-1])

        outcomes = solve_all(problems, Setting(full, volumes), begin, done)
    if as_json:
        typer.echo(json.dumps([outcome.to_dict() for outcome in outcomes], indent=1))
    else:
        _summarize(outcomes)
    if write_report:
        typer.echo(f"Dossier     {write_dossier(out, outcomes, about)}", err=as_json)
    typer.echo(f"Numbers     {out / JSON}", err=as_json)
    return 1 if any(outcome.status in (FAILED, BROKEN) for outcome in outcomes) else 0


def _check_volumes(volumes: Path | None) -> None:
    from ..errors import VolumeError

    if volumes is not None and not volumes.is_dir():
        raise VolumeError(
            "there is no such folder", key="--volumes", value=volumes, fix="name the folder with the images"
        )


def _about(full: bool) -> dict[str, Any]:
    from ..results.manifest import now
    from .environment import describe_machine

    machine = describe_machine()
    return {
        "date": now(),
        "size": "full" if full else "reduced",
        "versions": machine["versions"],
        "system": machine["system"],
        "cpu_cores": machine["cpu_cores"],
        "device": machine["devices"][0]["kind"],
    }


@contextmanager
def _progress(
    count: int, quiet: bool
) -> Iterator[tuple[Callable[[Problem], None], Callable[[Outcome], None]]]:
    """Show a bar on a terminal, and a line per problem when it is done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
    from rich.progress import TimeElapsedColumn as Elapsed

    console = Console(stderr=True, highlight=False)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24))
    with Progress(*columns, MofNCompleteColumn(), Elapsed(), console=console, transient=True) as bar:
        task = bar.add_task("", total=count)

        def begin(problem: Problem) -> None:
            bar.update(task, description=problem.title)

        def show(outcome: Outcome) -> None:
            bar.advance(task)
            if not quiet:
                line = f"{outcome.status:8} {outcome.seconds:7.1f} s  {outcome.problem.title}"
                bar.console.print(line, markup=False, soft_wrap=True)

        yield begin, show


def _summarize(outcomes: list[Outcome]) -> None:
    """Print why rows did not pass, and how many did."""
    from collections import Counter

    from ..verification.dossier import headline
    from ..verification.runner import PASSED

    for outcome in outcomes:
        if outcome.status != PASSED:
            checks = outcome.findings.checks if outcome.findings else ()
            typer.echo(f"{outcome.status:8} {outcome.problem.name}: {outcome.reason or headline(checks)}")
    count = Counter(outcome.status for outcome in outcomes)
    typer.echo(", ".join(f"{number} {status}" for status, number in count.items()))
