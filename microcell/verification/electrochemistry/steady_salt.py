"""The steady state of a current through a plane column of electrolyte.

All lithium that enters at the lithium plane leaves at the other end, ``F N = i`` everywhere, so that

    dc/dz = -(1 - t_plus) i / (F D),    dphi/dz = -i / kappa + (2RT/F) (1 - t_plus) (1 + dlnf/dlnc) dln c/dz

(Latz & Zausch 2011, doi 10.1016/j.jpowsour.2010.11.088); the salt of the column stays what it was.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ...parameters import ParameterSet
from ...parameters.constants import F, R
from ...solve.control import StepControl
from ..problem import Check, Findings, Line, Order, Picture, Problem, Setting, below, order
from .salt_column import Column, column_of, parameters_of, run_column

LENGTH, DENSITY, SALT = 64e-6, 400.0, 1000.0
"""Thickness of the column [m], discharge current [A.m-2], salt at the start [mol.m-3]."""

SETTLED = 30.0
"""Time to the steady state [s]: 20 times l^2 / (pi^2 D)."""

CONTROL = StepControl(error=1e-4, first=0.01, largest=1.0, residual=2e-10, linear=1e-5)


class Steady(NamedTuple):
    """A steady column: distances from the lithium plane [m], salt [mol.m-3], potential [V] there."""

    z: np.ndarray
    c: np.ndarray
    phi: np.ndarray


def solved(cells: int, finest: int, constant: bool) -> tuple[Column, Steady]:
    """Run a column into its steady state."""
    column = column_of(parameters_of(constant), cells, LENGTH / cells, finest)
    stepper, salt = run_column(column, DENSITY, [SETTLED], CONTROL)
    phi = np.asarray(stepper.unknowns.phi_e)[:cells, 0, 0]
    return column, Steady(column.centres, salt[-1], phi)


def straight(column: Column) -> Steady:
    """Closed form of constant properties; the potential is zero in the first cell."""
    number = column.number
    missing = 1 - number("Cation transference number")
    slope = missing * DENSITY / (F * number("Electrolyte diffusivity [m2.s-1]"))
    c = SALT - slope * (column.centres - 0.5 * LENGTH)
    thermal = 2 * R * number("Temperature [K]") / F
    ohmic = -DENSITY * (column.centres - column.centres[0]) / number("Electrolyte conductivity [S.m-1]")
    diffusion = thermal * missing * number("Thermodynamic factor") * np.log(c / c[0])
    return Steady(column.centres, c, ohmic + diffusion)


def constant_properties(setting: Setting) -> Findings:
    """Compare a column of constant properties with its closed form."""
    column, found = solved(16, 64, True)
    exact = straight(column)
    size = float(np.ptp(exact.phi))
    checks = (
        below("Largest error of the salt [mol.m-3]", np.abs(found.c - exact.c).max(), 1e-6),
        below("Largest error of the potential over its drop [-]",
              np.abs(found.phi - found.phi[0] - exact.phi).max() / size, 1e-8),
    )  # fmt: skip
    return Findings(checks)


def right_hand_side(parameters: ParameterSet) -> Callable[[float, np.ndarray], np.ndarray]:
    """Return d/dz of salt, potential and salt passed so far, with the laws of the parameter set."""
    import jax
    import jax.numpy as jnp

    T = parameters.number("Temperature [K]")
    kappa = parameters.law("Electrolyte conductivity [S.m-1]")
    diffusivity = parameters.law("Electrolyte diffusivity [m2.s-1]")
    t_plus, factor = parameters.law("Cation transference number"), parameters.law("Thermodynamic factor")

    @jax.jit
    def slopes(c: Any) -> Any:
        missing = 1 - t_plus(c, T)
        fall = -missing * DENSITY / (F * diffusivity(c, T))
        diffusion = 2 * R * T / F * missing * factor(c, T) * fall / c
        return jnp.stack([fall, -DENSITY / kappa(c, T) + diffusion, c])

    return lambda z, y: np.asarray(slopes(y[0]))


@cache
def integrated() -> Callable[[np.ndarray], np.ndarray]:
    """Integrate the built-in electrolyte, the salt at z = 0 such that the column keeps its amount."""
    from scipy.integrate import solve_ivp
    from scipy.optimize import brentq

    slopes = right_hand_side(parameters_of(False))

    def run(c: float) -> Any:
        given = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-14, "dense_output": True}
        return solve_ivp(slopes, (0.0, LENGTH), [c, 0.0, 0.0], **given)

    start = brentq(lambda c: run(c).y[2, -1] / LENGTH - SALT, SALT, 2 * SALT, xtol=1e-9)
    return run(start).sol


def end_of_potential(column: Column, found: Steady) -> float:
    """Potential at the far plane as the interface sees it: half a cell of ohmic drop from the last centre."""
    kappa = column.cell.parameters.law("Electrolyte conductivity [S.m-1]")
    T = column.number("Temperature [K]")
    return float(found.phi[-1] - DENSITY * 0.5 * column.edge / float(kappa(found.c[-1], T)))


def errors_of(column: Column, found: Steady) -> tuple[float, ...]:
    """Errors of the salt [mol.m-3], and of the potential between centres, at both end planes [V]."""
    c, phi, _ = integrated()(column.centres)
    first, last = integrated()(np.array([0.0, LENGTH])).T
    drop = found.phi - found.phi[0] - (phi - phi[0])
    thermal = 2 * R * column.number("Temperature [K]") / F
    metal = column.number("Lithium metal exchange current density [A.m-2]") * np.sqrt(first[0] / 1000.0)
    start = found.phi[0] - (phi[0] - thermal * np.arcsinh(DENSITY / (2 * metal)))
    end = end_of_potential(column, found) - found.phi[-1] - (last[1] - phi[-1])
    return float(np.abs(found.c - c).max()), float(np.abs(drop).max()), abs(float(start)), abs(float(end))


def concentrated_solution(setting: Setting) -> Findings:
    """Compare columns of three or more resolutions with the integration."""
    sizes = (16, 32, 64, 128) if setting.full else (8, 16, 32)
    runs = [solved(cells, sizes[-1], False) for cells in sizes]
    edges = [column.edge for column, _ in runs]
    errors = zip(*(errors_of(column, found) for column, found in runs), strict=True)
    salt, drop, start, end = errors
    checks: tuple[Check | Order, ...] = (
        order("Salt [mol.m-3]", edges, salt, 2),
        order("Potential between cell centres [V]", edges, drop, 2),
        order("Potential of the first centre against the metal [V]", edges, start, 2),
        order("Potential from the last centre to the interface [V]", edges, end, 1),
    )
    return Findings(checks, (profile(runs[1][1]),))


def profile(found: Steady) -> Picture:
    """Salt over the column."""
    z = np.linspace(0.0, LENGTH, 101)
    lines = (
        Line("integrated", list(1e6 * z), list(integrated()(z)[0])),
        Line(f"found, {len(found.z)} voxels", list(1e6 * found.z), list(found.c), marks=True),
    )
    axes = ("Distance from the lithium plane [um]", "Salt concentration [mol.m-3]")
    return Picture("Steady salt of a concentrated electrolyte", *axes, lines)


PROBLEMS = (
    Problem(
        "steady-salt-constant",
        "Steady salt and potential with constant properties",
        "electrochemistry",
        "exact",
        "A column of 64 um with D = 3e-10 m2/s, kappa = 1 S/m, t_plus = 0.3, 1 + dlnf/dlnc = 2 carries 400 "
        "A/m2 for 30 s, 20 relaxation times. The salt is a straight line of slope -(1 - t_plus) i/(F D), "
        "619 mol/m3 in all, about 1000 mol/m3, and phi falls by i z/kappa - (2RT/F) 1.4 ln(c/c(0)). Finite "
        "volumes hold both exactly at every resolution (16 voxels here): the solver's tolerance, 2e-10 of "
        "the current, times l/(F D) is 2e-7 mol/m3 and the transient has died to e^-20 of 310 mol/m3, 1e-6 "
        "mol/m3; 1e-8 of the drop.",
        "Latz & Zausch 2011 (doi 10.1016/j.jpowsour.2010.11.088)",
        constant_properties,
    ),
    Problem(
        "steady-salt-concentrated",
        "Steady salt and potential of a concentrated electrolyte",
        "electrochemistry",
        "series",
        "The same column with kappa(c), D(c), t_plus(c) and 1 + dlnf/dlnc(c) of the built-in electrolyte. "
        "dc/dz = -(1 - t_plus) i/(F D) and dphi/dz = -i/kappa + (2RT/F)(1 - t_plus)(1 + dlnf/dlnc) dln c/dz "
        "are integrated by a Runge-Kutta method of order 8 to 1e-12, with the c(0) that keeps the amount of "
        "salt. At the cell centres salt and potential are of second order in the voxel, and so is the "
        "potential against the metal, whose half cell carries the salt flux. The half cell at the interface "
        "has no diffusion potential, and its kinetics takes the salt of the cell (model page, interface: "
        "phi_e and c_e of the face): of first order, 0.8 mV at 400 A/m2 and 2 um.",
        "Latz & Zausch 2011 (doi 10.1016/j.jpowsour.2010.11.088); model page, interface and space",
        concentrated_solution,
    ),
)
