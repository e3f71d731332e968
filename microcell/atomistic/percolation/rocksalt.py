"""Lithium percolation in rocksalt-type oxides Li_x TM_(2-x) O2, from layered to disordered.

Lithium hops between octahedral sites of an fcc cation lattice through tetrahedra; each tetrahedron has four
cation sites as corners, and its barrier is low only if few of them hold a metal. With no metal allowed (the
0-TM rule) two lithium ions are neighbours if a tetrahedron whose four corners are all lithium joins them.

Cations sit on alternating close-packed layers. Layered oxides keep lithium on every other layer, and lithium
in excess of x = 1 goes into the metal layers; mixing spreads both over all sites until the occupation is
random.

References
----------
Lee, Urban, Li, Su, Hautier, Ceder, Science 343 (2014) 519, doi 10.1126/science.1246432.
Urban, Lee, Ceder, Advanced Energy Materials 4 (2014) 1400478, doi 10.1002/aenm.201400478.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from microcell.atomistic.percolation.lattices import check_size
from microcell.atomistic.percolation.network import Cover, Links, bottleneck, clusters, double_cover
from microcell.errors import AtomisticError

REFERENCES = (
    "Lee, Urban, Li, Su, Hautier, Ceder 2014, doi 10.1126/science.1246432",
    "Urban, Lee, Ceder 2014, doi 10.1002/aenm.201400478",
)

MOST_LITHIUM = 2.0
"""x of Li_x TM_(2-x) O2 with lithium on every cation site."""


@dataclass(frozen=True)
class RocksaltPercolation:
    """Lithium of Li_x TM_(2-x) O2 joined through tetrahedra.

    Parameters
    ----------
    mixing : float
        Cation mixing from 0 (layered) to 1 (random); see `occupations`.
    metals : int
        Metals that a tetrahedron may have at its corners for lithium to pass: 0 is the 0-TM rule, 1 lets
        1-TM channels conduct as well. With 2 all neighbouring lithium is joined: plain site percolation.
    """

    mixing: float = 1.0
    metals: int = 0

    def __post_init__(self) -> None:
        if not 0.0 <= self.mixing <= 1.0:
            raise AtomisticError(
                "The cation mixing is out of range",
                key="mixing",
                value=self.mixing,
                allowed="0 (layered) to 1 (random)",
            )
        if self.metals not in (0, 1, 2):
            raise AtomisticError(
                "This many metals at a tetrahedron mean nothing",
                key="metals",
                value=self.metals,
                allowed="0, 1 or 2",
            )

    @property
    def label(self) -> str:
        """What it is called."""
        orders = {0.0: "layered", 1.0: "random rocksalt"}
        order = orders.get(self.mixing, f"layered with {100 * self.mixing:g} % of random mixing")
        return f"{self.metals}-TM channels, {order}"

    @property
    def variable(self) -> str:
        """The occupation."""
        return "lithium content x of Li$_x$TM$_{2-x}$O$_2$"

    @property
    def dimensions(self) -> int:
        """Three."""
        return 3

    def check_size(self, size: int) -> None:
        """Refuse supercells that are too small or hold half a period of the layers.

        Raises
        ------
        AtomisticError
            If the number of cells per edge is below 4 or odd.
        """
        check_size(size)
        if size % 2:
            raise AtomisticError(
                "Layers of lithium and metal alternate and do not fit this supercell",
                key="size",
                value=size,
                allowed="even numbers of cells per edge",
                fix=f"take {size - 1} or {size + 1}",
            )

    def threshold(self, size: int, rng: np.random.Generator, guess: float | None = None) -> float:
        """Return the lithium content x at which one random supercell wraps around.

        Its sites turn from metal to lithium in a random order while x grows.
        """
        cell = cation_supercell(size)
        weight = _link_contents(cell, self._contents(cell, rng), self.metals)
        return bottleneck(cell.cover, weight, guess)

    def connected(self, x: float, size: int, rng: np.random.Generator) -> tuple[float, float]:
        """Return how much lithium one random slab connects: a supercell with two free faces.

        Parameters
        ----------
        x : float
            Lithium content of Li_x TM_(2-x) O2, above 0 and up to 2.
        size : int
            Cells per edge.
        rng : numpy.random.Generator
            Where the occupation comes from.

        Returns
        -------
        percolating, reachable : float
            Shares of the lithium in clusters that touch both free faces, and at least one.
        """
        check_content(x)
        self.check_size(size)
        cell = cation_supercell(size)
        content = self._contents(cell, rng)
        lithium = content <= x
        if not lithium.any():
            return 0.0, 0.0
        exists = (_link_contents(cell, content, self.metals) <= x) & ~cell.crossing
        open_links = cell.links.where(exists)
        label = clusters(cell.sites + len(cell.corners), open_links)[: cell.sites]
        below = np.unique(label[cell.inlet[lithium[cell.inlet]]])
        above = np.unique(label[cell.outlet[lithium[cell.outlet]]])
        own = label[lithium]
        both, either = np.intersect1d(below, above), np.union1d(below, above)
        return float(np.isin(own, both).mean()), float(np.isin(own, either).mean())

    def _contents(self, cell: CationSupercell, rng: np.random.Generator) -> np.ndarray:
        """Draw for every site the content x from which on it holds lithium."""
        number = rng.random(cell.sites)
        return np.where(
            cell.metal_layer,
            _metal_layer_content(number, self.mixing),
            _lithium_layer_content(number, self.mixing),
        )


def check_content(x: float) -> None:
    """Refuse a lithium content outside of Li_x TM_(2-x) O2.

    Raises
    ------
    AtomisticError
        If x is not above 0 and up to 2.
    """
    if not 0.0 < x <= MOST_LITHIUM:
        raise AtomisticError(
            "The lithium content is out of range",
            key="x",
            value=x,
            allowed="above 0 and up to 2: Li_x TM_(2-x) O2 holds two cations per formula unit",
        )


def occupations(x: float, mixing: float) -> tuple[float, float]:
    """Return the lithium occupation of the lithium layers and of the metal layers.

    ``(1 - m) p_layered + m x / 2`` with p_layered = (min(x, 1), max(x - 1, 0)). The metal on lithium layers,
    by which experiments count mixing, is 1 less the first of them: m (1 - x / 2) for x of 1 or more.

    Parameters
    ----------
    x : float
        Lithium content of Li_x TM_(2-x) O2.
    mixing : float
        m from 0 (layered) to 1 (random).
    """
    return (
        (1.0 - mixing) * min(x, 1.0) + mixing * x / 2.0,
        (1.0 - mixing) * max(x - 1.0, 0.0) + mixing * x / 2.0,
    )


def _lithium_layer_content(number: np.ndarray, mixing: float) -> np.ndarray:
    """Invert the first of `occupations`."""
    knee = 1.0 - mixing / 2.0
    above = 1.0 + (number - knee) * (2.0 / mixing if mixing else 0.0)
    return np.where(number <= knee, number / knee, above)


def _metal_layer_content(number: np.ndarray, mixing: float) -> np.ndarray:
    """Invert the second of `occupations`."""
    knee = mixing / 2.0
    below = number * (2.0 / mixing if mixing else 0.0)
    return np.where(number <= knee, below, 1.0 + (number - knee) / (1.0 - knee))


@dataclass(frozen=True, eq=False)
class CationSupercell:
    """Cation sites and tetrahedra of size^3 primitive fcc cells.

    Nodes are the sites, then the tetrahedra. Layers are stacked along the third vector, so faces normal to
    the first cut through all of them.

    Attributes
    ----------
    sites : int
        Number of sites.
    metal_layer : bool array, shape (sites,)
        Whether a site belongs to a metal layer of the layered oxide.
    corners : int array, shape (t, 4)
        Sites at the corners of every tetrahedron.
    links : Links
        From tetrahedron to corner, (t, 4) flattened.
    crossing : bool array, shape (4 t,)
        Whether a link leaves the supercell through a face normal to the first vector.
    inlet, outlet : int array
        Sites at the two sides of that face.
    cover : Cover
        Two supercells, one after the other along the first vector.
    """

    sites: int
    metal_layer: np.ndarray
    corners: np.ndarray
    links: Links
    crossing: np.ndarray
    inlet: np.ndarray
    outlet: np.ndarray
    cover: Cover


@lru_cache(maxsize=8)
def cation_supercell(size: int) -> CationSupercell:
    """Return the supercell of ``size`` primitive cells per edge.

    The origin and three primitive vectors of fcc are the corners of a tetrahedron; so are their negatives.
    """
    cells = np.indices((size, size, size)).reshape(3, -1).T
    corner = np.concatenate([np.zeros((1, 3), dtype=int), np.eye(3, dtype=int)])
    place = np.concatenate([cells[:, None, :] + sign * corner for sign in (1, -1)])
    crossing = ((place[..., 0] < 0) | (place[..., 0] >= size)).reshape(-1)
    corners = np.ravel_multi_index(tuple(np.moveaxis(place % size, -1, 0)), (size,) * 3).astype(np.int32)
    sites, nodes = len(cells), len(cells) + len(corners)
    links = Links(np.repeat(np.arange(sites, nodes, dtype=np.int32), 4), corners.reshape(-1))
    inlet = np.flatnonzero(cells[:, 0] == 0).astype(np.int32)
    outlet = np.flatnonzero(cells[:, 0] == size - 1).astype(np.int32)
    cover = double_cover(nodes, links, crossing, inlet)
    return CationSupercell(sites, cells[:, 2] % 2 == 1, corners, links, crossing, inlet, outlet, cover)


def _link_contents(cell: CationSupercell, content: np.ndarray, metals: int) -> np.ndarray:
    """Return the content x from which on lithium passes between each tetrahedron and corner."""
    at_corners = content[cell.corners]
    if metals == 0:
        return np.repeat(at_corners.max(axis=1), 4)
    enough = np.partition(at_corners, 3 - metals, axis=1)[:, 3 - metals]
    return np.maximum(at_corners, enough[:, None]).reshape(-1)
