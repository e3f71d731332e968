"""The tables of a convergence study as text."""

from __future__ import annotations

import io
import math

from rich.console import Console
from rich.table import Table

from ..progress import duration
from .result import Convergence, CropRow, GridRow, Outcome
from .richardson import SAFETY, SAFETY_UNTRUSTED
from .spread import Group
from .twins import CASE, CROP, STEP, VOXEL

_TITLES = {
    VOXEL: "Voxel size",
    STEP: "Time steps",
    CROP: "Extent in the plane: mean ± standard error over the crops of a size",
}
_NOTES = {
    VOXEL: "coarse images come from this one: what is lost between the sample and this image is not in it",
    STEP: "size: mean time step [s]; bounds that stay (voltage, current, output times) keep steps apart less",
    CROP: "error bar: standard deviation expected between images as large as the whole one",
}


def render(result: Convergence) -> str:
    """Return all tables of a study."""
    stream = io.StringIO()
    console = Console(
        file=stream, width=200, highlight=False, markup=False, force_terminal=False, color_system=None
    )
    console.print(_twins(result))
    for study in result.studies:
        grid_rows = [] if study == CROP else result.grid_rows(study)
        table = _crop_table(result.crop_rows()) if study == CROP else _grid_table(study, grid_rows)
        console.print(table if table.columns else f"\n{_TITLES[study]}: no twin has a result")
        console.print(f"{_NOTES[study]}")
    if set(result.studies) & {VOXEL, STEP}:
        console.print(
            "error bar: grid convergence index (Roache 1994; Celik et al. 2008) of the case, safety "
            f"{SAFETY:g}; * {SAFETY_UNTRUSTED:g}, because the order is assumed or outside of 0.5 to 2.2; "
            "~ spread of the values, because they do not converge monotonically"
        )
    for remark in result.remarks():
        console.print(f"REMARK: {remark}")
    return stream.getvalue()


def _twins(result: Convergence) -> Table:
    table = Table(title="Twins", title_justify="left")
    for name in ("twin", "voxels (z, y, x)", "what"):
        table.add_column(name, no_wrap=True)
    for name in ("active", "cbd", "cut off", "steps", "wall time", ""):
        table.add_column(name, justify="right", no_wrap=True)
    for outcome in result.outcomes:
        table.add_row(*_twin_cells(outcome))
    return table


def _twin_cells(outcome: Outcome) -> list[str]:
    twin, shares = outcome.twin, outcome.twin["fractions"]
    known = [outcome.name, " x ".join(map(str, twin["shape"])), twin["what"]]
    known += [f"{shares['active']:.4f}", f"{shares['cbd']:.4f}"]
    if outcome.solution is None:
        return [*known, "-", "-", "-", "FAILED"]
    cost = outcome.solution.statistics
    return [
        *known,
        f"{outcome.cut_off:.4f}",
        str(cost["time_steps"]),
        duration(cost["wall_s"]),
        outcome.solution.status,
    ]


def _grid_table(study: str, rows: list[GridRow]) -> Table:
    if not rows:
        return Table()
    table = Table(title=_TITLES[study], title_justify="left")
    table.add_column("quantity", no_wrap=True)
    unit = "nm" if study == VOXEL else "s"
    for name, size in zip(rows[0].names, rows[0].sizes, strict=True):
        table.add_column(f"{name}\n{size:.4g} {unit}", justify="right", no_wrap=True)
    for name in ("order", "extrapolated", "error bar"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row in rows:
        r = row.result
        mark = "~" if math.isnan(r.safety) and r.error > 0 else "*" if r.safety == SAFETY_UNTRUSTED else " "
        table.add_row(
            row.quantity,
            *(_number(value) for value in row.values),
            _number(r.order, 3),
            _number(r.estimate),
            _number(r.error, 2) + mark,
            r.verdict,
        )
    return table


def _crop_table(rows: list[CropRow]) -> Table:
    if not rows:
        return Table()
    table = Table(title=_TITLES[CROP], title_justify="left")
    table.add_column("quantity", no_wrap=True)
    sizes = sorted({group.size for row in rows for group in row.result.groups})
    whole = max(sizes) if CASE in rows[0].names else math.nan
    for size in sizes:
        table.add_column(
            f"{size:.4g} um" + (" (case)" if size == whole else ""), justify="right", no_wrap=True
        )
    for name in ("error bar", "trend"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        groups = {group.size: group for group in row.result.groups}
        cells = [_group(groups[size]) if size in groups else "-" for size in sizes]
        table.add_row(row.quantity, *cells, _number(row.result.error, 2), _trend(row))
    return table


def _group(group: Group) -> str:
    if group.count == 1:
        return _number(group.mean)
    return f"{_number(group.mean)} ± {_number(group.standard_error, 2)} (n = {group.count})"


def _trend(row: CropRow) -> str:
    probability = row.result.probability
    return row.result.trend + ("" if math.isnan(probability) else f" (p = {probability:.2g})")


def _number(value: float, digits: int = 6) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}g}"
