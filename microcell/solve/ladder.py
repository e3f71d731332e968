"""What is tried when a step cannot be solved, in this order, until it can."""

from __future__ import annotations

CUT, DAMP, REFRESH, TIGHTEN = RUNGS = ("cut", "damped", "refreshed", "tightened")
"""Shorten the step; start from the last accepted state instead of the extrapolation; set up the multigrid
patterns again from the present state; solve the linear systems more tightly. The last three stay in force
until a step is accepted, while the step goes on being cut."""

TIGHT = 1e-5
"""Largest forcing term of the linear solves on the last rung."""


class Ladder:
    """Where the present step stands on the ladder.

    The patterns are set up at most once between changes of control: new patterns have new shapes, and the
    time step is compiled again for them.
    """

    def __init__(self) -> None:
        self._height = 0
        self._refreshed = False

    @property
    def damped(self) -> bool:
        """Whether to start from the last accepted state."""
        return self._height > RUNGS.index(DAMP)

    @property
    def tight(self) -> bool:
        """Whether to solve the linear systems tightly."""
        return self._height > RUNGS.index(TIGHTEN)

    def climb(self) -> str:
        """Go up one rung and return it; :data:`CUT` again and again from the top."""
        rung = RUNGS[self._height] if self._height < len(RUNGS) else CUT
        self._height += 1
        if rung != REFRESH:
            return rung
        if self._refreshed:
            return self.climb()
        self._refreshed = True
        return rung

    def step_down(self) -> None:
        """Begin the next step on the ground."""
        self._height = 0

    def allow_refresh(self) -> None:
        """With a new control, new patterns may pay again."""
        self._refreshed = False
