"""``microcell atomistic bond-valence``: migration barriers and paths from the bond-valence site energy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import AtomisticError
from .options import AsJson, Out, Overwrite, prepare

if TYPE_CHECKING:
    from ase import Atoms

    from ...atomistic.bond_valence import BondValence

LAYERED = ("LiCoO2", "LiNiO2")
OLIVINE = "LiFePO4"


def bond_valence(
    structure: Annotated[
        str,
        typer.Argument(
            metavar="STRUCTURE",
            help="A structure file that ASE reads (CIF, POSCAR ...), ordered and with its mobile ions, or a "
            f"built-in crystal: {', '.join((OLIVINE, *LAYERED))}.",
        ),
    ],
    mobile: Annotated[str, typer.Option(metavar="ELEMENT", help="Which ion moves: Li, Na.")] = "Li",
    charge: Annotated[
        list[str] | None,
        typer.Option(
            "--charge",
            metavar="ELEMENT=STATE",
            help="Oxidation state, as in Ni=3. Default: usual states, one metal from neutrality.",
        ),
    ] = None,
    spacing: Annotated[float, typer.Option(metavar="ANGSTROM", help="Of the grid.")] = 0.2,
    morse_share: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Of the Morse energy that counts: 0.5 (default, BVlain), 1 (FullProf).",
        ),
    ] = None,
    out: Out = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Find the easiest way of a lone ion along a, b and c of a rigid host, in seconds.

    Barriers compare paths and structures; absolute values are good to a few tenths of an eV.

    Example: microcell atomistic bond-valence LiFePO4
    """
    from ...atomistic.bond_valence import bond_valence as compute

    folder = prepare(out, f"bond-valence-{Path(structure).stem}", overwrite)
    states = dict(_state(text) for text in charge or [])
    result = compute(_structure(structure), mobile, states, spacing=spacing, morse_share=morse_share)
    _finish(result, folder, as_json)


def _finish(result: BondValence, folder: Path, as_json: bool) -> None:
    import pandas as pd

    from .finish import finish

    cards = {f"barrier-{found.axis}": result.card(found.axis) for found in result.barriers}
    columns = ("a [fraction]", "b [fraction]", "c [fraction]")
    tables = {
        f"path-{found.axis}": pd.DataFrame(found.path, columns=columns).assign(
            **{"distance [A]": found.distance, "energy [eV]": found.energy}
        )
        for found in result.barriers
    }
    finish(cards, tables, {"landscape": result.figure}, folder, as_json=as_json)


def _state(text: str) -> tuple[str, float]:
    element, _, number = text.partition("=")
    try:
        return element, float(number)
    except ValueError as error:
        raise AtomisticError(
            "An oxidation state cannot be understood",
            key="--charge",
            value=text,
            allowed="ELEMENT=STATE, as in Ni=3",
        ) from error


def _structure(name: str) -> Atoms:
    from ...atomistic.bond_valence import example
    from ...atomistic.structures import layered
    from .potential import read_structure

    if name == OLIVINE:
        return example(name)
    if name in LAYERED:
        return layered(name, (1, 1, 1))
    if not Path(name).exists():
        raise AtomisticError(
            "There is no such structure file or built-in crystal",
            key="STRUCTURE",
            value=name,
            allowed=f"{', '.join((OLIVINE, *LAYERED))}, or a file",
            fix="check the path",
        )
    return read_structure(name)
