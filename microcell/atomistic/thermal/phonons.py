"""Harmonic lattice dynamics of any ASE calculator by finite displacements, through phonopy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms
from phonopy import Phonopy
from phonopy.harmonic.dynmat_to_fc import get_commensurate_points
from phonopy.structure.atoms import PhonopyAtoms
from scipy.constants import angstrom, atomic_mass

from microcell.errors import AtomisticError

from .modes import Modes, modes_on, refuse_imaginary
from .polar import Polar

Progress = Callable[[int, int], None]
"""Called with the number of done and of all parts of a long computation."""

TRANSLATION_TOLERANCE = 0.05
"""How imaginary [THz] the translations of the whole crystal may come out of rounded forces."""

_ROUNDING = 1e-8  # of a scaled position


@dataclass(frozen=True, eq=False)
class Phonons:
    """Force constants of a crystal at one volume; made by `phonons_of` or `from_force_constants`.

    Attributes
    ----------
    lattice : phonopy.Phonopy
        Cell, supercell, force constants.
    repeats : tuple of int
        Cells per edge of the supercell.
    polar : Polar or None
        The non-analytical term, if any.
    drift : float
        Largest violation of the acoustic sum rule before it was imposed [eV.A-2].
    reach : float
        Largest force constant between atoms half a supercell apart, as a share of the largest of all: what
        the supercell cuts off. Of an ionic crystal it holds the dipole tail, which `polar` carries on.
    """

    lattice: Phonopy
    repeats: tuple[int, int, int]
    polar: Polar | None
    drift: float
    reach: float

    @property
    def atoms(self) -> Atoms:
        """The primitive cell as ASE atoms, with the masses in use."""
        return _atoms(self.lattice.primitive)

    @property
    def volume(self) -> float:
        """Volume of the primitive cell [m3]."""
        return float(self.lattice.primitive.volume) * angstrom**3

    @property
    def masses(self) -> np.ndarray:
        """Masses of the atoms of the cell [kg], shape (atoms,)."""
        return np.asarray(self.lattice.primitive.masses) * atomic_mass

    def modes(self, mesh: Sequence[int]) -> Modes:
        """Return frequencies, velocities and eigenvectors on a mesh of the Brillouin zone.

        The mesh is shifted by half a step along each axis, so that it never meets the zone centre.

        Raises
        ------
        AtomisticError
            If the mesh is empty or a mode on it is imaginary.
        """
        return modes_on(self.lattice, self.masses, self.volume, three_counts(mesh, "mesh"))

    def check_stable(self) -> None:
        """Refuse a crystal that falls apart, at the wave vectors that the supercell resolves exactly.

        Raises
        ------
        AtomisticError
            With the frequency and the wave vector of the worst mode.
        """
        points = get_commensurate_points(np.diag(self.repeats))
        result = self.lattice.run_qpoints(points)
        worst = np.unravel_index(np.argmin(result.frequencies), result.frequencies.shape)
        refuse_imaginary(float(result.frequencies[worst]), points[worst[0]], TRANSLATION_TOLERANCE)


def phonons_of(
    atoms: Atoms,
    calculator: Any,
    *,
    repeats: Sequence[int],
    displacement: float = 0.01,
    polar: Polar | None = None,
    progress: Progress | None = None,
) -> Phonons:
    """Compute the force constants of a crystal by finite displacements.

    Parameters
    ----------
    atoms : ase.Atoms
        Primitive cell at rest; its masses are used. Give a virtual crystal its mean masses.
    calculator : ASE calculator
        Gives the forces.
    repeats : sequence of three int
        Cells per edge of the supercell.
    displacement : float
        Length of a displacement [A].
    polar : Polar, optional
        Born charges and dielectric tensor of the non-analytical term (Gonze & Lee 1997,
        10.1103/PhysRevB.55.10355).
    progress : callable, optional
        Called after every displacement.

    Raises
    ------
    AtomisticError
        If the supercell is too small, the forces are not finite, or the crystal is unstable.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> phonons = phonons_of(bulk("Al"), EMT(), repeats=(3, 3, 3))
    >>> bool(phonons.modes((4, 4, 4)).frequencies.min() > 0)
    True
    """
    lattice = _lattice(atoms, repeats)
    lattice.generate_displacements(distance=displacement)
    cells = lattice.supercells_with_displacements or []
    rest = _forces(lattice.supercell, calculator)
    forces = []
    for number, cell in enumerate(cells, start=1):
        forces.append(_forces(cell, calculator) - rest)
        if progress is not None:
            progress(number, len(cells))
    lattice.forces = np.array(forces)
    lattice.produce_force_constants(show_drift=False)
    return _finished(lattice, repeats, polar)


def from_force_constants(
    atoms: Atoms, constants: np.ndarray, *, repeats: Sequence[int], polar: Polar | None = None
) -> Phonons:
    """Take force constants that are known already, such as those of springs or an average over compositions.

    Parameters
    ----------
    atoms : ase.Atoms
        Primitive cell; its masses are used.
    constants : ndarray
        Force constants [eV.A-2], shape (N, N, 3, 3) with N the atoms of the supercell in phonopy's order:
        all images of the first atom, the first axis fastest, then those of the second.
    repeats : sequence of three int
        Cells per edge of the supercell.
    polar : Polar, optional
        The non-analytical term.

    Raises
    ------
    AtomisticError
        If the shape is wrong, the supercell too small, or the crystal unstable.
    """
    lattice = _lattice(atoms, repeats)
    count = len(lattice.supercell)
    if np.shape(constants) != (count, count, 3, 3):
        raise AtomisticError(
            "The force constants do not belong to this supercell",
            key="constants",
            value=f"shape {np.shape(constants)}",
            allowed=f"shape ({count}, {count}, 3, 3)",
        )
    lattice.force_constants = np.array(constants, dtype=float)
    return _finished(lattice, repeats, polar)


def three_counts(counts: Sequence[int], key: str) -> tuple[int, int, int]:
    """Return numbers per axis (of wave vectors, of cells) as three integers, or refuse them."""
    values = [int(n) for n in counts]
    if len(values) != 3 or min(values) < 1 or any(n != v for n, v in zip(counts, values, strict=True)):
        raise AtomisticError(
            "Three whole numbers are needed, one per axis",
            key=key,
            value=tuple(counts),
            allowed="1 or more each, such as (4, 4, 4)",
        )
    return values[0], values[1], values[2]


def _lattice(atoms: Atoms, repeats: Sequence[int]) -> Phonopy:
    """Return phonopy's object of a cell after the supercell has been found large enough."""
    shape = three_counts(repeats, "repeats")
    _check_supercell(atoms, shape)
    cell = PhonopyAtoms(
        symbols=atoms.get_chemical_symbols(),
        cell=atoms.cell[:],
        scaled_positions=_inside(atoms),
        masses=atoms.get_masses(),
    )
    return Phonopy(cell, supercell_matrix=np.diag(shape), primitive_matrix=np.eye(3))


def _inside(atoms: Atoms) -> np.ndarray:
    """Return scaled positions from 0 to below 1; rounding must not move an atom to the other end of the cell.

    The order of force constants depends on the images in which the atoms stand.
    """
    places = atoms.get_scaled_positions(wrap=False)
    places = places - np.floor(places + _ROUNDING)
    places[np.abs(places) < _ROUNDING] = 0.0
    return np.asarray(places)


def _check_supercell(atoms: Atoms, shape: tuple[int, int, int]) -> None:
    """Refuse a supercell in which an atom's neighbour is also the neighbour of its image."""
    height = 1.0 / np.linalg.norm(np.linalg.inv(np.diag(shape) @ atoms.cell[:]), axis=0)
    crystal = atoms.repeat((2, 2, 2))  # so that an atom's own images count as neighbours
    distances = crystal.get_all_distances(mic=True)
    nearest = float(distances[distances > 1e-6].min())
    if height.min() < 2.0 * nearest:
        raise AtomisticError(
            "The supercell is too small for force constants: atoms share neighbours with their own images",
            key="repeats",
            value=f"{shape}, smallest height {height.min():.2f} A",
            allowed=f"height of at least twice the nearest distance, {2.0 * nearest:.2f} A",
            fix="use more repeats, then check that frequencies no longer change",
        )


def _atoms(cell: PhonopyAtoms) -> Atoms:
    return Atoms(
        cell.symbols, cell=cell.cell, scaled_positions=cell.scaled_positions, masses=cell.masses, pbc=True
    )


def _forces(cell: PhonopyAtoms, calculator: Any) -> np.ndarray:
    atoms = Atoms(
        cell.symbols, cell=cell.cell, scaled_positions=cell.scaled_positions, masses=cell.masses, pbc=True
    )
    atoms.calc = calculator
    forces = np.asarray(atoms.get_forces(), dtype=float)
    if not np.isfinite(forces).all():
        raise AtomisticError(
            "The calculator gives forces that are not finite",
            value=type(calculator).__name__,
            fix="relax the structure first, and check that the potential covers all its species",
        )
    return forces


def _finished(lattice: Phonopy, repeats: Sequence[int], polar: Polar | None) -> Phonons:
    """Impose the acoustic sum rule and the symmetry of second derivatives, and check stability."""
    constants = np.asarray(lattice.force_constants)
    drift = float(np.abs(constants.sum(axis=1)).max())
    lattice.symmetrize_force_constants(level=3, show_drift=False)
    if polar is not None:
        lattice.nac_params = polar.parameters(len(lattice.primitive))  # type: ignore[assignment]
    phonons = Phonons(lattice, three_counts(repeats, "repeats"), polar, drift, _reach(lattice))
    phonons.check_stable()
    return phonons


def _reach(lattice: Phonopy) -> float:
    """Return the largest force constant at the edge of the supercell over the largest of all."""
    cell = lattice.supercell
    atoms = _atoms(cell)
    half = 0.5 / np.linalg.norm(np.linalg.inv(cell.cell), axis=0).max()
    first = lattice.primitive.p2s_map
    size = np.linalg.norm(np.asarray(lattice.force_constants)[first], axis=(2, 3))
    distance = np.array([atoms.get_distances(i, range(len(atoms)), mic=True) for i in first])
    return float(size[distance > 0.98 * half].max() / size.max())
