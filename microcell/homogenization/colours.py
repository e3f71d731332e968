"""Conduction through voxels of one conductivity, colour by colour: the equations of :mod:`.uniform`.

With one conductivity the operator is a count of neighbours. Voxels of one colour of the chessboard (red) have
neighbours of the other (black) only, so that red potentials follow from black ones exactly.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array
from microcell_kernels.blocks import Level, inverse_or_zero
from microcell_kernels.octants import Octants

RED, BLACK = 0, 1

CONDUCTING, INLET, OUTLET = 1, 2, 4
"""Bits of the code of a voxel; half a voxel from an end plane the conductance is 2."""


class System(NamedTuple):
    """The equations of one axis.

    Attributes
    ----------
    grid : Octants
        Where voxels are found.
    codes : two Arrays of uint8
        Bits of red and black voxels.
    weight : Array of float64, shape (3,)
        Conductances along z, y, x in units of that along the axis of the flux.
    axis : Array of int
        Axis of the flux.
    """

    grid: Octants
    codes: tuple[Array, Array]
    weight: Array
    axis: Array

    def bit(self, colour: int, octant: Array, bit: int, dtype: Any) -> Array:
        """Return one bit of the codes of an octant, with its value."""
        return (self.grid.read(self.codes[colour], octant) & bit).astype(dtype)

    def coupling(self, x: Array, colour: int, octant: Array, dtype: Any) -> Array:
        """Sum the other colour over faces; what does not conduct is zero."""
        return self.grid.neighbours(x, self.weight.astype(dtype), colour, octant)

    def diagonal(self, colour: int, octant: Array, dtype: Any) -> Array:
        """Return the diagonal of an octant, 0 where nothing conducts."""
        links = self.coupling(self.codes[1 - colour], colour, octant, dtype)
        return self.bit(colour, octant, CONDUCTING, dtype) * links + self.ground(colour, octant, dtype)

    def ground(self, colour: int, octant: Array, dtype: Any) -> Array:
        """Return the conductances of an octant to the end planes."""
        outlet = 2 / OUTLET * self.bit(colour, octant, OUTLET, dtype)
        return self.bit(colour, octant, INLET, dtype) + outlet.astype(dtype)

    def black_start(self) -> Array:
        """Return the black potentials of a straight conductor."""
        length = jnp.asarray(self.grid.cells, jnp.float64)[self.axis]

        def ramp(octant: Array) -> Array:
            height = 1.0 - (self.grid.position(BLACK, octant, self.axis) + 0.5) / length
            return self.bit(BLACK, octant, CONDUCTING, jnp.float64) * height

        return self.grid.fill(self.grid.zeros(jnp.float64), ramp)

    def red(self, black: Array) -> Array:
        """Return the red potentials that leave no residual in red voxels."""
        wide = black.dtype

        def balance(octant: Array) -> Array:
            total = self.bit(RED, octant, INLET, wide) + self.coupling(black, RED, octant, wide)
            return total * inverse_or_zero(self.diagonal(RED, octant, wide))

        return self.grid.fill(self.grid.zeros(wide), balance)

    def residual(self, red: Array, black: Array) -> Array:
        """Return what flows into the black voxels and does not leave them."""
        wide = black.dtype

        def left(octant: Array) -> Array:
            own = self.diagonal(BLACK, octant, wide) * self.grid.read(black, octant)
            other = self.bit(BLACK, octant, CONDUCTING, wide) * self.coupling(red, BLACK, octant, wide)
            return self.bit(BLACK, octant, INLET, wide) - own + other

        return self.grid.fill(self.grid.zeros(wide), left)

    def blocks(self) -> Level:
        """Return the operator of the 2x2x2 blocks."""
        grid, weight = self.grid, self.weight.astype(jnp.float32)
        links = [weight[d] * grid.links(self.codes, d).astype(jnp.float32) for d in range(3)]

        def ends(octant: Array) -> Array:
            return self.ground(RED, octant, jnp.float32) + self.ground(BLACK, octant, jnp.float32)

        nz, ny, nx = (-(-n // 2) for n in grid.cells)
        return Level.of((nz, ny, nx), grid.blocks, links, grid.gather(ends, jnp.float32))


class Measured(NamedTuple):
    """What potentials carry.

    Attributes
    ----------
    flux : Array
        Through the planes from the inlet on, the last value repeated.
    dissipation, mismatch, relative : Array
        See :class:`.conduction.Conduction`.
    """

    flux: Array
    dissipation: Array
    mismatch: Array
    relative: Array


def measure(system: System, black: Array) -> tuple[Measured, Array, Array]:
    """Return fluxes and the black residual: what enters, less what stays behind in every plane."""
    grid = system.grid
    red = system.red(black)
    residual = system.residual(red, black)

    def entering(octant: Array) -> Array:
        pairs = ((RED, red), (BLACK, black))
        inlets = [system.bit(c, octant, INLET, x.dtype) * (1.0 - grid.read(x, octant)) for c, x in pairs]
        return inlets[0] + inlets[1]

    enters = jnp.sum(grid.gather(entering, black.dtype))
    stays = grid.profile(residual, BLACK, system.axis)
    # a product, because XLA takes longer to compile a cumulative sum than all the rest of this
    flux = enters - jnp.tri(len(stays) + 1, len(stays), -1, stays.dtype) @ stays
    last = jnp.asarray(grid.cells)[system.axis]
    mean = jnp.sum(jnp.where(jnp.arange(len(flux)) <= last, flux, 0.0)) / (last + 1)
    spread = jnp.where(mean > 0, jnp.ptp(flux) / jnp.where(mean > 0, mean, 1.0), jnp.inf)
    size = jnp.sqrt(jnp.vdot(residual, residual))
    return Measured(flux, enters - jnp.vdot(black, residual), spread, size), red, residual
