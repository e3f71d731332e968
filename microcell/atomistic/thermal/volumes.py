"""A crystal at three volumes: Grueneisen parameters, bulk modulus, thermal expansion (quasi-harmonic)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS
from phonopy import PhonopyGruneisen
from scipy.constants import angstrom, e

from microcell.errors import AtomisticError

from .modes import SAMPLING, Modes, mode_heat_capacity
from .phonons import Phonons, Progress, phonons_of
from .polar import Polar


@dataclass(frozen=True, eq=False)
class VolumeSeries:
    """Phonons at the volume of rest and at two volumes beside it.

    Attributes
    ----------
    rest, larger, smaller : Phonons
        At V, V (1 + strain), V (1 - strain).
    strain : float
        Relative change of volume.
    bulk_modulus : float
        Isothermal at 0 K, without zero-point motion [Pa].
    """

    rest: Phonons
    larger: Phonons
    smaller: Phonons
    strain: float
    bulk_modulus: float

    def grueneisen(self, modes: Modes) -> np.ndarray:
        """Return the mode Grueneisen parameters ``-d ln w / d ln V``, shape (Q, B).

        First-order perturbation ``-V/(2 w^2) <e| dD/dV |e>`` by phonopy, which also turns degenerate modes.
        """
        series = PhonopyGruneisen(
            self.rest.lattice, self.larger.lattice, self.smaller.lattice, delta_strain=2.0 * self.strain
        )
        series.set_mesh(modes.mesh, **SAMPLING)
        mesh = series.get_mesh()
        if mesh is None or not np.allclose(mesh[0], modes.points):
            raise AtomisticError("The modes belong to another mesh", key="mesh", value=modes.mesh)
        return np.asarray(mesh[4])


def mean_square_root(grueneisen: np.ndarray, modes: Modes, temperature: float, branches: int) -> float:
    """Return the root mean square Grueneisen parameter of the lowest branches, weighted by heat capacity.

    Rates go with the square of the parameter, and single ones vanish on surfaces in the zone where a
    rate of their own would let a mode live forever: the mean is what enters a rate.
    """
    weights = modes.weights[:, None] * mode_heat_capacity(modes.frequencies[:, :branches], temperature)
    return float(np.sqrt(np.average(grueneisen[:, :branches] ** 2, weights=weights)))


def thermal_grueneisen(grueneisen: np.ndarray, modes: Modes, temperature: float) -> float:
    """Return the mean Grueneisen parameter of all modes by heat capacity: that of thermal expansion."""
    weights = modes.weights[:, None] * mode_heat_capacity(modes.frequencies, temperature)
    return float(np.average(grueneisen, weights=weights))


def dilation(
    grueneisen: float, heat_capacity: float, bulk_modulus: float, volume: float, temperature: float
) -> float:
    """Return ``c_p / c_v - 1 = g^2 C_v T / (B V)``, from the expansion ``alpha_V = g C_v / (B V)``.

    Parameters
    ----------
    grueneisen : float
        Thermal Grueneisen parameter g.
    heat_capacity : float
        C_v of a cell [J.K-1].
    bulk_modulus : float
        B [Pa].
    volume : float
        Of the cell [m3].
    temperature : float
        T [K].
    """
    return grueneisen**2 * heat_capacity * temperature / (bulk_modulus * volume)


def relaxed(
    atoms: Atoms, calculator: Any, *, constant_volume: bool = False, force: float = 1e-4, steps: int = 400
) -> Atoms:
    """Relax positions and cell (its shape alone at constant volume) and return a copy with the calculator.

    Raises
    ------
    AtomisticError
        If the largest force stays above ``force`` [eV.A-1], or the cell changes beyond belief.
    """
    moved = atoms.copy()
    moved.calc = calculator
    cell: Any = FrechetCellFilter(moved, constant_volume=constant_volume)
    optimizer = BFGS(cell, logfile=None)
    converged = optimizer.run(fmax=force, steps=steps)
    change = moved.get_volume() / atoms.get_volume()
    if not converged or not 0.5 < change < 2.0:
        raise AtomisticError(
            "The structure does not come to rest with this calculator",
            key="atoms",
            value=f"{atoms.get_chemical_formula()}, volume changed by a factor {change:.3g}",
            fix="start closer to the minimum, check the potential, or allow more steps",
        )
    return moved


def volume_series(
    atoms: Atoms,
    calculator: Any,
    *,
    repeats: Sequence[int],
    strain: float = 0.01,
    displacement: float = 0.01,
    polar: Polar | None = None,
    progress: Progress | None = None,
) -> VolumeSeries:
    """Relax a crystal, and compute its phonons there and at two volumes beside it.

    At each volume positions and the shape of the cell are relaxed.

    Parameters
    ----------
    atoms : ase.Atoms
        Primitive cell near its minimum; masses are kept.
    calculator : ASE calculator
        Gives energy, forces and stress.
    repeats : sequence of three int
        Cells per edge of the supercell.
    strain : float
        Relative change of volume for the Grueneisen parameters.
    displacement, polar, progress
        As in `phonons_of`.

    Raises
    ------
    AtomisticError
        If a structure does not relax, is unstable, or its energy is not convex.
    """
    if not 1e-4 <= strain <= 0.1:
        raise AtomisticError(
            "The change of volume is out of range", key="strain", value=strain, allowed="1e-4 to 0.1"
        )
    rest = relaxed(atoms, calculator)
    sizes = (rest, _scaled(rest, calculator, 1.0 + strain), _scaled(rest, calculator, 1.0 - strain))
    phonons = []
    for number, cell in enumerate(sizes):
        phonons.append(
            phonons_of(
                cell,
                calculator,
                repeats=repeats,
                displacement=displacement,
                polar=polar,
                progress=_part(progress, number, len(sizes)),
            )
        )
    energy, above, below = (cell.get_potential_energy() for cell in sizes)
    curvature = (above - 2.0 * energy + below) * e / (strain**2 * rest.get_volume() * angstrom**3)
    if not curvature > 0:
        raise AtomisticError(
            "The energy is not convex in the volume",
            value=f"bulk modulus {curvature / 1e9:.3g} GPa",
            fix="use a larger strain, or another potential",
        )
    return VolumeSeries(phonons[0], phonons[1], phonons[2], strain, float(curvature))


def _scaled(rest: Atoms, calculator: Any, factor: float) -> Atoms:
    """Return the crystal at another volume, at rest there."""
    cell = rest.copy()
    cell.set_cell(rest.cell[:] * factor ** (1.0 / 3.0), scale_atoms=True)
    return relaxed(cell, calculator, constant_volume=True)


def _part(progress: Progress | None, number: int, parts: int) -> Progress | None:
    """Return a progress callback for one of several equal parts."""
    if progress is None:
        return None
    whole = progress
    return lambda done, total: whole(number * total + done, parts * total)
