"""Figures over the depth of the electrode and over the particles' size and place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from microcell.results.style import (
    FILM,
    GREY,
    NM,
    ORANGE,
    PLACE_MAP,
    UM,
    NothingToShow,
    add_scale_axis,
    line_map,
    new_figure,
    time_unit,
)
from microcell.results.tables import TIME
from microcell.results.trends import fitted_particles, linear_fit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from microcell.results.solution import Solution

_CURVES = 8  # more lines than this cannot be told apart
LOWEST = "Minimum surface concentration [mol.m-3]"


def draw_profiles(solution: Solution) -> Figure:
    """Film and lowest surface concentration per slice, at several times."""
    profiles = solution.profiles
    if profiles.empty:
        raise NothingToShow("no snapshot was stored, so there are no profiles")
    times = chosen_times(solution)
    scale, unit = time_unit(float(profiles[TIME].max()))
    colours = ScalarMappable(Normalize(0.0, max(times[-1], 1e-9) / scale), line_map())
    figure = new_figure(10.5, 4.6)
    film, lowest = figure.subplots(1, 2)
    for time in times:
        rows = profiles[profiles[TIME] == time]
        colour = colours.to_rgba(time / scale)
        film.plot(rows["z [m]"] * UM, rows[FILM] * NM, color=colour)
        lowest.plot(rows["z [m]"] * UM, rows[LOWEST] / 1e3, color=colour)
    film.set_ylabel("Mean film of the slice [nm]")
    lowest.set_ylabel("Lowest surface concentration\nof the slice [mol L$^{-1}$]")
    _critical(lowest, solution)
    for panel in (film, lowest):
        _depth_axis(panel, float(profiles["z [m]"].max()) * UM)
    figure.colorbar(colours, ax=[film, lowest], label=f"Time [{unit}]", pad=0.02).set_ticks(
        list(times / scale), labels=[f"{time / scale:.2f}" for time in times]
    )
    return figure


def chosen_times(solution: Solution, count: int = _CURVES) -> np.ndarray:
    """Return at most `count` snapshot times: the step ends, then those that fill the largest gaps.

    Gaps are measured in time and in film growth, so that the curves gather where something happens.
    """
    film = solution.profiles.groupby(TIME)[FILM].mean()
    times = film.index.to_numpy()
    place = _share(times) + 2.0 * _share(film.to_numpy())
    ends = solution.steps["time_s"].to_numpy(dtype=float) if len(solution.steps) else np.zeros(0)
    chosen = sorted({0, len(times) - 1} | {int(np.argmin(np.abs(times - end))) for end in ends})[-count:]
    while len(chosen) < min(count, len(times)):
        gap = np.min(np.abs(place[:, None] - place[chosen][None, :]), axis=1)
        gap[chosen] = -1.0
        chosen.append(int(np.argmax(gap)))
    return times[sorted(chosen)]


def _share(values: np.ndarray) -> np.ndarray:
    """Scale to 0 ... 1 (all 0 where nothing changes)."""
    values = np.nan_to_num(values)
    return (values - values.min()) / max(float(np.ptp(values)), np.finfo(float).tiny)


def _critical(panel: Axes, solution: Solution) -> None:
    critical, limit = solution.info.get("critical_concentration_mol_m3"), solution.info.get("c_max_mol_m3")
    if critical:
        panel.axhline(critical / 1e3, color=ORANGE, linestyle=(0, (4, 2)), linewidth=1.4)
        panel.text(
            0.99,
            critical / 1e3,
            f"film grows below {critical / 1e3:.2f} mol/L",
            color=ORANGE,
            transform=panel.get_yaxis_transform(),
            ha="right",
            va="bottom",
            fontsize=9.5,
        )
        low, high = panel.get_ylim()
        if low < 1.3 * critical / 1e3 and high > 2.0 * critical / 1e3:
            # The lithiated states lie far above; what matters happens around the threshold.
            panel.set_ylim(low, 2.0 * critical / 1e3)
    if limit:
        add_scale_axis(panel, float(limit) / 1e3, "Lithiation")


def _depth_axis(panel: Axes, depth: float) -> None:
    panel.set_xlabel("Distance from the separator [µm]")
    panel.set_xlim(0.0, depth * 1.01)
    for place, words, side in ((0.0, "separator", "left"), (1.0, "collector", "right")):
        panel.text(
            place, 1.01, words, transform=panel.transAxes, ha=side, va="bottom", fontsize=9.5, color=GREY
        )


def draw_particle_trends(solution: Solution) -> Figure:
    """Mean film of each particle against its diameter and against its distance from the separator."""
    table = solution.particles
    if table.empty:
        raise NothingToShow("the run has no particle labels; segment the image first")
    table = table[np.isfinite(table[FILM])]
    if table.empty:
        raise NothingToShow("no particle touches the electrolyte")
    figure = new_figure(10.5, 5.2)
    left, right = figure.subplots(1, 2, sharey=True)
    size, place = table["Equivalent diameter [m]"] * UM, table["Distance to separator [m]"] * UM
    names = "Equivalent diameter [µm]", "Distance of the centroid from the separator [µm]"
    _scatter(figure, left, table, size, place, names)
    _scatter(figure, right, table, place, size, names[::-1])
    left.set_ylabel("Mean film of the particle [nm]")
    return figure


def _scatter(
    figure: Figure, panel: Axes, table: pd.DataFrame, x: pd.Series, colour: pd.Series, names: tuple[str, str]
) -> None:
    film, cut = table[FILM].to_numpy() * NM, table["Touches edge"].to_numpy(dtype=bool)
    norm, colours = Normalize(colour.min(), colour.max()), mpl.colormaps[PLACE_MAP]
    shade = colours(norm(colour.to_numpy()))
    panel.scatter(x[~cut], film[~cut], c=shade[~cut], s=34, edgecolors="k", linewidths=0.4)
    panel.scatter(x[cut], film[cut], facecolors="none", edgecolors=shade[cut], s=30, linewidths=1.3)
    _fit(panel, table, x.to_numpy(), film)
    panel.set_xlabel(names[0])
    figure.colorbar(
        ScalarMappable(norm, colours), ax=panel, label=f"Colour: {names[1]}", location="top", aspect=40
    )
    low, high = float(film.min()), float(film.max())
    panel.set_ylim(
        low - 0.05 * (high - low) - 0.001, high + 0.25 * (high - low) + 0.001
    )  # room for the legend


def _fit(panel: Axes, table: pd.DataFrame, x: np.ndarray, film: np.ndarray) -> None:
    fitted, which = fitted_particles(table)
    cut = table["Touches edge"].to_numpy(dtype=bool)
    fit = linear_fit(x[fitted], film[fitted])
    if fit is not None:
        slope, intercept, r = fit
        ends = np.array([x.min(), x.max()])
        words = f"{slope * 1e3:+.3g} pm per µm, r = {r:+.2f} ({which}, n = {fitted.sum()})"
        panel.plot(ends, intercept + slope * ends, color=ORANGE, label=words)
    if (~cut).any():
        panel.scatter([], [], color=GREY, s=34, label="whole particle")
    if cut.any():
        panel.scatter(
            [], [], facecolors="none", edgecolors=GREY, s=30, linewidths=1.3, label="cut by the border"
        )
    panel.legend(loc="upper right", fontsize=9)
