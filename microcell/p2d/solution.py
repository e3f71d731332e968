"""What a reduced model gives back: arrays by name, a table, why every step ended, how lithium was kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.interpolate import PchipInterpolator

from ..errors import ResultsError, did_you_mean
from ..parameters.constants import F
from .record import Record


@dataclass(frozen=True)
class StepReport:
    """One step of the protocol.

    Attributes
    ----------
    text : str
        As the user wrote it.
    reason : str
        Why it ended.
    code : int
        Result code, see `microcell.p2d.advance`.
    start, end : float
        Times [s].
    accepted, refused, iterations : int
        Time steps taken and taken back, and Newton's iterations.
    """

    text: str
    reason: str
    code: int
    start: float
    end: float
    accepted: int
    refused: int
    iterations: int


@dataclass(frozen=True)
class Solution:
    """Result of a run; ``solution["Voltage [V]"]`` gives an array, `names` lists what there is.

    Every accepted time step is one time; where a step of the protocol begins, the time before stands twice.

    Attributes
    ----------
    record : Record
        The accepted times as arrays.
    step_number : ndarray of int
        Step of the protocol at each time, from 0.
    steps : tuple of StepReport
        Why and when the steps ended.
    x : ndarray
        Centres of the volumes, from the lithium plane [m], (N,).
    weights : ndarray
        Share of the active volume per electrode volume and size, (E, P).
    area : float
        Cross-section [m2].
    """

    record: Record
    step_number: np.ndarray
    steps: tuple[StepReport, ...]
    x: np.ndarray
    weights: np.ndarray
    area: float

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a quantity; a wrong name raises `ResultsError` with the nearest right ones."""
        if name not in _QUANTITIES:
            raise ResultsError(
                f"The reduced model has no '{name}'", key=name, fix=did_you_mean(name, _QUANTITIES)
            )
        return np.asarray(_QUANTITIES[name](self))

    @staticmethod
    def names() -> list[str]:
        """Return the names of all quantities."""
        return list(_QUANTITIES)

    def to_frame(self) -> pd.DataFrame:
        """Return the quantities with one number per time as a table."""
        columns = {name: self[name] for name in _QUANTITIES}
        return pd.DataFrame({name: c for name, c in columns.items() if c.shape == self.record.time.shape})

    def at(self, name: str, times: Any, step: int | None = None) -> np.ndarray:
        """Interpolate a quantity in time by monotone cubics, within steps of the protocol.

        Parameters
        ----------
        name : str
            The quantity.
        times : array of float
            Times [s].
        step : int, optional
            Only this step of the protocol; where left out, a time on a border belongs to the earlier step.
        """
        times, values = np.asarray(times, float), self[name]
        ends = np.array([report.end for report in self.steps])
        owner = np.searchsorted(ends, times - 1e-9) if step is None else np.full(times.shape, step)
        owner = np.minimum(owner, len(ends) - 1)
        out = np.empty((*times.shape, *values.shape[1:]))
        for k in np.unique(owner):
            here, mine = self.step_number == k, owner == k
            t = self.record.time[here]
            out[mine] = (
                PchipInterpolator(t, values[here], axis=0)(np.clip(times[mine], t[0], t[-1]))
                if len(t) > 1
                else values[here][0]
            )
        return out

    @property
    def lithium_drift(self) -> float:
        """Largest lithium gained or lost, relative to what has moved through the lithium plane."""
        moved = np.sum(np.abs(np.diff(self.record.passed)))
        return float(np.max(np.abs(_imbalance(self))) / max(moved, 1e-300))

    def statistics(self) -> dict[str, Any]:
        """Return counts over all steps and the lithium drift, ready for JSON."""
        counts = ("accepted", "refused", "iterations")
        totals = {key: sum(getattr(step, key) for step in self.steps) for key in counts}
        return {**totals, "lithium_drift": self.lithium_drift}


def _imbalance(s: Solution) -> np.ndarray:
    """Lithium now less lithium at the start less what came in [mol.m-2]."""
    held = s.record.solid + s.record.salt - s.record.passed
    return held - held[0]


def _capacity(s: Solution) -> np.ndarray:
    """Charge taken out, which is the lithium that came out of the metal [A.h]."""
    return (s.record.passed - s.record.passed[0]) * F * s.area / 3600.0


def _mean(s: Solution, field: np.ndarray) -> np.ndarray:
    return np.tensordot(field, s.weights, 2)


def _electrode(s: Solution, field: np.ndarray) -> np.ndarray:
    return field[:, -s.weights.shape[0] :]


_QUANTITIES: dict[str, Callable[[Solution], Any]] = {
    "Time [s]": lambda s: s.record.time,
    "Voltage [V]": lambda s: s.record.voltage,
    "Current [A]": lambda s: s.record.current * s.area,
    "Step": lambda s: s.step_number,
    "Discharge capacity [A.h]": _capacity,
    "Mean stoichiometry": lambda s: _mean(s, s.record.x_mean),
    "Mean surface stoichiometry": lambda s: _mean(s, s.record.x_surface),
    "Mean rocksalt thickness [m]": lambda s: _mean(s, s.record.film),
    "Lithium imbalance [mol]": lambda s: _imbalance(s) * s.area,
    "x [m]": lambda s: s.x,
    "Electrolyte concentration [mol.m-3]": lambda s: s.record.c_e,
    "Electrolyte potential [V]": lambda s: s.record.phi_e,
    "Electrode potential [V]": lambda s: _electrode(s, s.record.phi_s),
    "Stoichiometry": lambda s: s.record.x_mean,
    "Surface stoichiometry": lambda s: s.record.x_surface,
    "Interface current density [A.m-2]": lambda s: s.record.interface_current,
    "Rocksalt thickness [m]": lambda s: s.record.film,
}
