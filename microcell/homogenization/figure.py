"""A picture of effective transport: bars per axis, and where the flux passes on a cut through the image."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ResultsError
from ..results.style import BLUE, GREEN, ORANGE, UM, new_figure, styled
from .fluxmap import cut_axis
from .result import AXES, EffectiveTransport, Transport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

COLOURS = dict(zip(AXES, (BLUE, ORANGE, GREEN), strict=True))
BRIGHTEST = 99.0
"""Percentile of the flux densities shown at which the colour scale ends: bottlenecks are far above."""

MOST_MAPS = 4
"""Conductors whose flux is drawn; more would be too small to read."""


def draw(result: EffectiveTransport, path: Path) -> Path:
    """Write a picture with ``eps / tau`` of every conductor and axis, and flux maps of the first four.

    Parameters
    ----------
    result : EffectiveTransport
        What `effective` returned.
    path : Path
        File to write; its suffix says the format.

    Raises
    ------
    ResultsError
        If the format is not known.
    """
    shown = _one_per_conductor(result)
    with styled():
        figure = new_figure(max(7.0, 3.6 * len(shown)), 7.4 if shown else 3.6)
        if path.suffix.lstrip(".").lower() not in figure.canvas.get_supported_filetypes():
            known = ", ".join(sorted(figure.canvas.get_supported_filetypes()))
            raise ResultsError("this is no format of a picture", file=path, allowed=known, fix="name it .png")
        parts = figure.subfigures(2 if shown else 1, 1, squeeze=False)[:, 0]
        _bars(parts[0].subplots(), result)
        if shown:
            _maps(parts[1], result, shown)
        figure.savefig(path)
    return path


def _one_per_conductor(result: EffectiveTransport) -> list[Transport]:
    """Return the first row with a flux of every conductor."""
    first: dict[str, Transport] = {}
    for row in result:
        if row.flux_map is not None and row.converged:
            first.setdefault(row.conductor, row)
    return list(first.values())[:MOST_MAPS]


def _bars(panel: Axes, result: EffectiveTransport) -> None:
    """Draw eps / tau, which compares conductors of any unit, with tau written above."""
    names = [conductor.name for conductor in result.conductors]
    axes = [axis for axis in AXES if any(row.axis == axis for row in result)]
    width = 0.8 / len(axes)
    for row in result:
        place = names.index(row.conductor) + (axes.index(row.axis) - 0.5 * (len(axes) - 1)) * width
        height = row.volume_fraction / row.tortuosity_factor if row.converged else 0.0
        panel.bar(place, height, 0.92 * width, color=COLOURS[row.axis])
        panel.annotate(
            _label(row), (place, height), (0, 2), textcoords="offset points", ha="center", fontsize=9
        )
    for axis in axes:
        panel.bar(0, 0, color=COLOURS[axis], label=f"along {axis}")
    panel.set_xticks(range(len(names)), names)
    panel.grid(visible=False, axis="x")
    panel.margins(y=0.15)
    panel.set_ylabel(r"$\varepsilon / \tau$")
    panel.set_title(r"Effective transport; tortuosity factor $\tau$ above the bars", loc="left")
    panel.legend(loc="upper right")


def _label(row: Transport) -> str:
    if not row.converged:
        return row.code.words
    return "∞" if math.isinf(row.tortuosity_factor) else f"{row.tortuosity_factor:.3g}"


def _maps(part: SubFigure | Figure, result: EffectiveTransport, shown: list[Transport]) -> None:
    panels = part.subplots(1, len(shown), squeeze=False)[0]
    everything = np.concatenate([np.abs(row.flux_map).ravel() for row in shown if row.flux_map is not None])
    brightest = float(np.nanpercentile(everything, BRIGHTEST))
    for panel, row in zip(panels, shown, strict=True):
        picture = _map(panel, result, row, brightest)
    part.colorbar(
        picture, ax=list(panels), label="flux density / mean over the cross-section", extend="max", shrink=0.9
    )


def _map(panel: Axes, result: EffectiveTransport, row: Transport, brightest: float):  # type: ignore[no-untyped-def]
    """Draw the magnitude of one flux map with lengths in um."""
    assert row.flux_map is not None
    normal = cut_axis(AXES.index(row.axis))
    down, across = (axis for axis in range(3) if axis != normal)
    size = [UM * length for length in result.volume.size]
    picture = panel.imshow(
        np.abs(row.flux_map),
        cmap="inferno",
        vmin=0.0,
        vmax=brightest,
        extent=(0.0, size[across], size[down], 0.0),
        interpolation="nearest",
    )
    panel.set_facecolor("#d9d9d9")
    panel.grid(visible=False)
    panel.set_xlabel(f"{AXES[across]} [µm]")
    panel.set_ylabel(f"{AXES[down]} [µm]")
    panel.set_title(f"{row.conductor} along {row.axis}", loc="left")
    return picture
