"""The arrays of a run: what hops depend on, its conditions, and the replicas at the start."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from microcell.errors import AtomisticError

from .barriers import LITHIUM, VACANT, Gates
from .bonds import Bonds
from .energies import Interactions
from .equilibrium import Filling
from .kernel import Conditions, Rules, State
from .run import Settings
from .streams import seeded

_MOST_WALKERS = 65536
"""Walkers times directions that 32 random bits are divided into."""


def rules_of(bonds: Bonds, interactions: Interactions, gates: Gates) -> Rules:
    """Return what hops depend on as arrays; terms that are absent cost nothing."""
    triangles = None
    if interactions.triangle:
        pairs, sign = bonds.triangles()
        triangles = (jnp.asarray(pairs, jnp.int32), jnp.asarray(interactions.triangle * sign, jnp.float32))
    pairs_eV = interactions.pair_weights(bonds)
    return Rules(
        sites=jnp.asarray(bonds.sites, jnp.int32),
        code=jnp.asarray(bonds.code, jnp.int64),
        vectors=jnp.asarray(bonds.lattice.vectors, jnp.float64),
        weights=jnp.asarray(pairs_eV, jnp.float32) if pairs_eV.any() else None,
        triangles=triangles,
        gate_weights=jnp.asarray(gates.weights, jnp.int32) if gates.weights.any() else None,
        gate_energies=jnp.asarray(gates.energies, jnp.float32),
    )


def conditions_of(filling: Filling, gates: Gates, floor: float, thermal: float, z: int) -> Conditions:
    """Return the numbers of a run; the scarcer of lithium and vacancies walks."""
    walkers = min(filling.lithium, filling.vacancies)
    if walkers * z > _MOST_WALKERS:
        raise AtomisticError(
            "The supercell is too large for the random numbers",
            key="size",
            value=f"{walkers} walkers with {z} directions",
            allowed=f"a product up to {_MOST_WALKERS}",
            fix="take more replicas of a smaller supercell",
        )
    species = LITHIUM if filling.lithium <= filling.vacancies else VACANT
    return Conditions(
        jnp.int32(walkers),
        jnp.int32(species),
        jnp.int32(gates.counted),
        jnp.float32(floor),
        jnp.float32(thermal),
    )


def state_of(contents: np.ndarray, filling: Filling, settings: Settings) -> State:
    """Return replicas that start from configurations (replicas, N)."""
    replicas, count = contents.shape
    species = LITHIUM if filling.lithium <= filling.vacancies else VACANT
    listed = np.zeros((replicas, (count + 1) // 2), dtype=np.int32)  # of one length for all fillings
    walkers = min(filling.lithium, filling.vacancies)
    listed[:, :walkers] = np.argwhere(contents == species)[:, 1].reshape(replicas, walkers)
    return State(
        occupation=jnp.asarray(contents.ravel(), jnp.int8),
        walkers=jnp.asarray(listed.ravel(), jnp.int32),
        centre=jnp.zeros(replicas, jnp.int64),
        shifts=jnp.zeros(contents.size, jnp.int64) if settings.tracers else None,
        hops=jnp.zeros(replicas, jnp.int64),
        largest=jnp.zeros(replicas, jnp.float32),
        streams=seeded(settings.seed + 1, (replicas,)),
    )


def lowest_barrier(gates: Gates, bonds: Bonds, interactions: Interactions, thermal: float) -> float:
    """Return a bound from below of all barriers [eV], the ways of a hop taken together."""
    open_ways = gates.energies[np.isfinite(gates.energies).any(1)]
    ways = -thermal * np.log(np.exp(-open_ways / thermal).sum(-1))
    most = np.abs(interactions.pair_weights(bonds)).sum(-1).max()
    if interactions.triangle:
        most += abs(interactions.triangle) * bonds.triangles()[1].shape[1]
    return float(max(ways.min() - 0.5 * most, -thermal * np.log(gates.energies.shape[1])))
