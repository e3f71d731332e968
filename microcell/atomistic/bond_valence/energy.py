"""The energy landscape that a mobile cation sees in the rigid rest of a structure.

The bond-valence site energy [1]_ at a point is a sum over the anions X and the cations B of the structure,
the mobile ones left out::

    E = sum_X w D0 ((exp(alpha (Rmin - r)) - 1)^2 - 1)
      + sum_B k e^2 V_A V_B erfc(r / (f (R_A + R_B))) / (r sqrt(n_A n_B))

w is the share of a contact that the mobile ion counts: one half, as in BVlain, where the other half belongs
to the anion; 1 in the first paper and in FullProf. Both terms are shifted to zero at the cutoff. The host
does not relax and mobile ions do not see each other, so that barriers are those of a lone ion in a frozen
host: good for comparing paths, good to a few tenths of an eV in absolute terms.

References
----------
.. [1] S. Adams and R. Prasada Rao, Phys. Status Solidi A 208, 1746 (2011).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from scipy.spatial import cKDTree
from scipy.special import erfc

from ...errors import AtomisticError
from .charges import assign_charges
from .parameters import COULOMB, Ion, Morse, data, find_ion, find_morse

CUTOFF = 10.0
"""Range of the sums [Angstrom]; both terms are below 1e-5 eV per ion there."""

CLOSEST = 0.1
"""Distances below this [Angstrom] count as this: no ion is ever there, and the repulsion stays finite."""

CHUNK = 4096
LARGEST_GRID = 20_000_000


@dataclass(frozen=True)
class Term:
    """The interaction of the mobile ion with one kind of ion.

    Attributes
    ----------
    places : ndarray, shape (ions, 3)
        Positions [Angstrom], with all periodic images in reach.
    energy : callable
        Energy [eV] at distances [Angstrom], before the shift at the cutoff.
    """

    places: np.ndarray
    energy: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Host:
    """A structure without its mobile ions, ready to be probed by one.

    Attributes
    ----------
    atoms : ase.Atoms
        The whole structure, mobile ions included.
    mobile : Ion
        The probe.
    charges : dict of str to float
        Oxidation state of every element.
    morse_share : float
        Share of the attraction that counts.
    terms : tuple of Term
        One per kind of ion.
    """

    atoms: Atoms
    mobile: Ion
    charges: dict[str, float]
    morse_share: float
    terms: tuple[Term, ...]

    def energy(self, points: np.ndarray) -> np.ndarray:
        """Return the site energy [eV] at Cartesian points, shape (points, 3) [Angstrom] inside the cell."""
        total = np.zeros(len(points))
        for term in self.terms:
            images = cKDTree(term.places)
            shift = float(term.energy(np.array([CUTOFF]))[0])
            for start in range(0, len(points), CHUNK):
                part = points[start : start + CHUNK]
                pairs = cKDTree(part).sparse_distance_matrix(images, CUTOFF, output_type="ndarray")
                values = term.energy(np.maximum(pairs["v"], CLOSEST)) - shift
                total[start : start + CHUNK] += np.bincount(pairs["i"], values, minlength=len(part))
        return total


@dataclass(frozen=True)
class Landscape:
    """Site energies on a periodic grid.

    Attributes
    ----------
    host : Host
        What was probed.
    energy : ndarray, shape (na, nb, nc)
        Energy [eV] at the fractional coordinates (i/na, j/nb, k/nc).
    """

    host: Host
    energy: np.ndarray

    @property
    def spacing(self) -> np.ndarray:
        """Distance of grid points along a, b and c [Angstrom]."""
        return np.asarray(self.host.atoms.cell.lengths() / np.array(self.energy.shape))


def make_host(
    atoms: Atoms,
    mobile: str = "Li",
    charges: Mapping[str, float] | None = None,
    morse_share: float | None = None,
) -> Host:
    """Take the mobile ions out of a structure.

    Parameters
    ----------
    atoms : ase.Atoms
        Structure, periodic in all directions, with the mobile ions in it.
    mobile : str
        Element that moves.
    charges : mapping of str to float, optional
        Oxidation states, see `assign_charges`.
    morse_share : float, optional
        Share of the Morse energy that counts; that of the data file (0.5) where left out.

    Raises
    ------
    AtomisticError
        If there are no mobile ions, a position is not finite, the structure is not periodic, or parameters
        are missing.
    """
    _check(atoms, mobile)
    states = assign_charges(atoms, charges)
    symbols = np.array(atoms.get_chemical_symbols())
    of_element = {str(s): float(states[symbols == s][0]) for s in np.unique(symbols)}
    probe = find_ion(mobile, of_element[mobile])
    share = data()["model"]["morse_share"] if morse_share is None else morse_share
    terms = []
    for element, charge in of_element.items():
        if element == mobile or charge == 0.0:
            continue
        ion = find_ion(element, charge)
        law = _attraction(find_morse(probe, ion), share) if charge < 0 else _repulsion(probe, ion, charge)
        terms.append(Term(_images(atoms, symbols == element), law))
    if not any(charge < 0 for charge in of_element.values()):
        raise AtomisticError("The structure has no anions", value=atoms.get_chemical_formula())
    return Host(atoms.copy(), probe, of_element, share, tuple(terms))


def _check(atoms: Atoms, mobile: str) -> None:
    formula = atoms.get_chemical_formula()
    if mobile not in atoms.get_chemical_symbols():
        raise AtomisticError(
            f"The structure holds no {mobile}",
            value=formula,
            fix="give a structure with its mobile ions, or name another mobile element",
        )
    if not (np.isfinite(atoms.positions).all() and np.isfinite(atoms.cell.array).all()):
        raise AtomisticError("A position or the cell is not finite", value=formula, fix="check the file")
    if not atoms.pbc.all() or atoms.cell.rank < 3:
        raise AtomisticError(
            "The structure is not periodic in three directions", value=f"pbc {atoms.pbc}", fix="set its cell"
        )


def _attraction(morse: Morse, share: float) -> Callable[[np.ndarray], np.ndarray]:
    def energy(r: np.ndarray) -> np.ndarray:
        return np.asarray(
            share * morse.depth * ((np.exp(morse.alpha * (morse.distance - r)) - 1.0) ** 2 - 1.0)
        )

    return energy


def _repulsion(probe: Ion, ion: Ion, charge: float) -> Callable[[np.ndarray], np.ndarray]:
    strength = COULOMB * probe.charge * charge / np.sqrt(probe.n * ion.n)
    length = data()["model"]["screening"] * (probe.radius + ion.radius)

    def energy(r: np.ndarray) -> np.ndarray:
        return np.asarray(strength * erfc(r / length) / r)

    return energy


def _images(atoms: Atoms, chosen: np.ndarray) -> np.ndarray:
    """Return the positions of the chosen ions with all images within the cutoff of the cell."""
    cell = atoms.cell.array
    heights = 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    reach = np.ceil(CUTOFF / heights).astype(int)
    ranges = [np.arange(-n - 1, n + 2) for n in reach]
    shifts = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    scaled = (atoms.get_scaled_positions()[chosen] + shifts).reshape(-1, 3)
    near = np.all((scaled > -CUTOFF / heights) & (scaled < 1.0 + CUTOFF / heights), axis=1)
    return np.asarray(scaled[near] @ cell)


def map_energy(host: Host, spacing: float = 0.2) -> Landscape:
    """Compute the site energy on a grid.

    Parameters
    ----------
    host : Host
        From `make_host`.
    spacing : float
        Largest distance of grid points along a, b, c [Angstrom].

    Raises
    ------
    AtomisticError
        If the spacing is out of range, or the grid would be too large for memory.
    """
    if not 0.02 <= spacing <= 1.0:
        raise AtomisticError(
            "The grid spacing is out of range", key="spacing", value=spacing, allowed="0.02 to 1 Angstrom"
        )
    shape = np.ceil(host.atoms.cell.lengths() / spacing).astype(int)
    if shape.prod() > LARGEST_GRID:
        raise AtomisticError(
            "The grid has too many points", value=int(shape.prod()), allowed=f"up to {LARGEST_GRID}",
            fix="use a larger spacing, or the primitive cell",
        )  # fmt: skip
    energy = np.empty(shape)
    axes = [np.arange(n) / n for n in shape]
    for i, a in enumerate(axes[0]):
        b, c = np.meshgrid(axes[1], axes[2], indexing="ij")
        scaled = np.stack([np.full(b.shape, a), b, c], axis=-1).reshape(-1, 3)
        energy[i] = host.energy(scaled @ host.atoms.cell.array).reshape(b.shape)
    return Landscape(host, energy)


def valence_sums(atoms: Atoms, mobile: str = "Li", charges: Mapping[str, float] | None = None) -> np.ndarray:
    """Return the bond-valence sums ``sum_X exp((R0 - r)/b)`` of the mobile ions where they stand.

    A sum near the charge of the ion says that structure, oxidation states and parameters fit together.

    Returns
    -------
    ndarray, shape (mobile ions,)
        Valence units.
    """
    host = make_host(atoms, mobile, charges)
    symbols = np.array(atoms.get_chemical_symbols())
    total = np.zeros(int(np.count_nonzero(symbols == mobile)))
    places = atoms.get_scaled_positions()[symbols == mobile] @ atoms.cell.array
    for element, charge in host.charges.items():
        if charge < 0:
            morse = find_morse(host.mobile, find_ion(element, charge))
            distances = _distances(places, _images(atoms, symbols == element))
            total += np.exp(morse.alpha * (morse.r0 - distances)).sum(axis=1)
    return total


def _distances(points: np.ndarray, images: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[:, None] - images, axis=-1)
