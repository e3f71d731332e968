"""Lattice thermal conductivity by single-mode relaxation times, with what its error bar is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Literal

import numpy as np

from microcell.errors import AtomisticError

from .lifetime import UMKLAPP, Form, boundary_rate, disorder_rate
from .modes import Modes, mode_heat_capacity
from .phonons import three_counts
from .slack import slack_conductivity
from .sound import Sound, sound_of
from .volumes import VolumeSeries, dilation, mean_square_root, thermal_grueneisen

Mean = Literal["acoustic", "all"]
FORMS: tuple[Form, ...] = ("slack", "klemens")
MEANS: tuple[Mean, ...] = ("acoustic", "all")
"""Over which branches the Grueneisen parameter is averaged."""

_COARSER = 2.0 / 3.0  # second mesh from which the error of the first is taken


@dataclass(frozen=True)
class Scattering:
    """What ends the life of a phonon.

    Attributes
    ----------
    variances : tuple of float
        Mass variance of every atom of the cell; none where left out.
    grain : float
        Diameter of a grain [m]; infinite: a large crystal.
    specularity : float
        Share of specular reflections at its surface.
    form : "slack" or "klemens"
        The Umklapp rate.
    mean : "acoustic" or "all"
        Over which branches the Grueneisen parameter is averaged.
    """

    variances: tuple[float, ...] = ()
    grain: float = np.inf
    specularity: float = 0.0
    form: Form = "slack"
    mean: Mean = "acoustic"


@dataclass(frozen=True)
class Conductivity:
    """A thermal conductivity.

    Attributes
    ----------
    temperature : float
        [K].
    tensor : ndarray
        [W.m-1.K-1], shape (3, 3), extrapolated to an infinite mesh.
    mesh_error : float
        Of the mean [W.m-1.K-1]: the largest of what the extrapolation changes in it, and of a third of what
        it changes in one direction.
    model_error : float
        Standard deviation of the mean over both Umklapp forms and both averages of the Grueneisen
        parameter [W.m-1.K-1]. It does not hold the error of the potential.
    """

    temperature: float
    tensor: np.ndarray
    mesh_error: float
    model_error: float

    @property
    def mean(self) -> float:
        """A third of the trace: the value of a polycrystal without resistance at its boundaries."""
        return float(np.trace(self.tensor) / 3.0)

    @property
    def uncertainty(self) -> float:
        """Both errors together [W.m-1.K-1]."""
        return float(np.hypot(self.mesh_error, self.model_error))

    @property
    def in_plane(self) -> float:
        """Mean over x and y, the plane of the layers where the threefold axis is z."""
        return float(0.5 * (self.tensor[0, 0] + self.tensor[1, 1]))

    @property
    def through_plane(self) -> float:
        """Along z."""
        return float(self.tensor[2, 2])


def conductivity_tensor(modes: Modes, lifetimes: np.ndarray, temperature: float) -> np.ndarray:
    """Return ``1/V sum w C v v tau`` [W.m-1.K-1], shape (3, 3).

    Single-mode relaxation time; Srivastava, The Physics of Phonons (1990), chapter 5.

    Parameters
    ----------
    modes : Modes
        Phonons on a mesh.
    lifetimes : ndarray
        tau [s], shape (Q, B).
    temperature : float
        T [K].
    """
    if np.shape(lifetimes) != modes.frequencies.shape or not np.isfinite(lifetimes).all():
        raise AtomisticError(
            "Every mode needs a finite lifetime",
            key="lifetimes",
            value=f"shape {np.shape(lifetimes)}",
            allowed=f"shape {modes.frequencies.shape}",
            fix="include a process that scatters all modes, such as Umklapp",
        )
    share = modes.weights[:, None] * mode_heat_capacity(modes.frequencies, temperature) * lifetimes
    tensor = np.einsum("qb,qbi,qbj->ij", share, modes.velocities, modes.velocities) / modes.volume
    return modes.symmetrized(tensor)


@dataclass(frozen=True)
class Transport:
    """A crystal ready for conductivities: modes on a mesh, their Grueneisen parameters, sound.

    Attributes
    ----------
    series : VolumeSeries
        Phonons at three volumes.
    mesh : sequence of int
        Wave vectors per axis.
    """

    series: VolumeSeries
    mesh: Sequence[int]

    @cached_property
    def modes(self) -> Modes:
        """Phonons at rest."""
        return self.series.rest.modes(self.mesh)

    @cached_property
    def grueneisen(self) -> np.ndarray:
        """Mode Grueneisen parameters, shape (Q, B)."""
        return self.series.grueneisen(self.modes)

    @cached_property
    def sound(self) -> Sound:
        """Speeds of sound and Debye temperatures."""
        return sound_of(self.series.rest)

    @cached_property
    def coarser(self) -> Transport:
        """The same on a mesh of two thirds the size."""
        mesh = three_counts(self.mesh, "mesh")
        if min(mesh) < 3:
            raise AtomisticError(
                "The mesh is too coarse for an error bar",
                key="mesh",
                value=mesh,
                allowed="3 or more per axis",
            )
        return Transport(self.series, tuple(max(1, round(_COARSER * n)) for n in mesh))

    def mean_grueneisen(self, temperature: float, mean: Mean = "acoustic") -> float:
        """Return the root-mean-square Grueneisen parameter that enters the Umklapp rate."""
        branches = 3 if mean == "acoustic" else self.modes.frequencies.shape[1]
        return mean_square_root(self.grueneisen, self.modes, temperature, branches)

    def umklapp(self, temperature: float, form: Form = "slack", mean: Mean = "acoustic") -> np.ndarray:
        """Return the Umklapp rates [s-1], shape (Q, B)."""
        return UMKLAPP[form](
            self.modes.frequencies,
            temperature,
            grueneisen=self.mean_grueneisen(temperature, mean),
            mass=float(self.modes.masses.mean()),
            speed=self.sound.mean,
            debye=self.sound.acoustic_temperature,
        )

    def lifetimes(self, temperature: float, scattering: Scattering) -> np.ndarray:
        """Return lifetimes by Matthiessen's rule [s], shape (Q, B)."""
        rate = self.umklapp(temperature, scattering.form, scattering.mean)
        return 1.0 / (rate + self._elastic(scattering))

    def _elastic(self, scattering: Scattering) -> np.ndarray:
        """Return the rates that do not depend on temperature [s-1]."""
        rate = boundary_rate(self.modes.velocities, scattering.grain, scattering.specularity)
        if scattering.variances:
            rate = rate + disorder_rate(self.modes, scattering.variances)
        return rate

    def tensor(self, temperature: float, scattering: Scattering) -> np.ndarray:
        """Return the conductivity without error bar [W.m-1.K-1], shape (3, 3)."""
        return conductivity_tensor(self.modes, self.lifetimes(temperature, scattering), temperature)

    def conductivity(self, temperature: float, scattering: Scattering | None = None) -> Conductivity:
        """Return the conductivity with the errors of mesh and model.

        Lifetimes of long waves go as w^-2, and what a mesh misses of their heat goes with its step. The value
        is therefore extrapolated from two meshes, linearly in the step (as by Esfarjani, Chen & Stokes 2011,
        10.1103/PhysRevB.84.085204), and what the extrapolation changes is its error.

        Raises
        ------
        AtomisticError
            If the temperature is not positive, or the mesh too coarse.
        """
        chosen = scattering if scattering is not None else Scattering()
        tensor = self.tensor(temperature, chosen)
        coarse = self.coarser.tensor(temperature, chosen)
        elastic = self._elastic(chosen)
        means = []
        for form, mean in product(FORMS, MEANS):
            lifetimes = 1.0 / (self.umklapp(temperature, form, mean) + elastic)
            means.append(np.trace(conductivity_tensor(self.modes, lifetimes, temperature)) / 3.0)
        limit = self._limit(tensor, coarse)
        change = np.diag(limit - tensor)
        mesh_error = max(abs(change.mean()), np.abs(change).max() / 3.0)  # directions may change oppositely
        return Conductivity(temperature, limit, float(mesh_error), float(np.std(means, ddof=1)))

    def _limit(self, fine: np.ndarray, coarse: np.ndarray) -> np.ndarray:
        """Extrapolate linearly in the step of the mesh to zero."""
        ratio = (np.prod(self.mesh) / np.prod(self.coarser.mesh)) ** (1.0 / 3.0)
        return fine + (fine - coarse) / (ratio - 1.0)

    def slack(self, temperature: float) -> float:
        """Return Slack's one-line estimate [W.m-1.K-1]."""
        return slack_conductivity(
            temperature,
            grueneisen=self.mean_grueneisen(temperature),
            mass=float(self.modes.masses.mean()),
            volume=self.modes.volume,
            acoustic_temperature=self.sound.acoustic_temperature,
        )

    def specific_heat(self, temperature: float) -> tuple[float, float]:
        """Return the specific heat at constant pressure and its error [J.kg-1.K-1].

        Harmonic c_v plus the work of expansion. The error holds the mesh and the whole of that work, which is
        known to first order only; not the error of the potential, nor electronic and magnetic parts.
        """
        fine, work = self._heat(temperature)
        coarse, _ = self.coarser._heat(temperature)
        return fine + work, float(np.hypot(fine - coarse, work))

    def _heat(self, temperature: float) -> tuple[float, float]:
        """Return c_v and c_p - c_v [J.kg-1.K-1]."""
        heat = self.modes.specific_heat(temperature)
        mean = thermal_grueneisen(self.grueneisen, self.modes, temperature)
        capacity = self.modes.heat_capacity(temperature)
        ratio = dilation(mean, capacity, self.series.bulk_modulus, self.modes.volume, temperature)
        return heat, heat * ratio
