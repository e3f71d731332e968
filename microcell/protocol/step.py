"""One step of a protocol as written, before it is known how much current 1C is."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from microcell.protocol.profile import Profile

CHARGE: Literal[-1] = -1
DISCHARGE: Literal[1] = 1
"""Signs of the current: positive current is discharge."""

DEFAULT_DURATION = 24 * 3600.0
"""A step without a duration ends after this time [s] at the latest, unless it is a C-rate."""

DEFAULT_CAPACITIES = 2.0
"""A C-rate step without a duration ends at the latest when it has passed this many nominal capacities."""

SetpointUnit = Literal["C", "A", "A.m-2", "V", "W", "W.m-2"]


class Termination(BaseModel):
    """A condition that ends a step.

    Attributes
    ----------
    kind : {"voltage", "current", "duration"}
        What is watched.
    value : float
        Positive number in ``unit``; currents are magnitudes.
    unit : {"V", "C", "A", "A.m-2", "s"}
        Unit of the value; C is a multiple of the 1C current, A.m-2 is per area of the electrode.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["voltage", "current", "duration"]
    value: float
    unit: Literal["V", "C", "A", "A.m-2", "s"]


class Step(BaseModel):
    """One step: what is controlled, and what ends it.

    Attributes
    ----------
    kind : {"current", "voltage", "power", "rest"}
        What is controlled.
    value : float
        Positive magnitude in ``unit``; 0 for a rest.
    unit : {"C", "A", "A.m-2", "V", "W", "W.m-2"}
        Unit of the value; C is a multiple of the 1C current, A.m-2 and W.m-2 are per area of the electrode.
    direction : {-1, 0, 1}
        1 discharge (positive current), -1 charge, 0 hold or rest.
    terminations : tuple of Termination
        The step ends when the first of them is met; at most one of each kind.
    text : str
        The step as the user wrote it.
    period : float or None
        Time between outputs [s], if the step sets it.
    profile : Profile or None
        The table that current or power follow; ``value`` is then its largest magnitude.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["current", "voltage", "power", "rest"]
    value: float
    unit: SetpointUnit
    direction: Literal[-1, 0, 1]
    terminations: tuple[Termination, ...]
    text: str
    period: float | None = None
    profile: Profile | None = None

    def termination(self, kind: str) -> Termination | None:
        """Return the termination of a kind, None where the step has none."""
        return next((t for t in self.terminations if t.kind == kind), None)

    @property
    def has_default_duration(self) -> bool:
        """Whether no duration is written, so that only a safety limit ends the step by time."""
        return self.termination("duration") is None

    @property
    def duration(self) -> float:
        """The longest time the step may take [s].

        Without a duration in the text this is a safety limit, as in PyBaMM: the time in which two nominal
        capacities pass for a C-rate, 24 hours otherwise.
        """
        written = self.termination("duration")
        if written is not None:
            return written.value
        return DEFAULT_CAPACITIES * 3600.0 / self.value if self.unit == "C" else DEFAULT_DURATION
