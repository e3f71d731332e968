"""Full cycles and jumps over cycles in turn, the length of the jumps controlled by their error.

A projective method (Gear & Kevrekidis 2003, doi 10.1137/S1064827501388157) for a map instead of an equation:
full cycles give the change per cycle of what is slow, its interpolation over the cycle number bridges the
cycles of a jump, and full cycles behind the jump let settle what is fast and check the jump.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Generic

import numpy as np

from ...errors import SolverError
from .extrapolation import summed_change
from .plan import Plan, Point, S, System, Values

_SAFETY, _SHRINK, _GROW = 0.9, 0.1, 3.0
_MOST_PATIENCE = 16
_FIRST = 2  # cycles of the first jump: its changes come from neighbouring cycles, and are as rough as those


@dataclass
class Cycler(Generic[S]):
    """Computes and jumps until the plan is done; hands every accepted full cycle to ``accept``, in order."""

    system: System[S]
    plan: Plan
    accept: Callable[[Point[S]], None]
    computed: int = 0
    """Full cycles, those behind jumps that were not accepted included."""
    _measured: list[Point[S]] = field(
        default_factory=list
    )  # the latest two whose changes are those of slow ageing
    _last: Point[S] | None = None
    _skip: int = _FIRST
    _wait: int = 0  # cycles to compute before another jump is tried
    _patience: int = 1
    _first_capacity: float = 0.0
    _scale: dict[str, float] = field(default_factory=dict)

    def run(self) -> None:
        """Go on until the last cycle, or the first one below the least capacity."""
        while not self._done():
            skip = self._allowed_skip()
            if skip > 0:
                self._jump(skip)
            else:
                self._one_by_one()

    def _done(self) -> bool:
        last = self._last
        return last is not None and (last.number >= self.plan.cycles or self._below(last))

    def _below(self, point: Point[S]) -> bool:
        return point.capacity < self.plan.least * self._first_capacity

    def _computed(self, number: int, state: S | None, before: Values | None) -> Point[S]:
        start, self.computed = time.perf_counter(), self.computed + 1
        new = self.system.cycle(state)
        seconds = time.perf_counter() - start
        values = self.system.slow(new)
        change = {name: v - before[name] for name, v in values.items()} if before else {}
        return Point(number, new, values, change, self.system.capacity(new), 0.0, seconds)

    def _one_by_one(self) -> None:
        """Compute the next cycle; the first one still remembers how the cell was made."""
        last = self._last
        if last is None:
            point = self._computed(1, None, None)
            self._first_capacity = point.capacity
        else:
            point = self._computed(last.number + 1, last.state, last.values)
            self._measured = [*self._measured[-1:], point]
            self._wait = max(0, self._wait - 1)
        self._take([point])

    def _take(self, points: list[Point[S]]) -> None:
        for point in points:
            for name, value in point.values.items():
                self._scale[name] = max(self._scale.get(name, 0.0), _largest(value))
            self._last = point
            self.accept(point)

    # --- jumps -------------------------------------------------------------------------------------

    @property
    def _checks(self) -> int:
        return self.plan.settling + 1

    def _allowed_skip(self) -> int:
        """Cycles to skip: as the error allows, not beyond a cycle that is asked for or the end."""
        if self._last is None or len(self._measured) < 2 or self._wait > 0:
            return 0
        number = self._last.number
        target = next((n for n in self.plan.landings if n > number), self.plan.cycles)
        room = min(self._skip, self.plan.longest, target - number - self._checks)
        return max(0, min(room, self._to_least()))

    def _to_least(self) -> int:
        """Cycles to skip until the checks end right before the least capacity, if it falls on as lately."""
        before, last = self._measured
        slope = (last.capacity - before.capacity) / (last.number - before.number)
        left = last.capacity - self.plan.least * self._first_capacity
        if slope >= 0 or left >= -slope * self.plan.cycles:
            return self.plan.cycles
        return int(-left / slope) - self._checks

    def _jump(self, skip: int) -> None:
        """Jump, check, and keep both or neither."""
        before, anchor = self._measured
        jump = self._summed(self._measured, anchor.number, skip)
        values = _kept_sign(anchor.values, {name: v + jump[name] for name, v in anchor.values.items()})
        ratio = skip / (anchor.number - before.number)
        state = self.system.jumped(anchor.state, before.state, ratio, values)
        if not self.system.possible(state):
            self._shorten(skip, 0.5)
            return
        try:
            points = self._checked(anchor.number + skip, state, values)
        except SolverError:
            self._shorten(skip, 0.25)
            return
        summed = self._summed([*self._measured, points[-1]], anchor.number, skip)
        better = _kept_sign(anchor.values, {name: v + summed[name] for name, v in anchor.values.items()})
        difference = {name: better[name] - values[name] for name in values}
        error = float(np.max([self._error(difference, values), self._interpolation_error(points[-1])]))
        share = _SAFETY * (self.plan.tolerance / max(error, 1e-300)) ** (1 / 3)
        if not error <= self.plan.tolerance:
            self._shorten(skip, np.clip(share, _SHRINK, 0.7) if np.isfinite(error) else _SHRINK)
        elif self._below(points[0]):
            self._shorten(skip, self._share_to_least(points[0]))
        else:
            self._skip, self._patience = max(1, int(skip * min(share, _GROW))), 1
            self._accept_jump(points, difference, error)

    def _summed(self, points: list[Point[S]], number: int, skip: int) -> Values:
        """Change over the cycles that are skipped, by the changes in some computed ones."""
        cycles = [point.number for point in points]
        return {
            name: summed_change(
                cycles,
                [point.change[name] for point in points],
                number + 1,
                number + skip,
                geometric=name not in self.system.counted,
            )
            for name in points[0].change
        }

    def _checked(self, number: int, state: S, values: Values) -> list[Point[S]]:
        """Full cycles behind a jump that led to the end of a cycle."""
        points: list[Point[S]] = []
        for _ in range(self._checks):
            number += 1
            points.append(self._computed(number, state, values))
            state, values = points[-1].state, points[-1].values
        return points

    def _error(self, difference: Values, values: Values) -> float:
        """Largest difference between jump and check, relative to the largest value so far."""
        errors = [0.0]
        for name in values.keys() - self.system.counted:
            scale = max(self._scale[name], _largest(values[name]))
            errors.append(_largest(difference[name]) / scale if scale > 0 else 0.0)
        return float(np.max(errors))

    def _interpolation_error(self, point: Point[S]) -> float:
        """By how much the capacity bends away from a straight line across the jump, relative to the first."""
        before, anchor = self._measured
        x, y = (
            np.array([getattr(p, key) for p in (before, anchor, point)]) for key in ("number", "capacity")
        )
        slopes = np.diff(y) / np.diff(x)
        bend = (slopes[1] - slopes[0]) / (x[2] - x[0])
        return float(abs(bend) * (x[2] - x[1]) ** 2 / 4.0 / max(self._first_capacity, 1e-300))

    def _share_to_least(self, point: Point[S]) -> float:
        """Share of a jump after which the capacity reaches the least one on a straight line."""
        _, anchor = self._measured
        least = self.plan.least * self._first_capacity
        return max(0.0, (anchor.capacity - least) / (anchor.capacity - point.capacity))

    def _shorten(self, skip: int, share: float) -> None:
        """Try a shorter jump; where not even one cycle can be skipped, not before more and more of them."""
        shorter = min(skip - 1, int(skip * share))
        if shorter < 1:
            self._wait = self._patience
            self._patience = min(2 * self._patience, _MOST_PATIENCE)
        self._skip = max(1, shorter)

    def _accept_jump(self, points: list[Point[S]], difference: Values, error: float) -> None:
        """Take the better sum into the states behind the jump."""
        base, kept = self._measured[-1], []
        for point in points:
            values = _kept_sign(point.values, {n: v + difference[n] for n, v in point.values.items()})
            state = self.system.corrected(point.state, base.state, values)
            new = replace(point, state=state, values=self.system.slow(state))
            kept.append(replace(new, error=error, settling=point is not points[-1]))
        self._measured = [base, kept[-1]]
        self._take(kept)


def _largest(value: np.ndarray) -> float:
    return float(np.max(np.abs(value), initial=0.0))


def _kept_sign(before: Values, after: Values) -> Values:
    """Thicknesses, amounts and losses that were not negative do not become so."""
    return {name: np.where(before[name] >= 0, np.maximum(v, 0.0), v) for name, v in after.items()}
