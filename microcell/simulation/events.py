"""From a resolved protocol step to control, events and words for why it ended."""

from __future__ import annotations

import math

import numpy as np

from ..cell.state import Control
from ..errors import ProtocolError
from ..protocol import Experiment
from ..protocol.resolve import ResolvedStep
from ..solve.control import StepControl
from ..solve.events import Event


def control_of(step: ResolvedStep) -> Control:
    """What the terminals impose during a step."""
    return Control(np.int32(step.mode), np.float64(step.value))


def refuse_drive_cycles(experiment: Experiment) -> None:
    """Refuse steps that follow a table.

    Raises
    ------
    ProtocolError
        If there is one.
    """
    for number, step in enumerate(experiment.steps, 1):
        if step.profile is not None:
            raise ProtocolError(
                "Drive cycles run in the reduced models only",
                key=f"step {number}",
                value=step.text,
                fix="use `microcell p2d`, or steps of constant current, power or voltage",
            )


def events_of(step: ResolvedStep, settings: StepControl, floor: float, one_c: float) -> list[Event]:
    """Conditions that end a step before its time is over.

    Parameters
    ----------
    step : ResolvedStep
        The step.
    settings : StepControl
        Tolerances.
    floor : float
        Voltage below which the cell counts as empty, whatever the step says [V].
    one_c : float
        The 1C current [A], for the words.
    """
    events = []
    if limit := step.voltage_limit:
        events.append(
            Event(
                f"voltage {limit.value:g} V",
                lambda v, _: limit.direction * (v - limit.value),
                settings.voltage_event,
            )
        )
    if (current := step.current_limit) is not None:
        events.append(
            Event(
                f"current C/{one_c / current:.4g} ({current:.4g} A)",
                lambda _, i: (current - abs(i)) / current,
                settings.current_event,
            )
        )
    if step.kind != "voltage":
        events.append(Event(f"safety limit {floor:g} V", lambda v, _: floor - v, 0.05))
    return events


def reason_of(step: ResolvedStep, event: str | None) -> str:
    """Say why a step ended."""
    if event is not None:
        return f"{event} reached"
    if step.has_default_duration:
        return f"time limit of {step.duration:g} s reached before the condition of the step was met"
    return f"duration {step.duration:g} s reached"


def fraction_of(
    step: ResolvedStep, elapsed: float, current: float, first_current: float, one_c: float
) -> float:
    """Estimate how much of a step is done, for the progress display."""
    by_time = elapsed / step.duration
    if step.kind in ("current", "power") and current:
        by_time = max(by_time, elapsed * abs(current) / (one_c * 3600.0))
    limit = step.current_limit
    if step.kind == "voltage" and limit and abs(first_current) > limit:
        by_time = max(
            by_time,
            math.log(abs(first_current) / max(abs(current), limit)) / math.log(abs(first_current) / limit),
        )
    return min(by_time, 1.0)
