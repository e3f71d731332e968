"""A reduced solution seen as the slices of a 3D run are: depth from the separator, means over the sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..p2d import DFN, Design, Solution

FILM = "Rocksalt thickness [m]"
_LAYER = "thickness [m]"


class Profile(NamedTuple):
    """A quantity through the plane.

    Attributes
    ----------
    quantity : name in the reduced solution.
    title : name with unit in a table.
    electrode : 0 is the first one from the negative side, -1 the positive one; None for the electrolyte.
    by_volume : whether sizes are averaged by volume; what stands on the surface is averaged by interface.
    """

    quantity: str
    title: str
    electrode: int | None = -1
    by_volume: bool = False


SALT = Profile("Electrolyte concentration [mol.m-3]", "Electrolyte concentration [mol.m-3]", None)
LITHIUM = Profile("Stoichiometry", "Mean stoichiometry", by_volume=True)
SURFACE = Profile("Surface stoichiometry", "Surface stoichiometry")
NEGATIVE_LITHIUM = Profile("Negative stoichiometry", "Negative mean stoichiometry", 0, True)
NEGATIVE_SURFACE = Profile("Negative surface stoichiometry", "Negative surface stoichiometry", 0)
ROCKSALT = Profile(FILM, FILM)


@dataclass(frozen=True)
class ReducedRun:
    """A reduced solution with the sizes of its electrodes.

    Attributes
    ----------
    solution : microcell.p2d.Solution
        The solution.
    radii, weights : tuple of ndarray, shape (sizes,)
        Of the electrodes, as in the solution's cell.
    """

    solution: Solution
    radii: tuple[np.ndarray, ...]
    weights: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, solution: Solution, *designs: Design) -> ReducedRun:
        """Put a solution and the designs of its electrodes together, the negative one first."""
        sizes = [(np.asarray(design.radii), np.asarray(design.weights)) for design in designs]
        return cls(solution, *(tuple(part) for part in zip(*sizes, strict=True)))

    @classmethod
    def of_model(cls, solution: Solution, model: DFN) -> ReducedRun:
        """Put a solution and the model that gave it together."""
        negative = () if model.negative is None else (model.negative.design,)
        return cls.of(solution, *negative, model.design)

    @property
    def surface_share(self) -> np.ndarray:
        """Share of the interface of the positive electrode in each size."""
        return self._share(-1)

    def _share(self, electrode: int) -> np.ndarray:
        area = self.weights[electrode] / self.radii[electrode]
        return np.asarray(area / area.sum())

    def has(self, profile: Profile) -> bool:
        """Whether the solution has the quantity."""
        return profile.quantity in self.solution.names()

    @cached_property
    def profiles(self) -> tuple[Profile, ...]:
        """All that is there through the plane: salt, lithium, and what the mechanisms report."""
        first = (SALT, LITHIUM, SURFACE, NEGATIVE_LITHIUM, NEGATIVE_SURFACE)
        return tuple(profile for profile in (*first, *self._of_mechanisms()) if self.has(profile))

    def _of_mechanisms(self) -> Iterator[Profile]:
        """Local outputs: they are the quantities of which the solution has a mean as well."""
        solution = self.solution
        electrode = solution.cell.positive
        for mechanism, state in zip(electrode.mechanisms, solution.record.slow[-1], strict=True):
            for name in mechanism.quantities(electrode.laws, electrode.radius, state):
                yield Profile(name, name, by_volume=name.startswith("Loss of active material"))

    def outputs(self) -> list[Profile]:
        """Return the first output of every mechanism that is no layer."""
        electrode, first = self.solution.cell.positive, []
        for mechanism, state in zip(electrode.mechanisms, self.solution.record.slow[-1], strict=True):
            names = list(mechanism.quantities(electrode.laws, electrode.radius, state))
            if not any(name.endswith(_LAYER) for name in names):
                first.append(Profile(names[0], names[0]))
        return first

    def layers(self) -> list[Profile]:
        """Return the layers on the positive particles, the rocksalt film first."""
        found = [profile for profile in self.profiles if profile.quantity.endswith(_LAYER)]
        return sorted(found, key=lambda profile: profile != ROCKSALT)

    def mean(self, profile: Profile, times: np.ndarray | None = None, step: int | None = None) -> np.ndarray:
        """Return the mean over an electrode at times [s], or at all times of the solution.

        It is weighted as `profile` says; volumes of an electrode weigh the same.
        """
        values = (
            self.solution[profile.quantity]
            if times is None
            else self.solution.at(profile.quantity, times, step=step)
        )
        return np.asarray(self._over_sizes(profile, values).mean(axis=1))

    def film_at(self, times: np.ndarray, step: int) -> np.ndarray:
        """Return the mean film over the interface [m]."""
        return self.mean(ROCKSALT, times, step)

    def charge(self, step: int) -> float:
        """Return the charge that a step took out [A.h.m-2]."""
        rows = np.flatnonzero(self.solution.step_number == step)[[0, -1]]
        return float(np.diff(self.solution["Discharge capacity [A.h]"][rows])[0]) / self.solution.area

    def place(self, profile: Profile) -> slice:
        """Return the volumes of a profile among those through the plane."""
        if profile.electrode is None:
            return slice(0, self.solution.cell.volumes)
        return self.solution.cell.electrodes[profile.electrode].place

    def depth(self, profile: Profile) -> np.ndarray:
        """Return the distance of its volumes from the separator | cathode plane [m]; negative in front."""
        x, positive = self.solution["x [m]"], self.solution.cell.positive
        start = float(np.sum(self.solution.cell.width[: positive.first]))
        return np.asarray((x - start)[self.place(profile)])

    def profile(self, profile: Profile, time: float, step: int | None = None) -> np.ndarray:
        """Return a quantity through the plane, averaged over the sizes.

        Where one particle stands for all of an electrode (SPM, SPMe), it has the same value everywhere.
        """
        values = self.solution.at(profile.quantity, np.array([time]), step=step)[0]
        if profile.electrode is None:
            return np.asarray(values)
        return np.broadcast_to(self._over_sizes(profile, values), self.depth(profile).shape)

    def _over_sizes(self, profile: Profile, values: np.ndarray) -> np.ndarray:
        assert profile.electrode is not None
        weights = self.weights[profile.electrode] if profile.by_volume else self._share(profile.electrode)
        return np.asarray(values @ weights)
