"""Index tables of all coarse levels as the devices want them: local numbers, short rows, slabs apart.

:mod:`.aggregation` and :mod:`.grid_aggregation` say which nodes join. Here every slab of planes gets its own
numbering of nodes and edges, nodes of the two colours are sorted by degree into a few segments of equal row
length, and the nodes are listed whose values the neighbouring slabs need.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .aggregation import coarsen
from .colouring import parity, two_colours
from .graph import NONE, group, spread
from .grid_aggregation import Links, coarsen_grid
from .segments import Rows, lay_out

SMALL_IMAGE = 100_000
"""Cells below which a level less to compile, 3 s, is worth more than the memory of a larger inverse."""

COARSEST = (700, 500)
"""Most nodes of the coarsest level, of small images and of others (700 took up to 9 bytes per cell)."""


@dataclass(frozen=True)
class Segment:
    """Rows of one length; per slab first those of the red, then those of the black nodes.

    Attributes
    ----------
    start : int
        First row within each half.
    neighbour : ndarray of uint32, shape (slabs * 2 * rows, width)
        Position in [own nodes | received from below | received from above]; 0 for padding.
    edge : ndarray of uint32, same shape
        Local edge number, ``n_edges`` for padding.
    column : ndarray of uint32, same shape, or None
        On the coarsest level the neighbour's number over all slabs, slab * nodes + local number.
    """

    start: int
    neighbour: np.ndarray
    edge: np.ndarray
    column: np.ndarray | None


@dataclass(frozen=True)
class LevelTables:
    """One coarse level for D slabs; axis 0 of every array is D equal parts, all numbers are local to a slab.

    Attributes
    ----------
    parent : ndarray of uint32, shape (D * n_fine_local,)
        Coarse node of each finer node; ``2 half`` where it takes no part.
    children : ndarray of uint32, shape (D * 2 half, most children)
        Finer nodes of each coarse node, padded with ``n_fine_local``.
    edge_map : tuple of ndarray of uint32
        Coarse edge that each finer edge adds to, ``n_edges`` for none. On the first level four arrays (z
        faces, y faces, x faces, links), else one.
    segments : tuple of Segment
        Rows of all nodes, short ones first.
    real : ndarray of bool, shape (D * 2 half,)
        False for padding.
    send_up, send_down : ndarray of uint32, shape (D * s,)
        Own nodes whose values the slab above (higher z) and below needs, padded with node 0; empty for one
        slab. They arrive at 2 half + [0, s) from below and at 2 half + s + [0, s) from above.
    n_edges : int
        Edges of a slab, padding included. An edge between two slabs exists in both.
    half : int
        Nodes of one colour in a slab, padding included; red ones come first.
    """

    parent: np.ndarray
    children: np.ndarray
    edge_map: tuple[np.ndarray, ...]
    segments: tuple[Segment, ...]
    real: np.ndarray
    send_up: np.ndarray
    send_down: np.ndarray
    n_edges: int
    half: int

    @property
    def size(self) -> int:
        """Number of nodes, without padding."""
        return int(self.real.sum())


def build_tables(
    conductance: Sequence[np.ndarray],
    links: Links,
    taking_part: np.ndarray,
    *,
    ground: np.ndarray | None = None,
    slabs: int = 1,
    theta: float = 0.2,
    coarsest: int | None = None,
    max_levels: int = 12,
) -> list[LevelTables]:
    """Coarsen a stack of grid fields until few nodes are left.

    Parameters
    ----------
    conductance : three ndarrays
        Of the whole stack, shapes (fields, nz - 1, ny, nx), (fields, nz, ny - 1, nx), (fields, nz, ny,
        nx - 1). Only ratios matter.
    links : tuple of ndarrays (p, q, weight)
        Edges beside the faces, as flat cell numbers. For one slab of the stack (fields, nz, ny, nx); for D
        slabs D equal parts, each numbering the slab with a plane of its neighbours below and above,
        (fields, nz / D + 2, ny, nx). A link between two slabs is listed in both. Padding has weight 0.
    taking_part : ndarray of bool, shape (fields, nz, ny, nx)
        Cells that belong to coarse levels; the others are only smoothed.
    ground : ndarray, shape (fields, nz, ny, nx), optional
        Conductance of each cell to what is held; none where left out.
    slabs : int
        Number of slabs along z; ``nz`` must be a multiple. Aggregates never cross from one to the next.
    theta : float
        Strength threshold.
    coarsest : int, optional
        Number of nodes at which a dense inverse takes over; one of ``COARSEST`` where left out.
    max_levels : int
        Safety limit.

    Returns
    -------
    list of LevelTables, finest first
    """
    if coarsest is None:
        coarsest = COARSEST[taking_part[0].size >= SMALL_IMAGE]
    cells = _Cells(taking_part.shape, slabs)
    whole, listed, which = cells.global_links(links)
    held = np.zeros(taking_part.shape, np.float32) if ground is None else ground
    first = coarsen_grid(conductance, whole, held, taking_part, theta, slabs)
    if first.graph.size > 0.7 * np.count_nonzero(taking_part):
        first = coarsen_grid(conductance, whole, held, taking_part, 0.0, slabs)
    graphs = [first.graph]
    steps = []
    while graphs[-1].size > coarsest and len(graphs) < max_levels:
        step = coarsen(graphs[-1], theta)
        if step is None:
            break
        steps.append(step)
        graphs.append(step.graph)
    colours = [parity(graphs[0]), *(two_colours(g) for g in graphs[1:])]
    rows = [lay_out(g, slabs, colour) for g, colour in zip(graphs, colours, strict=True)]
    link_edge = np.full(len(links[2]), NONE, np.uint32)
    link_edge[listed] = first.links[which]
    maps = cells.edge_maps(first.faces, link_edge, rows[0])
    parent = rows[0].local_number(cells.local(first.parent))
    del first  # on the finest level every array counts
    levels = [_level(rows[0], parent, maps, last=len(rows) == 1)]
    each = np.arange(slabs)[:, None]
    for k, step in enumerate(steps):
        fine, coarse = rows[k], rows[k + 1]
        edge_map = coarse.local_edge(fine.spread_edges(step.edges), each)
        parent = coarse.local_number(fine.spread_nodes(step.parent))
        levels.append(_level(coarse, parent, (edge_map.reshape(-1),), last=k == len(steps) - 1))
    return levels


def _level(row: Rows, parent: np.ndarray, edge_map: tuple[np.ndarray, ...], *, last: bool) -> LevelTables:
    """Assemble the tables of a level from the coarse nodes (slabs, n_fine_local) of the finer ones."""
    return LevelTables(
        parent=parent.reshape(-1),
        children=_children(parent, 2 * row.half),
        edge_map=edge_map,
        segments=tuple(Segment(*parts) for parts in row.segments(columns=last)),
        real=row.real(),
        send_up=row.send_up.reshape(-1),
        send_down=row.send_down.reshape(-1),
        n_edges=row.n_edges,
        half=row.half,
    )


def _children(parent: np.ndarray, nodes: int) -> np.ndarray:
    """List the finer nodes of each coarse node, from ``parent`` of shape (slabs, n_fine_local)."""
    slabs, n_fine = parent.shape
    child = np.flatnonzero(parent < nodes).astype(np.int32)
    slab = child // np.int32(n_fine)
    row = parent.reshape(-1).take(child).astype(np.int32) + slab * np.int32(nodes)
    child -= slab * np.int32(n_fine)
    del slab
    order, first = group(row, slabs * nodes)
    del row
    count = np.diff(first)
    width = max(int(count.max(initial=0)), 1)
    table = np.full((slabs * nodes, width), n_fine, np.uint32)
    child = child[order]
    del order
    table.reshape(-1)[spread(np.arange(slabs * nodes) * width, first)] = child
    return table


class _Cells:
    """Numbers of cells, faces and links of the finest level, whole stack against slab."""

    def __init__(self, shape: tuple[int, ...], slabs: int) -> None:
        self.shape, self.slabs, self.thickness = shape, slabs, shape[1] // slabs

    def local(self, cells: np.ndarray) -> np.ndarray:
        """Reorder an array (fields, nz, ...) to (slabs, fields * nz / slabs * ...)."""
        fields = len(cells)
        split = cells.reshape(fields, self.slabs, -1).transpose(1, 0, 2)
        return np.ascontiguousarray(split).reshape(self.slabs, -1)

    def global_links(self, links: Links) -> tuple[Links, np.ndarray, np.ndarray]:
        """Links with whole-stack numbers, each once, and where each stands in the list given.

        Returns
        -------
        links, places in the list (without padding), number of the link at each of these places
        """
        p, q, weight = (np.asarray(v) for v in links)
        listed = np.flatnonzero(weight > 0)
        p, q, weight = p[listed], q[listed], weight[listed]
        if self.slabs == 1:
            return (p, q, weight), listed, np.arange(len(listed))
        slab = listed // (len(links[2]) // self.slabs)
        (p, own), (q, _) = self._from_extended(p, slab), self._from_extended(q, slab)
        cells = int(np.prod(self.shape))
        pair, which = np.unique(p * cells + q, return_inverse=True)
        return (*np.divmod(pair, cells), np.bincount(which, weights=own * weight)), listed, which

    def _from_extended(self, cell: np.ndarray, slab: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        _, nz, ny, nx = self.shape
        field, z, rest = _split(cell, self.thickness + 2, ny * nx)
        own = (z > 0) & (z <= self.thickness)
        return (field * nz + slab * self.thickness + z - 1) * ny * nx + rest, own

    def edge_maps(
        self, faces: Sequence[np.ndarray], link_edge: np.ndarray, row: Rows
    ) -> tuple[np.ndarray, ...]:
        """Local coarse edge of every local z, y, x face and link."""
        z = self.local(faces[0]) if self.slabs == 1 else self._shared_faces(faces[0])
        maps = (z, self.local(faces[1]), self.local(faces[2]), link_edge.reshape(self.slabs, -1))
        slab = np.arange(self.slabs)[:, None]
        return tuple(row.local_edge(m, slab).reshape(-1) for m in maps)

    def _shared_faces(self, faces: np.ndarray) -> np.ndarray:
        """Give every slab its z faces and those it shares: (fields, nz - 1, ...) to (slabs, ...)."""
        end = np.full((len(faces), 1, *faces.shape[2:]), NONE, np.uint32)
        faces = np.concatenate([end, faces, end], axis=1)
        planes = np.arange(self.slabs)[:, None] * self.thickness + np.arange(self.thickness + 1)
        return np.moveaxis(faces[:, planes], 1, 0).reshape(self.slabs, -1)


def _split(cell: np.ndarray, planes: int, plane: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    field, rest = np.divmod(cell, planes * plane)
    z, rest = np.divmod(rest, plane)
    return field, z, rest
