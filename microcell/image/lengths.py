"""Lengths as users write them: a string with a unit, or a number in metres."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pint

from ..errors import VolumeError

SMALLEST, LARGEST = 1e-10, 1e-3
"""A voxel edge [m] outside these bounds is a forgotten or wrong unit."""


@lru_cache(maxsize=1)
def _units() -> pint.UnitRegistry[Any]:
    return pint.UnitRegistry(cache_folder=None)


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
    try:
        quantity: Any = _units().Quantity(text)
    except Exception as error:  # pint raises a dozen unrelated types on malformed text
        raise _not_a_length(text, key) from error
    if not quantity.check("[length]"):
        raise _not_a_length(text, key)
    return float(quantity.to("m").magnitude)


def _from_number(value: Any, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise _not_a_length(value, key)
    return float(value)


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
