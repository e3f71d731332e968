"""Shells: relaxed onto their minimum for given cores, or as light atoms for molecular dynamics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from scipy.optimize import NoConvergence, anderson, minimize

from microcell.errors import AtomisticError

from .model import Potential
from .particles import SPECIES, assign_species

EnergyAndForces = Callable[[np.ndarray], tuple[float, np.ndarray]]
"""Energy [eV] and forces on the shells [eV.A-1] for displacements (shells, 3) from their cores [A]."""


RUNAWAY = 1.2
"""Displacement of a shell along an axis at which nothing is computed any more [A]."""


class FarShellError(Exception):
    """A shell has gone farther than `RUNAWAY` on the way to the minimum."""


@dataclass(frozen=True)
class ShellResult:
    """Relaxed shells.

    Attributes
    ----------
    displacements : (shells, 3) array
        From the cores [A].
    converged : bool
        Whether the largest force is below the tolerance.
    force : float
        Largest force component that is left [eV.A-1].
    evaluations : int
        How often forces were computed.
    """

    displacements: np.ndarray
    converged: bool
    force: float
    evaluations: int


def relax_shells(
    evaluate: EnergyAndForces,
    start: np.ndarray,
    springs: np.ndarray,
    *,
    tolerance: float = 1e-6,
    iterations: int = 60,
) -> ShellResult:
    """Minimize the energy over the positions of the shells.

    Anderson mixing (Anderson 1965) on the forces, in lengths that make every spring 1; where it fails, a
    quasi-Newton descent (L-BFGS) brings the shells near the minimum before it is tried again. Forces, unlike
    energies, can be brought to zero to many digits.

    Parameters
    ----------
    evaluate : callable
        Energy and forces for displacements.
    start : (shells, 3) array
        First guess [A].
    springs : (shells,) array
        Harmonic constants [eV.A-2].
    tolerance : float
        Largest force component at the end [eV.A-1].
    iterations : int
        At most so many steps of the mixing.

    Returns
    -------
    ShellResult
        With ``converged`` telling whether the tolerance is met; nothing is raised.
    """
    scale = np.sqrt(springs)[:, None]
    calls, goal = _Counted(evaluate, scale), tolerance / float(np.max(scale))
    found = _mix(calls, start * scale, goal, iterations)
    if found is None:
        near = _descend(calls, np.zeros_like(start))
        found = _mix(calls, near, goal, iterations)
        found = near if found is None else found
    force = float(np.max(np.abs(calls.forces(found) * scale)))
    return ShellResult(found / scale, force <= tolerance * (1.0 + 1e-9), force, calls.count)


def _mix(calls: _Counted, start: np.ndarray, goal: float, iterations: int) -> np.ndarray | None:
    """Solve for zero forces, from the unit spring as first stiffness; None where that does not converge."""
    if np.max(np.abs(calls.forces(start))) <= goal:  # SciPy divides by the first step
        return start
    try:
        found = anderson(
            calls.forces, start, alpha=1.0, M=8, f_tol=goal, maxiter=iterations, line_search=None
        )
    except (NoConvergence, FarShellError, AtomisticError):
        return None
    return np.asarray(found)


def _descend(calls: _Counted, start: np.ndarray) -> np.ndarray:
    """Return positions near the minimum; where shells run away, those from which they do."""
    try:
        found = minimize(calls.energy, start.ravel(), jac=True, method="L-BFGS-B", options={"gtol": 1e-4}).x
    except FarShellError:
        return start
    return np.asarray(found).reshape(start.shape)


class _Counted:
    """Energy and forces in scaled displacements, counted; refuses to go on once they run away."""

    def __init__(self, evaluate: EnergyAndForces, scale: np.ndarray) -> None:
        self._evaluate, self._scale, self.count = evaluate, scale, 0
        self._last: tuple[np.ndarray, float, np.ndarray] | None = None

    def _call(self, scaled: np.ndarray) -> tuple[float, np.ndarray]:
        scaled = scaled.reshape(self._scale.shape[0], 3)
        if self._last is None or not np.array_equal(self._last[0], scaled):
            displacements = scaled / self._scale
            if not np.max(np.abs(displacements), initial=0.0) < RUNAWAY:
                raise FarShellError
            energy, forces = self._evaluate(displacements)
            self._last, self.count = (scaled.copy(), energy, forces / self._scale), self.count + 1
        return self._last[1], self._last[2]

    def forces(self, scaled: np.ndarray) -> np.ndarray:
        """Return the forces, scaled like the displacements."""
        return self._call(scaled)[1]

    def energy(self, scaled: np.ndarray) -> tuple[float, np.ndarray]:
        """Return energy and its gradient for the descent."""
        energy, forces = self._call(scaled)
        return energy, -forces.ravel()


def add_shells(
    atoms: Atoms,
    potential: Potential,
    *,
    mass_share: float = 0.1,
    species: Mapping[str, str] | None = None,
) -> Atoms:
    """Return the structure with every shell as an atom "X" of small mass behind the cores.

    For molecular dynamics with adiabatic shells (Mitchell & Fincham 1993, J. Phys. Condens. Matter 5, 1031):
    any ASE integrator runs on it with ``CoulombBuckingham(potential, shells="massive")``. A shell carries the
    number of its core as tag and starts with the velocity of its core, so the springs start cold.

    Parameters
    ----------
    atoms : ase.Atoms
        Cores; each must have a mass greater than zero.
    potential : Potential
        Says which ions have a shell.
    mass_share : float
        Part of the mass of an ion that its shell gets. The smaller, the shorter the time step must be.
    species : mapping of str to str, optional
        As for `CoulombBuckingham`.

    Raises
    ------
    AtomisticError
        If there are shells already, or the share is not between 0 and 1.
    """
    if 0 in atoms.numbers:
        raise AtomisticError("The structure has shells (atoms X) already", fix="start from the cores alone")
    if not 0.0 < mass_share < 1.0:
        raise AtomisticError(
            "A shell needs a part of the mass", key="mass_share", value=mass_share, allowed="between 0 and 1"
        )
    names = assign_species(atoms, potential, species)
    cores = np.flatnonzero([potential.species[name].shell is not None for name in names])
    whole, velocities, names_of = atoms.copy(), atoms.get_velocities(), atoms.arrays.get(SPECIES)
    masses = atoms.get_masses()
    shells = Atoms("X" * len(cores), positions=atoms.positions[cores], tags=cores)
    if names_of is not None:
        shells.set_array(SPECIES, np.full(len(cores), "", dtype=names_of.dtype))
    whole += shells
    shell_masses = mass_share * masses[cores]
    masses[cores] -= shell_masses
    whole.set_masses(np.concatenate([masses, shell_masses]))
    whole.set_velocities(np.concatenate([velocities, velocities[cores]]))
    return whole


def remove_shells(atoms: Atoms) -> Atoms:
    """Return the cores alone, with the masses and momenta of whole ions."""
    shells = np.flatnonzero(atoms.numbers == 0)
    cores = atoms.get_tags()[shells]
    masses, momenta = atoms.get_masses(), atoms.get_momenta()
    np.add.at(masses, cores, masses[shells])
    np.add.at(momenta, cores, momenta[shells])
    whole = atoms[atoms.numbers > 0]
    whole.set_masses(masses[atoms.numbers > 0])
    whole.set_momenta(momenta[atoms.numbers > 0])
    return whole
