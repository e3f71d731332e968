"""Values that replace those of a built-in set, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

import jax

from microcell.errors import ParameterError, did_you_mean
from microcell.parameters.card import PropertyCard
from microcell.parameters.card_use import CARD, accept_card, card_of, note_of, source_of
from microcell.parameters.catalogue import Standing, laws_of
from microcell.parameters.entry import Entry, Value
from microcell.parameters.law import as_leaf

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
    """A value that replaces the one of the built-in set.

    ``card`` is the property card that the value is made of, if it is.
    """

    value: Value
    standing: Standing = "user"
    source: str = "set by the user"
    note: str = ""
    card: PropertyCard | None = None

    @property
    def depends_on_temperature(self) -> bool:
        """Whether it is a number with an activation energy; laws are given the temperature anyway."""
        return isinstance(self.value, float) and bool(self.card and self.card.activation_energy)

    def value_at(self, T: float) -> float:
        """Return the number of a card with an activation energy at a temperature [K]."""
        assert self.card is not None, "only cards have activation energies"
        with jax.enable_x64(True):
            return float(self.card.law()(as_leaf(1.0), T))

    def to_plain(self) -> Any:
        """Return the value, with where it comes from if the user has said so, ready for JSON."""
        if self.card is not None:
            return {CARD: self.card.to_dict()}
        value = shown(self.value)
        if self == Setting(self.value):
            return value
        return {"value": value, "standing": self.standing, "source": self.source, "note": self.note}


def shown(value: Value, card: PropertyCard | None = None) -> float | str:
    """Return a number or name as it is, a function or a table of a card as text."""
    if isinstance(value, float | str):
        return value
    if card is not None:
        return card.value if card.is_scalar else f"card {card.origin.model}"
    return f"<{getattr(value, '__qualname__', type(value).__name__)}>"


def read_setting(entry: Entry, given: Any) -> Setting:
    """Read a value, a table with a value and where it comes from, or a property card."""
    card = card_of(entry, given)
    if card is not None:
        return Setting(
            accept_card(entry, card), card.origin.standing, source_of(card), note_of(card, entry.name), card
        )
    if not isinstance(given, Mapping):
        return Setting(entry.parse(given))
    unknown = set(given) - _KEYS
    if unknown or "value" not in given:
        raise ParameterError(
            "A table for a parameter is a 'card', or needs 'value' and may have 'source', 'standing', 'note'",
            key=entry.name,
            value=dict(given),
            fix=f"remove {', '.join(sorted(map(str, unknown)))}" if unknown else "add value = ...",
        )
    origin: dict[str, Any] = {key: str(given[key]) for key in ("source", "note") if key in given}
    standing = given.get("standing", "user")
    if standing not in get_args(Standing):
        allowed = ", ".join(get_args(Standing))
        raise ParameterError("Unknown standing", key=entry.name, value=standing, allowed=allowed)
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
