"""From atoms to particles: which species every atom is, where shells sit, and what may not stand together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from ase import Atoms

from microcell.errors import AtomisticError

from .model import Potential
from .short_range import OVERLAP, barrier

NEUTRAL = 1e-6
"""Net charge per cell that counts as none [e]."""

SPECIES = "species"
"""Name of the array of atoms that holds the species of every atom."""


@dataclass(frozen=True)
class Particles:
    """The particles of a structure.

    Attributes
    ----------
    kind : (particles,) int array
        Index into `Potential.particle_names`.
    spring_pairs : (shells, 2) int array
        Particle numbers of core and shell.
    spring_kind : (shells,) int array
        Index into `Potential.shell_names`.
    partner : (particles,) int array
        Core of a shell, shell of a core, -1 for a rigid ion.
    implied : (shells,) int array
        Atoms whose shells stand behind the atoms, for shells that are not atoms themselves.
    """

    kind: np.ndarray
    spring_pairs: np.ndarray
    spring_kind: np.ndarray
    partner: np.ndarray
    implied: np.ndarray

    @property
    def count(self) -> int:
        """Number of particles."""
        return len(self.kind)


def assign_species(atoms: Atoms, potential: Potential, choice: Mapping[str, str] | None = None) -> list[str]:
    """Return the species of every atom that is no explicit shell.

    The array ``atoms.arrays["species"]`` decides where it is there, then ``choice``, then the symbol if only
    one species has this element.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure.
    potential : Potential
        Has the species.
    choice : mapping of str to str, optional
        Species of an element of several valences: ``{"Mn": "Mn3+"}``.

    Raises
    ------
    AtomisticError
        If an element is missing, several species have it, or a species has another element.
    """
    symbols = [symbol for symbol in atoms.get_chemical_symbols() if symbol != "X"]
    if SPECIES in atoms.arrays:
        given = [str(name) for name in atoms.arrays[SPECIES][atoms.numbers > 0]]
        for name, symbol in zip(given, symbols, strict=True):
            _check_element(potential, name, symbol)
        return given
    by_symbol = {symbol: _species_of(symbol, potential, choice or {}) for symbol in dict.fromkeys(symbols)}
    return [by_symbol[symbol] for symbol in symbols]


def _species_of(symbol: str, potential: Potential, choice: Mapping[str, str]) -> str:
    if symbol in choice:
        _check_element(potential, choice[symbol], symbol)
        return choice[symbol]
    known = [name for name, species in potential.species.items() if species.element == symbol]
    if len(known) == 1:
        return known[0]
    if not known:
        raise AtomisticError(
            f"The potential '{potential.name}' has no species for {symbol}",
            key="species",
            value=symbol,
            allowed=", ".join(sorted({species.element for species in potential.species.values()})),
            fix="choose another potential, or add the species and its pair with oxygen to a file of your own",
        )
    raise AtomisticError(
        f"{symbol} may be several species of the potential '{potential.name}'",
        key="species",
        value=symbol,
        allowed=", ".join(known),
        fix=f'say which: species={{"{symbol}": "{known[0]}"}}, or one per atom in atoms.arrays["species"]',
    )


def _check_element(potential: Potential, name: str, symbol: str) -> None:
    potential.check_species(name)
    if potential.species[name].element != symbol:
        raise AtomisticError(
            f"An atom {symbol} cannot be the species {name}, which is {potential.species[name].element}",
            key="species",
            value=name,
            fix="give every atom a species of its own element",
        )


def particles_of(
    atoms: Atoms, potential: Potential, choice: Mapping[str, str] | None = None, background: bool = False
) -> Particles:
    """List the particles of a structure, and check that the potential holds for it.

    Atoms "X" are shells, each with the number of its core as tag (see `add_shells`); where there are none,
    shells are added behind the atoms.

    Parameters
    ----------
    atoms, potential, choice
        As for `assign_species`.
    background : bool
        Whether a net charge is compensated by a uniform background instead of being refused.

    Raises
    ------
    AtomisticError
        If the cell is not periodic or charged, a species or pair is missing, or shells do not fit.
    """
    _check_cell(atoms)
    names = assign_species(atoms, potential, choice)
    _check_pairs(set(names), potential)
    explicit = np.flatnonzero(atoms.numbers == 0)
    species = {name: i for i, name in enumerate(potential.species)}
    springs = {name: i for i, name in enumerate(potential.shell_names)}
    cores = np.flatnonzero(atoms.numbers > 0)
    kind = np.zeros(len(atoms), dtype=np.int32)
    kind[cores] = [species[name] for name in names]
    with_shell = np.array([i for i, name in zip(cores, names, strict=True) if name in springs], dtype=int)
    shell_kind = np.array([springs[name] for name in names if name in springs], dtype=np.int32)
    if len(explicit):
        shells, implied = _explicit_shells(atoms, explicit, with_shell), np.empty(0, dtype=int)
        kind[shells] = len(species) + shell_kind
    else:
        shells, implied = len(atoms) + np.arange(len(with_shell)), with_shell
        kind = np.concatenate([kind, len(species) + shell_kind]).astype(np.int32)
    partner = np.full(len(kind), -1)
    partner[with_shell], partner[shells] = shells, with_shell
    _check_charge(kind, potential, names, background)
    pairs = np.stack([with_shell, shells], axis=1).astype(np.int32)
    return Particles(kind, pairs, shell_kind, partner, implied)


def _explicit_shells(atoms: Atoms, explicit: np.ndarray, with_shell: np.ndarray) -> np.ndarray:
    """Return the shell atom of every core that must have one, by the tags of the atoms X."""
    tags = atoms.get_tags()[explicit]
    if sorted(tags) != sorted(with_shell):
        raise AtomisticError(
            "The shells (atoms X) do not belong one to one to the ions that have a shell",
            key="tags of X",
            value=f"{len(explicit)} shells for {len(with_shell)} ions",
            fix="make the structure with add_shells(atoms, potential)",
        )
    of_core = dict(zip(tags, explicit, strict=True))
    return np.array([of_core[core] for core in with_shell], dtype=int)


def _check_cell(atoms: Atoms) -> None:
    if len(atoms) == 0:
        raise AtomisticError("There are no atoms", fix="give a structure with at least one atom")
    if not all(atoms.pbc) or abs(atoms.cell.volume) < 1e-6:
        raise AtomisticError(
            "Coulomb sums need a cell that is periodic in all three directions",
            key="atoms.pbc, atoms.cell",
            value=f"{atoms.pbc.tolist()}, {atoms.cell.lengths().tolist()} A",
            fix="set a cell and pbc=True; leave vacuum around a molecule or slab",
        )
    if not (np.isfinite(atoms.positions).all() and np.isfinite(atoms.cell.array).all()):
        raise AtomisticError(
            "A position or cell vector is not finite",
            key="atoms.positions, atoms.cell",
            fix="a run that ends like this has used too large a time step or started from overlapping ions",
        )


def _check_pairs(present: set[str], potential: Potential) -> None:
    """Refuse two species of opposite charge that nothing keeps apart."""
    known = {frozenset(pair.between) for pair in potential.pair}
    for first in sorted(present):
        for second in sorted(present):
            product = potential.species[first].charge * potential.species[second].charge
            if product < 0.0 and frozenset((first, second)) not in known:
                raise AtomisticError(
                    f"The potential '{potential.name}' has no pair {first} - {second}: nothing keeps ions of "
                    "opposite charge apart",
                    key="pair",
                    value=f"{first} - {second}",
                    allowed=", ".join(" - ".join(pair) for pair in potential.pair_names),
                    fix="add the pair to a file of your own, or choose another potential",
                )


def _check_charge(kind: np.ndarray, potential: Potential, names: list[str], background: bool) -> None:
    net = float(np.sum(potential.parameters.charge[kind]))
    if abs(net) <= NEUTRAL or background:
        return
    counts = {name: names.count(name) for name in dict.fromkeys(names)}
    listed = ", ".join(f"{n} {name} of {potential.species[name].charge:+g}" for name, n in counts.items())
    raise AtomisticError(
        f"The cell has a net charge of {net:+.6g} e",
        key="charge",
        value=listed,
        allowed="0",
        fix="change valences or the composition, or compensate it uniformly with background=True",
    )


def pair_table(potential: Potential) -> np.ndarray:
    """Return the number of the Buckingham pair of two kinds of particles; the number of pairs for none."""
    outer = {name: i for i, name in enumerate(potential.species)}
    outer |= {name: len(potential.species) + i for i, name in enumerate(potential.shell_names)}
    kinds = len(potential.particle_names)
    table = np.full((kinds, kinds), len(potential.pair), dtype=np.int32)
    for number, (first, second) in enumerate(potential.pair_names):
        i, j = outer[first], outer[second]
        table[i, j] = table[j, i] = number
    return table


def pair_floors(potential: Potential) -> np.ndarray:
    """Return the distance below which a pair collapses (`barrier`) or overlaps [A], the last one for no pair.

    Raises
    ------
    AtomisticError
        If a pair attracts at every distance.
    """
    floors = []
    for pair in potential.pair:
        charges = np.prod([potential.species[name].charge for name in pair.between])
        floor = barrier(pair.A, pair.rho, pair.C, float(charges))
        if not np.isfinite(floor):
            raise AtomisticError(
                f"The pair {' - '.join(pair.between)} attracts at every distance",
                key=f"pair {' - '.join(pair.between)}",
                value=f"A {pair.A:g} eV, rho {pair.rho:g} A, C {pair.C:g} eV A6",
                fix="raise A or rho, or lower C",
            )
        floors.append(max(floor, OVERLAP))
    return np.array([*floors, OVERLAP])
