"""A picture of a convergence study: a row per quantity, a column per study."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ResultsError
from ..results.style import BLUE, GREEN, GREY, ORANGE, new_figure, styled
from .result import SIZE_LABEL, Convergence, CropRow, GridRow
from .richardson import SAME
from .twins import CASE, STEP, VOXEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = {VOXEL: BLUE, STEP: GREEN}
_TITLES = {VOXEL: "Larger voxels", STEP: "Looser time steps", "crop": "Parts of the image"}


def draw(result: Convergence, path: Path) -> Path:
    """Write a picture of all studies.

    Voxels and time steps: values as marks, the power law of the estimate as a line down to size zero, the
    error bar on the case. Crops: each as a small mark, the mean of each size with its standard error, the
    whole image as a diamond.

    Parameters
    ----------
    result : Convergence
        The study.
    path : Path
        File to write; its suffix says the format.

    Raises
    ------
    ResultsError
        If the format is not known, or no twin has a result.
    """
    rows = {study: {row.quantity: row for row in result.rows(study)} for study in result.studies}
    quantities = list(dict.fromkeys(name for found in rows.values() for name in found))
    # a charge that the protocol prescribes is the same in all: not a picture, but rounding
    quantities = [q for q in quantities if any(_differs(f[q]) for f in rows.values() if q in f)] or quantities
    if not quantities:
        raise ResultsError("there is nothing to draw: no twin has a result", file=path)
    with styled():
        figure = new_figure(1.0 + 4.0 * len(rows), 0.6 + 2.3 * len(quantities))
        _check_format(figure, path)
        panels = figure.subplots(len(quantities), len(rows), squeeze=False)
        for column, (study, found) in enumerate(rows.items()):
            panels[0, column].set_title(_TITLES[study], loc="left")
            for line, quantity in enumerate(quantities):
                _panel(panels[line, column], study, quantity, found.get(quantity))
            panels[-1, column].set_xlabel(SIZE_LABEL[study].replace("um", "µm"))
        figure.align_ylabels()
        figure.savefig(path)
    return path


def _differs(row: GridRow | CropRow) -> bool:
    values = np.array(row.values)
    values = values[np.isfinite(values)]
    return bool(np.ptp(values) > SAME * np.max(np.abs(values)))


def _check_format(figure: Figure, path: Path) -> None:
    known = figure.canvas.get_supported_filetypes()
    if path.suffix.lstrip(".").lower() not in known:
        raise ResultsError(
            "this is no format of a picture", file=path, allowed=", ".join(sorted(known)), fix="name it .png"
        )


def _panel(panel: Axes, study: str, quantity: str, row: GridRow | CropRow | None) -> None:
    name, _, unit = quantity.partition(" [")
    panel.set_ylabel(f"{_wrapped(name)}\n[{unit}".replace("um", "µm"), fontsize=8.5)
    panel.ticklabel_format(axis="y", useOffset=False)
    panel.tick_params(labelsize=9)
    if row is None:
        panel.text(0.5, 0.5, "not in this study", ha="center", transform=panel.transAxes, color=GREY)
        panel.set_axis_off()
    elif isinstance(row, GridRow):
        _grid(panel, row, _COLOURS[study])
    else:
        _crops(panel, row)


def _wrapped(name: str) -> str:
    """Break a long name in two lines."""
    if len(name) < 22:
        return name
    words = name.split()
    half = next(i for i in range(1, len(words)) if len(" ".join(words[: i + 1])) >= 0.5 * len(name))
    return " ".join(words[: half + 1]) + "\n" + " ".join(words[half + 1 :])


def _grid(panel: Axes, row: GridRow, colour: str) -> None:
    """Draw a quantity over the size, and the power law that gave the estimate."""
    r, sizes, values = row.result, np.array(row.sizes), np.array(row.values)
    panel.plot(sizes, values, "o", color=colour)
    finest = int(np.nanargmin(np.where(np.isfinite(values), sizes, np.nan)))
    if math.isfinite(r.error):
        panel.errorbar(sizes[finest], values[finest], r.error, color=ORANGE, capsize=4, zorder=1)
    if math.isfinite(r.used):
        h = np.linspace(0.0, sizes[np.isfinite(values)].max(), 100)
        curve = r.estimate + (values[finest] - r.estimate) * (h / sizes[finest]) ** r.used
        panel.plot(h, curve, "-", color=colour, linewidth=1.2, zorder=1)
        panel.plot(0.0, r.estimate, "s", color=ORANGE, markerfacecolor="white", clip_on=False)
    order = f", order {r.order:.2f}" if math.isfinite(r.order) and r.order > 0 else ""
    panel.set_xlim(left=0.0)
    panel.margins(y=0.25)
    panel.text(0.03, 0.95, r.verdict + order, transform=panel.transAxes, va="top", fontsize=8.5, color=GREY)


def _crops(panel: Axes, row: CropRow) -> None:
    """Draw every crop, the means with standard errors, and the whole image with its error bar."""
    sizes, values = np.array(row.sizes), np.array(row.values)
    own = np.array([name == CASE for name in row.names])
    panel.plot(sizes[~own], values[~own], "o", color="#9a9a9a", markersize=4)
    means = [group for group in row.result.groups if group.count > 1]
    if means:
        x, y = [g.size for g in means], [g.mean for g in means]
        panel.errorbar(x, y, [g.standard_error for g in means], fmt="_", color=BLUE, capsize=5, markersize=12)
    if own.any():
        error = row.result.error if math.isfinite(row.result.error) else None
        panel.errorbar(sizes[own], values[own], error, fmt="D", color=ORANGE, capsize=4)
    panel.margins(0.15, 0.25)
    trend = f"trend with size: {row.result.trend}"
    panel.text(0.03, 0.95, trend, transform=panel.transAxes, va="top", fontsize=8.5, color=GREY)
