"""Energy of lithium on a lattice: a local cluster expansion of site, pair and triangle terms.

``E = sum_i e n_i + sum_shell J_s sum_pairs n_i n_j + J_3 sum_triangles n_i n_j n_k + N u(x)``. The last term
is a mean field: interactions so long-ranged that only the mean lithium content x counts. It shifts the
chemical potential by ``du/dx`` and leaves all hops and the order of lithium on the lattice alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import Chebyshev

from .bonds import Bonds
from .lattice import Lattice


@dataclass(frozen=True)
class Interactions:
    """A local cluster expansion, energies in eV.

    Attributes
    ----------
    site : float
        Energy e of a lithium on a site.
    pairs : tuple of float
        Pair energies J_s by shell of neighbours, nearest first; positive repels.
    triangle : float
        Energy J_3 of three mutual nearest neighbours.
    mean_field : tuple of float
        Chebyshev coefficients of du/dx on ``mean_field_window``.
    mean_field_window : (float, float)
        Range of x in which the mean field is known.
    """

    site: float = 0.0
    pairs: tuple[float, ...] = ()
    triangle: float = 0.0
    mean_field: tuple[float, ...] = ()
    mean_field_window: tuple[float, float] = (0.0, 1.0)

    @property
    def shells(self) -> int:
        """How many shells of neighbours a site interacts with, at least one."""
        return max(1, len(self.pairs))

    def energy(self, lattice: Lattice, shape: Sequence[int], occupation: np.ndarray) -> np.ndarray:
        """Return the energy [eV] of configurations (..., N) of zeros and ones, without the mean field.

        In a supercell two cells wide a pair that touches through two borders counts twice.
        """
        lithium = np.asarray(occupation, dtype=np.float64)
        total = self.site * lithium.sum(-1)
        for shell, strength in enumerate(self.pairs, start=1):
            around = lithium[..., lattice.neighbours(shape, shell)].sum(-1)
            total = total + 0.5 * strength * (lithium * around).sum(-1)
        if self.triangle:
            corners = triangle_corners(lattice, shape)
            products = lithium[..., corners[..., 0]] * lithium[..., corners[..., 1]]
            total = total + self.triangle / 3.0 * (lithium * products.sum(-1)).sum(-1)
        return total

    def mean_field_potential(self, x: np.ndarray) -> np.ndarray:
        """Return du/dx [eV] at contents x; zero where the expansion has no mean field."""
        return self._field()(np.asarray(x, dtype=np.float64))

    def mean_field_slope(self, x: np.ndarray) -> np.ndarray:
        """Return d2u/dx2 [eV] at contents x."""
        return self._field().deriv()(np.asarray(x, dtype=np.float64))

    def _field(self) -> Chebyshev:
        return Chebyshev(self.mean_field or (0.0,), domain=self.mean_field_window)

    def pair_weights(self, bonds: Bonds) -> np.ndarray:
        """Return by how much (b*z, M) [eV] each site of the environment favours the near end of a bond.

        The energy changes by their sum over occupied sites when lithium moves from the near to the far end.
        """
        strength = np.zeros(self.shells + 1)
        strength[1 : len(self.pairs) + 1] = self.pairs
        return strength[bonds.far] - strength[bonds.near]


def triangle_corners(lattice: Lattice, shape: Sequence[int]) -> np.ndarray:
    """Return for every site (N, t, 2) the pairs of its neighbours that are neighbours of each other."""
    steps = lattice.displacements()
    neighbours = lattice.neighbours(shape)
    rows = []
    for vectors in steps:
        apart = np.linalg.norm(vectors[:, None] - vectors[None], axis=-1)
        rows.append(np.argwhere(np.triu(np.abs(apart - 1.0) < 1e-6)))
    pairs = np.array(rows)[np.arange(len(neighbours)) % len(lattice.basis)]
    return neighbours[np.arange(len(neighbours))[:, None, None], pairs]
