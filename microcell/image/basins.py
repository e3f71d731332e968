"""Watershed by steepest ascent, and the merging of basins across insignificant saddles.

Every voxel of a landscape belongs to the summit that steepest ascent over its 26 neighbours leads to. These
basins are those of the flooding watershed without a watershed line; joining two of them where the lower
summit rises less than h above the saddle between them leaves one basin per significant summit, as the
marker-based watershed with the h-maxima as markers does, but without its priority queue: a few passes over
the volume, and a sort of the saddles. (Steepest ascent: Meyer, Signal Processing 38, 113 (1994), topographic
distance; dynamics of summits: Najman & Schmitt, IEEE PAMI 18, 1163 (1996).)
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np

SLAB = 8
"""Planes worked on at a time, so that temporaries stay in the cache."""

PART = 2**18
"""Voxels of a flat array worked on at a time, for the same reason."""

OFFSETS = [offset for offset in itertools.product((-1, 0, 1), repeat=3) if offset != (0, 0, 0)]
HALF_OFFSETS = [offset for offset in OFFSETS if offset > (0, 0, 0)]

Views = tuple[tuple[slice, ...], tuple[slice, ...]]


def _slab_views(shape: tuple[int, ...], offset: tuple[int, ...], start: int) -> Views | None:
    """Return indices of the voxels of a slab that have a neighbour at an offset, and of those neighbours."""
    here, there = [], []
    for axis, (step, length) in enumerate(zip(offset, shape, strict=True)):
        low, high = (start, min(start + SLAB, length)) if axis == 0 else (0, length)
        low, high = max(low, -step), min(high, length - step)
        if low >= high:
            return None
        here.append(slice(low, high))
        there.append(slice(low + step, high + step))
    return tuple(here), tuple(there)


def _views(shape: tuple[int, ...], offset: tuple[int, ...]) -> Iterator[Views]:
    for start in range(0, shape[0], SLAB):
        views = _slab_views(shape, offset, start)
        if views is not None:
            yield views


def steepest_basins(heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the basin of every voxel with positive height, and the height of its summit.

    Parameters
    ----------
    heights : ndarray of float32, shape (z, y, x)
        The landscape; zero means outside.

    Returns
    -------
    basins : ndarray of int32, shape (z, y, x)
        Basin number from 1, 0 outside.
    summits : ndarray of float32, shape (count + 1,)
        Height of each summit; entry 0 is zero.
    """
    target = _uphill_neighbours(heights).ravel()
    flat = heights.ravel()
    _follow(target)
    tops = np.concatenate([_tops(target, flat, part) for part in _parts(target.size)])
    _number(target, flat, tops)
    summits = np.concatenate([np.zeros(1, np.float32), flat[tops]])
    return target.reshape(heights.shape).astype(np.int32, copy=False), summits


def _parts(size: int) -> Iterator[slice]:
    """Split a flat array into parts: fancy indexing makes eight bytes of index per voxel it works on."""
    return (slice(start, min(start + PART, size)) for start in range(0, size, PART))


def _follow(target: np.ndarray) -> None:
    """Replace pointers by the ends of their chains, in place; every pass at least doubles the reach."""
    moved = True
    while moved:
        moved = False
        for part in _parts(target.size):
            further = target[target[part]]
            moved = moved or not np.array_equal(further, target[part])
            target[part] = further


def _tops(target: np.ndarray, flat: np.ndarray, part: slice) -> np.ndarray:
    """Return the flat indices of the summits of a part."""
    own = np.arange(part.start, part.stop, dtype=target.dtype)
    return np.flatnonzero((target[part] == own) & (flat[part] > 0)) + part.start


def _number(target: np.ndarray, flat: np.ndarray, tops: np.ndarray) -> None:
    """Replace, in place, pointers at summits by numbers from 1, and those of voxels outside by 0.

    Numbers are stored as ``-1 - number`` until all pointers are gone, so that the two cannot be confused.
    """
    target[tops] = -2 - np.arange(len(tops), dtype=target.dtype)
    for part in _parts(target.size):
        pointer = target[part]
        found = np.where(pointer < 0, pointer, target[np.maximum(pointer, 0)])
        target[part] = np.where(flat[part] > 0, found, -1)
    np.subtract(-1, target, out=target)


def _uphill_neighbours(heights: np.ndarray) -> np.ndarray:
    """Return the flat index of the neighbour with the steepest rise, or the voxel's own on a summit."""
    shape = heights.shape
    strides = (shape[1] * shape[2], shape[2], 1)
    index_type = np.int32 if heights.size < 2**31 else np.int64
    target = np.arange(heights.size, dtype=index_type).reshape(shape)
    for start in range(0, shape[0], SLAB):
        steps = np.zeros((min(SLAB, shape[0] - start), *shape[1:]), dtype=index_type)
        rise = np.zeros(steps.shape, dtype=np.float32)
        for offset in OFFSETS:
            views = _slab_views(shape, offset, start)
            if views is None:
                continue
            here, there = views
            local = (slice(here[0].start - start, here[0].stop - start), *here[1:])
            slope = heights[there] - heights[here]
            slope *= np.float32(np.sum(np.square(offset)) ** -0.5)
            steeper = slope > rise[local]
            np.copyto(rise[local], slope, where=steeper)
            np.copyto(steps[local], index_type(np.dot(offset, strides)), where=steeper)
        np.add(target[start : start + SLAB], steps, out=target[start : start + SLAB])
    return target


def highest_saddles(basins: np.ndarray, heights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the highest saddle between every pair of touching basins (26 neighbours).

    Returns
    -------
    first, second : ndarray of int64, shape (n,)
        Basin numbers, first < second.
    saddles : ndarray of float32, shape (n,)
        Height of the best pass between them: the larger over pairs of neighbours of the lower of the two.
    """
    count = int(basins.max()) + 1
    keys, values = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
    for offset in HALF_OFFSETS:
        for here, there in _views(basins.shape, offset):
            one, other = basins[here], basins[there]
            border = np.flatnonzero((one != other) & (one > 0) & (other > 0))
            one, other = one.ravel()[border], other.ravel()[border]
            pass_height = np.minimum(heights[here].ravel()[border], heights[there].ravel()[border])
            key = np.minimum(one, other).astype(np.int64) * count + np.maximum(one, other)
            key, pass_height = _highest(key, pass_height)
            keys.append(key)
            values.append(pass_height)
    key, saddles = _highest(np.concatenate(keys), np.concatenate(values))
    return key // count, key % count, saddles


def _highest(key: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keep the largest value of every key."""
    order = np.lexsort((value, key))
    key, value = key[order], value[order]
    last = np.append(key[1:] != key[:-1], True)[: len(key)]
    return key[last], value[last]


class _Union:
    """Sets of basins that have been joined, each with a size and the height of its summit."""

    def __init__(self, heights: np.ndarray, sizes: np.ndarray) -> None:
        self.parent = list(range(len(heights)))
        self.height: list[float] = heights.tolist()
        self.size: list[int] = sizes.tolist()

    def root(self, basin: int) -> int:
        while self.parent[basin] != basin:
            self.parent[basin] = self.parent[self.parent[basin]]
            basin = self.parent[basin]
        return basin

    def join(self, upper: int, lower: int) -> None:
        self.parent[lower] = upper
        self.size[upper] += self.size[lower]

    def numbers(self) -> np.ndarray:
        """Return the new number of every basin, without gaps; 0 stays 0."""
        roots = np.asarray([self.root(basin) for basin in range(len(self.parent))])
        return np.asarray(np.unique(roots, return_inverse=True)[1], dtype=np.int32)


def renumber(labels: np.ndarray, number: np.ndarray) -> None:
    """Replace every label by its new number, in place and plane by plane."""
    for plane in labels:
        plane[...] = number[plane]


def merge_basins(
    summits: np.ndarray,
    sizes: np.ndarray,
    saddles: tuple[np.ndarray, np.ndarray, np.ndarray],
    significant: Callable[[float, float, int], bool],
) -> np.ndarray:
    """Join basins, highest saddle first, where the lower summit is insignificant.

    Parameters
    ----------
    summits : ndarray, shape (count + 1,)
        Summit heights by basin number; entry 0 is unused.
    sizes : ndarray, shape (count + 1,)
        Voxels by basin number; entry 0 is unused.
    saddles : tuple of ndarray
        The result of `highest_saddles`.
    significant : callable
        Takes summit height, saddle height and voxels of the lower basin; whether it stays on its own.

    Returns
    -------
    ndarray of int32, shape (count + 1,)
        New basin number by old one, without gaps; 0 stays 0.
    """
    union = _Union(summits, sizes)
    first, second, level = (array.tolist() for array in saddles)
    for index in np.argsort(-saddles[2], kind="stable").tolist():
        upper, lower = union.root(first[index]), union.root(second[index])
        if union.height[upper] < union.height[lower]:
            upper, lower = lower, upper
        if upper != lower and not significant(union.height[lower], level[index], union.size[lower]):
            union.join(upper, lower)
    return union.numbers()
