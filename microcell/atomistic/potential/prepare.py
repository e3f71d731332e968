"""Keeps neighbours and wave vectors of a structure up to date, and hands them to the energy function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ase import Atoms

from microcell.errors import AtomisticError

from .ewald import choose_alpha, choose_wave_cutoff, choose_waves, half_widths
from .model import Potential
from .neighbours import NeighbourList
from .particles import SPECIES, Particles, pair_floors, pair_table, particles_of
from .system import Parameters, System, Waves

_STRAIN = 0.02
"""Strain of the cell after which the wave vectors are listed again; as much is added to their length."""


class Preparation:
    """Makes the arguments of `energy` and `forces_and_virial` for structures that change little by little.

    Parameters
    ----------
    potential : Potential
        The potential.
    ewald_accuracy : float
        Root mean square error of a force by the ends of the Ewald sums [eV.A-1] (Kolafa & Perram 1992).
    cutoff : float, optional
        Of the real-space sums [A]; that of the potential where left out.
    switch_width : float
        Stretch before the cut-off over which Buckingham energies go smoothly to zero [A]; 0 cuts them off.
    skin : float
        Extra reach of the neighbour list [A].
    species : mapping of str to str, optional
        Species of elements that the potential has in several valences.
    background : bool
        Whether a net charge is compensated by a uniform background instead of being refused.

    Examples
    --------
    >>> from ase.build import bulk
    >>> atoms = bulk("NiO", "rocksalt", a=4.18)
    >>> preparation = Preparation(Potential.builtin("lewis_catlow_1985"))
    >>> positions, cell, parameters, system = preparation.arguments(atoms)
    """

    def __init__(
        self,
        potential: Potential,
        *,
        ewald_accuracy: float = 1e-6,
        cutoff: float | None = None,
        switch_width: float = 1.0,
        skin: float = 1.0,
        species: Mapping[str, str] | None = None,
        background: bool = False,
    ) -> None:
        self.potential, self.accuracy = potential, ewald_accuracy
        self.cutoff = potential.cutoff if cutoff is None else cutoff
        self.switch_width = switch_width
        self._choice, self._background = species, background
        self._check(skin)
        self.parameters: Parameters = potential.parameters
        self.floors, self._table = pair_floors(potential), pair_table(potential)
        self.neighbours = NeighbourList(self.cutoff, skin)
        self._identity: tuple[Any, ...] = ()
        self._particles: Particles | None = None
        self._waves: Waves | None = None
        self._wave_cell = np.eye(3)
        self._system: System | None = None

    def _check(self, skin: float) -> None:
        ranges = (
            ("ewald_accuracy", self.accuracy, 1e-14, 1e-1, "eV/A, such as 1e-6"),
            ("cutoff", self.cutoff, 3.0, 40.0, "3 to 40 A"),
            ("switch_width", self.switch_width, 0.0, 0.5 * self.cutoff, "0 to half of the cut-off [A]"),
            ("skin", skin, 0.0, 5.0, "0 to 5 A"),
        )
        for key, value, low, high, allowed in ranges:
            if not low <= value <= high:
                raise AtomisticError("A setting is out of range", key=key, value=value, allowed=allowed)

    def particles(self, atoms: Atoms) -> Particles:
        """Return the particles of a structure; they are found again only for another composition."""
        names = atoms.arrays.get(SPECIES)
        identity = (
            atoms.numbers.tobytes(),
            atoms.get_tags().tobytes() if 0 in atoms.numbers else b"",
            tuple(atoms.pbc),
            None if names is None else names.tobytes(),
        )
        if self._particles is None or identity != self._identity:
            self._particles = particles_of(atoms, self.potential, self._choice, self._background)
            self._identity, self._system, self._waves = identity, None, None
        return self._particles

    def positions(self, atoms: Atoms, displacements: np.ndarray | None = None) -> np.ndarray:
        """Return the positions of atoms and, behind them, of shells that are no atoms [A].

        Parameters
        ----------
        atoms : ase.Atoms
            The structure.
        displacements : (shells, 3) array, optional
            Of the shells from their cores [A]; zero where left out.
        """
        implied = self.particles(atoms).implied
        shells = atoms.positions[implied] + (0.0 if displacements is None else displacements)
        return np.concatenate([atoms.positions, shells])

    def system(self, atoms: Atoms, positions: np.ndarray) -> System:
        """Return neighbours and wave vectors for positions of the particles of a structure."""
        particles, cell = self.particles(atoms), atoms.cell.array
        if self._system is not None and self.neighbours.holds(positions, cell) and self._waves_hold(cell):
            return self._system
        if self._waves is None or not self._waves_hold(cell):
            self._waves = self._list_waves(particles, cell)
        found = self.neighbours.build(positions, cell, particles.kind, self._table, particles.partner)
        self._system = System(
            kind=particles.kind,
            spring_pairs=particles.spring_pairs,
            spring_kind=particles.spring_kind,
            pair_floor=self.floors,
            cutoff=np.float64(self.cutoff),
            switch_width=np.float64(self.switch_width),
            neighbours=found,
            waves=self._waves,
        )
        return self._system

    def arguments(
        self, atoms: Atoms, displacements: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, Parameters, System]:
        """Return positions, cell, parameters and system: the arguments of `energy`.

        Parameters
        ----------
        atoms : ase.Atoms
            The structure.
        displacements : (shells, 3) array, optional
            Of the shells from their cores [A].
        """
        positions = self.positions(atoms, displacements)
        return positions, np.array(atoms.cell.array), self.parameters, self.system(atoms, positions)

    def _waves_hold(self, cell: np.ndarray) -> bool:
        if self._waves is None:
            return False
        strain = np.linalg.solve(self._wave_cell, cell)
        return bool(np.max(np.abs(np.linalg.svd(strain, compute_uv=False) - 1.0)) < _STRAIN)

    def _list_waves(self, particles: Particles, cell: np.ndarray) -> Waves:
        charges = self.parameters.charge[particles.kind]
        volume = abs(float(np.linalg.det(cell)))
        alpha = choose_alpha(charges, volume, self.cutoff, self.accuracy)
        longest = choose_wave_cutoff(charges, volume, alpha, self.accuracy) * (1.0 + _STRAIN)
        least = () if self._waves is None else half_widths(self._waves.weight.shape)
        self._wave_cell = cell.copy()
        return choose_waves(cell, alpha, longest, least)
