"""Two-point face operators on a structured grid: differences, sums over faces, the operator and its diagonal.

Cell arrays have shape ``(..., nz, ny, nx)``; the face array of axis ``d`` is one shorter along that axis and
holds the inner faces only, so that a missing boundary face means no flux.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
from jax import Array

AXES = (-3, -2, -1)


def lower(cell: Array, axis: int) -> Array:
    """Return the values of the lower-index cell of every inner face normal to ``axis``."""
    return cell[_along(axis, slice(None, -1))]


def upper(cell: Array, axis: int) -> Array:
    """Return the values of the higher-index cell of every inner face normal to ``axis``."""
    return cell[_along(axis, slice(1, None))]


def _along(axis: int, part: slice) -> tuple:
    return (..., part, *(slice(None),) * (-axis - 1))


def outflow(flux: Array, axis: int) -> Array:
    """Sum a face flux (positive towards higher index) out of every cell.

    Parameters
    ----------
    flux : Array, one shorter than the cells along ``axis``
    axis : int
        One of -3, -2, -1.

    Returns
    -------
    Array, shape of the cells
        Flux leaving through the upper face minus flux entering through the lower one.
    """
    return _pad(flux, axis, 0, 1) - _pad(flux, axis, 1, 0)


def face_sum(face: Array, axis: int) -> Array:
    """Sum a face quantity over the two faces of each cell normal to ``axis``."""
    return _pad(face, axis, 0, 1) + _pad(face, axis, 1, 0)


def _pad(face: Array, axis: int, before: int, after: int) -> Array:
    widths = [(0, 0)] * face.ndim
    widths[axis] = (before, after)
    return jnp.pad(face, widths)


def apply(conductance: Sequence[Array], ground: Array, x: Array) -> Array:
    """Apply ``A x = sum over faces of g (x_P - x_N) + ground x``.

    Parameters
    ----------
    conductance : three Arrays
        Face conductances normal to z, y, x.
    ground, x : Array, shape (..., nz, ny, nx)

    Returns
    -------
    Array
        Shape of ``x``. The difference form keeps small grounds exact beside large conductances.
    """
    y = ground * x
    for axis, g in zip(AXES, conductance, strict=True):
        y = y + outflow(g * (lower(x, axis) - upper(x, axis)), axis)
    return y


def diagonal(conductance: Sequence[Array], ground: Array) -> Array:
    """Return the diagonal of the operator of :func:`apply`."""
    d = ground
    for axis, g in zip(AXES, conductance, strict=True):
        d = d + face_sum(g, axis)
    return d
