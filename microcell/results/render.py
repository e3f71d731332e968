"""Pictures of triangles: with pyvista in a process of its own, or with matplotlib where that does not work.

A machine without a display or graphics library can make VTK end the process; a run that took hours must not
end with its picture, so the renderer is started as ``python -m microcell.results.render IN.npz OUT.npy``.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LightSource
from matplotlib.figure import Figure

_SECONDS = 120.0
_PIXELS = [1400, 1000]
# The first axis runs to the right; its low end, the second axis' low end and the third's high end face the
# viewer.
_ELEVATION, _AZIMUTH = 22.0, -118.0


def render(
    vertices: np.ndarray, triangles: np.ndarray, colours: np.ndarray, size: np.ndarray
) -> list[np.ndarray]:
    """Return pictures of the same triangles in a box, coloured in several ways.

    Parameters
    ----------
    vertices : ndarray, shape (v, 3)
        Right-handed coordinates in any unit.
    triangles : ndarray of int, shape (n, 3)
        Vertex numbers.
    colours : ndarray, shape (pictures, v, 3)
        Red, green, blue in [0, 1] per vertex.
    size : ndarray, shape (3,)
        The box is [0, size].

    Returns
    -------
    list of ndarray of uint8, shape (height, width, 3)
    """
    pictures = None
    if importlib.util.find_spec("pyvista"):
        pictures = _in_own_process(vertices, triangles, colours, size)
    if pictures is None:
        return [_with_matplotlib(vertices, triangles, each, size) for each in colours]
    return list(pictures)


def _in_own_process(*mesh: np.ndarray) -> np.ndarray | None:
    """Make all pictures in one process: loading VTK takes longer than drawing."""
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "mesh.npz", Path(folder) / "pictures.npy"
        np.savez(given, *mesh)
        command = [sys.executable, "-m", "microcell.results.render", str(given), str(made)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return np.load(made) if done.returncode == 0 and made.exists() else None


def _with_pyvista(
    vertices: np.ndarray, triangles: np.ndarray, colours: np.ndarray, size: np.ndarray
) -> np.ndarray:
    import pyvista

    mesh = pyvista.PolyData.from_regular_faces(vertices, triangles)
    mesh.point_data["colour"] = (255 * colours).astype(np.uint8)
    plotter: Any = pyvista.Plotter(off_screen=True, window_size=_PIXELS)
    plotter.set_background("white")
    plotter.add_mesh(
        mesh, scalars="colour", rgb=True, smooth_shading=True, ambient=0.25, diffuse=0.85, specular=0.0
    )
    plotter.add_mesh(
        pyvista.Box((0, size[0], 0, size[1], 0, size[2])), style="wireframe", color="#888888", line_width=2
    )
    plotter.enable_anti_aliasing("ssaa")
    look(plotter, size)
    return np.asarray(plotter.screenshot(return_img=True))


def look(plotter: Any, size: np.ndarray) -> None:
    """Point the camera of a pyvista plotter at the box [0, size], first axis to the right."""
    elevation, azimuth = np.radians(_ELEVATION), np.radians(_AZIMUTH)
    towards = np.array(
        [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)]
    )
    centre = 0.5 * size
    plotter.camera_position = [centre + 3.0 * np.linalg.norm(size) * towards, centre, (0.0, 0.0, 1.0)]
    plotter.enable_parallel_projection()
    plotter.reset_camera()


def _with_matplotlib(
    vertices: np.ndarray, triangles: np.ndarray, colours: np.ndarray, size: np.ndarray
) -> np.ndarray:
    from mpl_toolkits.mplot3d.art3d import Line3DCollection, Poly3DCollection

    figure = Figure(figsize=(_PIXELS[0] / 100, _PIXELS[1] / 100), dpi=100)
    canvas = FigureCanvasAgg(figure)
    panel: Any = figure.add_axes((0.0, 0.0, 1.0, 1.0), projection="3d")
    panel.set_axis_off()
    panel.set_proj_type("ortho")
    flat = colours[triangles].mean(axis=1)
    shapes = Poly3DCollection(
        vertices[triangles],
        facecolors=flat,
        edgecolors=flat,  # hides the seams between triangles
        linewidths=0.3,
        shade=True,
        lightsource=LightSource(azdeg=225, altdeg=45),
    )
    panel.add_collection3d(shapes)
    panel.add_collection3d(Line3DCollection(_box_edges(size), colors="#888888", linewidths=1.0))
    panel.set(xlim=(0, size[0]), ylim=(0, size[1]), zlim=(0, size[2]))
    panel.set_box_aspect(size.copy(), zoom=0.85)  # matplotlib scales the array it is given
    panel.view_init(elev=_ELEVATION, azim=_AZIMUTH)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _box_edges(size: np.ndarray) -> list[np.ndarray]:
    corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
    pairs = [(a, b) for a in range(8) for b in range(a + 1, 8) if np.abs(corners[a] - corners[b]).sum() == 1]
    return [corners[list(pair)] * size for pair in pairs]


if __name__ == "__main__":
    with np.load(sys.argv[1]) as _mesh:
        _vertices, _triangles, _colours, _size = (_mesh[name] for name in _mesh.files)
    np.save(sys.argv[2], [_with_pyvista(_vertices, _triangles, each, _size) for each in _colours])
