"""What ``p2d`` does: put the model together, solve, write, and say what came out."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..case.reduced import check_start, given_design, read_bpx_cell, read_cell, read_model
from ..errors import CaseError, InterruptedRunError, MicrocellError, SolverError
from ..p2d import cycle
from ..results import Solution as VoxelSolution
from ..results.files import RUN, plain
from ..twin import compare, homogenize, output
from ..twin.finished import Aged, Finished, Setup
from ..twin.manifest import manifest, manifest_of_cycles
from ..twin.summary import summary, summary_of_cycles
from .job import describe_case

if TYPE_CHECKING:
    from ..case import Case
    from ..exchange import ReducedCell
    from ..image import Volume
    from ..p2d import DFN, Solution
    from ..parameters import ParameterSet
    from ..protocol import Experiment
    from ..twin import Effective

SECTIONS = ("volume", "segmentation", "cell", "protocol")
"""Sections in which a 3D run and its twin must agree."""


@dataclass(frozen=True)
class Request:
    """What was asked for; names are those of the options."""

    case: Case
    folder: Path
    from_volume: bool = False
    compare: Path | None = None
    bpx: Path | None = None
    write_bpx: Path | None = None
    cycles: int | None = None
    until: float | None = None
    tolerance: float | None = None
    as_json: bool = False


def run(request: Request) -> None:
    """Solve, write, and say what came out.

    Raises
    ------
    MicrocellError
        If the input is wrong; if the solver gives up or is stopped, after all that is there is written.
    """
    output.check(request.folder)
    cell, protocol, setup = _prepare(request)
    if request.write_bpx:
        _write_bpx(request.write_bpx, cell, setup.model, check_start(request.case, setup.model, protocol)[-1])
    if request.cycles is not None:
        _run_cycles(request, setup, protocol)
    else:
        _run_once(request, setup, protocol)


def _prepare(request: Request) -> tuple[ReducedCell, Experiment, Setup]:
    """Read and check everything, what is quick to check first."""
    case = request.case
    if request.bpx:
        cell = read_bpx_cell(case, request.bpx)
        protocol = case.read_protocol(cell.parameters, half_cell=cell.negative is None)
        volume = effective = None
    else:
        parameters = case.read_parameters()
        protocol = case.read_protocol(parameters, half_cell=case.content.p2d.negative is None)
        volume, effective = _measure(case, parameters) if request.from_volume else (None, None)
        cell = read_cell(case, parameters, effective.design if effective else None)
    model = read_model(case, cell)
    check_start(case, model, protocol)
    files = {"case file": case.file, "BPX file": request.bpx}
    start = (f"The file starts at x = {cell.initial:.6g}",) if request.bpx else ()
    setup = Setup(
        model=model,
        case=describe_case(case, cell.parameters),
        files={name: file for name, file in files.items() if file is not None},
        given=tuple(given_design(case)),
        volume=volume,
        effective=effective,
        notes=(*cell.notes, *start),
    )
    return cell, protocol, setup


def _measure(case: Case, parameters: ParameterSet) -> tuple[Volume, Effective]:
    """Measure the electrode on the image."""
    volume = case.read_volume()
    typer.echo(volume.describe(), err=True)
    cell = case.make_cell(volume, case.segment(volume), parameters)
    section = case.content.p2d
    return volume, homogenize(cell, sizes=section.sizes, radius_rule=section.radius_rule)


def _write_bpx(path: Path, cell: ReducedCell, model: DFN, start: float) -> None:
    """Write the cell with the start of the protocol, and say what is not exact."""
    from ..exchange import write_bpx

    typer.echo(f"BPX         {path}", err=True)
    notes = list(write_bpx(replace(cell, initial=start, title=cell.title or cell.parameters.name), path))
    if model.mechanisms:
        notes.append("BPX has no mechanisms of ageing: [p2d.degradation] is left out")
    for note in notes:
        typer.echo(f"Not exact   {note}", err=True)


# --- once ------------------------------------------------------------------------------------------


def _run_once(request: Request, setup: Setup, protocol: Experiment) -> None:
    voxels, notes = _voxel_run(request, setup.model)
    begun = time.perf_counter()
    solution, problem = _solve(setup.model, protocol)
    seconds = time.perf_counter() - begun
    finished = Finished(setup, solution, _status(problem), seconds)
    comparison = compare(voxels, solution, setup.model.design) if voxels else None
    output.claim(request.folder)
    output.write(request.folder, finished, comparison, notes)
    text = summary(finished, comparison, request.folder)
    _end(request, manifest(finished, comparison) if request.as_json else text, problem)


def _solve(model: DFN, protocol: Experiment) -> tuple[Solution, MicrocellError | None]:
    """Solve; where the solver gives up or is stopped, return what it has and the error."""
    try:
        return model.solve(protocol), None
    except (SolverError, KeyboardInterrupt) as error:
        partial = getattr(error, "partial", None)
        if partial is None:
            raise
        return partial, error if isinstance(error, SolverError) else _interruption("protocol steps")


def _interruption(what: str) -> InterruptedRunError:
    return InterruptedRunError(f"stopped by the user; the {what} that were finished are written")


def _status(problem: MicrocellError | None) -> str:
    if problem is None:
        return "done"
    return "interrupted" if isinstance(problem, InterruptedRunError) else f"failed: {problem.problem}"


def _end(request: Request, said: str | dict[str, Any], problem: MicrocellError | None) -> None:
    """Print what came out, and raise what stopped it."""
    typer.echo(said if isinstance(said, str) else json.dumps(plain(said), indent=1))
    if problem is not None:
        problem.file = request.folder
        raise problem


# --- cycles ----------------------------------------------------------------------------------------


def _run_cycles(request: Request, setup: Setup, protocol: Experiment) -> None:
    begun = time.perf_counter()
    problem: MicrocellError | None = None
    try:
        life = cycle(
            setup.model,
            protocol,
            request.cycles or 1,
            tolerance=1e-3 if request.tolerance is None else request.tolerance,
            until=request.until or 0.0,
            progress=True,
        )
    except (SolverError, InterruptedRunError) as error:
        life = error.partial  # type: ignore[union-attr]
        problem = error if isinstance(error, SolverError) else _interruption("cycles")
    aged = Aged(setup, life, _status(problem), time.perf_counter() - begun)
    output.claim(request.folder)
    output.write_cycles(request.folder, aged)
    text = summary_of_cycles(aged, request.folder)
    _end(request, manifest_of_cycles(aged) if request.as_json else text, problem)


# --- beside a 3D run -------------------------------------------------------------------------------


def _voxel_run(request: Request, model: DFN) -> tuple[VoxelSolution | None, list[str]]:
    """Return the 3D run to compare with, and in which sections its case differs.

    A run that is taken only because it lies there must be of the same case.
    """
    case, chosen = request.case, request.compare
    folder = chosen or Path(f"{case.file.stem if case.file else 'case'}-run")
    if chosen is None and (request.bpx or not (folder / RUN).is_file() or not _is_twin(model)):
        return None, []
    if not _is_twin(model):
        raise CaseError(
            "a 3D run is a half cell with the rocksalt film",
            key="--compare",
            fix="leave --compare out, or run the half cell with p2d.film = true",
        )
    voxels = VoxelSolution.load(folder)
    own = plain(case.to_dict())
    differ = [name for name in SECTIONS if own[name] is not None and voxels.case.get(name) != own[name]]
    if differ and chosen is None:
        typer.echo(
            f"Not compared with {folder}: its case differs in [{'], ['.join(differ)}]; --compare {folder} "
            "does it all the same",
            err=True,
        )
        return None, []
    return voxels, [f"The case of the 3D run differs in [{name}]." for name in differ]


def _is_twin(model: DFN) -> bool:
    return model.negative is None and model.film
