"""Order of cations on the sites of a lattice: the root-three order, and the lowest electrostatic energy."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list
from scipy.special import erfc

from ...errors import AtomisticError
from .oxidation import set_oxidation_states

SWEEPS = 40
"""Attempted swaps per ion while the temperature falls."""

CUTOFF = 8.0
"""Of the direct part of the electrostatic sum [angstrom]."""


def root_three_order(host: Atoms, sites: np.ndarray, size: tuple[int, int, int]) -> np.ndarray:
    """Return the sublattice (0, 1, 2) of each metal site in the root-three by root-three order.

    The triangular lattice of each layer splits into three with no neighbours of the same kind:
    (i + j) modulo 3 for the site i a + j b, since the six neighbours differ by a, b, a + b and their
    negatives.

    Parameters
    ----------
    host : ase.Atoms
        Layered structure with axes a and b at 120 degrees.
    sites : numpy.ndarray
        Indices of the metal sites (sites,).
    size : (int, int, int)
        Repeats; the first two are multiples of three.
    """
    shares = host.get_scaled_positions(wrap=False)[sites, :2] * np.array(size[:2])
    # layers are shifted by thirds of the cell: 2/3, 1/3 and 1/3, 2/3 go to whole sites by rounding down
    return np.floor(shares + 1e-6).astype(int).sum(axis=1) % 3


def order_by_electrostatics(
    atoms: Atoms,
    *,
    seed: int | np.random.Generator = 0,
    sweeps: int = SWEEPS,
    keep_metals: bool = False,
    lithium_layer: bool = False,
) -> Atoms:
    """Swap metals, and the charges of one metal, until the electrostatic energy of point charges is low.

    Metropolis swaps with a temperature that falls from the scale of the swaps to nothing, then the best state
    is polished until no swap of two ions lowers it. The energy is that of the oxidation states as point
    charges, with the sites fixed; it is quadratic in the charges, so a swap costs one row of the matrix.

    Parameters
    ----------
    atoms : ase.Atoms
        With oxidation states.
    seed : int or numpy.random.Generator
        Seed of the swaps.
    sweeps : int
        Attempted swaps per ion.
    keep_metals : bool
        Whether metals stay where they are and only the charges of one metal move.
    lithium_layer : bool
        Whether lithium takes part, as on the single cation lattice of a rocksalt.

    Returns
    -------
    ase.Atoms
        A copy with the new order; sites are the same.
    """
    rng = np.random.default_rng(seed)
    symbols = np.array(atoms.get_chemical_symbols())
    charges = atoms.get_initial_charges().astype(np.float64)
    movable = charges > 0
    if not lithium_layer:
        movable &= symbols != "Li"
    groups = symbols if keep_metals else np.where(movable, "metal", "")
    order = np.arange(len(atoms))
    matrix = electrostatic_matrix(atoms)
    for group in sorted(set(groups[movable])):
        members = np.flatnonzero(movable & (groups == group))
        if len(set(charges[members])) > 1:
            _anneal(matrix, charges, order, members, rng, sweeps)
    ordered = atoms.copy()
    ordered.set_chemical_symbols(symbols[order].tolist())
    set_oxidation_states(ordered, atoms.get_initial_charges()[order])
    return ordered


def electrostatic_energy(atoms: Atoms) -> float:
    """Return the energy of the oxidation states as point charges [eV]."""
    charges = atoms.get_initial_charges()
    return float(0.5 * charges @ electrostatic_matrix(atoms) @ charges)


def electrostatic_matrix(atoms: Atoms, accuracy: float = 1e-5) -> np.ndarray:
    """Return the matrix M of the electrostatic energy ``q M q/2`` of charges on the sites.

    The Ewald sum is quadratic in the charges; row i is the potential of a unit charge at site i, with its
    periodic images, at all sites.

    Parameters
    ----------
    atoms : ase.Atoms
        Sites and cell.
    accuracy : float
        Force error of the sum [eV/angstrom].

    Returns
    -------
    numpy.ndarray
        M (sites, sites) [eV], for neutral sets of charges.
    """
    from ..potential.ewald import COULOMB, choose_alpha, choose_wave_cutoff, choose_waves

    charges, cell, volume = atoms.get_initial_charges(), np.asarray(atoms.cell), atoms.get_volume()
    alpha = choose_alpha(charges, volume, CUTOFF, accuracy)
    waves = choose_waves(cell, alpha, choose_wave_cutoff(charges, volume, alpha, accuracy))
    i, j, r = neighbor_list("ijd", atoms, CUTOFF)
    matrix = np.zeros((len(atoms), len(atoms)))
    np.add.at(matrix, (i, j), erfc(alpha * r) / r)
    matrix[np.diag_indices_from(matrix)] -= 2.0 * alpha / np.sqrt(np.pi)
    half = np.array(waves.weight.shape) // np.array([1, 2, 2]) - np.array([1, 0, 0])
    orders = np.argwhere(waves.weight > 0) - np.array([0, half[1], half[2]])
    G = 2.0 * np.pi * orders @ np.linalg.inv(cell).T
    squared = (G**2).sum(axis=1)
    green = waves.weight[waves.weight > 0] * np.exp(-squared / (4.0 * alpha**2)) / squared
    phase = np.exp(1j * atoms.positions @ G.T) * np.sqrt(green)
    return COULOMB * (matrix + 4.0 * np.pi / volume * (phase @ phase.conj().T).real)


def _anneal(
    matrix: np.ndarray,
    charges: np.ndarray,
    order: np.ndarray,
    members: np.ndarray,
    rng: np.random.Generator,
    sweeps: int,
) -> None:
    """Permute ``charges`` and ``order`` on ``members`` in place."""
    potential = matrix @ charges
    energy, best, kept = 0.0, 0.0, (charges.copy(), order.copy())
    attempts = sweeps * len(members)
    pairs = rng.choice(members, (attempts, 2))
    scale = _scale(matrix, charges, potential, pairs[: len(members)])
    temperatures = scale * np.linspace(1.0, 0.0, attempts, endpoint=False) ** 2
    for (i, j), kT, draw in zip(pairs, temperatures, rng.random(attempts), strict=True):
        change = _swap_energy(matrix, charges, potential, i, j)
        if charges[i] != charges[j] and (change <= 0 or draw < np.exp(-change / max(kT, 1e-12))):
            _swap(matrix, charges, potential, order, i, j)
            energy += change
            if energy < best - 1e-9:
                best, kept = energy, (charges.copy(), order.copy())
    charges[:], order[:] = kept
    _polish(matrix, charges, order, members)


def _scale(matrix: np.ndarray, charges: np.ndarray, potential: np.ndarray, pairs: np.ndarray) -> float:
    """Return the typical size of a swap energy [eV]."""
    changes = [abs(_swap_energy(matrix, charges, potential, i, j)) for i, j in pairs]
    return float(np.mean(changes)) + 1e-12


def _swap_energy(matrix: np.ndarray, charges: np.ndarray, potential: np.ndarray, i: int, j: int) -> float:
    """Return the energy of exchanging the charges of two sites [eV]."""
    d = charges[j] - charges[i]
    curvature = 0.5 * (matrix[i, i] + matrix[j, j]) - matrix[i, j]
    return float(d * (potential[i] - potential[j]) + d * d * curvature)


def _swap(
    matrix: np.ndarray, charges: np.ndarray, potential: np.ndarray, order: np.ndarray, i: int, j: int
) -> None:
    potential += (charges[j] - charges[i]) * (matrix[:, i] - matrix[:, j])
    charges[[i, j]], order[[i, j]] = charges[[j, i]], order[[j, i]]


def _polish(matrix: np.ndarray, charges: np.ndarray, order: np.ndarray, members: np.ndarray) -> None:
    """Do the best swap of all until none lowers the energy."""
    potential = matrix @ charges
    block = matrix[np.ix_(members, members)]
    diagonal = np.diag(block)
    curvature = 0.5 * (diagonal[:, None] + diagonal[None, :]) - block
    for _ in range(10 * len(members)):
        q, v = charges[members], potential[members]
        d = q[None, :] - q[:, None]
        changes = d * (v[:, None] - v[None, :]) + d * d * curvature
        i, j = np.unravel_index(np.argmin(changes), changes.shape)
        if changes[i, j] > -1e-9:
            return
        _swap(matrix, charges, potential, order, int(members[i]), int(members[j]))
    raise AtomisticError("The order of cations did not settle", fix="allow more sweeps")
