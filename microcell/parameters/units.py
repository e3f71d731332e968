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
_UNIT_TOKEN = re.compile(r"([A-Za-zµμΩ]+)(-?\d+(?:\.\d+)?)?")
_NUMBER = re.compile(
    r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf(?:inity)?))\s*(.*?)\s*", re.I
)


@cache
def _registry() -> pint.UnitRegistry:
    """Create the unit registry on first use; it takes a noticeable time."""
    return pint.UnitRegistry()


def bracket_unit(name: str) -> str:
    """Return the unit in the brackets of a parameter name, "" for a dimensionless one."""
    match = _BRACKET.search(name)
    return match.group(1) if match else ""


def _pint_unit(unit: str) -> str:
    """Translate "mol.m-3", "m2/s" or "m^2/s" into what pint reads."""
    flat = (
        unit.replace("**", "")
        .replace("^", "")
        .replace("·", ".")
        .replace("Ω", "ohm")
        .replace("Ohm", "ohm")
        .replace("°C", "degC")
    )
    powers = _UNIT_TOKEN.sub(lambda m: m.group(1) + (f"**({m.group(2)})" if m.group(2) else ""), flat)
    return re.sub(r"(?<=[A-Za-z)])\s*[.\s]\s*(?=[A-Za-z(])", "*", powers)


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
    >>> quantity("0.2 nm", "m")
    2e-10
    """
    expected = f"a number in {unit}, or a text with a unit of that dimension" if unit else "a plain number"
    if isinstance(given, str):
        value = _from_text(given, unit, key, expected)
    elif (
        isinstance(given, bool)
        or np.ndim(given) != 0
        or not np.issubdtype(np.asarray(given).dtype, np.number)
    ):
        raise ParameterError("A number is needed here", key=key, value=repr(given), allowed=expected)
    else:
        value = float(given)
    if not math.isfinite(value):
        raise ParameterError("The value is not finite", key=key, value=given, allowed=expected)
    return value


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
    ureg = _registry()
    try:
        given = ureg.Quantity(number, "percent" if given_unit == "%" else ureg.Unit(_pint_unit(given_unit)))
        return float(given.to(_pint_unit(unit) or "dimensionless").magnitude)
    except pint.DimensionalityError as error:
        problem, fix = "The unit has the wrong dimension", f"give the value in {unit or 'plain numbers'}"
        raise ParameterError(problem, key=key, value=repr(text), allowed=expected, fix=fix) from error
    except (pint.PintError, pint.UndefinedUnitError, AttributeError, ValueError, TypeError) as error:
        raise ParameterError(
            f"The unit '{given_unit}' is not known",
            key=key,
            value=repr(text),
            allowed=expected,
            fix=f"use {unit}",
        ) from error
