"""``microcell atomistic barrier``: lithium hops in a layered oxide, or between two given states."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import AtomisticError
from .hosts import Accuracy, Cutoff, PotentialName, RelaxCell, Rigid, Size, Species, Structure
from .options import AsJson, Out, Overwrite, prepare

if TYPE_CHECKING:
    from ase import Atoms

    from ...atomistic.barriers import Barrier, Hop

NAMES = {"dumbbell": "Oxygen-dumbbell hop", "tetrahedral": "Tetrahedral-site hop", "given": "Hop"}


def barrier(
    structure: Structure,
    final: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Final state of a hop of your own, atoms in the same order; STRUCTURE is the initial one.",
            show_default=False,
        ),
    ] = None,
    hop: Annotated[
        list[str] | None,
        typer.Option("--hop", metavar="dumbbell|tetrahedral", help="Default: both.", show_default=False),
    ] = None,
    potential: PotentialName = "from_memory_unverified",
    species: Species = None,
    rigid: Rigid = False,
    cutoff: Cutoff = None,
    accuracy: Accuracy = 1e-4,
    size: Size = (4, 4, 1),
    relax_cell: RelaxCell = True,
    images: Annotated[int, typer.Option(help="Images between the end states.")] = 5,
    force: Annotated[float, typer.Option(help="Largest force left [eV/A].")] = 0.05,
    steps: Annotated[int, typer.Option(help="Limit for each end state and for the band.")] = 400,
    out: Out = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Find migration barriers by the climbing-image nudged elastic band.

    In a layered oxide: the hop into a single vacancy through the oxygen dumbbell, and the hop into a
    divacancy through the tetrahedral site. The uncertainty is that of the band; how good the potential is,
    its standing says. Every other ASE calculator works from Python.

    Example: microcell atomistic barrier LiCoO2 --species Co=Co3+ --rigid
    """
    from ...atomistic.barriers import find_barrier
    from ..environment import enable_compile_cache
    from .hosts import describe, make_calculator, make_host

    names = hop or ["dumbbell", "tetrahedral"]
    _check(names)
    folder = prepare(out, f"barrier-{Path(structure).stem}", overwrite)
    enable_compile_cache()
    calculator = make_calculator(potential, species, rigid, cutoff, accuracy)
    host = make_host(structure, size, calculator, relax_cell and final is None)
    found = {}
    for name, ends in _hops(host, final, names).items():
        with _bar(NAMES[name], steps) as show:
            found[name] = find_barrier(
                ends, calculator, images=images, force_limit=force, steps=steps, progress=show
            )
    _finish(found, describe(calculator, structure), folder, as_json)


def _check(names: list[str]) -> None:
    wrong = [name for name in names if name not in ("dumbbell", "tetrahedral")]
    if wrong:
        raise AtomisticError(
            "This hop is not known", key="--hop", value=wrong[0], allowed="dumbbell, tetrahedral"
        )


def _hops(host: Atoms, final: Path | None, names: list[str]) -> dict[str, Hop | tuple[Atoms, Atoms]]:
    from ...atomistic.barriers import oxygen_dumbbell_hop, tetrahedral_site_hop
    from .potential import read_structure

    if final is not None:
        return {"given": (host, read_structure(str(final)))}
    known = {"dumbbell": oxygen_dumbbell_hop, "tetrahedral": tetrahedral_site_hop}
    return {name: known[name](host) for name in names}


def _finish(found: dict[str, Barrier], inputs: dict[str, Any], folder: Path, as_json: bool) -> None:
    """Write all bands; those that have not converged appear in table and picture, not as cards."""
    import pandas as pd

    from ...atomistic.barriers.figure import draw
    from .finish import finish

    done = {name: band for name, band in found.items() if band.converged}
    cards = {name: band.card(f"{NAMES[name]} barrier [eV]", **inputs) for name, band in done.items()}
    tables = {
        f"band-{name}": pd.DataFrame({"distance [A]": band.distance, "energy [eV]": band.energy})
        for name, band in found.items()
    }
    picture = partial(draw, list(found.values()))
    finish(cards, tables, {"bands": picture}, folder, as_json=as_json)
    for band in found.values():
        band.require()


@contextmanager
def _bar(title: str, steps: int) -> Iterator[Any]:
    """Show step and largest force on the standard error output."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"{title}: end states", total=steps)

        def show(step: int, force: float) -> None:
            bar.update(task, completed=step, description=f"{title}: step {step}, force {force:.3f} eV/A")

        yield show
