"""Crystal lattices as periodic neighbour tables, lengths in units of the nearest-neighbour distance."""

from __future__ import annotations

import itertools
import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from microcell.errors import AtomisticError, did_you_mean

_REACH = 3
"""Cells searched in every direction for neighbours: enough for the first four shells of all lattices."""

_TOLERANCE = 1e-9


def data_text(filename: str) -> str:
    """Return the text of a data file of this package."""
    return (resources.files("microcell.atomistic.kmc") / "data" / filename).read_text(encoding="utf-8")


@dataclass(frozen=True, eq=False)
class Lattice:
    """A lattice of equivalent sites in two or three dimensions.

    Sites of a periodic supercell are numbered ``cell * b + basis site``, cells in C order (last vector
    fastest).

    Attributes
    ----------
    name : str
        What it is called.
    vectors : (d, d) array
        Primitive vectors as rows, in units of the nearest-neighbour distance.
    basis : (b, d) array
        Sites of the primitive cell as fractions of the vectors.

    Examples
    --------
    >>> lattice = Lattice.named("triangular")
    >>> lattice.neighbours((4, 4)).shape
    (16, 6)
    """

    name: str
    vectors: np.ndarray
    basis: np.ndarray

    @classmethod
    def named(cls, name: str) -> Lattice:
        """Return a lattice by its common name.

        Parameters
        ----------
        name : str
            "square", "triangular", "honeycomb", "simple cubic", "bcc", "fcc", "diamond" or "hcp".

        Raises
        ------
        AtomisticError
            If there is no such lattice.
        """
        known = _known()
        if name not in known:
            raise AtomisticError(
                "This lattice is not known",
                key="lattice",
                value=repr(name),
                allowed=", ".join(known),
                fix=did_you_mean(name, known),
            )
        return known[name]

    @property
    def dimensions(self) -> int:
        """Number of dimensions d."""
        return len(self.vectors)

    @property
    def coordination(self) -> int:
        """Number of nearest neighbours z of every site."""
        return self.displacements().shape[1]

    def site_count(self, shape: Sequence[int]) -> int:
        """Return the number of sites N of a supercell."""
        return math.prod(self._checked(shape)) * len(self.basis)

    def coordinates(self, shape: Sequence[int]) -> np.ndarray:
        """Return the positions (N, d) of all sites of a supercell, in nearest-neighbour distances."""
        cells = np.indices(self._checked(shape)).reshape(self.dimensions, -1).T
        fractions = cells[:, None, :] + self.basis[None, :, :]
        return fractions.reshape(-1, self.dimensions) @ self.vectors

    def displacements(self, shell: int = 1) -> np.ndarray:
        """Return the vectors (b, z, d) from every basis site to its neighbours, in the neighbours' order.

        Parameters
        ----------
        shell : int
            1 for nearest neighbours, 2 for the next distance, up to 4.
        """
        offsets, ends = _shell(self, shell)
        starts = self.basis[:, None, :]
        return (offsets + self.basis[ends] - starts) @ self.vectors

    def neighbours(self, shape: Sequence[int], shell: int = 1) -> np.ndarray:
        """Return the neighbours (N, z) of every site of a periodic supercell, as site numbers.

        Neighbour k of a site with basis number s lies at ``displacements(shell)[s, k]``. In a supercell
        only two cells wide the same site can be a neighbour through two borders; it then appears twice.

        Parameters
        ----------
        shape : sequence of int
            Number of primitive cells along every vector.
        shell : int
            1 for nearest neighbours, 2 for the next distance, up to 4.
        """
        offsets, ends = _shell(self, shell)
        return self.numbers(shape, offsets, ends).reshape(-1, offsets.shape[1])

    def numbers(self, shape: Sequence[int], offsets: np.ndarray, basis: np.ndarray) -> np.ndarray:
        """Return site numbers (cells, ...) at offsets (..., d) from every cell, basis numbers (...)."""
        shape = self._checked(shape)
        cells = np.indices(shape).reshape(self.dimensions, -1).T
        there = cells.reshape(-1, *([1] * (offsets.ndim - 1)), self.dimensions) + offsets[None]
        number = np.ravel_multi_index(tuple(np.moveaxis(there, -1, 0)), shape, mode="wrap")
        return number * len(self.basis) + basis[None]

    def reverse(self) -> np.ndarray:
        """Return for every basis site and direction (b, z) the direction that leads back."""
        offsets, ends = _shell(self, 1)
        back = np.empty(ends.shape, dtype=np.int64)
        for start, k in np.ndindex(ends.shape):
            same = (offsets[ends[start, k]] == -offsets[start, k]).all(-1) & (ends[ends[start, k]] == start)
            back[start, k] = np.flatnonzero(same)[0]
        return back

    def steps(self, shell: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Return cell offsets (b, z, d) and basis numbers (b, z) of the neighbours of a shell."""
        return _shell(self, shell)

    def _checked(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return a supercell's shape if it has the right length and no site is its own neighbour."""
        whole = tuple(int(count) for count in shape)
        if len(whole) != self.dimensions or min(whole) < 2:
            raise AtomisticError(
                "The supercell does not fit the lattice",
                key="shape",
                value=tuple(shape),
                allowed=f"{self.dimensions} numbers of cells, each 2 or more, for the {self.name} lattice",
            )
        return whole


@cache
def _shell(lattice: Lattice, shell: int) -> tuple[np.ndarray, np.ndarray]:
    """Return cell offsets (b, z, d) and basis numbers (b, z) of the sites at the shell-th distance."""
    if not 1 <= shell <= 4:
        raise AtomisticError("Neighbours this far are not listed", key="shell", value=shell, allowed="1 to 4")
    span = range(-_REACH, _REACH + 1)
    cells = np.array(list(itertools.product(span, repeat=lattice.dimensions)))
    offsets = np.repeat(cells, len(lattice.basis), axis=0)
    ends = np.tile(np.arange(len(lattice.basis)), len(cells))
    chosen = []
    for start in lattice.basis:
        lengths = np.linalg.norm((offsets + lattice.basis[ends] - start) @ lattice.vectors, axis=1)
        shells = np.unique(lengths[lengths > _TOLERANCE].round(9))
        chosen.append(np.flatnonzero(np.abs(lengths - shells[shell - 1]) < 1e-6))
    index = np.array(chosen)
    return offsets[index], ends[index]


def _build(name: str, entry: dict[str, Any]) -> Lattice:
    """Make a lattice from its entry in the data file and check its coordination number."""
    exact = np.array(entry["vectors"], dtype=np.float64)
    fractions = np.array(entry["basis"], dtype=np.float64)
    lattice = Lattice(
        name,
        vectors=exact[..., 0] * np.sqrt(exact[..., 1]) / exact[..., 2],
        basis=fractions[..., 0] / fractions[..., 1],
    )
    if lattice.coordination != entry["coordination"]:
        raise AtomisticError(
            "The lattice has the wrong number of nearest neighbours",
            file="lattices.toml",
            key=f"{name}.coordination",
            value=lattice.coordination,
            allowed=entry["coordination"],
        )
    return lattice


@cache
def _known() -> dict[str, Lattice]:
    """Return all lattices of the data file."""
    return {name: _build(name, entry) for name, entry in tomllib.loads(data_text("lattices.toml")).items()}
