"""Supercells of layered oxides LixMO2 (R-3m, stacking O3) at any composition and lithiation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from ase import Atoms
from ase.spacegroup import crystal

from ...errors import AtomisticError
from .composition import Composition
from .lattices import LayeredLattice
from .ordering import order_by_electrostatics, root_three_order
from .oxidation import assign_oxidation_states

ORDERINGS = ("random", "ordered")


def layered(
    composition: str | Mapping[str, float] | Composition,
    size: tuple[int, int, int] = (4, 4, 1),
    *,
    lithiation: float = 1.0,
    ordering: str = "random",
    seed: int = 0,
    lattice: str | LayeredLattice | None = None,
    mean_charges: bool = False,
) -> Atoms:
    """Build a supercell of a layered oxide.

    Parameters
    ----------
    composition : str or mapping
        "NMC811", "LiCoO2" or shares of the metals such as ``{"Ni": 0.8, "Mn": 0.1, "Co": 0.1}``. Each metal
        gets its share of the sites within one atom.
    size : (int, int, int)
        Repeats along a, b, c of the hexagonal cell, which holds three layers and three formula units.
    lithiation : float
        x of LixMO2 in (0, 1]; vacancies as the ordering says, their number rounded.
    ordering : str
        "random": metals, vacancies and charges are drawn with the seed. "ordered": the root-three order of
        three metals with equal shares where the size allows it (Koyama et al., J. Power Sources 119-121, 644
        (2003), recalled), everything else by swaps that lower the electrostatic energy.
    seed : int
        Seed of everything that is drawn.
    lattice : str or LayeredLattice, optional
        Name in the data file, or a lattice; where None, that of the data file with the nearest composition.
    mean_charges : bool
        Whether all ions of an element carry its mean oxidation state in place of whole charges.

    Returns
    -------
    ase.Atoms
        Neutral, lithium first, then the metals in the order given, then oxygen; oxidation states in the array
        "oxidation_states"; ``info`` holds composition, lithiation reached, ordering, seed and lattice.

    Raises
    ------
    AtomisticError
        If a composition, lithiation or size is impossible.

    Examples
    --------
    >>> layered("NMC111", (3, 3, 1)).get_chemical_formula()
    'Co9Li27Mn9Ni9O54'
    """
    shares = Composition.of(composition)
    _check(size, ordering)
    chosen = LayeredLattice.named(lattice) if isinstance(lattice, str) else lattice
    chosen = chosen or LayeredLattice.nearest(shares.as_dict())
    rng = np.random.default_rng(seed)
    host = _host(chosen, size)
    symbols, exact = _place_metals(host, shares, ordering, size, rng)
    host.set_chemical_symbols(symbols)
    atoms, reached = _remove_lithium(host, lithiation, rng)
    assign_oxidation_states(atoms, seed=rng, mean=mean_charges)
    if ordering == "ordered":
        atoms = order_by_electrostatics(atoms, seed=rng, keep_metals=exact)
    atoms.info = {
        "composition": shares.name,
        "lithiation": reached,
        "ordering": ordering,
        "seed": seed,
        "lattice": chosen.name or f"a {chosen.a:g} c {chosen.c:g} z {chosen.z:g}",
    }
    return _sorted(atoms, [m for m, _ in shares.fractions])


def _check(size: tuple[int, int, int], ordering: str) -> None:
    if len(size) != 3 or any(int(n) != n or n < 1 for n in size):
        raise AtomisticError(
            "The size of a supercell is three whole numbers", key="size", value=size, allowed="1 or more each"
        )
    if ordering not in ORDERINGS:
        raise AtomisticError(
            "This ordering is not known", key="ordering", value=ordering, allowed=", ".join(ORDERINGS)
        )


def _host(lattice: LayeredLattice, size: tuple[int, int, int]) -> Atoms:
    """Return LiXO2 with a placeholder X on the metal sites."""
    cell = crystal(
        ["Li", "X", "O"],
        [(0, 0, 0.5), (0, 0, 0), (0, 0, lattice.z)],
        spacegroup=166,
        cellpar=[lattice.a, lattice.a, lattice.c, 90, 90, 120],
    )
    atoms: Atoms = Atoms(cell).repeat(tuple(int(n) for n in size))
    for name in set(atoms.arrays) - {"numbers", "positions"}:
        del atoms.arrays[name]
    return atoms


def _place_metals(
    host: Atoms, shares: Composition, ordering: str, size: tuple[int, int, int], rng: np.random.Generator
) -> tuple[list[str], bool]:
    """Return the symbols with metals in place, and whether they stand in the root-three order."""
    symbols = np.array(host.get_chemical_symbols())
    sites = np.flatnonzero(symbols == "X")
    counts = shares.counts(len(sites))
    metals = np.repeat(list(counts), list(counts.values()))
    equal = len(counts) == 3 and len(set(counts.values())) == 1
    exact = ordering == "ordered" and (len(counts) == 1 or (equal and size[0] % 3 == size[1] % 3 == 0))
    if exact and len(counts) == 3:
        symbols[sites] = np.array(list(counts))[root_three_order(host, sites, size)]
    else:
        symbols[sites] = rng.permutation(metals)
    return symbols.tolist(), exact


def _remove_lithium(host: Atoms, lithiation: float, rng: np.random.Generator) -> tuple[Atoms, float]:
    """Return the structure without the lithium that is missing, and the lithiation reached."""
    lithium = np.flatnonzero(np.array(host.get_chemical_symbols()) == "Li")
    count = len(lithium)
    if not 0.0 < lithiation <= 1.0:
        raise AtomisticError(
            "The lithiation is out of range", key="lithiation", value=lithiation, allowed="0 < x <= 1"
        )
    vacancies = round((1.0 - lithiation) * count)
    if vacancies == count or (vacancies == 0 and lithiation < 1.0):
        raise AtomisticError(
            "The supercell is too small for this lithiation",
            key="lithiation",
            value=lithiation,
            allowed=f"multiples of 1/{count} above 0",
            fix="repeat the cell more often",
        )
    gone = rng.permutation(lithium)[:vacancies]
    atoms = host.copy()
    del atoms[gone.tolist()]
    return atoms, 1.0 - vacancies / count


def _sorted(atoms: Atoms, metals: list[str]) -> Atoms:
    """Order atoms as Li, metals, O, each as they come."""
    rank = {symbol: n for n, symbol in enumerate(["Li", *metals, "O"])}
    order = np.argsort([rank[s] for s in atoms.get_chemical_symbols()], kind="stable")
    return atoms[order.tolist()]
