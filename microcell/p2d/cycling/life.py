"""What cycling gives back: a table over cycles, some solutions, how far to trust it, what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.interpolate import PchipInterpolator

from ...errors import ResultsError, did_you_mean
from ..solution import Solution

CYCLE, ERROR, WALL, SETTLING = "Cycle", "Jump error", "Wall time [s]", "Settling"
COMPUTED = "Computed"


@dataclass(frozen=True)
class CycleLife:
    """A cell over its cycles; ``life["Discharge capacity [A.h]"]`` gives an array over the computed ones.

    Attributes
    ----------
    table : DataFrame
        One row per computed cycle, by number: capacities, energy, resistance, end voltage; losses,
        thicknesses and other quantities at the end of the cycle, relative to the start of the first; "Jump
        error", the relative error estimated for the jump before it; "Wall time [s]"; "Settling", whether it
        began with an extrapolated state, by which its charge capacity above all is off.
    solutions : dict
        Solutions by cycle: the first, the last, and those that were asked for.
    ended : str
        Why it ended.
    complete : bool
        Whether it ran until the last cycle or the least capacity.
    tolerance : float
        Of the jumps.
    computed : int
        Full cycles, with those behind refused jumps.
    unfinished : Solution or None
        What was computed of a cycle that failed.
    """

    table: pd.DataFrame
    solutions: dict[int, Solution] = field(repr=False)
    ended: str
    complete: bool
    tolerance: float
    computed: int
    unfinished: Solution | None = field(default=None, repr=False)

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a column; a wrong name raises `ResultsError` with the nearest right ones."""
        if name not in self.table.columns:
            fix = did_you_mean(name, list(self.table.columns))
            raise ResultsError(f"The cycles have no '{name}'", key=name, fix=fix)
        return np.asarray(self.table[name])

    @property
    def cycles(self) -> int:
        """The last cycle."""
        return int(self.table[CYCLE].iloc[-1]) if len(self.table) else 0

    def to_frame(self) -> pd.DataFrame:
        """Return all cycles, with monotone cubics through those computed, less those that settle."""
        rows = self.table[~self.table[SETTLING].astype(bool)]
        known, every = np.asarray(rows[CYCLE]), np.arange(1, self.cycles + 1)
        names = rows.columns.drop([CYCLE, ERROR, WALL, SETTLING])
        columns = {name: _interpolated(known, np.asarray(rows[name]), every) for name in names}
        return pd.DataFrame({CYCLE: every, **columns, COMPUTED: np.isin(every, known)})

    def statistics(self) -> dict[str, Any]:
        """Return counts, errors and times, ready for JSON."""
        return {
            "cycles": self.cycles,
            "full_cycles": self.computed,
            "refused_cycles": self.computed - len(self.table),
            "largest_jump_error": float(np.max(self[ERROR], initial=0.0)),
            "summed_jump_errors": float(self.table[ERROR].drop_duplicates().sum()),
            "wall_s": float(np.sum(self[WALL])),
            "ended": self.ended,
        }


def _interpolated(known: np.ndarray, values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Through the finite values; constant where there is one, nan where there is none."""
    sound = np.isfinite(values)
    if np.count_nonzero(sound) < 2:
        return np.full(len(at), values[sound][0] if np.any(sound) else np.nan)
    return np.asarray(PchipInterpolator(known[sound], values[sound])(at))
