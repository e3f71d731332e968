"""Rocksalt oxides: binary NiO-type crystals and disordered LixM2-xO2 on one cation lattice."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from ase import Atoms
from ase.build import bulk

from ...errors import AtomisticError
from .composition import Composition
from .lattices import RocksaltLattice
from .ordering import order_by_electrostatics
from .oxidation import assign_oxidation_states, set_oxidation_states


def rocksalt(
    name: str = "NiO", size: tuple[int, int, int] = (1, 1, 1), *, lattice: RocksaltLattice | None = None
) -> Atoms:
    """Build a crystal MO of rocksalt structure from its cubic cell with eight atoms.

    Parameters
    ----------
    name : str
        "NiO", "MgO", "CoO" or "MnO".
    size : (int, int, int)
        Repeats of the cubic cell.
    lattice : RocksaltLattice, optional
        Where None, that of the data file.

    Returns
    -------
    ase.Atoms
        Metal 2+ and oxygen 2-, in the array "oxidation_states".
    """
    chosen = lattice or RocksaltLattice.named(name)
    atoms = bulk(name, "rocksalt", a=chosen.a, cubic=True).repeat(size)
    metal = np.array(atoms.get_chemical_symbols()) != "O"
    set_oxidation_states(atoms, np.where(metal, 2.0, -2.0))
    atoms.info = {"lattice": chosen.name or f"a {chosen.a:g}"}
    return atoms


def disordered_rocksalt(
    composition: str | Mapping[str, float] | Composition,
    size: tuple[int, int, int] = (2, 2, 2),
    *,
    lithium: float = 1.0,
    ordering: str = "random",
    seed: int = 0,
    lattice: RocksaltLattice | None = None,
) -> Atoms:
    """Build LixM2-xO2 with lithium and metals on the cation sites of a rocksalt.

    Parameters
    ----------
    composition : str or mapping
        Shares of the metals among themselves, as for `layered`.
    size : (int, int, int)
        Repeats of the cubic cell with four cation sites.
    lithium : float
        x: lithium per two cation sites, in (0, 2); 1 is LiMO2.
    ordering : str
        "random", or "ordered": the lowest electrostatic energy found by swaps on the whole cation lattice.
    seed : int
        Seed of all that is drawn.
    lattice : RocksaltLattice, optional
        Where None, "LiMO2" of the data file, a starting value.

    Returns
    -------
    ase.Atoms
        Neutral, with oxidation states.

    Raises
    ------
    AtomisticError
        If the numbers are out of range or no oxidation states make the cell neutral.
    """
    if not 0.0 < lithium < 2.0:
        raise AtomisticError(
            "The lithium content is out of range", key="lithium", value=lithium, allowed="0 < x < 2"
        )
    if ordering not in ("random", "ordered"):
        raise AtomisticError(
            "This ordering is not known", key="ordering", value=ordering, allowed="random, ordered"
        )
    shares = Composition.of(composition)
    chosen = lattice or RocksaltLattice.named("LiMO2")
    atoms = bulk("NiO", "rocksalt", a=chosen.a, cubic=True).repeat(size)
    symbols = np.array(atoms.get_chemical_symbols(), dtype="<U2")
    sites = np.flatnonzero(symbols != "O")
    count = round(lithium / 2 * len(sites))
    if not 0 < count < len(sites):
        raise AtomisticError(
            "The supercell is too small for this lithium content",
            key="size",
            value=size,
            fix="repeat the cell more often",
        )
    counts = {"Li": count} | shares.counts(len(sites) - count)
    rng = np.random.default_rng(seed)
    symbols[sites] = rng.permutation(np.repeat(list(counts), list(counts.values())))
    atoms.set_chemical_symbols(symbols.tolist())
    assign_oxidation_states(atoms, seed=rng)
    if ordering == "ordered":
        atoms = order_by_electrostatics(atoms, seed=rng, lithium_layer=True)
    atoms.info = {
        "composition": shares.name,
        "lithium": 2 * count / len(sites),
        "ordering": ordering,
        "seed": seed,
        "lattice": chosen.name or f"a {chosen.a:g}",
    }
    return atoms
