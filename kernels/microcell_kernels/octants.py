"""Grids of cells sorted by colour and by octant, so that stencils read without gaps.

Blocks of 2x2x2 cells have eight octants, four of either colour of a chessboard (0: even sum of indices). An
octant of all blocks is a grid of its own, and all six neighbours of its cells lie in octants of the other
colour, at the same block or at the next one. What one colour does for the other therefore is a sum of six
contiguous pieces of memory, no half of which is thrown away; sums over blocks and copies to blocks need no
stride either.

An array of one colour is flat: four octants, each with an empty plane of blocks before and after, each plane
with empty blocks at the ends of rows and columns. What is outside the grid or outside of its mask is zero in
every array, which is how boundaries without flux come about.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from .blocks import padded, strides

PARITIES = tuple(
    np.array([p for p in np.ndindex(2, 2, 2) if sum(p) % 2 == colour], np.int32) for colour in (0, 1)
)
"""Octants of both colours: parity of the indices z, y, x of their cells."""


class Octants(NamedTuple):
    """Where cells are found.

    Attributes
    ----------
    cells : tuple of int
        Shape of the grid of cells.
    blocks : tuple of int
        Shape of the grid of blocks, empty blocks at the ends included; all even.
    """

    cells: tuple[int, int, int]
    blocks: tuple[int, int, int]

    @staticmethod
    def of(cells: tuple[int, int, int]) -> Octants:
        """Lay out a grid of cells."""
        nz, ny, nx = (-(-n // 2) for n in cells)
        return Octants(cells, padded((nz, ny, nx)))

    @property
    def strides(self) -> tuple[int, int, int]:
        """Distance of the next block along z, y, x."""
        return strides(self.blocks)

    @property
    def size(self) -> int:
        """Number of blocks, those of the empty planes not counted."""
        return self.blocks[0] * self.strides[0]

    @property
    def length(self) -> int:
        """Values of one octant."""
        return self.size + 2 * self.strides[0]

    def sort(self, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sort values of cells, shape (nz, ny, nx), into two arrays of one colour (host)."""
        planes = (self.blocks[0] + 2, *self.blocks[1:])
        colours = np.zeros((2, 4, *planes), cell.dtype)
        for sorted_, parities in zip(colours, PARITIES, strict=True):
            for octant, (z, y, x) in zip(sorted_, parities, strict=True):
                part = cell[z::2, y::2, x::2]
                octant[1 : 1 + part.shape[0], : part.shape[1], : part.shape[2]] = part
        return colours[0].reshape(-1), colours[1].reshape(-1)

    def unsort(self, colours: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Return values of cells, shape (nz, ny, nx), from two arrays of one colour (host)."""
        cell = np.empty(self.cells, colours[0].dtype)
        for sorted_, parities in zip(colours, PARITIES, strict=True):
            octants = sorted_.reshape(4, self.blocks[0] + 2, *self.blocks[1:])
            for octant, (z, y, x) in zip(octants, parities, strict=True):
                part = cell[z::2, y::2, x::2]
                part[...] = octant[1 : 1 + part.shape[0], : part.shape[1], : part.shape[2]]
        return cell

    def zeros(self, dtype: Any) -> Array:
        """Return an empty array of one colour."""
        return jnp.zeros(4 * self.length, dtype)

    def read(self, x: Array, octant: Array | int) -> Array:
        """Return one octant of an array of one colour, without the empty planes."""
        return jax.lax.dynamic_slice(x, (octant * self.length + self.strides[0],), (self.size,))

    def fill(self, out: Array, compute: Callable[[Array], Array]) -> Array:
        """Overwrite an array of one colour octant by octant.

        One program serves all four, and the loop keeps XLA on CPU from computing a stencil again for each of
        its six neighbours.
        """

        def put(octant: Array, out: Array) -> Array:
            start = octant * self.length + self.strides[0]
            return jax.lax.dynamic_update_slice(out, compute(octant).astype(out.dtype), (start,))

        return jax.lax.fori_loop(0, 4, put, out)

    def gather(self, compute: Callable[[Array], Array], dtype: Any) -> Array:
        """Sum what is computed per octant over the octants of a colour: a value per block."""
        zero = jnp.zeros(self.size, dtype)
        return jax.lax.fori_loop(0, 4, lambda octant, total: total + compute(octant), zero)

    def neighbours(self, x: Array, weight: Array, colour: int, octant: Array) -> Array:
        """Sum over the six neighbours of the cells of an octant.

        Parameters
        ----------
        x : Array
            Of the other colour; of integers, only the lowest bit counts.
        weight : Array, shape (3,)
            Of the neighbours along z, y, x; its type is that of the sum.
        colour : int
            Colour of the cells.
        octant : Array of int
            Number of the octant in its colour.
        """
        start = jnp.asarray(self._sources(colour))[octant]

        def value(axis: int, end: int) -> Array:
            piece = jax.lax.dynamic_slice(x, (start[axis, end],), (self.size,))
            return (piece & 1 if jnp.issubdtype(x.dtype, jnp.integer) else piece).astype(weight.dtype)

        pairs = [weight[axis] * (value(axis, 0) + value(axis, 1)) for axis in range(3)]
        return pairs[0] + pairs[1] + pairs[2]

    def links(self, mask: tuple[Array, Array], axis: int) -> Array:
        """Count the faces between each block and the one before it with mask on both sides.

        Parameters
        ----------
        mask : two Arrays of integer
            Of both colours; the lowest bit counts.
        axis : int
            Direction of the other block.
        """
        pairs = []
        for colour, parities in enumerate(PARITIES):
            start = self._sources(colour)[:, axis, 1]
            for octant in np.flatnonzero(parities[:, axis] == 0):
                before = jax.lax.slice(mask[1 - colour], (start[octant],), (start[octant] + self.size,))
                pairs.append(before & self.read(mask[colour], int(octant)) & 1)
        return pairs[0] + pairs[1] + pairs[2] + pairs[3]

    def position(self, colour: int, octant: Array, axis: Array) -> Array:
        """Return the index of the cells of an octant along an axis (traced)."""
        place = [jax.lax.broadcasted_iota(jnp.int32, self.blocks, d) for d in range(3)]
        block = jax.lax.select_n(axis, *place).reshape(-1)
        return 2 * block + jnp.asarray(PARITIES[colour])[octant, axis]

    def profile(self, x: Array, colour: int, axis: Array) -> Array:
        """Sum an array of one colour over the planes normal to an axis (traced), in float64 if switched on.

        Returns
        -------
        Array
            One sum per plane of the longest axis; planes beyond the end are zero.
        """
        wide, longest = jnp.result_type(float), max(self.blocks)
        octants = x.reshape(4, self.blocks[0] + 2, *self.blocks[1:])[:, 1:-1]

        def along(d: int) -> Callable[[Array], Array]:
            others = tuple(other + 1 for other in range(3) if other != d)
            rest = (0, longest - self.blocks[d])
            return lambda a: jnp.pad(jnp.sum(a.astype(wide), axis=others), ((0, 0), rest))

        sums = jax.lax.switch(axis, [along(d) for d in range(3)], octants)
        odd = jnp.asarray(PARITIES[colour])[:, axis, None]
        pair = [jnp.sum(jnp.where(odd == parity, sums, 0.0), axis=0) for parity in (0, 1)]
        return jnp.stack(pair, axis=1).reshape(-1)

    def _sources(self, colour: int) -> np.ndarray:
        """Return where the two neighbours along each axis begin, shape (4, 3, 2)."""
        start = np.zeros((4, 3, 2), np.int32)
        other = [tuple(p) for p in PARITIES[1 - colour]]
        for octant, parity in enumerate(PARITIES[colour]):
            for axis in range(3):
                source = tuple(1 - p if d == axis else p for d, p in enumerate(parity))
                first = other.index(source) * self.length + self.strides[0]
                step = self.strides[axis] if parity[axis] else -self.strides[axis]
                start[octant, axis] = first, first + step
        return start
