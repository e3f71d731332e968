"""Groups of replicas: metals and the order of bonds in common, independent of other groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ...cores import available_cores
from .equilibrium import Configurations, Equilibrium
from .kernel import CHUNK, Rules, State, environment_index, rows, run_block
from .setup import Supercell
from .streams import seeded

_WALK, _ORDER = 1, 2
"""Marks of the random numbers of replicas and of bonds, beside those of the configurations."""


class Sample(NamedTuple):
    """What one block of one group gave.

    Attributes
    ----------
    squared : (2, 4) array
        Squared displacements by lag, mean over the replicas: of the sum of all positions; summed over
        lithium [nearest-neighbour distances squared].
    conductance : float
        Of the network among the metals, over the mean of all, see `network.Disorder`.
    hops, attempts : int
        Of all replicas.
    """

    squared: np.ndarray
    conductance: float
    hops: int
    attempts: int


class Group:
    """Replicas that share their metals and the bonds they try.

    Parameters
    ----------
    cell : Supercell
        The model.
    replicas : int
        How many.
    tracers : bool
        Whether to follow every lithium.
    seed : sequence of int
        Of the random numbers; another for every group.
    """

    def __init__(self, cell: Supercell, replicas: int, tracers: bool, seed: Sequence[int]) -> None:
        self._cell, self._replicas = cell, replicas
        model = cell.model
        self._equilibrium = Equilibrium(
            model.lattice, cell.shape, model.energies, cell.filling, cell.thermal, replicas, seed
        )
        with jax.enable_x64(True):
            self._lanes = seeded([*seed, _WALK], (CHUNK, replicas))
            self._shared = seeded([*seed, _ORDER], (3, CHUNK))
            shape = (cell.filling.sites, replicas)
            self._shifts = jnp.zeros(shape, jnp.int64) if tracers else None
        self.go_on_from(self._equilibrium.start())

    @property
    def configurations(self) -> Configurations:
        """What is on the sites now."""
        return self._now

    @property
    def attempt_rate(self) -> float:
        """Attempts per replica and time: the sum of the largest rates of all bonds, over the frequency."""
        return float(self._largest.sum())

    def renew(self) -> None:
        """Go on from other configurations in equilibrium, so that stuck replicas do not spoil all blocks."""
        self.go_on_from(self._equilibrium.renewed(self._now))

    def go_on_from(self, configurations: Configurations) -> None:
        """Put something else on the sites."""
        self._now = configurations
        self._largest = self._cell.largest_rates(configurations.metals)
        self._conductance = self._cell.disorder.relative(configurations.metals)
        with jax.enable_x64(True):
            self._rules = self._cell.rules(configurations.metals, self._largest)

    def hop_rate(self) -> float:
        """Return the mean number of hops per replica and time in the present configurations."""
        with jax.enable_x64(True):
            lithium = jnp.asarray(self._now.lithium)
            return float(_escape(lithium, self._rules, jnp.asarray(self._largest))) / self._replicas

    def block(self, time: float) -> Sample:
        """Run one block.

        Parameters
        ----------
        time : float
            Its length, times the attempt frequency.
        """
        chunks = max(1, round(time * self.attempt_rate / (8 * CHUNK)))
        with jax.enable_x64(True):
            lithium = jnp.array(self._now.lithium, copy=True)
            state = State(lithium, self._shifts, self._lanes, self._shared)
            state, block = run_block(state, self._rules, jnp.int64(chunks))
            self._shifts, self._lanes, self._shared = state.shifts, state.lanes, state.shared
            squared = np.stack([np.asarray(part).mean(1) for part in (block.centre, block.tracer)])
            self._now = self._now._replace(lithium=np.asarray(state.occupation))
        attempts = 8 * chunks * CHUNK
        squared *= time * self.attempt_rate / attempts  # a whole number of chunks lasts longer or shorter
        return Sample(squared, self._conductance, int(block.hops), attempts * self._replicas)


@jax.jit
def _escape(lithium: jax.Array, rules: Rules, largest: jax.Array) -> jax.Array:
    """Return the sum of the rates of all possible hops of all replicas, over the attempt frequency."""

    def of_bond(one: tuple[jax.Array, ...]) -> jax.Array:
        sites, kind, base, scale, rate = one
        triangles = jax.tree.map(lambda part: part[kind], rules.triangles)
        index = environment_index(rows(lithium, sites), rules.weights[kind], rules.constant, triangles)
        return rate * scale * rules.table[base + index].astype(rate.dtype).sum()

    return jax.lax.map(of_bond, (rules.sites, rules.kind, rules.base, rules.scale, largest)).sum()


def threaded(work: Callable[[Group], object], groups: Sequence[Group]) -> list:
    """Do something with all groups, on all cores that this process may use."""
    with ThreadPoolExecutor(min(available_cores(), len(groups))) as pool:
        return list(pool.map(work, groups))
