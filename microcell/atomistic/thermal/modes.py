"""Phonon modes on a mesh of the Brillouin zone, their heat capacity and spectra."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from phonopy import Phonopy
from scipy.constants import hbar, k
from scipy.ndimage import gaussian_filter1d

from microcell.errors import AtomisticError

_THZ = 2.0e12 * np.pi  # rad.s-1
_THZ_A = 100.0  # m.s-1, phonopy's unit of group velocities
_BINS_PER_WIDTH = 8
_REACH = 5.0  # widths after which a Gaussian is nothing

SAMPLING: dict[str, Any] = {
    "shift": (0.5, 0.5, 0.5),  # in steps: no point falls on the zone centre, where velocities are undefined
    "is_gamma_center": True,
    "is_mesh_symmetry": False,
    "is_time_reversal": False,
}
"""How phonopy lays a mesh: all points, since a tensor of one mode lacks the symmetry of the crystal."""


@dataclass(frozen=True)
class Modes:
    """Phonon modes of a crystal on a mesh; Q wave vectors, B = 3 n branches, n atoms.

    Attributes
    ----------
    mesh : tuple of int
        Wave vectors per axis.
    points : ndarray
        Wave vectors in reciprocal axes, shape (Q, 3).
    weights : ndarray
        Share of the zone that each stands for, shape (Q,); their sum is one.
    frequencies : ndarray
        Angular frequencies [rad.s-1], shape (Q, B), rising.
    velocities : ndarray
        Group velocities [m.s-1], shape (Q, B, 3).
    eigenvectors : ndarray
        Polarization vectors, orthonormal, shape (Q, B, n, 3), complex.
    masses : ndarray
        Atomic masses [kg], shape (n,).
    volume : float
        Volume of the cell [m3].
    rotations : ndarray
        Cartesian matrices of the point group, shape (G, 3, 3).
    """

    mesh: tuple[int, int, int]
    points: np.ndarray
    weights: np.ndarray
    frequencies: np.ndarray
    velocities: np.ndarray
    eigenvectors: np.ndarray
    masses: np.ndarray
    volume: float
    rotations: np.ndarray

    def heat_capacity(self, temperature: float) -> float:
        """Return the harmonic heat capacity at constant volume of one cell [J.K-1]."""
        return float(np.sum(self.weights[:, None] * mode_heat_capacity(self.frequencies, temperature)))

    def specific_heat(self, temperature: float) -> float:
        """Return the harmonic heat capacity at constant volume per mass [J.kg-1.K-1]."""
        return self.heat_capacity(temperature) / float(self.masses.sum())

    def symmetrized(self, tensor: np.ndarray) -> np.ndarray:
        """Average a Cartesian tensor over the point group; the mesh alone may have less symmetry."""
        return np.einsum("gij,jk,glk->il", self.rotations, tensor, self.rotations) / len(self.rotations)

    def width(self) -> float:
        """Return a width for spectra [rad.s-1]: how far frequencies of neighbouring points lie apart."""
        speed = np.sqrt(np.average(np.sum(self.velocities**2, axis=2), weights=self.weights, axis=0).mean())
        return float(speed * (8.0 * np.pi**3 / (self.volume * np.prod(self.mesh))) ** (1.0 / 3.0))

    def density_of_states(self, width: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the density of states.

        Parameters
        ----------
        width : float, optional
            Standard deviation of the Gaussian that stands for each mode [rad.s-1]; default `width`.

        Returns
        -------
        frequency, density : ndarray
            [rad.s-1] and modes per cell and frequency [s.rad-1]; the integral is 3 n.
        """
        grid, tensors = self.site_spectra(width)
        return grid, np.einsum("ngii->g", tensors)

    def site_spectra(self, width: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the density of states of each atom and pair of directions.

        Returns
        -------
        frequency : ndarray
            [rad.s-1], shape (M,).
        density : ndarray
            Sum over modes of Re(e e*) times a Gaussian [s.rad-1], shape (n, M, 3, 3).
        """
        sigma = self.width() if width is None else width
        if not sigma > 0:
            raise AtomisticError("A spectrum needs a positive width", key="width", value=sigma)
        step = sigma / _BINS_PER_WIDTH
        grid = np.arange(-_REACH * sigma, self.frequencies.max() + _REACH * sigma, step)
        place = np.rint((self.frequencies - grid[0]) / step).astype(int)
        spectra = np.zeros((len(self.masses), len(grid), 3, 3))
        products = np.einsum(
            "q,qbni,qbnj->nqbij", self.weights, self.eigenvectors, self.eigenvectors.conj()
        ).real
        for site, product in enumerate(products):
            np.add.at(spectra[site], place, product)
        return grid, gaussian_filter1d(
            spectra, _BINS_PER_WIDTH, axis=1, mode="constant", truncate=_REACH
        ) / step


def modes_on(lattice: Phonopy, masses: np.ndarray, volume: float, mesh: tuple[int, int, int]) -> Modes:
    """Diagonalize the dynamical matrices of a mesh; see `Phonons.modes`."""
    result = lattice.run_mesh(mesh, with_eigenvectors=True, with_group_velocities=True, **SAMPLING)
    worst = np.unravel_index(np.argmin(result.frequencies), result.frequencies.shape)
    refuse_imaginary(float(result.frequencies[worst]), result.qpoints[worst[0]])
    count = len(masses)
    columns = np.asarray(result.eigenvectors)
    vectors = np.swapaxes(columns, 1, 2).reshape(len(columns), 3 * count, count, 3)
    return Modes(
        mesh=mesh,
        points=np.array(result.qpoints),
        weights=result.weights / result.weights.sum(),
        frequencies=np.maximum(result.frequencies, 0.0) * _THZ,
        velocities=np.array(result.group_velocities) * _THZ_A,
        eigenvectors=vectors,
        masses=masses,
        volume=volume,
        rotations=_point_group(lattice),
    )


def mode_heat_capacity(frequency: ArrayLike, temperature: float) -> np.ndarray:
    """Return the heat capacity of harmonic oscillators [J.K-1], elementwise.

    ``k x^2 e^x / (e^x - 1)^2`` with ``x = hbar omega / k T``; k where the frequency is zero.

    Raises
    ------
    AtomisticError
        If the temperature is not positive.
    """
    check_temperature(temperature)
    x = hbar * np.asarray(frequency, dtype=float) / (k * temperature)
    safe = np.maximum(x, 1e-6)  # below, the series 1 - x^2/12 is one in float64
    return k * safe**2 * np.exp(-safe) / np.expm1(-safe) ** 2


def check_temperature(temperature: float) -> None:
    """Refuse a temperature that is not positive and finite."""
    if not 0.0 < temperature < np.inf:
        raise AtomisticError(
            "The temperature must be positive",
            key="temperature",
            value=f"{temperature} K",
            allowed="above 0 K",
            fix="give kelvin, such as 298.15",
        )


def refuse_imaginary(frequency: float, point: np.ndarray, tolerance: float = 0.0) -> None:
    """Raise if the lowest frequency [THz] is imaginary: negative, in phonopy's way of writing."""
    if not frequency > -tolerance:
        raise AtomisticError(
            "The crystal is unstable: it has an imaginary phonon",
            key="frequency",
            value=f"{abs(frequency):.3g}i THz at q = {np.round(point, 4).tolist()} (in reciprocal axes)",
            allowed="real frequencies",
            fix="relax the cell with the same calculator, enlarge the supercell, or change the potential",
        )


def _point_group(lattice: Phonopy) -> np.ndarray:
    """Return the Cartesian rotations of the crystal, from those in lattice axes."""
    axes = lattice.primitive.cell.T
    operations = lattice.primitive_symmetry.pointgroup_operations
    return np.array([axes @ operation @ np.linalg.inv(axes) for operation in operations])
