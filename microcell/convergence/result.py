"""What a convergence study found: twins, values, observed orders, error bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..results import Solution
from ..results.files import plain, write_json, write_text, writing
from ..results.style import NM, UM
from ..results.tables import csv_text
from .quantities import SURFACE, charge_of_first_step, measure
from .richardson import Extrapolation, extrapolate
from .spread import Spread, assess
from .twins import CASE, CROP, STEP, VOXEL

JSON, CSV, PNG = "convergence.json", "convergence.csv", "convergence.png"

SIZE_LABEL = {VOXEL: "Voxel edge [nm]", STEP: "Mean time step [s]", CROP: "Edge of the crop [um]"}
"""What the size of a twin is in each study; of unequal edges the geometric mean."""

FORMAL = 2.0
"""Order of the scheme in space (on interfaces that voxels follow) and in time (BDF2)."""

CUT_OFF, NARROW = 0.01, 3.0
"""Share of active material, and crop edge over the median particle diameter, at which a remark is made."""


@dataclass(frozen=True)
class Outcome:
    """How a twin ended.

    Attributes
    ----------
    twin : dict
        What it is, see `Twin.describe`.
    solution : Solution or None
        Its run; None where it failed.
    problem : str or None
        Why it failed.
    """

    twin: dict[str, Any]
    solution: Solution | None = field(repr=False)
    problem: str | None = None

    @property
    def name(self) -> str:
        """Name of the twin."""
        return str(self.twin["name"])

    def size(self, study: str) -> float:
        """Return voxel edge [nm], mean time step [s], or edge of the image in the plane [um]."""
        if study == VOXEL:
            return float(np.prod(self.twin["voxel_size_m"]) ** (1.0 / 3.0)) * NM
        if study == CROP:
            return float(self.twin["edge_m"]) * UM
        if self.solution is None:
            return math.nan
        return float(self.solution.t[-1]) / max(int(self.solution.statistics["time_steps"]), 1)

    @property
    def cut_off(self) -> float:
        """Share of the active material that is not connected to the collector; NaN where it did not run."""
        if self.solution is None:
            return math.nan
        lost = self.solution.info["inert_voxels"]["active material cut off from the collector [voxels]"]
        active = self.twin["fractions"]["active"] * np.prod(self.twin["shape"])
        return float(lost / active)


@dataclass(frozen=True)
class GridRow:
    """A quantity on the twins of the voxel or the time-step study, coarsest first, and what follows."""

    quantity: str
    names: tuple[str, ...]
    sizes: tuple[float, ...]
    values: tuple[float, ...]
    result: Extrapolation


@dataclass(frozen=True)
class CropRow:
    """A quantity on the crops and on the whole image, smallest first, and what follows."""

    quantity: str
    names: tuple[str, ...]
    sizes: tuple[float, ...]
    values: tuple[float, ...]
    result: Spread


@dataclass(frozen=True)
class Convergence:
    """A study; print it for its tables.

    Attributes
    ----------
    outcomes : tuple of Outcome
        The twins that were run, in the order in which they were.
    studies : tuple of str
        Of "voxel", "step", "crop".
    left_out : tuple of str
        Which twins the image did not allow, and why.
    """

    outcomes: tuple[Outcome, ...]
    studies: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Twins without a result."""
        return tuple(outcome for outcome in self.outcomes if outcome.problem is not None)

    @cached_property
    def values(self) -> dict[str, dict[str, float]]:
        """Quantities by twin and name; empty for a twin that failed."""
        done = [outcome.solution for outcome in self.outcomes if outcome.solution is not None]
        # the case is run last; where it failed, the latest twin says how far voltages are compared
        reference = charge_of_first_step(done[-1]) if done else math.nan
        return {o.name: {} if o.solution is None else measure(o.solution, reference) for o in self.outcomes}

    def grid_rows(self, study: str) -> list[GridRow]:
        """Return the rows of the "voxel" or the "step" study."""
        rows = []
        for quantity, names, sizes, values in self._series(study):
            if study == STEP and quantity == SURFACE:
                continue  # the same image in all
            rows.append(GridRow(quantity, names, sizes, values, extrapolate(sizes, values, formal=FORMAL)))
        return rows

    def crop_rows(self) -> list[CropRow]:
        """Return the rows of the "crop" study."""
        return [CropRow(*series, assess(series[2], series[3])) for series in self._series(CROP)]

    def rows(self, study: str) -> Sequence[GridRow | CropRow]:
        """Return the rows of a study."""
        return self.crop_rows() if study == CROP else self.grid_rows(study)

    def _series(self, study: str) -> list[tuple[str, tuple[str, ...], tuple[float, ...], tuple[float, ...]]]:
        """Return quantity, names, sizes and values of the twins of a study, coarsest or smallest first."""
        mine = [o for o in self.outcomes if o.twin["study"] in (study, CASE)]
        sign = 1.0 if study == CROP else -1.0
        mine.sort(key=lambda o: sign * (s if math.isfinite(s := o.size(study)) else math.inf))
        quantities = list(dict.fromkeys(name for o in mine for name in self.values[o.name]))
        names, sizes = tuple(o.name for o in mine), tuple(o.size(study) for o in mine)
        found = [
            (name, names, sizes, tuple(self.values[o.name].get(name, math.nan) for o in mine))
            for name in quantities
        ]
        return [series for series in found if np.isfinite(series[3]).any()]

    def remarks(self) -> list[str]:
        """Return what a reader has to know before trusting the tables."""
        said = [f"left out: {reason}" for reason in self.left_out]
        said += [f"{o.name} failed: {o.problem}" for o in self.failed]
        own = next((o for o in self.outcomes if o.name == CASE and o.solution is not None), None)
        if own is None:
            return [*said, "the case itself has no result: the finest that ran stands in its place"]
        for o in self.outcomes:
            if o.cut_off > own.cut_off + CUT_OFF:
                said.append(
                    f"{o.name}: {o.cut_off:.1%} of the active material is cut off from the collector, "
                    f"{own.cut_off:.1%} in the case; it carries nothing, and 1C is smaller by as much"
                )
        diameter = UM * float(own.twin["median_diameter_m"])
        narrow = sorted({s for o in self.outcomes if o.twin["study"] == CROP and (s := o.size(CROP))})
        for size in narrow:
            if size < NARROW * diameter:
                said.append(
                    f"crops of {size:.3g} um are {size / diameter:.1f} median particle diameters wide: their "
                    "sides cut most particles"
                )
        return said

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON; what is not known is None."""
        content: dict[str, Any] = {
            "format": "microcell-convergence",
            "format_version": 1,
            "twins": [_describe(outcome) for outcome in self.outcomes],
            "remarks": self.remarks(),
        }
        for study in self.studies:
            content[study] = {"size": SIZE_LABEL[study], "quantities": [asdict(r) for r in self.rows(study)]}
        return dict(plain(content))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per study, quantity and twin, with what follows for the quantity beside it."""
        lines = []
        for study in self.studies:
            for row in self.rows(study):
                for name, size, value in zip(row.names, row.sizes, row.values, strict=True):
                    known = {"Study": study, "Quantity": row.quantity, "Twin": name}
                    numbers = {"Size": size, "Unit of size": SIZE_LABEL[study], "Value": value}
                    lines.append(known | numbers | _summary(row))
        return pd.DataFrame(lines)

    def write(self, folder: Path) -> None:
        """Write ``convergence.json`` and ``convergence.csv`` into the folder of the study."""
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)  # no twin has made it where the first has failed
        write_json(folder / JSON, self.to_dict())
        write_text(folder / CSV, csv_text(self.to_frame()))

    def figure(self, path: str | Path) -> Path:
        """Draw the quantities over voxel edge, time step and crop edge; see `figure.draw`."""
        from .figure import draw

        return draw(self, Path(path))

    def __str__(self) -> str:
        """Render the tables."""
        from .table import render

        return render(self)


def _describe(outcome: Outcome) -> dict[str, Any]:
    known = {**outcome.twin, "problem": outcome.problem, "cut_off": outcome.cut_off}
    if outcome.solution is None:
        return {**known, "status": "failed"}
    cost = outcome.solution.statistics
    return {**known, "status": "done", "time_steps": cost["time_steps"], "wall_s": cost["wall_s"]}


def _summary(row: GridRow | CropRow) -> dict[str, Any]:
    if isinstance(row, CropRow):
        return {"Verdict": row.result.trend, "Error bar": row.result.error}
    r = row.result
    return {"Verdict": r.verdict, "Observed order": r.order, "Estimate": r.estimate, "Error bar": r.error}
