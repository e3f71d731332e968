"""The picture of a partly transformed layer: its conductivity against the transformed fraction."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from microcell.atomistic.mixture import bounds, effective_medium
from microcell.files import atomic_write
from microcell.style import BLUE, GREEN, GREY, new_figure, styled

if TYPE_CHECKING:
    from microcell.atomistic.blocking import TransformedLayer


def draw(layer: TransformedLayer, path: Path, layered_diffusivity: float | None = None) -> Path:
    """Draw relative conductivities, or diffusivities [m2/s] where that of the layered oxide is known.

    Raises
    ------
    ResultsError
        If the file cannot be written.
    """
    unit = 1.0 if layered_diffusivity is None else layered_diffusivity
    f = np.linspace(0.0, 1.0, 400)
    series, parallel = bounds(f, layer.ratio)
    medium = effective_medium(f, layer.ratio, len(layer.shape))
    mean = np.array([e.mean for e in layer.relative])
    with styled():
        figure = new_figure(6.8, 4.8)
        panel = figure.add_subplot()
        panel.fill_between(
            f, unit * series, unit * parallel, color=GREY, alpha=0.12, label="slabs in series to parallel"
        )
        panel.plot(f, unit * medium, color=GREEN, linestyle="--", label="effective medium")
        panel.errorbar(
            layer.fractions,
            unit * mean,
            yerr=unit * layer.uncertainties(),
            fmt="o",
            color=BLUE,
            markersize=4,
            capsize=3,
            label=f"{layer.samples} random layers of {' × '.join(map(str, layer.shape))} {layer.disorder}",
        )
        panel.set_yscale("log")
        panel.set_xlabel("transformed fraction")
        ylabel = "conductivity relative to the layered oxide"
        panel.set_ylabel(ylabel if layered_diffusivity is None else "lithium diffusivity [m$^2$ s$^{-1}$]")
        spread = f" ± {layer.barrier_uncertainty:.3f}" if layer.barrier_uncertainty else ""
        panel.set_title(
            f"barrier higher by {layer.barrier_difference:.3f}{spread} eV, {layer.temperature:g} K"
        )
        panel.legend(loc="lower left")
        atomic_write(path, lambda temporary: figure.savefig(temporary, format="png"))
    return path
