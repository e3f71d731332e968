"""Figures with time along the axis: the whole run, and the film of every particle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from microcell.results.style import (
    BLUE,
    FILM,
    GREEN,
    GREY,
    NM,
    ORANGE,
    NothingToShow,
    add_scale_axis,
    mark_steps,
    new_figure,
    time_unit,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from microcell.results.solution import Solution


def draw_overview(solution: Solution) -> Figure:
    """Voltage, current and film over time, with the ends of the protocol steps."""
    if len(solution.t) < 2:
        raise NothingToShow("the time series has fewer than two rows")
    scale, unit = time_unit(solution.t[-1])
    figure = new_figure(9.0, 7.2)
    voltage, current, film = figure.subplots(3, 1, sharex=True, height_ratios=[1.3, 1.0, 1.1])
    hours = solution.t / scale
    _line(voltage, solution, hours, "Voltage [V]", BLUE, "Voltage [V]")
    _current(current, solution, hours)
    _film(film, solution, hours)
    film.set_xlabel(f"Time [{unit}]")
    film.set_xlim(0.0, hours[-1])
    mark_steps(solution, [voltage, current, film], scale)
    figure.align_ylabels()
    return figure


def _line(panel: Axes, solution: Solution, x: np.ndarray, name: str, colour: str, label: str) -> None:
    if name in solution.timeseries:
        panel.plot(x, solution.column(name), color=colour)
    panel.set_ylabel(label)


def _current(panel: Axes, solution: Solution, x: np.ndarray) -> None:
    density = "Current density [A.m-2]"
    name, label = (
        (density, "Current density\n[A m$^{-2}$]")
        if density in solution.timeseries
        else ("Current [A]", "Current [A]")
    )
    _line(panel, solution, x, name, ORANGE, label)
    panel.axhline(0.0, color=GREY, linewidth=0.8)
    panel.text(
        0.995, 0.03, "positive: discharge", transform=panel.transAxes, ha="right", fontsize=9, color=GREY
    )
    rate = _per_c_rate(solution, name)
    if rate:
        add_scale_axis(panel, rate, "C-rate")


def _per_c_rate(solution: Solution, name: str) -> float | None:
    """Return how much of the quantity `name` is 1C."""
    one_c, area = solution.info.get("one_c_current_A"), solution.info.get("area_m2")
    if not one_c:
        return None
    if name == "Current [A]":
        return float(one_c)
    return float(one_c) / float(area) if area else None


def _film(panel: Axes, solution: Solution, x: np.ndarray) -> None:
    _line_scaled(panel, solution, x, FILM)
    low, high = "Minimum rocksalt thickness [m]", "Maximum rocksalt thickness [m]"
    if low in solution.timeseries and high in solution.timeseries:
        bounds = solution.column(low) * NM, solution.column(high) * NM
        panel.fill_between(
            x, *bounds, color=GREEN, alpha=0.18, linewidth=0, label="thinnest to thickest face"
        )
    panel.set_ylabel("Rocksalt film [nm]")
    panel.legend(loc="upper left")


def _line_scaled(panel: Axes, solution: Solution, x: np.ndarray, name: str) -> None:
    if name in solution.timeseries:
        panel.plot(x, solution.column(name) * NM, color=GREEN, label="mean over the interface")


def draw_particle_films(solution: Solution) -> Figure:
    """Mean film of every particle over time, with the thickest, the thinnest and the mean marked."""
    if len(solution.snapshot_times) < 2:
        raise NothingToShow("one snapshot only: a development over time needs two")
    if solution.particles.empty:
        raise NothingToShow("the run has no particle labels; segment the image first")
    history = solution.particle_history(FILM).dropna(axis=1, how="all") * NM
    if history.empty:
        raise NothingToShow("no particle touches the electrolyte")
    scale, unit = time_unit(float(solution.snapshot_times[-1]))
    figure = new_figure(8.0, 4.8)
    panel = figure.subplots()
    _particle_lines(
        panel, history.index.to_numpy() / scale, history.to_numpy(), history.columns.to_numpy(), solution
    )
    if FILM in solution.timeseries:
        panel.plot(solution.t / scale, solution.column(FILM) * NM, "k--", label="mean over the interface")
    panel.set_xlabel(f"Time [{unit}]")
    panel.set_ylabel("Mean film of a particle [nm]")
    panel.set_xlim(0.0, max(history.index[-1], solution.t[-1] if len(solution.t) else 0.0) / scale)
    panel.legend(loc="upper left")
    mark_steps(solution, [panel], scale)
    return figure


def _particle_lines(
    panel: Axes, x: np.ndarray, films: np.ndarray, labels: np.ndarray, solution: Solution
) -> None:
    panel.fill_between(
        x, np.nanmin(films, 1), np.nanmax(films, 1), color="#dddddd", label=f"all {len(labels)} particles"
    )
    if len(labels) <= 150:  # more would only blacken the band
        panel.plot(x, films, color="#b0b0b0", linewidth=0.5)
    last = films[-1]
    for word, number, colour in (
        ("thickest", np.nanargmax(last), ORANGE),
        ("thinnest", np.nanargmin(last), BLUE),
    ):
        note = _particle_note(solution, int(labels[number]))
        panel.plot(
            x, films[:, number], color=colour, marker="o", markersize=4, label=f"{word}: particle {note}"
        )


def _particle_note(solution: Solution, label: int) -> str:
    row = solution.particles.set_index("Label").loc[label]
    return f"{label} ({row['Equivalent diameter [m]'] * 1e6:.1f} µm, at {row['Centroid z [m]'] * 1e6:.0f} µm)"
