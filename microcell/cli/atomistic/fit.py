"""``microcell atomistic fit``: a potential fitted to energies, forces, lattices and barriers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import SolverError
from .options import AsJson, Out, Overwrite, prepare

if TYPE_CHECKING:
    from ...atomistic.fitting import FitResult


def fit(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FIT",
            help="A TOML file that names the potential to start from, the free numbers and the data, or a "
            "built-in one: linio2 (LiNiO2 to DFT forces), nmc (the layered set of microcell).",
        ),
    ],
    scan: Annotated[
        bool,
        typer.Option("--scan", help="Fit at the scales of \\[scan] instead: chi-squared over the charges."),
    ] = False,
    out: Out = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Fit charges, shells and Buckingham pairs of a potential; writes it as TOML, with cards and a picture.

    The cards hold the fitted numbers with standard errors and say which observables are matched by how much.
    A fit to few data is not verified by them. Exit code 3: the fit did not converge; the best one is written.

    Example: microcell atomistic fit linio2 --scan
    """
    from ...atomistic.fitting import FitFile
    from ..environment import enable_compile_cache

    problem = FitFile.read(file)
    folder = prepare(out, f"fit-{problem.problem.name}", overwrite)
    enable_compile_cache()
    if scan:
        _scan(problem, folder)
        return
    with _bar("fit") as show:
        result = problem.fit(
            progress=lambda done, chi2: show(f"fit: evaluation {done}, chi-squared {chi2:.5g}")
        )
    _finish(result, problem, folder, as_json)
    if not result.converged:
        raise SolverError(
            "the fit did not converge",
            value=f"{result.statistics['evaluations']} evaluations",
            fix="allow more evaluations in the file, hold numbers that the data hardly see, or start nearer",
        )


def _finish(result: FitResult, problem: Any, folder: Path, as_json: bool) -> None:
    from ...atomistic.fitting import cards, figure, report, write_potential
    from .finish import finish

    made = cards(result, {"file": problem.file.name, "problem": problem.problem.model_dump(mode="json")})
    finish(
        made, {"observables": result.table}, {"observables": partial(figure, result)}, folder, as_json=as_json
    )
    path = write_potential(result.potential, folder / f"{problem.problem.name}.toml", report(result))
    typer.echo(f"Potential: {path}", err=as_json)
    if result.at_bounds:
        typer.echo(f"On a bound, so without an error bar: {', '.join(result.at_bounds)}", err=True)


def _scan(problem: Any, folder: Path) -> None:
    """Write table and picture of a scan, and print where its minima lie."""
    from ...errors import AtomisticError
    from .finish import finish

    with _bar("scan") as show:
        found = problem.scan(progress=lambda done, total: show(f"scan: fit {done} of {total}"))
    finish({}, {"charge-scale": found.table}, {"charge-scale": found.figure}, folder)
    for model in found.fits:
        try:
            scale, chi2 = found.minimum(model)
        except AtomisticError as error:
            typer.echo(f"{model}: {error.problem.lower()}, {error.value}")
        else:
            typer.echo(
                f"{model}: least reduced chi-squared {chi2:.3g} at {100 * scale:.1f} % of formal charges"
            )


@contextmanager
def _bar(title: str) -> Iterator[Any]:
    """Show what is going on on the standard error output."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda text: bar.update(task, description=text)
