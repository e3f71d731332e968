"""What a potential is fitted to: frames with energies, forces and stresses, lattices, elastic data, barriers.

An observation is a number of measured values with standard deviations, and predicts them, and their
derivatives, for the parameters of a potential.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import PropertyNotImplementedError

from ...errors import AtomisticError
from ..potential import Parameters, Potential
from .coordinates import Structure


class Observation(ABC):
    """Measured values that a potential predicts.

    Attributes
    ----------
    label : str
        What it is, for tables.
    names : list of str
        Names of the values with their units.
    measured, sigma : array, shape (values,)
        Measured values and their standard deviations.
    group : str
        Energies of observations with the same group share an unknown offset; "" without.
    energies : array of bool, shape (values,)
        Which values have the offset.
    fitted : bool
        Whether a fit uses it; else it is only predicted.
    standing, source : str
        What the measured values are worth (sourced, assumed ...), and where they come from; for tables.
    """

    label: str
    names: list[str]
    measured: np.ndarray
    sigma: np.ndarray
    group: str = ""
    fitted: bool = True
    standing: str = ""
    source: str = ""

    @property
    def energies(self) -> np.ndarray:
        """Which values share the unknown offset."""
        return np.zeros(len(self.names), dtype=bool)

    @abstractmethod
    def predict(
        self, parameters: Parameters, tangents: Parameters | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the values (values,) and their derivatives along the tangents (values, tangents)."""

    def _require_sane(self) -> None:
        finite = np.isfinite(self.measured).all() and np.isfinite(self.sigma).all()
        if not len(self.measured) or not finite or not (self.sigma > 0).all():
            raise AtomisticError(
                "Measured values must be finite, with positive standard deviations",
                key=self.label,
                value=f"{len(self.measured)} values",
                fix="leave out what was not measured",
            )


class Frame(Observation):
    """One structure of a table or trajectory with its energy, forces and stress; only shells relax.

    Parameters
    ----------
    atoms : ase.Atoms
        Structure.
    potential : Potential
        Species, pairs and shells.
    energy : float, optional
        Energy of the cell [eV], from an unknown reference where a group is named.
    forces : array, shape (atoms, 3), optional
        [eV/angstrom].
    stress : array, shape (6,), optional
        ASE's Voigt order and sign [eV/angstrom3].
    sigma_energy, sigma_forces, sigma_stress : float
        Standard deviations: weights of the data [eV, eV/angstrom, eV/angstrom3].
    group : str
        Frames with the same group share the offset of their energies.
    label : str
        For tables.
    species : mapping, optional
        As for `Structure`.

    Raises
    ------
    AtomisticError
        If there is nothing to fit to, or shapes and numbers are wrong.
    """

    def __init__(
        self,
        atoms: Atoms,
        potential: Potential,
        *,
        energy: float | None = None,
        forces: np.ndarray | None = None,
        stress: np.ndarray | None = None,
        sigma_energy: float = 0.05,
        sigma_forces: float = 0.1,
        sigma_stress: float = 0.005,
        group: str = "energy",
        label: str = "frame",
        species: Mapping[str, str] | None = None,
    ) -> None:
        self.label, self.group = label, group
        self.structure = Structure(atoms, potential, relax="shells", species=species)
        count = len(atoms)
        parts = [
            ("energy [eV]", energy, (), sigma_energy),
            ("force [eV/angstrom]", forces, (count, 3), sigma_forces),
            ("stress [eV/angstrom3]", stress, (6,), sigma_stress),
        ]
        self._kinds = [name.split()[0] for name, value, _, _ in parts if value is not None]
        self.names, measured, sigma = [], [], []
        for name, value, shape, deviation in parts:
            if value is not None:
                array = _shaped(value, shape, name, label)
                self.names += [name] * array.size
                measured.append(array.ravel())
                sigma.append(np.full(array.size, float(deviation)))
        if not measured:
            raise AtomisticError(
                "A frame has neither energy nor forces nor stress",
                key=label,
                fix="give at least one of them, or read a trajectory that holds results",
            )
        self.measured, self.sigma = np.concatenate(measured), np.concatenate(sigma)
        self._require_sane()

    @property
    def energies(self) -> np.ndarray:
        """Which values share the unknown offset."""
        return np.array([bool(self.group) and name.startswith("energy") for name in self.names])

    def predict(
        self, parameters: Parameters, tangents: Parameters | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return energy, forces and stress, as far as they were measured, and their derivatives."""
        found = self.structure.at(parameters, tangents)
        ions, volume = 3 * len(found.atoms), found.atoms.get_volume()
        every = {
            "energy": (np.array([found.energy]), found.energy_slopes[None]),
            "force": (-found.gradient[:ions], -found.gradient_slopes[:, :ions].T),
            "stress": (found.gradient[-6:] / volume, found.gradient_slopes[:, -6:].T / volume),
        }
        chosen = [every[kind] for kind in self._kinds]
        return np.concatenate([v for v, _ in chosen]), np.concatenate([s for _, s in chosen])


def _shaped(value: Any, shape: tuple[int, ...], name: str, label: str) -> np.ndarray:
    """Return measured values as an array, or refuse another shape."""
    array = np.asarray(value, dtype=np.float64)
    if array.shape != shape:
        raise AtomisticError(
            f"The {name.split()[0]} of a frame has the wrong shape",
            key=label,
            value=array.shape,
            allowed=shape,
        )
    return array


def frames_of(
    images: Sequence[Atoms], potential: Potential, *, label: str = "frame", **options: object
) -> list[Frame]:
    """Make frames of the images of an ASE trajectory, from the results that they carry.

    Parameters
    ----------
    images : sequence of ase.Atoms
        Each with a calculator that holds energy, forces or stress.
    potential : Potential
        As for `Frame`.
    label : str
        Start of the labels.
    **options
        Standard deviations, group and species, as for `Frame`.

    Raises
    ------
    AtomisticError
        If there are no images, or one carries no results.
    """
    if not len(images):
        raise AtomisticError("The trajectory has no images", key=label)
    frames = []
    for number, atoms in enumerate(images):
        results = {key: _result(atoms, key) for key in ("energy", "forces", "stress")}
        if all(value is None for value in results.values()):
            raise AtomisticError(
                "An image of the trajectory carries no energy, forces or stress",
                key=label,
                value=f"image {number}",
                fix="write the trajectory with its results (for extxyz: columns forces, key energy)",
            )
        frames.append(Frame(atoms, potential, label=f"{label} {number}", **results, **options))  # type: ignore[arg-type]
    return frames


def _result(atoms: Atoms, key: str) -> np.ndarray | None:
    """Return a stored result of an image, None where there is none; nothing is computed."""
    if atoms.calc is None:
        return None
    try:
        value = atoms.calc.get_property(key, atoms, allow_calculation=False)
    except PropertyNotImplementedError:
        return None
    return None if value is None else np.asarray(value)
