"""The report: one HTML file that explains a run to somebody who has not seen it before."""

from __future__ import annotations

import base64
import math
from pathlib import Path
from typing import Any

import jinja2

from microcell.results import files
from microcell.results.figures import DrawnFigure, draw_all
from microcell.results.quantities import show, show_duration, show_unit, split_name
from microcell.results.solution import Solution
from microcell.results.style import FILM
from microcell.results.summary import balances, headlines

_ROWS = 25
_PARTICLE_COLUMNS = {
    "Label": ("Particle", 1.0, ".0f"),
    "Equivalent diameter [m]": ("Diameter [µm]", 1e6, ".2f"),
    "Distance to separator [m]": ("To separator [µm]", 1e6, ".1f"),
    "Touches edge": ("Cut", 1.0, ""),
    "Wetted area [m2]": ("Wetted [µm²]", 1e12, ".1f"),
    "CBD-covered area [m2]": ("Under CBD [µm²]", 1e12, ".1f"),
    "Particle contact area [m2]": ("Contact [µm²]", 1e12, ".1f"),
    FILM: ("Mean film [nm]", 1e9, ".4f"),
    "Minimum rocksalt thickness [m]": ("Thinnest [nm]", 1e9, ".4f"),
    "Maximum rocksalt thickness [m]": ("Thickest [nm]", 1e9, ".4f"),
    "Rocksalt asymmetry": ("Asymmetry [%]", 1e2, "+.2f"),
    "Mean concentration [mol.m-3]": ("Lithium [mol L⁻¹]", 1e-3, ".2f"),
    "Current [A]": ("Current [pA]", 1e12, "+.3g"),
}
_OWN_STEP_KEYS = ("step", "description", "reason", "time_s")


def write_report(run_dir: str | Path) -> Path:
    """Draw the figures of a run and write ``report.html`` into its directory.

    Parameters
    ----------
    run_dir : path
        A run directory, finished or not.

    Returns
    -------
    Path
        The report: self-contained (pictures and style inside), nothing is loaded from a network.

    Raises
    ------
    ResultsError
        There is no run, or the directory cannot be written.
    """
    solution = Solution.load(run_dir)
    figures = draw_all(solution)
    target = solution.folder / files.REPORT
    files.write_text(target, render_report(solution, figures))
    return target


def render_report(solution: Solution, figures: list[DrawnFigure]) -> str:
    """Return the HTML of a report with figures already drawn."""
    loader = jinja2.PackageLoader("microcell.results", "templates")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["unit"] = show_unit
    return environment.get_template("report.html.j2").render(
        title=_title(solution),
        run=solution.run,
        status=solution.status,
        about=_about(solution),
        headlines=headlines(solution),
        steps=_steps(solution),
        balances=balances(solution),
        statistics={
            split_name(name)[0].replace("_", " "): _statistic(name, value)
            for name, value in solution.statistics.items()
        },
        figures=[_figure(drawn) for drawn in figures],
        inspection=solution.info.get("inspect") or solution.case.get("inspect"),
        particles=_particles(solution),
        parameters=_parameters(solution.case.get("parameters")),
        versions=solution.run.get("versions") or {},
    )


def _title(solution: Solution) -> str:
    return str(
        solution.case.get("title")
        or Path(str(_nested(solution.case, "volume", "path") or solution.folder)).stem
    )


def _nested(content: dict[str, Any], *keys: str) -> Any:
    value: Any = content
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _about(solution: Solution) -> dict[str, str]:
    """Return what was simulated, in the words of the reader."""
    grid, case = solution.run.get("grid") or {}, solution.case
    about: dict[str, str] = {}
    if grid.get("shape_zyx"):
        about["Image"] = " × ".join(str(count) for count in grid["shape_zyx"]) + " voxels (z, y, x)"
        about["Voxel size"] = " × ".join(f"{edge * 1e9:.4g}" for edge in grid["voxel_size_zyx_m"]) + " nm"
        about["Size"] = " × ".join(f"{edge * 1e6:.1f}" for edge in grid["size_zyx_m"]) + " µm"
        about["Phases"] = _phases(grid.get("voxels_per_phase") or {})
        about["Particles"] = str(grid.get("particles") or "not segmented")
        about["Interface"] = f"{grid['interface_faces']} faces, {grid['interface_area_m2'] * 1e12:.4g} µm²"
        about["Separator"] = f"{grid['separator_thickness_m'] * 1e6:.1f} µm, {grid['separator_cells']} cells"
    about["Parameters"] = str(_nested(case, "cell", "parameters") or "see the table below")
    steps = _nested(case, "protocol", "steps")
    if isinstance(steps, list):
        about["Protocol"] = "; ".join(str(step) for step in steps)
    for key, words in (("capacity_Ah", "Capacity"), ("one_c_current_A", "1C current")):
        if solution.info.get(key):
            about[words] = show(float(solution.info[key]), "A.h" if key == "capacity_Ah" else "A")
    about["Device"] = str(solution.run.get("device", "unknown"))
    about["Started"] = str(solution.run.get("started", "unknown"))
    return about


def _phases(voxels: dict[str, int]) -> str:
    total = sum(voxels.values())
    return ", ".join(f"{name} {100.0 * count / total:.1f} %" for name, count in voxels.items() if count)


def _steps(solution: Solution) -> list[dict[str, Any]]:
    rows, begin = [], 0.0
    for step in solution.run.get("steps") or []:
        end = step.get("time_s")
        more = {key: _statistic(key, value) for key, value in step.items() if key not in _OWN_STEP_KEYS}
        lasted = None if end is None else end - begin
        rows.append({**step, "end": show_duration(end), "duration": show_duration(lasted), "more": more})
        begin = begin if end is None else end
    return rows


def _statistic(name: str, value: Any) -> str:
    label, unit = split_name(name)
    unit = unit or ("s" if label.endswith("_s") else "")
    if unit == "s" and isinstance(value, int | float):
        return show_duration(float(value))
    return show(value, unit)


def _figure(drawn: DrawnFigure) -> dict[str, Any]:
    data = base64.b64encode(drawn.path.read_bytes()).decode("ascii") if drawn.path else None
    return {"title": drawn.kind.title, "caption": drawn.kind.caption, "data": data, "note": drawn.note}


def _particles(solution: Solution) -> dict[str, Any] | None:
    table = solution.particles
    if table.empty:
        return None
    table = table.sort_values(FILM, ascending=False)
    columns = {name: how for name, how in _PARTICLE_COLUMNS.items() if name in table}
    rows = [
        [_cell(row[name], *how[1:]) for name, how in columns.items()]
        for _, row in table.head(_ROWS).iterrows()
    ]
    return {"columns": [how[0] for how in columns.values()], "rows": rows, "count": len(table)}


def _cell(value: Any, factor: float, form: str) -> str:
    if not form:
        return "yes" if value else "no"
    return "–" if not math.isfinite(value) else format(factor * value, form)


def _parameters(given: Any) -> list[dict[str, str]]:
    """Bring parameters to rows of name, value, unit, standing and source, whether listed or keyed by name."""
    if isinstance(given, dict):
        given = [
            {"name": name, **(entry if isinstance(entry, dict) else {"value": entry})}
            for name, entry in given.items()
        ]
    if not isinstance(given, list):
        return []
    return [_parameter(entry) for entry in given if isinstance(entry, dict)]


def _parameter(entry: dict[str, Any]) -> dict[str, str]:
    name, unit = split_name(str(entry.get("name", "")))
    value = entry.get("value")
    shown = f"{value:.6g}" if isinstance(value, float) else str(value)
    words = " — ".join(str(entry[key]) for key in ("source", "note") if entry.get(key))
    unit = show_unit(str(entry.get("unit") or unit))
    return {
        "name": name,
        "value": shown,
        "unit": unit,
        "standing": str(entry.get("standing", "")),
        "source": words,
    }
