"""A protocol: the initial state and the steps, expanded and checked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from microcell.errors import ProtocolError, did_you_mean
from microcell.protocol.drive_cycle import as_mapping, is_follow, read_follow
from microcell.protocol.grammar import EXAMPLES, parse_step
from microcell.protocol.initial import Initial
from microcell.protocol.quantity import as_duration
from microcell.protocol.step import Step


class Experiment(BaseModel):
    """What is done to the cell, in the words of PyBaMM.

    Parameters
    ----------
    steps : sequence of str, mapping or Step, or nested sequences of them
        The steps in order; nested sequences are flattened, so that ``("Charge ...", "Rest ...") * 3`` works.
        "Follow drive.csv until 3.0 V" follows a table, see `microcell.protocol.profile`.
    initial : str or mapping or Initial
        The state at the start: "3.6 V", "x = 0.88" or {"stoichiometry": 0.88}.
    repeat : int
        How often the whole list is run.
    period : str, optional
        Time between outputs for steps that do not set their own, such as "1 minute".
    folder : path
        Where files of drive cycles are looked for.

    Attributes
    ----------
    steps : tuple of Step
        All steps, repeats included.
    initial : Initial
        The state at the start.
    cycle_length : int
        Number of steps in one repeat; step number k (from 0) belongs to cycle ``k // cycle_length``.
    period : float or None
        Time between outputs [s] for steps that do not set their own.

    Raises
    ------
    ProtocolError
        If there is no step, or a step, the initial state, ``repeat`` or ``period`` is not understood.

    Notes
    -----
    Every step ends. One without "for" has a safety limit: the time in which two nominal capacities pass for a
    C-rate, 24 hours otherwise (see `Step.duration`).

    Examples
    --------
    >>> protocol = Experiment(["Charge at 1C until 4.3 V", "Hold at 4.3 V until C/20"], initial="3.6 V")
    >>> protocol.steps[1].kind
    'voltage'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: tuple[Step, ...]
    initial: Initial
    cycle_length: int
    period: float | None

    def __init__(
        self,
        steps: Any,
        initial: Any,
        repeat: int = 1,
        period: str | float | None = None,
        folder: str | Path = ".",
    ) -> None:
        seconds = _read_period(period)
        once = tuple(_with_period(step, seconds) for step in _read_steps(steps, folder))
        super().__init__(
            steps=once * _read_repeat(repeat),
            initial=Initial.parse(initial),
            cycle_length=len(once),
            period=seconds,
        )

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Experiment:
        """Make a protocol from the keys "steps", "initial" and optionally "repeat" and "period".

        Raises
        ------
        ProtocolError
            If a key is missing or unknown, or a value is not understood.
        """
        known = ("steps", "initial", "repeat", "period")
        for key in content:
            if key not in known:
                raise ProtocolError(
                    f"The protocol has no key '{key}'", key=str(key), fix=did_you_mean(str(key), known)
                )
        for key, example in (("steps", f"a list of {EXAMPLES}"), ("initial", '"3.6 V"')):
            if key not in content:
                raise ProtocolError(f"The protocol has no '{key}'", key=key, fix=f"add {key} = {example}")
        return cls(**content)

    def to_dict(self) -> dict[str, Any]:
        """Return the protocol as texts, ready for JSON and for `from_dict`."""
        once = self.steps[: self.cycle_length]
        return {
            "steps": [step.text if step.profile is None else as_mapping(step) for step in once],
            "initial": {self.initial.kind: self.initial.value},
            "repeat": self.repeat,
            **({} if self.period is None else {"period": self.period}),
        }

    @property
    def repeat(self) -> int:
        """How often the list of steps is run."""
        return len(self.steps) // self.cycle_length

    def __str__(self) -> str:
        """List initial state and steps, one per line."""
        unit = " V" if self.initial.kind == "voltage" else ""
        lines = [f"start at {self.initial.kind} {self.initial.value:g}{unit}"]
        lines += [f"{number}. {step.text}" for number, step in enumerate(self.steps[: self.cycle_length], 1)]
        return "\n".join([*lines, f"{self.repeat} times"] if self.repeat > 1 else lines)


def validate(experiment: Experiment, lower: float, upper: float) -> None:
    """Refuse voltages outside of the window in which the parameters hold.

    Parameters
    ----------
    experiment : Experiment
        The protocol.
    lower, upper : float
        "Lower voltage limit [V]" and "Upper voltage limit [V]" of the parameter set.

    Raises
    ------
    ProtocolError
        If the initial voltage, a held voltage or a cut-off lies outside; the step is named.
    """
    window = f"{lower:g} V to {upper:g} V, the voltage limits of the parameter set"
    for key, text, volts in _voltages(experiment):
        if not lower <= volts <= upper:
            raise ProtocolError(
                f"{volts:g} V lies outside of the voltage limits",
                key=key,
                value=text,
                allowed=window,
                fix='change the voltage, or set "Lower voltage limit [V]" or "Upper voltage limit [V]"',
            )


def _voltages(experiment: Experiment) -> Iterator[tuple[str, str, float]]:
    """Yield each voltage with where it stands."""
    if experiment.initial.kind == "voltage":
        yield "initial", f"{experiment.initial.value:g} V", experiment.initial.value
    for number, step in enumerate(experiment.steps[: experiment.cycle_length], 1):
        key, text = f"step {number}", f'"{step.text}"'
        if step.kind == "voltage":
            yield key, text, step.value
        cutoff = step.termination("voltage")
        if cutoff is not None:
            yield key, text, cutoff.value


def _read_steps(steps: Any, folder: str | Path) -> tuple[Step, ...]:
    """Flatten and parse the list of steps."""
    flat = list(_flatten(steps))
    if not flat:
        raise ProtocolError("The protocol has no steps", key="steps", allowed=f"steps such as {EXAMPLES}")
    return tuple(_read_step(item, number, folder) for number, item in enumerate(flat, 1))


def _read_step(item: Any, number: int, folder: str | Path) -> Step:
    if isinstance(item, Step):
        return item
    if not is_follow(item):
        return parse_step(item, number)
    try:
        return read_follow(item, folder)
    except ProtocolError as error:
        parts = {part: getattr(error, part) for part in ("file", "value", "allowed", "fix")}
        key = f"step {number}" if error.key is None else f"step {number}, {error.key}"
        raise ProtocolError(error.problem, key=key, **parts) from error


def _flatten(steps: Any) -> Iterator[Any]:
    """Yield the steps of nested lists and tuples in order."""
    if isinstance(steps, Sequence) and not isinstance(steps, str):
        for item in steps:
            yield from _flatten(item)
    else:
        yield steps


def _read_repeat(repeat: Any) -> int:
    """Check the number of repeats."""
    if isinstance(repeat, bool) or not isinstance(repeat, int) or repeat < 1:
        raise ProtocolError(
            "The number of repeats is not a whole number above 0", key="repeat", value=repr(repeat)
        )
    return repeat


def _read_period(period: Any) -> float | None:
    """Check the time between outputs."""
    if period is None:
        return None
    seconds = as_duration(period) if isinstance(period, str) else period
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
        raise ProtocolError(
            "The period is not a positive time", key="period", value=period, fix='write "1 minute"'
        )
    return float(seconds)


def _with_period(step: Step, period: float | None) -> Step:
    """Give a step without a period of its own the common one."""
    return step if step.period is not None else step.model_copy(update={"period": period})
