"""The surface of the active material as triangles, each with the film of the nearest interface face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

from microcell.cell.snapshot import ACTIVE, RunGrid
from microcell.results.reduce import divide, group_mean

_SMOOTHING = 0.7  # voxels; rounds the staircase without moving the surface visibly


@dataclass(frozen=True)
class FilmSurface:
    """Triangles and their film; coordinates x, y, z in metres from the separator | cathode plane.

    Attributes
    ----------
    vertices : ndarray, shape (v, 3)
        x, y, z [m].
    triangles : ndarray of int, shape (n, 3)
        Vertex numbers.
    face : ndarray of int, shape (n,)
        Row of the interface face that each triangle shows, -1 where the active material meets another
        particle's
        cut, the image border or the collector: there is no film.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    face: np.ndarray

    def colour_values(self, per_face: np.ndarray) -> np.ndarray:
        """Return the value of a per-face array on each triangle, NaN where there is no film. Shape (n,)."""
        return np.where(self.face >= 0, per_face[np.maximum(self.face, 0)], np.nan)


def film_surface(grid: RunGrid, step: int = 1) -> FilmSurface | None:
    """Build the surface of the active material.

    Parameters
    ----------
    grid : RunGrid
        Voxels and interface faces.
    step : int
        Voxels per triangle edge; larger is coarser and faster.

    Returns
    -------
    FilmSurface or None
        None where there is no active material or no interface.
    """
    if not len(grid.faces.area) or not (grid.phases == ACTIVE).any():
        return None
    solid = gaussian_filter((grid.phases == ACTIVE).astype(np.float32), _SMOOTHING, mode="nearest")
    closed = np.pad(solid, 1)  # closes the particles that the image border cuts
    spacing = np.array(grid.voxel_size)
    points, triangles, _, _ = marching_cubes(closed, 0.5, spacing=tuple(spacing), step_size=step)
    points -= 0.5 * spacing
    centres = points[triangles].mean(axis=1)
    distance, face = cKDTree(face_centres(grid)).query(centres)
    face = np.where(distance < 1.5 * step * spacing.max(), face, -1)
    face[_on_border(centres, grid)] = -1
    return FilmSurface(points[:, ::-1].copy(), triangles, face)


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


def _on_border(centres: np.ndarray, grid: RunGrid) -> np.ndarray:
    """Tell which triangles close a particle that the image cuts; those at the separator do carry a film."""
    size = np.multiply(grid.voxel_size, grid.phases.shape)
    margin = 0.3 * np.array(grid.voxel_size)
    low, high = centres < margin, centres > size - margin
    low[:, 0] = False
    return np.any(low | high, axis=1)
