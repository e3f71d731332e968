"""What the figures of runs share beside `microcell.style`: maps, units of time and length, marks."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from numpy.typing import ArrayLike

from microcell.style import BLUE, GREEN, GREY, ORANGE, PURPLE, line_map, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from microcell.results.solution import Solution

__all__ = [
    "BLUE",
    "DEVIATION_MAP",
    "ELECTROLYTE_MAP",
    "FILM",
    "FILM_MAP",
    "GREEN",
    "GREY",
    "NM",
    "ORANGE",
    "PLACE_MAP",
    "PURPLE",
    "SOLID_MAP",
    "UM",
    "NothingToShow",
    "add_scale_axis",
    "describe_time",
    "line_map",
    "mark_steps",
    "new_figure",
    "styled",
    "time_unit",
]

FILM_MAP, SOLID_MAP, PLACE_MAP = "viridis", "viridis", "cividis"
ELECTROLYTE_MAP = ListedColormap(mpl.colormaps["Greys_r"](np.linspace(0.28, 0.9, 256)))
"""Greys, so that the electrolyte is told apart from the solid at a glance."""
DEVIATION_MAP = "RdBu_r"
NM, UM = 1e9, 1e6
FILM = "Mean rocksalt thickness [m]"


class NothingToShow(Exception):
    """Says why a figure cannot be drawn from this run."""


def time_unit(longest: float) -> tuple[float, str]:
    """Return seconds per unit and the unit's name, so that the longest time [s] reads well."""
    if longest < 300.0:
        return 1.0, "s"
    return (60.0, "min") if longest < 3600.0 else (3600.0, "h")


def describe_time(seconds: float, longest: float) -> str:
    """Write a time in the unit of the run."""
    scale, unit = time_unit(longest)
    return f"{seconds / scale:.3g} {unit}" if unit == "s" else f"{seconds / scale:.2f} {unit}"


def mark_steps(solution: Solution, axes: list[Axes], scale: float) -> None:
    """Draw a line where each protocol step ended and name the steps above the first panel."""
    if solution.steps.empty:
        return
    ends = solution.steps["time_s"].to_numpy(dtype=float) / scale
    for panel in axes:
        for end in ends:
            panel.axvline(end, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    left, right = axes[0].get_xlim()
    starts = np.concatenate([[0.0], ends[:-1]])
    words = solution.steps.get("description", pd.Series("", index=solution.steps.index))
    for number, (start, end) in enumerate(zip(starts, ends, strict=True), start=1):
        label = _step_label(f"{number} {words[number - 1]}", number, (end - start) / (right - left))
        axes[0].text(
            0.5 * (start + end),
            1.02,
            label,
            transform=axes[0].get_xaxis_transform(),
            ha="center",
            va="bottom",
            fontsize=9,
            color=GREY,
        )


def _step_label(words: str, number: int, share: float) -> str:
    width = int(share * 95)  # characters that fit above the step in a figure of usual width
    return "\n".join(textwrap.wrap(words, width)) if width >= 10 else str(number)


def add_scale_axis(panel: Axes, unit: float, label: str) -> None:
    """Add an axis on the right that counts in multiples of `unit`."""

    def to_multiples(values: ArrayLike) -> ArrayLike:
        return np.asarray(values) / unit

    def from_multiples(values: ArrayLike) -> ArrayLike:
        return np.asarray(values) * unit

    panel.secondary_yaxis("right", functions=(to_multiples, from_multiples)).set_ylabel(label)
