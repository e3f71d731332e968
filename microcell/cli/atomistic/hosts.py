"""What dynamics and barriers have in common: a layered supercell or a structure file, and its calculator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import AtomisticError

if TYPE_CHECKING:
    from ase import Atoms

    from ...atomistic.potential import CoulombBuckingham, Potential

Structure = Annotated[
    str,
    typer.Argument(
        metavar="STRUCTURE",
        help="A composition of a layered oxide (LiCoO2, LiNiO2, NMC811 ...), of which a supercell is built, "
        "or a structure file that ASE reads.",
    ),
]
PotentialName = Annotated[
    str,
    typer.Option("--potential", "-p", metavar="NAME", help="A built-in set, or a TOML file of your own."),
]
Species = Annotated[
    list[str] | None,
    typer.Option("--species", metavar="ELEMENT=SPECIES", help="Which valence an element has, as in Co=Co3+."),
]
Rigid = Annotated[bool, typer.Option("--rigid", help="Leave out the shells of all ions: much faster.")]
Cutoff = Annotated[
    float | None, typer.Option(metavar="ANGSTROM", help="Of the sums in real space. Default: of the set.")
]
Accuracy = Annotated[float, typer.Option(help="Force error of the Ewald sums [eV/A].")]
Size = Annotated[
    tuple[int, int, int],
    typer.Option(metavar="NA NB NC", help="Repeats of the hexagonal cell of a composition."),
]
RelaxCell = Annotated[
    bool, typer.Option("--relax-cell/--keep-cell", help="Relax the full crystal with the potential first.")
]


def make_calculator(
    name: str, species: list[str] | None, rigid: bool, cutoff: float | None, accuracy: float
) -> CoulombBuckingham:
    """Return the calculator; missing lithium is compensated by a uniform background charge."""
    from ...atomistic.potential import CoulombBuckingham
    from .potential import named_potential, read_species

    used: Potential = named_potential(name, 1.0, ["all"] if rigid else [])
    return CoulombBuckingham(
        used,
        species=read_species(species or []),
        cutoff=cutoff,
        ewald_accuracy=accuracy,
        background=True,
    )


def make_host(
    structure: str,
    size: tuple[int, int, int],
    calculator: Any,
    relax_cell: bool,
    *,
    ordering: str = "random",
) -> Atoms:
    """Return the supercell with full lithium layers, or the structure of a file.

    Raises
    ------
    AtomisticError
        If a composition or file is not known, or the crystal does not relax.
    """
    from ...atomistic.structures import layered
    from .potential import read_structure

    if Path(structure).exists():
        atoms = read_structure(structure)
    else:
        atoms = layered(structure, (1, 1, 1) if _is_simple(structure) else size, ordering=ordering)
    atoms = _relaxed(atoms, calculator) if relax_cell else atoms
    return atoms.repeat(size) if not Path(structure).exists() and _is_simple(structure) else atoms


def _is_simple(name: str) -> bool:
    """Whether the smallest cell holds the composition, so that relaxing it is enough."""
    return not name.startswith("NMC")


def _relaxed(atoms: Atoms, calculator: Any) -> Atoms:
    from ase.filters import FrechetCellFilter
    from ase.optimize import FIRE

    state = atoms.copy()
    state.calc = calculator
    if not FIRE(FrechetCellFilter(state), logfile=None).run(fmax=0.02, steps=800):
        raise AtomisticError(
            "The crystal does not relax with this potential",
            value=f"{atoms.get_chemical_formula()} after 800 steps",
            fix="use another potential, or keep the cell (--keep-cell)",
        )
    state.calc = None
    return state


def describe(calculator: CoulombBuckingham, structure: str) -> dict[str, Any]:
    """Return what goes into the origin of a card."""
    used = calculator.potential
    return {
        "structure": structure,
        "potential": used.name,
        "standing of the potential": used.standing,
        "shells": bool(used.shell_names),
        "missing charge": "uniform background",
    }
