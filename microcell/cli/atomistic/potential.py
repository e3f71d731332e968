"""``microcell atomistic potential``: what a Coulomb-Buckingham potential says about a crystal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import AtomisticError
from ..bar import counting_bar
from .options import AsJson, Out, Overwrite, prepare

if TYPE_CHECKING:
    from ase import Atoms

    from ...atomistic.potential import Potential


BUILTIN = ("NiO", "MgO", "CoO", "MnO", "LiCoO2", "LiNiO2")
"""Crystals of the lattice data that a set with whole charges may describe."""


def potential(
    structure: Annotated[
        str,
        typer.Argument(
            metavar="STRUCTURE",
            help="A structure file that ASE reads (CIF, POSCAR, extxyz ...), or a built-in crystal: "
            f"{', '.join(BUILTIN)}.",
        ),
    ],
    potential_name: Annotated[
        str,
        typer.Option("--potential", "-p", metavar="NAME", help="A built-in set, or a TOML file of your own."),
    ] = "lewis_catlow_1985",
    species: Annotated[
        list[str] | None,
        typer.Option(
            "--species", metavar="ELEMENT=SPECIES", help="Which valence an element has, as in Co=Co3+."
        ),
    ] = None,
    charge_scale: Annotated[float, typer.Option(help="All charges times this: partial charges.")] = 1.0,
    rigid: Annotated[
        list[str] | None,
        typer.Option("--rigid", metavar="SPECIES", help="A species whose shell is left out; 'all' for all."),
    ] = None,
    cutoff: Annotated[
        float | None, typer.Option(metavar="ANGSTROM", help="Of the sums in real space. Default: of the set.")
    ] = None,
    accuracy: Annotated[float, typer.Option(help="Force error of the Ewald sums [eV/A].")] = 1e-6,
    strain: Annotated[float, typer.Option(help="Largest strain for the elastic constants.")] = 2e-3,
    out: Out = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Relax a crystal: lattice parameters, lattice energy and elastic constants with error bars.

    The error bars are numerical; how good a potential is, its standing says (sourced, assumed ...). No set
    for layered NMC is verified.

    Example: microcell atomistic potential NiO -p lewis_catlow_1985
    """
    from ..environment import enable_compile_cache

    folder = prepare(out, f"potential-{Path(structure).stem}", overwrite)
    enable_compile_cache()
    used = named_potential(potential_name, charge_scale, rigid or [])
    _compute(
        _structure(structure), used, read_species(species or []), (cutoff, accuracy, strain), folder, as_json
    )


def _compute(
    atoms: Atoms,
    used: Potential,
    choice: dict[str, str],
    settings: tuple[float | None, float, float],
    folder: Path,
    as_json: bool,
) -> None:
    import pandas as pd

    from ...atomistic.potential import crystal_cards, crystal_properties
    from ...atomistic.potential.elastic import LABELS
    from ...atomistic.potential.figure import draw_pairs, draw_stiffness
    from ...atomistic.potential.particles import assign_species
    from .finish import finish

    cutoff, accuracy, strain = settings
    present = assign_species(atoms, used, choice)
    with counting_bar() as show:
        found = crystal_properties(
            atoms,
            used,
            species=choice,
            cutoff=cutoff,
            ewald_accuracy=accuracy,
            strain=strain,
            progress=show,
        )
    inputs = {"cutoff [A]": cutoff or used.cutoff, "Ewald force error [eV/A]": accuracy, "strain": strain}
    cards = crystal_cards(found, used, inputs | {"species": sorted(set(present))})
    rows = [
        {"i": a, "j": b, "C [GPa]": found.elastic.stiffness[i, j], "error [GPa]": found.stiffness_error[i, j]}
        for i, a in enumerate(LABELS)
        for j, b in enumerate(LABELS)
    ]
    figures = {"pairs": draw_pairs(used, set(present)), "elastic": draw_stiffness(found)}
    finish(cards, {"elastic": pd.DataFrame(rows)}, figures, folder, as_json=as_json)
    _write_structure(found.relaxed.atoms, folder / "relaxed.extxyz")


def named_potential(name: str, scale: float, rigid: list[str]) -> Potential:
    """Return a built-in set or one of a file, with partial charges and rigid ions as asked for."""
    from ...atomistic.potential import Potential

    is_file = name.endswith(".toml") or Path(name).is_file()
    used = Potential.read(name) if is_file else Potential.builtin(name)
    if rigid:
        used = used.rigid(*([] if rigid == ["all"] else rigid))
    return used if scale == 1.0 else used.scaled(scale)


def read_species(given: list[str]) -> dict[str, str]:
    """Read ELEMENT=SPECIES."""
    choice = {}
    for text in given:
        element, equals, name = text.partition("=")
        if not (element and equals and name):
            raise AtomisticError(
                "A choice of species cannot be understood",
                key="--species",
                value=text,
                allowed="ELEMENT=SPECIES, as in Co=Co3+",
            )
        choice[element] = name
    return choice


def _structure(name: str) -> Atoms:
    """Read a structure file, or build a crystal of the lattice data."""
    from ...atomistic.structures import layered, rocksalt
    from ...atomistic.structures.lattices import read_data

    lattices = read_data("lattices.toml")
    if name in BUILTIN:
        return rocksalt(name) if name in lattices["rocksalt"] else layered(name, (1, 1, 1))
    if not Path(name).exists():
        raise AtomisticError(
            "There is no such structure file or built-in crystal",
            key="STRUCTURE",
            value=name,
            allowed=f"{', '.join(BUILTIN)}, or a file",
            fix="check the path",
        )
    return read_structure(name)


def read_structure(name: str) -> Atoms:
    """Read a structure file; of a trajectory, the last frame."""
    from ase import Atoms
    from ase.io import read

    try:
        found = read(name)
    except Exception as error:  # ASE's readers raise whatever their format makes them
        raise AtomisticError(
            f"ASE cannot read the structure: {error}", file=name, fix="convert it to CIF, POSCAR or extxyz"
        ) from error
    return found if isinstance(found, Atoms) else found[-1]


def _write_structure(atoms: Atoms, path: Path) -> None:
    from ase.io import write

    from ...files import atomic_write

    bare = atoms.copy()
    atomic_write(path, lambda temporary: write(temporary, bare, format="extxyz"))
