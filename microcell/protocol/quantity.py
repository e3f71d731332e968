"""Currents, voltages, powers, C-rates and times as they stand in protocol texts."""

from __future__ import annotations

import math
import re

from microcell.errors import ParameterError
from microcell.parameters.units import quantity

ELECTRICAL_UNITS = ("A", "A.m-2", "V", "W", "W.m-2")
"""Units that electrical quantities are converted to."""

_SPELLINGS = {
    "A": ("a", "amp", "amps", "ampere", "amperes"),
    "V": ("v", "volt", "volts"),
    "W": ("w", "watt", "watts"),
}
_PREFIXED = {
    p + u.lower(): ("u" if p in "µμ" else p) + u for u in "AVW" for p in ("m", "u", "µ", "μ", "n", "k")
}
_LENGTHS = {name: name for name in ("m", "cm", "mm", "um")}
_UNITS = {word: unit for unit, words in _SPELLINGS.items() for word in words} | _PREFIXED | _LENGTHS

_SECONDS = {
    1.0: ("s", "sec", "secs", "second", "seconds"),
    60.0: ("m", "min", "mins", "minute", "minutes"),
    3600.0: ("h", "hr", "hrs", "hour", "hours"),
    86400.0: ("d", "day", "days"),
}
_TIME_UNITS = {word: seconds for seconds, words in _SECONDS.items() for word in words}

UNIT_WORDS = frozenset(_UNITS) | frozenset(_TIME_UNITS) | {"c"}
"""All words that stand for a unit, in lower case."""

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_C_RATE = re.compile(rf"({_NUMBER})?\s*C\s*(?:/\s*({_NUMBER}))?", re.I)
_WITH_UNIT = re.compile(rf"({_NUMBER})\s*(\S.*)")


def as_c_rate(text: str) -> float | None:
    """Read "1C", "C/3" or "0.5 C"; None where the text is no C-rate, infinity for C/0."""
    match = _C_RATE.fullmatch(text.strip())
    if match is None:
        return None
    number, divisor = (float(part) if part else 1.0 for part in match.groups())
    return number / divisor if divisor else math.inf


def as_duration(text: str) -> float | None:
    """Read a time such as "30 minutes" in seconds; None where the text is no time."""
    match = _WITH_UNIT.fullmatch(text.strip())
    seconds = _TIME_UNITS.get(match.group(2).lower()) if match else None
    return None if match is None or seconds is None else float(match.group(1)) * seconds


def as_electrical(text: str) -> tuple[float, str] | None:
    """Read a current, voltage or power.

    Parameters
    ----------
    text : str
        A number with a unit, such as "2 mA", "10 A/m2", "4.3 V"; upper and lower case do not matter.

    Returns
    -------
    (float, str) or None
        The value and one of `ELECTRICAL_UNITS`; None where the text is none of these.
    """
    match = _WITH_UNIT.fullmatch(text.strip())
    if match is None:
        return None
    unit = re.sub(r"[A-Za-zµμ]+", lambda word: _UNITS.get(word.group().lower(), word.group()), match.group(2))
    for target in ELECTRICAL_UNITS:
        try:
            return quantity(f"{match.group(1)} {unit}", target), target
        except ParameterError:
            continue
    return None
