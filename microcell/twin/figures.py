"""Pictures of a reduced run, alone or beside the 3D run it is the twin of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..results.figures_cycles import SEEN
from ..results.files import atomic_write, writing
from ..results.quantities import show_unit, split_name
from ..results.style import BLUE, FILM, GREEN, GREY, NM, ORANGE, PURPLE, new_figure, styled, time_unit
from ..results.tables import TIME
from .compare import Comparison
from .figures_profiles import TWIN, VOXELS, draw_profiles
from .reduced import LITHIUM, NEGATIVE_LITHIUM, ROCKSALT, Profile, ReducedRun

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = (ORANGE, BLUE, GREEN, PURPLE, GREY)

Draw = Callable[["Axes", float], None]
"""Draws into a panel, with time in multiples of so many seconds."""


@dataclass(frozen=True)
class Drawn:
    """A picture that was written: file, heading, and what to look at."""

    path: Path
    title: str
    caption: str


def draw_run(run: ReducedRun, comparison: Comparison | None = None) -> Figure:
    """Draw voltage, current and what ages over time; with a 3D run, both and the gap of the voltage."""
    scale, unit = time_unit(float(run.solution["Time [s]"][-1]))
    draws = _panels(run, comparison)
    figure = new_figure(9.0, 1.0 + 2.0 * len(draws))
    panels = figure.subplots(len(draws), 1, sharex=True)
    for panel, draw in zip(panels, draws, strict=True):
        draw(panel, scale)
    if comparison:
        panels[0].legend()
    panels[-1].set_xlabel(f"Time [{unit}]")
    panels[-1].set_xlim(left=0.0)
    figure.align_ylabels()
    return figure


def _panels(run: ReducedRun, comparison: Comparison | None) -> list[Draw]:
    """Return what there is to show, from top to bottom."""
    density, style = 1.0 / run.solution.area, "--" if comparison else "-"
    draws: list[Draw] = [
        partial(_line, run, comparison, "Voltage [V]", 1.0, "Voltage [V]"),
        partial(_line, run, comparison, "Current [A]", density, "Current density\n[A m$^{-2}$]"),
    ]
    if run.has(NEGATIVE_LITHIUM):
        draws.append(partial(_stoichiometries, run))
    layers = run.layers()
    if layers:
        draws.append(partial(_layers, run, comparison, layers))
    draws += [partial(_output, run, style, output) for output in run.outputs() if np.any(run.mean(output))]
    lost = [name for name in run.solution.names() if name.startswith("Loss of") and name.endswith("[%]")]
    lost = [name for name in lost if np.max(np.abs(run.solution[name])) > SEEN]
    if lost:
        draws.append(partial(_losses, run, style, lost))
    return [*draws, partial(_gap, comparison)] if comparison else draws


def _line(
    run: ReducedRun,
    comparison: Comparison | None,
    name: str,
    factor: float,
    label: str,
    panel: Axes,
    scale: float,
) -> None:
    if comparison:
        rows = comparison.voxels
        panel.plot(rows.t / scale, factor * rows.column(name), color=BLUE, label=VOXELS)
    t, style = run.solution["Time [s]"] / scale, "--" if comparison else "-"
    panel.plot(t, factor * run.solution[name], style, color=ORANGE, label=TWIN)
    panel.set_ylabel(label)


def _stoichiometries(run: ReducedRun, panel: Axes, scale: float) -> None:
    """Draw how full both electrodes are."""
    t = run.solution["Time [s]"] / scale
    for profile, word, colour in ((LITHIUM, "positive", ORANGE), (NEGATIVE_LITHIUM, "negative", GREY)):
        panel.plot(t, run.mean(profile), color=colour, label=word)
    panel.set_ylabel("Mean\nstoichiometry")
    panel.legend()


def _layers(
    run: ReducedRun, comparison: Comparison | None, layers: list[Profile], panel: Axes, scale: float
) -> None:
    if comparison:
        panel.plot(comparison.voxels.t / scale, comparison.voxels.column(FILM) * NM, color=BLUE)
    t = run.solution["Time [s]"] / scale
    for layer, colour in zip(layers, _COLOURS, strict=False):
        word = layer.quantity.split(" thickness")[0]
        panel.plot(t, run.mean(layer) * NM, "--" if comparison else "-", color=colour, label=word)
    only_film = layers == [ROCKSALT]
    panel.set_ylabel("Mean film [nm]" if only_film else "Mean layer [nm]")
    if not only_film:
        panel.legend()


def _output(run: ReducedRun, style: str, output: Profile, panel: Axes, scale: float) -> None:
    name, unit = split_name(output.quantity)
    panel.plot(run.solution["Time [s]"] / scale, run.mean(output), style, color=ORANGE)
    words = name.split()
    half = (len(words) + 1) // 2
    panel.set_ylabel(f"{' '.join(words[:half])}\n{' '.join(words[half:])} [{show_unit(unit)}]")


def _losses(run: ReducedRun, style: str, names: list[str], panel: Axes, scale: float) -> None:
    for name, colour in zip(names, _COLOURS, strict=False):
        label = name.removeprefix("Loss of ").removesuffix(" [%]")
        panel.plot(run.solution["Time [s]"] / scale, run.solution[name], style, color=colour, label=label)
    panel.set_ylabel("Loss [%]")
    panel.legend()


def _gap(comparison: Comparison, panel: Axes, scale: float) -> None:
    """Draw the gap, scaled so that the knees at the ends of steps do not hide the rest."""
    for _, rows in comparison.table.groupby("Step"):
        panel.plot(rows[TIME] / scale, 1e3 * rows["Voltage gap [V]"], color=GREY)
    gap = 1e3 * comparison.table["Voltage gap [V]"].to_numpy()[comparison.within(0.9)]
    low, high = gap.min(), gap.max()
    room = 0.3 * max(high - low, 1.0)
    panel.set_ylim(low - room, high + room)
    panel.axhline(0.0, color=GREY, linewidth=0.8)
    panel.set_ylabel("Voltage gap [mV]\nreduced less 3D")


def write_figures(folder: Path, run: ReducedRun, comparison: Comparison | None = None) -> list[Drawn]:
    """Draw all pictures into a folder as PNG.

    Raises
    ------
    ResultsError
        If the folder cannot be written.
    """
    both = "Solid lines: 3D run; dashed: reduced twin. " if comparison else ""
    kinds = (
        (
            "run",
            draw_run,
            "Over time",
            both + "Film: mean over the interface."
            + (
                " The gap is taken step by step, each time counted from the start of its step; steep ends "
                "of steps leave the frame."
                if comparison
                else ""
            ),
        ),
        (
            "profiles",
            draw_profiles,
            "Through the thickness",
            both + "Salt (grey: separator), mean and surface stoichiometry and film, from separator to "
            "collector. " + ("Slices of the image hold different particles, the twin's are all alike: the "
            "3D curves scatter around the trend." if comparison else ""),
        ),
    )  # fmt: skip
    return [
        Drawn(write_figure(folder / f"{name}.png", partial(draw, run, comparison)), title, caption)
        for name, draw, title, caption in kinds
    ]


def write_figure(path: Path, draw: Callable[[], Figure]) -> Path:
    """Draw in the style of all figures and write as PNG.

    Raises
    ------
    ResultsError
        If the folder cannot be written.
    """
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    with styled():
        figure = draw()
        FigureCanvasAgg(figure)
        atomic_write(path, lambda to: figure.savefig(to, format="png"))
    return path
