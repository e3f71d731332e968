"""Planar cells against analytic solutions: salt gradient, ohmic drop and slab diffusion.

One laminate serves all tests: lithium | 3 separator cells of 4 um | 2 um of pore | 12 um of active material |
collector. Properties are constant, the open-circuit line is straight and the film does not grow.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_cells import laminate_cell, parameters

from microcell.cell.halfcell import HalfCell
from microcell.parameters.constants import F, R
from microcell.simulation import Simulation
from microcell.solve.control import StepControl

LAYERS = "pp" + "a" * 12
SEPARATOR, POROSITY, TORTUOSITY = 12e-6, 0.45, 1.4907119849998598
T, KAPPA, D_E, T_PLUS, FACTOR, D_S = 298.15, 1.0, 3e-10, 0.3, 2.0, 1e-14
C_MAX = 50636.0


@cache
def cell() -> HalfCell:
    return laminate_cell(LAYERS, parameters(), separator_thickness=SEPARATOR, separator_cells=3)


def after(
    seconds: float, current_density: float, control: StepControl, start: str = "x = 0.5"
) -> tuple[dict[str, float], Any]:
    """Row and unknowns after a constant current per area [A.m-2], positive on discharge."""
    simulation = Simulation(cell(), initial=start, control=control)
    row = simulation.step(seconds, current=current_density * cell().area)
    assert simulation.stepper is not None
    return row, jax.tree.map(np.asarray, simulation.stepper.unknowns)


FINE = StepControl(error=1e-6, first=0.05)


@pytest.fixture(scope="module")
def steady() -> tuple[dict[str, float], Any]:
    """120 s of discharge at 5 A/m2: 27 times the diffusion time L^2/D of the electrolyte (the solid is at
    work)."""
    return after(120.0, 5.0, FINE)


def test_the_salt_gradient_of_a_steady_current(steady: tuple) -> None:
    """Steady salt: -b D_e dc/dz + t_plus i/F = i/F, so dc/dz = -(1 - t_plus) i / (F b D_e), b = eps/tau or 1.

    i = 5 A/m2: -1.209e5 mol/m4 in pores, 3.313 times that in the separator. A straight line in each, exact
    in finite volumes; the mean over the pore volume stays 1000 mol/m3. The transient has died to exp(-20), so
    1e-6.
    """
    _, u = steady
    dz = np.array([4e-6] * 3 + [1e-6] * 2)
    b = np.array([POROSITY / TORTUOSITY] * 3 + [1.0] * 2)
    resistance = 0.5 * (dz / b)[:-1] + 0.5 * (dz / b)[1:]
    slope = (1 - T_PLUS) * 5.0 / (F * D_E)
    assert slope == pytest.approx(1.209e5, rel=1e-3)
    c = -slope * np.concatenate([[0.0], np.cumsum(resistance)])
    weight = dz * np.array([POROSITY] * 3 + [1.0] * 2)
    c += 1000.0 - np.dot(weight, c) / weight.sum()
    assert c[0] - c[-1] > 4.0
    assert np.allclose(u.c[:5, 0, 0], c, rtol=0, atol=1e-6 * (c[0] - c[-1]) + 1e-6)
    assert np.allclose(u.c[:5], u.c[:5, :1, :1], rtol=1e-12)


def test_the_potential_drop_of_a_steady_current(steady: tuple) -> None:
    """i = -b kappa (dphi/dz - (2RT/F)(1 - t_plus) 2 dln c/dz): the drop between the first and last
    electrolyte cell.

    Summed over the faces, the logarithm telescopes: -i sum(d / b kappa) + (2RT/F) 1.4 ln(c_5/c_1), c from the
    run. The sum of rounding of five cells and of the residual tolerance 1e-9: 1e-8 of the drop.
    """
    _, u = steady
    half = 0.5 * np.array([4e-6 * TORTUOSITY / POROSITY] * 3 + [1e-6] * 2) / KAPPA
    ohmic = 5.0 * (half[:-1] + half[1:]).sum()
    c = u.c[:5, 0, 0]
    expected = -ohmic + 2 * R * T / F * (1 - T_PLUS) * FACTOR * np.log(c[-1] / c[0])
    assert expected < -4e-4
    assert u.phi_e[4, 0, 0] - u.phi_e[0, 0, 0] == pytest.approx(expected, rel=1e-8)


def test_the_lithium_plane_overpotential(steady: tuple) -> None:
    """Discharge strips lithium: phi_e at the plane = -(2RT/F) asinh(i / 2 i0), i0 = 20 sqrt(c), from which
    the first cell differs by -i d / (2 b kappa) and (2RT/F) 1.4 ln of the ratio of its salt.

    i = 5 A/m2; the plane has the salt of the first cell and half a cell of the steady slope more. Solved
    faces are good to 1e-13 (1e-9).
    """
    _, u = steady
    cell = u.c[0, 0, 0]
    plane = cell + (1 - T_PLUS) * 5.0 / (F * D_E) * 2e-6 * TORTUOSITY / POROSITY
    assert plane - cell > 0.5
    i0 = 20.0 * np.sqrt(plane / 1000.0)
    expected = -2 * R * T / F * np.arcsinh(5.0 / (2 * i0)) - 5.0 * 2e-6 * TORTUOSITY / POROSITY / KAPPA
    expected -= 2 * R * T / F * (1 - T_PLUS) * FACTOR * np.log(plane / cell)
    assert u.phi_e[0, 0, 0] == pytest.approx(expected, rel=1e-9)


def test_the_cell_voltage_adds_up(steady: tuple) -> None:
    """V = U(c_if) - eta - film - ohmic drops, all from the concentrations of the run and i = 5 A/m2 (1e-8
    V).

    Half cells: 0.5 um of pore, then of active material at 1 S/m to the face and through 12 um to the
    collector; film 0.2 nm at 1e-7 S/m and c_if = c_so + 5 * 0.2e-9 / (F 1e-17).
    """
    row, u = steady
    i = 5.0
    c_so = u.c[5, 0, 0] + i * 0.5e-6 / (F * D_S)
    c_if = c_so + i * 2e-10 / (F * 1e-17)
    i0 = 3.08753062784e-06 * np.sqrt(u.c[4, 0, 0] * c_if * (C_MAX - c_if))
    eta = 2 * R * T / F * np.arcsinh(i / (2 * i0))
    face = u.phi_e[4, 0, 0] - i * 0.5e-6 / KAPPA
    voltage = face + (4.3 - 0.8 * c_if / C_MAX) - eta - i * 2e-10 / 1e-7 - i * 12e-6 / 1.0
    assert row["Voltage [V]"] == pytest.approx(voltage, abs=1e-8)


def crank(x: np.ndarray, t: float, flux: float, length: float) -> np.ndarray:
    """Rise of concentration in a slab, insulated at x = 0, with constant influx at x = length.

    Crank, The Mathematics of Diffusion, 2nd ed., Eq. 4.55.
    """
    n = np.arange(1, 200)[:, None]
    series = (
        (-1.0) ** n / n**2 * np.exp(-D_S * n**2 * np.pi**2 * t / length**2) * np.cos(n * np.pi * x / length)
    )
    steady = D_S * t / length**2 + (3 * x**2 - length**2) / (6 * length**2)
    return flux * length / D_S * (steady - 2 / np.pi**2 * series.sum(axis=0))


@pytest.mark.parametrize("seconds", [300.0, 2000.0])
def test_diffusion_into_a_slab(seconds: float) -> None:
    """2 A/m2 of discharge into 12 um, D = 1e-14 m2/s: Crank's series for a constant flux q = i/F at one side.

    12 cells of 1 um. A finite-volume scheme is off by h^2/24 c'' at most near the surface, c'' ~ q/(D l) with
    the depth l = sqrt(D t) = 1.7 um after 300 s: 0.024 of q h / D, here 50 mol/m3; elsewhere far less. The
    mean is exact.
    """
    flux = 2.0 / F
    _, u = after(seconds, 2.0, FINE)
    x = (np.arange(12)[::-1] + 0.5) * 1e-6
    found = u.c[5:, 0, 0] - 0.5 * C_MAX
    exact = crank(x, seconds, flux, 12e-6)
    scale = flux * 1e-6 / D_S
    assert scale == pytest.approx(2072.8, rel=1e-3)
    assert exact[0] > scale
    assert np.abs(found - exact).max() <= 0.03 * scale
    assert found.mean() == pytest.approx(flux * seconds / 12e-6, rel=1e-4)


def test_tighter_tolerances_come_closer() -> None:
    """The step control means what it says: errors at 3e-4, 3e-5, 3e-6 against 1e-7 at least halve each
    time."""
    exact = after(600.0, 2.0, StepControl(error=1e-7, first=0.01))[1].c
    misses = [
        np.abs(after(600.0, 2.0, StepControl(error=e, first=0.5))[1].c - exact).max()
        for e in (3e-4, 3e-5, 3e-6)
    ]
    assert misses[0] < 1e-3 * C_MAX
    assert misses[1] < misses[0] / 2
    assert misses[2] < misses[1] / 2


def test_at_rest_nothing_happens() -> None:
    """1000 s without current from a relaxed state: V = U, concentrations as they were, bit by bit to
    1e-12."""
    row, u = after(1000.0, 0.0, StepControl())
    assert row["Voltage [V]"] == pytest.approx(4.3 - 0.8 * 0.5, abs=1e-12)
    assert np.allclose(u.c[5:], 0.5 * C_MAX, rtol=1e-12)
    assert np.allclose(u.c[:5], 1000.0, rtol=1e-12)
    assert jnp.all(jnp.asarray(u.phi_s) == 0.0) or float(np.abs(u.phi_s).max()) < 1e-12
