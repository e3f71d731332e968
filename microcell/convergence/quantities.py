"""The numbers that are compared between the twins of a case, from the run directory of each."""

from __future__ import annotations

import math

import numpy as np
from scipy.interpolate import PchipInterpolator

from ..results import Solution
from ..results.style import FILM, NM, UM
from ..results.trends import fitted_particles, linear_fit

FRACTIONS = (0.25, 0.5, 0.75)
"""Shares of the charge that the case moves in its first step, at which voltages are compared."""

CHARGE = "Charge of the first step [nominal capacities]"
END_VOLTAGE = "Voltage at the end of the first step [V]"
MEAN_FILM = "Mean film at the end [nm]"
SLOPE = "Film against diameter [nm/um]"
SURFACE = "Interface area [1/um]"

_LEAST = 1e-6
"""Nominal capacities; a step that moves less is a rest."""


def voltage_name(share: float) -> str:
    """Return the name of the voltage at a share of the charge of the first step."""
    return f"Voltage at {100 * share:.0f} % of its charge [V]"


def charge_of_first_step(solution: Solution) -> float:
    """Return the charge of the first step that moves any, in nominal capacities; NaN where none does."""
    charge, _, _ = _first_step(solution)
    return float(charge[-1]) if len(charge) else math.nan


def measure(solution: Solution, reference: float) -> dict[str, float]:
    """Return the quantities of a finished run.

    Parameters
    ----------
    solution : Solution
        The run.
    reference : float
        What `charge_of_first_step` is for the case itself. Voltages are compared at shares of it, which is at
        the same mean lithiation in every twin; a cubic between the time steps keeps the interpolation from
        adding an error that falls with the step.

    Returns
    -------
    dict of str to float
        By name with unit; NaN where a run does not come so far.
    """
    charge, voltage, ended = _first_step(solution)
    found = {CHARGE: float(charge[-1]) if len(charge) else math.nan}
    for share in FRACTIONS:
        found[voltage_name(share)] = _at(charge, voltage, share * reference)
    # where a cut-off ended the step, its voltage is the cut-off whatever the grid
    if ended.startswith("duration") and len(voltage):
        found[END_VOLTAGE] = float(voltage[-1])
    found[MEAN_FILM] = float(solution.column(FILM)[-1]) * NM
    found[SLOPE] = film_slope(solution)
    found[SURFACE] = _specific_surface(solution)
    return found


def film_slope(solution: Solution) -> float:
    """Return the slope of the line through mean film and diameter of the particles at the end [nm/um]."""
    table = solution.particles
    if table.empty:
        return math.nan
    rows, _ = fitted_particles(table)
    diameter, film = (table.loc[rows, name].to_numpy() for name in ("Equivalent diameter [m]", FILM))
    fit = linear_fit(diameter, film)
    return math.nan if fit is None else fit[0] * NM / UM


def _first_step(solution: Solution) -> tuple[np.ndarray, np.ndarray, str]:
    """Return charge moved [nominal capacities], voltage [V] and reason of the end of the first such step."""
    number = solution.column("Step")
    passed = np.abs(solution.column("Charge passed [C]")) / (3600.0 * solution.info["one_c_current_A"])
    for step, ended in enumerate(solution.run["steps"], start=1):
        rows = np.flatnonzero(number == step)
        if len(rows) and step > 1:
            rows = np.concatenate([rows[:1] - 1, rows])
        moved = np.abs(passed[rows] - passed[rows[0]]) if len(rows) else np.zeros(0)
        if len(moved) and moved[-1] > _LEAST:
            # the row before a later step still has the voltage of the step before it
            start = 0 if step == 1 else 1
            return moved[start:], solution.column("Voltage [V]")[rows][start:], str(ended["reason"])
    return np.zeros(0), np.zeros(0), ""


def _at(charge: np.ndarray, voltage: np.ndarray, wanted: float) -> float:
    """Interpolate the voltage, NaN outside of what the run has moved."""
    if len(charge) < 2 or not charge[0] <= wanted <= charge[-1] or np.any(np.diff(charge) <= 0):
        return math.nan
    return float(PchipInterpolator(charge, voltage)(wanted))


def _specific_surface(solution: Solution) -> float:
    """Return the interface area per volume of the image [1/um]."""
    volume = float(np.prod(solution.run["grid"]["size_zyx_m"]))
    return float(solution.info["interface_area_m2"]) / volume / UM
