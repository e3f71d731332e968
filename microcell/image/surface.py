"""Interface area on a voxel grid: counted faces, and the weights that undo the voxel staircase.

The counted faces of a plane with unit normal n have the area (abs n_x + abs n_y + abs n_z) times the true
one. A weight abs(n . e) per face, e being the axis normal to the face, makes the sum exact, as n . n = 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy import ndimage

SMOOTHING = 1.0
"""Standard deviation of the Gaussian applied to the indicator, in voxels per axis."""


def indicator_normals(active: np.ndarray, voxel_size: Sequence[float | np.ndarray]) -> np.ndarray:
    """Return the gradient of the smoothed indicator of the active material.

    The indicator is Gaussian-smoothed by one voxel per axis with reflecting boundaries; the gradient is the
    central difference of that, in metres, with the same reflection at the ends.

    Parameters
    ----------
    active : ndarray of bool, shape (z, y, x)
        True in active material.
    voxel_size : sequence of three float or ndarray
        Voxel edges along z, y, x [m]; an array gives one edge per layer of that axis.

    Returns
    -------
    ndarray of float64, shape (3, z, y, x)
        Components z, y, x [1/m], not normalised; it points into the active material.
    """
    smooth = ndimage.gaussian_filter(active.astype(np.float64), SMOOTHING, mode="reflect")
    gradient = np.empty((3, *active.shape))
    for axis, edges in enumerate(voxel_size):
        padded = np.pad(smooth, [(int(axis == other), int(axis == other)) for other in range(3)], mode="edge")
        distance = _central_distance(edges, active.shape[axis])
        shape = [-1 if axis == other else 1 for other in range(3)]
        rows = active.shape[axis]
        difference = _layers(padded, axis, 2, 2 + rows) - _layers(padded, axis, 0, rows)
        gradient[axis] = difference / distance.reshape(shape)
    return gradient


def _layers(array: np.ndarray, axis: int, start: int, stop: int) -> np.ndarray:
    return array[(slice(None),) * axis + (slice(start, stop),)]


def _central_distance(edges: float | np.ndarray, count: int) -> np.ndarray:
    """Distance between the centres on both sides of each layer, mirrored layers at the ends."""
    padded = np.pad(np.broadcast_to(np.asarray(edges, dtype=np.float64), (count,)), 1, mode="edge")
    centres = np.cumsum(padded) - 0.5 * padded
    return np.asarray(centres[2:] - centres[:-2])


def area_weights(gradient_lower: np.ndarray, gradient_upper: np.ndarray, axis: int) -> np.ndarray:
    """Return the weight abs(n . e) of faces between two cells.

    Parameters
    ----------
    gradient_lower, gradient_upper : ndarray of float, shape (3, ...)
        Gradients of `indicator_normals` in the cells at the lower and the higher index of each face.
    axis : int
        Axis normal to the faces: 0, 1 or 2.

    Returns
    -------
    ndarray of float, shape (...)
        The weight in [0, 1]; 1 where the mean gradient vanishes and no normal exists.
    """
    mean = 0.5 * (gradient_lower + gradient_upper)
    length = np.sqrt(np.sum(mean**2, axis=0))
    exists = length > 0
    return np.where(exists, np.abs(mean[axis]) / np.where(exists, length, 1.0), 1.0)


def interface_faces(one: np.ndarray, other: np.ndarray) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield, per axis, the faces between two masks.

    Yields
    ------
    axis : int
        Axis normal to the faces.
    lower, upper : ndarray of int64, shape (n,)
        Flat C-order indices of the voxels at the lower and the higher index of each face.
    """
    strides = (one.shape[1] * one.shape[2], one.shape[2], 1)
    for axis, stride in enumerate(strides):
        rows = one.shape[axis]
        low, high = slice(0, rows - 1), slice(1, rows)
        between = _pick(one, axis, low) & _pick(other, axis, high)
        between |= _pick(other, axis, low) & _pick(one, axis, high)
        index = np.ravel_multi_index(np.nonzero(between), one.shape)
        yield axis, index, index + stride


def _pick(array: np.ndarray, axis: int, part: slice) -> np.ndarray:
    return array[(slice(None),) * axis + (part,)]


def interface_area(
    active: np.ndarray, other: np.ndarray, voxel_size: tuple[float, float, float], *, model: str = "normals"
) -> float:
    """Return the area between the active material and another mask [m2].

    Parameters
    ----------
    active, other : ndarray of bool, shape (z, y, x)
        The two sides of the interface.
    voxel_size : tuple of float
        Voxel edges [m].
    model : {"normals", "faces"}
        Weighted faces, or every face counted in full (overstates a sphere by a factor 1.5).
    """
    dz, dy, dx = voxel_size
    face_area = (dy * dx, dz * dx, dz * dy)
    gradient = indicator_normals(active, voxel_size).reshape(3, -1) if model == "normals" else None
    total = 0.0
    for axis, lower, upper in interface_faces(active, other):
        if gradient is None:
            total += lower.size * face_area[axis]
        else:
            weights = area_weights(gradient[:, lower], gradient[:, upper], axis)
            total += float(weights.sum()) * face_area[axis]
    return total
