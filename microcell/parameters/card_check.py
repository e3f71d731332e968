"""What a property card must fulfil, and what is said when it does not."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from microcell.errors import ParameterError, did_you_mean

if TYPE_CHECKING:
    from microcell.parameters.card import PropertyCard

LEAST_POINTS = 2
"""Of a table: fewer define no curve."""


def check(card: PropertyCard) -> None:
    """Refuse a card whose numbers cannot be a property with an error bar.

    Raises
    ------
    ParameterError
        With the key and what is allowed.
    """
    _check_lengths(card)
    _check_numbers(card)
    _check_validity(card)
    _check_temperature(card)


def _check_lengths(card: PropertyCard) -> None:
    count = len(card.points) if card.argument else 1
    if card.argument and count < LEAST_POINTS:
        _refuse(card, "The table has too few points", "points", card.points, f"{LEAST_POINTS} or more")
    if not card.argument and card.points:
        _refuse(card, "One number has no points", "points", card.points, "none, or an argument x, c or T")
    for key in ("values", "uncertainty"):
        if len(getattr(card, key)) != count:
            found = f"{len(getattr(card, key))} numbers"
            _refuse(card, "The columns of the table differ in length", key, found, f"{count}, one per point")


def _check_numbers(card: PropertyCard) -> None:
    for key in ("points", "values", "uncertainty"):
        if not np.all(np.isfinite(getattr(card, key))):
            _refuse(card, "A number is not finite", key, getattr(card, key), "finite numbers")
    if card.argument and not np.all(np.diff(card.points) > 0):
        _refuse(card, "The points do not increase", "points", card.points, "each above the one before")
    if min(card.uncertainty) < 0:
        allowed = "standard errors of 0 or more"
        _refuse(card, "An uncertainty is negative", "uncertainty", card.uncertainty, allowed)
    if card.interpolation == "log" and min(card.values) <= 0:
        allowed = 'values above 0, or interpolation = "linear"'
        _refuse(card, "A value has no logarithm", "values", card.values, allowed)
    if card.interpolation == "log" and card.outside == "straight":
        allowed = '"constant": a straight logarithm runs over orders of magnitude'
        _refuse(card, "Such a table cannot go on straight", "outside", card.outside, allowed)


def _check_validity(card: PropertyCard) -> None:
    for argument, (low, high) in card.validity.items():
        if not (math.isfinite(low) and math.isfinite(high) and low <= high):
            allowed = "two finite numbers, the lower one first"
            _refuse(card, "This is no range", f"validity.{argument}", (low, high), allowed)


def _check_temperature(card: PropertyCard) -> None:
    T, energy, spread = card.temperature, card.activation_energy, card.activation_energy_uncertainty
    if T is not None and not (math.isfinite(T) and T > 0):
        _refuse(card, "This is no temperature", "temperature", T, "above 0 K")
    if energy is not None and not (math.isfinite(energy) and energy >= 0):
        _refuse(card, "This is no activation energy", "activation_energy", energy, "0 J.mol-1 or more")
    if energy is not None and (T is None or card.argument == "T"):
        allowed = "with the temperature at which the values hold, and not for a table over T"
        _refuse(card, "An activation energy has no reference", "activation_energy", energy, allowed)
    if spread is not None and (energy is None or not (math.isfinite(spread) and spread >= 0)):
        allowed = "0 J.mol-1 or more, with an activation energy"
        _refuse(card, "This is no uncertainty", "activation_energy_uncertainty", spread, allowed)


def _refuse(card: PropertyCard, problem: str, key: str, value: Any, allowed: str) -> None:
    raise ParameterError(f"{problem} (property card '{card.name}')", key=key, value=value, allowed=allowed)


def in_file(error: ParameterError, file: Any) -> ParameterError:
    """Return the same error with the file it is about."""
    parts = {part: getattr(error, part) for part in ("key", "value", "allowed", "fix")}
    return ParameterError(error.problem, file=error.file or file, **parts)


def as_parameter_error(error: ValidationError, known: list[str], file: Any) -> ParameterError:
    """Translate what pydantic found first."""
    details = error.errors()
    first = next((item for item in details if item["type"] == "extra_forbidden"), details[0])
    key = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        fix = did_you_mean(key, known)
        return ParameterError(
            "A property card has no such key", file=file, key=key, allowed=", ".join(known), fix=fix
        )
    if first["type"] == "missing":
        return ParameterError("A key of the property card is missing", file=file, key=key, fix=f"add {key}")
    allowed = first["msg"].removeprefix("Input should be ")
    value = repr(first["input"])
    return ParameterError(
        "A property card does not accept this", file=file, key=key, value=value, allowed=allowed
    )
