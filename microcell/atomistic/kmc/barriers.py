"""Barriers of single hops by what stands around them.

A barrier is ``E_a = max(E_KRA + dE/2, dE, 0)`` where dE is the change of energy by the hop and the
kinetically resolved activation barrier E_KRA is the same forth and back, so that rates obey detailed balance
whatever the interactions are (Van der Ven, Ceder, Asta, Tepesch 2001, doi 10.1103/PhysRevB.64.184307). E_KRA
depends on a count around the hop; where a hop has several ways, their rates add.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from microcell.errors import AtomisticError

from .bonds import Bonds

VACANT, LITHIUM, BLOCKED = 0, 1, 2
"""What is on a site: nothing, lithium, or a metal that does not move."""

Kind = Literal["uniform", "vacant neighbours", "tetrahedra"]


class Gates(NamedTuple):
    """A barrier rule as arrays, for one list of bonds.

    ``index = sum over environment of weight * (site holds counted)``; the ways of a hop then have the
    barriers ``energies[index]``.
    """

    counted: int
    weights: np.ndarray
    energies: np.ndarray


@dataclass(frozen=True)
class Barriers:
    """Kinetically resolved barriers E_KRA [eV] by surroundings.

    Attributes
    ----------
    kind : str
        "uniform": one energy. "vacant neighbours": one energy for each number of vacant sites among the
        nearest neighbours of both ends; on the triangular lattice of a layered oxide, 0 is the oxygen
        dumbbell hop of a single vacancy (ODH), 1 and 2 the tetrahedral hop beside a divacancy (TSH).
        "tetrahedra": the hop goes through tetrahedral sites, one energy for each number of metals (0, 1, 2)
        on the two corners of the tetrahedron that are not the ends of the hop.
    energies : tuple of float
        Infinite where a way is closed.
    """

    kind: Kind
    energies: tuple[float, ...]

    def __post_init__(self) -> None:
        usable = [energy for energy in self.energies if math.isfinite(energy) and energy >= 0.0]
        closed = [energy for energy in self.energies if energy == math.inf]
        if not usable or len(usable) + len(closed) != len(self.energies):
            raise AtomisticError(
                "These are no barriers",
                key="barriers.energies",
                value=self.energies,
                allowed="0 eV or more, inf for a closed way, at least one open",
            )

    def gates(self, bonds: Bonds) -> Gates:
        """Return the rule as arrays for the bonds of a lattice.

        Raises
        ------
        AtomisticError
            If the number of energies does not fit the lattice.
        """
        make = {"uniform": _uniform, "vacant neighbours": _vacant, "tetrahedra": _tetrahedra}
        return make[self.kind](np.array(self.energies), bonds)


def _uniform(energies: np.ndarray, bonds: Bonds) -> Gates:
    _check_count(energies, 1, "one energy")
    return Gates(BLOCKED, np.zeros(bonds.near.shape, dtype=np.int32), energies[:, None])


def _vacant(energies: np.ndarray, bonds: Bonds) -> Gates:
    shared = bonds.common
    count = shared.shape[1]
    _check_count(energies, count + 1, f"{count + 1} energies, for 0 to {count} vacant common neighbours")
    weights = np.zeros(bonds.near.shape, dtype=np.int32)
    np.put_along_axis(weights, shared, 1, axis=1)
    return Gates(VACANT, weights, energies[:, None])


def _tetrahedra(energies: np.ndarray, bonds: Bonds) -> Gates:
    """Count metals in base 3, one digit per tetrahedron: the index then holds the count of each way."""
    _check_count(energies, 3, "3 energies, for 0, 1 and 2 metals")
    corners = bonds.tetrahedra()
    ways = corners.shape[1]
    if ways == 0:
        raise AtomisticError(
            "Tetrahedral gates need a lattice with tetrahedra of nearest neighbours",
            key="lattice",
            value=bonds.lattice.name,
            allowed="fcc, hcp",
        )
    weights = np.zeros(bonds.near.shape, dtype=np.int32)
    rows = np.arange(len(weights))
    for way, corner in np.ndindex(corners.shape[1:]):
        np.add.at(weights, (rows, corners[:, way, corner]), 3**way)
    index = np.arange(3**ways)
    digits = np.stack([index // 3**way % 3 for way in range(ways)], axis=1)
    return Gates(BLOCKED, weights, energies[digits])


def _check_count(energies: np.ndarray, needed: int, meaning: str) -> None:
    if len(energies) != needed:
        raise AtomisticError(
            "The number of barriers does not fit the lattice",
            key="barriers.energies",
            value=energies.tolist(),
            allowed=meaning,
        )
