"""Numbers with units: what stands in the brackets of a name, and strings such as "0.2 nm"."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any

import numpy as np
import pint

from microcell.errors import ParameterError

_BRACKET = re.compile(r"\[([^\]]*)\]\s*$")
_POWER = r"-?(?:[1-9](?:\.\d+)?|0\.0*[1-9]\d*)"
_FACTOR = rf"[A-Za-zµμΩ°%]+(?:{_POWER})?"
_UNIT = re.compile(rf"{_FACTOR}(?:\s*[*./·\s]\s*{_FACTOR})*")
_NUMBER = re.compile(
    r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf(?:inity)?))\s*(.*?)\s*", re.I
)


@cache
def _registry() -> pint.UnitRegistry:
    """Create the unit registry on first use; it takes a noticeable time."""
    return pint.UnitRegistry()


def is_number(text: str) -> bool:
    """Whether a text is a number without a unit."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def bracket_unit(name: str) -> str:
    """Return the unit in the brackets of a parameter name, "" for a dimensionless one."""
    match = _BRACKET.search(name)
    return match.group(1) if match else ""


def _pint_unit(unit: str) -> str | None:
    """Translate "mol.m-3", "m2/s" or "m^2 s^-1" into what pint reads; None if it is no product of units."""
    flat = unit.replace("**", "").replace("^", "")
    for spelling, name in (("Ω", "ohm"), ("Ohm", "ohm"), ("°C", "degC"), ("%", "percent")):
        flat = flat.replace(spelling, name)
    if not _UNIT.fullmatch(flat):
        return None
    powers = re.sub(rf"([A-Za-zµμ]+)({_POWER})", r"\1**(\2)", flat)
    return re.sub(r"\s*([*/])\s*|(?<=[A-Za-zµμ)])[.·\s]+(?=[A-Za-zµμ])", lambda m: m.group(1) or "*", powers)


def quantity(given: Any, unit: str, key: str | None = None) -> float:
    """Convert a number in SI, or a string with a unit, to a float in a given unit.

    Parameters
    ----------
    given : float or str
        A number is taken to be in ``unit`` already, so is a string without a unit; "0.2 nm" is converted.
    unit : str
        The expected unit as written in parameter names, such as "m" or "mol.m-3"; "" for dimensionless.
    key : str, optional
        The name shown in errors.

    Returns
    -------
    float
        The finite value in ``unit``.

    Raises
    ------
    ParameterError
        If the text is not a number with a unit, the unit is unknown or has another dimension, or the value is
        not finite.

    Examples
    --------
    >>> quantity("1.5 mol/l", "mol.m-3") > quantity(1000, "mol.m-3")
    True
    """
    expected = f"a number in {unit}, or a text with a unit of that dimension" if unit else "a plain number"
    if isinstance(given, str):
        value = _from_text(given, unit, key, expected)
    elif not _is_real(given):
        raise ParameterError("A number is needed here", key=key, value=repr(given), allowed=expected)
    else:
        value = float(given)
    if not math.isfinite(value):
        raise ParameterError("The value is not finite", key=key, value=given, allowed=expected)
    return value


def _is_real(given: Any) -> bool:
    """Tell whether this is one real number."""
    kind = np.asarray(given).dtype.kind if np.ndim(given) == 0 else ""
    return kind in ("i", "u", "f")


def _from_text(text: str, unit: str, key: str | None, expected: str) -> float:
    """Convert "number unit"."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ParameterError(
            "The text is not a number with a unit",
            key=key,
            value=repr(text),
            allowed=expected,
            fix=f'write it as in "1.5 {unit}"' if unit else "write a plain number such as 0.5",
        )
    number, given_unit = float(match.group(1)), match.group(2)
    if not given_unit:
        return number
    return _convert(number, given_unit, unit, key, text, expected)


def _convert(number: float, given_unit: str, unit: str, key: str | None, text: str, expected: str) -> float:
    """Convert through pint, and say in the user's terms what is wrong where that fails."""
    source = _pint_unit(given_unit)
    try:
        if source is None:
            raise pint.UndefinedUnitError(given_unit)
        given = _registry().Quantity(number, source)
        return float(given.to(_pint_unit(unit) or "dimensionless").magnitude)
    except pint.DimensionalityError as error:
        problem, fix = "The unit has the wrong dimension", f"give the value in {unit or 'plain numbers'}"
        raise ParameterError(problem, key=key, value=repr(text), allowed=expected, fix=fix) from error
    except (pint.UndefinedUnitError, pint.OffsetUnitCalculusError, OverflowError) as error:
        problem, fix = f"The unit '{given_unit}' is not known", f"use {unit or 'a plain number'}"
        raise ParameterError(problem, key=key, value=repr(text), allowed=expected, fix=fix) from error
