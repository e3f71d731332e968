"""One vacancy in an otherwise full lattice: every attempt is a hop; only its place beside the tracer counts.

The vacancy walks at random on the infinite lattice, seen from a tagged atom (the tracer). After the tracer
jumped, the vacancy stands right behind it, so which way the tracer jumps next depends on its last jump
alone: the jumps are a Markov chain, and its transition counts hold the correlation factor exactly (Koiwa and
Ishioka 1983 compute the same probabilities from lattice Green's functions). A vacancy that gets farther away
than `ESCAPE` is taken to have lost the memory of where it came from.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .lattice import Lattice
from .streams import Streams, below, draw, seeded

ESCAPE = {2: 40.0, 3: 16.0}
"""Distance from the tracer at which a vacancy is taken as lost, by dimension [nearest-neighbour distances].

Half of it changes the correlation factors by less than 0.1 %.
"""

_CHUNK = 4096
"""Hops of every walker in one compiled call."""


def first_returns(
    lattice: Lattice, hops: int, *, walkers: int = 4096, escape: float | None = None, seed: int = 0
) -> tuple[np.ndarray, int]:
    """Count how jumps of the tracer follow each other.

    Parameters
    ----------
    lattice : Lattice
        Where the vacancy walks.
    hops : int
        Least number of vacancy hops, all walkers together.
    walkers : int
        Vacancies walking side by side, each beside its own tracer.
    escape : float, optional
        Distance [nearest-neighbour distances] at which a vacancy is lost and a new one starts; `ESCAPE` of
        the dimension where left out.
    seed : int
        Of the random numbers.

    Returns
    -------
    counts : (groups, b*z, b*z + 1) array
        How often jump type ``basis * z + direction`` of the tracer was followed by each jump type through the
        same vacancy; the last column counts lost vacancies. Groups of walkers are statistically independent.
    hops : int
        Vacancy hops done, without those after which the last walks had come to an end.
    """
    ends = lattice.steps()[1]
    types = ends.size
    chunks = max(1, -(-hops // (walkers * _CHUNK)))
    groups = min(64, walkers)
    with jax.enable_x64(True):
        tables = _tables(lattice, escape or ESCAPE[lattice.dimensions])
        walk, streams = _start(lattice, walkers, tables), seeded(seed, (walkers,))
        counts = jnp.zeros(groups * types * (types + 1), jnp.int64)
        for _ in range(chunks):
            walk, streams, counts = _walk(walk, streams, counts, tables, ends.shape[1], groups)
        counts = _finish(walk, streams, counts, tables, ends.shape[1], groups)
        table = np.asarray(counts).reshape(groups, types, types + 1)
    return table, chunks * walkers * _CHUNK


def _tables(lattice: Lattice, escape: float) -> dict[str, jax.Array]:
    """Return what the walk looks up; cells around the tracer are packed into one integer."""
    offsets, ends = lattice.steps()
    base, z = len(lattice.basis), ends.shape[1]
    return {
        "offset": jnp.asarray(offsets.reshape(base * z, -1).T, jnp.int32),
        "end": jnp.asarray(ends.ravel(), jnp.int32),
        "back": jnp.asarray((ends * z + lattice.reverse()).ravel(), jnp.int32),
        "vectors": jnp.asarray(lattice.vectors, jnp.float32),
        "basis": jnp.asarray(lattice.basis, jnp.float32),
        "escape": jnp.float32(escape**2),
    }


class Walk(NamedTuple):
    """Vacancies beside their tracers, R of them."""

    cell: jax.Array  # of the vacancy beside that of the tracer (d, R)
    vacancy: jax.Array  # its basis number (R,)
    tracer: jax.Array  # that of the tracer (R,)
    last: jax.Array  # type of the tracer's last jump (R,)
    walking: jax.Array  # whether it goes on (R,)


def _start(lattice: Lattice, walkers: int, tables: dict[str, jax.Array]) -> Walk:
    """Put every vacancy behind a tracer that has just jumped, all jump types in turn."""
    jump = jnp.arange(walkers, dtype=jnp.int32) % len(tables["end"])
    return Walk(*_behind(jump, tables, lattice.coordination), jump, jnp.ones(walkers, bool))


def _behind(jump: jax.Array, tables: dict[str, jax.Array], z: int) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return where the vacancy is after a tracer jump of this type, and the tracer's new basis number."""
    return -tables["offset"][:, jump], jump // z, tables["end"][jump]


@partial(jax.jit, static_argnames=("z", "groups"))
def _walk(
    walk: Walk, streams: Streams, counts: jax.Array, tables: dict[str, jax.Array], z: int, groups: int
) -> tuple[Walk, Streams, jax.Array]:
    """Do one chunk of hops with every vacancy and add what happened to the counts."""

    def hop(carry: _Carry, _: None) -> tuple[_Carry, None]:
        walk, streams, counts = carry
        moved, again, streams, counts = _hop(walk, streams, counts, tables, z, groups)
        return (_renewed(moved, again, tables, z), streams, counts), None

    return jax.lax.scan(hop, (walk, streams, counts), None, length=_CHUNK)[0]


@partial(jax.jit, static_argnames=("z", "groups"))
def _finish(
    walk: Walk, streams: Streams, counts: jax.Array, tables: dict[str, jax.Array], z: int, groups: int
) -> jax.Array:
    """Let every vacancy come to its end: long walks would be missed by stopping at a time."""

    def hop(carry: _Carry) -> _Carry:
        walk, streams, counts = carry
        moved, again, streams, counts = _hop(walk, streams, counts, tables, z, groups)
        return moved._replace(walking=walk.walking & ~again), streams, counts

    return jax.lax.while_loop(lambda carry: carry[0].walking.any(), hop, (walk, streams, counts))[2]


_Carry = tuple[Walk, Streams, jax.Array]


def _hop(
    walk: Walk, streams: Streams, counts: jax.Array, tables: dict[str, jax.Array], z: int, groups: int
) -> tuple[Walk, jax.Array, Streams, jax.Array]:
    """Move every vacancy; return also which came to their end: at the tracer, or lost."""
    types, lane = len(tables["end"]), jnp.arange(walk.last.shape[0], dtype=jnp.int32) % groups
    bits, streams = draw(streams)
    kind = walk.vacancy * z + below(bits, z)
    walk = walk._replace(cell=walk.cell + tables["offset"][:, kind], vacancy=tables["end"][kind])
    met = (walk.cell == 0).all(0) & (walk.vacancy == walk.tracer)
    again = met | (_distance(walk, tables) > tables["escape"])
    jump = jnp.where(met, tables["back"][kind], types)  # the tracer goes where the vacancy came from
    slot = (lane * types + walk.last) * (types + 1) + jump
    counts = counts.at[slot].add((again & walk.walking).astype(counts.dtype))
    return walk._replace(last=jnp.where(met, jump, walk.last)), again, streams, counts


def _renewed(walk: Walk, again: jax.Array, tables: dict[str, jax.Array], z: int) -> Walk:
    """Put new vacancies behind tracers whose last one is gone; all jump types get their turn."""
    at_tracer = (walk.cell == 0).all(0) & (walk.vacancy == walk.tracer)
    last = jnp.where(again & ~at_tracer, (walk.last + 1) % len(tables["end"]), walk.last)
    cell, vacancy, tracer = _behind(last, tables, z)
    return Walk(
        jnp.where(again[None], cell, walk.cell),
        jnp.where(again, vacancy, walk.vacancy),
        jnp.where(again, tracer, walk.tracer),
        last,
        walk.walking,
    )


def _distance(walk: Walk, tables: dict[str, jax.Array]) -> jax.Array:
    """Return the squared distance between vacancy and tracer, one per walker."""
    between = tables["basis"][walk.vacancy] - tables["basis"][walk.tracer]
    fraction = walk.cell.astype(jnp.float32) + between.T
    return sum((row @ fraction) ** 2 for row in tables["vectors"].T)
