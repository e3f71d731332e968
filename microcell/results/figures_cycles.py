"""Ageing over the cycles of a reduced model: capacity, resistance, losses, layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from .style import BLUE, GREEN, GREY, NM, ORANGE, PURPLE, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..p2d.cycling import CycleLife

_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, GREY)
SEEN = 1e-3
"""Losses below this [%] are left out."""


@dataclass(frozen=True)
class _Panel:
    """Columns that share an axis: which, in what unit, and its label."""

    holds: Callable[[str], bool]
    unit: float
    label: str
    least: float = 0.0

    def columns(self, table: pd.DataFrame) -> list[str]:
        """Return the columns with something to see."""
        return [
            c
            for c in table.columns
            if self.holds(c) and np.nanmax(np.abs(table[c]), initial=0.0) > self.least
        ]


_PANELS = (
    _Panel(lambda name: name == "Discharge capacity [A.h]", 1.0, "Discharge\ncapacity [A h]"),
    _Panel(lambda name: name == "Resistance [Ohm]", 1e3, "Resistance\n[m$\\Omega$]"),
    _Panel(lambda name: name.startswith("Loss of") and name.endswith("[%]"), 1.0, "Loss [%]", SEEN),
    _Panel(lambda name: name.endswith("thickness [m]"), NM, "Thickness [nm]"),
)


def draw_cycles(life: CycleLife) -> Figure:
    """Draw capacity, resistance, losses and layers over the cycles; dots are computed, lines interpolated.

    Parameters
    ----------
    life : CycleLife
        From `microcell.p2d.cycle`. Draw it inside of `styled()` for the look of the other figures.
    """
    every = life.to_frame()
    shown = [(panel, names) for panel in _PANELS if (names := panel.columns(every))]
    figure = new_figure(9.0, 1.2 + 2.1 * len(shown))
    axes = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (panel, names) in zip(axes, shown, strict=True):
        _draw(axis, every, panel, names)
    axes[-1].set_xlabel("Cycle")
    figure.align_ylabels()
    return figure


def _draw(axis: Axes, every: pd.DataFrame, panel: _Panel, names: list[str]) -> None:
    computed = every[every["Computed"]]
    for name, colour in zip(names, _COLOURS, strict=False):
        label = name.split(" [")[0]
        axis.plot(every["Cycle"], panel.unit * every[name], color=colour, label=label)
        axis.plot(computed["Cycle"], panel.unit * computed[name], "o", color=colour, markersize=3.5)
    axis.set_ylabel(panel.label)
    if len(names) > 1 or panel.least > 0 or panel.unit == NM:
        axis.legend()
