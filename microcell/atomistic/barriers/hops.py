"""End states of the two lithium hops in a layered oxide LiMO2.

A lithium ion goes to a vacant site next to it in its layer [1]_. With a single vacancy it has to squeeze
through the two oxygen ions of the edge that both octahedra share (oxygen-dumbbell hop). If a second site
beside both is vacant too, it takes the detour through the tetrahedron between the three sites
(tetrahedral-site hop), which is much easier.

References
----------
.. [1] A. Van der Ven and G. Ceder, Electrochem. Solid-State Lett. 3, 301 (2000), doi 10.1149/1.1391130.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.geometry import find_mic

from ...errors import AtomisticError

SAME_LAYER = 0.6
"""Heights that differ by less [Angstrom] belong to one layer."""

NEAREST = 1.2
"""Neighbours are within this times the shortest distance of two lithium sites in a layer."""


@dataclass(frozen=True)
class Hop:
    """A hop of one ion.

    Attributes
    ----------
    name : str
        What it is called.
    initial, final : ase.Atoms
        End states, with the atoms in the same order; not relaxed.
    moving : int
        Index of the ion that hops.
    waypoint : ndarray, shape (3,), or None
        Where the ion passes on the way [Angstrom]; straight through where None.
    """

    name: str
    initial: Atoms
    final: Atoms
    moving: int
    waypoint: np.ndarray | None


def oxygen_dumbbell_hop(atoms: Atoms, ion: int | None = None) -> Hop:
    """Build the hop into a single vacancy, straight through the oxygen dumbbell.

    Parameters
    ----------
    atoms : ase.Atoms
        Layered oxide with full lithium layers, c along z, three cells or more along a and b.
    ion : int, optional
        Lithium ion that hops; the first one where left out.

    Raises
    ------
    AtomisticError
        If there is no such layer, or the cell is too small.
    """
    ion, near = _sites(atoms, ion)
    return _hop("oxygen-dumbbell hop, single vacancy", atoms, ion, near[0], (near[0],), None)


def tetrahedral_site_hop(atoms: Atoms, ion: int | None = None) -> Hop:
    """Build the hop into a divacancy through the tetrahedral site between the three sites.

    Parameters
    ----------
    atoms, ion
        As for `oxygen_dumbbell_hop`.

    Raises
    ------
    AtomisticError
        If there is no such layer, or the cell is too small.
    """
    ion, near = _sites(atoms, ion)
    target = near[0]
    # seen from the ion: in a small cell, images of other neighbours are as near to the target
    vectors = _vectors(atoms, ion, near)
    beside = near[1 + int(np.linalg.norm(vectors[1:] - vectors[0], axis=1).argmin())]
    waypoint = _tetrahedron(atoms, ion, (target, beside))
    return _hop("tetrahedral-site hop, divacancy", atoms, ion, target, (target, beside), waypoint)


def _sites(atoms: Atoms, ion: int | None) -> tuple[int, list[int]]:
    """Return the ion and the six lithium sites around it in its layer."""
    lithium = np.flatnonzero(np.array(atoms.get_chemical_symbols()) == "Li")
    if len(lithium) < 4 or not atoms.pbc.all():
        raise AtomisticError(
            "This is no layered oxide with lithium, periodic in three directions",
            value=atoms.get_chemical_formula(),
            fix="build one with microcell.atomistic.structures.layered",
        )
    ion = int(lithium[0]) if ion is None else ion
    if ion not in lithium:
        raise AtomisticError("This atom is no lithium ion", key="ion", value=ion, allowed="an index of Li")
    others = lithium[lithium != ion]
    vectors = _vectors(atoms, ion, others)
    lengths = np.where(np.abs(vectors[:, 2]) < SAME_LAYER, np.linalg.norm(vectors, axis=1), np.inf)
    near = [
        int(others[k]) for k in np.argsort(lengths, kind="stable") if lengths[k] < NEAREST * lengths.min()
    ]
    if len(near) != 6:
        raise AtomisticError(
            "A lithium site needs six others around it in its layer",
            value=f"{len(near)} in {atoms.get_chemical_formula()}",
            allowed="6",
            fix="take a fully lithiated layered cell with c along z, three cells or more along a and b",
        )
    return ion, near


def _vectors(atoms: Atoms, start: int, ends: np.ndarray | list[int]) -> np.ndarray:
    """Return the shortest vectors from one atom to others, shape (n, 3)."""
    return np.asarray(find_mic(atoms.positions[ends] - atoms.positions[start], atoms.cell, atoms.pbc)[0])


def _tetrahedron(atoms: Atoms, ion: int, others: tuple[int, int]) -> np.ndarray:
    """Return the centre of the oxygen tetrahedron between three lithium sites.

    Its apex is the oxygen above or below the middle of the sites, its base are the three oxygens nearest to
    the middle on the other side.
    """
    middle = atoms.positions[ion] + _vectors(atoms, ion, list(others)).sum(axis=0) / 3.0
    oxygen = np.flatnonzero(np.array(atoms.get_chemical_symbols()) == "O")
    vectors = np.asarray(find_mic(atoms.positions[oxygen] - middle, atoms.cell, atoms.pbc)[0])
    order = np.argsort(np.linalg.norm(vectors, axis=1))
    apex = vectors[order[0]]
    if np.linalg.norm(apex[:2]) > SAME_LAYER:
        raise AtomisticError(
            "There is no tetrahedral site between these lithium sites",
            value=f"the nearest oxygen is {np.linalg.norm(apex[:2]):.2f} Angstrom beside their middle",
            fix="take an O3 layered oxide (R-3m) with c along z",
        )
    base = [v for v in vectors[order[1:]] if v[2] * apex[2] < 0][:3]
    return np.asarray(middle + (apex + np.sum(base, axis=0)) / 4.0)


def _hop(
    name: str, atoms: Atoms, ion: int, target: int, vacant: tuple[int, ...], waypoint: np.ndarray | None
) -> Hop:
    initial = atoms.copy()
    initial.calc = None
    final = initial.copy()
    final.positions[ion] += _vectors(atoms, ion, [target])[0]
    for state in (initial, final):
        del state[list(vacant)]
    return Hop(name, initial, final, ion - sum(site < ion for site in vacant), waypoint)
