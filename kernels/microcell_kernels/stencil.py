"""Two-point face operators on a structured grid: differences, sums over faces, the operator and its diagonal.

Cell arrays have shape ``(..., nz, ny, nx)``; the face array of axis ``d`` is one shorter along that axis and
holds the inner faces only, so that a missing boundary face means no flux. Where the grid is spread over
slabs (:mod:`.halo`) the z faces of a slab are one more than its planes: the faces to both neighbours are
there, on both sides, and carry nothing at the ends of the domain.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
from jax import Array

from .halo import Slabs, with_above, with_below

AXES = (-3, -2, -1)


def lower(cell: Array, axis: int, slabs: Slabs = None) -> Array:
    """Return the values of the lower-index cell of every face normal to ``axis``."""
    if slabs is not None and axis == -3:
        return with_below(cell, slabs)
    return cell[_along(axis, slice(None, -1))]


def upper(cell: Array, axis: int, slabs: Slabs = None) -> Array:
    """Return the values of the higher-index cell of every face normal to ``axis``."""
    if slabs is not None and axis == -3:
        return with_above(cell, slabs)
    return cell[_along(axis, slice(1, None))]


def _along(axis: int, part: slice) -> tuple:
    return (..., part, *(slice(None),) * (-axis - 1))


def outflow(flux: Array, axis: int, slabs: Slabs = None) -> Array:
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
    if slabs is not None and axis == -3:
        return upper(flux, axis) - lower(flux, axis)
    return _pad(flux, axis, 0, 1) - _pad(flux, axis, 1, 0)


def face_sum(face: Array, axis: int, slabs: Slabs = None) -> Array:
    """Sum a face quantity over the two faces of each cell normal to ``axis``."""
    if slabs is not None and axis == -3:
        return upper(face, axis) + lower(face, axis)
    return _pad(face, axis, 0, 1) + _pad(face, axis, 1, 0)


def _pad(face: Array, axis: int, before: int, after: int) -> Array:
    widths = [(0, 0)] * face.ndim
    widths[axis] = (before, after)
    return jnp.pad(face, widths)


def apply(conductance: Sequence[Array], ground: Array, x: Array, slabs: Slabs = None) -> Array:
    """Apply ``A x = sum over faces of g (x_P - x_N) + ground x``.

    Parameters
    ----------
    conductance : three Arrays
        Face conductances normal to z, y, x.
    ground, x : Array, shape (..., nz, ny, nx)
    slabs : str, optional
        Device axis where the grid is spread over slabs.

    Returns
    -------
    Array
        Shape of ``x``. The difference form keeps small grounds exact beside large conductances.
    """
    y = ground * x
    for axis, g in zip(AXES, conductance, strict=True):
        y = y + outflow(g * (lower(x, axis, slabs) - upper(x, axis, slabs)), axis, slabs)
    return y


def diagonal(conductance: Sequence[Array], ground: Array, slabs: Slabs = None) -> Array:
    """Return the diagonal of the operator of :func:`apply`."""
    d = ground
    for axis, g in zip(AXES, conductance, strict=True):
        d = d + face_sum(g, axis, slabs)
    return d
