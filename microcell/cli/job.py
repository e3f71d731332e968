"""From a case to a finished run directory: what ``run`` and ``demo`` share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..errors import ResultsError, SolverError
from ..progress import duration

if TYPE_CHECKING:
    from ..case import Case
    from ..image import Inspection
    from ..parameters import ParameterSet
    from ..results import Solution


def simulate(
    case: Case,
    out: Path,
    *,
    device: str | None = None,
    devices: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    table: bool = False,
) -> Solution:
    """Run a case, and write report and figures; says on the way what was understood and what came out.

    Parameters
    ----------
    case : Case
        What to simulate.
    out : Path
        The run directory.
    device : str, optional
        "cpu" or "gpu"; JAX's default where left out.
    devices : int, optional
        How many of them to spread the cell over.
    resume, overwrite : bool
        Continue, or replace, the run in `out`.
    table : bool
        Print all that the image doctor measures; its warnings are printed in any case.

    Raises
    ------
    MicrocellError
        If the input is wrong, the solver gives up (the partial result and its report are written first), or
        the run is interrupted.
    """
    from ..simulation import Simulation
    from ..simulation.precision import find_devices
    from ..simulation.processes import is_writer
    from .environment import enable_compile_cache

    writer = is_writer()
    say = typer.echo if writer else _silent
    if writer:
        check_folder(out, resume=resume, overwrite=overwrite)
    parameters = case.read_parameters()
    protocol = case.read_protocol(parameters)
    case.check_output()
    find_devices(device, devices)
    volume = case.read_volume()
    say(volume.describe())
    particles = case.segment(volume)
    inspection = _inspect(volume, particles, parameters)
    say(f"\n{inspection}" if table else brief(inspection))

    enable_compile_cache()
    cell = case.make_cell(volume, particles, parameters)
    output = case.content.output
    simulation = Simulation(
        cell, protocol, fields=output.fields, every=output.every, device=device, devices=devices
    )
    say(f"Running     {'; '.join(step.text for step in protocol.steps[: protocol.cycle_length])}")
    try:
        solution = simulation.solve(
            out, overwrite=overwrite, resume=resume, case=record(case, parameters, inspection)
        )
    except SolverError:
        if writer:
            _write_report(out)
        raise
    if writer:
        _write_report(out)
    return solution


def _silent(_: str) -> None:
    """Say nothing: one process of a run speaks for all."""


def brief(inspection: Inspection) -> str:
    """Return what a user wants to see of the inspection before a run: size of the job, and every warning."""
    from ..image.lengths import format_length

    particles, capacity, cost = (inspection.facts[topic] for topic in ("particles", "capacity", "cost"))
    lines = [
        f"Particles   {particles['count']}, median diameter {format_length(particles['median_diameter_m'])}",
        f"1C current  {capacity['one_C_A']:.4g} A, {capacity['one_C_A_per_m2']:.4g} A/m2",
        f"Predicted   {cost['memory_bytes'] / 2**30:.2f} GiB of memory, "
        f"{cost['seconds_per_cycle'] / 60:.1f} min for a charge and discharge at 1C on two cores",
    ]
    return "\n".join([*lines, *(f"Warning     {warning}" for warning in inspection.warnings)])


def check_folder(out: Path, *, resume: bool = False, overwrite: bool, resumable: bool = True) -> None:
    """Refuse a run directory that is taken or cannot be made, before minutes are spent on the image.

    ``resumable`` tells whether the command has --resume, which the error then offers.

    Raises
    ------
    ResultsError
        If it is a file, holds files and is neither to be resumed nor to be replaced, or cannot be written.
    """
    there = next(place for place in (out, *out.absolute().parents) if place.exists())
    if not there.is_dir():
        raise ResultsError(
            "the output is a file, not a directory", file=there, fix="choose another name with --out"
        )
    if not os.access(there, os.W_OK):
        raise ResultsError("no permission to write here", file=there, fix="choose another folder with --out")
    if out.is_dir() and any(out.iterdir()) and not (resume or overwrite):
        raise ResultsError(
            "the output directory is not empty",
            file=out,
            fix=f"choose another with --out, {'continue the run with --resume, ' * resumable}or replace it "
            "with --overwrite",
        )


def record(case: Case, parameters: ParameterSet, inspection: Inspection) -> dict[str, Any]:
    """Return what the run directory keeps of the case: its content, every parameter and the inspection."""
    return {**describe_case(case, parameters), "inspect": str(inspection)}


def describe_case(case: Case, parameters: ParameterSet) -> dict[str, Any]:
    """Return the content of a case and every parameter."""
    return {
        "file": None if case.file is None else str(case.file),
        **case.to_dict(),
        "parameters": parameters.to_records(),
    }


def _inspect(volume: Any, particles: Any, parameters: ParameterSet) -> Inspection:
    from ..image import inspect

    return inspect(
        volume,
        particles=particles,
        c_max=parameters.number("Active maximum concentration [mol.m-3]"),
        stoichiometry_window=parameters.number("Nominal stoichiometry window"),
    )


def _write_report(out: Path) -> None:
    from ..results import write_report

    typer.echo("Drawing figures and report ...", err=True)
    write_report(out)


def summarize(solution: Solution) -> str:
    """Return what came out, for the terminal: why each step ended, film, balances, where to look."""
    lines = [
        f"Step {step['step']}      {step['description']}: {step['reason']} at {step['time_s']:.0f} s"
        for step in solution.run["steps"]
    ]
    cost = solution.statistics
    film = solution.column("Mean rocksalt thickness [m]")
    lines += [
        f"Film        from {1e9 * film[0]:.4f} nm to {1e9 * film[-1]:.4f} nm on average",
        f"Balances    lithium drift at most {cost['largest_lithium_drift']:.1e} of the lithium moved; charge "
        f"error at most {cost['largest_charge_balance_error']:.1e} of the current",
        f"Solver      {cost['time_steps']} time steps, {cost['newton_iterations']} Newton and "
        f"{cost['krylov_iterations']} Krylov iterations in {duration(cost['wall_s'])}",
        *(f"Warning     {warning}" for warning in cost["warnings"]),
        f"Report      {solution.folder / 'report.html'}",
        f"Particles   {solution.folder / 'particles.csv'}",
    ]
    return "\n".join(lines)
