"""Reads protocol texts such as "Charge at 1C until 4.3 V" into steps.

A step is ``Charge | Discharge | Hold at QUANTITY CONDITIONS`` or ``Rest CONDITIONS``, where the conditions
are ``for TIME`` and ``until QUANTITY`` joined by ``or``, optionally followed by ``(TIME period)``. The
wording is PyBaMM's; upper and lower case and the number of spaces do not matter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from microcell.errors import ProtocolError, did_you_mean
from microcell.protocol.quantity import UNIT_WORDS, as_c_rate, as_duration, as_electrical
from microcell.protocol.step import CHARGE, DISCHARGE, SetpointUnit, Step, Termination

EXAMPLES = (
    '"Charge at 1C until 4.3 V", "Discharge at 2 mA for 30 minutes or until 3.0 V", '
    '"Hold at 4.3 V until C/20", "Rest for 10 minutes"'
)
"""Shown with every text that is not understood."""

_INSTRUCTIONS: dict[str, Literal[-1, 0, 1]] = {"charge": CHARGE, "discharge": DISCHARGE, "hold": 0, "rest": 0}
_KEYWORDS = (*_INSTRUCTIONS, "at", "for", "until", "or", "period")
_PERIOD = re.compile(r"\(\s*([^()]*?)\s*period\s*\)\s*$", re.I)
_FIRST_CONDITION = re.compile(r"\b(?:for|until|or)\b", re.I)
_ANY_INSTRUCTION = re.compile(rf"\b(?:{'|'.join(_INSTRUCTIONS)})\b", re.I)
_CONDITION = re.compile(r"(?:(for|until)\b)?\s*(.*)", re.I)
_KINDS: dict[str, Literal["current", "voltage", "power"]] = {
    "C": "current",
    "A": "current",
    "A.m-2": "current",
    "V": "voltage",
    "W": "power",
    "W.m-2": "power",
}


@dataclass(frozen=True)
class _Text:
    """A step text with its number, to name both in errors."""

    text: str
    number: int | None

    def error(self, problem: str, fix: str | None = None) -> ProtocolError:
        """Make the error for this step."""
        key = f"step {self.number}" if self.number is not None else None
        return ProtocolError(
            problem, key=key, value=f'"{self.text}"', allowed=f"steps such as {EXAMPLES}", fix=fix
        )


def parse_step(text: str, number: int | None = None) -> Step:
    """Read one step.

    Parameters
    ----------
    text : str
        The step, such as "Hold at 4.3 V until C/20".
    number : int, optional
        Its place in the protocol from 1, named in errors.

    Raises
    ------
    ProtocolError
        If the text is not understood, has no end, or asks for something impossible. The message names step
        and text, shows examples and says what to change.
    """
    source = _Text(str(text).strip(), number)
    if not isinstance(text, str) or not source.text:
        raise source.error("A step is a text", "write the step as in the examples")
    body, period = _split_period(source)
    _check_words(source, body)
    instruction, rest = _split_instruction(source, body)
    first = _FIRST_CONDITION.search(rest)
    setpoint, conditions = (rest[: first.start()], rest[first.start() :]) if first else (rest, "")
    kind, value, unit = _read_setpoint(source, instruction, setpoint.strip())
    terminations = _read_conditions(source, instruction, conditions)
    return Step(
        kind=kind,
        value=value,
        unit=unit,
        direction=_INSTRUCTIONS[instruction],
        terminations=terminations,
        text=source.text,
        period=period,
    )


def _split_period(source: _Text) -> tuple[str, float | None]:
    """Take "(1 minute period)" off the end."""
    match = _PERIOD.search(source.text)
    if match is None:
        return source.text, None
    period = as_duration(match.group(1))
    if period is None or not 0 < period < math.inf:
        raise source.error(f"'{match.group(1)}' is not a period", 'write it as in "(1 minute period)"')
    return source.text[: match.start()].strip(), period


def _check_words(source: _Text, body: str) -> None:
    """Refuse words that are neither keywords nor units, and suggest the nearest."""
    without_exponents = re.sub(r"(?<=[\d.])[eE](?=[+-]?\d)", "", body)
    for word in re.findall(r"[A-Za-zµμ]+", without_exponents):
        if word.lower() not in UNIT_WORDS and word.lower() not in _KEYWORDS:
            known = [*_KEYWORDS, *sorted(unit for unit in UNIT_WORDS if len(unit) > 3)]
            raise source.error(f"The word '{word}' is not understood", did_you_mean(word, known))


def _split_instruction(source: _Text, body: str) -> tuple[str, str]:
    """Take the instruction off the front."""
    first, _, rest = body.partition(" ")
    if first.lower() not in _INSTRUCTIONS:
        raise source.error(
            f"A step starts with Charge, Discharge, Hold or Rest, not with '{first}'",
            did_you_mean(first, _INSTRUCTIONS),
        )
    second = _ANY_INSTRUCTION.search(rest)
    if second is not None:
        raise source.error(
            "Two steps stand in one text", f'make "{rest[second.start() :]}" a step of its own'
        )
    return first.lower(), rest.strip()


def _read_setpoint(
    source: _Text, instruction: str, text: str
) -> tuple[Literal["current", "voltage", "power", "rest"], float, SetpointUnit]:
    """Read what stands between the instruction and the conditions."""
    if instruction == "rest":
        if text:
            raise source.error(f"'{text}' is not understood in a rest", 'write "Rest for 10 minutes"')
        return "rest", 0.0, "A"
    match = re.fullmatch(r"at\b\s*(.*)", text, re.I)
    example = "4.3 V" if instruction == "hold" else "1C"
    if match is None or not match.group(1):
        raise source.error(
            f"The value after '{instruction} at' is missing",
            f'write "{instruction.capitalize()} at {example} ..."',
        )
    value, unit = _read_quantity(source, match.group(1))
    kind = _KINDS[unit]
    if (kind == "voltage") != (instruction == "hold"):
        raise source.error(*_wrong_setpoint(instruction, match.group(1)))
    return kind, value, unit


def _wrong_setpoint(instruction: str, text: str) -> tuple[str, str]:
    """Describe a hold that is not at a voltage, or a charge that is."""
    if instruction == "hold":
        return (
            f"Only a voltage can be held, not {text}",
            f'write "Charge at {text} ..." or "Discharge at {text} ..."',
        )
    return (
        f"{instruction.capitalize()} needs a current, C-rate or power, not {text}",
        f'write "Hold at {text} until C/20" to hold a voltage',
    )


def _read_quantity(source: _Text, text: str) -> tuple[float, SetpointUnit]:
    """Read a positive C-rate, current, voltage or power."""
    rate = as_c_rate(text)
    found = (rate, "C") if rate is not None else as_electrical(text)
    if found is None:
        raise source.error(
            f"'{text}' is not a C-rate, current, voltage or power",
            'write a number with its unit: "C/3", "2 mA", "10 A/m2", "4.3 V", "1 W"',
        )
    value, unit = found
    _check_positive(source, value, text, _KINDS[unit])
    return value, unit  # type: ignore[return-value]


def _check_positive(source: _Text, value: float, text: str, kind: str) -> None:
    """Refuse zero, negative and infinite values."""
    if math.isfinite(value) and value > 0:
        return
    fixes = {
        "current": 'use "Charge" or "Discharge" for the sign, and "Rest for ..." for no current',
        "power": 'use "Charge" or "Discharge" for the sign, and "Rest for ..." for no power',
        "voltage": "voltages are against lithium and positive",
        "duration": "times are positive",
    }
    raise source.error(f"'{text}' is not a positive, finite value", fixes[kind])


def _read_conditions(source: _Text, instruction: str, text: str) -> tuple[Termination, ...]:
    """Read "for TIME", "until QUANTITY" and their combination by "or"."""
    if not text:
        example = {"rest": "for 10 minutes", "hold": "until C/20"}.get(instruction, "until 4.3 V")
        raise source.error("The step has no end: 'for' or 'until' is missing", f'add for example "{example}"')
    terminations = [_read_condition(source, part.strip()) for part in re.split(r"\bor\b", text, flags=re.I)]
    kinds = [t.kind for t in terminations]
    if len(set(kinds)) < len(kinds):
        raise source.error("The step has two conditions of the same kind", "keep the one that is met first")
    _check_conditions(source, instruction, kinds)
    return tuple(terminations)


def _read_condition(source: _Text, text: str) -> Termination:
    """Read one condition; the keyword may be missing after "or"."""
    match = _CONDITION.fullmatch(text)
    keyword, value_text = (
        (match.group(1) or "").lower() if match else "",
        match.group(2).strip() if match else "",
    )
    if not value_text:
        raise source.error(
            f"Nothing follows '{keyword or 'or'}'", 'write for example "until 4.3 V or for 2 hours"'
        )
    if _FIRST_CONDITION.search(value_text):
        raise source.error(
            "Two conditions follow each other without 'or'", 'write "until 4.3 V or for 2 hours"'
        )
    duration = as_duration(value_text) if keyword != "until" else None
    if duration is not None:
        _check_positive(source, duration, value_text, "duration")
        return Termination(kind="duration", value=duration, unit="s")
    if keyword == "for":
        raise source.error(f"'{value_text}' is not a time", 'write "for 30 minutes"; values follow "until"')
    if as_duration(value_text) is not None:
        raise source.error(f"'until {value_text}' is a time", f'write "for {value_text}"')
    value, unit = _read_quantity(source, value_text)
    if unit in ("W", "W.m-2"):
        raise source.error("A step cannot end at a power", "end it at a voltage, a current or after a time")
    return Termination(kind="voltage" if unit == "V" else "current", value=value, unit=unit)


def _check_conditions(source: _Text, instruction: str, kinds: Sequence[str]) -> None:
    """Refuse conditions that a step of this kind can never meet."""
    if instruction == "rest" and kinds != ["duration"]:
        raise source.error("A rest ends by time only", 'write "Rest for 10 minutes"')
    if instruction == "hold" and "voltage" in kinds:
        raise source.error(
            "A held voltage does not change, so it cannot end at a voltage",
            'end it with "until C/20" or "for 1 hour"',
        )
    if instruction in ("charge", "discharge") and "current" in kinds:
        raise source.error(
            "A step at given current or power cannot end at a current",
            'end it at a voltage, as in "until 4.3 V", and add "Hold at 4.3 V until C/20" as the next step',
        )
