"""A supercell as the arrays of the hot loop: bonds, tables of rates, and how often each bond is tried."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import jax.numpy as jnp
import numpy as np

from microcell.errors import AtomisticError

from .bonds import Bonds
from .filling import Filling
from .kernel import Rules
from .model import Model
from .network import Disorder
from .rates import Acceptance, classes

_MOST_BONDS = 65536
"""Bonds that 32 random bits are divided into."""


@dataclass(frozen=True, eq=False)
class Supercell:
    """What all groups of replicas have in common.

    Attributes
    ----------
    model : Model
        The lattice model.
    shape : tuple of int
        Cells along every vector.
    filling : Filling
        What is on the sites.
    thermal : float
        kT [eV].
    bonds : Bonds
        Hops in both directions.
    """

    model: Model
    shape: tuple[int, ...]
    filling: Filling
    thermal: float
    bonds: Bonds

    @classmethod
    def of(cls, model: Model, size: int, x: float, thermal: float) -> Supercell:
        """Set up a supercell with a content x next to the one given.

        Raises
        ------
        AtomisticError
            If it is too small or too large, or cannot show the content.
        """
        lattice, shape = model.lattice, (size,) * model.lattice.dimensions
        filling = Filling.of(lattice.site_count(shape), model.blocked, x)
        bonds = Bonds.of(lattice, shape, model.energies.shells)
        if len(bonds.sites) // 2 > _MOST_BONDS:
            raise AtomisticError(
                "The supercell is too large for the random numbers",
                key="size",
                value=f"{size} cells along every vector, {len(bonds.sites) // 2} bonds",
                allowed=f"up to {_MOST_BONDS} bonds",
                fix="take more replicas of a smaller supercell",
            )
        return cls(model, shape, filling, thermal, bonds)

    @cached_property
    def acceptance(self) -> Acceptance:
        """Rates of all hops, over the attempt frequency."""
        gates = self.model.hop_barriers.gates(self.bonds)
        return Acceptance.of(self.bonds, self.model.energies, gates, self.thermal)

    @cached_property
    def undirected(self) -> tuple[np.ndarray, np.ndarray]:
        """Sites (B, 2 + M) and types (B,) of all bonds, see `Bonds.undirected`."""
        return self.bonds.undirected()

    def largest_rates(self, metals: np.ndarray) -> np.ndarray:
        """Return the largest rate (B,) of every bond among metals (N,), over the attempt frequency."""
        sites, kind = self.undirected
        free = ~metals[sites[:, :2]].any(1)
        return np.where(free, self.acceptance.largest(kind, metals[sites[:, 2:]]), 0.0)

    @cached_property
    def disorder(self) -> Disorder:
        """How conductive arrangements of metals are beside each other."""
        return Disorder.of(self.model, self.shape[0], self.thermal)

    def rules(self, metals: np.ndarray, largest: np.ndarray) -> Rules:
        """Return what hops depend on.

        Parameters
        ----------
        metals : (N,) array of bool
            Where immobile metals are.
        largest : (B,) array
            Their `largest_rates`.
        """
        sites, kind = self.undirected
        keep, instead = alias(largest)
        group = classes(self.acceptance.metal_weights, kind, metals[sites[:, 2:]])
        scale = np.divide(self.acceptance.rates.max(), largest, out=np.zeros_like(largest), where=largest > 0)
        return self._common._replace(
            base=jnp.asarray(group * self.acceptance.rates.shape[1], jnp.int32),
            bond=(jnp.asarray(keep, jnp.float32), jnp.asarray(instead, jnp.int32)),
            scale=jnp.asarray(scale, jnp.float32),
        )

    @cached_property
    def _common(self) -> Rules:
        """The rules but for what depends on metals."""
        acceptance, (sites, kind) = self.acceptance, self.undirected
        integer, nothing, needed = acceptance.integer, jnp.zeros(0), acceptance.needed
        triangles = None
        if acceptance.corners.shape[1]:
            corners = jnp.asarray(np.searchsorted(needed, acceptance.corners), jnp.int32)
            triangles = (corners, jnp.asarray(acceptance.corner_weights.astype(integer)))
        return Rules(
            sites=jnp.asarray(sites[:, needed], jnp.int32),
            kind=jnp.asarray(kind, jnp.int32),
            base=nothing,
            bond=(nothing, nothing),
            weights=jnp.asarray(acceptance.weights[:, needed].astype(integer)),
            constant=jnp.asarray(np.array(acceptance.constant).astype(integer)),
            triangles=triangles,
            code=jnp.asarray(self.bonds.code, jnp.int64),
            table=jnp.asarray(acceptance.rates.ravel() / acceptance.rates.max(), jnp.float32),
            scale=nothing,
            vectors=jnp.asarray(self.bonds.lattice.vectors, jnp.float64),
        )


def alias(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return tables to draw numbers in proportion to weights from two random numbers.

    Draw n evenly; keep it with probability ``keep[n]``, else take ``instead[n]`` (Walker 1977, doi
    10.1145/355744.355749).

    Parameters
    ----------
    weights : (n,) array
        Zero or more; all zero are taken as all equal.

    Returns
    -------
    keep, instead : (n,) arrays
    """
    total = weights.sum()
    share = weights * len(weights) / total if total > 0 else np.ones(len(weights))
    keep, instead = share.copy(), np.arange(len(weights))
    small, large = list(np.flatnonzero(share < 1.0)), list(np.flatnonzero(share >= 1.0))
    while small and large:
        low, high = small.pop(), large[-1]
        instead[low] = high
        keep[high] -= 1.0 - keep[low]
        if keep[high] < 1.0:
            small.append(large.pop())
    keep[[*small, *large]] = 1.0  # what rounding has left over
    return keep, instead
