"""Pictures of phonons, conductivity over temperature, and the Ni-Mn-Co triangle."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.constants import pi

from microcell.style import BLUE, GREY, ORANGE, new_figure, styled

from .conductivity import Transport
from .phonons import Phonons
from .references import references
from .ternary import CONDUCTIVITY, HEAT, Mixture
from .virtual import METALS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TERA = 2.0e12 * pi  # rad.s-1 per THz
_POINTS = 160
_CORNERS = (("LiNiO$_2$", 0, 0, "right"), ("LiMnO$_2$", 1, 0, "left"), ("LiCoO$_2$", 0, 1, "center"))


def phonon_figure(transport: Transport, title: str = "") -> Figure:
    """Draw the dispersion along the edges of the zone, and the density of states beside it [THz]."""
    with styled():
        figure = new_figure(8.0, 4.6)
        bands, density = figure.subplots(1, 2, width_ratios=(3, 1), sharey=True)
        _draw_bands(bands, transport.series.rest)
        grid, modes = transport.modes.density_of_states()
        density.plot(modes * _TERA, grid / _TERA, color=BLUE)
        density.set_xlabel("States [THz$^{-1}$ per cell]")
        density.set_xlim(left=0.0)
        bands.set_ylim(bottom=0.0)
        bands.set_title(title or transport.series.rest.atoms.get_chemical_formula())
    return figure


def _draw_bands(panel: Axes, phonons: Phonons) -> None:
    path = phonons.atoms.cell.bandpath(npoints=_POINTS)
    distance, places, names = path.get_linear_kpoint_axis()
    breaks = np.flatnonzero(np.diff(distance) == 0.0) + 1
    for part in np.split(np.arange(len(distance)), breaks):
        for leg in _legs(path.kpts[part]):
            points = _beside_centre(path.kpts[part][leg])
            bands = phonons.lattice.run_qpoints(points).frequencies
            panel.plot(distance[part][leg], bands, color=BLUE, linewidth=1.1)
    for place in places:
        panel.axvline(place, color=GREY, linewidth=0.7)
    panel.set_xticks(places, [{"G": "Γ"}.get(name, name) for name in names])
    panel.set_xlim(distance[0], distance[-1])
    panel.set_ylabel("Frequency [THz]")


def _legs(points: np.ndarray) -> list[np.ndarray]:
    """Split a stretch of a path at the zone centre, where polar modes depend on the direction of arrival."""
    centre = [int(n) for n in np.flatnonzero(_is_centre(points)) if 0 < n < len(points) - 1]
    ends = [0, *centre, len(points) - 1]
    return [np.arange(a, b + 1) for a, b in pairwise(ends)]


def _beside_centre(points: np.ndarray) -> np.ndarray:
    """Move a zone centre at the end of a leg a little towards its neighbour."""
    moved = points.copy()
    for end, neighbour in ((0, 1), (-1, -2)):
        if len(points) > 1 and _is_centre(points[[end]])[0]:
            moved[end] = points[end] + 1e-2 * (points[neighbour] - points[end])
    return moved


def _is_centre(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points, axis=1) < 1e-9


def conductivity_figure(made: Mixture, temperatures: Sequence[float], title: str = "") -> Figure:
    """Draw the conductivity over temperature with its error band, by direction, beside published values."""
    with styled():
        figure = new_figure(6.6, 5.6)
        panel = figure.add_subplot()
        values = [made.conductivity(t) for t in temperatures]
        mean = np.array([v.mean for v in values])
        error = np.array([v.uncertainty for v in values])
        panel.plot(temperatures, mean, color=BLUE, label="mean over directions")
        panel.fill_between(temperatures, np.maximum(mean - error, 0.0), mean + error, color=BLUE, alpha=0.15)
        panel.plot(temperatures, [v.in_plane for v in values], "--", color=BLUE, label="in plane")
        panel.plot(temperatures, [v.through_plane for v in values], ":", color=BLUE, label="through plane")
        panel.plot(
            temperatures, [made.transport.slack(t) for t in temperatures], color=GREY, label="Slack, one line"
        )
        _draw_references(panel, made)
        panel.set(xlabel="Temperature [K]", ylabel="Lattice thermal conductivity [W.m$^{-1}$.K$^{-1}$]")
        panel.set_title(title)
        panel.set_yscale("log")
        figure.legend(loc="outside lower center", ncols=2)
    return figure


def _draw_references(panel: Axes, made: Mixture) -> None:
    for number, reference in enumerate(references("conductivity")):
        same = all(abs(reference.composition.get(m, 0.0) - made.fractions.get(m, 0.0)) < 0.02 for m in METALS)
        if same:
            panel.plot(300.0, reference.value, "osD^v<>"[number % 7], color=ORANGE, label=reference.name)


def ternary_figure(table: pd.DataFrame, temperature: float) -> Figure:
    """Draw conductivity and specific heat over the triangle, with the usual compositions marked."""
    with styled():
        figure = new_figure(10.4, 4.8)
        figure.suptitle(f"LiMO$_2$ at {temperature:g} K")
        for panel, name, map_name in zip(
            figure.subplots(1, 2), (CONDUCTIVITY, HEAT), ("viridis", "cividis"), strict=True
        ):
            _draw_triangle(figure, panel, table, name, map_name)
    return figure


def _draw_triangle(figure: Figure, panel: Axes, table: pd.DataFrame, name: str, colours: str) -> None:
    x, y = _corner_coordinates(table["Mn"].to_numpy(), table["Co"].to_numpy())
    filled = panel.tricontourf(x, y, table[name].to_numpy(), levels=14, cmap=colours)
    figure.colorbar(filled, ax=panel, label=name, shrink=0.85)
    panel.plot(
        *_corner_coordinates(np.array([0.0, 1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0, 0.0])), color=GREY
    )
    panel.plot(x, y, ".", color="white", markersize=2)
    for label, mn, co in (("811", 0.1, 0.1), ("622", 0.2, 0.2), ("111", 1 / 3, 1 / 3)):
        place = _corner_coordinates(np.array(mn), np.array(co))
        panel.plot(*place, "o", color="white", markeredgecolor="black", markersize=5)
        panel.annotate(label, place, xytext=(4, 4), textcoords="offset points", color="white", fontsize=9)
    for label, mn, co, side in _CORNERS:
        px, py = _corner_coordinates(np.array(float(mn)), np.array(float(co)))
        panel.annotate(label, (px, py), xytext=(0, 6 if co else -14), textcoords="offset points", ha=side)
    panel.set_aspect("equal")
    panel.set_axis_off()
    panel.margins(0.12)


def _corner_coordinates(mn: np.ndarray, co: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the place in a triangle with nickel left, manganese right, cobalt on top."""
    return mn + 0.5 * co, np.sqrt(0.75) * co
