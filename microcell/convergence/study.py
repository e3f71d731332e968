"""Running the twins of a case, one run directory each, and keeping what is done whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..case import Case
from ..case.problems import relocated
from ..errors import (
    CaseError,
    DeviceError,
    GeometryError,
    InterruptedRunError,
    MicrocellError,
    ResultsError,
)
from ..parameters import ParameterSet
from ..protocol import Experiment
from ..results import Solution
from ..results import files as names
from ..results.files import plain
from ..simulation import Simulation
from .result import Convergence, Outcome
from .twins import CASE, CROP, STUDIES, VOXEL, Plan, Twin, make_plan

Progress = Callable[[Mapping[str, Any]], None]
Announce = Callable[[int, int, Twin], None]


@dataclass(frozen=True)
class _Job:
    """What all twins of a case share."""

    case: Case
    parameters: ParameterSet
    protocol: Experiment
    out: Path
    device: str | None
    resume: bool
    overwrite: bool
    progress: bool | Progress


def converge(
    case: Case,
    out: str | Path,
    *,
    what: Sequence[str] = STUDIES,
    factors: Sequence[float] | None = None,
    crops: int = 4,
    device: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: bool | Progress = True,
    announce: Announce | None = None,
) -> Convergence:
    """Run a case and its twins, and say how far voxels, time steps and the extent of the image decide.

    Parameters
    ----------
    case : Case
        What to simulate; it is the finest and the largest of the study.
    out : path
        Folder of the study: a run directory per twin, ``convergence.json``, ``.csv`` and ``.png``.
    what : sequence of str
        Of "voxel" (larger voxels), "step" (looser time steps) and "crop" (parts of the image).
    factors : sequence of float, optional
        Voxel edges of the twins over that of the case; 2, 3 and 4 as far as the image allows where left out.
    crops : int
        Disjoint crops of each size, at most.
    device : str, optional
        "cpu" or "gpu"; JAX's default where left out.
    resume : bool
        Take finished twins as they are, and go on with one that was interrupted.
    overwrite : bool
        Replace the runs that are there.
    progress : bool or callable
        As for `microcell.Simulation.solve`.
    announce : callable, optional
        Called with number (from 1), count and twin before each run.

    Returns
    -------
    Convergence
        Values of every twin, observed orders, estimates and error bars. A twin that failed is in it with the
        reason.

    Raises
    ------
    MicrocellError
        If the case is wrong, a twin that was asked for cannot be made, the folder or the device cannot be
        used, or the study is interrupted; what is done by then is kept.

    Examples
    --------
    >>> result = converge(mc.Case.read("case.toml"), "study", what=["voxel"])     # doctest: +SKIP
    >>> print(result)                                                             # doctest: +SKIP
    """
    parameters = case.read_parameters()
    protocol = case.read_protocol(parameters)
    case.check_output()
    if resume and overwrite:
        raise CaseError("resume and overwrite contradict each other", key="resume", fix="choose one of them")
    volume = case.read_volume()
    plan = make_plan(volume, case.segment(volume), what=what, factors=factors, crops=crops)
    plan = _check_cells(case, parameters, plan, chosen=factors is not None)
    job = _Job(case, parameters, protocol, Path(out), device, resume, overwrite, progress)
    return _run_all(job, plan, tuple(name for name in STUDIES if name in what), announce or _silent)


def _silent(number: int, count: int, twin: Twin) -> None:
    """Announce nothing."""


def _check_cells(case: Case, parameters: ParameterSet, plan: Plan, chosen: bool) -> Plan:
    """Make the cell of the case and of each coarse twin once, before anything is run.

    A crop that is no cell tells something about the image, so that it fails at its turn and is shown.
    """
    kept, left_out = [], list(plan.left_out)
    for twin in plan.twins:
        if twin.study in (CASE, VOXEL):
            try:
                case.make_cell(twin.volume, twin.particles, parameters)
            except GeometryError as error:
                if twin.study == CASE:
                    raise
                if chosen:
                    raise _unfit(twin, error) from error
                left_out.append(f"{twin.name} cannot work as a cell: {error.problem}")
                continue
        kept.append(twin)
    if VOXEL in {twin.study for twin in plan.twins} and VOXEL not in {twin.study for twin in kept}:
        raise GeometryError(
            "no coarse twin of the image can work as a cell",
            key="what",
            value="; ".join(left_out),
            fix="leave the voxel study out: what='step,crop'",
        )
    return Plan(tuple(kept), tuple(left_out))


def _unfit(twin: Twin, error: GeometryError) -> GeometryError:
    return GeometryError(
        f"{twin.name} cannot work as a cell: {error.problem}",
        key="factors",
        value=f"{twin.info['factor']:g}, {twin.what}",
        fix="leave this factor out, or give a smaller one",
    )


def _run_all(job: _Job, plan: Plan, studies: tuple[str, ...], announce: Announce) -> Convergence:
    """Run twin after twin; the tables are written after each."""
    done: list[Outcome] = []
    for number, twin in enumerate(plan.twins, start=1):
        announce(number, len(plan.twins), twin)
        try:
            done.append(_run_or_fail(job, twin))
        except (KeyboardInterrupt, InterruptedRunError):
            raise InterruptedRunError(
                f"interrupted in {twin.name}, {number} of {len(plan.twins)}; what is done is kept",
                file=job.out,
                fix="go on with --resume (Python: converge(..., resume=True))",
            ) from None
        result = Convergence(tuple(done), studies, plan.left_out)
        result.write(job.out)
    return result


def _run_or_fail(job: _Job, twin: Twin) -> Outcome:
    """Run a twin; what is wrong with it alone must not lose the others."""
    facts = twin.describe()
    try:
        return Outcome(facts, _run(job, twin, facts))
    except (InterruptedRunError, ResultsError, DeviceError):
        raise
    except MicrocellError as error:
        return Outcome(facts, None, _advice(twin, error))
    except Exception as error:
        if not isinstance(error, MemoryError) and "RESOURCE_EXHAUSTED" not in str(error):
            raise
        return Outcome(facts, None, "there is not enough memory for it")


def _advice(twin: Twin, error: MicrocellError) -> str:
    if twin.study == CROP and isinstance(error, GeometryError):
        return f"{error.problem}; this crop is too small to be a cell"
    return error.problem


def _run(job: _Job, twin: Twin, facts: dict[str, Any]) -> Solution:
    folder, section = job.out / twin.name, job.case.content.output
    record = _record(job, facts)
    saved = _saved(folder, record) if job.resume else None
    if saved is not None and saved.status == "done":
        return saved
    cell = job.case.make_cell(twin.volume, twin.particles, job.parameters)
    simulation = Simulation(
        cell,
        job.protocol,
        fields=section.fields,
        every=section.every,
        device=job.device,
        control=twin.control,
    )
    go_on = saved is not None and (folder / names.CHECKPOINT).exists()
    # a run that was killed before its first checkpoint begins again
    overwrite = job.overwrite or (job.resume and not go_on)
    return simulation.solve(folder, overwrite=overwrite, resume=go_on, progress=job.progress, case=record)


def _record(job: _Job, facts: dict[str, Any]) -> dict[str, Any]:
    """Return what the run directory keeps: the case with every parameter, and what the twin is."""
    return {
        "file": None if job.case.file is None else str(job.case.file),
        **job.case.to_dict(),
        "parameters": [job.parameters.info(name).model_dump(mode="json") for name in job.parameters],
        "twin": facts,
    }


def _saved(folder: Path, record: dict[str, Any]) -> Solution | None:
    """Return the run that is there, if it is one of this twin.

    Raises
    ------
    ResultsError
        If it belongs to another case.
    """
    if not (folder / names.RUN).is_file():
        return None
    solution = Solution.load(folder)
    known, wanted = ({**case, "file": None} for case in (solution.case, plain(record)))
    if known != wanted:
        different = [key for key in wanted if wanted[key] != known.get(key)]
        error = ResultsError("the study in this folder was made for another case", file=folder)
        raise relocated(
            error,
            value=f"different: {', '.join(different)}",
            fix="replace it with --overwrite, or choose another folder with --out",
        )
    return solution
