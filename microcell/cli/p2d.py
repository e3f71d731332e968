"""``microcell p2d``: the reduced model of a case or of a BPX file, once or over many cycles."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import CaseError
from .job import check_folder
from .run_options import Device, Overrides

if TYPE_CHECKING:
    from .reduced import Request


def p2d(
    case_file: Annotated[
        Path,
        typer.Argument(
            metavar="CASE.toml",
            help="What to simulate: sections [p2d], [cell], [protocol]; [volume] with --from-volume; "
            "[protocol] alone with --bpx.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Directory to write. Default: name of the case file with -p2d, in the current folder.",
            show_default=False,
        ),
    ] = None,
    from_volume: Annotated[
        bool,
        typer.Option(
            "--from-volume", help="Measure on the image what \\[p2d] does not say of the electrode."
        ),
    ] = False,
    compare: Annotated[
        Path | None,
        typer.Option(
            "--compare",
            metavar="RUN_DIR",
            help="3D run to lay beside it. Default: that of `microcell run CASE.toml` in the current folder, "
            "if there is one.",
            show_default=False,
        ),
    ] = None,
    bpx: Annotated[
        Path | None,
        typer.Option(
            "--bpx",
            metavar="FILE",
            help="BPX file that describes the cell, in place of the case.",
            show_default=False,
        ),
    ] = None,
    write_bpx: Annotated[
        Path | None,
        typer.Option(
            "--write-bpx",
            metavar="FILE",
            help="Write the cell as a BPX file too, and print what is not exact in it.",
            show_default=False,
        ),
    ] = None,
    cycles: Annotated[
        int | None,
        typer.Option(
            "--cycles",
            metavar="N",
            help="Repeat the protocol so many times, with jumps over cycles that need not be computed.",
            show_default=False,
        ),
    ] = None,
    until: Annotated[
        float | None,
        typer.Option(
            "--until",
            metavar="FRACTION",
            help="With --cycles: end below this share of the capacity of the first cycle, such as 0.8.",
            show_default=False,
        ),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance",
            help="With --cycles: relative error allowed in every jump. Default: 1e-3.",
            show_default=False,
        ),
    ] = None,
    overrides: Overrides = None,
    device: Device = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest as JSON.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the reduced run that is in the directory.")
    ] = False,
) -> None:
    """Solve a reduced model (DFN, SPMe, SPM) of a half or full cell; seconds where `run` takes minutes.

    Writes time series, profiles, figures, the design of the electrodes for the section [p2d] of a case file,
    and with a 3D run a report that lays both side by side. With --cycles: a table and a picture over the
    cycles. Exit code 3: the solver gave up, 4: stopped by Ctrl-C; what it has is written.

    Example: microcell p2d case.toml --from-volume --compare case-run
    """
    from ..case import Case
    from ..simulation.precision import computing_on
    from .environment import enable_compile_cache
    from .reduced import Request, run

    case = Case.read(case_file).with_overrides(overrides or [])
    folder = out if out is not None else Path(f"{case_file.stem}-p2d")
    request = Request(
        case=case,
        folder=folder,
        from_volume=from_volume,
        compare=compare,
        bpx=bpx,
        write_bpx=write_bpx,
        cycles=cycles,
        until=until,
        tolerance=tolerance,
        as_json=as_json,
    )
    _check(request, overwrite)
    check_folder(folder, overwrite=overwrite, resumable=False)
    enable_compile_cache()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the end of a batch job is like Ctrl-C
    with computing_on(device):
        run(request)


def _check(request: Request, overwrite: bool) -> None:
    """Refuse options that contradict each other or are out of range, before anything is computed."""
    _check_numbers(request)
    if request.bpx and request.from_volume:
        raise CaseError(
            "--bpx and --from-volume contradict each other",
            fix="take the electrode from the file, or from the image",
        )
    if request.cycles is not None and request.compare:
        raise CaseError("a 3D run holds no cycles to compare with", key="--compare", fix="leave --cycles out")
    if request.write_bpx and request.write_bpx.exists() and not overwrite:
        raise CaseError(
            "the BPX file to write is there already",
            file=request.write_bpx,
            key="--write-bpx",
            fix="choose another name, or replace it with --overwrite",
        )


def _check_numbers(request: Request) -> None:
    ranges = {
        "cycles": (lambda n: n >= 1, "1 or more"),
        "until": (lambda share: 0 <= share < 1, "a share from 0 to below 1, such as 0.8"),
        "tolerance": (lambda error: 0 < error < 1, "between 0 and 1, such as 1e-3"),
    }
    for name, (holds, allowed) in ranges.items():
        value = getattr(request, name)
        if value is not None and not holds(value):
            raise CaseError(
                "Cycling cannot be controlled like this", key=f"--{name}", value=value, allowed=allowed
            )
        if value is not None and request.cycles is None:
            raise CaseError(f"--{name} needs --cycles", key=f"--{name}", fix="add --cycles 1000")
