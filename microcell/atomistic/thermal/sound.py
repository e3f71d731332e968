"""The long-wave limit of a crystal: speeds of sound and the Debye temperature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.constants import angstrom, hbar, k, pi

from .modes import refuse_imaginary
from .phonons import Phonons

_DIRECTIONS = 200
_LENGTH = 0.01  # wave vector over the shortest reciprocal axis: curvature below 1e-4, far above rounding


@dataclass(frozen=True)
class Sound:
    """Speeds of sound, averaged over directions.

    Attributes
    ----------
    speeds : tuple of float
        Root-mean of the inverse cube of the three acoustic branches, slowest first [m.s-1].
    mean : float
        Debye's mean over branches and directions, ``(1/3 sum <v^-3>)^(-1/3)`` [m.s-1].
    debye_temperature : float
        Theta_D of all atoms [K].
    acoustic_temperature : float
        Theta_a = Theta_D n^(-1/3), cut off at the acoustic branches of a cell of n atoms [K].
    """

    speeds: tuple[float, float, float]
    mean: float
    debye_temperature: float
    acoustic_temperature: float


def sound_of(phonons: Phonons) -> Sound:
    """Return the speeds of sound and Debye temperatures of a crystal.

    Anderson 1963 (10.1016/0022-3697(63)90067-2) for the mean; the acoustic cut-off by Slack 1973
    (10.1016/0022-3697(73)90092-9).

    Raises
    ------
    AtomisticError
        If a long wave is imaginary.
    """
    cell = phonons.lattice.primitive.cell
    reciprocal = 2.0 * pi * np.linalg.inv(cell).T
    length = _LENGTH * np.linalg.norm(reciprocal, axis=1).min()
    points = _sphere(_DIRECTIONS) * length @ np.linalg.inv(reciprocal)
    frequencies = phonons.lattice.run_qpoints(points).frequencies[:, :3]
    worst = int(np.argmin(frequencies[:, 0]))
    refuse_imaginary(float(frequencies[worst, 0]), points[worst])
    inverse_cubes = (frequencies * 2.0e12 * pi / (length / angstrom)) ** -3.0
    speeds = np.mean(inverse_cubes, axis=0) ** (-1.0 / 3.0)
    mean = float(np.mean(inverse_cubes) ** (-1.0 / 3.0))
    count = len(phonons.masses)
    debye = hbar / k * mean * (6.0 * pi**2 * count / phonons.volume) ** (1.0 / 3.0)
    return Sound(
        (float(speeds[0]), float(speeds[1]), float(speeds[2])),
        mean,
        float(debye),
        float(debye * count ** (-1.0 / 3.0)),
    )


def _sphere(count: int) -> np.ndarray:
    """Return directions spread evenly over the unit sphere (a Fibonacci spiral), shape (count, 3)."""
    step = np.arange(count) + 0.5
    height = 1.0 - 2.0 * step / count
    angle = pi * (1.0 + 5.0**0.5) * step
    radius = np.sqrt(1.0 - height**2)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle), height])
