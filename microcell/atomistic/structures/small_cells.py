"""Smallest cells of crystals, where a fit relaxes them again and again."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.build import make_supercell


def primitive_rocksalt(atoms: Atoms) -> Atoms:
    """Return the two atoms of a cubic rocksalt cell."""
    half = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2
    cell = half @ atoms.cell.array
    return _within(atoms, cell)


def root_three_cell(atoms: Atoms) -> Atoms:
    """Return the smallest cell of a layered structure in the root-three order, three formula units.

    Parameters
    ----------
    atoms : ase.Atoms
        As ``layered(..., (3, 3, 1), ordering="ordered")`` builds it. The stacking vector goes from a metal to
        the same kind of metal one layer up, so each layer repeats the one below.
    """
    a, b, c = atoms.cell.array / np.array([[3.0], [3.0], [1.0]])
    up = (2 * a + b + c) / 3
    cell = np.array([a - b, a + 2 * b, up])
    return _within(atoms, cell)


def _within(atoms: Atoms, cell: np.ndarray) -> Atoms:
    """Return the atoms of a structure that lie in another cell at its origin."""
    wide = make_supercell(atoms, 3 * np.eye(3, dtype=int))
    wide.positions -= atoms.cell.array.sum(axis=0)
    shares = wide.positions @ np.linalg.inv(cell)
    inside = np.all((shares > -1e-6) & (shares < 1 - 1e-6), axis=1)
    found: Atoms = wide[inside]
    found.set_cell(cell)
    return found
