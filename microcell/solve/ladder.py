"""What is tried when a step cannot be solved, in this order, until it can."""

from __future__ import annotations

CUT, DEEPEN, DAMP, REFRESH, TIGHTEN, WIDEN = RUNGS = (
    "cut",
    "deepened",
    "damped",
    "refreshed",
    "tightened",
    "widened",
)
"""Shorten the step; give the linear solver a larger basis; start from the last accepted state instead of the
extrapolation; set up the multigrid patterns again from the present state; solve the linear systems more
tightly; solve them in float64, which takes twice the memory. The large basis and float64 stay until the
control changes, the others until a step is accepted, while the step goes on being cut."""

MANY_CUTS = 6
"""Cuts under one control behind which float64 is tried at once: short steps that succeed would hide for long
that float32 does not do here."""

TIGHT = 1e-5
"""Largest forcing term of tight linear solves."""


class Ladder:
    """Where the present step stands on the ladder.

    The patterns are set up, the basis is enlarged and the precision raised at most once between changes of
    control: the time step is compiled again for them.
    """

    def __init__(self) -> None:
        self._height = 0
        self._cuts = 0
        self._taken: set[str] = set()

    @property
    def deep(self) -> bool:
        """Whether to solve the linear systems with a large basis."""
        return DEEPEN in self._taken

    @property
    def wide(self) -> bool:
        """Whether to solve the linear systems in float64."""
        return WIDEN in self._taken

    @property
    def damped(self) -> bool:
        """Whether to start from the last accepted state."""
        return self._height > RUNGS.index(DAMP)

    @property
    def tight(self) -> bool:
        """Whether to solve the linear systems tightly."""
        return self._height > RUNGS.index(TIGHTEN)

    def climb(self, stalled: bool = False) -> str:
        """Go up one rung and return it; :data:`CUT` again and again from the top.

        Where the linear solves have stalled, a shorter step comes after a larger basis; where steps were cut
        again and again, after float64.
        """
        if stalled and DEEPEN not in self._taken:
            self._height = max(self._height, RUNGS.index(DEEPEN))
        if self._cuts >= MANY_CUTS and WIDEN not in self._taken:
            self._height = RUNGS.index(WIDEN)
        rung = RUNGS[self._height] if self._height < len(RUNGS) else CUT
        self._height += 1
        if rung in self._taken:
            return self.climb()
        if rung in (DEEPEN, REFRESH, WIDEN):
            self._taken.add(rung)
        self._cuts += rung == CUT
        return rung

    def step_down(self) -> None:
        """Begin the next step on the ground."""
        self._height = 0

    def change_control(self) -> None:
        """With a new control a small basis and float32 may do again, and new patterns may pay again."""
        self._taken.clear()
        self._cuts = 0
