"""The surface of the active material as triangles, with the film of the nearest interface faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

from microcell.cell.snapshot import ACTIVE, RunGrid
from microcell.results.reduce import divide, group_mean

_SMOOTHING = 0.7  # voxels; rounds the staircase without moving the surface visibly
_NEIGHBOURS = 4  # faces averaged at a corner; evens out the three directions of the voxel faces


@dataclass(frozen=True)
class FilmSurface:
    """Triangles, and which interface faces lie at their corners.

    Attributes
    ----------
    vertices : ndarray, shape (v, 3)
        x, y, z from the separator | cathode plane [m].
    triangles : ndarray of int, shape (n, 3)
        Vertex numbers.
    faces : ndarray of int, shape (v, 4)
        Rows of the nearest interface faces.
    weights : ndarray, shape (v, 4)
        Their shares; NaN where there is no film: contacts between particles, cuts at the border.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    faces: np.ndarray
    weights: np.ndarray

    def on_vertices(self, per_face: np.ndarray) -> np.ndarray:
        """Return the value of a per-face array at each vertex, NaN where there is no film. Shape (v,)."""
        return np.sum(per_face[self.faces] * self.weights, axis=1)


def film_surface(grid: RunGrid, shown: np.ndarray, step: int = 1) -> FilmSurface | None:
    """Build the surface of the active material.

    Parameters
    ----------
    grid : RunGrid
        Voxels and interface faces.
    shown : ndarray of bool, shape (nz, ny, nx)
        The active voxels to show.
    step : int
        Voxels per triangle edge; larger is coarser and faster.

    Returns
    -------
    FilmSurface or None
        None where nothing is shown or there is no interface.
    """
    if len(grid.faces.area) < _NEIGHBOURS or not shown.any():
        return None
    solid = gaussian_filter(shown.astype(np.float32), _SMOOTHING, mode="nearest")
    spacing = np.array(grid.voxel_size)
    # The margin closes the particles that the image border cuts.
    points, triangles, _, _ = marching_cubes(np.pad(solid, 1), 0.5, spacing=tuple(spacing), step_size=step)
    points -= 0.5 * spacing
    distance, faces = cKDTree(face_centres(grid)).query(points, k=_NEIGHBOURS)
    weights = 1.0 / (distance + 0.1 * spacing.min())
    weights /= weights.sum(axis=1, keepdims=True)
    weights[(distance[:, 0] > 1.3 * step * spacing.max()) | _on_border(points, grid)] = np.nan
    return FilmSurface(points[:, ::-1].copy(), triangles, faces, weights)


def uncovered(grid: RunGrid) -> np.ndarray:
    """Return the active voxels without the particles that the borders facing the viewer (x = 0, y high) cut.

    The cut faces of those carry no film and hide the others. All are kept where no particle would be left.
    """
    active = grid.phases == ACTIVE
    if grid.particles is None:
        return active
    hiding = np.union1d(grid.particles[:, -1, :], grid.particles[:, :, 0])
    left = active & ~np.isin(grid.particles, hiding[hiding > 0])
    return left if left.any() else active


def face_centres(grid: RunGrid) -> np.ndarray:
    """Return the centre z, y, x of each interface face [m], shape (n, 3)."""
    faces = grid.faces
    centres = np.stack(np.unravel_index(faces.active_index, grid.phases.shape), axis=1) + 0.5
    centres[np.arange(len(centres)), faces.axis] += 0.5 * faces.side
    return centres * grid.voxel_size


def deviation_from_particle(film: np.ndarray, grid: RunGrid) -> np.ndarray:
    """Return the film of each face relative to the mean of its particle, minus one; shape (n,)."""
    if grid.particles is None:
        return np.full(len(film), np.nan)
    owner = grid.particles.reshape(-1)[grid.faces.active_index]
    mean = group_mean(owner, film, grid.faces.area, int(owner.max()) + 1)
    mean[0] = np.nan  # label 0 is no particle
    return divide(film, mean[owner]) - 1.0


def _on_border(points: np.ndarray, grid: RunGrid) -> np.ndarray:
    """Tell which points close a particle that the image cuts; those at the separator do carry a film."""
    size = np.multiply(grid.voxel_size, grid.phases.shape)
    margin = 0.3 * np.array(grid.voxel_size)
    low, high = points < margin, points > size - margin
    low[:, 0] = False
    return np.any(low | high, axis=1)
