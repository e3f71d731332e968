"""What is kept of the cells of a batch, and its interpolation in time."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ResultsError, did_you_mean
from . import monotone


@dataclass
class Trace:
    """One cell of a batch.

    Attributes
    ----------
    values : dict of ndarray
        "Time [s]", "Voltage [V]", "Current [A]", "Discharge capacity [A.h]", "Lithium imbalance [mol]".
    step_number : ndarray of int
        Step of the protocol at each time, from 0.
    reasons : list of str
        Why each step ended.
    failed : bool
        Whether the run stopped early; the values until then are kept.
    """

    values: dict[str, np.ndarray] = field(default_factory=dict)
    step_number: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    reasons: list[str] = field(default_factory=list)
    failed: bool = False

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a quantity; a wrong name raises `ResultsError` with the nearest right ones."""
        if name not in self.values:
            fix = did_you_mean(name, list(self.values))
            raise ResultsError(f"A batch does not keep '{name}'", key=name, fix=fix)
        return self.values[name]


class Batch(list[Trace]):
    """Results of many cells, in the order given."""

    def at(self, name: str, times: Any) -> np.ndarray:
        """Interpolate a quantity of all cells by monotone cubics, (cells, times); NaN after the end of a run.

        Where the protocol changes its step, the value before the change counts.
        """
        times = np.asarray(times, float)
        t, values = (np.concatenate([trace[key] for trace in self]) for key in ("Time [s]", name))
        rows = np.concatenate([[0], np.cumsum([len(trace.step_number) for trace in self])])
        border = np.append(True, np.diff(np.concatenate([trace.step_number for trace in self])) != 0)
        border[rows[:-1]] = True
        first = np.flatnonzero(border)
        last = np.append(first[1:], len(t)) - 1
        mine = np.searchsorted(first, rows)
        knots = [
            _knots_before(t, first[low:high], last[low:high], times) for low, high in itertools.pairwise(mine)
        ]
        return _interpolated(t, values, first, last, np.stack(knots), times)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per cell: end time, capacity, why it ended."""
        rows = [
            {
                "Time [s]": trace["Time [s]"][-1],
                "Voltage [V]": trace["Voltage [V]"][-1],
                "Discharge capacity [A.h]": trace["Discharge capacity [A.h]"][-1],
                "Failed": trace.failed,
                "Reason": trace.reasons[-1],
            }
            for trace in self
        ]
        return pd.DataFrame(rows)


def _knots_before(t: np.ndarray, first: np.ndarray, last: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Knot before each time in the curves of one cell, one for each of its steps; -1 where there is none."""
    step = np.searchsorted(t[last], times)  # the first one that ends at or behind the time
    inside, step = step < len(last), np.minimum(step, len(last) - 1)
    inside &= times >= t[first[step]]
    knot = first[0] + np.searchsorted(t[first[0] : last[-1] + 1], times, side="right") - 1
    knot = np.clip(knot, first[step], np.maximum(last[step] - 1, first[step]))
    return np.where(inside, knot, -1)


def _interpolated(
    t: np.ndarray,
    values: np.ndarray,
    first: np.ndarray,
    last: np.ndarray,
    knots: np.ndarray,
    times: np.ndarray,
) -> np.ndarray:
    """Values at times behind ``knots``, (cells, times)."""
    ends = np.zeros(len(t), bool)
    ends[last] = True
    slope = monotone.slopes(t, values, first, last)
    out = np.where(knots < 0, np.nan, values[knots])  # the value itself where a step has no more than one
    inner = (knots >= 0) & ~ends[knots]
    out[inner] = monotone.cubic(t, values, slope, knots[inner], np.broadcast_to(times, knots.shape)[inner])
    return out
