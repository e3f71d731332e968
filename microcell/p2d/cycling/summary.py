"""One cycle in a few numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...parameters.constants import F
from ..record import Record, record_of
from ..solution import Solution

CAPACITY = "Discharge capacity [A.h]"

_SKIPPED = {"Time [s]", "Voltage [V]", "Current [A]", "Step", CAPACITY}
"""Of the quantities of a solution: what says nothing about ageing at the end of a cycle."""


def discharge_capacity(solution: Solution) -> float:
    """Return the charge that left the cell [A.h], whatever went in before or after."""
    return float(np.sum(np.maximum(_charges(solution), 0.0)))


def summarize(solution: Solution, start: Record) -> dict[str, float]:
    """Return numbers of a cycle by name, with unit.

    Parameters
    ----------
    solution : Solution
        Of the cycle; losses and thicknesses are those of the state that it hands on.
    start : Record
        First row of the first cycle, to which losses are relative.
    """
    charges, volts = _charges(solution), solution.record.voltage
    energy = charges * 0.5 * (volts[1:] + volts[:-1])
    return {
        "Time [h]": float(solution.end[1].times[0]) / 3600.0,
        CAPACITY: discharge_capacity(solution),
        "Charge capacity [A.h]": float(-np.sum(np.minimum(charges, 0.0))),
        "Discharge energy [W.h]": float(np.sum(energy[charges > 0])),
        "Resistance [Ohm]": _resistance(solution),
        "End voltage [V]": float(volts[-1]),
        **_since(solution, start),
    }


def first_row(solution: Solution) -> Record:
    """Return the state at the beginning of a solution."""
    return jax.tree.map(lambda leaf: np.asarray(leaf)[:1], solution.record)


def _charges(solution: Solution) -> np.ndarray:
    """Charge that left the cell between neighbouring times [A.h]."""
    return np.diff(solution.record.passed) * F * solution.area / 3600.0


def _resistance(solution: Solution) -> float:
    """Voltage over current where the current changes most, between two steps; nan if it never does."""
    border = np.flatnonzero(np.diff(solution.step_number))
    steps = np.diff(solution.record.current)[border] * solution.area
    if not len(border) or not np.any(steps):
        return float("nan")
    k = int(np.argmax(np.abs(steps)))
    return float(-np.diff(solution.record.voltage)[border[k]] / steps[k])


def _since(solution: Solution, start: Record) -> dict[str, float]:
    """Quantities with one number per time, as if one solution led from the very first state to the end."""
    end = record_of(*solution.end, jnp.asarray(1))
    both: Any = jax.tree.map(lambda a, b: np.concatenate([a, np.asarray(b)[None]]), start, end)
    whole = replace(solution, record=both, step_number=np.zeros(2, int)).to_frame()
    return {str(name): float(v.iloc[-1]) for name, v in whole.items() if name not in _SKIPPED}
