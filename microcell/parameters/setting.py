"""Values that replace those of a built-in set, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from microcell.errors import ParameterError, did_you_mean
from microcell.parameters.catalogue import Standing, laws_of
from microcell.parameters.entry import Entry, Value

ELECTROLYTE = "Electrolyte"
"""The short name that sets the four laws of the electrolyte at once."""

ELECTROLYTE_PARAMETERS = (
    "Electrolyte conductivity [S.m-1]",
    "Electrolyte diffusivity [m2.s-1]",
    "Cation transference number",
    "Thermodynamic factor",
)

_KEYS = {"value", "source", "standing", "note"}


@dataclass(frozen=True)
class Setting:
    """A value that replaces the one of the built-in set."""

    value: Value
    standing: Standing = "user"
    source: str = "set by the user"
    note: str = ""

    def to_plain(self) -> Any:
        """Return the value, with where it comes from if the user has said so, ready for JSON."""
        value = plain(self.value)
        if self == Setting(self.value):
            return value
        return {"value": value, "standing": self.standing, "source": self.source, "note": self.note}


def plain(value: Value) -> float | str:
    """Return a number or name as it is, a function as text."""
    return (
        value
        if isinstance(value, float | str)
        else f"<{getattr(value, '__qualname__', type(value).__name__)}>"
    )


def read_setting(entry: Entry, given: Any) -> Setting:
    """Read a value, or a table with a value and where it comes from."""
    if not isinstance(given, Mapping):
        return Setting(entry.parse(given))
    unknown = set(given) - _KEYS
    if unknown or "value" not in given:
        raise ParameterError(
            "A table for a parameter needs 'value' and may have 'source', 'standing' and 'note'",
            key=entry.name,
            value=dict(given),
            fix=f"remove {', '.join(sorted(map(str, unknown)))}" if unknown else "add value = ...",
        )
    origin = {key: str(given[key]) for key in ("source", "note") if key in given}
    standing = given.get("standing", "user")
    if standing not in ("sourced", "calibrated", "assumed", "user"):
        raise ParameterError(
            "Unknown standing", key=entry.name, value=standing, allowed="sourced, calibrated, assumed, user"
        )
    return Setting(entry.parse(given["value"]), standing=standing, **origin)


def electrolyte_names() -> list[str]:
    """Return the names of the electrolytes."""
    return list(laws_of("electrolyte_conductivity"))


def electrolyte_settings(given: Any) -> dict[str, Setting]:
    """Return the four laws of a named electrolyte."""
    names = electrolyte_names()
    if given not in names:
        raise ParameterError(
            f"No electrolyte is named '{given}'",
            key=ELECTROLYTE,
            value=given,
            allowed=", ".join(names),
            fix=did_you_mean(str(given), names),
        )
    return {name: Setting(given) for name in ELECTROLYTE_PARAMETERS}
