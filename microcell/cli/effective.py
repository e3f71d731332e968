"""``microcell effective``: tortuosity factor and effective conductivity."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import MicrocellError, SolverError
from .bar import counting_bar
from .volume_options import (
    Axes,
    Crop,
    Dataset,
    Dtype,
    Flip,
    Image,
    Phases,
    SeparatorSide,
    Shape,
    ThroughAxis,
    VoxelSize,
    as_options,
    option,
    read_volume,
)

if TYPE_CHECKING:
    from ..homogenization import EffectiveTransport
    from ..image import Volume
    from ..parameters import ParameterSet

_option = partial(option, "What conducts, and where to")


def effective(
    volume: Image,
    phase: Annotated[
        list[str] | None,
        _option(
            "--phase",
            "Conducting phases, joined by +: pore, pore+cbd, pore+cbd=0.15 (relative conductivity), "
            '"active=0.1 S/m + cbd=10 S/m"; electrolyte (pore and porous cbd) and solid (active and cbd) '
            "with the conductivities of the parameter set. May be given more than once. Default: "
            "electrolyte, solid, and each phase alone.",
            "SPEC",
        ),
    ] = None,
    axis: Annotated[
        list[str] | None,
        _option(
            "--axis",
            "Direction: z or through (from separator to collector), y, x. May be given more than once. "
            "Default: all three.",
            "z|y|x",
        ),
    ] = None,
    parameters: Annotated[
        str | None,
        _option(
            "--parameters",
            "Built-in parameter set or .toml file, for electrolyte and solid (default nmc811, or that of the "
            "case file).",
            "SET",
        ),
    ] = None,
    stoichiometry: Annotated[
        float | None,
        _option(
            "--stoichiometry",
            "Lithium content of the active material, on which its electronic conductivity depends (default "
            "0.5).",
            "X",
        ),
    ] = None,
    tolerance: Annotated[
        float | None,
        _option(
            "--tolerance",
            "Accepted difference between the fluxes through any two slices, relative (default 1e-3); the "
            "effective conductivity is more accurate.",
            "SHARE",
        ),
    ] = None,
    max_iterations: Annotated[
        int | None, _option("--max-iterations", "Limit of the solver per phase and axis (default 500).", "N")
    ] = None,
    device: Annotated[
        str | None, _option("--device", "Where to compute. Default: a GPU where there is one.", "cpu|gpu")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
    figure: Annotated[
        Path | None,
        typer.Option(
            "--figure",
            help="Picture to write: bars per axis, and where the flux passes.",
            metavar="FILE.png",
            show_default=False,
        ),
    ] = None,
    voxel_size: VoxelSize = None,
    axes: Axes = None,
    through_axis: ThroughAxis = None,
    separator_side: SeparatorSide = None,
    phases: Phases = None,
    crop: Crop = None,
    flip: Flip = None,
    dataset: Dataset = None,
    shape: Shape = None,
    dtype: Dtype = None,
) -> None:
    """Measure tortuosity factor and effective conductivity per phase and axis.

    Solves steady conduction between two opposite faces of the image, no flux through the others. A phase that
    does not reach from end to end has tau = inf and no conductivity. Exit code 3: a solve did not converge;
    its row says so.

    Example: microcell effective cathode.tif --phase pore+cbd --axis z --voxel-size "398 nm" --axes ZYX
    --through-axis Z --separator-side low --phases pore=0,active=1,cbd=2
    """
    image = read_volume(
        volume,
        voxel_size=voxel_size,
        axes=axes,
        through_axis=through_axis,
        separator_side=separator_side,
        phases=phases,
        crop=crop,
        flip=flip,
        dataset=dataset,
        shape=shape,
        dtype=dtype,
    )
    choices = {
        "phase": phase,
        "axis": axis,
        "stoichiometry": stoichiometry,
        "tolerance": tolerance,
        "max_iterations": max_iterations,
    }
    result = _measure(image, choices, _parameters(parameters, volume), device)
    typer.echo(json.dumps(result.to_dict(), indent=1) if as_json else f"{image.describe()}\n\n{result}")
    if figure is not None:
        result.figure(figure)
        typer.echo(f"Picture     {figure}", err=as_json)
    _require_convergence(result)


def _parameters(reference: str | None, source: Path) -> ParameterSet | None:
    """Return the set that was named, or that of the case file."""
    from ..case import Case
    from ..parameters import ParameterSet

    if reference is not None:
        return ParameterSet.load(reference)
    return Case.read(source).read_parameters() if source.suffix == ".toml" else None


def _measure(
    image: Volume, choices: dict[str, Any], parameters: ParameterSet | None, device: str | None
) -> EffectiveTransport:
    """Solve on a device, with errors in the words of the command line."""
    from ..homogenization import effective as measure
    from ..simulation.precision import computing_on
    from .environment import enable_compile_cache

    given = {name: value for name, value in choices.items() if value is not None}
    chosen = {"phases": given.pop("phase", None), "axes": given.pop("axis", None), **given}
    enable_compile_cache()
    try:
        with computing_on(device), counting_bar() as show:
            return measure(image, parameters=parameters, progress=show, **chosen)
    except MicrocellError as error:
        raise as_options(error, choices) from error


def _require_convergence(result: EffectiveTransport) -> None:
    failed = [f"{row.conductor} along {row.axis}" for row in result if not row.converged]
    if failed:
        raise SolverError(
            f"the solve did not converge: {', '.join(failed)}",
            key="--max-iterations",
            fix="allow more iterations, or a larger --tolerance; the rows that converged are printed above",
        )
