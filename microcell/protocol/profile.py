"""Drive cycles: a current or power that follows a table, linear between its times."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from microcell.errors import ProtocolError

TIME = "Time [s]"

COLUMNS: dict[str, Literal["A", "A.m-2", "C", "W", "W.m-2"]] = {
    "Current [A]": "A",
    "Current [A.m-2]": "A.m-2",
    "C-rate": "C",
    "Power [W]": "W",
    "Power [W.m-2]": "W.m-2",
}
"""Headers of the second column of a table and the unit that each means."""


class Profile(BaseModel):
    """Current or power over time.

    Attributes
    ----------
    times : tuple of float
        Since the beginning of the step [s]: 0, then increasing.
    values : tuple of float
        In ``unit``, positive for discharge.
    unit : {"A", "A.m-2", "C", "W", "W.m-2"}
        Unit of the values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    times: tuple[float, ...]
    values: tuple[float, ...]
    unit: Literal["A", "A.m-2", "C", "W", "W.m-2"]

    @classmethod
    def of(cls, times: Any, values: Any, unit: str, file: Path | None = None) -> Profile:
        """Check and keep a table.

        Raises
        ------
        ProtocolError
            If it is too short, not finite, does not begin at 0 or does not go forward in time.
        """
        t, v = (np.asarray(column, float).ravel() for column in (times, values))
        problem = _problem(t, v)
        if unit not in COLUMNS.values():
            problem = f"'{unit}' is no unit of a drive cycle; there are {', '.join(COLUMNS.values())}"
        if problem:
            raise ProtocolError(
                f"The drive cycle cannot be followed: {problem}",
                file=file,
                allowed="two or more rows; times from 0 s, increasing; finite values",
            )
        return cls(times=tuple(t.tolist()), values=tuple(v.tolist()), unit=unit)

    @classmethod
    def read(cls, path: str | Path) -> Profile:
        """Read a CSV file with a column "Time [s]" and one of `COLUMNS`.

        Raises
        ------
        ProtocolError
            If the file cannot be read, or lacks a column.
        """
        path = Path(path)
        try:
            table = pd.read_csv(path, skipinitialspace=True, comment="#")
        except (OSError, ValueError) as error:
            raise ProtocolError(
                f"The drive cycle cannot be read: {error}", file=path, fix="check the path and that it is CSV"
            ) from error
        found = [name for name in COLUMNS if name in table.columns]
        if TIME not in table.columns or len(found) != 1:
            raise ProtocolError(
                "The drive cycle needs a column of times and one of currents or powers",
                file=path,
                value=", ".join(map(str, table.columns)),
                allowed=f'"{TIME}" and one of {", ".join(COLUMNS)}',
            )
        return cls.of(table[TIME], table[found[0]], COLUMNS[found[0]], path)


def _problem(times: np.ndarray, values: np.ndarray) -> str | None:
    if times.shape != values.shape or len(times) < 2:
        return f"{len(times)} times and {len(values)} values"
    if not (np.isfinite(times).all() and np.isfinite(values).all()):
        row = int(np.flatnonzero(~(np.isfinite(times) & np.isfinite(values)))[0]) + 1
        return f"row {row} is not a number"
    if times[0] != 0:
        return f"it begins at {times[0]:g} s"
    back = np.flatnonzero(np.diff(times) <= 0)
    return f"time does not increase after row {back[0] + 1}" if back.size else None
