"""Anti-site defects: a lithium ion and a metal ion that have changed places."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from ...errors import AtomisticError
from .oxidation import ARRAY


def swap(atoms: Atoms, first: int, second: int) -> Atoms:
    """Return a copy in which two ions have changed places, charges and all.

    Parameters
    ----------
    atoms : ase.Atoms
        Any structure; sites keep their numbers, so constraints and orders stay meaningful.
    first, second : int
        Numbers of the atoms.
    """
    swapped = atoms.copy()
    pair, other = [first, second], [second, first]
    for name, values in atoms.arrays.items():
        if name != "positions":
            swapped.arrays[name][pair] = values[other]
    return swapped


def antisite_pairs(
    atoms: Atoms, metal: str = "Ni", *, charge: float | None = None, separation: float = 0.0
) -> np.ndarray:
    """List pairs of lithium and metal that may change places, the closest first.

    Parameters
    ----------
    atoms : ase.Atoms
        With lithium and the metal.
    metal : str
        Symbol.
    charge : float, optional
        Only ions of this oxidation state, such as 2.
    separation : float
        Least distance [angstrom]: the two halves of the defect attract each other when they are near.

    Returns
    -------
    numpy.ndarray
        Atom numbers of lithium and metal (pairs, 2).

    Raises
    ------
    AtomisticError
        If there is no such pair.
    """
    symbols = np.array(atoms.get_chemical_symbols())
    lithium = np.flatnonzero(symbols == "Li")
    chosen = symbols == metal
    if charge is not None:
        chosen &= np.abs(atoms.get_array(ARRAY) - charge) < 1e-6
    others = np.flatnonzero(chosen)
    if not len(lithium) or not len(others):
        raise AtomisticError(
            "There are no two ions to change places",
            key="metal",
            value=f"Li and {metal}{'' if charge is None else f' of charge {charge:g}'}",
            allowed=", ".join(sorted(set(symbols))),
            fix="choose a metal of the structure that has this oxidation state",
        )
    distances = atoms.get_all_distances(mic=True)[np.ix_(lithium, others)]
    order = np.argsort(np.round(distances, 6), axis=None, kind="stable")
    i, j = np.unravel_index(order, distances.shape)
    far = distances[i, j] >= separation
    if not far.any():
        raise AtomisticError(
            "No pair is so far apart in this cell",
            key="separation",
            value=separation,
            allowed=f"up to {distances.max():.2f} angstrom",
            fix="choose a smaller separation or a larger supercell",
        )
    return np.stack([lithium[i], others[j]], axis=1)[far]


def with_antisites(atoms: Atoms, fraction: float, metal: str = "Ni", *, seed: int = 0) -> Atoms:
    """Exchange lithium and a metal at random until a share of the lithium sites holds the metal.

    Parameters
    ----------
    atoms : ase.Atoms
        Layered structure without anti-sites.
    fraction : float
        Share of the lithium ions that are exchanged, in [0, 1).
    metal : str
        Symbol.
    seed : int
        Seed of the draw.

    Raises
    ------
    AtomisticError
        If the share is out of range or there is not enough of the metal.
    """
    symbols = np.array(atoms.get_chemical_symbols())
    lithium, others = np.flatnonzero(symbols == "Li"), np.flatnonzero(symbols == metal)
    count = round(fraction * len(lithium)) if 0 <= fraction < 1 else -1
    if not 0 <= count <= len(others):
        raise AtomisticError(
            "So many anti-sites do not fit",
            key="fraction",
            value=fraction,
            allowed=f"0 to {min(0.99, len(others) / max(1, len(lithium))):.3g} with {len(others)} {metal}",
        )
    rng = np.random.default_rng(seed)
    for i, j in zip(rng.permutation(lithium)[:count], rng.permutation(others)[:count], strict=True):
        atoms = swap(atoms, int(i), int(j))
    return atoms.copy()
