"""What the energy function sees: numbers one may differentiate with respect to, and everything else.

`Parameters` holds charges, Buckingham coefficients and springs as arrays, `System` the particles, neighbours
and wave vectors of one structure. Both are pytrees, so `jax.grad`, `jax.jacfwd` and `jax.vmap` work on
`microcell.atomistic.potential.energy` as they stand.
"""

from __future__ import annotations

from typing import Any, NamedTuple

Array = Any
"""A NumPy or JAX array, or a tracer of one."""


class Parameters(NamedTuple):
    """The numbers of a potential, in the order of `Potential.particle_names` and `Potential.pair_names`.

    Attributes
    ----------
    charge : (types,) array
        Charge of every kind of particle (core or rigid ion, shell) [e].
    A : (pairs,) array
        Buckingham repulsion [eV].
    rho : (pairs,) array
        Its range [A].
    C : (pairs,) array
        Dispersion [eV.A6].
    k : (springs,) array
        Harmonic constant of every species with a shell [eV.A-2].
    k4 : (springs,) array
        Quartic constant, energy ``k4 d^4/24`` [eV.A-4].
    """

    charge: Array
    A: Array
    rho: Array
    C: Array
    k: Array
    k4: Array


class Neighbours(NamedTuple):
    """Periodic images near the cell, and for every particle images within reach: each pair once, padded.

    Attributes
    ----------
    owner : (images,) int array
        Particle of which this is an image; the first ones are the particles themselves, moved into the cell.
    shift : (images, 3) int array
        Cell vectors between the particle and this image.
    index : (capacity, particles) int array
        Image of every neighbour; a place that is not used holds the particle's own number.
    other : (capacity, particles) int array
        Owner of every neighbour.
    pair : (capacity, particles) int array
        Which Buckingham pair it is; the number of pairs where there is none.
    """

    owner: Array
    shift: Array
    index: Array
    other: Array
    pair: Array


class Waves(NamedTuple):
    """Wave vectors of the reciprocal sum: a box of whole numbers of which some count.

    Attributes
    ----------
    alpha : float
        Splitting parameter [A-1].
    weight : (1 + H, 1 + 2 K, 1 + 2 L) array
        How often a vector counts: 0 outside of the cut-off sphere, 2 with its opposite, 1 in the plane h = 0.
    """

    alpha: Array
    weight: Array


class System(NamedTuple):
    """The particles of one structure, and how they see each other.

    Attributes
    ----------
    kind : (particles,) int array
        Kind of every particle, an index into `Parameters.charge`.
    spring_pairs : (shells, 2) int array
        Particle numbers of core and shell.
    spring_kind : (shells,) int array
        Index into `Parameters.k`.
    pair_floor : (pairs + 1,) array
        Distance below which a pair collapses or overlaps [A].
    cutoff : float
        Of the real-space sums [A].
    switch_width : float
        Over this last stretch the Buckingham energy goes smoothly to zero [A]; 0 cuts it off.
    neighbours, waves : Neighbours, Waves
        Pairs in reach, wave vectors.
    """

    kind: Array
    spring_pairs: Array
    spring_kind: Array
    pair_floor: Array
    cutoff: Array
    switch_width: Array
    neighbours: Neighbours
    waves: Waves
