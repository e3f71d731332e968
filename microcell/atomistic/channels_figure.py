"""The picture of one-dimensional channels: unblocked capacity against length and defect fraction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from microcell.atomistic.channels import curve
from microcell.atomistic.estimate import Estimate
from microcell.files import atomic_write
from microcell.style import line_map, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEGEND = 7
"""Curves that a legend names one by one."""


def draw(
    sites: Sequence[int],
    fractions: Sequence[float],
    sampled: Mapping[tuple[int, float], Estimate],
    path: Path,
    spacing: float | None = None,
) -> Path:
    """Draw exact curves over the length, one per defect fraction, and what was sampled.

    Parameters
    ----------
    sites : sequence of int
        Lengths of interest: the axis covers them.
    fractions : sequence of float
        Defect fractions.
    sampled : mapping
        Estimates by length and defect fraction.
    path : Path
        The PNG file.
    spacing : float, optional
        Distance of the sites [m]; adds an axis in nanometres.

    Raises
    ------
    ResultsError
        If the file cannot be written.
    """
    lengths = np.unique(np.geomspace(max(1, min(sites) // 3), 3 * max(sites), 200).round().astype(int))
    colours = line_map()(np.linspace(0.0, 1.0, len(fractions)))
    with styled():
        figure = new_figure(6.8, 4.8)
        panel = figure.add_subplot()
        for d, colour, row in zip(fractions, colours, curve(lengths.tolist(), fractions).T, strict=True):
            label = f"{100 * d:g} % defects" if len(fractions) <= LEGEND else None
            panel.plot(lengths, row, color=colour, label=label)
            points = [(n, sampled[n, d]) for n in sites if (n, d) in sampled]
            panel.errorbar(
                [n for n, _ in points],
                [e.mean for _, e in points],
                yerr=[e.standard_error for _, e in points],
                fmt="o",
                color=colour,
                markersize=4,
                capsize=3,
            )
        panel.set_xscale("log")
        panel.set_ylim(0.0, 1.05)
        panel.set_xlabel("length of the channel [lithium sites]")
        panel.set_ylabel("unblocked capacity fraction")
        if spacing is not None:
            _add_nanometres(panel, spacing)
        panel.plot([], [], "o", color="black", markersize=4, label="sampled")
        panel.legend()
        atomic_write(path, lambda temporary: figure.savefig(temporary, format="png"))
    return path


def _add_nanometres(panel: Axes, spacing: float) -> None:
    unit = spacing * 1e9

    def to_nanometres(sites: ArrayLike) -> np.ndarray:
        return np.asarray(sites) * unit

    def to_sites(length: ArrayLike) -> np.ndarray:
        return np.asarray(length) / unit

    axis = panel.secondary_xaxis("top", functions=(to_nanometres, to_sites))
    axis.set_xlabel("length of the channel [nm]")
