"""``microcell atomistic antisite``: what it costs that lithium and a metal change places."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..bar import counting_bar
from .hosts import Accuracy, Cutoff, PotentialName, RelaxCell, Rigid, Size, Species, Structure
from .options import AsJson, Out, Overwrite, Seed, prepare


def antisite(
    structure: Structure = "NMC111",
    metal: Annotated[str, typer.Option(metavar="SYMBOL", help="Metal that goes to a lithium site.")] = "Ni",
    charge: Annotated[
        float | None,
        typer.Option(metavar="STATE", help="Only ions of this oxidation state.", show_default=False),
    ] = None,
    pairs: Annotated[int, typer.Option(help="Pairs to exchange; their spread is the error.")] = 4,
    separation: Annotated[
        float, typer.Option(metavar="ANGSTROM", help="Least distance of the two ions of a pair.")
    ] = 0.0,
    potential: PotentialName = "microcell_nmc_fit",
    species: Species = None,
    rigid: Rigid = False,
    cutoff: Cutoff = None,
    accuracy: Accuracy = 1e-4,
    size: Size = (3, 3, 1),
    ordered: Annotated[bool, typer.Option("--ordered/--random", help="Order of the metals.")] = True,
    relax_cell: RelaxCell = True,
    force: Annotated[float, typer.Option(help="Largest force left by a relaxation [eV/A].")] = 0.03,
    steps: Annotated[int, typer.Option(help="Limit for each relaxation.")] = 600,
    seed: Seed = 0,
    out: Out = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Relax a layered oxide with lithium and a metal exchanged: energy of the anti-site defect, pair by pair.

    The error bar is that of the mean over the pairs; how good the potential is, its standing says. Lee & Park
    2012 found 0.84 eV for NMC111 with a core-shell potential of their own.

    Example: microcell atomistic antisite NMC111 --charge 2 --pairs 6
    """
    from ...atomistic.structures import antisite_energy
    from ..environment import enable_compile_cache
    from .finish import finish
    from .hosts import describe, make_calculator, make_host

    folder = prepare(out, f"antisite-{Path(structure).stem}", overwrite)
    enable_compile_cache()
    calculator = make_calculator(potential, species, rigid, cutoff, accuracy)
    host = make_host(structure, size, calculator, relax_cell, ordering="ordered" if ordered else "random")
    with counting_bar() as show:
        found = antisite_energy(
            host,
            calculator,
            metal,
            pairs=pairs,
            charge=charge,
            separation=separation,
            fmax=force,
            steps=steps,
            seed=seed,
            progress=lambda done, total: show(done, total, "relaxations"),
        )
    note = ", ".join(f"{key}: {value}" for key, value in describe(calculator, structure).items())
    cards = {"antisite": found.card(note=note)}
    finish(cards, {"pairs": found.frame()}, {"pairs": found.figure}, folder, as_json=as_json)
