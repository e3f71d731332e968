"""The operator of the finest level: face conductances of stacked grid fields, links, and one terminal."""

from __future__ import annotations

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array

from . import halo, stencil
from .halo import Slabs
from .indexing import add_at, read_at


class Stacked(NamedTuple):
    """A vector of the finest level: ``fields`` (fields, nz, ny, nx) and the scalar ``terminal``."""

    fields: Array
    terminal: Array


class GridOperator(eqx.Module):
    """The finest level, or the slab of it that a device holds.

    Attributes
    ----------
    conductance : three Arrays
        Face conductances, shapes (fields, nz - 1, ny, nx), (fields, nz, ny - 1, nx), (fields, nz, ny,
        nx - 1); nz + 1 planes of z faces in a slab.
    ground : Array, shape (fields, nz, ny, nx), or None
        Conductance of each cell to zero.
    link_p, link_q : Array of int32, shape (links,)
        Flat cell numbers in the stack; in a slab, in the stack with a halo plane at both ends.
    link : Array, shape (links,)
        Conductance of each link.
    top : Array, shape (ny, nx)
        Conductance from the plane ``top_plane`` of field 0 to the terminal; zero in all but one slab.
    terminal_ground : Array, scalar
        Conductance of the terminal to zero.
    terminal_free : Array, scalar
        1 where the terminal is an unknown, 0 where it is held at zero.
    bottom : Array, shape (ny, nx), or None
        Conductance from the first plane of the last field to zero.
    top_plane : int
        Where ``top`` touches the grid.
    slabs : str or None
        Device axis, see :mod:`.halo`.
    """

    conductance: tuple[Array, Array, Array]
    ground: Array | None
    link_p: Array
    link_q: Array
    link: Array
    top: Array
    terminal_ground: Array
    terminal_free: Array
    bottom: Array | None = None
    top_plane: int = eqx.field(static=True, default=-1)
    slabs: Slabs = eqx.field(static=True, default=None)

    def apply(self, x: Stacked) -> Stacked:
        """Apply the operator; a held terminal has the identity as its row."""
        flat = halo.extend(x.fields, self.slabs).reshape(-1)
        through = self.top * (x.fields[0, self.top_plane] - self.terminal_free * x.terminal)
        bottom = None if self.bottom is None else self.bottom * x.fields[-1, 0]
        beside = self._beside_faces(
            self.link * (read_at(flat, self.link_p) - read_at(flat, self.link_q)), -1, through, bottom
        )
        ground = jnp.zeros((), x.fields.dtype) if self.ground is None else self.ground
        y = stencil.apply(self.conductance, ground, x.fields, self.slabs) + beside
        row = self.terminal_ground * x.terminal - halo.total(jnp.sum(through), self.slabs)
        return Stacked(y, jnp.where(self.terminal_free > 0, row, x.terminal).astype(x.terminal.dtype))

    def diagonal(self) -> Stacked:
        """Return the diagonal, 1 where a cell takes no part."""
        ground = jnp.zeros((), self.link.dtype) if self.ground is None else self.ground
        beside = self._beside_faces(self.link, 1, self.top, self.bottom)
        d = stencil.diagonal(self.conductance, ground, self.slabs) + beside
        top = halo.total(jnp.sum(self.top), self.slabs)
        terminal = jnp.where(self.terminal_free > 0, self.terminal_ground + top, 1.0)
        return Stacked(jnp.where(d > 0, d, 1.0), jnp.where(terminal > 0, terminal, 1.0))

    def grounds(self) -> np.ndarray:
        """Conductance of each cell to what is held and to the terminal, on the host."""
        held = np.zeros(self.fields_shape, np.float32) if self.ground is None else np.array(self.ground)
        held[0, self.top_plane] += np.asarray(self.top)
        if self.bottom is not None:
            held[-1, 0] += np.asarray(self.bottom)
        return held

    @property
    def fields_shape(self) -> tuple[int, ...]:
        """Shape of the stack of fields of a whole grid."""
        return len(self.conductance[0]), self.conductance[0].shape[1] + 1, *self.top.shape

    def _beside_faces(self, link: Array, sign: int, top: Array, bottom: Array | None) -> Array:
        """What links, terminal and bottom bring to their cells, as an array of its own.

        Adding them to the sum over the faces one by one would keep XLA on CPU from running that sum in
        parallel.
        """
        fields, ny, nx = len(self.conductance[0]), *self.top.shape
        planes = self.conductance[1].shape[1] + (0 if self.slabs is None else 2)
        sums = jnp.zeros(fields * planes * ny * nx, link.dtype)
        sums = add_at(add_at(sums, self.link_p, link), self.link_q, sign * link)
        sums = halo.trim(sums.reshape(fields, planes, ny, nx), self.slabs).at[0, self.top_plane].add(top)
        return sums if bottom is None else sums.at[-1, 0].add(bottom)


def dot(a: Stacked, b: Stacked, slabs: Slabs) -> Array:
    """Inner product over all slabs."""
    return halo.total(jnp.sum(a.fields * b.fields), slabs) + a.terminal * b.terminal


def axpy(alpha: Array, x: Stacked, y: Stacked) -> Stacked:
    """Return ``alpha x + y``."""
    return Stacked(alpha * x.fields + y.fields, alpha * x.terminal + y.terminal)
