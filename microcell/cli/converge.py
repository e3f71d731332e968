"""``microcell converge``: how far voxels, time steps and the extent of the image decide a result."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import CaseError, MicrocellError, SolverError
from .run_options import Device, Overrides

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..convergence import Convergence
    from ..convergence.twins import Twin

OPTIONS = ("what", "factors", "crops", "resume", "device")
"""Keywords of `microcell.convergence.converge` that are options here."""


def converge(
    case_file: Annotated[
        Path,
        typer.Argument(
            metavar="CASE.toml", help="The case; it is the finest and largest run.", show_default=False
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Folder of the study, with a run directory per twin. Default: name of the case file with "
            "-converge, in the current folder.",
            show_default=False,
        ),
    ] = None,
    what: Annotated[
        str,
        typer.Option(
            "--what",
            metavar="LIST",
            help="Which studies: larger voxels, looser time steps, crops of the image.",
        ),
    ] = "voxel,step,crop",
    factors: Annotated[
        str | None,
        typer.Option(
            "--factors",
            metavar="LIST",
            help="Voxel edges of the coarse twins over that of the case. Default: 2,3,4 as far as the image "
            "allows.",
            show_default=False,
        ),
    ] = None,
    crops: Annotated[int, typer.Option("--crops", metavar="N", help="Disjoint crops of each size.")] = 4,
    overrides: Overrides = None,
    device: Device = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep the twins that are done, and go on with the others.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the runs that are in the folder.")
    ] = False,
) -> None:
    """Run a case and its twins, and give error bars for voxel size, time step and extent of the image.

    Twins are the same cathode on larger voxels, with looser time steps, and crops of the image. Voltages,
    film and the slope of film against particle diameter are compared: observed order, extrapolated value,
    grid convergence index; of crops mean, standard error and trend. Ctrl-C keeps what is done, --resume goes
    on. Exit code 3: a twin failed; the table has the others.

    Example: microcell converge case.toml --what voxel,step --factors 2,4
    """
    from ..case import Case
    from .job import check_folder

    if resume and overwrite:
        raise CaseError(
            "--resume and --overwrite contradict each other", fix="continue the study, or replace it"
        )
    choices = {"what": _names(what), "factors": _numbers(factors), "crops": crops, "device": device}
    case = Case.read(case_file).with_overrides(overrides or [])
    folder = out if out is not None else Path(f"{case_file.stem}-converge")
    check_folder(folder, resume=resume, overwrite=overwrite)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the end of a batch job is like Ctrl-C
    result = _study(case, folder, {**choices, "resume": resume, "overwrite": overwrite})
    typer.echo(json.dumps(result.to_dict(), indent=1) if as_json else str(result))
    _draw(result, folder)
    _require_all(result)


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def _numbers(text: str | None) -> list[float] | None:
    try:
        return None if text is None else [float(part) for part in text.split(",")]
    except ValueError:
        raise CaseError(
            "the factors are not numbers separated by commas",
            key="--factors",
            value=text,
            fix="write for example --factors 2,4",
        ) from None


def _study(case: Any, folder: Path, choices: dict[str, Any]) -> Convergence:
    """Run the study, with errors in the words of the command line."""
    from ..convergence import converge as run_study
    from ..simulation.precision import find_devices
    from .environment import enable_compile_cache
    from .volume_options import as_options

    enable_compile_cache()
    find_devices(choices["device"], None)
    try:
        with _Display() as show:
            return run_study(case, folder, progress=show, announce=show.announce, **choices)
    except MicrocellError as error:
        raise as_options(error, dict.fromkeys(OPTIONS)) from error


def _draw(result: Convergence, folder: Path) -> None:
    from ..convergence.result import CSV, JSON, PNG

    if len(result.failed) < len(result.outcomes):
        result.figure(folder / PNG)
        typer.echo(f"Picture     {folder / PNG}", err=True)
    typer.echo(f"Numbers     {folder / JSON}, {folder / CSV}", err=True)


def _require_all(result: Convergence) -> None:
    if result.failed:
        names = ", ".join(outcome.name for outcome in result.failed)
        raise SolverError(
            f"{len(result.failed)} of {len(result.outcomes)} twins failed: {names}",
            fix="the remarks below the tables say why; what does not need them is valid. --resume tries them "
            "again",
        )


class _Display:
    """Two bars on a terminal, the study and its present run; lines where the output goes to a file."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._console = Console(stderr=True)
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._study = self._bars.add_task("starting", total=None)
        self._run = self._bars.add_task("reading and checking the image", total=1.0)

    def __enter__(self) -> _Display:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def announce(self, number: int, count: int, twin: Twin) -> None:
        """Tell which twin comes next."""
        from ..progress import ProgressBar

        self._lines = ProgressBar(self._console)  # its estimate of the time left is for one run
        voxels = " x ".join(map(str, twin.volume.shape))
        self._bars.update(self._study, total=count, completed=number - 1, description=f"{number} of {count}")
        self._bars.reset(self._run, total=1.0, description=f"{twin.name}: compiling")
        words = f"{number} of {count}  {twin.name}: {twin.what} ({voxels} voxels)"
        self._console.print(words, markup=False, highlight=False, soft_wrap=True)

    def __call__(self, update: Mapping[str, Any]) -> None:
        """Show one accepted time step."""
        if not self._console.is_terminal:
            self._lines(update)
        words = f"{update['text']}, {update['voltage']:.4f} V, dt {update['dt']:.3g} s"
        self._bars.update(self._run, completed=update["fraction"], description=words)
