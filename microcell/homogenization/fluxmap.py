"""Where the flux passes: its density on a cut through the middle of the image."""

from __future__ import annotations

import numpy as np
from jax import Array


def cut_axis(axis: int) -> int:
    """Return the axis normal to the cut that shows a flux along another: y for z, z for y and x."""
    return 1 if axis == 0 else 0


def flux_map(potential: Array | np.ndarray, codes: np.ndarray, table: np.ndarray, axis: int) -> np.ndarray:
    """Return the flux density along an axis on a cut through the middle, NaN where nothing conducts.

    Parameters
    ----------
    potential : Array or ndarray, shape (nz, ny, nx)
        1 at the low end, 0 at the high end.
    codes, table : ndarray
        Conducting voxels and their conductivities, see `Network`.
    axis : int
        Direction of the flux.

    Returns
    -------
    ndarray of float32
        The two axes other than :func:`cut_axis`, in their order; conductivity times drop per voxel, mean of
        the two faces of a voxel.
    """
    normal = cut_axis(axis)
    place: list = [slice(None)] * 3
    place[normal] = codes.shape[normal] // 2
    along = axis - (normal < axis)
    phi = np.moveaxis(np.asarray(potential[tuple(place)]), along, 0)
    k = np.moveaxis(table[codes[tuple(place)]], along, 0)
    total = k[:-1] + k[1:]
    inner = 2.0 * k[:-1] * k[1:] / np.where(total > 0, total, 1.0) * (phi[:-1] - phi[1:])
    faces = np.concatenate([2.0 * k[:1] * (1.0 - phi[:1]), inner, 2.0 * k[-1:] * phi[-1:]])
    density = np.where(k > 0, 0.5 * (faces[:-1] + faces[1:]), np.nan)
    return np.moveaxis(density, 0, along).astype(np.float32)
