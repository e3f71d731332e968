"""Lowest level at which a mobile ion gets through a periodic landscape, and the easiest path.

The points at or below a level form clusters. A cluster percolates if it meets its own periodic image: walking
along it one comes back to the same point in another cell. The cells in between are the winding of the cluster
[1]_; it percolates along the axes where the winding is not zero. The level is found by bisection over the
values of the grid.

References
----------
.. [1] J. Machta et al., Phys. Rev. E 54, 1332 (1996), doi 10.1103/PhysRevE.54.1332.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import cc3d
import numpy as np
from skimage.graph import MCP_Geometric

from ...errors import AtomisticError

Vector = tuple[int, int, int]

FACES, CORNERS = 6, 26
"""Neighbours of a grid point: those that share a face, or a corner at least."""

FLAT = 0.02
"""Added to the energy above the minimum [eV] so that among equally low paths the shortest wins."""


@dataclass(frozen=True)
class Threshold:
    """How a landscape percolates along one axis.

    Attributes
    ----------
    axis : int
        0, 1, 2 for a, b, c.
    level : float
        Lowest energy of percolation [eV].
    bottom : float
        Lowest energy of the percolating cluster [eV]: the ion starts there.
    winding : tuple of 3 int
        Cells from a point to its image on the path.
    inside : ndarray of bool, shape (na, nb, nc)
        The percolating cluster at that level.
    """

    axis: int
    level: float
    bottom: float
    winding: Vector
    inside: np.ndarray

    @property
    def barrier(self) -> float:
        """Level above the bottom of the cluster [eV]."""
        return self.level - self.bottom


def find_threshold(energy: np.ndarray, axis: int, neighbours: int = FACES) -> Threshold:
    """Return the lowest level at which a periodic landscape percolates along an axis.

    Parameters
    ----------
    energy : ndarray, shape (na, nb, nc)
        Values on the periodic grid.
    axis : int
        0, 1 or 2.
    neighbours : {6, 26}
        Which grid points touch each other. Faces overestimate the level, corners underestimate it; the
        difference falls with the spacing.

    Raises
    ------
    AtomisticError
        If a value is not finite.
    """
    if not np.isfinite(energy).all():
        raise AtomisticError("The energy landscape is not finite everywhere")
    levels = np.unique(energy)
    low, high = 0, len(levels) - 1
    while low < high:
        middle = (low + high) // 2
        if _windings(energy <= levels[middle], axis, neighbours):
            high = middle
        else:
            low = middle + 1
    labels, _ = _label(energy <= levels[low], neighbours)
    label, winding = next(iter(_windings(energy <= levels[low], axis, neighbours).items()))
    inside = np.isin(labels, sorted(_members(labels, neighbours, label)))
    return Threshold(axis, float(levels[low]), float(energy[inside].min()), winding, inside)


def _label(mask: np.ndarray, neighbours: int) -> tuple[np.ndarray, int]:
    """Label the clusters inside one cell, without the periodic wrap."""
    if neighbours not in (FACES, CORNERS):
        raise AtomisticError("No such neighbourhood", value=neighbours, allowed="6 or 26")
    cells = np.ascontiguousarray(mask)
    return cc3d.connected_components(cells, connectivity=neighbours, return_N=True)  # type: ignore[call-overload]


def _links(labels: np.ndarray, neighbours: int) -> dict[int, set[tuple[int, Vector]]]:
    """Return, per cluster, the clusters it touches in neighbouring cells, and in which cell."""
    steps = [(0, 0, 1), (0, 1, 0), (1, 0, 0)] if neighbours == FACES else _half_sphere()
    links: dict[int, set[tuple[int, Vector]]] = defaultdict(set)
    for step in steps:
        shifted = np.roll(labels, tuple(-s for s in step), axis=(0, 1, 2))
        border = np.zeros(labels.shape, dtype=bool)
        for axis, s in enumerate(step):
            if s:
                index: list[slice | int] = [slice(None)] * 3
                index[axis] = -1 if s > 0 else 0
                border[tuple(index)] = True
        both = border & (labels > 0) & (shifted > 0)
        places = np.argwhere(both)
        cells = np.floor_divide(places + np.array(step), np.array(labels.shape))
        rows = np.column_stack([labels[both], shifted[both], cells])
        for one, two, *cell in np.unique(rows, axis=0).tolist():
            links[one].add((two, (cell[0], cell[1], cell[2])))
            links[two].add((one, (-cell[0], -cell[1], -cell[2])))
    return links


def _half_sphere() -> list[Vector]:
    """Return one of each pair of opposite steps to the 26 neighbours."""
    steps = [(i, j, k) for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1)]
    return [step for step in steps if step > (0, 0, 0)]


def _windings(mask: np.ndarray, axis: int, neighbours: int) -> dict[int, Vector]:
    """Return a winding with a part along the axis for one label of every cluster that has one."""
    labels, _ = _label(mask, neighbours)
    links = _links(labels, neighbours)
    found: dict[int, Vector] = {}
    seen: dict[int, Vector] = {}
    for start in links:
        if start in seen:
            continue
        seen[start] = (0, 0, 0)
        queue = [start]
        while queue:
            one = queue.pop()
            for two, cell in links[one]:
                place = _add(seen[one], cell)
                if two not in seen:
                    seen[two] = place
                    queue.append(two)
                elif (loop := _add(place, seen[two], -1))[axis]:
                    found.setdefault(start, loop if loop[axis] > 0 else _add((0, 0, 0), loop, -1))
    return found


def _add(one: Vector, two: Vector, sign: int = 1) -> Vector:
    return (one[0] + sign * two[0], one[1] + sign * two[1], one[2] + sign * two[2])


def _members(labels: np.ndarray, neighbours: int, start: int) -> set[int]:
    """Return all labels joined to one across the faces of the cell."""
    links = _links(labels, neighbours)
    members, queue = {start}, [start]
    while queue:
        for two, _ in links[queue.pop()]:
            if two not in members:
                members.add(two)
                queue.append(two)
    return members


def find_path(energy: np.ndarray, threshold: Threshold, spacing: np.ndarray) -> np.ndarray:
    """Return the easiest path from the lowest point of the percolating cluster to its periodic image.

    The path stays at or below the percolation level, so that its highest point is the bottleneck; within that
    it takes the least integral of energy over length.

    Parameters
    ----------
    energy : ndarray, shape (na, nb, nc)
        Values on the periodic grid [eV].
    threshold : Threshold
        From `find_threshold`.
    spacing : ndarray, shape (3,)
        Distance of grid points [Angstrom].

    Returns
    -------
    ndarray of int, shape (points, 3)
        Grid indices, counted on across cells.
    """
    shape = np.array(energy.shape)
    winding = np.array(threshold.winding)
    tiles = np.abs(winding) + 3
    cost = np.where(threshold.inside, energy - threshold.bottom + FLAT, -1.0)
    start = np.array(np.unravel_index(np.where(threshold.inside, energy, np.inf).argmin(), energy.shape))
    first = np.where(winding < 0, tiles - 2, 1)
    begin, end = start + first * shape, start + (first + winding) * shape
    search = MCP_Geometric(np.tile(cost, tiles), sampling=tuple(spacing), fully_connected=True)
    search.find_costs([begin], [end])
    try:
        path = np.array(search.traceback(end))
    except ValueError as error:
        raise AtomisticError(
            "The percolating path leaves the neighbouring cells",
            value=f"winding {threshold.winding}",
            fix="describe the structure in a larger or less oblique cell",
        ) from error
    return np.asarray(path - first * shape)
