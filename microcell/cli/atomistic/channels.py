"""``microcell atomistic channels``: capacity of one-dimensional channels with defects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import AtomisticError
from ..bar import counting_bar
from .options import AsJson, Out, Overwrite, Seed, prepare

if TYPE_CHECKING:
    from ...atomistic.estimate import Estimate

DEFECTS = (0.001, 0.005, 0.01, 0.02, 0.05)
LENGTH = "100 nm"


def channels(
    length: Annotated[
        list[str] | None,
        typer.Option(
            "--length",
            "-l",
            metavar="LENGTH",
            help=f'Of the channels, such as "{LENGTH}" (the default); may be given more than once.',
        ),
    ] = None,
    sites: Annotated[
        list[int] | None,
        typer.Option(
            "--sites", "-n", metavar="N", help="Length as a number of lithium sites, instead of --length."
        ),
    ] = None,
    defects: Annotated[
        list[float] | None,
        typer.Option(
            "--defects",
            "-d",
            metavar="SHARE",
            help="Share of the lithium sites that hold a defect, 0.01 for one in a hundred; may be given "
            "more than once. Default: 0.001 to 0.05.",
        ),
    ] = None,
    material: Annotated[str, typer.Option(help="Gives the distance of the sites.")] = "LiFePO4",
    samples: Annotated[
        int, typer.Option(help="Random channels per length and defect fraction; 0: exact only.")
    ] = 20_000,
    seed: Seed = 0,
    out: Out = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Find how much capacity channels keep that are blocked by defects (Malik 2010).

    A channel gives the lithium before its first and after its last defect. Exact formula beside a sample; the
    cards hold the sample where there is one.

    Example: microcell atomistic channels --length "50 nm" --length "500 nm" --defects 0.01
    """
    counts = _counts(length, sites, material)
    fractions = sorted(set(defects or DEFECTS))
    folder = prepare(out, "channels", overwrite)
    sampled = _sample(counts, fractions, samples, seed) if samples else {}
    _finish(counts, fractions, sampled, None if sites else material, folder, as_json)


def _counts(length: list[str] | None, sites: list[int] | None, material: str) -> list[int]:
    """Return the lengths in sites."""
    from ...atomistic.channels import sites_of_length
    from ...parameters import quantity

    if length and sites:
        raise AtomisticError("--length and --sites contradict each other", fix="give one of them")
    if sites:
        return sorted(set(sites))
    return sorted({sites_of_length(quantity(text, "m", "--length"), material) for text in length or [LENGTH]})


def _sample(
    counts: list[int], fractions: list[float], samples: int, seed: int
) -> dict[tuple[int, float], Estimate]:
    from ...atomistic.channels import sample_channels

    with counting_bar() as show:
        return {
            (n, d): sample_channels(n, d, channels=samples, seed=seed, progress=show)
            for n in counts
            for d in fractions
        }


def _finish(
    counts: list[int],
    fractions: list[float],
    sampled: dict[tuple[int, float], Estimate],
    material: str | None,
    folder: Path,
    as_json: bool,
) -> None:
    import pandas as pd

    from ...atomistic.channels import site_spacing, unblocked_card
    from ...atomistic.channels_figure import draw
    from .finish import finish

    pairs = [(n, d) for n in counts for d in fractions]
    cards = {f"channels-{n}-{d:g}": unblocked_card(n, d, sampled.get((n, d))) for n, d in pairs}
    table = pd.DataFrame([_row(n, d, sampled.get((n, d))) for n, d in pairs])
    spacing = site_spacing(material) if material else None
    figures = {"channels": lambda path: draw(counts, fractions, sampled, path, spacing)}
    finish(cards, {"channels": table}, figures, folder, as_json=as_json)


def _row(n: int, d: float, sampled: Estimate | None) -> dict[str, Any]:
    from ...atomistic.channels import unblocked_fraction

    row: dict[str, Any] = {
        "Lithium sites": n,
        "Defect fraction": d,
        "Unblocked capacity fraction": unblocked_fraction(n, d),
    }
    if sampled is not None:
        row["Sampled"], row["Sampled, standard error"] = sampled.mean, sampled.standard_error
    return row
