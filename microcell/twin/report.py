"""The page that lays a 3D run and its reduced twin side by side."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2

from ..results.files import REPORT, write_text
from ..results.quantities import show, show_duration
from .compare import Comparison, Difference
from .figures import Drawn


def write_report(
    folder: Path,
    comparison: Comparison,
    figures: Sequence[Drawn],
    design: Sequence[tuple[str, str, str]],
    notes: Sequence[str] = (),
    seconds: float | None = None,
) -> Path:
    """Write the report as one HTML page; nothing in it is loaded from elsewhere.

    Parameters
    ----------
    folder : Path
        Where to.
    comparison : Comparison
        Both models.
    figures : sequence of Drawn
        Pictures that were drawn.
    design : sequence of (name, value, origin)
        The homogenized electrode.
    notes : sequence of str
        What a reader must know, such as differences of the cases.
    seconds : float, optional
        Wall time of the twin.

    Raises
    ------
    ResultsError
        If the folder cannot be written.
    """
    loaders = [jinja2.PackageLoader(f"microcell.{part}", "templates") for part in ("twin", "results")]
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    page = environment.get_template("twin.html.j2").render(
        run=comparison.voxels,
        rows=[difference_row(row) for row in comparison.differences],
        figures=[_figure(drawn) for drawn in figures],
        design=design,
        notes=notes,
        cards=_cards(comparison, seconds),
    )
    write_text(folder / REPORT, page)
    return folder / REPORT


def difference_row(row: Difference) -> tuple[str, str, str, str, str]:
    """Return name, 3D run, twin, gap and relative gap as texts."""
    if row.voxels != row.voxels:  # a gap itself, which has no value in either model
        return row.name, "–", "–", show(row.reduced, row.unit), "–"
    share = f"{100.0 * row.gap / row.voxels:+.2f} %" if row.voxels else "–"
    return (
        row.name,
        show(row.voxels, row.unit, 4),
        show(row.reduced, row.unit, 4),
        show(row.gap, row.unit),
        share,
    )


def _cards(comparison: Comparison, seconds: float | None) -> list[dict[str, str]]:
    rows = {row.name: row for row in comparison.differences}
    gap = rows["RMS voltage gap, without the last 2 % of each step"]
    film = rows["Mean film at the end"]
    wall = comparison.voxels.statistics.get("wall_s")
    return [
        {
            "name": "Voltage gap",
            "value": show(gap.reduced, "V"),
            "note": "root of the mean square, without holds and the last 2 % of each step",
        },
        {
            "name": "Mean film at the end",
            "value": f"{show(film.voxels, 'm')} / {show(film.reduced, 'm')}",
            "note": "3D run / twin",
        },
        {
            "name": "Computed in",
            "value": f"{show_duration(wall)} / {show_duration(seconds)}",
            "note": "3D run / twin, compiling included",
        },
    ]


def _figure(drawn: Drawn) -> dict[str, Any]:
    data = base64.b64encode(drawn.path.read_bytes()).decode("ascii")
    return {"title": drawn.title, "caption": drawn.caption, "data": data}
