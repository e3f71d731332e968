"""Mechanisms by name, with built-in numbers or a user's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ...errors import ParameterError
from ...parameters.entry import Entry
from ...parameters.setting import read_setting
from ..mechanism import Mechanism
from .catalogue import KINDS, entries, known
from .parameter import parameter_names

SET = "set"
"""The key that names a built-in set, beside the names of numbers."""

_OXIDATION, _DISSOLUTION = "oxidation", "dissolution"


def builtin(name: str, of_set: str | None = None) -> Mechanism:
    """Return a mechanism with the numbers of a built-in set.

    Parameters
    ----------
    name : str
        "rocksalt", "shrinking_core", "oxidation", "dissolution" or "interphase".
    of_set : str, optional
        "zhuo2023" or "ghosh2021" for the shrinking core; the first set of the mechanism where left out.

    Raises
    ------
    ParameterError
        If there is no such mechanism or set.

    Examples
    --------
    >>> core = builtin("shrinking_core", "ghosh2021")
    >>> float(core.oxygen_diffusivity)
    1e-17
    """
    return from_dict({name: {} if of_set is None else {SET: of_set}})[0]


def from_dict(content: Mapping[str, Any]) -> tuple[Mechanism, ...]:
    """Return the mechanisms of a table such as the ``degradation`` part of a case.

    Parameters
    ----------
    content : mapping
        Mechanisms by name; for each a table with numbers by their name (numbers in the unit of the name, or
        texts with a unit) and optionally ``set``, the built-in set that gives the others. Dissolution takes
        the current that makes acid from ``oxidation`` of the same table, or else from its built-in set.

    Raises
    ------
    ParameterError
        If a name is unknown, or a number has the wrong unit or lies outside of its range.
    """
    values = {name: _numbers(name, table) for name, table in content.items()}
    return tuple(_build(name, values) for name in values)


def _build(name: str, values: Mapping[str, dict[str, float]]) -> Mechanism:
    if name != _DISSOLUTION:
        return KINDS[name](**values[name])
    current = values[_OXIDATION] if _OXIDATION in values else _numbers(_OXIDATION, {})
    return KINDS[name](**values[name], oxidation=KINDS[_OXIDATION](**current))


def _numbers(mechanism: str, table: Any) -> dict[str, float]:
    """The numbers of a mechanism by field."""
    known(mechanism, KINDS, "mechanism", "degradation")
    key = f"degradation.{mechanism}"
    if not isinstance(table, Mapping):
        raise ParameterError(
            "A mechanism needs a table of numbers, which may be empty",
            key=key,
            value=repr(table),
            allowed=f"a table with {SET} and names of numbers",
            fix=f"write [{key}]",
        )
    given = {name: value for name, value in table.items() if name != SET}
    defined = entries(mechanism, table.get(SET))
    for name in given:
        known(name, [*defined, SET], "number of this mechanism", key)
    fields = parameter_names(KINDS[mechanism])
    return {
        field: _number(defined[name], given.get(name, defined[name].value)) for field, name in fields.items()
    }


def _number(entry: Entry, given: Any) -> float:
    """Read a number, a text with a unit, a card, or a table with ``value`` and where it comes from."""
    setting = read_setting(entry, given)
    if setting.depends_on_temperature:
        raise ParameterError(
            "A number of a mechanism does not follow the temperature, the card has an activation energy",
            key=entry.name,
            value=setting.note,
            fix="write a card of its value at the temperature of the cell, without activation_energy",
        )
    return cast(float, setting.value)
