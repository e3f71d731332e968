"""The hot loop: attempts to hop, one per replica and step, on the CPU or a GPU.

Rejection (null-event) kinetic Monte Carlo: draw a walker and a direction, accept the hop with its rate over
the largest rate. Walkers are the scarcer of lithium and vacancies, kept in a list, so that attempts are not
wasted on sites that cannot hop. All replicas have the same number of walkers, so an attempt advances the
clocks of all by the same ``1 / (walkers * z * largest rate)``: the mean waiting time, whose fluctuations
would only add noise.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from .barriers import LITHIUM
from .bonds import CODE_UNIT, unpack
from .streams import Streams, below, draw, uniform

LAGS = (1, 2, 4, 8)
"""Parts of a block, in eighths of it, after which squared displacements are noted."""


class Rules(NamedTuple):
    """What a hop depends on, as arrays; energies in eV. None where a term is absent."""

    sites: jax.Array  # (N*z, 1 + M) far end and environment of every bond
    code: jax.Array  # (b*z,) packed displacement
    vectors: jax.Array  # (d, d) lattice vectors [nearest-neighbour distances]
    weights: jax.Array | None  # (b*z, M) pair energies gained by leaving the near end
    triangles: tuple[jax.Array, jax.Array] | None  # pairs (b*z, p, 2) and their energies (b*z, p)
    gate_weights: jax.Array | None  # (b*z, M) what is counted for the barrier
    gate_energies: jax.Array  # (counts, ways) E_KRA


class Conditions(NamedTuple):
    """Numbers that may change from run to run without compiling again."""

    walkers: jax.Array  # how many per replica
    species: jax.Array  # what walks: 1 lithium, 0 vacancies
    counted: jax.Array  # what the barriers count
    floor: jax.Array  # barrier of the largest rate [eV]
    thermal: jax.Array  # kT [eV]


class State(NamedTuple):
    """R replicas side by side."""

    occupation: jax.Array  # (R*N,) int8
    walkers: jax.Array  # (R*W,) int32, site of every walker
    centre: jax.Array  # (R,) int64, packed sum of all lithium displacements
    shifts: jax.Array | None  # (R*N,) int64, packed displacement of the lithium on each site
    hops: jax.Array  # (R,) int64
    largest: jax.Array  # (R,) float32, largest rate met, relative to the bound
    streams: Streams


class Block(NamedTuple):
    """What one block of attempts gives, by lag and replica (4, R); lengths in nearest-neighbour distances."""

    centre: jax.Array  # squared displacement of the sum of all positions
    tracer: jax.Array  # sum over lithium of squared displacements


@partial(jax.jit, static_argnames=("count", "z"))
def run_block(
    state: State, rules: Rules, conditions: Conditions, eighth: jax.Array, *, count: int, z: int
) -> tuple[State, Block]:
    """Make eight times ``eighth`` attempts in every replica and note displacements at the `LAGS`.

    Parameters
    ----------
    state, rules, conditions
        See the classes; displacements and counters start at zero again.
    eighth : int
        An eighth of the attempts per replica.
    count, z : int
        Sites per replica, directions per site.
    """
    zero = jnp.zeros_like
    state = state._replace(
        centre=zero(state.centre),
        shifts=None if state.shifts is None else zero(state.shifts),
        hops=zero(state.hops),
        largest=zero(state.largest),
    )
    notes, before = [], 0
    for lag in LAGS:
        attempts = (lag - before) * eighth
        state = jax.lax.fori_loop(
            0, attempts, lambda _, now: _attempt(now, rules, conditions, count, z), state
        )
        before = lag
        notes.append((_squared(state.centre, rules), _tracers(state, rules, count)))
    centre, tracer = (jnp.stack(column) for column in zip(*notes, strict=True))
    return state, Block(centre, tracer)


def _squared(code: jax.Array, rules: Rules) -> jax.Array:
    """Return the squared length of packed displacements."""
    parts = jnp.stack(unpack(code, len(rules.vectors)), axis=-1)
    return ((parts.astype(jnp.float64) / CODE_UNIT @ rules.vectors) ** 2).sum(-1)


def _tracers(state: State, rules: Rules, count: int) -> jax.Array:
    """Return the sum over all lithium of squared displacements, by replica; zeros where not followed."""
    if state.shifts is None:
        return jnp.zeros(state.centre.shape, jnp.float64)
    lithium = state.occupation == LITHIUM
    return jnp.where(lithium, _squared(state.shifts, rules), 0.0).reshape(-1, count).sum(-1)


def _attempt(state: State, rules: Rules, conditions: Conditions, count: int, z: int) -> State:
    """Try one hop in every replica."""
    rows = jnp.arange(state.centre.shape[0], dtype=jnp.int32)
    first, streams = draw(state.streams)
    second, streams = draw(streams)
    chosen, direction = jnp.divmod(below(first, conditions.walkers * z), z)
    slot = rows * (state.walkers.shape[0] // rows.shape[0]) + chosen
    near = state.walkers[slot]
    kind = near % (rules.code.shape[0] // z) * z + direction
    around = rules.sites[near * z + direction]
    content = state.occupation[rows[:, None] * count + around]
    rate = relative_rate(content[:, 1:], kind, rules, conditions)
    possible = content[:, 0] == 1 - conditions.species
    hop = possible & (uniform(second) <= rate)

    here, there = rows * count + near, rows * count + around[:, 0]
    far_content = content[:, 0]
    walking = conditions.species.astype(jnp.int8)
    occupation = put(state.occupation, here, jnp.where(hop, far_content, walking))
    occupation = put(occupation, there, jnp.where(hop, walking, far_content))
    moved = jnp.where(conditions.species == LITHIUM, 1, -1) * rules.code[kind]
    shifts = state.shifts
    if shifts is not None:  # lithium goes near to far, or, where vacancies walk, far to near
        forth = conditions.species == LITHIUM
        source, target = jnp.where(forth, here, there), jnp.where(forth, there, here)
        shifts = put(shifts, target, jnp.where(hop, shifts[source] + moved, shifts[target]))
    return State(
        occupation,
        put(state.walkers, slot, jnp.where(hop, around[:, 0], near)),
        state.centre + jnp.where(hop, moved, 0),
        shifts,
        state.hops + hop,
        jnp.maximum(state.largest, jnp.where(possible, rate, 0.0)),
        streams,
    )


def put(array: jax.Array, where: jax.Array, value: jax.Array) -> jax.Array:
    """Set elements that are all different and inside, which lets XLA write them in place."""
    return array.at[where].set(value, unique_indices=True, mode="promise_in_bounds")


def relative_rate(around: jax.Array, kind: jax.Array, rules: Rules, conditions: Conditions) -> jax.Array:
    """Return the rate of each replica's hop over the largest rate.

    Parameters
    ----------
    around : (R, M) array
        What is on the sites of the environment of the hop.
    kind : (R,) array of int
        Types of the bonds, from the walker on.
    rules, conditions
        See the classes.
    """
    change = energy_change(around, kind, rules)
    change = change * jnp.where(conditions.species == LITHIUM, 1, -1).astype(jnp.float32)
    index = jnp.zeros(kind.shape, jnp.int32)
    if rules.gate_weights is not None:
        index = (rules.gate_weights[kind] * (around == conditions.counted)).sum(-1, dtype=jnp.int32)
    resolved = rules.gate_energies[index]
    barrier = jnp.maximum(resolved + 0.5 * change[:, None], jnp.maximum(change, 0.0)[:, None])
    return jnp.exp((conditions.floor - barrier) / conditions.thermal).sum(-1)


def energy_change(around: jax.Array, kind: jax.Array, rules: Rules) -> jax.Array:
    """Return the change of energy [eV] (R,) when lithium goes from the near to the far end of a bond.

    Parameters
    ----------
    around : (R, M) array
        What is on the sites of the environment.
    kind : (R,) array of int
        Types of the bonds.
    rules : Rules
        The interactions.
    """
    change = jnp.zeros(kind.shape, jnp.float32)
    if rules.weights is not None:
        change = change + jnp.where(around == LITHIUM, rules.weights[kind], 0.0).sum(-1)
    if rules.triangles is not None:
        pairs, energies = rules.triangles[0][kind], rules.triangles[1][kind]
        both = jnp.take_along_axis((around == LITHIUM)[:, :, None], pairs, axis=1).all(-1)
        change = change + jnp.where(both, energies, 0.0).sum(-1)
    return change
