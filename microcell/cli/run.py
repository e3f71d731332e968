"""``microcell run``: a simulation from a case file."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated, Any

import typer

from .run_options import Device, Overrides


def run(
    case_file: Annotated[
        Path,
        typer.Argument(
            metavar="CASE.toml",
            help="What to simulate: sections [volume], [cell], [protocol], [output]; see docs/case-file.md.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Run directory to write. Default: name of the case file with -run, in the current folder.",
            show_default=False,
        ),
    ] = None,
    overrides: Overrides = None,
    device: Device = None,
    devices: Annotated[
        int | None,
        typer.Option(
            "--devices",
            metavar="N",
            help="Spread the cell over this many devices. Default: one.",
            show_default=False,
        ),
    ] = None,
    processes: Annotated[
        str | None,
        typer.Option(
            "--processes",
            metavar="auto|HOST:PORT,COUNT,NUMBER",
            help="Join a run over several processes, started with the same command on every node: 'auto' "
            "under SLURM or Open MPI; else host and port of the first one, how many, and which one this is.",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue an interrupted run from its checkpoint.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the run that is in the run directory.")
    ] = False,
) -> None:
    """Simulate a case, and write the run directory with its report and figures.

    Ctrl-C, or the end of a batch job (SIGTERM), saves a checkpoint; the same command with --resume goes on.
    """
    from ..case import Case
    from ..errors import CaseError

    if resume and overwrite:
        raise CaseError(
            "--resume and --overwrite contradict each other", fix="continue the run, or replace it"
        )
    if processes is not None:
        _join(processes)
    case = Case.read(case_file).with_overrides(overrides or [])
    from ..simulation.processes import is_writer
    from .job import simulate, summarize

    signal.signal(signal.SIGTERM, _interrupt)
    folder = out if out is not None else Path(f"{case_file.stem}-run")
    solution = simulate(case, folder, device=device, devices=devices, resume=resume, overwrite=overwrite)
    if is_writer():
        typer.echo(summarize(solution))


def _join(processes: str) -> None:
    """Join the processes of a run, see ``--processes``."""
    from ..errors import DeviceError
    from ..simulation.processes import start

    if processes == "auto":
        return start()
    parts = processes.split(",")
    if len(parts) != 3 or not (parts[1].isdigit() and parts[2].isdigit()):
        raise DeviceError(
            "--processes does not say which processes",
            key="--processes",
            value=processes,
            allowed="auto, or host:port,count,number such as node1:12345,4,0",
        )
    return start(parts[0], int(parts[1]), int(parts[2]))


def _interrupt(number: int, frame: Any) -> None:
    """Treat the end of a batch job like Ctrl-C: the run saves its checkpoint."""
    raise KeyboardInterrupt
