"""Structures at rest: ions and, if asked for, the cell, relaxed with any ASE calculator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms
from ase.filters import UnitCellFilter
from ase.optimize import BFGS

from microcell.errors import AtomisticError


@dataclass(frozen=True)
class Relaxed:
    """A structure at rest.

    Attributes
    ----------
    atoms : ase.Atoms
        Relaxed, with the calculator.
    energy : float
        Of the cell [eV].
    force : float
        Largest component of a force that is left [eV.A-1].
    stress : float or None
        Largest component of the stress that is left [eV.A-3]; None where the cell did not relax.
    steps : int
        Steps of the optimizer.
    """

    atoms: Atoms
    energy: float
    force: float
    stress: float | None
    steps: int


def relax(
    atoms: Atoms, calculator: Any, *, cell: bool = True, force: float = 1e-4, steps: int = 500
) -> Relaxed:
    """Relax a copy of a structure.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure; it stays as it is.
    calculator : ase.calculators.calculator.Calculator
        Any calculator with forces, and stress if the cell relaxes.
    cell : bool
        Whether the cell relaxes, too, in all six strains.
    force : float
        Largest force on an ion, or on the cell (virial per atom times ``len(atoms)``), at the end [eV.A-1].
    steps : int
        At most so many.

    Raises
    ------
    AtomisticError
        If the structure is not at rest after all steps, or the cell changes beyond a factor of 2.
    """
    moved = atoms.copy()
    moved.calc = calculator
    target: Any = UnitCellFilter(moved) if cell else moved
    optimizer = BFGS(target, logfile=None)
    converged = optimizer.run(fmax=force, steps=steps)
    change = moved.get_volume() / atoms.get_volume()
    if not converged or not 0.5 < change < 2.0:
        raise AtomisticError(
            f"The structure {atoms.get_chemical_formula()} does not come to rest",
            key="force",
            value=f"{np.max(np.abs(moved.get_forces())):.3g} eV/A after {optimizer.nsteps} steps, "
            f"volume times {change:.3g}",
            allowed=f"{force:g} eV/A within {steps} steps, volume times 0.5 to 2",
            fix="start closer to the minimum, check the potential and the valences, or allow more steps",
        )
    return Relaxed(
        atoms=moved,
        energy=float(moved.get_potential_energy()),
        force=float(np.max(np.abs(moved.get_forces()))),
        stress=float(np.max(np.abs(moved.get_stress()))) if cell else None,
        steps=int(optimizer.nsteps),
    )
