"""Differences of relaxed energies as observations of a fit: barriers of hops, defect energies."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from ase import Atoms

from ...errors import AtomisticError
from ..potential import Parameters, Potential
from .coordinates import Structure
from .observations import Observation


class EnergyDifference(Observation):
    """Energy of one relaxed structure less that of another, at fixed cells.

    Parameters
    ----------
    first, second : ase.Atoms
        Structures with the same atoms; ions relax.
    potential : Potential
        Species, pairs and shells.
    measured, sigma : float
        Energy of the second less that of the first, and its standard deviation [eV].
    hold : (int, int), optional
        Atom and axis (0, 1, 2) that do not relax in the second structure: for the saddle of a hop whose
        direction is that axis and whose middle is the saddle by symmetry, the hopping atom and this axis.
    label : str
        For tables.
    species : mapping, optional
        As for `Structure`.
    background : bool
        Whether a uniform charge compensates a net one: a lithium vacancy without the hole that goes with it.
    fitted : bool
        Whether a fit uses it.

    Raises
    ------
    AtomisticError
        If the structures do not have the same atoms.
    """

    def __init__(
        self,
        first: Atoms,
        second: Atoms,
        potential: Potential,
        measured: float,
        sigma: float,
        *,
        hold: tuple[int, int] | None = None,
        label: str = "barrier",
        species: Mapping[str, str] | None = None,
        background: bool = False,
        fitted: bool = True,
    ) -> None:
        if first.get_chemical_formula() != second.get_chemical_formula():
            raise AtomisticError(
                "An energy difference needs two structures of the same atoms",
                key=label,
                value=f"{first.get_chemical_formula()} and {second.get_chemical_formula()}",
            )
        self.label, self.fitted, self.names = label, fitted, ["energy difference [eV]"]
        self.measured, self.sigma = np.array([float(measured)]), np.array([float(sigma)])
        self._require_sane()
        self.structures = [
            Structure(
                atoms,
                potential,
                relax="ions",
                species=species,
                hold=fixed,
                background=background,
                tolerance=1e-4,
            )
            for atoms, fixed in ((first, None), (second, hold))
        ]

    def predict(
        self, parameters: Parameters, tangents: Parameters | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the difference; its derivative is that of the energies at rest (Hellmann-Feynman)."""
        first, second = (s.at(parameters, tangents, follow=False) for s in self.structures)
        slopes = (second.energy_slopes - first.energy_slopes)[None]
        return np.array([second.energy - first.energy]), slopes
