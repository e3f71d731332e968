"""Diffusion in the solid: slabs, constant and falling diffusivity, through the coupled solver."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax.numpy as jnp
import numpy as np

from ...cell.halfcell import HalfCell
from ...parameters.constants import F
from ...simulation import Simulation
from ...solve.control import StepControl
from ..media import constant_parameters, laminate_cell
from ..problem import Check, Findings, Line, Order, Picture, Problem, Setting, near, order
from .series import falling_diffusivity_slab, slab

THICKNESS = 12e-6
DIFFUSIVITY = 1e-14
SPAN = THICKNESS**2 / DIFFUSIVITY
START = 0.2
DECAY = 2.0
PLANES = 34
"""Voxels of pore and active material together, whatever the resolution: the solver is compiled once."""

CONTROL = StepControl(error=2e-8, first=0.1, largest=1e9)
"""Steps so short that the voxels make the error: at most a few hundredths of it at 32 voxels."""


def falling(x: Any, T: Any) -> Any:
    """Diffusivity that falls with the stoichiometry [m2.s-1]."""
    return DIFFUSIVITY * jnp.exp(-DECAY * x)


LAWS: dict[str, Any] = {"constant": DIFFUSIVITY, "falling": falling}
CURRENT_DENSITY = {"constant": 2.0, "falling": 1.0}
TAU = {"constant": (0.05, 0.7), "falling": (0.2, 0.6)}
"""Times, in L^2/D0: while the profile is still growing into the slab, and after it has reached the wall."""


@cache
def cell(law: str, cells: int, planes: int) -> HalfCell:
    """Return a slab of ``cells`` voxels on the collector behind as much pore as fills the planes."""
    parameters = constant_parameters({"Active diffusivity [m2.s-1]": LAWS[law]})
    layers = "p" * (planes - cells) + "a" * cells
    options: dict[str, Any] = {"separator_thickness": 4e-6, "separator_cells": 1}
    return laminate_cell(layers, parameters, voxel=THICKNESS / cells, **options)


@cache
def profiles(law: str, cells: int, planes: int) -> tuple[np.ndarray, ...]:
    """Return the stoichiometry at the cell centres, wall first, and last at the surface, at each time."""
    made = cell(law, cells, planes)
    simulation = Simulation(made, initial=f"x = {START}", control=CONTROL)
    c_max = made.parameters.number("Active maximum concentration [mol.m-3]")
    found, before = [], 0.0
    for tau in TAU[law]:
        simulation.step((tau - before) * SPAN, current=CURRENT_DENSITY[law] * made.area)
        before, stepper = tau, simulation.stepper
        assert stepper is not None
        assert stepper.last is not None
        inside = np.asarray(stepper.unknowns.c)[: -cells - 1 : -1, 0, 0]
        found.append(np.append(inside, np.mean(np.asarray(stepper.last.surface))) / c_max)
    return tuple(found)


def scale(law: str) -> float:
    """Return ``q L / (D0 c_max)``, the rise of stoichiometry that everything is relative to."""
    c_max = constant_parameters().number("Active maximum concentration [mol.m-3]")
    return CURRENT_DENSITY[law] / F * THICKNESS / (DIFFUSIVITY * c_max)


@cache
def reference(law: str, tau: float) -> tuple[np.ndarray, np.ndarray]:
    """Return positions x/L and the stoichiometry that the slab should have there."""
    if law == "falling":
        return falling_diffusivity_slab(START, scale(law), DECAY, tau)
    x = np.linspace(0.0, 1.0, 2001)
    return x, START + scale(law) * slab(x, tau)


def places(cells: int) -> np.ndarray:
    """Return x/L of the cell centres from the insulated wall on, and of the surface."""
    return np.append((np.arange(cells) + 0.5) / cells, 1.0)


def exact(law: str, tau: float, x: np.ndarray) -> np.ndarray:
    """Interpolate the reference by cubic splines between its 2001 points."""
    from scipy.interpolate import CubicSpline

    return np.asarray(CubicSpline(*reference(law, tau))(x))


def misses(law: str, cells: int, planes: int) -> np.ndarray:
    """Return the errors (times, cells + 1), relative to ``q L / D0``."""
    found = profiles(law, cells, planes)
    x = places(cells)
    return np.stack([f - exact(law, tau, x) for f, tau in zip(found, TAU[law], strict=True)]) / scale(law)


def solve(law: str, setting: Setting) -> Findings:
    """Step slabs of the same thickness at several voxel sizes and compare them with the answer."""
    planes, sizes = (66, (8, 16, 32, 64)) if setting.full else (PLANES, (8, 16, 32))
    errors = {n: misses(law, n, planes) for n in sizes}
    voxels = [THICKNESS / n for n in sizes]
    checks: list[Check | Order] = []
    for number, tau in enumerate(TAU[law]):
        inside = [np.abs(e[number, :-1]).max() for e in errors.values()]
        surface = [abs(e[number, -1]) for e in errors.values()]
        checks.append(order(f"concentration inside, t = {tau} L2/D [q L/D]", voxels, inside, 2))
        checks.append(order(f"concentration at the surface, t = {tau} L2/D [q L/D]", voxels, surface, 2))
        mean = float(np.mean(profiles(law, sizes[-1], planes)[number][:-1]))
        checks.append(
            near(f"mean stoichiometry, t = {tau} L2/D [-]", mean, START + scale(law) * tau, relative=1e-6)
        )
    if law == "constant":
        checks += _constants(errors[32][-1], 32)  # on finer voxels the time steps show
    return Findings(tuple(checks), (_profile_picture(law, sizes[0], planes), _error_picture(law, errors)))


def _constants(error: np.ndarray, cells: int) -> list[Check | Order]:
    """Compare the error itself with what the parabola of late times makes of two-point fluxes."""
    inside, surface = 1 / 24 / cells**2, 1 / 6 / cells**2
    return [
        near("late error inside [q L/D]", float(np.abs(error[:-1]).max()), inside, relative=0.05),
        near("late error at the surface [q L/D]", float(error[-1]), surface, relative=0.05),
    ]


def _profile_picture(law: str, cells: int, planes: int) -> Picture:
    lines = []
    for found, tau in zip(profiles(law, cells, planes), TAU[law], strict=True):
        x, u = reference(law, tau)
        every = slice(None, None, 20)
        lines.append(
            Line(f"answer, t = {tau} L2/D", (x[every] * THICKNESS * 1e6).tolist(), u[every].tolist())
        )
        where = (places(cells) * THICKNESS * 1e6).tolist()
        lines.append(Line(f"{cells} voxels, t = {tau} L2/D", where, found.tolist(), marks=True))
    title = f"Lithium in a slab, {law} diffusivity"
    return Picture(title, "Distance from the collector [um]", "Stoichiometry c/c_max [-]", tuple(lines))


def _error_picture(law: str, errors: dict[int, np.ndarray]) -> Picture:
    voxels = [THICKNESS / n * 1e6 for n in errors]
    inside = [float(np.abs(e[:, :-1]).max()) for e in errors.values()]
    surface = [float(np.abs(e[:, -1]).max()) for e in errors.values()]
    square = [surface[-1] * (v / voxels[-1]) ** 2 for v in voxels]
    lines = (
        Line("second order", voxels, square),
        Line("inside", voxels, inside, marks=True),
        Line("surface", voxels, surface, marks=True),
    )
    title = f"Largest error in a slab, {law} diffusivity"
    return Picture(title, "Voxel size [um]", "Error [q L/D]", lines, log_x=True, log_y=True)


PROBLEMS = (
    Problem(
        name="slab-constant-flux",
        title="A slab under a constant flux, against Crank's series",
        family="diffusion",
        answer="series",
        statement=(
            "A slab of 12 um on the collector takes up 2 A/m2, D = 1e-14 m2/s, in the coupled cell, on "
            "voxels of 1.5, 0.75 and 0.375 um (full size: 0.1875 um too). c - c0 = (q L/D) [tau + (3 x^2 "
            "- 1)/6 - (2/pi^2) sum (-1)^n/n^2 exp(-n^2 pi^2 tau) cos(n pi x)], q = i/F, at tau = 0.05 and "
            "0.7. Two-point fluxes and the half-cell extrapolation to the surface are of second order: "
            "slope 2 (-0.2, +0.6) at cell centres and at the surface. At tau = 0.7 the profile is a "
            "parabola but for 0.1 %, which gives the errors themselves: q h^2/(24 D L) inside and q "
            "h^2/(6 D L) at the surface (32 voxels; 5 % for the time steps and the rest of the series). "
            "The mean is exact but for Newton's tolerance (1e-6)."
        ),
        source="Crank, The Mathematics of Diffusion, 2nd ed., Eq. 4.55",
        solve=lambda setting: solve("constant", setting),
    ),
    Problem(
        name="slab-falling-diffusivity",
        title="A slab whose diffusivity falls with lithiation, against the method of lines",
        family="diffusion",
        answer="independent",
        statement=(
            "The slab of slab-constant-flux takes up 1 A/m2 from x = 0.2 on with D = 1e-14 exp(-2 "
            "c/c_max) m2/s, which falls by 40 % between wall and surface. The answer is a method of "
            "lines on 2001 nodes whose fluxes are differences of the Kirchhoff potential, through time "
            "with LSODA (rtol 1e-9): some 1e-6 of its own error, a hundredth of the smallest one "
            "compared. Harmonic means of D and the half-cell extrapolation with D of the cell are of "
            "second order: slope 2 (-0.2, +0.6), at t = 0.2 and 0.6 L2/D0."
        ),
        source="model page, sections 3 and 6; Crank, 2nd ed., chapter 7 (Kirchhoff's transform)",
        solve=lambda setting: solve("falling", setting),
    ),
)
