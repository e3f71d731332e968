"""A sphere and a cylinder of voxels that take up a constant current, with either area model.

Symmetry cuts an eighth of a sphere and a quarter of a cylinder out: the lateral sides of a cell let nothing
through, and the collector takes no lithium. Kinetics are slow beside all conductivities and the open-circuit
line is flat, so that every face carries the same current density.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from ...cell.halfcell import HalfCell
from ...parameters.constants import F, R
from ...simulation import Simulation
from ...solve.control import StepControl
from ..media import constant_parameters, one_particle, volume_of
from ..problem import Setting
from . import series

RADIUS = 4e-6
DIFFUSIVITY = 1e-12
RISE = 50.0
"""``j R / D`` [mol.m-3]: a thousandth of c_max, too little to change the exchange current."""
TAU = 0.3
"""Time in R^2/D: the slowest radial wave is down to exp(-6), the fourth harmonic to exp(-8)."""
MARGIN = 3
MODELS = ("normals", "faces")

MEDIUM: dict[str, Any] = {
    "Active open-circuit potential [V]": lambda x, T: 4.0 * jnp.ones_like(x),
    "Active diffusivity [m2.s-1]": DIFFUSIVITY,
    "Active electronic conductivity [S.m-1]": 10.0,
    "Electrolyte conductivity [S.m-1]": 10.0,
    "Cation transference number": 1.0,
    "Lithium metal exchange current density [A.m-2]": 1e6,
    "Rocksalt initial thickness [m]": 1e-12,
    "Rocksalt ionic conductivity [S.m-1]": 1.0,
}
"""Salt that stands still (``t_plus`` 1), no drop at the lithium, no film: what is left is charge transfer."""


@dataclass(frozen=True)
class Body:
    """A round body: its dimension, series, radii in voxels, and what counted faces make of it.

    Attributes
    ----------
    surplus : float
        Counted over true area.
    harmonic : float
        Amplitude of the fourth harmonic that counted faces cause, in ``j R / D``; see :func:`fourth`.
    """

    name: str
    dimension: int
    series: Callable[[np.ndarray, float], np.ndarray]
    surplus: float
    harmonic: float
    reduced: tuple[int, ...]
    full: tuple[int, ...]

    def radii(self, setting: Setting) -> tuple[int, ...]:
        """Return the radii in voxels."""
        return self.full if setting.full else self.reduced

    @property
    def gap(self) -> float:
        """Surface less mean concentration in ``j R / D`` at :data:`TAU`."""
        return float(self.series(np.ones(1), TAU)[0]) - self.dimension * TAU


BODIES = {
    "sphere": Body("sphere", 3, series.sphere, 1.5, -35 / 256, (8, 16), (8, 12, 16, 24, 32)),
    "cylinder": Body("cylinder", 2, series.cylinder, 4 / np.pi, -1 / 30, (8, 32), (8, 16, 32, 64)),
}


class Found(NamedTuple):
    """What a run came to; concentrations in ``j R / D``, areas relative to the true area.

    Attributes
    ----------
    area, driven : area of the weighted faces, and area that the overpotential tells.
    mean, surface, scatter : mean of the cells; area-weighted mean and rms deviation of ``c_so``.
    harmonic : amplitude of the fourth harmonic inside.
    volume : volume of the voxels relative to the body.
    counted : faces relative to those of the shadows on three planes.
    r, c : distance from the centre, relative to the radius, and concentration of every cell.
    """

    area: float
    driven: float
    mean: float
    surface: float
    scatter: float
    harmonic: float
    volume: float
    counted: float
    r: np.ndarray
    c: np.ndarray


def positions(dimension: int, n: int) -> np.ndarray:
    """Return z, y, x of all voxels from the centre of the body, in voxels, shape (3, z, y, x)."""
    size = n + MARGIN
    z, y, x = np.indices((size, size, size if dimension == 3 else 2)) + 0.5
    return np.stack([size - z, y, x if dimension == 3 else np.zeros_like(x)])


def fourth(place: np.ndarray, dimension: int) -> np.ndarray:
    """Return the cubic harmonic polynomial of degree four, which solves Laplace's equation.

    In space ``x^4 + y^4 + z^4 - 3/5 r^4``, in the plane ``r^4 cos 4 theta = 8 (x^4 + y^4) / 2 - 3 r^4``.
    """
    r2 = np.sum(place**2, axis=0)
    sum4 = np.sum(place**4, axis=0)
    return np.asarray(sum4 - 0.6 * r2**2 if dimension == 3 else 4 * sum4 - 3 * r2**2)


@cache
def run(name: str, n: int, model: str) -> Found:
    """Put a constant current into a body of ``n`` voxels radius for ``TAU R^2/D``."""
    body, h = BODIES[name], RADIUS / n
    place = positions(body.dimension, n)
    inside = np.sqrt(np.sum(place**2, axis=0)) < n
    volume = volume_of(inside.astype(np.uint8), h)
    options: dict[str, Any] = {"separator_thickness": 4 * h, "separator_cells": 1}
    particles = one_particle(volume)
    cell = HalfCell(volume, _parameters(), area_model=model, particles=particles, **options)  # type: ignore[arg-type]
    # steps so short that the time error, some 1e-5 of the rise, is far below that of the voxels
    simulation = Simulation(cell, initial="x = 0.5", control=StepControl(error=1e-8, first=0.01, largest=1e9))
    row = simulation.step(TAU * RADIUS**2 / DIFFUSIVITY, current=_density() * true_area(body, h))
    return _evaluate(body, n, place, inside, simulation, row["Voltage [V]"])


@cache
def _parameters() -> Any:
    return constant_parameters(MEDIUM)


def _density() -> float:
    """Return the current density of the true area [A.m-2]."""
    return F * RISE * DIFFUSIVITY / RADIUS


def true_area(body: Body, h: float) -> float:
    """Return the area of the cut-out body [m2]; the cylinder is two voxels long."""
    return float(np.pi * RADIUS**2 / 2 if body.dimension == 3 else np.pi * RADIUS / 2 * 2 * h)


def _evaluate(
    body: Body, n: int, place: np.ndarray, inside: np.ndarray, simulation: Simulation, volts: float
) -> Found:
    stepper, cell, h = simulation.stepper, simulation.cell, RADIUS / n
    assert stepper is not None
    assert stepper.last is not None
    start = 0.5 * cell.parameters.number("Active maximum concentration [mol.m-3]")
    c = (np.asarray(stepper.unknowns.c)[1:][inside] - start) / RISE
    surface = (np.asarray(stepper.last.surface) - start) / RISE
    area = np.asarray(cell.geometry.faces.area)
    middle = float(np.sum(area * surface) / area.sum())
    r = np.sqrt(np.sum(place**2, axis=0))[inside] / n
    columns = inside.any(axis=0)  # the shadow on the collector; by symmetry the other two are as large
    shadow = 3 * np.sum(columns) if body.dimension == 3 else 2 * np.sum(columns)
    solid = np.pi / 6 * n**3 if body.dimension == 3 else np.pi / 4 * n**2 * 2
    return Found(
        area=float(area.sum()) / true_area(body, h),
        driven=_driving_area(4.0 - volts, start),
        mean=float(c.mean()),
        surface=middle,
        scatter=float(np.sqrt(np.sum(area * (surface - middle) ** 2) / area.sum())),
        harmonic=_amplitude(c, place[:, inside] / n, body.dimension),
        volume=float(inside.sum() / solid),
        counted=float(len(area) / shadow),
        r=r,
        c=c,
    )


def _driving_area(overpotential: float, c: float) -> float:
    """Return the area over the true one that this overpotential drives the current through."""
    parameters = _parameters()
    i00 = parameters.number("Exchange current density factor [A.m2.5.mol-1.5]")
    T = parameters.number("Temperature [K]")
    i0 = i00 * np.sqrt(parameters.number("Initial electrolyte concentration [mol.m-3]")) * c
    return float(_density() / (2 * i0 * np.sinh(F * overpotential / (2 * R * T))))


def _amplitude(c: np.ndarray, place: np.ndarray, dimension: int) -> float:
    """Fit ``a + b r^2 + amplitude * fourth`` to the cells within 0.8 R, where the staircase is not felt."""
    r2 = np.sum(place**2, axis=0)
    near_centre = r2 < 0.8**2
    columns = np.stack([np.ones_like(r2), r2, fourth(place, dimension)], axis=1)
    return float(np.linalg.lstsq(columns[near_centre], c[near_centre], rcond=None)[0][2])
