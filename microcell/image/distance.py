"""Distance of active voxels to the particle surface, the landscape in which particles are hills."""

from __future__ import annotations

import edt
import numpy as np
from scipy import ndimage

TIE_BREAK = 0.5
"""Standard deviation [voxels] of the Gaussian that follows the median filter. Distances on a grid are square
roots
of whole numbers, so that hills have flat tops and necks; this orders the voxels on them."""


def surface_distance(mask: np.ndarray, voxel_size: tuple[float, float, float]) -> np.ndarray:
    """Return the Euclidean distance to the nearest voxel outside the mask, in units of the mean voxel edge.

    The sides of the image do not count as surface: a particle that is cut there goes on behind it.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
        The particles.
    voxel_size : tuple of float
        Voxel edges [m]; the unit of the result is their geometric mean.

    Returns
    -------
    ndarray of float32, shape (z, y, x)
        The distance, 0 outside the mask and infinite where there is no outside.
    """
    unit = float(np.prod(voxel_size)) ** (1 / 3)
    anisotropy = tuple(edge / unit for edge in voxel_size)
    contiguous = np.ascontiguousarray(mask, dtype=bool)
    return np.asarray(edt.edt(contiguous, anisotropy=anisotropy, black_border=False, parallel=0))


def landscape(mask: np.ndarray, voxel_size: tuple[float, float, float], median_size: int) -> np.ndarray:
    """Return the filtered distance: Euclidean transform, median filter, slight smoothing against ties.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
        The particles.
    voxel_size : tuple of float
        Voxel edges [m].
    median_size : int
        Edge of the cube of the median filter [voxels]; 1 switches it off.

    Returns
    -------
    ndarray of float32, shape (z, y, x)
        Positive in the mask, 0 outside.
    """
    heights = surface_distance(mask, voxel_size)
    np.minimum(heights, np.float32(sum(mask.shape)), out=heights)
    if median_size > 1:
        heights = ndimage.median_filter(heights, size=median_size, mode="nearest")
    heights = ndimage.gaussian_filter(heights, TIE_BREAK, mode="nearest")
    np.maximum(heights, np.float32(1e-3), out=heights)
    heights[~mask] = 0.0
    return np.asarray(heights)
