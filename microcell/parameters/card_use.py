"""Property cards in the place of a parameter's value: how they are named, accepted and described."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from microcell.errors import ParameterError
from microcell.parameters.card import PropertyCard
from microcell.parameters.entry import Entry, Value
from microcell.parameters.units import quantity

CARD = "card"
"""The key of a table that names a card: ``{card = "kmc.json"}``."""


def with_cards(values: Mapping[str, Any], folder: str | Path, prefix: str = "") -> dict[str, Any]:
    """Replace every card and the file of every ``{card = "file.json"}`` by the content.

    What holds the content needs the file no more: a stored case can be run again without it.

    Parameters
    ----------
    values : mapping
        Values by name, to any depth.
    folder : str or Path
        What the files are relative to.
    prefix : str
        What stands before the names in errors.

    Raises
    ------
    ParameterError
        If a file cannot be read or is no card, with the dotted name of the value as the key.
    """
    return {name: _embedded(f"{prefix}{name}", value, folder) for name, value in values.items()}


def _embedded(name: str, value: Any, folder: str | Path) -> Any:
    if isinstance(value, PropertyCard):
        return {CARD: value.to_dict()}
    if not isinstance(value, Mapping):
        return value
    card = value.get(CARD)
    if isinstance(card, str | Path):
        card = _read(name, Path(folder) / card)
    if isinstance(card, PropertyCard):
        return {**value, CARD: card.to_dict()}
    return value if CARD in value else with_cards(value, folder, f"{name}.")


def card_of(entry: Entry, given: Any) -> PropertyCard | None:
    """Return the card that a value is or names; None where it is something else.

    Raises
    ------
    ParameterError
        If the card cannot be read, or stands beside other keys.
    """
    if isinstance(given, PropertyCard):
        return given
    if not isinstance(given, Mapping) or CARD not in given:
        return None
    others = sorted(set(map(str, given)) - {CARD})
    if others:
        fix = f"remove {', '.join(others)}: the card says itself where it comes from"
        raise ParameterError("A table with a card has no other keys", key=entry.name, value=others, fix=fix)
    card = given[CARD]
    if isinstance(card, PropertyCard):
        return card
    if isinstance(card, str | Path):
        return _read(entry.name, Path(card))
    if not isinstance(card, Mapping):
        allowed = "the path of a JSON file, or its content"
        raise ParameterError("This is no property card", key=entry.name, value=repr(card), allowed=allowed)
    return _named(entry.name, lambda: PropertyCard.from_dict(card))


def _read(name: str, path: Path) -> PropertyCard:
    return _named(name, lambda: PropertyCard.read(path))


def _named(name: str, make: Any) -> PropertyCard:
    """Add to an error of a card which parameter asked for it."""
    try:
        card: PropertyCard = make()
    except ParameterError as error:
        inner = f" (key '{error.key}' of the card)" if error.key else ""
        parts = {part: getattr(error, part) for part in ("file", "value", "allowed", "fix")}
        raise ParameterError(f"{error.problem}{inner}", key=name, **parts) from error
    return card


def accept_card(entry: Entry, card: PropertyCard) -> Value:
    """Return what a card means for a parameter: a law where it is a property law, else a number.

    Raises
    ------
    ParameterError
        If unit or argument are not those of the parameter, or a value lies outside of its range.
    """
    _check_unit(entry, card)
    _check_argument(entry, card)
    low, high = entry.range
    for value in card.values:
        if not low <= value <= high:
            raise ParameterError(
                f"A value of the card '{card.name}' lies outside of the allowed range",
                key=entry.name,
                value=f"{value:g}",
                allowed=f"{low:g} to {high:g} {entry.unit}".rstrip(),
                fix="check the unit of the values of the card",
            )
    return entry.parse(card.law() if entry.kind else card.value)


def _check_unit(entry: Entry, card: PropertyCard) -> None:
    """Compare units as such: "m2/s" is "m2.s-1"."""
    if card.unit == entry.unit:
        return
    try:
        factor = quantity(f"1 {card.unit}", entry.unit) if card.unit else 0.0
    except ParameterError:
        factor = 0.0
    if not np.isclose(factor, 1.0, rtol=1e-12):
        raise ParameterError(
            f"The card '{card.name}' has not the unit of the parameter",
            key=entry.name,
            value=card.unit or "no unit",
            allowed=entry.unit or "no unit",
            fix="convert the values, and give the card the name of the parameter",
        )


def _check_argument(entry: Entry, card: PropertyCard) -> None:
    allowed = {"", "T", entry.argument or "x"} if entry.kind else {""}
    if card.argument not in allowed:
        tables = f"a table over {entry.argument} or T, or " if entry.kind else ""
        raise ParameterError(
            f"The card '{card.name}' depends on something else than the parameter",
            key=entry.name,
            value=f"a table over {card.argument}",
            allowed=f"{tables}one number",
        )


def source_of(card: PropertyCard) -> str:
    """Return where a card comes from, in one sentence."""
    origin = card.origin
    made = f"card of the model '{origin.model}', microcell {origin.code_version}"
    return "; ".join([made, *origin.references])


def note_of(card: PropertyCard, name: str) -> str:
    """Return value with uncertainty, and what else a user of the card should know."""
    parts = [f"{card.describe()}, one standard error, in {card.unit or 'plain numbers'}"]
    if card.name != name:
        parts.append(f"the card is named '{card.name}'")
    if card.temperature is not None:
        parts.append(f"at {card.temperature:g} K")
    if card.activation_energy is not None:
        parts.append(f"activation energy {card.activation_energy:.4g} J/mol")
    return "; ".join(filter(None, [*parts, card.origin.note]))
