"""Lattice constants, distances and elastic data of a crystal as observations of a fit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list

from ...errors import AtomisticError
from ..potential import Parameters, Potential
from .coordinates import Relaxed, Structure
from .derivatives import deformation
from .observations import Observation

GPA = 160.21766208
"""One eV/angstrom3 [GPa]."""


class Crystal(Observation):
    """A crystal relaxed in full: lattice constants, distances and elastic data.

    Parameters
    ----------
    atoms : ase.Atoms
        Crystal near its minimum; the symmetry it has is kept by the relaxation.
    potential : Potential
        Species, pairs and shells.
    measured : mapping of str to (float, float)
        Value and standard deviation by name: "a", "b", "c" (lengths of the cell, divided by ``repeats``
        [angstrom]), "volume" (per repeat [angstrom3]), "d(Co, O)" (shortest distance of two elements
        [angstrom]), "C11" ... "C66" (elastic constants), "B" (bulk modulus, Reuss) [GPa].
    repeats : (int, int, int)
        How many unit cells the structure holds along its axes.
    label : str
        For tables.
    species : mapping, optional
        As for `Structure`.

    Raises
    ------
    AtomisticError
        If a name is not known.
    """

    def __init__(
        self,
        atoms: Atoms,
        potential: Potential,
        measured: Mapping[str, tuple[float, float]],
        *,
        repeats: tuple[int, int, int] = (1, 1, 1),
        label: str = "crystal",
        species: Mapping[str, str] | None = None,
        fitted: bool = True,
    ) -> None:
        self.label, self.fitted, self._repeats = label, fitted, repeats
        self.structure = Structure(atoms, potential, relax="cell", species=species, tolerance=1e-9)
        self._keys = list(measured)
        self._elastic = any(_is_elastic(key) for key in self._keys)
        for key in self._keys:
            _require_quantity(key, label)
        self.names = [f"{key} [{_unit(key)}]" for key in self._keys]
        pairs = np.array([measured[key] for key in self._keys], dtype=np.float64).reshape(-1, 2)
        self.measured, self.sigma = pairs[:, 0], pairs[:, 1]
        self._require_sane()

    def predict(
        self, parameters: Parameters, tangents: Parameters | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the values at rest and their derivatives; those of elastic data by central differences."""
        found = self.structure.at(parameters, tangents, stiffness=self._elastic)
        values = np.array([self._value(key, found) for key in self._keys])
        if tangents is None:
            return values, np.empty((len(values), 0))
        count = len(found.energy_slopes)
        slopes = np.zeros((len(values), count))
        geometric = np.array([not _is_elastic(key) for key in self._keys])
        for n in range(count):
            slopes[geometric, n] = self._geometric_slope(found, found.coordinate_slopes[n])[geometric]
        if not geometric.all():
            for n in range(count):
                slopes[~geometric, n] = self._elastic_slope(parameters, tangents, n)[~geometric]
        return values, slopes

    def _geometric_slope(self, found: Relaxed, change: np.ndarray, step: float = 1e-5) -> np.ndarray:
        """Return the change of lengths and distances when all coordinates change at a rate."""
        scale = step / max(float(np.abs(change).max()), 1e-12)
        ahead, behind = (_displaced(found.atoms, sign * scale * change) for sign in (1.0, -1.0))
        keys = [key for key in self._keys if not _is_elastic(key)]
        rates = {k: (self._geometry(k, ahead) - self._geometry(k, behind)) / (2 * scale) for k in keys}
        return np.array([rates.get(key, 0.0) for key in self._keys])

    def _elastic_slope(self, parameters: Parameters, tangents: Parameters, n: int) -> np.ndarray:
        """Return the derivative of everything along one tangent, relaxed anew on both sides."""
        size = max(
            float(np.abs(t[n]).max() / max(np.abs(p).max(), 1e-12))
            for p, t in zip(parameters, tangents, strict=True)
            if p.size
        )
        step = 1e-4 / max(size, 1e-12)
        sides = []
        for sign in (1.0, -1.0):
            moved = Parameters(*(p + sign * step * t[n] for p, t in zip(parameters, tangents, strict=True)))
            found = self.structure.at(moved, stiffness=True)
            sides.append(np.array([self._value(key, found) for key in self._keys]))
        self.structure.at(parameters)
        return (sides[0] - sides[1]) / (2 * step)

    def _value(self, key: str, found: Relaxed) -> float:
        if not _is_elastic(key):
            return self._geometry(key, found.atoms)
        constants = stiffness(found, self.structure.free)
        if key == "B":
            return float(1.0 / np.linalg.inv(constants)[:3, :3].sum())
        return float(constants[int(key[1]) - 1, int(key[2]) - 1])

    def _geometry(self, key: str, atoms: Atoms) -> float:
        if key in "abc":
            axis = "abc".index(key)
            return float(atoms.cell.lengths()[axis] / self._repeats[axis])
        if key == "volume":
            return float(atoms.get_volume() / np.prod(self._repeats))
        return _shortest(atoms, *_elements(key))


def stiffness(found: Relaxed, free: np.ndarray) -> np.ndarray:
    """Return the elastic constants of a relaxed crystal (6, 6) [GPa], with internal coordinates relaxed.

    ``C = (H_ee - H_eu H_uu^-1 H_ue)/V`` with the Hessian H over strains e and all other coordinates u.
    """
    block = found.hessian[:, free]
    block = 0.5 * (block + block.T)
    u = slice(0, len(free) - 6)
    e = slice(len(free) - 6, len(free))
    relaxed = block[e, e] - block[e, u] @ np.linalg.solve(block[u, u], block[u, e])
    return relaxed / found.atoms.get_volume() * GPA


def _displaced(atoms: Atoms, change: np.ndarray) -> Atoms:
    """Return ions and cell after a small change of all coordinates."""
    moved = atoms.copy()
    moved.positions += change[: 3 * len(atoms)].reshape(-1, 3)
    moved.set_cell(atoms.cell.array @ deformation(change[-6:]), scale_atoms=True)
    return moved


def _shortest(atoms: Atoms, first: str, second: str) -> float:
    distances = neighbor_list("d", atoms, {(first, second): 4.5})
    if not len(distances):
        raise AtomisticError("These elements are not neighbours", key="d", value=f"{first}, {second}")
    return float(distances.min())


def _is_elastic(key: str) -> bool:
    return key == "B" or (len(key) == 3 and key[0] == "C" and key[1:].isdigit())


def _elements(key: str) -> tuple[str, str]:
    first, _, second = key[2:-1].partition(",")
    return first.strip(), second.strip()


def _unit(key: str) -> str:
    if _is_elastic(key):
        return "GPa"
    return "angstrom3" if key == "volume" else "angstrom"


def _require_quantity(key: str, label: str) -> None:
    elastic = _is_elastic(key) and (key == "B" or set(key[1:]) <= set("123456"))
    distance = key.startswith("d(") and key.endswith(")") and all(_elements(key))
    if not (key in ("a", "b", "c", "volume") or elastic or distance):
        raise AtomisticError(
            "This quantity of a crystal is not known",
            key=label,
            value=key,
            allowed='"a", "b", "c", "volume", "d(Co, O)", "C11" ... "C66", "B"',
        )
