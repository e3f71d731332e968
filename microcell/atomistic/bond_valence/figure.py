"""A picture of a bond-valence landscape: energy along the easiest paths, and where they run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...files import atomic_write
from ...style import BLUE, GREEN, ORANGE, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .model import AxisBarrier, BondValence

COLOURS = {"a": BLUE, "b": ORANGE, "c": GREEN}
WIDTHS = {"a": 4.0, "b": 2.6, "c": 1.4}
"""So that paths that share their way are all seen."""

HIGHEST = 3.0
"""End of the colour scale [eV]: what lies above is closed to the ion."""


def draw(result: BondValence, path: Path) -> Path:
    """Write the picture.

    Upper row: the lowest energy that is met on looking along b, c and a, with the paths on it. Lower row: the
    energy along the paths.

    Raises
    ------
    ResultsError
        If it cannot be written.
    """
    with styled():
        figure = new_figure(11.0, 7.2)
        views, below = figure.subfigures(2, 1, height_ratios=[1.15, 1.0])  # type: ignore[misc]
        panels = views.subplots(1, 3)
        for panel, axes in zip(panels, ((0, 2), (0, 1), (1, 2)), strict=True):
            image = _view(panel, result, *axes)
        views.colorbar(image, ax=list(panels), label="lowest energy along the view [eV]", extend="max")
        _profiles(below.subplots(1, 3), result.barriers)
        atomic_write(path, lambda temporary: figure.savefig(temporary, format="png"))
    return path


def _view(panel: Axes, result: BondValence, across: int, up: int):  # type: ignore[no-untyped-def]
    """Draw the landscape seen along the third axis, in fractional coordinates of the other two."""
    energy = result.landscape.energy
    (along,) = {0, 1, 2} - {across, up}
    seen = energy.min(axis=along) - energy.min()
    image = panel.imshow(
        seen.T if across < up else seen,
        origin="lower",
        extent=(0.0, 1.0, 0.0, 1.0),
        vmin=0.0,
        vmax=HIGHEST,
        cmap="viridis_r",
        aspect="auto",
    )
    for found in result.barriers:
        if not found.closed:
            places = found.path[:, [across, up]]
            panel.plot(*_wrapped(places).T, color=COLOURS[found.axis], linewidth=WIDTHS[found.axis])
    names = "abc"
    panel.set_xlabel(f"along {names[across]} [fraction of cell]")
    panel.set_ylabel(f"along {names[up]} [fraction of cell]")
    panel.set_title(f"seen along {names[along]}", loc="left")
    panel.set_xlim(0.0, 1.0)
    panel.set_ylim(0.0, 1.0)
    panel.grid(visible=False)
    return image


def _wrapped(places: np.ndarray) -> np.ndarray:
    """Bring a path into the cell, with a gap where it crosses a side."""
    inside = places - np.floor(places)
    jumps = np.flatnonzero(np.any(np.abs(np.diff(inside, axis=0)) > 0.5, axis=1)) + 1
    return np.insert(inside, jumps, np.nan, axis=0)


def _profiles(panels: np.ndarray, barriers: tuple[AxisBarrier, ...]) -> None:
    for panel, found in zip(panels, barriers, strict=True):
        panel.plot(found.distance, found.energy, color=COLOURS[found.axis])
        words = f"along {found.axis}: {found.barrier:.2f} ± {found.uncertainty:.2f} eV"
        panel.set_title(words + (" (closed)" if found.closed else ""), loc="left")
        panel.set_xlabel("distance along the path [Å]")
        panel.set_ylim(bottom=0.0)
    panels[0].set_ylabel("energy above the lowest site [eV]")
