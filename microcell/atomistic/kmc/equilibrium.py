"""Configurations in equilibrium at a fixed amount of lithium: Metropolis exchanges of any two sites.

Exchanges over any distance reach equilibrium long before hops between neighbours do; where barriers separate
the ways a hop can go by many orders of magnitude, hops would never get there. All replicas of a group have
the same immobile metals and are offered the same exchange.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from microcell.errors import AtomisticError

from .energies import Interactions, triangle_corners
from .filling import Filling
from .kernel import CHUNK, rows
from .lattice import Lattice
from .streams import Streams, below, draw, seeded, uniform

_SWEEPS, _DOUBLINGS = 30, 8
"""Exchanges offered to every site in the first round, and how often they are doubled."""

_RENEWAL = 10
"""Exchanges offered to every site between blocks."""


class Configurations(NamedTuple):
    """What is on the sites of a group: metals (N,), and lithium (N, R) as int8, -1 where it is."""

    metals: np.ndarray
    lithium: np.ndarray


class Equilibrium:
    """Makes configurations in equilibrium, and new ones from old.

    Parameters
    ----------
    lattice, shape, interactions
        The model and its supercell.
    filling : Filling
        What is on the sites.
    thermal : float
        kT [eV].
    replicas : int
        How many configurations at once, with the same metals.
    seed : int or sequence of int
        Of the random numbers.
    """

    def __init__(
        self,
        lattice: Lattice,
        shape: Sequence[int],
        interactions: Interactions,
        filling: Filling,
        thermal: float,
        replicas: int,
        seed: int | Sequence[int],
    ) -> None:
        self._energy = partial(interactions.energy, lattice, shape)
        self._interacting = any(interactions.pairs) or bool(interactions.triangle)
        self._filling, self._thermal, self._replicas = filling, thermal, replicas
        self._random = np.random.default_rng(seed)
        self._sweeps = 0
        with jax.enable_x64(True):
            self._tables = field_tables(lattice, shape, interactions)
            self._lanes = seeded(seed, (CHUNK, replicas))
            self._shared = seeded(self._random.integers(2**32, size=4).tolist(), (2, CHUNK))

    def start(self) -> Configurations:
        """Return configurations whose mean energy drifts no more.

        Raises
        ------
        AtomisticError
            If it still drifts after the last doubling of the exchanges.
        """
        made = self._at_random()
        if not self._interacting:
            return made
        energies = [self._energy(made.lithium.T != 0)]
        for doubling in range(_DOUBLINGS):
            made = self._exchanged(made, _SWEEPS * 2**doubling)
            self._sweeps += _SWEEPS * 2**doubling
            energies.append(self._energy(made.lithium.T != 0))
            if doubling and _steady(energies[-1] - energies[-2]):
                return made
        raise AtomisticError(
            "The lithium does not come to equilibrium: its energy still drifts after "
            f"{_SWEEPS * 2**_DOUBLINGS} exchanges per site",
            fix="raise the temperature, or take a smaller supercell",
        )

    def renewed(self, old: Configurations) -> Configurations:
        """Return other configurations in equilibrium, with other metals.

        Without interactions all are random; with them and without metals, a few exchanges are enough; with
        both, as many exchanges as the start took.
        """
        if not self._interacting:
            return self._at_random()
        if self._filling.blocked == 0:
            return self._exchanged(old, _RENEWAL)
        return self._exchanged(self._at_random(), self._sweeps)

    def _at_random(self) -> Configurations:
        metals = self._filling.metals(self._random)
        return Configurations(metals, self._filling.at_random(metals, self._replicas, self._random))

    def _exchanged(self, old: Configurations, sweeps: int) -> Configurations:
        with jax.enable_x64(True):
            lithium, self._lanes, self._shared = _exchange(
                jnp.asarray(old.lithium),
                jnp.asarray(np.flatnonzero(~old.metals), jnp.int32),
                self._lanes,
                self._shared,
                self._tables,
                jnp.float32(self._thermal),
                jnp.int32(-(-sweeps * self._filling.free // CHUNK)),
            )
            return Configurations(old.metals, np.asarray(lithium))


def _steady(drift: np.ndarray) -> bool:
    """Whether the mean change of energy over the replicas is within three standard errors."""
    return bool(abs(drift.mean()) <= 3.0 * drift.std(ddof=1) / np.sqrt(len(drift)))


FieldTables = tuple[jax.Array, jax.Array, jax.Array | None, jax.Array]
"""Interacting neighbours (N, q), their energies (q,), triangle corners (N, t, 2) or None, triangle energy."""


def field_tables(lattice: Lattice, shape: Sequence[int], interactions: Interactions) -> FieldTables:
    """Return what the energy of a lithium among the others is computed from."""
    listed = [lattice.neighbours(shape, shell) for shell in range(1, len(interactions.pairs) + 1)]
    neighbours = np.concatenate(listed, axis=1) if listed else np.zeros((lattice.site_count(shape), 0), int)
    strength = np.repeat(interactions.pairs, [one.shape[1] for one in listed])
    corners = jnp.asarray(triangle_corners(lattice, shape), jnp.int32) if interactions.triangle else None
    return (
        jnp.asarray(neighbours, jnp.int32),
        jnp.asarray(strength, jnp.float32),
        corners,
        jnp.float32(interactions.triangle),
    )


def _field(lithium: jax.Array, site: jax.Array, without: jax.Array, tables: FieldTables) -> jax.Array:
    """Return the energy (R,) of a lithium on a site, as if another site were vacant."""
    neighbours, strength, corners, triangle = tables

    def occupied(where: jax.Array) -> jax.Array:
        content = lithium.at[where.ravel()].get(mode="promise_in_bounds")
        return ((content != 0) & (where.ravel() != without)[:, None]).reshape(*where.shape, -1)

    energy = jnp.where(occupied(neighbours[site]), strength[:, None], 0.0).sum(0)
    if corners is not None:
        energy = energy + triangle * occupied(corners[site]).all(1).sum(0)
    return energy


@jax.jit
def _exchange(
    lithium: jax.Array,
    free: jax.Array,
    lanes: Streams,
    shared: Streams,
    tables: FieldTables,
    thermal: jax.Array,
    chunks: jax.Array,
) -> tuple[jax.Array, Streams, Streams]:
    """Offer the contents of two free sites to each other, the same in all replicas, many times."""

    def chunk(_: int, now: tuple[jax.Array, Streams, Streams]) -> tuple[jax.Array, Streams, Streams]:
        lithium, lanes, shared = now
        bits, lanes = draw(lanes)
        common, shared = draw(shared)
        pairs = free[below(common, len(free))]

        def attempt(number: jax.Array, lithium: jax.Array) -> jax.Array:
            first, second = pairs[:, number]
            content = rows(lithium, pairs[:, number])
            change = _field(lithium, second, first, tables) - _field(lithium, first, second, tables)
            change = jnp.where(content[0] != 0, change, -change)
            accept = uniform(bits[number]) <= jnp.exp(-change / thermal)
            flip = -(accept & (content[0] != content[1])).astype(jnp.int8)
            return lithium.at[pairs[:, number]].set(content ^ flip[None], mode="promise_in_bounds")

        return jax.lax.fori_loop(0, CHUNK, attempt, lithium), lanes, shared

    return jax.lax.fori_loop(0, chunks, chunk, (lithium, lanes, shared))
