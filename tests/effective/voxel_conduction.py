"""An independent answer: the same finite volumes assembled as a sparse matrix and solved directly."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve


def direct_conductivity(
    conductivity: np.ndarray, voxel_size: tuple[float, float, float], axis: int
) -> tuple[float, np.ndarray]:
    """Return the effective conductivity along an axis, and the potential (1 at the low end).

    Resistances in series from voxel centre to voxel centre, half a voxel to the end faces. Voxels without a
    path to an end are pinned by a conductance that is far too small to count.
    """
    k = np.asarray(conductivity, float)
    number = np.arange(k.size).reshape(k.shape)
    volume = float(np.prod(voxel_size))
    rows, columns, values = [], [], []
    diagonal = np.full(k.size, 1e-12 * k.max() * min(voxel_size))
    for d, edge in enumerate(voxel_size):
        low, high = (np.moveaxis(number, d, 0)[part].ravel() for part in (slice(None, -1), slice(1, None)))
        with np.errstate(divide="ignore"):
            resistance = 0.5 * edge / k.ravel()[low] + 0.5 * edge / k.ravel()[high]
        g = volume / edge / resistance
        rows += [low, high]
        columns += [high, low]
        values += [-g, -g]
        np.add.at(diagonal, low, g)
        np.add.at(diagonal, high, g)
    ends = [np.moveaxis(number, axis, 0)[end].ravel() for end in (0, -1)]
    half = [2.0 * k.ravel()[end] * volume / voxel_size[axis] ** 2 for end in ends]
    right = np.zeros(k.size)
    for end, g in zip(ends, half, strict=True):
        np.add.at(diagonal, end, g)
    right[ends[0]] += half[0]
    rows.append(number.ravel())
    columns.append(number.ravel())
    values.append(diagonal)
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    phi = spsolve(coo_array(entries, shape=(k.size, k.size)).tocsc(), right)
    length = k.shape[axis] * voxel_size[axis]
    section = volume * k.size / length
    return float(half[0] @ (1.0 - phi[ends[0]])) * length / section, phi.reshape(k.shape)
