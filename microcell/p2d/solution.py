"""What a reduced model gives back: arrays by name, a table, why every step ended, how lithium was kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.interpolate import PchipInterpolator

from ..errors import ResultsError, did_you_mean
from .cell import Cell
from .history import History
from .quantities import quantities_of
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
    cell : Cell
        Geometry and laws at the start.
    end : (Cell, History)
        Where a run can go on from.
    """

    record: Record
    step_number: np.ndarray
    steps: tuple[StepReport, ...]
    cell: Cell
    end: tuple[Cell, History]

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a quantity; a wrong name raises `ResultsError` with the nearest right ones."""
        known = self._quantities
        if name not in known:
            raise ResultsError(
                f"The reduced model has no '{name}'", key=name, fix=did_you_mean(name, list(known))
            )
        return np.asarray(known[name](self))

    @cached_property
    def _quantities(self) -> dict[str, Callable[[Solution], Any]]:
        return quantities_of(self.cell)

    def names(self) -> list[str]:
        """Return the names of all quantities."""
        return list(self._quantities)

    @property
    def area(self) -> float:
        """Cross-section [m2]."""
        return float(self.cell.area)

    def to_frame(self) -> pd.DataFrame:
        """Return the quantities with one number per time as a table."""
        columns = {name: self[name] for name in self.names()}
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
        """Largest lithium gained or lost, relative to what has moved through the cell."""
        moved = np.sum(np.abs(np.diff(self.record.passed)))
        return float(np.max(np.abs(self["Lithium imbalance [mol]"])) / self.area / max(moved, 1e-300))

    def statistics(self) -> dict[str, Any]:
        """Return counts over all steps and the lithium drift, ready for JSON."""
        counts = ("accepted", "refused", "iterations")
        totals = {key: sum(getattr(step, key) for step in self.steps) for key in counts}
        return {**totals, "lithium_drift": self.lithium_drift}
