"""The first coarse level of a stack of grid fields: strongly connected pieces of 2x2x2 blocks of cells.

Everything is an array operation on the grid, a few planes at a time: no edge list or matrix of the finest
level is ever made. A block has 12 inner faces; which of them are strong is a number below 4096, and a table
says for each number which of the 8 cells hang together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from .graph import NONE, CoarseGraph, Edges, crossing, group, merge_edges

Links = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Further edges (p, q, weight) between flat cell numbers of the stack."""

Faces = tuple[np.ndarray, ...]
"""One array for each of the z, y and x faces."""

PLANES = 16
"""Planes of cells handled at a time; even, so that no block is cut."""


class GridCoarsening(NamedTuple):
    """Aggregates of a grid: parent per cell, coarse edge per face and per link, and the graph they form."""

    parent: np.ndarray
    faces: Faces
    links: np.ndarray
    graph: CoarseGraph


def coarsen_grid(
    conductance: Sequence[np.ndarray],
    links: Links,
    ground: np.ndarray,
    taking_part: np.ndarray,
    theta: float,
    slabs: int,
) -> GridCoarsening:
    """Join the cells of a stack of grid fields.

    Parameters
    ----------
    conductance : three ndarrays
        Shapes (fields, nz - 1, ny, nx), (fields, nz, ny - 1, nx), (fields, nz, ny, nx - 1).
    links : tuple of ndarrays (p, q, weight)
        Edges beside the faces. Weights are positive.
    ground : ndarray, shape (fields, nz, ny, nx)
        Conductance of each cell to what is held; large ones keep a cell out of an aggregate of weak ones.
    taking_part : ndarray of bool, shape (fields, nz, ny, nx)
        Cells that belong to an aggregate.
    theta : float
        Strength threshold in [0, 1]; 0 joins whatever is connected inside a block.
    slabs : int
        Number of equal z-slabs; blocks are counted from each slab's first plane.

    Returns
    -------
    GridCoarsening
        Aggregates are numbered slab by slab, within a slab by block (z, field, y, x).
    """
    root = np.sqrt(_largest(conductance, links, ground))
    parent = np.empty(taking_part.shape, np.uint32)
    blocks: list[np.ndarray] = []
    first = [0]
    chunks = list(_chunks(taking_part.shape[1], slabs))
    for slab, start, stop in chunks:
        strong = _strong_faces(conductance, root, taking_part, theta, (start, stop))
        block = _join(strong, taking_part[:, start:stop], parent[:, start:stop], first[-1])
        block[:, 1] += (start - slab * (taking_part.shape[1] // slabs)) // 2
        blocks.append(np.column_stack([np.full(len(block), slab, np.int32), block]))
        first.append(first[-1] + len(block))
    place = np.concatenate(blocks)
    del root
    faces, link_edge, ends = _edges(conductance, links, parent, chunks, first)
    held = np.flatnonzero((ground != 0) & (parent != NONE))
    held = np.bincount(parent.reshape(-1)[held], weights=ground.reshape(-1)[held], minlength=len(place))
    planes = (taking_part.shape[1] // slabs + 1) // 2
    graph = CoarseGraph(*ends, held, place[:, 1:], place[:, 0], planes)
    return GridCoarsening(parent, faces, link_edge, graph)


def _chunks(nz: int, slabs: int) -> Iterator[tuple[int, int, int]]:
    thickness = nz // slabs
    for slab in range(slabs):
        for start in range(slab * thickness, (slab + 1) * thickness, PLANES):
            yield slab, start, min(start + PLANES, (slab + 1) * thickness)


def _largest(conductance: Sequence[np.ndarray], links: Links, ground: np.ndarray) -> np.ndarray:
    """Largest conductance at each cell, faces, links and ground."""
    largest = ground.astype(np.float32)
    for axis, g in enumerate(conductance, start=1):
        for part in (_lower(axis), _upper(axis)):
            np.maximum(largest[part], g, out=largest[part])
    flat = largest.reshape(-1)
    np.maximum.at(flat, links[0], links[2].astype(np.float32))
    np.maximum.at(flat, links[1], links[2].astype(np.float32))
    return largest


def _lower(axis: int) -> tuple[slice, ...]:
    return (slice(None),) * axis + (slice(None, -1),)


def _upper(axis: int) -> tuple[slice, ...]:
    return (slice(None),) * axis + (slice(1, None),)


@cache
def _pieces() -> np.ndarray:
    """For each set of strong inner faces the lowest cell that each of the 8 cells is connected to (8, 4096).

    Cells are numbered 4 z + 2 y + x; bit 4 d + k is the k-th face normal to axis d.
    """
    code = np.arange(4096)
    piece = np.repeat(np.arange(8, dtype=np.uint8)[:, None], 4096, axis=1)
    for _ in range(7):  # a path through all eight cells has seven faces
        for bit, (low, high) in enumerate(_inner_faces()):
            joined = (code >> bit) & 1 == 1
            lowest = np.minimum(piece[low], piece[high])
            piece[low, joined] = piece[high, joined] = lowest[joined]
    return piece


def _inner_faces() -> list[tuple[int, int]]:
    cells = np.arange(8).reshape(2, 2, 2)
    pairs = [(np.take(cells, 0, axis), np.take(cells, 1, axis)) for axis in range(3)]
    return [(int(i), int(j)) for low, high in pairs for i, j in zip(low.flat, high.flat, strict=True)]


def _strong_faces(
    conductance: Sequence[np.ndarray],
    root: np.ndarray,
    taking_part: np.ndarray,
    theta: float,
    planes: tuple[int, int],
) -> np.ndarray:
    """Set of strong inner faces of each block of a few planes, shape (fields, z, y, x)."""
    a, b = planes
    taking = taking_part[:, a:b]
    code = np.zeros((len(taking), *((n + 1) // 2 for n in taking.shape[1:])), np.uint16)
    for axis in range(3):
        g = conductance[axis][:, a : b - 1] if axis == 0 else conductance[axis][:, a:b]
        strong = _strong_inner(g, root[:, a:b], taking, theta, axis + 1)
        for k in range(4):
            _add_bit(code, strong, axis, k)
    return code


def _join(strong: np.ndarray, taking_part: np.ndarray, parent: np.ndarray, start: int) -> np.ndarray:
    """Write the numbers of aggregates, from ``start``, into ``parent``; block (field, z, y, x) of each."""
    code = np.moveaxis(strong, 1, 0)
    blocks = np.arange(code.size)
    piece = _pieces().take(code.reshape(-1), axis=1)
    there = _to_blocks(taking_part)
    upto = ((piece == np.arange(8, dtype=np.uint8)[:, None]) & there).astype(np.uint32)
    for cell in range(1, 8):  # many times faster than a cumulative sum along the first axis
        upto[cell] += upto[cell - 1]
    count = upto[-1].copy()
    upto += np.cumsum(count, dtype=np.uint32) - count + np.uint32(start) - np.uint32(1)
    number = upto.reshape(-1).take(piece.astype(np.intp) * code.size + blocks)
    _from_blocks(np.where(there, number, NONE), parent)
    z, field, y, x = np.unravel_index(np.repeat(blocks, count), code.shape)
    return np.column_stack([field, z, y, x]).astype(np.int32)


def _strong_inner(g: np.ndarray, root: np.ndarray, taking: np.ndarray, theta: float, axis: int) -> np.ndarray:
    """Which faces inside the blocks, normal to an axis, are strong."""
    every_other = (slice(None),) * axis + (slice(None, None, 2),)
    g = g[every_other]
    low, high = _lower(axis), _upper(axis)
    limit = np.float32(theta) * root[low][every_other] * root[high][every_other]
    joined = taking[low][every_other] & taking[high][every_other]
    return (g >= limit) & (g > 0) & joined


def _add_bit(code: np.ndarray, strong: np.ndarray, axis: int, k: int) -> None:
    """Set the bit of the k-th face normal to an axis in the blocks that have that face."""
    offsets = list(divmod(k, 2))
    offsets.insert(axis, 0)
    steps = [1 if d == axis else 2 for d in range(3)]
    part = strong[(slice(None), *(slice(o, None, s) for o, s in zip(offsets, steps, strict=True)))]
    target = code[(slice(None), *(slice(n) for n in part.shape[1:]))]
    np.bitwise_or(target, part.astype(np.uint16) << np.uint16(4 * axis + k), out=target)


def _to_blocks(cells: np.ndarray) -> np.ndarray:
    """Reorder cells (fields, nz, ny, nx) to (8, blocks by z, field, y, x), padded with zeros."""
    pad = [(0, 0)] + [(0, n % 2) for n in cells.shape[1:]]
    cells = np.pad(cells, pad) if any(p[1] for p in pad) else cells
    f, nz, ny, nx = cells.shape
    split = cells.reshape(f, nz // 2, 2, ny // 2, 2, nx // 2, 2)
    return split.transpose(2, 4, 6, 1, 0, 3, 5).reshape(8, -1)


def _from_blocks(blocks: np.ndarray, cells: np.ndarray) -> None:
    """Write what :func:`_to_blocks` has reordered back to cells, without the padding."""
    f, *shape = cells.shape
    bz, by, bx = ((n + 1) // 2 for n in shape)
    split = blocks.reshape(2, 2, 2, bz, f, by, bx)
    for z, y, x in np.ndindex(2, 2, 2):
        part = cells[:, z::2, y::2, x::2]
        inside = tuple(slice(n) for n in part.shape[1:])
        part[...] = np.moveaxis(split[z, y, x], 1, 0)[(slice(None), *inside)]


def _edges(
    conductance: Sequence[np.ndarray],
    links: Links,
    parent: np.ndarray,
    chunks: list[tuple[int, int, int]],
    first: list[int],
) -> tuple[Faces, np.ndarray, Edges]:
    """Number the coarse edges, each with the planes of its low end: per face, per link, and the edges."""
    faces = tuple(np.empty(g.shape, np.uint32) for g in conductance)
    link_edge = np.full(len(links[2]), NONE, np.uint32)
    p, q, weight = links
    linked, *joined = _crossing(parent.reshape(-1)[p], parent.reshape(-1)[q], weight)
    of_chunk = np.searchsorted(first, np.minimum(*joined[:2]), side="right") - 1
    order, first_link = group(of_chunk, len(chunks))
    listed: list[Edges] = []
    count = 0
    for k, (_, start, stop) in enumerate(chunks):
        views = [face[:, start:stop] for face in faces]
        found = [
            _crossing(
                parent[_lower(axis)][:, start:stop], parent[_upper(axis)][:, start:stop], g[:, start:stop]
            )
            for axis, g in enumerate(conductance, start=1)
        ]
        here = order[first_link[k] : first_link[k + 1]]
        parts = [*(part[1:] for part in found), [v[here] for v in joined]]
        number, edges = merge_edges(*(np.concatenate(v) for v in zip(*parts, strict=True)))
        number += np.uint32(count)
        *of_faces, of_links = np.split(number, np.cumsum([len(part[0]) for part in parts])[:-1])
        for view, part, mine in zip(views, found, of_faces, strict=True):
            view[...] = _spread(part[0], mine, view.shape)
        link_edge[linked[here]] = of_links
        listed.append(edges)
        count += len(edges[0])
    low, high, weight = (np.concatenate([e[k] for e in listed]) for k in range(3))
    return faces, link_edge, (low, high, weight)


def _crossing(one: np.ndarray, other: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, ...]:
    """Flat places, ends and weights of the edges between two different nodes."""
    here = crossing(one, other, weight)
    return here, *(v.reshape(-1)[here] for v in (one, other, weight))


def _spread(place: np.ndarray, number: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers at flat places of an array, ``NONE`` elsewhere."""
    result = np.full(shape, NONE, np.uint32)
    result.reshape(-1)[place] = number
    return result
