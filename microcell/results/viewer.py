"""A window, or a picture, of the film on the particles in three dimensions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from microcell.errors import ResultsError
from microcell.results.files import writing
from microcell.results.film_surface import film_surface, uncovered
from microcell.results.render import look
from microcell.results.solution import Solution
from microcell.results.style import FILM_MAP, NM, UM

_BAR = {
    "color": "black",
    "fmt": "%.3f",
    "vertical": True,
    "height": 0.5,
    "position_x": 0.9,
    "position_y": 0.25,
}


def view(run_dir: str | Path, screenshot: str | Path | None = None, time: float | None = None) -> Path | None:
    """Show the rocksalt film on the particles of a run with pyvista.

    Parameters
    ----------
    run_dir : path
        The run directory.
    screenshot : path, optional
        Write a PNG there instead of opening a window.
    time : float, optional
        Show the snapshot nearest to this time [s]; the last one where left out.

    Returns
    -------
    Path or None
        The picture, if one was asked for.

    Raises
    ------
    ResultsError
        pyvista is not installed, there is no run or no snapshot, or the picture cannot be written.
    """
    pyvista = _pyvista()
    solution = Solution.load(run_dir)
    plotter = pyvista.Plotter(off_screen=screenshot is not None, window_size=[1400, 1000])
    _fill(plotter, pyvista, solution, time)
    if screenshot is None:
        plotter.show(title=f"microcell: {solution.folder}")
        return None
    target = Path(screenshot)
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        plotter.screenshot(target)
    plotter.close()
    return target


def _pyvista() -> Any:
    try:
        import pyvista
    except ImportError as error:
        raise ResultsError(
            "the 3D view needs pyvista, which is not installed", fix='pip install "microcell[view]"'
        ) from error
    return pyvista


def _fill(plotter: Any, pyvista: Any, solution: Solution, time: float | None) -> None:
    surface = film_surface(solution.grid, uncovered(solution.grid)) if len(solution.snapshot_times) else None
    if surface is None:
        raise ResultsError(
            "there is no film to show: no snapshot was stored, or nothing touches the electrolyte",
            file=solution.folder,
            fix="run until the first snapshot, or look at the report",
        )
    order = [2, 0, 1]  # through-plane direction to the right
    mesh = pyvista.PolyData.from_regular_faces(UM * surface.vertices[:, order], surface.triangles)
    mesh["Rocksalt film [nm]"] = NM * surface.on_vertices(
        solution.faces(time)["Rocksalt thickness [m]"].to_numpy()
    )
    plotter.set_background("white")
    plotter.add_mesh(
        mesh,
        cmap=FILM_MAP,
        nan_color="lightgrey",
        scalar_bar_args=_BAR,
        smooth_shading=True,
    )
    size = UM * np.multiply(solution.grid.phases.shape, solution.grid.voxel_size)[[0, 2, 1]]
    plotter.add_mesh(pyvista.Box((0, size[0], 0, size[1], 0, size[2])), style="wireframe", color="#888888")
    plotter.show_bounds(
        xtitle="z [um]", ytitle="x [um]", ztitle="y [um]", color="black", location="outer", font_size=10
    )
    look(plotter, size)
