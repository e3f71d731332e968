"""Rates of hops by what stands around them, as a table that the hot loop looks up.

What lithium around a bond does to its rate is a few small numbers: how many more neighbours the far end has
than the near one, by shell; the same for triangles; how many lithium sit on the sites that the barrier
counts. They are counted together in one integer with a mixed radix, the index of the table. Metals do not
move: how many the barrier counts is the class of a bond.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from microcell.errors import AtomisticError

from .barriers import VACANT, Gates
from .bonds import Bonds
from .energies import Interactions

_MOST_ENTRIES = 2**20
"""Of one class: a larger table would not fit a cache."""


class Count(NamedTuple):
    """A number that is counted around a bond: the sum of integers over lithium, or over pairs of lithium."""

    sites: np.ndarray  # (b*z, M)
    pairs: np.ndarray  # (b*z, p)
    energy: float  # what one more adds to the change of energy of a hop from near to far [eV]

    @property
    def bounds(self) -> tuple[int, int]:
        """Bounds of the number around any bond."""
        spans = self.span(np.arange(len(self.sites)), np.ones(self.sites.shape, dtype=bool))
        return int(spans[:, 0].min()), int(spans[:, 1].max())

    def span(self, kind: np.ndarray, free: np.ndarray) -> np.ndarray:
        """Return bounds (B, 2) for bonds of types (B,) around which sites (B, M) can hold lithium."""
        sites, pairs = np.where(free, self.sites[kind], 0), self.pairs[kind]
        bounds = [limit(sites, 0).sum(1) + limit(pairs, 0).sum(1) for limit in (np.minimum, np.maximum)]
        return np.stack(bounds, axis=1)


@dataclass(frozen=True, eq=False)
class Acceptance:
    """Rates of all hops over the largest of their class.

    Attributes
    ----------
    weights : (b*z, 2 + M) array
        By type of bond, what lithium on the near end, the far end and the environment adds to the index.
    constant : int
        Is added to every index.
    corners, corner_weights : (b*z, p, 2), (b*z, p) arrays
        Pairs of sites (counted from the near end) and what they add where both hold lithium; p may be 0.
    metal_weights : (b*z, M) array
        What metals add to the class.
    rates : (classes, entries) array
        Over the attempt frequency; zero for closed ways and where no lithium can hop.
    counts : list of Count
        What the index is made of.
    """

    weights: np.ndarray
    constant: int
    corners: np.ndarray
    corner_weights: np.ndarray
    metal_weights: np.ndarray
    rates: np.ndarray
    counts: list[Count]

    @classmethod
    def of(cls, bonds: Bonds, interactions: Interactions, gates: Gates, thermal: float) -> Acceptance:
        """Tabulate the rates of a model at a thermal energy [eV].

        Raises
        ------
        AtomisticError
            If interactions reach so far that the table would be too large.
        """
        corners, sign = _corners(bonds, interactions)
        counts = _counts(bonds, interactions, gates, sign)
        lows, sizes = zip(*(_extent(count) for count in counts), strict=True) if counts else ((), ())
        _check_size(sizes)
        radix = 4 * np.cumprod([1, *sizes], dtype=np.int64)[:-1]
        ends = np.tile([1, 2], (len(bonds.near), 1))
        places = list(zip(radix, counts, strict=True))
        around = sum((r * c.sites for r, c in places), np.zeros_like(bonds.near))
        return cls(
            weights=np.concatenate([ends, around], axis=1),
            constant=-int(sum(r * low for r, low in zip(radix, lows, strict=True))),
            corners=corners,
            corner_weights=sum((r * c.pairs for r, c in places), np.zeros_like(sign)),
            metal_weights=gates.weights,
            rates=_rates(counts, gates, thermal),
            counts=counts,
        )

    def largest(self, kind: np.ndarray, metals: np.ndarray) -> np.ndarray:
        """Return the largest rate that each bond can have (B,), over the attempt frequency.

        Metals leave fewer sites to lithium, so that its numbers around the bond vary less; triangles are
        counted as if there were none.

        Parameters
        ----------
        kind, metals : (B,), (B, M) arrays
            Types of the bonds, and metals around them.
        """
        group = classes(self.metal_weights, kind, metals)
        spans = [count.span(kind, ~metals) for count in self.counts]
        which, back = np.unique(np.column_stack([group, *spans]), axis=0, return_inverse=True)
        numbers = _numbers(self.counts)
        found = []
        for one in which:
            limits = zip(numbers, one[1::2], one[2::2], strict=True)
            outside = [(number < low) | (number > high) for number, low, high in limits]
            inside = ~np.any([np.zeros(self.rates.shape[1], dtype=bool), *outside], axis=0)
            found.append(self.rates[one[0]][inside].max())
        return np.array(found)[back.ravel()]

    @property
    def needed(self) -> np.ndarray:
        """Places of near end, far end and environment that the index depends on."""
        return np.union1d(np.flatnonzero(self.weights.any(0)), self.corners)

    @property
    def integer(self) -> np.dtype:
        """Smallest signed type whose number of values is at least that of the entries."""
        bits = math.ceil(math.log2(self.rates.shape[1]))
        return np.dtype(np.int8 if bits <= 8 else np.int16 if bits <= 16 else np.int32)


def classes(metal_weights: np.ndarray, kind: np.ndarray, metals: np.ndarray) -> np.ndarray:
    """Return the class of bonds (B,) by their types (B,) and metals (B, M) around them."""
    return (metal_weights[kind] * metals).sum(1)


def _corners(bonds: Bonds, interactions: Interactions) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs that close triangles, counted from the near end, and with which end."""
    if not interactions.triangle:
        none = np.zeros((len(bonds.near), 0, 2), dtype=np.int64)
        return none, none[..., 0]
    pairs, sign = bonds.triangles()
    return pairs + 2, sign


def _counts(bonds: Bonds, interactions: Interactions, gates: Gates, sign: np.ndarray) -> list[Count]:
    """List what is counted around bonds; lithium that the barrier counts comes first."""
    nothing = np.zeros_like(sign)
    counts = [Count(gates.weights, nothing, 0.0)] if gates.counted == VACANT else []
    for shell, energy in enumerate(interactions.pairs, start=1):
        if energy:
            beside = (bonds.far == shell).astype(np.int64) - (bonds.near == shell)
            counts.append(Count(beside, nothing, energy))
    if interactions.triangle:
        counts.append(Count(np.zeros_like(bonds.near), sign, interactions.triangle))
    return counts


def _extent(count: Count) -> tuple[int, int]:
    """Return the lowest value of a number, and how many values it has."""
    low, high = count.bounds
    return low, high - low + 1


def _numbers(counts: list[Count]) -> list[np.ndarray]:
    """Return what every entry of a class stands for (entries,), by count."""
    rest, values = np.arange(math.prod(_extent(count)[1] for count in counts)), []
    for low, size in map(_extent, counts):
        values.append(np.repeat(rest % size + low, 4))
        rest = rest // size
    return values


def _rates(counts: list[Count], gates: Gates, thermal: float) -> np.ndarray:
    """Return the rates (classes, entries) over the attempt frequency."""
    values = _numbers(counts)
    ends = np.arange(4 * math.prod(_extent(count)[1] for count in counts)) % 4
    change = sum((c.energy * v for c, v in zip(counts, values, strict=True)), np.zeros(len(ends)))
    change = np.where(ends == 2, -change, change)
    gate = np.arange(len(gates.energies))[:, None] + np.zeros_like(ends)
    if gates.counted == VACANT:  # what is neither metal nor lithium
        gate = len(gates.energies) - 1 - gate - values[0]
    barriers = gates.energies[np.maximum(gate, 0)]  # (classes, entries, ways)
    barriers = np.maximum(barriers + 0.5 * change[:, None], np.maximum(change, 0.0)[:, None])
    rates = np.exp(-barriers / thermal).sum(-1)
    return np.where((gate >= 0) & ((ends == 1) | (ends == 2)), rates, 0.0)


def _check_size(sizes: Sequence[int]) -> None:
    entries = 4 * math.prod(sizes)
    if entries > _MOST_ENTRIES:
        raise AtomisticError(
            "The interactions make too large a table of rates",
            key="interactions",
            value=f"{entries:.3g} different surroundings of a hop",
            allowed=f"up to {_MOST_ENTRIES:.3g}",
            fix="leave out the farther shells of pairs, or the triangles",
        )
