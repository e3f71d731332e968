"""What cycling needs to know of a cell, what it is asked for, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

S = TypeVar("S")

Values = dict[str, np.ndarray]
"""Slow quantities by name."""


class System(Protocol[S]):
    """What can be cycled and jumped with; ``S`` is its state at the end of a cycle."""

    @property
    def counted(self) -> frozenset[str]:
        """Slow quantities that obey balances: summed linearly, and not part of the error."""
        ...

    def cycle(self, state: S | None) -> S:
        """Compute one full cycle, the first one from None."""
        ...

    def slow(self, state: S) -> Values:
        """Return the slow quantities at the end of a cycle."""
        ...

    def capacity(self, state: S) -> float:
        """Return the capacity of the cycle that led there."""
        ...

    def possible(self, state: S) -> bool:
        """Whether a cell can be in a state that a jump leads to."""
        ...

    def jumped(self, state: S, earlier: S, ratio: float, values: Values) -> S:
        """Return a state with other slow quantities.

        What is fast moves on by ``ratio`` times its change between the ends of two computed cycles.
        """
        ...

    def corrected(self, state: S, base: S, values: Values) -> S:
        """Return the end of a cycle with other slow quantities; ``base`` is the state before the jump."""
        ...


@dataclass(frozen=True)
class Plan:
    """What to do.

    Attributes
    ----------
    cycles : int
        The last cycle.
    tolerance : float
        Error of a jump in every slow quantity, relative to the largest value it has had anywhere, and of the
        capacity interpolated between computed cycles, relative to the first one.
    settling : int
        Full cycles behind a jump that let settle what is fast, before the one that is measured.
    longest : int
        Most cycles that a jump skips; 0 computes all cycles.
    least : float
        Capacity below which cycling ends, relative to the first cycle.
    landings : tuple of int
        Cycles that are computed whatever the jumps, ascending.
    """

    cycles: int
    tolerance: float = 1e-3
    settling: int = 1
    longest: int = 10**9
    least: float = 0.0
    landings: tuple[int, ...] = ()


@dataclass(frozen=True)
class Point(Generic[S]):
    """A computed cycle.

    Attributes
    ----------
    number : int
        Of the cycle, from 1.
    state : S
        At its end.
    values, change : dict of ndarray
        Slow quantities at its end, and how much the cycle changed them.
    capacity : float
        Of the cycle.
    error : float
        Relative error estimated for the jump before it; 0 without one.
    seconds : float
        Wall time.
    settling : bool
        Whether it lets settle what is fast behind a jump.
    """

    number: int
    state: S
    values: Values
    change: Values
    capacity: float
    error: float
    seconds: float
    settling: bool = False
