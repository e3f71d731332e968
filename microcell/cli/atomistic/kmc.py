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
            help="layered, disordered_rocksalt, lithium_rich_rocksalt, or a TOML file of the same form.",
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
    replicas: Annotated[int, typer.Option(help="Supercells side by side, a multiple of 16.")] = 4096,
    tolerance: Annotated[
        float, typer.Option(help="Relative standard error of the jump diffusivity at every content.")
    ] = 0.05,
    most_attempts: Annotated[
        float, typer.Option("--most-attempts", help="Attempts to hop per content after which to give up.")
    ] = 4e11,
    tracers: Annotated[
        bool, typer.Option(help="Follow every lithium too, for the tracer diffusivity: three times slower.")
    ] = False,
    activation: Annotated[
        list[float] | None,
        typer.Option(
            metavar="KELVIN",
            help="A further temperature, for the activation energy on the card; give two or more.",
            show_default=False,
        ),
    ] = None,
    seed: Seed = 0,
    out: Out = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Let lithium hop on a lattice: D(x) from kinetic Monte Carlo, U(x) from grand-canonical Monte Carlo.

    The layered model is a lithium layer of NMC811 with single-vacancy and divacancy hops; in the disordered
    rocksalts lithium passes through tetrahedra with no or one metal, and in the lithium-rich one it repels
    its neighbours. Errors are statistical: those of the barriers are larger.

    Example: microcell atomistic kmc layered --lithiation 0.3:0.9:7 --activation 278 --activation 318
    """
    from pathlib import Path

    from ...atomistic.kmc import Model, Settings, transport_table
    from ...atomistic.kmc import activation as fit
    from ...atomistic.kmc.figures import draw
    from ..environment import enable_compile_cache
    from .finish import finish

    read = Model.read(model)
    contents = _contents(lithiation)
    settings = Settings(
        size=size,
        replicas=replicas,
        tolerance=tolerance,
        most_attempts=most_attempts,
        tracers=tracers,
        seed=seed,
    )
    others = _others(temperature, activation or [])
    folder = prepare(out, f"kmc-{Path(model).stem}", overwrite)
    enable_compile_cache()
    with counting_bar() as show:
        tables = [transport_table(read, contents, T, settings, progress=show) for T in (temperature, *others)]
    table = tables[0]
    slopes = fit(tables) if others else None
    frames = {"transport": table.frame()}
    frames |= {f"transport-{other.temperature:g}K": other.frame() for other in tables[1:]}
    finish(table.cards(slopes), frames, {"transport": draw(table)}, folder, as_json=as_json)


def _others(temperature: float, further: list[float]) -> list[float]:
    """Return the further temperatures, enough for an activation energy."""
    if further and len({temperature, *further}) < 3:
        raise AtomisticError(
            "An activation energy needs three temperatures",
            key="--activation",
            value=", ".join(f"{T:g}" for T in further),
            allowed=f"two or more, other than {temperature:g} K and each other",
        )
    return sorted({*further} - {temperature})


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
