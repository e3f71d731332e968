"""Every hop of a supercell with the sites around it: what energies and barriers are evaluated on.

A bond is a directed pair of nearest neighbours, numbered ``site * z + direction``; its type is
``basis site * z + direction``. Its environment lists the other sites within the range of the interactions
of either end, in the same order around every bond of one type.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from microcell.errors import AtomisticError

from .lattice import Lattice

CODE_UNIT = 12
"""Displacements are counted in this fraction of a lattice vector: the bases of all lattices are multiples."""

CODE_BITS = 21
"""Bits per component of a displacement that is packed into one 64-bit integer."""


@dataclass(frozen=True, eq=False)
class Bonds:
    """The hops of a supercell.

    Attributes
    ----------
    lattice : Lattice
        Of which lattice.
    sites : (N*z, 1 + M) array of int32
        The far end of every bond, then its environment.
    near, far : (b*z, M) arrays of int
        By type of bond: of which shell (1, 2, ...; 0 for none) of the near and of the far end each site of
        the environment is.
    places : (b*z, M, d) array
        Positions of the environment beside the near end [nearest-neighbour distances].
    code : (b*z,) array of int64
        Displacement along each type of bond, see `unpack`.
    """

    lattice: Lattice
    sites: np.ndarray
    near: np.ndarray
    far: np.ndarray
    places: np.ndarray
    code: np.ndarray

    @classmethod
    def of(cls, lattice: Lattice, shape: Sequence[int], shells: int = 1) -> Bonds:
        """List the bonds of a periodic supercell.

        Parameters
        ----------
        lattice : Lattice
            Which lattice.
        shape : sequence of int
            Cells along every vector.
        shells : int
            Range of the interactions in shells of neighbours, 1 or more.

        Raises
        ------
        AtomisticError
            If the supercell is so small that a site meets its own image around a bond.
        """
        count, z = lattice.site_count(shape), lattice.coordination
        parts = zip(
            *(_environment(lattice, kind, shells) for kind in range(len(lattice.basis) * z)), strict=True
        )
        offsets, basis, near, far, places = map(np.array, parts)
        sites = lattice.numbers(shape, offsets, basis).reshape(count * z, -1)
        _check_distinct(np.column_stack([np.repeat(np.arange(count), z), sites]), shape)
        jumps = lattice.displacements().reshape(-1, lattice.dimensions)
        code = pack(np.rint(jumps @ np.linalg.inv(lattice.vectors) * CODE_UNIT).astype(np.int64))
        return cls(lattice, sites.astype(np.int32), near, far, places, code)

    @property
    def site_count(self) -> int:
        """Number of sites N of the supercell."""
        return len(self.sites) // self.lattice.coordination

    def undirected(self) -> tuple[np.ndarray, np.ndarray]:
        """Return every bond in one direction only: near end, far end, environment (B, 2 + M); types (B,)."""
        near = np.arange(len(self.sites)) // self.lattice.coordination
        chosen = np.flatnonzero(near < self.sites[:, 0])
        return np.column_stack([near, self.sites])[chosen], chosen % len(self.near)

    @property
    def common(self) -> np.ndarray:
        """Places (b*z, c) in the environment of the nearest neighbours that both ends share."""
        return np.array([np.flatnonzero(both) for both in (self.near == 1) & (self.far == 1)])

    def tetrahedra(self) -> np.ndarray:
        """Return the tetrahedra on each type of bond by their other two corners, places (b*z, t, 2).

        On the fcc lattice t = 2: a hop has two ways, each through the centre of a tetrahedron. Empty (t = 0)
        on lattices without tetrahedra.
        """
        rows = [
            [pair for pair in itertools.combinations(shared, 2) if _touch(places, *pair)]
            for shared, places in zip(self.common, self.places, strict=True)
        ]
        return np.array(rows, dtype=np.int64).reshape(len(rows), -1, 2)

    def triangles(self) -> tuple[np.ndarray, np.ndarray]:
        """Return pairs of the environment that close a triangle with one end, and which end.

        Returns
        -------
        pairs : (b*z, p, 2) array of int
            Places in the environment.
        sign : (b*z, p) array of int
            1 where they close a triangle with the far end, -1 with the near end.
        """
        pairs, signs = [], []
        for near, far, places in zip(self.near, self.far, self.places, strict=True):
            found = [
                (pair, sign)
                for sign, end in ((1, far), (-1, near))
                for pair in itertools.combinations(np.flatnonzero(end == 1), 2)
                if _touch(places, *pair)
            ]
            pairs.append([pair for pair, _ in found])
            signs.append([sign for _, sign in found])
        return np.array(pairs, dtype=np.int64).reshape(len(pairs), -1, 2), np.array(signs, dtype=np.int64)


def pack(components: np.ndarray) -> np.ndarray:
    """Pack integer vectors (..., d) into one integer each; sums of packed vectors are packed sums."""
    powers = np.int64(1) << (CODE_BITS * np.arange(components.shape[-1], dtype=np.int64))
    return (components * powers).sum(-1)


def unpack(code: Any, dimensions: int) -> list[Any]:
    """Return the components of packed vectors, one array per dimension; works on NumPy and JAX arrays."""
    half, components = 1 << (CODE_BITS - 1), []
    for _ in range(dimensions):
        low = ((code + half) & (2 * half - 1)) - half
        components.append(low)
        code = (code - low) >> CODE_BITS
    return components


Environment = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _environment(lattice: Lattice, kind: int, shells: int) -> Environment:
    """Return the far end and the environment of a type of bond.

    Cell offsets (1 + M, d) and basis numbers (1 + M,) of the far end and the environment, shells around both
    ends (M,) and positions (M, d) of the environment.
    """
    start, direction = divmod(kind, lattice.coordination)
    offsets, ends = lattice.steps()
    there, end = tuple(offsets[start, direction].tolist()), int(ends[start, direction])
    near = _around(lattice, (0,) * lattice.dimensions, start, shells)
    far = _around(lattice, there, end, shells)
    others = sorted((near.keys() | far.keys()) - {(there, end), ((0,) * lattice.dimensions, start)})
    listed = [(there, end), *others]
    cells, basis = np.array([cell for cell, _ in listed]), np.array([number for _, number in listed])
    places = (cells + lattice.basis[basis] - lattice.basis[start]) @ lattice.vectors
    shell = [np.array([around.get(site, 0) for site in others], dtype=np.int64) for around in (near, far)]
    return cells, basis, shell[0], shell[1], places[1:]


def _around(
    lattice: Lattice, cell: tuple[int, ...], basis: int, shells: int
) -> dict[tuple[tuple[int, ...], int], int]:
    """Return the shell of every site within range of one site."""
    found = {}
    for shell in range(1, shells + 1):
        offsets, ends = lattice.steps(shell)
        for offset, end in zip(offsets[basis] + np.array(cell), ends[basis], strict=True):
            found[tuple(offset.tolist()), int(end)] = shell
    return found


def _touch(places: np.ndarray, first: Any, second: Any) -> bool:
    """Whether two sites of the environment are nearest neighbours."""
    return abs(float(np.linalg.norm(places[first] - places[second])) - 1.0) < 1e-6


def _check_distinct(rows: np.ndarray, shape: Sequence[int]) -> None:
    ordered = np.sort(rows, axis=1)
    if (ordered[:, 1:] == ordered[:, :-1]).any():
        raise AtomisticError(
            "The supercell is too small: around a hop, a site meets its own periodic image",
            key="shape",
            value=tuple(shape),
            fix="take more cells along every vector",
        )
