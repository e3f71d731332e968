"""``microcell atomistic kmc``: diffusivity and potential over lithium content, from hops on a lattice."""

from __future__ import annotations

from typing import Annotated

import typer

from ...errors import AtomisticError
from ..bar import counting_bar
from .options import AsJson, Out, Overwrite, Seed, Temperature, prepare


def kmc(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="layered, disordered_rocksalt, or a TOML file of the same form.",
            show_default=False,
        ),
    ],
    temperature: Temperature = 298.15,
    lithiation: Annotated[
        str,
        typer.Option(
            "--lithiation",
            "-x",
            metavar="LOW:HIGH:COUNT",
            help="Lithium contents; or a list such as 0.3,0.5,0.7.",
        ),
    ] = "0.25:0.9:14",
    size: Annotated[int, typer.Option(help="Cells of the supercell along every vector.")] = 12,
    replicas: Annotated[int, typer.Option(help="Independent supercells side by side.")] = 512,
    tolerance: Annotated[
        float, typer.Option(help="Relative standard error of the jump diffusivity at every content.")
    ] = 0.05,
    most_attempts: Annotated[
        float, typer.Option("--most-attempts", help="Attempts to hop per content after which to give up.")
    ] = 1e10,
    seed: Seed = 0,
    out: Out = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Let lithium hop on a lattice: D(x) from kinetic Monte Carlo, U(x) from grand-canonical Monte Carlo.

    The layered model is a lithium layer of NMC811 with single-vacancy and divacancy hops; the disordered
    rocksalt lets lithium pass through tetrahedra with no or one metal. Errors are statistical: those of
    the barriers are larger.

    Example: microcell atomistic kmc layered --lithiation 0.3:0.9:7 --out kmc
    """
    from pathlib import Path

    from ...atomistic.kmc import Model, Settings, transport_table
    from ...atomistic.kmc.figures import draw
    from ..environment import enable_compile_cache
    from .finish import finish

    read = Model.read(model)
    contents = _contents(lithiation)
    settings = Settings(
        size=size, replicas=replicas, tolerance=tolerance, most_attempts=most_attempts, seed=seed
    )
    folder = prepare(out, f"kmc-{Path(model).stem}", overwrite)
    enable_compile_cache()
    with counting_bar() as show:
        table = transport_table(read, contents, temperature, settings, progress=show)
    finish(table.cards(), {"transport": table.frame()}, {"transport": draw(table)}, folder, as_json=as_json)


def _contents(text: str) -> list[float]:
    """Read "low:high:count" or numbers between commas."""
    try:
        if ":" in text:
            low, high, count = text.split(":")
            steps = int(count) - 1
            return [float(low) + (float(high) - float(low)) * k / max(steps, 1) for k in range(steps + 1)]
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise AtomisticError(
            "The lithium contents cannot be read",
            key="--lithiation",
            value=text,
            allowed="LOW:HIGH:COUNT, or numbers between commas, as in 0.3,0.5,0.7",
        ) from error
