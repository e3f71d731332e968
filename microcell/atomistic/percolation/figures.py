"""Pictures of percolation: wrapping probabilities, extrapolation, accessible lithium."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from microcell.files import atomic_write
from microcell.style import BLUE, GREY, ORANGE, line_map, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from microcell.atomistic.percolation.accessible import AccessibleLithium
    from microcell.atomistic.percolation.scaling import ThresholdStudy


def draw_study(study: ThresholdStudy, path: Path) -> Path:
    """Draw wrapping probabilities by size, and the thresholds over L^(-1/nu).

    Raises
    ------
    ResultsError
        If the file cannot be written.
    """
    with styled():
        figure = new_figure(10.0, 4.2)
        left, right = figure.subplots(1, 2)
        _draw_probabilities(study, left)
        _draw_extrapolation(study, right)
        figure.suptitle(study.model.label, fontsize=11)
        atomic_write(path, lambda temporary: figure.savefig(temporary, format="png"))
    return path


def _draw_probabilities(study: ThresholdStudy, panel: Axes) -> None:
    low, high = min(v[0] for v in study.thresholds), max(v[-1] for v in study.thresholds)
    where = np.linspace(low, high, 400)
    colours = line_map()(np.linspace(0.0, 1.0, len(study.sizes)))
    for size, colour in zip(study.sizes, colours, strict=True):
        panel.plot(where, study.wrapping_probability(size, where), color=colour, label=f"{size} cells")
    panel.axvline(study.extrapolate().threshold, color=GREY, linestyle="--", linewidth=1.2)
    panel.set_xlabel(study.model.variable)
    panel.set_ylabel("share of samples with a wrapping cluster")
    panel.legend(title="edge")


def _draw_extrapolation(study: ThresholdStudy, panel: Axes) -> None:
    result, means, x = study.extrapolate(), study.means, study.scaled_sizes
    panel.errorbar(
        x,
        [m.mean for m in means],
        yerr=[m.standard_error for m in means],
        fmt="o",
        color=BLUE,
        capsize=3,
        label="mean threshold of a size",
    )
    line = np.array([0.0, x.max() * 1.05])
    panel.plot(line, result.threshold + result.slope * line, color=GREY, linewidth=1.2)
    panel.errorbar(
        [0.0],
        [result.threshold],
        yerr=[result.standard_error],
        fmt="s",
        color=ORANGE,
        capsize=4,
        label=f"infinite: {result.threshold:.5f} ± {result.standard_error:.5f}",
    )
    panel.set_xlabel("(cells per edge)$^{-1/\\nu}$")
    panel.set_ylabel(f"threshold: {study.model.variable}")
    panel.legend()


def draw_accessible(result: AccessibleLithium, path: Path) -> Path:
    """Draw percolating and reachable lithium against the lithium content.

    Raises
    ------
    ResultsError
        If the file cannot be written.
    """
    x = result.contents
    kinds = (
        ("connected through the slab", result.percolating, result.uncertainties(), BLUE),
        ("reached from a face", result.reachable, [e.standard_error for e in result.reachable], ORANGE),
    )
    with styled():
        figure = new_figure(10.0, 4.2)
        shares, amounts = figure.subplots(1, 2)
        for label, estimates, errors, colour in kinds:
            mean = np.array([e.mean for e in estimates])
            shares.errorbar(
                x, mean, yerr=errors, fmt="o-", color=colour, markersize=4, capsize=3, label=label
            )
            amounts.errorbar(
                x, x * mean, yerr=x * np.asarray(errors), fmt="o-", color=colour, markersize=4, capsize=3
            )
        amounts.plot(x, x, color=GREY, linestyle="--", linewidth=1.2, label="all lithium")
        shares.set_ylabel("share of the lithium")
        amounts.set_ylabel("lithium per formula unit")
        for panel in (shares, amounts):
            panel.set_xlabel(result.model.variable)
            panel.legend()
        figure.suptitle(f"{result.model.label}, slab of {result.size} layers", fontsize=11)
        atomic_write(path, lambda temporary: figure.savefig(temporary, format="png"))
    return path
