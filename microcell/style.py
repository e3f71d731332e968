"""One look for all figures: fonts, and colours that colour-blind readers can tell apart."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#AA4499", "#595959"
"""Okabe and Ito's colours (and one of Tol's) for lines."""
_RC: dict[Any, Any] = {
    "font.size": 11.0,
    "axes.titlesize": 11.0,
    "axes.labelsize": 11.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#e3e3e3",
    "grid.linewidth": 0.7,
    "legend.framealpha": 0.85,
    "legend.edgecolor": "none",
    "legend.fontsize": 10.0,
    "lines.linewidth": 1.8,
    "savefig.dpi": 150.0,
    "savefig.facecolor": "white",
}


def styled() -> AbstractContextManager[None]:
    """Return a context in which figures are made and saved with the style of microcell."""
    return mpl.rc_context(_RC)


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure (inches) that lays itself out; no pyplot, so no window and nothing to close."""
    return Figure(figsize=(width, height), layout="constrained")


def line_map() -> Colormap:
    """Return viridis without its pale end, which is hard to see as a line on white."""
    return ListedColormap(mpl.colormaps["viridis"](np.linspace(0.0, 0.88, 256)))
