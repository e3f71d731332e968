"""Oxidation states of a structure: given, or found from neutrality."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from ase import Atoms

from ...errors import AtomisticError
from .parameters import data

TOLERANCE = 1e-6
"""Largest charge per atom of a structure that counts as neutral."""


def assign_charges(atoms: Atoms, given: Mapping[str, float] | None = None) -> np.ndarray:
    """Return the oxidation state of every atom.

    Parameters
    ----------
    atoms : ase.Atoms
        Structure.
    given : mapping of str to float, optional
        Oxidation state per element. What is left out is taken from the data file; one element
        more, such as the transition metal, follows from neutrality, as a mean where it is not an integer.

    Returns
    -------
    ndarray, shape (atoms,)
        Charges [e]; their sum is zero.

    Raises
    ------
    AtomisticError
        If more than one element is left open, or the structure is not neutral.
    """
    symbols = np.array(atoms.get_chemical_symbols())
    states: dict[str, float] = {**data()["charges"]["states"], **(given or {})}
    present = dict(zip(*np.unique(symbols, return_counts=True), strict=True))
    absent = sorted(set(given or {}) - set(present))
    if absent:
        raise AtomisticError(
            "An oxidation state is given for an element that is not there",
            value=", ".join(absent),
            allowed=", ".join(present),
        )
    missing = [str(symbol) for symbol in present if symbol not in states]
    if len(missing) > 1:
        raise AtomisticError(
            "The oxidation states of several elements are unknown",
            value=", ".join(missing),
            fix="give all but one of them, as in {'Ni': 2}",
        )
    if missing:
        rest = sum(states[symbol] * count for symbol, count in present.items() if symbol not in missing)
        states[missing[0]] = -rest / present[missing[0]]
    charges = np.array([states[symbol] for symbol in symbols], dtype=np.float64)
    if abs(charges.sum()) > TOLERANCE * len(atoms):
        raise AtomisticError(
            "The structure is not neutral with these oxidation states",
            value=f"{charges.sum():+g} e in {atoms.get_chemical_formula()} with "
            + ", ".join(f"{symbol}{states[symbol]:+g}" for symbol in present),
            fix="give other oxidation states, or leave out the one of the transition metal",
        )
    return charges
