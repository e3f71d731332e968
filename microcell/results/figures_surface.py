"""The film on the particles in three dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from microcell.results.film_surface import FilmSurface, deviation_from_particle, film_surface, uncovered
from microcell.results.render import render
from microcell.results.style import (
    DEVIATION_MAP,
    FILM_MAP,
    GREY,
    NM,
    UM,
    NothingToShow,
    describe_time,
    new_figure,
)

if TYPE_CHECKING:
    from microcell.results.solution import Solution

_TRIANGLES = 400_000  # above this a coarser surface shows as much
_NO_FILM = (0.86, 0.86, 0.86)


def draw_film_surface(solution: Solution) -> Figure:
    """The film on the surface of the active material, and its deviation from the mean of each particle."""
    if not len(solution.snapshot_times):
        raise NothingToShow("no snapshot was stored")
    surface = _surface(solution)
    if surface is None:
        raise NothingToShow("there is no interface between active material and electrolyte")
    film = solution.faces()["Rocksalt thickness [m]"].to_numpy()
    panels = [(film * NM, FILM_MAP, _range(film * NM), "Rocksalt film [nm]")]
    deviation = 100.0 * deviation_from_particle(film, solution.grid)
    if np.isfinite(deviation).any():
        reach = max(float(np.nanpercentile(np.abs(deviation), 98.0)), 1e-6)
        panels.append(
            (deviation, DEVIATION_MAP, Normalize(-reach, reach), "Deviation from the particle's mean [%]")
        )
    figure = new_figure(5.6 * len(panels), 4.8)
    pictures = _pictures(surface, [_colour(surface, *panel[:3]) for panel in panels], solution)
    for panel, picture, (_, colours, norm, label) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], pictures, panels, strict=True
    ):
        panel.imshow(_cropped(picture))
        panel.set_axis_off()
        figure.colorbar(
            ScalarMappable(norm, colours),
            ax=panel,
            label=label,
            orientation="horizontal",
            shrink=0.8,
            pad=0.02,
            extend="both",
        )
    last = float(solution.snapshot_times[-1])
    box = " x ".join(
        f"{edge:.1f}" for edge in np.multiply(solution.grid.phases.shape, solution.grid.voxel_size) * UM
    )
    words = f"t = {describe_time(last, last)}; box {box} µm; separator left, collector right"
    figure.suptitle(words, fontsize=10.5, color=GREY)
    return figure


def _surface(solution: Solution) -> FilmSurface | None:
    shown = uncovered(solution.grid)
    surface = film_surface(solution.grid, shown)
    if surface is not None and len(surface.triangles) > _TRIANGLES:
        surface = film_surface(solution.grid, shown, step=2)
    return surface


def _range(film: np.ndarray) -> Normalize:
    """Leave out the extreme two percent, which a few odd voxels would otherwise spend the colours on."""
    low, high = np.percentile(film, [1.0, 99.0])
    return Normalize(low, high if high > low else low + 0.01)


def _colour(surface: FilmSurface, values: np.ndarray, colours: str, norm: Normalize) -> np.ndarray:
    """Red, green, blue of each vertex."""
    shown = surface.on_vertices(values)
    rgb = mpl.colormaps[colours](norm(np.nan_to_num(shown)))[:, :3]
    rgb[np.isnan(shown)] = _NO_FILM
    return rgb


def _pictures(surface: FilmSurface, colours: list[np.ndarray], solution: Solution) -> list[np.ndarray]:
    size = np.multiply(solution.grid.phases.shape, solution.grid.voxel_size)
    # Through-plane direction to the right, as in the other figures: (x, y, z) is shown as (z, x, y), which
    # keeps hands.
    return render(surface.vertices[:, [2, 0, 1]], surface.triangles, np.stack(colours), size[[0, 2, 1]])


def _cropped(picture: np.ndarray) -> np.ndarray:
    """Cut the white border off."""
    used = np.any(picture < 250, axis=2)
    rows, columns = np.flatnonzero(used.any(axis=1)), np.flatnonzero(used.any(axis=0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if len(rows) else picture
