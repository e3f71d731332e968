"""Grand-canonical Monte Carlo of lithium on a lattice: content and fluctuations over chemical potential.

Sites are coloured so that no two of one colour interact; all sites of a colour then draw their content at
once from the exact conditional probability ``1 / (1 + exp((field - mu)/kT))`` (heat bath).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from microcell.atomistic.estimate import require_samples
from microcell.errors import AtomisticError
from microcell.parameters.constants import K_B_EV

from .energies import Interactions
from .equilibrium import FieldTables, field_tables
from .filling import Filling
from .isotherm import Isotherm
from .lattice import Lattice
from .model import Model, check_temperature
from .streams import Streams, draw, seeded, uniform

_STEP, _MARGIN = 0.5, 6.0
"""Chemical potentials: their distance, and how far they reach beyond the interactions, in kT."""

_BURN_IN = 4
"""Parts of the sweeps: one in so many more is made before counting."""

_DOUBLINGS = 4
"""How often the sweeps are doubled until empty and full starts agree."""


def sample_isotherm(
    model: Model,
    temperature: float,
    *,
    size: int = 12,
    replicas: int = 32,
    sweeps: int = 1000,
    potentials: Sequence[float] | None = None,
    seed: int = 0,
    progress: Callable[[int, int, str], None] | None = None,
) -> Isotherm:
    """Sample the lithium content and its fluctuations over a range of chemical potentials.

    Half of the replicas start empty, half full; sweeps are doubled until both halves agree.

    Parameters
    ----------
    model : Model
        Lattice and interactions.
    temperature : float
        [K].
    size : int
        Cells along every vector.
    replicas : int
        Independent supercells at every chemical potential, 8 or more.
    sweeps : int
        Times that every site draws its content, in the first attempt.
    potentials : sequence of float, optional
        Chemical potentials of the lattice part, without the mean field [eV]; a range that fills and empties
        the lattice where left out.
    seed : int
        Of the random numbers.
    progress : callable, optional
        Called with sweeps done, sweeps asked for, and a text.

    Raises
    ------
    AtomisticError
        If the temperature is not positive, replicas are too few, or empty and full starts do not meet:
        lithium separates into phases, or orders too slowly.
    """
    check_temperature(temperature)
    require_samples(replicas, "replicas", 8)
    lattice, shape = model.lattice, (size,) * model.lattice.dimensions
    thermal = K_B_EV * temperature
    mu = _grid(model.energies, lattice, thermal) if potentials is None else np.asarray(potentials, float)
    filling = Filling.of(lattice.site_count(shape), model.blocked, 0.5)
    with jax.enable_x64(True):
        chain = _Chain(lattice, shape, model.energies, filling, mu, thermal, replicas, seed)
        for doubling in range(_DOUBLINGS + 1):
            totals, squares = chain.run(sweeps * 2**doubling, progress)
            free = filling.free
            gap = _start_gap(totals / free)
            if gap <= 1.0:
                mixed = filling.blocked > 0
                return Isotherm(model.energies, temperature, mu, totals, squares, free, mixed)
    raise AtomisticError(
        "Lattices that start empty and full do not reach the same lithium content in "
        f"{sweeps * 2**_DOUBLINGS} sweeps: {gap:.1f} times the allowed difference",
        key="temperature",
        value=temperature,
        fix="raise the temperature: below a critical one, lithium separates or orders in phases",
    )


def _grid(interactions: Interactions, lattice: Lattice, thermal: float) -> np.ndarray:
    """Return chemical potentials [eV] from an almost empty to an almost full lattice."""
    counts = [lattice.displacements(shell).shape[1] for shell in range(1, len(interactions.pairs) + 1)]
    terms = [count * pair for count, pair in zip(counts, interactions.pairs, strict=True)]
    if interactions.triangle:
        # a corner of a triangle is shared by the pairs of neighbours that touch
        touching = np.abs(
            np.linalg.norm(lattice.displacements()[0][:, None] - lattice.displacements()[0], axis=-1) - 1
        )
        terms.append(interactions.triangle * (touching < 1e-6).sum() / 2)
    low = interactions.site + min(0.0, sum(t for t in terms if t < 0)) - _MARGIN * thermal
    high = interactions.site + sum(t for t in terms if t > 0) + _MARGIN * thermal
    return np.linspace(low, high, int(np.ceil((high - low) / (_STEP * thermal))) + 1)


def _start_gap(contents: np.ndarray) -> float:
    """Return how far empty (even) and full (odd) starts are apart, over what is allowed.

    Allowed are 4.5 standard errors at every chemical potential, or 0.1 % of the sites.
    """
    empty, full = contents[0::2], contents[1::2]
    error = np.sqrt(empty.var(0, ddof=1) / len(empty) + full.var(0, ddof=1) / len(full))
    return float((np.abs(empty.mean(0) - full.mean(0)) / np.maximum(4.5 * error, 1e-3)).max())


def colours(lattice: Lattice, shape: Sequence[int], shells: int) -> list[np.ndarray]:
    """Split the sites into groups without interactions inside, greedily.

    Parameters
    ----------
    lattice, shape
        The supercell.
    shells : int
        Range of the interactions; 0 for none.
    """
    if shells == 0:
        return [np.arange(lattice.site_count(shape))]
    neighbours = np.concatenate([lattice.neighbours(shape, s) for s in range(1, shells + 1)], axis=1)
    colour = np.full(len(neighbours), -1)
    for site, around in enumerate(neighbours):
        taken = set(colour[around].tolist())
        colour[site] = next(c for c in range(len(neighbours)) if c not in taken)
    return [np.flatnonzero(colour == c) for c in range(colour.max() + 1)]


class _Chain:
    """Replicas at all chemical potentials, side by side as columns."""

    def __init__(
        self,
        lattice: Lattice,
        shape: Sequence[int],
        interactions: Interactions,
        filling: Filling,
        mu: np.ndarray,
        thermal: float,
        replicas: int,
        seed: int,
    ) -> None:
        interacting = any(interactions.pairs) or interactions.triangle
        groups = colours(lattice, shape, interactions.shells if interacting else 0)
        self._groups = tuple(jnp.asarray(group, jnp.int32) for group in groups)
        self._tables = field_tables(lattice, shape, interactions)
        self._columns = (replicas, len(mu))
        self._reduced = jnp.asarray(np.tile((mu - interactions.site) / thermal, replicas), jnp.float32)
        self._thermal = jnp.float32(thermal)
        rng = np.random.default_rng(seed)
        metals = np.array([filling.metals(rng) for _ in range(replicas)])
        self._free = jnp.asarray(np.repeat(~metals.T, len(mu), axis=1))
        full = np.repeat(np.arange(replicas) % 2 == 1, len(mu))
        self._lithium = self._free & jnp.asarray(full)[None]
        self._streams = seeded(seed + 1, (max(map(len, groups)), replicas * len(mu)))

    def run(
        self, sweeps: int, progress: Callable[[int, int, str], None] | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Sweep; return means of the number of lithium and of its square (replicas, potentials)."""
        self._sweep(max(1, sweeps // _BURN_IN))
        parts = max(1, min(10, sweeps // 100))
        sums = np.zeros((2, *self._columns))
        for part in range(parts):
            sums += self._sweep(sweeps // parts)
            if progress is not None:
                progress(part + 1, parts, f"chemical potential, {sweeps} sweeps")
        mean = sums / (parts * (sweeps // parts))
        return mean[0], mean[1]

    def _sweep(self, count: int) -> np.ndarray:
        self._lithium, self._streams, sums = _sweeps(
            self._lithium,
            self._free,
            self._streams,
            self._groups,
            self._tables,
            self._reduced,
            self._thermal,
            jnp.int32(count),
        )
        return np.asarray(sums).reshape(2, *self._columns)


@partial(jax.jit)
def _sweeps(
    lithium: jax.Array,
    free: jax.Array,
    streams: Streams,
    groups: tuple[jax.Array, ...],
    tables: FieldTables,
    reduced: jax.Array,
    thermal: jax.Array,
    count: jax.Array,
) -> tuple[jax.Array, Streams, jax.Array]:
    """Let every site of (N, columns) draw its content ``count`` times; sum up lithium and its square."""
    neighbours, strength, corners, triangle = tables

    def sweep(_: int, now: tuple[jax.Array, Streams, jax.Array]) -> tuple[jax.Array, Streams, jax.Array]:
        lithium, streams, sums = now
        for group in groups:
            field = jnp.zeros((len(group), lithium.shape[1]), jnp.float32)
            for shell in range(neighbours.shape[1]):
                field = field + jnp.where(lithium[neighbours[group, shell]], strength[shell], 0.0)
            if corners is not None:
                field = field + triangle * lithium[corners[group]].all(2).sum(1)
            bits, streams = draw(streams)
            filled = uniform(bits[: len(group)]) * (1.0 + jnp.exp(field / thermal - reduced[None])) <= 1.0
            lithium = lithium.at[group].set(filled & free[group], unique_indices=True)
        total = lithium.sum(0).astype(jnp.float64)
        return lithium, streams, sums + jnp.stack([total, total**2])

    start = (lithium, streams, jnp.zeros((2, lithium.shape[1]), jnp.float64))
    return jax.lax.fori_loop(0, count, sweep, start)
