"""Site and bond percolation on a lattice: when a cluster wraps around a periodic supercell.

Wrapping along the first vector of the supercell: without free faces the thresholds of finite supercells come
much closer to that of the infinite lattice than those of clusters that span from face to face.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Protocol

import numpy as np

from microcell.atomistic.kmc.lattice import Lattice
from microcell.atomistic.percolation.network import Cover, Links, bottleneck, double_cover
from microcell.errors import AtomisticError

LEAST_SIZE = 4
"""Cells along an edge: in a smaller supercell a site meets the same neighbour on two ways."""


class Model(Protocol):
    """A percolation model: what `scaling.sample_thresholds` needs."""

    @property
    def label(self) -> str:
        """What it is called."""

    @property
    def variable(self) -> str:
        """Name of the occupation that is raised until a cluster wraps around the supercell."""

    @property
    def dimensions(self) -> int:
        """Number of dimensions: it sets the exponent of the finite-size scaling."""

    def check_size(self, size: int) -> None:
        """Refuse a size for which the model has no supercell."""

    def threshold(self, size: int, rng: np.random.Generator, guess: float | None = None) -> float:
        """Return the occupation at which one random supercell of ``size`` cells per edge wraps around."""


@dataclass(frozen=True)
class _LatticePercolation(ABC):
    """What site and bond percolation have in common; ``kind`` is what is occupied."""

    lattice: str
    kind: ClassVar[str]

    def __post_init__(self) -> None:
        Lattice.named(self.lattice)

    @property
    def label(self) -> str:
        """What it is called."""
        return f"{self.kind} percolation, {self.lattice}"

    @property
    def variable(self) -> str:
        """The occupation."""
        return f"occupied fraction of the {self.kind}s p"

    @property
    def dimensions(self) -> int:
        """Of the lattice."""
        return Lattice.named(self.lattice).dimensions

    def check_size(self, size: int) -> None:
        """Refuse supercells that are too small; see `check_size`."""
        check_size(size)

    @abstractmethod
    def link_weights(self, cell: Supercell, rng: np.random.Generator) -> np.ndarray:
        """Return the occupation from which on every link of a random supercell is there."""

    def threshold(self, size: int, rng: np.random.Generator, guess: float | None = None) -> float:
        """Return the occupation at which one random supercell wraps around."""
        cell = supercell(self.lattice, size)
        return bottleneck(cell.cover, self.link_weights(cell, rng), guess)


@dataclass(frozen=True)
class SitePercolation(_LatticePercolation):
    """Sites are occupied with probability p; occupied nearest neighbours are joined.

    Parameters
    ----------
    lattice : str
        A name that `Lattice.named` knows.
    """

    kind: ClassVar[str] = "site"

    def link_weights(self, cell: Supercell, rng: np.random.Generator) -> np.ndarray:
        """Return the larger random number of both ends."""
        number = rng.random(cell.sites)
        return np.maximum(number[cell.links.first], number[cell.links.second])


@dataclass(frozen=True)
class BondPercolation(_LatticePercolation):
    """Bonds between nearest neighbours exist with probability p; all sites are occupied.

    Parameters
    ----------
    lattice : str
        A name that `Lattice.named` knows.
    """

    kind: ClassVar[str] = "bond"

    def link_weights(self, cell: Supercell, rng: np.random.Generator) -> np.ndarray:
        """Return a random number of each bond."""
        return rng.random(len(cell.links.first))


@dataclass(frozen=True, eq=False)
class Supercell:
    """Sites and links of a periodic supercell.

    Attributes
    ----------
    sites : int
        Number of sites.
    links : Links
        Each pair of nearest neighbours once.
    cover : Cover
        Two supercells, one after the other along the first vector.
    """

    sites: int
    links: Links
    cover: Cover


def check_size(size: int) -> None:
    """Refuse supercells that are too small.

    Raises
    ------
    AtomisticError
        If there are fewer than `LEAST_SIZE` cells along an edge.
    """
    if int(size) != size or size < LEAST_SIZE:
        raise AtomisticError(
            "The supercell is too small for percolation",
            key="size",
            value=size,
            allowed=f"a whole number of cells per edge, {LEAST_SIZE} or more",
        )


@lru_cache(maxsize=8)
def supercell(name: str, size: int) -> Supercell:
    """Return the periodic supercell of ``size`` primitive cells per edge."""
    check_size(size)
    lattice = Lattice.named(name)
    shape = (size,) * lattice.dimensions
    sites, basis = lattice.site_count(shape), len(lattice.basis)
    offsets, _ = lattice.steps()
    layer = np.arange(sites) // (basis * size ** (lattice.dimensions - 1))
    reached = layer[:, None] + np.tile(offsets[..., 0], (sites // basis, 1))
    second = lattice.neighbours(shape)
    first = np.broadcast_to(np.arange(sites)[:, None], second.shape)
    once = first < second
    links = Links(first[once].astype(np.int32), second[once].astype(np.int32))
    crossing = ((reached < 0) | (reached >= size))[once]
    start = np.flatnonzero(layer == 0).astype(np.int32)
    return Supercell(sites, links, double_cover(sites, links, crossing, start))
