"""``microcell atomistic blocking``: lithium through a partly transformed surface layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from ..bar import counting_bar
from .options import AsJson, Out, Overwrite, Seed, Temperature, prepare

if TYPE_CHECKING:
    from ...atomistic.blocking import TransformedLayer

CARDS = (0.7, 0.8, 0.9, 1.0)
CURVE = tuple(round(0.1 * k, 1) for k in range(11))


def blocking(
    transformed: Annotated[
        list[float] | None,
        typer.Option(
            "--transformed",
            "-f",
            metavar="SHARE",
            help="Transformed fraction of the layer to write a card for; may be given more than once. "
            "Default: 0.7, 0.8, 0.9 and 1.",
        ),
    ] = None,
    diffusivity: Annotated[
        str | None,
        typer.Option(
            metavar="D",
            help='Of lithium in the layered oxide, such as "3.2e-15 m2/s". Default: that of the set nmc811.',
            show_default=False,
        ),
    ] = None,
    barrier: Annotated[
        str | None,
        typer.Option(
            metavar="E",
            help="How much higher hops in rocksalt are. Default: the middle of 0.15 to 0.20 eV (Lun 2025).",
            show_default=False,
        ),
    ] = None,
    barrier_error: Annotated[
        str | None,
        typer.Option(metavar="E", help="Its standard error. Default: that of the range.", show_default=False),
    ] = None,
    temperature: Temperature = 298.15,
    layers: Annotated[int, typer.Option(help="Voxels through the layer.")] = 12,
    width: Annotated[int, typer.Option(help="Voxels along the layer, in both directions.")] = 24,
    disorder: Annotated[
        str, typer.Option(help="What is random: voxels, or single hops.", metavar="voxels|hops")
    ] = "voxels",
    samples: Annotated[int, typer.Option(help="Random layers per fraction.")] = 10,
    seed: Seed = 0,
    out: Out = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Compute D_Li,RS of a film that is a random mixture of layered oxide and rocksalt.

    Solves a resistor network through the layer. The error bar holds the sampling and the barrier.

    Example: microcell atomistic blocking --transformed 0.9 --temperature 318
    """
    from ...atomistic.blocking import transformed_layer
    from ..environment import enable_compile_cache

    value, source = _diffusivity(diffusivity)
    energy, error = _barrier(barrier, barrier_error)
    wanted = sorted(set(transformed or CARDS))
    folder = prepare(out, "blocking", overwrite)
    enable_compile_cache()
    with counting_bar() as show:
        layer = transformed_layer(
            [*CURVE, *wanted],
            barrier_difference=energy,
            barrier_uncertainty=error,
            temperature=temperature,
            shape=(layers, width, width),
            disorder=cast(Literal["voxels", "hops"], disorder),
            samples=samples,
            seed=seed,
            progress=show,
        )
    _finish(layer, wanted, (value, source), folder, as_json)


def _finish(
    layer: TransformedLayer, wanted: list[float], active: tuple[float, str], folder: Path, as_json: bool
) -> None:
    import numpy as np
    import pandas as pd

    from ...atomistic.mixture import effective_medium
    from .finish import finish

    value, source = active
    means = np.array([estimate.mean for estimate in layer.relative])
    columns = {
        "Transformed fraction": layer.fractions,
        "Relative conductivity": means,
        "Relative conductivity, standard error": layer.uncertainties(),
        "Relative conductivity, of sampling": [estimate.standard_error for estimate in layer.relative],
        "Relative conductivity, effective medium": effective_medium(layer.fractions, layer.ratio),
        "Lithium diffusivity [m2.s-1]": value * means,
    }
    cards = {f"rocksalt-{f:g}": layer.card(f, value, source) for f in wanted}
    figures = {"blocking": lambda path: layer.figure(path, value)}
    finish(cards, {"blocking": pd.DataFrame(columns)}, figures, folder, as_json=as_json)


def _diffusivity(given: str | None) -> tuple[float, str]:
    """Return the diffusivity of the layered oxide [m2.s-1] and where it comes from."""
    from ...parameters import ParameterSet, quantity

    if given is not None:
        return quantity(given, "m2.s-1", "--diffusivity"), "given by the user"
    name = "Active diffusivity [m2.s-1]"
    return ParameterSet.builtin("nmc811").number(name), f"{name} of the parameter set nmc811"


def _barrier(given: str | None, error: str | None) -> tuple[float, float]:
    """Return the barrier difference and its standard error [eV]; a given one is exact unless told."""
    from ...atomistic.mixture import default_barrier_difference
    from ...parameters import quantity

    energy, spread = default_barrier_difference()
    if given is not None:
        energy, spread = quantity(given, "eV", "--barrier"), 0.0
    return energy, spread if error is None else quantity(error, "eV", "--barrier-error")
