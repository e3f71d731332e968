"""Elastic constants of a crystal at rest, from the stress under small strains, with any ASE calculator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms
from ase.stress import voigt_6_to_full_3x3_strain
from ase.units import GPa

from microcell.errors import AtomisticError

from .relax import relax

LABELS = ("xx", "yy", "zz", "yz", "xz", "xy")
"""Order of the six strains and stresses (Voigt); shears are twice the tensor component."""


@dataclass(frozen=True)
class ElasticConstants:
    """Stiffness of a crystal.

    Attributes
    ----------
    stiffness : (6, 6) array
        C_ij in the order of `LABELS` [GPa].
    uncertainty : (6, 6) array
        Standard error of every component [GPa]: of the fit over the strains, and half of what C_ij and C_ji
        differ by.
    strains : (amplitudes,) array
        Strains that the fit has used.
    stress : float
        Largest component of the stress without strain [GPa]: should be small beside the stiffness.
    """

    stiffness: np.ndarray
    uncertainty: np.ndarray
    strains: np.ndarray
    stress: float

    @property
    def bulk_modulus(self) -> float:
        """Bulk modulus, mean of the bounds of Voigt and Reuss [GPa] (Hill 1952)."""
        compliance = np.linalg.inv(self.stiffness)
        voigt = float(self.stiffness[:3, :3].sum()) / 9.0
        return 0.5 * (voigt + 1.0 / float(compliance[:3, :3].sum()))

    @property
    def shear_modulus(self) -> float:
        """Shear modulus, mean of the bounds of Voigt and Reuss [GPa] (Hill 1952)."""
        C, S = self.stiffness, np.linalg.inv(self.stiffness)
        voigt = (np.trace(C[:3, :3]) - (C[0, 1] + C[0, 2] + C[1, 2]) + 3.0 * np.trace(C[3:, 3:])) / 15.0
        reuss = 15.0 / (
            4.0 * (np.trace(S[:3, :3]) - (S[0, 1] + S[0, 2] + S[1, 2])) + 3.0 * np.trace(S[3:, 3:])
        )
        return 0.5 * float(voigt + reuss)

    @property
    def stable(self) -> bool:
        """Whether every small strain costs energy (Born 1940): all eigenvalues are positive."""
        return bool(np.linalg.eigvalsh(self.stiffness)[0] > 0.0)


def elastic_constants(
    atoms: Atoms,
    calculator: Any,
    *,
    strain: float = 2e-3,
    force: float = 1e-4,
    steps: int = 500,
    progress: Callable[[int, int], None] | None = None,
) -> ElasticConstants:
    """Compute the stiffness from the stress at strains of both signs, with the ions relaxed at each.

    The stress of every component is fitted with a parabola over four amplitudes, ``-strain`` to ``strain``:
    its slope at zero is the stiffness, without the next order.

    Parameters
    ----------
    atoms : ase.Atoms
        Crystal with cell and ions at rest (see `relax`); it stays as it is.
    calculator : ase.calculators.calculator.Calculator
        Any calculator with stress.
    strain : float
        Largest strain.
    force : float
        Largest force on an ion at the end of each relaxation [eV.A-1].
    steps : int
        Steps allowed in each.
    progress : callable, optional
        Called with the number of strains done and their total.

    Raises
    ------
    AtomisticError
        If a strained crystal does not come to rest, or the crystal is not at rest to begin with.

    Examples
    --------
    >>> constants = elastic_constants(crystal, calculator)                        # doctest: +SKIP
    >>> constants.stiffness[0, 0], constants.uncertainty[0, 0]                    # doctest: +SKIP
    """
    if not 1e-5 <= strain <= 0.05:
        raise AtomisticError("The strain is out of range", key="strain", value=strain, allowed="1e-5 to 0.05")
    start = relax(atoms, calculator, cell=False, force=force, steps=steps).atoms
    rest = float(np.max(np.abs(start.get_stress()))) / GPa
    amplitudes = strain * np.array([-1.0, -0.5, 0.5, 1.0])
    stiffness, spread = np.zeros((6, 6)), np.zeros((6, 6))
    for component in range(6):
        stresses = []
        for count, amplitude in enumerate(amplitudes):
            strained = deform(start, component, amplitude)
            found = relax(strained, calculator, cell=False, force=force, steps=steps)
            stresses.append(found.atoms.get_stress() / GPa)
            if progress is not None:
                progress(len(amplitudes) * component + count + 1, 6 * len(amplitudes))
        stiffness[component], spread[component] = _slopes(amplitudes, np.array(stresses))
    _check_rest(rest, stiffness, strain)
    symmetric = 0.5 * (stiffness + stiffness.T)
    fit = 0.5 * np.hypot(spread, spread.T)
    uncertainty = np.hypot(fit, 0.5 * np.abs(stiffness - stiffness.T))
    return ElasticConstants(symmetric, uncertainty, amplitudes, rest)


def deform(atoms: Atoms, component: int, amplitude: float) -> Atoms:
    """Return a copy under one of the six strains of `LABELS`."""
    moved = atoms.copy()
    deformation = voigt_6_to_full_3x3_strain(amplitude * np.eye(6)[component])  # with the identity
    moved.set_cell(atoms.cell.array @ deformation, scale_atoms=True)
    return moved


def _slopes(amplitudes: np.ndarray, stresses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit a parabola to each stress (amplitudes, 6); return the slopes at zero and their standard errors."""
    design = np.stack([np.ones_like(amplitudes), amplitudes, amplitudes**2], axis=1)
    coefficients, *_ = np.linalg.lstsq(design, stresses, rcond=None)
    residual = stresses - design @ coefficients
    variance = np.sum(residual**2, axis=0) / (len(amplitudes) - design.shape[1])
    return coefficients[1], np.sqrt(variance * np.linalg.inv(design.T @ design)[1, 1])


def _check_rest(stress: float, stiffness: np.ndarray, strain: float) -> None:
    """Refuse a crystal whose stress is no small part of what the strains make."""
    made = strain * float(np.max(np.abs(stiffness)))
    if stress > 0.1 * made:
        raise AtomisticError(
            "The crystal is under stress, so its elastic constants are not those at rest",
            key="atoms",
            value=f"{stress:.3g} GPa",
            allowed=f"{0.1 * made:.3g} GPa",
            fix="relax the cell first: relax(atoms, calculator).atoms",
        )
