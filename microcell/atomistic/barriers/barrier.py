"""A relaxed elastic band: barriers, convergence, card, picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from ...errors import AtomisticError
from ...parameters.card import Origin, PropertyCard

LEAST = 1e-3
"""Smallest uncertainty that is stated [eV]."""

REFERENCES = (
    "Henkelman, Uberuaga & Jónsson, J. Chem. Phys. 113, 9901 (2000), doi 10.1063/1.1329672",
    "Henkelman & Jónsson, J. Chem. Phys. 113, 9978 (2000), doi 10.1063/1.1323224",
)


@dataclass(frozen=True)
class Barrier:
    """A relaxed band between two states.

    Attributes
    ----------
    name : str
        What moves.
    distance : ndarray, shape (images,)
        Length along the band [Angstrom].
    energy : ndarray, shape (images,)
        Above the initial state [eV].
    curve : ndarray, shape (2, points)
        Smooth profile through energies and forces: distance [Angstrom], energy [eV].
    converged : bool
        Whether all forces on the band fell below the limit.
    force, force_limit : float
        Largest force across the band at the end, and its limit [eV/Angstrom].
    steps : int
        Steps of the optimizer on the band.
    images : tuple of ase.Atoms
        The band.
    """

    name: str
    distance: np.ndarray
    energy: np.ndarray
    curve: np.ndarray
    converged: bool
    force: float
    force_limit: float
    steps: int
    images: tuple[Atoms, ...]

    @property
    def forward(self) -> float:
        """Saddle above the initial state [eV]."""
        return float(self.energy.max())

    @property
    def backward(self) -> float:
        """Saddle above the final state [eV]."""
        return float(self.energy.max() - self.energy[-1])

    @property
    def uncertainty(self) -> float:
        """Difference between the highest image and the smooth profile [eV]: an error of the band only."""
        return max(LEAST, float(abs(self.curve[1].max() - self.energy.max())))

    def require(self) -> Barrier:
        """Return itself, or refuse a band that has not converged.

        Raises
        ------
        AtomisticError
            With the force that is left.
        """
        if self.converged:
            return self
        raise AtomisticError(
            f"The elastic band has not converged: {self.name}",
            value=f"{self.force:.3f} eV/Angstrom after {self.steps} steps",
            allowed=f"{self.force_limit:g} eV/Angstrom",
            fix="allow more steps, or start from a better path: a waypoint, more images",
        )

    def card(self, name: str = "Lithium migration barrier [eV]", **inputs: Any) -> PropertyCard:
        """Return the forward barrier as a card; ``inputs``, such as the potential, go into its origin.

        Raises
        ------
        AtomisticError
            If the band has not converged.
        """
        self.require()
        given = {"hop": self.name, "backward barrier [eV]": self.backward, "images": len(self.images)}
        given |= {"formula": self.images[0].get_chemical_formula(), "largest force [eV/A]": self.force}
        origin = Origin.of(
            "nudged elastic band",
            {**given, **inputs},
            references=REFERENCES,
            note="the uncertainty is that of the band; that of the energies of the calculator is not in it",
        )
        return PropertyCard.scalar(name, self.forward, self.uncertainty, origin=origin)

    def figure(self, path: str | Path) -> Path:
        """Draw the profile."""
        from .figure import draw

        return draw([self], Path(path))
