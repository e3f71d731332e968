"""One structure under a potential whose numbers vary: relaxed, with exact sensitivities.

The generalized coordinates y are the positions of all particles (ions and shells) and six strains. With the
energy E(y, p) and its gradient g = dE/dy, the coordinates that are free to relax, x, obey g_x(x, p) = 0. A
change of the parameters p moves them by the implicit function theorem, dx/dp = -H_xx^-1 dg_x/dp with the
Hessian H, and everything that is read off a relaxed structure follows from dg/dp and dx/dp.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import jax
import numpy as np
from ase import Atoms

from ...errors import AtomisticError
from ..potential import Parameters, Potential, Preparation, System
from .derivatives import deformation, derivatives, evaluate

RELAX = ("shells", "ions", "cell")
"""What may relax: shells alone, ions too, the cell too."""


class UnrelaxedError(Exception):
    """A structure does not relax under these parameters: a fit goes back, an outermost call explains."""


@dataclass(frozen=True)
class Relaxed:
    """A structure at given parameters.

    Attributes
    ----------
    atoms : ase.Atoms
        The ions where they have come to rest, in the cell that belongs to them.
    energy : float
        [eV].
    gradient : array, shape (coordinates,)
        dE/dy: minus the forces on cores and shells [eV/angstrom], and the stress times the volume [eV].
    hessian : array, shape (free, coordinates)
        Rows of the free coordinates; empty where nothing is free.
    energy_slopes : array, shape (tangents,)
        dE/dp along the tangents.
    gradient_slopes : array, shape (tangents, coordinates)
        Total change of the gradient, with the free coordinates following.
    coordinate_slopes : array, shape (tangents, coordinates)
        Change of the coordinates.
    """

    atoms: Atoms
    energy: float
    gradient: np.ndarray
    hessian: np.ndarray
    energy_slopes: np.ndarray
    gradient_slopes: np.ndarray
    coordinate_slopes: np.ndarray


class Structure:
    """A structure that follows the parameters of a potential.

    Parameters
    ----------
    atoms : ase.Atoms
        Where relaxations start the first time; later ones start from the last result.
    potential : Potential
        Species, pairs and shells; the numbers are given later.
    relax : str
        "shells" (ions and cell as given), "ions" (cell as given) or "cell" (everything).
    species : mapping, optional
        Species of elements that the potential has several of, where the atoms do not say it.
    hold : (int, int), optional
        Atom and axis (0, 1, 2) along which it keeps its distance from the mean of all other atoms: a hop that
        is stopped half way.
    background : bool
        Whether a uniform charge compensates a net charge of the cell, as for a vacancy.
    accuracy : float
        Force error of the Ewald sum [eV/angstrom].
    tolerance : float
        Largest gradient of a free coordinate at the end [eV/angstrom, or eV per unit strain].
    """

    def __init__(
        self,
        atoms: Atoms,
        potential: Potential,
        *,
        relax: str = "shells",
        species: Mapping[str, str] | None = None,
        hold: tuple[int, int] | None = None,
        background: bool = False,
        accuracy: float = 1e-6,
        tolerance: float = 1e-7,
    ) -> None:
        if relax not in RELAX:
            raise AtomisticError("This cannot be relaxed", key="relax", value=relax, allowed=", ".join(RELAX))
        self.atoms, self.relax, self._tolerance = atoms.copy(), relax, tolerance
        self._preparation = Preparation(
            potential, species=species, ewald_accuracy=accuracy, background=background
        )
        self._displacements: np.ndarray | None = None
        self._inverse: np.ndarray | None = None
        particles = self._preparation.particles(self.atoms)
        self.free = _free_coordinates(len(self.atoms), particles.count, relax)
        self._held = _held_direction(self.free, len(self.atoms), hold)

    def at(
        self,
        parameters: Parameters,
        tangents: Parameters | None = None,
        *,
        follow: bool = True,
        stiffness: bool = False,
    ) -> Relaxed:
        """Relax at parameters, and differentiate along tangents where they are given.

        Parameters
        ----------
        parameters : Parameters
            Numbers of the potential.
        tangents : Parameters, optional
            Directions, each field with a leading axis (tangents, ...).
        follow : bool
            Whether slopes of gradient and coordinates are asked for; the energy at rest has its own without.
        stiffness : bool
            Whether the Hessian at rest is asked for.

        Raises
        ------
        UnrelaxedError
            If the structure does not come to rest near where it was.
        """
        with jax.enable_x64(True):
            for _ in range(8):
                y, cell, system, shells = self._coordinates(parameters)
                y = self._newton(y, cell, parameters, system)
                strain = np.abs(y[-6:]).max()
                self._settle(y, cell, shells)
                if strain < 1e-7 or self.relax != "cell":
                    return self._read(parameters, tangents, follow, stiffness)
        raise UnrelaxedError("the cell does not settle")

    def _coordinates(self, parameters: Parameters) -> tuple[np.ndarray, np.ndarray, System, int]:
        self._preparation.parameters = parameters
        positions, cell, _, system = self._preparation.arguments(self.atoms, self._displacements)
        shells = len(positions) - len(self.atoms)
        return np.concatenate([positions.ravel(), np.zeros(6)]), cell, system, shells

    def _newton(self, y: np.ndarray, cell: np.ndarray, parameters: Parameters, system: System) -> np.ndarray:
        """Bring the free coordinates to rest; the last Hessian serves, updated (BFGS), while it helps."""
        free, last = self.free, np.inf
        step = before = np.zeros(len(free))
        if not len(free):
            return y
        for _ in range(200):
            gradient = np.asarray(evaluate(y, cell, parameters, system)[1])[free]
            gradient = gradient - self._held * (self._held @ gradient)
            largest = float(np.abs(gradient).max())
            if not np.isfinite(largest):
                raise UnrelaxedError("ions come too close")
            if largest < self._tolerance:
                return y
            if self._inverse is None or largest > max(2.0 * last, 10 * self._tolerance):
                self._hessian(y, cell, parameters, system)
            elif last < np.inf:
                self._inverse = _updated(self._inverse, step, gradient - before)
            assert self._inverse is not None
            last, before = largest, gradient
            step = -self._inverse @ gradient
            step *= min(1.0, 0.15 / np.abs(step).max())
            y = y.copy()
            y[free] += step
        self._inverse = None
        raise UnrelaxedError(f"a force of {largest:.2g} eV/angstrom is left")

    def _hessian(self, y: np.ndarray, cell: np.ndarray, parameters: Parameters, system: System) -> np.ndarray:
        """Return the Hessian (free, coordinates), and keep the inverse of its free part."""
        directions = np.zeros((len(self.free), len(y)))
        directions[np.arange(len(self.free)), self.free] = 1.0
        rows = derivatives(y, cell, parameters, system, moves=directions)[1]
        block = 0.5 * (rows[:, self.free] + rows[:, self.free].T)
        if self._held.any():
            kept = np.eye(len(block)) - np.outer(self._held, self._held)
            block = kept @ block @ kept + np.outer(self._held, self._held)
        values, vectors = np.linalg.eigh(block)
        if not np.isfinite(values).all():
            raise UnrelaxedError("the Hessian is not finite")
        if self.relax == "shells" and values[0] <= 0:
            raise UnrelaxedError("the shells are not bound")
        # away from a minimum, downhill: the sizes of the curvatures, none of them tiny
        sizes = np.maximum(np.abs(values), 1e-3)
        self._inverse = (vectors / sizes) @ vectors.T
        return rows

    def _settle(self, y: np.ndarray, cell: np.ndarray, shells: int) -> None:
        """Make the coordinates the structure from which everything goes on."""
        if not len(self.free):
            return
        matrix = deformation(y[-6:])
        positions = y[:-6].reshape(-1, 3) @ matrix
        count = len(self.atoms)
        if self.relax != "shells":
            self.atoms.set_cell(cell @ matrix)
            self.atoms.positions[:] = positions[:count]
        if shells:
            implied = self._preparation.particles(self.atoms).implied
            self._displacements = positions[count:] - positions[implied]

    def _read(
        self, parameters: Parameters, tangents: Parameters | None, follow: bool, stiffness: bool
    ) -> Relaxed:
        y, cell, system, _ = self._coordinates(parameters)
        total, gradient = (np.asarray(part) for part in evaluate(y, cell, parameters, system))
        if not (np.isfinite(total) and np.isfinite(gradient).all()):
            raise UnrelaxedError("ions come too close")
        hessian = self._hessian(y, cell, parameters, system) if stiffness else np.empty((0, len(y)))
        if tangents is None:
            none = np.empty((0, len(y)))
            return Relaxed(self.atoms.copy(), float(total), gradient, hessian, np.empty(0), none, none)
        energies, slopes = derivatives(y, cell, parameters, system, tangents=tangents)
        moves = np.zeros_like(slopes)
        if len(self.free) and follow:
            moves, pull = self._follow(slopes, hessian, y, cell, parameters, system)
            slopes = slopes + pull
        return Relaxed(self.atoms.copy(), float(total), gradient, hessian, energies, slopes, moves)

    def _follow(
        self,
        slopes: np.ndarray,
        hessian: np.ndarray,
        y: np.ndarray,
        cell: np.ndarray,
        parameters: Parameters,
        system: System,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the moves that keep the free coordinates at rest, and the Hessian times them.

        Conjugate gradients with the inverse of an earlier Hessian for shells, whose Hessian is positive; a
        dense solution where ions or the cell move.
        """
        free = self.free
        moves = np.zeros_like(slopes)
        if self.relax != "shells":
            hessian = hessian if len(hessian) else self._hessian(y, cell, parameters, system)
            block = 0.5 * (hessian[:, free] + hessian[:, free].T)
            moves[:, free] = -np.linalg.solve(block, slopes[:, free].T).T
            return moves, moves[:, free] @ hessian
        if self._inverse is None:
            self._hessian(y, cell, parameters, system)
        pull, residual = np.zeros_like(slopes), -slopes[:, free]
        goal = 1e-7 * np.linalg.norm(residual, axis=1) + 1e-14
        direction, last = np.zeros_like(slopes), np.ones(len(slopes))
        for _ in range(60):
            if (np.linalg.norm(residual, axis=1) <= goal).all():
                return moves, pull
            preconditioned = residual @ self._inverse
            size = np.sum(residual * preconditioned, axis=1)
            direction[:, free] = preconditioned + (size / last)[:, None] * direction[:, free]
            image = derivatives(y, cell, parameters, system, moves=direction)[1]
            curvature = np.sum(direction * image, axis=1)
            step = np.where(curvature > 0, size / np.where(curvature > 0, curvature, 1.0), 0.0)[:, None]
            moves, pull = moves + step * direction, pull + step * image
            residual, last = residual - step * image[:, free], np.maximum(size, 1e-300)
        raise UnrelaxedError("the shells do not follow")


def _updated(inverse: np.ndarray, step: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Return the inverse Hessian after a step that changed the gradient (BFGS); it stays positive."""
    curvature = float(step @ change)
    if curvature <= 1e-3 * np.linalg.norm(step) * np.linalg.norm(change):
        return inverse
    moved = inverse @ change
    crossed = np.outer(step, moved)
    scale = 1.0 + float(change @ moved) / curvature
    return np.asarray(inverse + (scale * np.outer(step, step) - crossed - crossed.T) / curvature)


def _held_direction(free: np.ndarray, atoms: int, hold: tuple[int, int] | None) -> np.ndarray:
    """Return the direction of the free coordinates in which one atom moves against all others; 0 for none."""
    direction = np.zeros(len(free))
    if hold is None:
        return direction
    atom, axis = hold
    every = np.flatnonzero((free < 3 * atoms) & (free % 3 == axis))
    direction[every] = -1.0 / (atoms - 1)
    direction[free == 3 * atom + axis] = 1.0
    return direction / np.linalg.norm(direction)


def _free_coordinates(atoms: int, particles: int, relax: str) -> np.ndarray:
    """Number the coordinates that relax; one core holds still where ions move."""
    shells = np.arange(3 * atoms, 3 * particles)
    if relax == "shells":
        return shells
    ions = np.arange(3, 3 * atoms)
    cell = 3 * particles + np.arange(6) if relax == "cell" else np.empty(0, dtype=int)
    return np.concatenate([ions, shells, cell]).astype(int)
