"""The hot loop: attempts to hop, the same bond in all replicas of a group, on the CPU or a GPU.

Rejection (null-event) kinetic Monte Carlo: draw a bond with a probability that is proportional to its largest
rate, and let each replica hop there with its own rate over that one. The contents of a site are a row over
the replicas, so that a step reads and writes whole rows, and what a hop depends on is one number that the
rows add up to, an index into a table of rates (`rates.Acceptance`). Every replica follows its exact dynamics;
replicas of a group share the order of bonds and are not quite independent, groups are. An attempt advances
the clock by the mean waiting time, whose fluctuations would only add noise.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from .bonds import CODE_UNIT, unpack
from .streams import Streams, below, draw, uniform

LAGS = (1, 2, 4, 8)
"""Parts of a block, in eighths of it, after which squared displacements are noted."""

CHUNK = 16
"""Attempts whose random numbers are drawn at once."""


class Rules(NamedTuple):
    """What a hop depends on, as arrays, for the bonds of a supercell with its metals."""

    sites: jax.Array  # (B, 2 + M) near end, far end, and what else matters to every bond
    kind: jax.Array  # (B,) type
    base: jax.Array  # (B,) where its class begins in the table
    bond: tuple[jax.Array, jax.Array]  # (B,) probability to keep a bond drawn, and the one to take instead
    weights: jax.Array  # (b*z, 2 + M) what lithium adds to the index, by type
    constant: jax.Array  # () what is added to the index
    triangles: tuple[jax.Array, jax.Array] | None  # pairs (b*z, p, 2) and what they add (b*z, p)
    code: jax.Array  # (b*z,) packed displacement
    table: jax.Array  # (entries,) rates over the largest of all, float32
    scale: jax.Array  # (B,) what makes them probabilities to accept
    vectors: jax.Array  # (d, d) lattice vectors [nearest-neighbour distances]


class State(NamedTuple):
    """R replicas side by side."""

    occupation: jax.Array  # (N, R) int8, -1 (all bits) where lithium is
    shifts: jax.Array | None  # (N, R) int64, packed displacement of what is on each site
    lanes: Streams  # (CHUNK, R)
    shared: Streams  # (3, CHUNK)


class Block(NamedTuple):
    """What one block of attempts gives, by lag and replica (4, R); lengths in nearest-neighbour distances."""

    centre: jax.Array  # squared displacement of the sum of all positions
    tracer: jax.Array  # sum over lithium of squared displacements
    hops: jax.Array  # accepted in all


class _Walk(NamedTuple):
    """What a step changes."""

    occupation: jax.Array
    shifts: jax.Array | None
    centre: jax.Array  # (R,) int64, packed sum of all lithium displacements
    hops: jax.Array  # (R,) int64


_Now = tuple[_Walk, Streams, Streams]


@partial(jax.jit, donate_argnums=0)
def run_block(state: State, rules: Rules, chunks: jax.Array) -> tuple[State, Block]:
    """Make eight times ``chunks * CHUNK`` attempts in every replica and note displacements at the `LAGS`.

    Parameters
    ----------
    state, rules
        See the classes; displacements start at zero again. The state given cannot be used any more.
    chunks : int
        Chunks in an eighth of the block.
    """
    count = jnp.zeros(state.occupation.shape[1], jnp.int64)
    shifts = None if state.shifts is None else jnp.zeros_like(state.shifts)
    walk = _Walk(state.occupation, shifts, count, count)

    def part(now: _Now, eighths: jax.Array) -> tuple[_Now, tuple[jax.Array, jax.Array]]:
        now = jax.lax.fori_loop(0, eighths * chunks, lambda _, then: _chunk(then, rules), now)
        return now, (_squared(now[0].centre, rules), _tracers(now[0], rules))

    lengths = jnp.diff(jnp.array((0, *LAGS)))
    (walk, lanes, shared), (centre, tracer) = jax.lax.scan(part, (walk, state.lanes, state.shared), lengths)
    return State(walk.occupation, walk.shifts, lanes, shared), Block(centre, tracer, walk.hops.sum())


def _squared(code: jax.Array, rules: Rules) -> jax.Array:
    """Return the squared length of packed displacements."""
    parts = jnp.stack(unpack(code, len(rules.vectors)), axis=-1)
    return ((parts.astype(jnp.float64) / CODE_UNIT @ rules.vectors) ** 2).sum(-1)


def _tracers(walk: _Walk, rules: Rules) -> jax.Array:
    """Return the sum over all lithium of squared displacements, by replica; zeros where not followed."""
    if walk.shifts is None:
        return jnp.zeros(walk.centre.shape, jnp.float64)
    return jnp.where(walk.occupation != 0, _squared(walk.shifts, rules), 0.0).sum(0)


def _chunk(now: _Now, rules: Rules) -> _Now:
    """Try `CHUNK` bonds, one after the other."""
    walk, lanes, shared = now
    bits, lanes = draw(lanes)
    common, shared = draw(shared)
    keep, instead = rules.bond
    drawn = below(common[0], len(keep))
    bond = jnp.where(uniform(common[1]) <= keep[drawn], drawn, instead[drawn])
    kind = rules.kind[bond]
    dither = uniform(common[2, 0])
    tried = (
        rules.sites[bond],
        rules.weights[kind],
        rules.base[bond],
        rules.scale[bond],
        rules.code[kind],
        jax.tree.map(lambda part: part[kind], rules.triangles),
    )

    def attempt(number: jax.Array, walk: _Walk) -> _Walk:
        one = jax.tree.map(lambda part: part[number], tried)
        return _attempt(walk, _threshold(bits[number], dither), rules, *one)

    return jax.lax.fori_loop(0, CHUNK, attempt, walk), lanes, shared


def _threshold(bits: jax.Array, dither: jax.Array) -> jax.Array:
    """Turn 32 random bits into a float32 in (0, 1].

    Random below the last bit, so that probabilities below 2^-32 are right in the mean.
    """
    return (bits.astype(jnp.float32) + dither) * jnp.float32(2.0**-32)


def _attempt(
    walk: _Walk,
    threshold: jax.Array,
    rules: Rules,
    sites: jax.Array,
    weights: jax.Array,
    base: jax.Array,
    scale: jax.Array,
    code: jax.Array,
    triangles: tuple[jax.Array, jax.Array] | None,
) -> _Walk:
    """Try one bond in every replica."""
    index = environment_index(rows(walk.occupation, sites), weights, rules.constant, triangles)
    rate = rules.table.at[base + index.astype(jnp.int32)].get(mode="promise_in_bounds")
    hop = threshold <= rate * scale
    near, far = index & 1, index >> 1 & 1
    flip = hop.astype(jnp.int8)
    occupation = walk.occupation
    for end, content in ((0, near), (1, far)):
        row = -(content.astype(jnp.int8) ^ flip)
        occupation = jax.lax.dynamic_update_index_in_dim(occupation, row, sites[end], 0)
    shifts = walk.shifts
    if shifts is not None:
        here, there = rows(shifts, sites[:2])
        arrived = (jnp.where(hop, there - code, here), jnp.where(hop, here + code, there))
        for end in (0, 1):
            shifts = jax.lax.dynamic_update_index_in_dim(shifts, arrived[end], sites[end], 0)
    moved = jnp.where(near == 1, code, -code)
    return _Walk(occupation, shifts, walk.centre + jnp.where(hop, moved, 0), walk.hops + hop)


def rows(array: jax.Array, numbers: jax.Array) -> jax.Array:
    """Return rows of an array; the numbers must be all different and inside."""
    return array.at[numbers].get(unique_indices=True, mode="promise_in_bounds")


def environment_index(
    content: jax.Array,
    weights: jax.Array,
    constant: jax.Array,
    triangles: tuple[jax.Array, jax.Array] | None,
) -> jax.Array:
    """Return which entry of a class of the table belongs to what is around a bond, int32 (R,).

    Parameters
    ----------
    content : (2 + M, R) array of int8
        What is on its sites: -1 where lithium is.
    weights, constant, triangles
        As in `Rules`, for the type of the bond. Their integer type holds the number of entries, and sums
        are right modulo its range.
    """
    kind = weights.dtype
    index = (content.astype(kind) & weights[:, None]).sum(0, dtype=kind) + constant
    if triangles is not None:
        pairs, added = triangles
        both = content[pairs[:, 0]] & content[pairs[:, 1]]
        index = index + (both.astype(kind) & added[:, None]).sum(0, dtype=kind)
    unsigned = {1: jnp.uint8, 2: jnp.uint16, 4: jnp.uint32}[kind.itemsize]
    return index.astype(unsigned)
