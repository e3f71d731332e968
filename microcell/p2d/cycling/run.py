"""Cycling over a cell's life."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import jax
import pandas as pd

from ...errors import InterruptedRunError, ProtocolError, SolverError
from ...progress import ProgressBar
from ...protocol import Experiment
from ..record import Record
from ..solution import Solution
from .jumps import Cycler
from .life import CYCLE, ERROR, SETTLING, WALL, CycleLife
from .plan import Plan, Point
from .states import Model, ReducedSystem
from .summary import CAPACITY, first_row, summarize

Progress = Callable[[Mapping[str, Any]], None]


def cycle(
    model: Model,
    experiment: Experiment,
    cycles: int = 1000,
    *,
    tolerance: float = 1e-3,
    until: float = 0.0,
    longest_jump: int | None = None,
    settling: int = 1,
    keep: Iterable[int] = (),
    progress: bool | Progress = False,
) -> CycleLife:
    """Repeat a protocol over a cell's life, with jumps over cycles that need not be computed.

    Parameters
    ----------
    model : DFN
        The cell.
    experiment : Experiment
        One cycle: all its steps. Its initial state is that of the first cycle.
    cycles : int
        The last cycle.
    tolerance : float
        Relative error allowed in every jump: of thicknesses, losses and other slow states (relative to the
        largest value each has had anywhere), and of the capacity between computed cycles.
    until : float
        End with the first cycle below this share of the capacity of the first one, 0 to 1; 0: never.
    longest_jump : int, optional
        Most cycles that a jump skips; 0 computes all cycles.
    settling : int
        Full cycles behind every jump that let settle what is fast, before the one that is measured.
    keep : iterable of int
        Cycles to compute in full and to keep the solution of.
    progress : bool or callable
        True shows a bar; a callable gets a mapping after every computed cycle, as in `Simulation.solve`.

    Returns
    -------
    CycleLife
        Table over cycles, solutions, counts.

    Raises
    ------
    ProtocolError
        If a number is out of range, or capacity ends cycling but no step discharges.
    SolverError
        If a full cycle that does not follow a jump cannot be computed; ``partial`` is the `CycleLife` until
        then.
    InterruptedRunError
        If the user stops it; ``partial`` as before.

    Examples
    --------
    >>> life = cycle(model, experiment, 1000, until=0.8)                  # doctest: +SKIP
    >>> life["Discharge capacity [A.h]"], life.to_frame()                 # doctest: +SKIP
    """
    plan = _plan(cycles, tolerance, until, longest_jump, settling, keep)
    bar = ProgressBar() if progress is True else nullcontext(progress or _silent)
    with jax.enable_x64(True), bar as show:
        rows = _Rows(plan, show)
        cycler = Cycler(ReducedSystem(model, experiment), plan, rows.add)
        try:
            cycler.run()
        except SolverError as error:
            ended = f"cycle {rows.number + 1} failed: {error.problem}"
            error.partial = rows.life(ended, cycler.computed, error)  # type: ignore[attr-defined]
            raise
        except KeyboardInterrupt:
            raise _interruption(rows, cycler.computed) from None
    return rows.life(None, cycler.computed)


@dataclass
class _Rows:
    """Collects the computed cycles."""

    plan: Plan
    show: Progress
    rows: list[dict[str, float]] = field(default_factory=list)
    solutions: dict[int, Solution] = field(default_factory=dict)
    start: Record | None = None
    number: int = 0

    def add(self, point: Point[Solution]) -> None:
        """Take a cycle, and drop the solution of the one before unless it is asked for."""
        if self.start is None:
            self.start = first_row(point.state)
        numbers = summarize(point.state, self.start)
        self._check_capacity(numbers)
        how = {ERROR: point.error, WALL: point.seconds, SETTLING: point.settling}
        self.rows.append({CYCLE: point.number, **numbers, **how})
        if self.number not in (1, *self.plan.landings):
            self.solutions.pop(self.number, None)
        self.number = point.number
        self.solutions[self.number] = point.state
        self.show(self._update(point, numbers))

    def _check_capacity(self, numbers: Mapping[str, float]) -> None:
        if self.plan.least > 0 and not self.rows and numbers[CAPACITY] <= 0:
            raise ProtocolError(
                "No step of the cycle discharges, so that no capacity can end it",
                key="until",
                value=self.plan.least,
                fix="add a step that discharges, or leave until out",
            )

    def _update(self, point: Point[Solution], numbers: Mapping[str, float]) -> dict[str, Any]:
        seconds = 3600.0 * numbers["Time [h]"]
        share = numbers[CAPACITY] / (self.rows[0][CAPACITY] or 1.0)
        return {
            "time": seconds,
            "voltage": numbers["End voltage [V]"],
            "dt": float(point.state.record.time[-1] - point.state.record.time[0]),
            "step": point.number,
            "step_count": self.plan.cycles,
            "text": f"cycles, capacity {100 * share:.2f} %",
            "fraction": point.number / self.plan.cycles,
        }

    def life(self, stopped: str | None, computed: int, error: Exception | None = None) -> CycleLife:
        """Return what was collected; ``stopped`` says why it is not complete."""
        none = pd.DataFrame(columns=[CYCLE, CAPACITY, ERROR, WALL, SETTLING], dtype=float)
        table = pd.DataFrame(self.rows) if self.rows else none
        if stopped is None:
            low = table[CAPACITY].iloc[-1] < self.plan.least * table[CAPACITY].iloc[0]
            why = f"capacity below {100 * self.plan.least:g} % of the first" if low else "last cycle reached"
        return CycleLife(
            table=table,
            solutions=self.solutions,
            ended=stopped or why,
            complete=stopped is None,
            tolerance=self.plan.tolerance,
            computed=computed,
            unfinished=getattr(error, "partial", None),
        )


def _plan(
    cycles: int, tolerance: float, until: float, longest: int | None, settling: int, keep: Iterable[int]
) -> Plan:
    keep = tuple(sorted(set(keep)))
    _require(cycles >= 1, "cycles", cycles, "1 or more")
    _require(0 < tolerance < 1, "tolerance", tolerance, "between 0 and 1, such as 1e-3")
    _require(0 <= until < 1, "until", until, "a share from 0 to below 1, such as 0.8")
    _require(longest is None or longest >= 0, "longest_jump", longest, "0 or more")
    _require(settling >= 0, "settling", settling, "0 or more")
    _require(all(1 <= number <= cycles for number in keep), "keep", keep, f"cycles from 1 to {cycles}")
    longest = cycles if longest is None else longest
    return Plan(cycles, tolerance, settling, longest, until, keep)


def _require(holds: bool, key: str, value: Any, allowed: str) -> None:
    if not holds:
        raise ProtocolError("Cycling cannot be controlled like this", key=key, value=value, allowed=allowed)


def _interruption(rows: _Rows, computed: int) -> InterruptedRunError:
    error = InterruptedRunError(
        f"interrupted after cycle {rows.number}; what is done is kept in the error's partial",
        fix="look at error.partial.table",
    )
    error.partial = rows.life("interrupted", computed)  # type: ignore[attr-defined]
    return error


def _silent(_: Mapping[str, Any]) -> None:
    """Show nothing."""
