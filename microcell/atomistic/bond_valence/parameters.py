"""Parameters of bond-valence site energies: pairs with an anion, and ions, from the data files."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ase.units import Bohr, Hartree

from ...errors import AtomisticError, did_you_mean
from ..packaged import read_packaged

COULOMB = Hartree * Bohr
"""e^2 / (4 pi eps0) [eV Angstrom]."""


@dataclass(frozen=True)
class Ion:
    """An ion as the softBV data base describes it.

    Attributes
    ----------
    element : str
        Chemical symbol.
    charge : int
        Oxidation state.
    n : int
        Principal quantum number of the valence shell.
    radius : float
        Radius in the screening of the repulsion [Angstrom].
    softness : float
        Absolute softness [1/eV].
    """

    element: str
    charge: int
    n: int
    radius: float
    softness: float

    @property
    def name(self) -> str:
        """Element and charge, as in "Li+1"."""
        return f"{self.element}{self.charge:+d}"


@dataclass(frozen=True)
class Morse:
    """The attraction between mobile cation and anion: ``D0 ((exp(alpha (Rmin - r)) - 1)^2 - 1)``.

    Attributes
    ----------
    depth : float
        D0 [eV].
    distance : float
        Rmin [Angstrom].
    alpha : float
        1/b [1/Angstrom].
    r0 : float
        Distance of bond valence 1 [Angstrom].
    """

    depth: float
    distance: float
    alpha: float
    r0: float


def data() -> Mapping[str, Any]:
    """Return the contents of ``softbv.toml``."""
    return read_packaged("microcell.atomistic.bond_valence", "softbv.toml")


@cache
def ions() -> tuple[Ion, ...]:
    """Return all ions of the data file."""
    lines = (files(__package__) / "data" / "ions.csv").read_text("utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    kinds = {"element": str, "charge": int, "n": int, "radius": float, "softness": float}
    return tuple(Ion(**{key: kind(row[key]) for key, kind in kinds.items()}) for row in rows)


def find_ion(element: str, charge: float) -> Ion:
    """Return the ion of an element whose charge has the same sign and is nearest.

    Parameters
    ----------
    element : str
        Chemical symbol.
    charge : float
        Mean oxidation state; need not be an integer, as for the metal of a half charged cathode.

    Raises
    ------
    AtomisticError
        If the table has no ion of this element with a charge of this sign within one.
    """
    same = [ion for ion in ions() if ion.element == element and ion.charge * charge > 0]
    best = min(same, key=lambda ion: abs(ion.charge - charge), default=None)
    if best is None or abs(best.charge - charge) > 1.0:
        states = [ion.name for ion in ions() if ion.element == element]
        raise AtomisticError(
            "There are no bond-valence parameters for this ion",
            key=element,
            value=f"oxidation state {charge:+g}",
            allowed=", ".join(states) or did_you_mean(element, sorted({ion.element for ion in ions()})),
            fix="give the oxidation states of all elements, as in {'Li': 1, 'Co': 3, 'O': -2}",
        )
    return best


def find_morse(cation: Ion, anion: Ion) -> Morse:
    """Return the Morse attraction of a pair.

    ``Rmin = R0 (0.9185 + 0.2285 |s_A - s_X|) - b ln(V_A / N)`` and, for cations of the s and p blocks,
    ``D0 = k e^2 V_A V_X b^2 / (2 Rmin sqrt(n_A n_X))`` [1]_; V are charges, N the mean coordination number,
    s softnesses and n principal quantum numbers.

    Raises
    ------
    AtomisticError
        If the data file does not hold the pair.

    References
    ----------
    .. [1] S. Adams and R. Prasada Rao, Phys. Status Solidi A 208, 1746 (2011).
    """
    pairs, model = data()["pair"], data()["model"]
    pair = pairs.get(f"{cation.name} {anion.name}")
    if pair is None:
        raise AtomisticError(
            "There are no bond-valence parameters for this pair of a mobile ion and an anion",
            value=f"{cation.name} {anion.name}",
            allowed=", ".join(pairs),
        )
    r0, b = pair["r0"], pair["b"]
    stretch = model["slope0"] + model["slope1"] * abs(cation.softness - anion.softness)
    distance = r0 * stretch - b * math.log(cation.charge / pair["coordination"])
    charges = abs(cation.charge * anion.charge)
    depth = COULOMB * charges * b * b / (2.0 * distance * math.sqrt(cation.n * anion.n))
    return Morse(depth, distance, 1.0 / b, r0)
