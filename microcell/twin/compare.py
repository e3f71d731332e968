"""A 3D run and its reduced twin, step by step: voltage, film, profiles, and the gap."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.integrate import trapezoid

from ..errors import ResultsError
from ..p2d import Design
from ..p2d import Solution as Reduced
from ..protocol.drive_cycle import is_follow
from ..protocol.grammar import parse_step
from ..results import Solution
from ..results.reduce import group_sum
from ..results.tables import TIME
from .reduced import ROCKSALT, ReducedRun

FILM = "Mean rocksalt thickness [m]"
END = 0.25
"""Share of the electrode at either side over which the film at separator and at collector are averaged."""


@dataclass(frozen=True)
class Difference:
    """A quantity in both models.

    Attributes
    ----------
    name, unit : str
        What it is, "" without unit.
    voxels, reduced : float
        In the 3D run and in its twin; of a gap between the two, `reduced` has it and `voxels` is NaN.
    """

    name: str
    unit: str
    voxels: float
    reduced: float

    @property
    def gap(self) -> float:
        """Twin less 3D run."""
        return self.reduced - self.voxels


@dataclass(frozen=True)
class Comparison:
    """A 3D run beside its twin; make one with `compare`.

    Attributes
    ----------
    voxels : microcell.results.Solution
        The 3D run.
    reduced : ReducedRun
        The twin.
    """

    voxels: Solution
    reduced: ReducedRun

    @cached_property
    def steps(self) -> int:
        """Number of protocol steps that both have begun."""
        return min(int(self.voxels.column("Step").max()), len(self.reduced.solution.steps))

    def starts(self) -> list[float]:
        """Return when each step began in the 3D run [s]."""
        return [0.0, *(self.voxels.steps["time_s"].to_list() if len(self.voxels.steps) else [])]

    @cached_property
    def table(self) -> pd.DataFrame:
        """Both models at the times of the 3D run, each time counted from the start of its protocol step.

        A step that ends later in one model would otherwise shift all that follows. Times beyond the end of
        the twin's step are left out.
        """
        return pd.concat([self._step(number) for number in range(self.steps)], ignore_index=True)

    def _step(self, number: int) -> pd.DataFrame:
        rows = self.voxels.timeseries
        rows = rows[rows["Step"] == number + 1]
        report = self.reduced.solution.steps[number]
        since = rows[TIME].to_numpy() - self.starts()[number]
        inside = since <= report.end - report.start
        rows, since = rows[inside], since[inside]
        own = {
            name: self.reduced.solution.at(name, report.start + since, step=number)
            for name in ("Voltage [V]", "Current [A]")
        }
        film = self.reduced.film_at(report.start + since, number)
        return pd.DataFrame(
            {
                TIME: rows[TIME],
                "Step": number + 1,
                "Time in step [s]": since,
                "Voltage [V]": rows["Voltage [V]"],
                "Twin voltage [V]": own["Voltage [V]"],
                "Voltage gap [V]": own["Voltage [V]"] - rows["Voltage [V]"],
                "Current [A]": rows["Current [A]"],
                "Twin current [A]": own["Current [A]"],
                FILM: rows[FILM],
                "Twin mean rocksalt thickness [m]": film,
            }
        )

    def twin_time(self, time: float) -> tuple[int, float]:
        """Return the step of a time of the 3D run, and the time of the twin as far into that step [s]."""
        starts = self.starts()[: self.steps]
        number = max(int(np.searchsorted(starts, time - 1e-9)) - 1, 0)
        report = self.reduced.solution.steps[number]
        return number, float(min(report.start + time - starts[number], report.end))

    @cached_property
    def differences(self) -> list[Difference]:
        """The numbers of both models, step by step and at the end."""
        rows = [row for number in range(self.steps) for row in self._of_step(number)]
        return [*rows, *self._voltage(), *self._films()]

    def _of_step(self, number: int) -> list[Difference]:
        """Duration and charge of a step that both have finished."""
        if number >= len(self.voxels.steps):
            return []
        report = self.reduced.solution.steps[number]
        ends = self.voxels.steps["time_s"].to_numpy()
        starts = np.array(self.starts())
        charge = np.interp([starts[number], ends[number]], *self._passed()) / 3600.0
        own = self.reduced.charge(number)
        words = f"step {number + 1}"
        area = float(self.voxels.info["area_m2"])
        return [
            Difference(
                f"Duration, {words}",
                "min",
                (ends[number] - starts[number]) / 60.0,
                (report.end - report.start) / 60.0,
            ),
            Difference(f"Charge, {words}", "mA.h.cm-2", 0.1 * abs(np.diff(charge)[0]) / area, 0.1 * abs(own)),
        ]

    def _passed(self) -> tuple[np.ndarray, np.ndarray]:
        return self.voxels.t, self.voxels.column("Charge passed [C]")

    def _voltage(self) -> list[Difference]:
        """Root of the mean square voltage gap over time, of whole steps and of steps without their knees."""
        table, free = self.table, self.free()
        names = {"all": table[free], "without the last 2 % of each step": table[free & self.within(0.98)]}
        return [
            Difference(f"RMS voltage gap, {name}", "V", np.nan, _rms(rows, "Voltage gap [V]"))
            for name, rows in names.items()
        ]

    def free(self) -> np.ndarray:
        """Return which rows of the table belong to steps that do not impose the voltage."""
        held = [
            number
            for number, report in enumerate(self.reduced.solution.steps, start=1)
            if not is_follow(report.text) and parse_step(report.text).kind == "voltage"
        ]
        return np.asarray(~self.table["Step"].isin(held))

    def within(self, share: float) -> np.ndarray:
        """Return which rows of the table lie in the first part of their step."""
        since = self.table["Time in step [s]"]
        return np.asarray(since <= share * since.groupby(self.table["Step"]).transform("max"))

    def _films(self) -> list[Difference]:
        three, two = self.film_profile(self.voxels.snapshot_times[-1])
        three_sides, two_sides = (_sides(*profile) for profile in (three, two))
        last = self.table.iloc[-1]
        rows = [Difference("Mean film at the end", "m", last[FILM], last["Twin mean rocksalt thickness [m]"])]
        for k, side in enumerate(("separator", "collector")):
            rows.append(Difference(f"Film at the {side}", "m", three_sides[k], two_sides[k]))
        ratios = (sides[0] / sides[1] for sides in (three_sides, two_sides))
        return [*rows, Difference("Film separator / collector", "", *ratios)]

    def film_profile(self, time: float) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
        """Return depth [m], film [m] and interface of slices, and of the twin's volumes, at a snapshot."""
        rows = self.voxels.profiles
        rows = rows[rows[TIME] == self.voxels.nearest_snapshot(time)]
        area = rows["Interface area [m2]"].to_numpy()
        number, when = self.twin_time(time)
        own = self.reduced.profile(ROCKSALT, when, number)
        three = (rows["z [m]"].to_numpy(), rows[FILM].to_numpy(), area)
        return three, (self.reduced.depth(ROCKSALT), own, np.ones(len(own)))

    def to_dict(self) -> dict[str, Any]:
        """Return the differences, ready for JSON."""
        return {
            "run": str(self.voxels.folder),
            "differences": [
                {
                    "name": row.name,
                    "unit": row.unit,
                    "voxels": row.voxels,
                    "twin": row.reduced,
                    "gap": row.gap,
                }
                for row in self.differences
            ],
        }


def compare(voxels: Solution, twin: Reduced, design: Design) -> Comparison:
    """Lay a 3D run and its twin side by side.

    Parameters
    ----------
    voxels : microcell.results.Solution
        The 3D run, finished or not.
    twin : microcell.p2d.Solution
        The reduced solution of the same protocol.
    design : Design
        Of the twin: means over its interface weigh sizes by ``weight / radius``.

    Raises
    ------
    ResultsError
        If the run holds no step that can be compared.
    """
    if not len(voxels.timeseries) or not len(voxels.snapshot_times):
        raise ResultsError(
            "the run has nothing to compare with yet", file=voxels.folder, fix="let it run, then try again"
        )
    return Comparison(voxels, ReducedRun.of(twin, design))


def _rms(rows: pd.DataFrame, name: str) -> float:
    """Root of the mean square over time, each step for itself."""
    squares = lengths = 0.0
    for _, step in rows.groupby("Step"):
        t, values = step["Time in step [s]"].to_numpy(), step[name].to_numpy()
        if len(t) > 1:
            squares += float(trapezoid(values**2, t))
            lengths += float(t[-1] - t[0])
    return float(np.sqrt(squares / lengths)) if lengths > 0 else np.nan


def _sides(depth: np.ndarray, values: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Weighted means over the parts nearest to separator and to collector."""
    end = depth[-1] + depth[0]  # centres lie half a slice inside
    side = np.where(depth < END * end, 0, np.where(depth > (1.0 - END) * end, 1, 2))
    good = np.isfinite(values)
    sums = group_sum(side[good], (weights * values)[good], 3) / group_sum(side[good], weights[good], 3)
    return float(sums[0]), float(sums[1])
