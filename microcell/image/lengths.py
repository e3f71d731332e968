"""Lengths as users write them: a string with a unit, or a number in metres."""

from __future__ import annotations

from typing import Any

from ..errors import ParameterError, VolumeError
from ..parameters.units import is_number, quantity

SMALLEST, LARGEST = 1e-10, 1e-3
"""A voxel edge [m] outside these bounds is a forgotten or wrong unit."""


def parse_length(value: Any, *, key: str = "voxel_size") -> float:
    """Return a voxel edge in metres.

    Parameters
    ----------
    value : str or float
        "398 nm", "0.398 um", or a number in metres.
    key : str
        Name of the argument, for the message.

    Returns
    -------
    float
        The length [m].

    Raises
    ------
    VolumeError
        If it is no length, has no unit although it is a string, or cannot be a voxel edge.
    """
    metres = _from_text(value, key) if isinstance(value, str) else _from_number(value, key)
    if not SMALLEST <= metres <= LARGEST:
        raise VolumeError(
            f"a voxel edge of {metres:g} m is not plausible",
            key=key,
            value=value,
            allowed=f"{format_length(SMALLEST)} to {format_length(LARGEST)}",
            fix="give the unit: voxel_size='398 nm' (plain numbers are metres)",
        )
    return metres


def _from_text(text: str, key: str) -> float:
    if is_number(text):
        raise _not_a_length(text, key)
    try:
        return quantity(text, "m", key)
    except ParameterError as error:
        raise _not_a_length(text, key) from error


def _from_number(value: Any, key: str) -> float:
    try:
        return quantity(value, "m", key)
    except ParameterError as error:
        raise _not_a_length(value, key) from error


def _not_a_length(value: Any, key: str) -> VolumeError:
    return VolumeError(
        "this is not a length",
        key=key,
        value=repr(value),
        allowed="a string with a unit of length, or a number in metres",
        fix="write for example voxel_size='398 nm', or ['400 nm', '398 nm', '398 nm'] in the order of axes",
    )


def format_length(metres: float) -> str:
    """Return a length in the unit that reads best, for example '398 nm'."""
    for factor, unit in ((1.0, "m"), (1e-3, "mm"), (1e-6, "um")):
        if metres >= 0.9995 * factor:
            return f"{metres / factor:.4g} {unit}"
    return f"{metres / 1e-9:.4g} nm"
