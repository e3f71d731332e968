"""The picture of a property card: points with error bars, and the law that goes through them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from microcell.files import atomic_write
from microcell.parameters.card_law import STANDARD_TEMPERATURE
from microcell.style import BLUE, GREY, ORANGE, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from microcell.parameters.card import PropertyCard

_LABELS = {"x": "Stoichiometry x", "c": "Salt concentration [mol.m$^{-3}$]", "T": "Temperature [K]"}
_SAMPLES = 400


def draw(card: PropertyCard, path: Path) -> Path:
    """Draw a card as PNG.

    Raises
    ------
    ResultsError
        If it cannot be written.
    """
    with styled():
        figure = new_figure(6.4, 4.2)
        panel = figure.add_subplot()
        (_draw_number if card.is_scalar else _draw_table)(card, panel)
        panel.set_title(_title(card), fontsize=10)
        atomic_write(path, lambda temporary: figure.savefig(temporary, format="png"))
    return path


def _draw_table(card: PropertyCard, panel: Axes) -> None:
    points, values, sigma = (np.asarray(c) for c in (card.points, card.values, card.uncertainty))
    margin = 0.06 * (points[-1] - points[0])
    where = np.linspace(points[0] - margin, points[-1] + margin, _SAMPLES)
    T = where if card.argument == "T" else np.full(_SAMPLES, card.temperature or STANDARD_TEMPERATURE)
    with jax.enable_x64(True):
        curve = np.asarray(card.law()(where, T))
    panel.plot(where, curve, color=BLUE, label="law")
    marks: dict[str, Any] = {"fmt": "o", "color": ORANGE, "markersize": 4, "capsize": 3}
    panel.errorbar(points, values, yerr=sigma, label="± one standard error", **marks)
    low, high = card.validity[card.argument or "x"]
    for edge in (low, high):
        if where[0] <= edge <= where[-1]:
            panel.axvline(edge, color=GREY, linestyle=":", linewidth=1.0)
    panel.set_xlabel(_LABELS[card.argument])
    panel.set_ylabel(card.name)
    if card.interpolation == "log" and values.max() > 3.0 * values.min():
        panel.set_yscale("log")
    panel.legend()


def _draw_number(card: PropertyCard, panel: Axes) -> None:
    """One number with its error bar; over the inverse temperature where it has an activation energy."""
    T0 = card.temperature or STANDARD_TEMPERATURE
    if card.activation_energy is None:
        panel.errorbar([0], card.values, yerr=card.uncertainty, fmt="o", color=ORANGE, capsize=5)
        panel.set_xticks([])
        panel.set_xlabel(f"{card.describe()} {card.unit}")
        panel.set_ylabel(card.name)
        return
    low, high = card.validity.get("T", (T0 - 40.0, T0 + 40.0))
    T = np.linspace(low, high, _SAMPLES)
    with jax.enable_x64(True):
        curve = np.asarray(card.law()(np.ones(_SAMPLES), T))
    panel.plot(1000.0 / T, curve, color=BLUE, label=f"$E_a$ = {card.activation_energy / 1000:.3g} kJ/mol")
    panel.errorbar([1000.0 / T0], card.values, yerr=card.uncertainty, fmt="o", color=ORANGE, capsize=5)
    panel.set_yscale("log")
    panel.set_xlabel("1000 / T [K$^{-1}$]")
    panel.set_ylabel(card.name)
    panel.legend()


def _title(card: PropertyCard) -> str:
    at = f", {card.temperature:g} K" if card.temperature is not None else ""
    return f"{card.origin.model}{at} ({card.origin.standing}, microcell {card.origin.code_version})"
