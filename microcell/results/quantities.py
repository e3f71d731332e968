"""Writing numbers with units for people."""

from __future__ import annotations

import math
import re
from typing import Any

_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}
_PREFIXED = {"m", "A", "V", "s", "C", "mol", "A.h", "S", "B", "W", "Pa"}
_POWER = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def split_name(name: str) -> tuple[str, str]:
    """Split ``"Film [nm]"`` into ``("Film", "nm")``; the unit is empty where there are no brackets."""
    match = re.fullmatch(r"(.*?)\s*\[([^\]]*)\]", name)
    return (match[1], match[2]) if match else (name, "")


def show_unit(unit: str) -> str:
    """Write ``mol.m-3`` as ``mol m⁻³``."""
    return re.sub(r"(?<=[A-Za-z)])(-?\d+)", lambda power: power[1].translate(_POWER), unit.replace(".", " "))


def show(value: Any, unit: str = "", digits: int = 3) -> str:
    """Write a value with its unit, with a prefix where the unit takes one (3.7e-10 and "m" give "370 pm").

    Parameters
    ----------
    value : object
        A number; anything else is written as it is, and None or NaN as a dash.
    unit : str
        Such as ``m`` or ``mol.m-3``.
    digits : int
        Significant digits.
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, bool | str) or not isinstance(value, int | float):
        return str(value)
    if unit in _PREFIXED and value != 0 and not isinstance(value, int):
        rounded = abs(float(f"{value:.{digits - 1}e}"))  # 999.9 nm is shown as 1.00 µm
        power = min(max(3 * math.floor(math.log10(rounded) / 3.0 + 1e-9), -15), 9)
        return f"{_number(value / 10.0**power, digits)} {_PREFIXES[power]}{show_unit(unit)}"
    return f"{_number(value, digits)} {show_unit(unit)}".rstrip()


def _number(value: float, digits: int) -> str:
    if isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e6):
        return f"{int(value):,}".replace(",", " ")
    value = float(f"{value:.{digits - 1}e}")
    if 1e-3 <= abs(value) < 1e5:
        return f"{value:.{max(digits - 1 - math.floor(math.log10(abs(value))), 0)}f}"
    mantissa, power = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa} × 10{str(int(power)).translate(_POWER)}"


def show_duration(seconds: float | None) -> str:
    """Write a duration as ``2 h 13 min``, ``8 min 32 s`` or ``4.2 s``."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if seconds < 60.0:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
