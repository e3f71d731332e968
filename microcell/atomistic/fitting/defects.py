"""Pairs of structures whose difference in energy a fit observes: hops of lithium, anti-sites."""

from __future__ import annotations

from typing import Literal

import numpy as np
from ase import Atoms

from ...errors import AtomisticError
from ..barriers import oxygen_dumbbell_hop, tetrahedral_site_hop
from ..structures import antisite_pairs, swap

HopKind = Literal["dumbbell", "tetrahedral"]
_HOPS = {"dumbbell": oxygen_dumbbell_hop, "tetrahedral": tetrahedral_site_hop}


def hop_states(host: Atoms, kind: HopKind) -> tuple[Atoms, Atoms, tuple[int, int]]:
    """Return start and middle of a hop in a layered oxide, turned so that the hop goes along x.

    A mirror plane of the host stands half way across the hop, so the middle is stationary along x by symmetry
    and is relaxed in all other coordinates: it is the saddle, or a shallow minimum between two saddles, which
    the tetrahedral site may be.

    Parameters
    ----------
    host : ase.Atoms
        Layered oxide with full lithium layers and one kind of metal, c along z, three cells or more along a
        and b.
    kind : {"dumbbell", "tetrahedral"}
        Through the oxygen dumbbell into a single vacancy, or through the tetrahedral site into a divacancy.

    Returns
    -------
    (ase.Atoms, ase.Atoms, (int, int))
        Start, middle, and the atom and axis to hold in the middle.

    Raises
    ------
    AtomisticError
        If the host is no such oxide.
    """
    lithium = np.flatnonzero(host.numbers == 3)
    if not len(lithium) or len(set(host.numbers)) != 3:
        raise AtomisticError(
            "The middle of a hop is its saddle by symmetry in oxides of lithium and one metal only",
            key="structure",
            value=host.get_chemical_formula(),
            allowed="LiCoO2, LiNiO2",
            fix="give structure files in [[energy_difference]] instead",
        )
    # the last ion: a relaxation keeps the first atom in its place, which must not be the one that hops
    hop = _HOPS[kind](host, int(lithium[-1]))
    start = hop.initial.positions[hop.moving]
    way = hop.final.positions[hop.moving] - start
    middle = hop.initial.copy()
    middle.positions[hop.moving] = start + 0.5 * way if hop.waypoint is None else hop.waypoint
    for state in (hop.initial, middle):
        state.rotate(way, "x", rotate_cell=True)
    return hop.initial, middle, (hop.moving, 0)


def antisite_states(
    host: Atoms, metal: str, *, charge: float | None = None, separation: float = 0.0
) -> tuple[Atoms, Atoms]:
    """Return a structure, and the one in which the nearest allowed lithium and metal have changed places.

    Parameters
    ----------
    host : ase.Atoms
        Without anti-sites.
    metal, charge, separation
        Which pairs, as for `antisite_pairs`.
    """
    pair = antisite_pairs(host, metal, charge=charge, separation=separation)[0]
    return host.copy(), swap(host, int(pair[0]), int(pair[1]))
