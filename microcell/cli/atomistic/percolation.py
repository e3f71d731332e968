"""``microcell atomistic percolation``: thresholds, and the lithium that a disordered rocksalt connects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import AtomisticError
from ..bar import counting_bar
from .options import AsJson, Out, Overwrite, Seed, prepare

if TYPE_CHECKING:
    from ...atomistic.percolation import RocksaltPercolation, ThresholdStudy

CONTENTS = tuple(round(0.9 + 0.05 * k, 2) for k in range(15))


def percolation(
    mixing: Annotated[
        float, typer.Option(help="Cation mixing: 0 layered, 1 random over all sites.", metavar="SHARE")
    ] = 1.0,
    metals: Annotated[
        int,
        typer.Option(help="Metals at a tetrahedron through which lithium still passes: 0 (0-TM rule), 1, 2."),
    ] = 0,
    lithium: Annotated[
        list[float] | None,
        typer.Option(
            "--lithium",
            "-x",
            metavar="X",
            help="x of Li_x TM_(2-x) O2; may be given more than once. Default: 0.9 to 1.6.",
        ),
    ] = None,
    lattice: Annotated[
        str | None,
        typer.Option(help="A plain lattice instead of rocksalt: its threshold only.", metavar="NAME"),
    ] = None,
    kind: Annotated[str, typer.Option(help="With --lattice: site or bond.", metavar="site|bond")] = "site",
    sizes: Annotated[
        str, typer.Option(help="Cells per edge for the threshold of the infinite lattice.", metavar="L,L,L")
    ] = "12,16,24,32",
    samples: Annotated[int, typer.Option(help="Random supercells per size.")] = 100,
    slab: Annotated[int, typer.Option(help="Layers between the faces of a slab: accessible lithium.")] = 24,
    slabs: Annotated[int, typer.Option(help="Random slabs per lithium content.")] = 20,
    seed: Seed = 0,
    out: Out = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Find from which lithium content on lithium percolates, and how much of it is accessible.

    Lithium of Li_x TM_(2-x) O2 passes through tetrahedra of cation sites without metal. The threshold comes
    from several sizes, extrapolated to the infinite crystal; accessible lithium from slabs with two faces.

    Example: microcell atomistic percolation --mixing 0.5 -x 1.0 -x 1.1 -x 1.2
    """
    edges = _whole_numbers(sizes)
    model = _lattice_model(lattice, kind) if lattice else _rocksalt(mixing, metals)
    folder = prepare(out, "percolation", overwrite)
    results: dict[str, Any] = {}
    if not lattice:
        results["accessible"] = _accessible(model, lithium or list(CONTENTS), slab, slabs, seed)
    results["threshold"] = _threshold(model, edges, samples, seed)
    _finish(results, folder, as_json)


def _whole_numbers(text: str) -> list[int]:
    """Read numbers between commas."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise AtomisticError(
            "The sizes cannot be read", key="--sizes", value=text, allowed="whole numbers, as in 16,24,32"
        ) from error


def _lattice_model(lattice: str, kind: str) -> Any:
    from ...atomistic.percolation import BondPercolation, SitePercolation

    kinds = {"site": SitePercolation, "bond": BondPercolation}
    if kind not in kinds:
        raise AtomisticError(
            "This kind of percolation is not known", key="--kind", value=kind, allowed="site, bond"
        )
    return kinds[kind](lattice)


def _rocksalt(mixing: float, metals: int) -> RocksaltPercolation:
    from ...atomistic.percolation import RocksaltPercolation

    return RocksaltPercolation(mixing, metals)


def _accessible(model: Any, contents: list[float], slab: int, slabs: int, seed: int) -> Any:
    from ...atomistic.percolation import accessible_lithium

    with counting_bar() as show:
        found = accessible_lithium(model, contents, size=slab, samples=slabs, seed=seed, progress=show)
    found.require_percolation()
    return found


def _threshold(model: Any, sizes: list[int], samples: int, seed: int) -> ThresholdStudy:
    from ...atomistic.percolation import sample_thresholds

    with counting_bar() as show:
        return sample_thresholds(model, sizes, samples, seed=seed, progress=show)


def _finish(results: dict[str, Any], folder: Path, as_json: bool) -> None:
    import pandas as pd

    from .finish import finish

    cards = {name: result.card() for name, result in results.items()}
    tables = {name: pd.DataFrame(result.rows()) for name, result in results.items()}
    figures = {name: result.figure for name, result in results.items()}
    finish(cards, tables, figures, folder, as_json=as_json)
