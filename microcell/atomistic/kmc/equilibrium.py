"""Configurations in equilibrium at a fixed amount of lithium: Metropolis exchanges of any two sites.

Exchanges over any distance reach equilibrium long before hops between neighbours do; where barriers separate
the ways a hop can go by many orders of magnitude, hops would never get there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from microcell.errors import AtomisticError

from .barriers import BLOCKED, LITHIUM, VACANT
from .energies import Interactions, triangle_corners
from .kernel import put
from .lattice import Lattice
from .streams import Streams, below, draw, seeded, uniform

_SWEEPS, _DOUBLINGS = 100, 7
"""Exchanges offered to every lithium in the first round, and how often they are doubled."""

_RENEWAL = 20
"""Exchanges offered to every lithium between blocks."""


@dataclass(frozen=True)
class Filling:
    """How many of the N sites of a supercell hold what.

    Attributes
    ----------
    sites, blocked, lithium : int
        All sites; immobile metals; lithium.
    """

    sites: int
    blocked: int
    lithium: int

    @classmethod
    def of(cls, sites: int, blocked: float, x: float) -> Filling:
        """Return the filling next to a content x of the sites that lithium can have.

        Raises
        ------
        AtomisticError
            If x is not between 0 and 1, or the supercell cannot show it: no lithium or no vacancy is left.
        """
        if not 0.0 < x < 1.0:
            raise AtomisticError(
                "The lithium content is out of range",
                key="x",
                value=x,
                allowed="between 0 and 1, ends excluded: a full or empty lattice has no hops",
            )
        metals = round(blocked * sites)
        lithium = round(x * (sites - metals))
        if not 0 < lithium < sites - metals:
            raise AtomisticError(
                f"A supercell of {sites} sites holds no {'vacancy' if lithium else 'lithium'} at x = {x:g}",
                key="x",
                value=x,
                allowed=f"{1 / (sites - metals):.4g} to {1 - 1 / (sites - metals):.4g} for this size",
                fix="take a larger supercell",
            )
        return cls(sites, metals, lithium)

    @property
    def x(self) -> float:
        """The content that the supercell really has."""
        return self.lithium / (self.sites - self.blocked)

    @property
    def vacancies(self) -> int:
        """Number of vacant sites."""
        return self.sites - self.blocked - self.lithium

    def at_random(self, replicas: int, rng: np.random.Generator) -> np.ndarray:
        """Return random configurations (replicas, N) as int8 contents of sites."""
        one = np.full(self.sites, VACANT, dtype=np.int8)
        one[: self.lithium] = LITHIUM
        one[self.lithium : self.lithium + self.blocked] = BLOCKED
        return rng.permuted(np.tile(one, (replicas, 1)), axis=1)


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
        How many configurations at once.
    seed : int
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
        seed: int,
    ) -> None:
        self._energy = partial(interactions.energy, lattice, shape)
        self._interacting = any(interactions.pairs) or bool(interactions.triangle)
        self._filling, self._thermal, self._replicas = filling, thermal, replicas
        self._random = np.random.default_rng(seed)
        with jax.enable_x64(True):
            self._tables = field_tables(lattice, shape, interactions)
            self._streams = seeded(seed, (replicas,))

    def start(self) -> np.ndarray:
        """Return configurations (replicas, N) whose mean energy drifts no more.

        Raises
        ------
        AtomisticError
            If it still drifts after the last doubling of the exchanges.
        """
        contents = self._filling.at_random(self._replicas, self._random)
        if not self._interacting:
            return contents
        energies = [self._energy(contents == LITHIUM)]
        for doubling in range(_DOUBLINGS):
            contents = self._exchanged(contents, _SWEEPS * 2**doubling)
            energies.append(self._energy(contents == LITHIUM))
            if doubling and _steady(energies[-1] - energies[-2]):
                return contents
        raise AtomisticError(
            "The lithium does not come to equilibrium: its energy still drifts after "
            f"{_SWEEPS * 2**_DOUBLINGS} exchanges per lithium",
            fix="raise the temperature, or take a smaller supercell",
        )

    def renewed(self, contents: np.ndarray) -> np.ndarray:
        """Return other configurations in equilibrium: new ones without interactions, else exchanged ones.

        With interactions immobile metals stay where they are.
        """
        if not self._interacting:
            return self._filling.at_random(self._replicas, self._random)
        return self._exchanged(contents, _RENEWAL)

    def _exchanged(self, contents: np.ndarray, sweeps: int) -> np.ndarray:
        lithium = np.argwhere(contents == LITHIUM)[:, 1].ravel()
        with jax.enable_x64(True):
            occupation, self._streams = _exchange(
                jnp.asarray(contents.ravel()),
                jnp.asarray(lithium, jnp.int32),
                self._streams,
                self._tables,
                jnp.float32(self._thermal),
                jnp.int32(sweeps * self._filling.lithium),
                count=self._filling.sites,
            )
            return np.asarray(occupation).reshape(contents.shape)


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


def _field(
    occupation: jax.Array, site: jax.Array, without: jax.Array, tables: FieldTables, count: int
) -> jax.Array:
    """Return the energy of a lithium on a site of each replica, as if another site were vacant."""
    neighbours, strength, corners, triangle = tables
    rows = jnp.arange(site.shape[0], dtype=jnp.int32)

    def lithium(where: jax.Array) -> jax.Array:
        flat = where.reshape(len(rows), -1)
        there = (occupation[rows[:, None] * count + flat] == LITHIUM) & (flat != without[:, None])
        return there.reshape(where.shape)

    energy = jnp.where(lithium(neighbours[site]), strength[None], 0.0).sum(-1)
    if corners is not None:
        energy = energy + triangle * lithium(corners[site]).all(-1).sum(-1)
    return energy


@partial(jax.jit, static_argnames=("count",))
def _exchange(
    occupation: jax.Array,
    walkers: jax.Array,
    streams: Streams,
    tables: FieldTables,
    thermal: jax.Array,
    attempts: jax.Array,
    *,
    count: int,
) -> tuple[jax.Array, Streams]:
    """Offer one lithium of each replica a random site, many times."""
    rows = jnp.arange(streams[0].shape[0], dtype=jnp.int32)
    listed = walkers.shape[0] // rows.shape[0]

    def attempt(_: int, now: tuple[jax.Array, jax.Array, Streams]) -> tuple[jax.Array, jax.Array, Streams]:
        occupation, walkers, streams = now
        (first, streams), slot = draw(streams), rows * listed
        (second, streams), slot = draw(streams), slot + below(first, listed)
        third, streams = draw(streams)
        source, target = walkers[slot], below(second, count)
        change = _field(occupation, target, source, tables, count)
        change = change - _field(occupation, source, source, tables, count)
        vacant = occupation[rows * count + target] == VACANT
        move = vacant & (uniform(third) <= jnp.exp(-change / thermal))
        content = occupation[rows * count + target]
        left = jnp.where(move, VACANT, LITHIUM).astype(jnp.int8)
        occupation = put(occupation, rows * count + source, left)
        taken = jnp.where(move, LITHIUM, content).astype(jnp.int8)
        occupation = put(occupation, rows * count + target, taken)
        return occupation, put(walkers, slot, jnp.where(move, target, source)), streams

    occupation, _, streams = jax.lax.fori_loop(0, attempts, attempt, (occupation, walkers, streams))
    return occupation, streams
