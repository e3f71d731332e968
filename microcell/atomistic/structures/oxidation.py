"""Whole charges on ions so that the cell is neutral: which electrons leave first when lithium leaves."""

from __future__ import annotations

from collections import Counter

import numpy as np
from ase import Atoms

from ...errors import AtomisticError
from .lattices import DATA, read_data

ARRAY = "oxidation_states"
"""Name of the array of an `ase.Atoms` that holds the oxidation states."""

SPECIES = "species"
"""Name of the array that tells a potential the species of every ion, such as "Ni2+"."""


def assign_oxidation_states(
    atoms: Atoms, *, seed: int | np.random.Generator = 0, mean: bool = False
) -> np.ndarray:
    """Give every ion an oxidation state so that the cell is neutral.

    Lithium, oxygen and closed-shell metals are fixed. The others start at their lowest state and give up
    electrons in the order of the data file ``oxidation.toml`` (Mn 3/4, Ni 2/3, Ni 3/4, Co 3/4; Shaju et al.,
    Electrochim. Acta 48, 145 (2002)) until the cell is neutral. Which ions of an element are oxidized in an
    unfinished step is drawn at random.

    Parameters
    ----------
    atoms : ase.Atoms
        Gets the array ``"oxidation_states"`` and the same numbers as initial charges.
    seed : int or numpy.random.Generator
        Chooses the ions of an unfinished step.
    mean : bool
        Whether all ions of an element get its mean state in place of whole charges: a cell without an order
        of charges, for molecular dynamics of delithiated oxides.

    Returns
    -------
    numpy.ndarray
        Oxidation states (atoms,).

    Raises
    ------
    AtomisticError
        If an element has no states in the data file, or no states make the cell neutral.
    """
    data = read_data("oxidation.toml")
    symbols = np.array(atoms.get_chemical_symbols())
    _require_known(symbols)
    states = np.zeros(len(atoms))
    for symbol, charge in data["fixed"].items():
        if isinstance(charge, int):
            states[symbols == symbol] = charge
    for symbol, allowed in data["states"].items():
        states[symbols == symbol] = allowed[0]
    _oxidize(states, symbols, np.random.default_rng(seed))
    if mean:
        for symbol in data["states"]:
            if np.any(symbols == symbol):
                states[symbols == symbol] = states[symbols == symbol].mean()
    set_oxidation_states(atoms, states)
    return states


def _require_known(symbols: np.ndarray) -> None:
    data = read_data("oxidation.toml")
    known = {s for s, q in data["fixed"].items() if isinstance(q, int)} | set(data["states"])
    unknown = sorted(set(symbols) - known)
    if unknown:
        raise AtomisticError(
            f"The oxidation states of {unknown[0]} are not known",
            file=DATA / "oxidation.toml",
            key=unknown[0],
            allowed=", ".join(sorted(known)),
        )


def _oxidize(states: np.ndarray, symbols: np.ndarray, rng: np.random.Generator) -> None:
    """Take electrons along the steps of the data file until the sum is zero."""
    missing = -round(float(states.sum()))
    for symbol, low, high in read_data("oxidation.toml")["order"]["steps"]:
        if missing <= 0:
            break
        ions = np.flatnonzero((symbols == symbol) & (states == low))
        chosen = rng.permutation(ions)[:missing]
        states[chosen] = high
        missing -= len(chosen)
    if missing != 0:
        direction = "higher than" if missing > 0 else "lower than"
        raise AtomisticError(
            f"No oxidation states make this cell neutral: the metals would have to be {direction} allowed",
            key="composition and lithiation",
            value=" ".join(f"{s}{n}" for s, n in Counter(symbols.tolist()).items()),
            allowed=str(read_data("oxidation.toml")["states"]),
            fix=f"{abs(missing)} charges are left over: change the lithium content or the metals",
        )


def set_oxidation_states(atoms: Atoms, states: np.ndarray) -> None:
    """Store oxidation states (atoms,), also as initial charges and, where they are whole, as species."""
    atoms.set_array(ARRAY, np.asarray(states, dtype=np.float64))
    atoms.set_initial_charges(states)
    labels = species_labels(atoms)
    whole = all(label[-1] in "+-" for label in labels)
    atoms.set_array(SPECIES, np.array(labels, dtype="<U8") if whole else None)


def net_charge(atoms: Atoms) -> float:
    """Return the sum of the oxidation states of a structure."""
    return float(atoms.get_array(ARRAY).sum())


def species_labels(atoms: Atoms) -> list[str]:
    """Return labels such as "Ni2+" or "O2-" by atom; symbols alone where states are no whole numbers."""
    labels = []
    for symbol, state in zip(atoms.get_chemical_symbols(), atoms.get_array(ARRAY), strict=True):
        whole = round(state)
        text = f"{abs(whole) if abs(whole) != 1 else ''}{'+' if whole > 0 else '-'}"
        labels.append(f"{symbol}{text}" if abs(state - whole) < 1e-9 and whole else symbol)
    return labels
