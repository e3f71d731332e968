"""Settings of the time stepping, and what is counted and summed up over a run."""

from __future__ import annotations

from dataclasses import dataclass, field

from .ladder import RUNGS

COUNTS = (
    "steps",
    "attempts",
    "newton",
    "krylov",
    "rejected",
    "failed",
    "located",
    "starting",
    "starts",
    "events",
    *RUNGS,
)
"""What is counted over a run. Every attempt becomes a step, is rejected for accuracy, fails, locates an event
(is thrown away for a shorter one), or is an instant that finds a consistent start; the last are rungs
taken."""


@dataclass(frozen=True)
class StepControl:
    """Settings of the time stepping.

    Attributes
    ----------
    error : float
        Local error of the concentrations, relative to c_max (solid) and 4000 mol.m-3 (electrolyte), per step.
    first, smallest, largest : float
        Steps [s]; the first one behind a change of control is shorter where its error asks for it.
    residual, linear : float
        Newton's tolerance relative to the current, and the largest forcing term of its linear solves.
    voltage_event, current_event : float
        How closely cut-offs are met: volts, and relative to the limit.
    """

    error: float = 3e-4
    first: float = 10.0
    smallest: float = 1e-3
    largest: float = 150.0
    residual: float = 2e-9
    linear: float = 1e-3
    voltage_event: float = 5e-4
    current_event: float = 1e-3


@dataclass
class Totals:
    """Integrals over the run, advanced by the formula of the accepted steps."""

    lithium_in_mol: list[float] = field(default_factory=lambda: [0.0])
    charge_C: list[float] = field(default_factory=lambda: [0.0])
    charge_moved_C: float = 0.0
