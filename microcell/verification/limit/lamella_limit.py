"""The limit of porous-electrode theory: thin lamellae against one-dimensional half cells."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy.interpolate import CubicSpline

from ..problem import Check, Findings, Line, Order, Picture, Problem, Setting, below, near, order
from .lamellae import (
    FILLING,
    REFERENCE,
    SEPARATOR_CELLS,
    THICKNESS,
    Charge,
    charge,
    homogenized,
    lamella_cell,
    lamella_parameters,
    one_c,
)
from .porous_electrode import State
from .porous_pybamm import load_pybamm, pybamm_voltage
from .reaction_profile import REACTION_PROFILE, gap

THINNEST = 0.25e-6
"""Half thickness of the lamellae that stand for the limit [m]."""


def moments(setting: Setting) -> tuple[float, ...]:
    """Times at which voltages are compared [s]: ten minutes of the charge, or forty at full size."""
    return (60.0, 200.0, 400.0, 600.0) + ((900.0, 1200.0, 1800.0, 2400.0) if setting.full else ())


@cache
def theory(half: float, times: tuple[float, ...]) -> tuple[State, ...]:
    """Charge the porous electrode as :func:`.lamellae.charge` does the lamellae."""
    parameters = lamella_parameters()
    return tuple(homogenized(parameters, half).solve(FILLING, -one_c(parameters), np.array(times)))


def voltages(states: Sequence[State]) -> np.ndarray:
    """Voltages of some states [V]."""
    return np.array([state.voltage for state in states])


def voltage_picture(title: str, times: Sequence[float], lines: Sequence[tuple[str, np.ndarray]]) -> Picture:
    """Draw voltages over time; the last one as marks."""
    drawn = tuple(Line(label, times, v.tolist(), label == lines[-1][0]) for label, v in lines)
    return Picture(title, "Time [s]", "Cell voltage [V]", drawn)


def middles(cells: int) -> np.ndarray:
    """Centres of that many equal cells of the electrode [m]."""
    return THICKNESS * (np.arange(cells) + 0.5) / cells


def profile_checks(found: Charge, state: State) -> tuple[Check, ...]:
    """Compare the profiles at the end; the one-dimensional cells are interpolated by a cubic."""
    electrode = homogenized(lamella_parameters())
    below_, inside = electrode.cells
    z, cells = middles(len(found.filling)), middles(inside)
    salt, filling, reaction = (
        CubicSpline(cells, values)(z) for values in (state.salt[below_:], state.filling, state.reaction)
    )
    return (
        below("salt concentration in the electrode [mol.m-3]", gap(found.salt[SEPARATOR_CELLS:], salt), 5.0),
        below("stoichiometry by slice [-]", gap(found.filling, filling), 1e-3),
        below(
            "reaction rate, relative to its mean [-]", gap(found.reaction, reaction) / reaction.mean(), 0.01
        ),
    )


def solve_reference(setting: Setting) -> Findings:
    """Compare lamellae with the one-dimensional half cell of :mod:`.porous_electrode`."""
    times = moments(setting)
    found, states = charge(THINNEST, times), theory(THINNEST, times)
    difference = gap(found.voltage, voltages(states))
    cell = lamella_cell(THINNEST, lamella_parameters())
    image = cell.area * THICKNESS
    faces = cell.geometry.faces
    area = float(np.sum(np.asarray(faces.coverage * faces.area))) / image
    picture = voltage_picture(
        "1C charge", times, [("porous electrode", voltages(states)), ("lamellae", found.voltage)]
    )
    checks = (
        near("interface area per volume [m-1]", area, 0.5 / THINNEST, relative=1e-12),
        below("largest voltage difference [V]", difference, 0.5e-3),
        *profile_checks(found, states[-1]),
    )
    return Findings(checks, (picture, reaction_picture(found, states[-1])))


def reaction_picture(found: Charge, state: State) -> Picture:
    """Draw the reaction rate through the electrode at the end of the charge."""
    lines = (("porous electrode", state.reaction, False), ("lamellae", found.reaction, True))
    drawn = tuple(
        Line(
            label, (1e6 * THICKNESS * (np.arange(len(v)) + 0.5) / len(v)).tolist(), (v / v.mean()).tolist(), m
        )
        for label, v, m in lines
    )
    return Picture("Reaction rate", "Distance from the separator [um]", "Local over mean rate [-]", drawn)


def solve_pybamm(setting: Setting) -> Findings:
    """Compare lamellae, and our own one-dimensional half cell, with PyBaMM's."""
    load_pybamm()
    times, parameters = moments(setting), lamella_parameters()
    found, own = charge(THINNEST, times).voltage, voltages(theory(0.0, times))
    coarse, fine = (
        pybamm_voltage(homogenized(parameters), FILLING, -one_c(parameters), np.array(times), cells)
        for cells in (20, 40)
    )
    answer = 2.0 * fine - coarse
    across = gap(voltages(theory(THINNEST, times)), own)  # of the diffusion that uniform particles leave out
    checks = (
        below("lamellae against PyBaMM, voltage [V]", gap(found, answer), min(0.55e-3 + across, 2e-3)),
        below("our porous electrode against PyBaMM, voltage [V]", gap(own, answer), 0.05e-3),
    )
    picture = voltage_picture("1C charge", times, [("PyBaMM, DFN", answer), ("lamellae", found)])
    return Findings(checks, (picture,))


def solve_separation(setting: Setting) -> Findings:
    """Refine the lamellae at constant area times exchange current density."""
    times = moments(setting)
    halves = [2 * REFERENCE, REFERENCE, REFERENCE / 2] + ([REFERENCE / 4] if setting.full else [])
    found = [float(charge(h, times).voltage.mean()) for h in halves]
    expected = [float(voltages(theory(h, times)).mean()) for h in halves]
    falls, answer = -np.diff(found), -np.diff(expected)
    checks: tuple[Check | Order, ...] = (
        near("voltage lost to diffusion, 1 against 0.5 um [V]", falls[0], float(answer[0]), relative=0.05),
        order(
            "voltage against that of half the thickness [V]",
            halves[:-1],
            falls.tolist(),
            2.0,
            size="Half thickness [m]",
            below=0.15,
            above=0.1,
        ),
    )
    lines = (
        Line("porous electrode with diffusion in slabs", halves[:-1], answer.tolist()),
        Line("lamellae", halves[:-1], falls.tolist(), marks=True),
    )
    picture = Picture(
        "Scale separation",
        "Half thickness [m]",
        "Voltage against half the thickness [V]",
        lines,
        log_x=True,
        log_y=True,
    )
    return Findings(checks, (picture,))


GEOMETRY = (
    "120 um electrode of lamellae from separator to collector, active and pore of half thickness "
    "h each between mirror planes (24 x 4 x 2 voxels, separator of 24 equal cells): volume "
    "fractions 1/2, tortuosity factor 1 in both phases and interface area 1/(2h) per volume are "
    "exact. Laws of the built-in set, D_s = 1e-14 m2/s, sigma_s = 1 S/m, no film; i0 grows with h "
    "so that area times i0 stays. 1C charge from x = 0.85."
)

PROBLEMS = (
    Problem(
        name="porous-electrode-limit",
        title="Thin lamellae charge as the porous electrode of Doyle, Fuller and Newman",
        family="limit",
        answer="independent",
        statement=GEOMETRY
        + " With h = 0.25 um the answer is a one-dimensional half cell, solved by NumPy and SciPy on 20 "
        "+ 60 cells (own error 0.006 mV), with the parabola across the slab in the interface "
        "concentration. Left over are the current that crosses the first face beside the image through "
        "the pore half only, half a separator cell counted twice (0.23 mV), and its spreading behind it "
        "(0.1 to 0.2 mV): 0.5 mV at worst; the first shifts the salt by half a separator cell of "
        "gradient, 2.5 mol/m3, so 5 mol/m3. Profiles of second order, "
        "(nu/24)^2/24 = 3e-4 of the reaction near its end, with the shift of the salt in i0 and "
        "potential another 0.5 %, so 1 %.",
        source="Doyle, Fuller & Newman 1993, doi 10.1149/1.2221597; model page, sections 2 and 3",
        solve=solve_reference,
    ),
    Problem(
        name="porous-electrode-pybamm",
        title="Thin lamellae charge as PyBaMM's half cell",
        family="limit",
        answer="independent",
        statement=GEOMETRY
        + " With h = 0.25 um against PyBaMM's DFN with uniform particles of equal area and equal laws "
        "(tables with cubics), extrapolated from 20 and 40 cells as it converges at first order. On "
        "top of the 0.5 mV of porous-electrode-limit and the 0.05 mV of PyBaMM comes the diffusion across "
        "the slab, U' i h (3/8) / (F c_max D_s), some 0.2 to 0.8 mV by the slope of the open-circuit line: "
        "the one-dimensional half cell with and without its parabola says how much. 2 mV at most. Our own "
        "porous electrode has to meet PyBaMM within 0.05 mV, the sum of both errors.",
        source="Sulzer et al. 2021, doi 10.5334/jors.309",
        solve=solve_pybamm,
    ),
    Problem(
        name="scale-separation",
        title="The distance from the limit falls with the square of the lamella",
        family="limit",
        answer="independent",
        statement=GEOMETRY
        + " The current density of the interface is 2h times that per volume, and the slab's mean lies i "
        "h (1/3 + 1/24) / (F D_s) from its surface (two cells across): a voltage of h squared. Mean "
        "voltage over the charge at h against h/2, h = 1 and 0.5 um (full: 0.25 um): slope 2, and the "
        "size at 1 um as the one-dimensional half cell with that parabola, 5 mV, to 5 %. The "
        "spreading of the current at the separator, 0.1 mV at 0.5 um and linear in h, takes 0.03 "
        "(full: 0.06) off the slope: 1.85 to 2.1.",
        source="Derived here; quasi-steady slab, Crank, The Mathematics of Diffusion, section 4.3.6",
        solve=solve_separation,
    ),
    REACTION_PROFILE,
)
