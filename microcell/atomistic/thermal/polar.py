"""Born charges and dielectric constant of ionic potentials: what the non-analytical term of phonons needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from ase import Atoms
from scipy.constants import angstrom, e, epsilon_0, pi

from microcell.atomistic.potential import CoulombBuckingham, forces_and_virial
from microcell.errors import AtomisticError

_STEP = 1e-4  # A, of the second derivatives; forces are good to 1e-9 eV/A
_COULOMB = e / (4.0 * pi * epsilon_0 * angstrom)  # eV.A


@dataclass(frozen=True, eq=False)
class Polar:
    """What makes the long-wave dipole-dipole (non-analytical) term of an ionic crystal.

    Attributes
    ----------
    born : ndarray
        Born effective charges [e], shape (n, 3, 3).
    dielectric : ndarray
        High-frequency dielectric tensor, shape (3, 3).
    """

    born: np.ndarray
    dielectric: np.ndarray

    @classmethod
    def rigid(cls, charges: Sequence[float], dielectric: float = 1.0) -> Polar:
        """Return the term of rigid ions: Born charges are ionic charges, and nothing screens them."""
        return cls(np.asarray(charges, dtype=float)[:, None, None] * np.eye(3), dielectric * np.eye(3))

    def parameters(self, atoms: int) -> dict[str, Any]:
        """Return the term in the form that phonopy takes, for a cell of so many atoms."""
        if np.shape(self.born) != (atoms, 3, 3) or not (np.linalg.eigvalsh(self.dielectric) > 0).all():
            raise AtomisticError(
                "Born charges of all atoms of the cell and a positive dielectric tensor are needed",
                key="polar",
                value=f"Born charges of shape {np.shape(self.born)}",
                allowed=f"({atoms}, 3, 3)",
            )
        return {"born": self.born, "dielectric": self.dielectric, "factor": _COULOMB}


def polar_of(atoms: Atoms, calculator: CoulombBuckingham) -> Polar:
    """Return the non-analytical term of a Coulomb-Buckingham potential, with or without shells.

    Shells follow ions and field by the linear response of the shell model (Cochran 1959,
    10.1103/PhysRevLett.2.495), at zero macroscopic field as in an Ewald sum without surface term:
    ``Z*_i = z_i - Y H_ss^-1 H_si`` and ``eps = 1 + Y H_ss^-1 Y / (eps_0 V)``.

    Parameters
    ----------
    atoms : ase.Atoms
        Cell at rest.
    calculator : CoulombBuckingham
        With relaxed shells or rigid ions.
    """
    calculator.calculate(atoms)
    shells = calculator.shell_result
    count = len(atoms)
    with jax.enable_x64(True):
        arguments = calculator.preparation.arguments(atoms, None if shells is None else shells.displacements)
        kind = np.asarray(calculator.preparation.particles(atoms).kind)
        charges = np.asarray(calculator.preparation.parameters.charge)[kind]
        hessian = _hessian(*arguments)
    cores = charges[:count, None, None] * np.eye(3)
    if len(charges) == count:
        return Polar(cores, np.eye(3))
    outer = np.kron(charges[count:], np.eye(3))  # (3, 3 shells)
    response = np.linalg.solve(hessian[3 * count :, 3 * count :], outer.T)  # (3 shells, 3)
    following = (hessian[: 3 * count, 3 * count :] @ response).reshape(count, 3, 3)
    volume = atoms.get_volume()
    dielectric = np.eye(3) + 4.0 * pi * _COULOMB / volume * outer @ response
    return Polar(cores - np.swapaxes(following, 1, 2), 0.5 * (dielectric + dielectric.T))


def _hessian(positions: np.ndarray, cell: np.ndarray, parameters: Any, system: Any) -> np.ndarray:
    """Return second derivatives by the positions of all particles [eV.A-2], by central differences."""
    flat = np.asarray(positions, dtype=float).reshape(-1)
    columns = []
    for step in _STEP * np.eye(flat.size):
        plus, minus = (
            np.asarray(forces_and_virial((flat + s).reshape(-1, 3), cell, parameters, system).forces)
            for s in (step, -step)
        )
        columns.append((minus - plus).reshape(-1) / (2.0 * _STEP))
    hessian = np.array(columns)
    return 0.5 * (hessian + hessian.T)
