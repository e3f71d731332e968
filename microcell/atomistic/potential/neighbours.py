"""Neighbours within a cut-off in a periodic cell, as padded arrays of images.

A k-d tree (SciPy) over the images near the cell finds the pairs in O(N log N); the list is kept for as long
as no particle can have come into reach unseen (Verlet 1967, with a skin).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.spatial import cKDTree

from .system import Neighbours

SHELL_REACH = 1.5
"""A core and its own shell count as one ion up to this distance [A]; other images lie farther away."""


@dataclass
class NeighbourList:
    """Neighbours that are found again only when particles have moved far enough.

    Attributes
    ----------
    cutoff : float
        Reach of the pair energies [A].
    skin : float
        Extra reach of the list [A].
    builds : int
        How often it was built.
    """

    cutoff: float
    skin: float = 1.0
    builds: int = 0
    _positions: np.ndarray = field(default_factory=lambda: np.empty((0, 3)), repr=False)
    _cell: np.ndarray = field(default_factory=lambda: np.eye(3), repr=False)
    _images: int = 0
    _capacity: int = 0

    def holds(self, positions: np.ndarray, cell: np.ndarray) -> bool:
        """Whether every pair within the cut-off is still in the list.

        A pair that was farther than cut-off and skin has after a strain F at least the smallest singular
        value of F times that distance, less twice the farthest way a particle went beside the strain.
        """
        if positions.shape != self._positions.shape:
            return False
        strain = np.linalg.solve(self._cell, cell)
        farthest = np.sqrt(np.max(np.sum((positions - self._positions @ strain) ** 2, axis=1), initial=0.0))
        least = np.linalg.svd(strain, compute_uv=False)[-1]
        return bool(least * (self.cutoff + self.skin) - 2.0 * farthest >= self.cutoff)

    def build(
        self,
        positions: np.ndarray,
        cell: np.ndarray,
        kind: np.ndarray,
        table: np.ndarray,
        partner: np.ndarray,
    ) -> Neighbours:
        """Find the neighbours.

        Parameters
        ----------
        positions : (particles, 3) array
            Positions [A], anywhere in space.
        cell : (3, 3) array
            Cell vectors as rows [A].
        kind : (particles,) int array
            Kind of every particle.
        table : (kinds, kinds) int array
            Number of the Buckingham pair of two kinds.
        partner : (particles,) int array
            Core of a shell and shell of a core, -1 for rigid ions: these do not see each other here.
        """
        reach = self.cutoff + self.skin
        owner, shift = _images(positions, cell, reach)
        points = positions[owner] + shift @ cell
        tree, own = cKDTree(points), cKDTree(points[: len(positions)])
        found = own.sparse_distance_matrix(tree, reach, output_type="ndarray")
        first, second, distance = found["i"], found["j"], found["v"]
        same_ion = (owner[second] == partner[first]) & (distance < SHELL_REACH)
        keep = _one_of_two(first, second, owner, shift) & ~same_ion
        first, second = first[keep], second[keep]
        self._positions, self._cell, self.builds = positions.copy(), cell.copy(), self.builds + 1
        index = self._padded(first, second, len(positions))
        owner, shift = self._padded_images(owner, shift)
        other = owner[index]
        return Neighbours(owner, shift, index, other, table[kind[None, :], kind[other]].astype(np.int32))

    def _padded(self, first: np.ndarray, second: np.ndarray, count: int) -> np.ndarray:
        """Write the pairs as one column per particle; columns keep their length until they are too short."""
        order = np.argsort(first, kind="stable")
        first, second = first[order], second[order]
        numbers = np.bincount(first, minlength=count)
        self._capacity = _grown(self._capacity, int(numbers.max(initial=0)))
        place = np.arange(len(first)) - np.repeat(np.cumsum(numbers) - numbers, numbers)
        index = np.repeat(np.arange(count, dtype=np.int32)[None, :], self._capacity, axis=0)
        index[place, first] = second
        return index

    def _padded_images(self, owner: np.ndarray, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self._images = _grown(self._images, len(owner))
        spare = self._images - len(owner)
        return np.pad(owner, (0, spare)).astype(np.int32), np.pad(shift, ((0, spare), (0, 0)))


def _one_of_two(first: np.ndarray, second: np.ndarray, owner: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Choose each pair once, and so that all particles get about as many.

    Between two particles the parity of their numbers decides which one has the pair; between images of one
    particle, of two opposite cell vectors, the one that is first in the alphabet.
    """
    other = owner[second]
    chosen = ((first + other) % 2 == 0) == (first < other)
    own = np.flatnonzero(first == other)
    x, y, z = (shift[second[own]] - shift[first[own]]).T
    chosen[own] = (x > 0) | ((x == 0) & ((y > 0) | ((y == 0) & (z > 0))))
    return chosen


def _grown(capacity: int, needed: int) -> int:
    """Return the capacity as it is if it suffices, or the next of a coarse series: 8, 10, 12, 14, 16, 20 ...

    Few sizes mean few programs, since each is compiled for its own.
    """
    if capacity >= needed > 0:
        return capacity
    octave = 2 ** max(1, int(np.ceil(np.log2(max(needed, 1)))) - 3)
    return octave * int(np.ceil((needed + 1) / octave))


def _images(positions: np.ndarray, cell: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """List owner and shift of the images inside the cell (first) and within reach of it."""
    fractional = positions @ np.linalg.inv(cell)
    heights = 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    margin = reach / heights
    home = -np.floor(fractional)
    inside = fractional + home
    owner, shift = np.arange(len(positions)), np.zeros((len(positions), 3))
    for axis in range(3):
        turns = np.arange(-np.ceil(margin[axis]) - 1, np.ceil(margin[axis]) + 2)
        place = inside[owner, axis][:, None] + turns[None, :]
        near = (place >= -margin[axis]) & (place <= 1.0 + margin[axis])
        row, column = np.nonzero(near)
        owner, shift = owner[row], shift[row]
        shift[:, axis] = turns[column]
    outside = np.any(shift != 0.0, axis=1)
    order = np.argsort(outside, kind="stable")
    return owner[order], (shift + home[owner])[order]
