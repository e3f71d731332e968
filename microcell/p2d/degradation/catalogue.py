"""Which mechanisms can be named, and the numbers of their built-in sets, read from ``data``."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from ...errors import ParameterError, did_you_mean
from ...parameters.entry import Entry
from ...parameters.listing import ParameterInfo
from ..mechanism import Mechanism
from .dissolution import TransitionMetalDissolution
from .interphase import Interphase
from .oxidation import ElectrolyteOxidation
from .parameter import parameter_names
from .rocksalt import RocksaltFilm
from .shrinking_core import ShrinkingCore

KINDS: dict[str, type[Mechanism]] = {
    "rocksalt": RocksaltFilm,
    "shrinking_core": ShrinkingCore,
    "oxidation": ElectrolyteOxidation,
    "dissolution": TransitionMetalDissolution,
    "interphase": Interphase,
}
"""Mechanisms by the name that case files use."""


def known(name: Any, among: Any, what: str, key: str) -> Any:
    """Return a name that is among those known; else raise with the nearest ones.

    Raises
    ------
    ParameterError
        If it is not.
    """
    if name not in among:
        raise ParameterError(
            f"No {what} is named '{name}'",
            key=key,
            value=name,
            allowed=", ".join(among) or "none",
            fix=did_you_mean(str(name), among),
        )
    return name


def set_names(mechanism: str) -> list[str]:
    """Return the built-in sets of a mechanism, the default first; none where it has no numbers of its own."""
    return list(_content(mechanism))


def entries(mechanism: str, of_set: str | None = None) -> dict[str, Entry]:
    """Return the numbers of a built-in set by name, in the order of the mechanism's fields.

    Parameters
    ----------
    mechanism : str
        One of `KINDS`.
    of_set : str, optional
        The set; the first one of the mechanism where left out.

    Raises
    ------
    ParameterError
        If there is no such mechanism or set.
    """
    key = f"degradation.{known(mechanism, KINDS, 'mechanism', 'degradation')}"
    sets = _content(mechanism)
    if not sets and of_set is None:
        return {}
    own = dict(sets[known(of_set or next(iter(sets)), sets, "set of numbers", f"{key}.set")])
    base = own.pop("base", None)
    inherited = entries(mechanism, base) if base else {}
    stated = {name: Entry(name=name, **table) for name, table in own.items()}
    both = {**inherited, **stated}
    return {name: both[name] for name in parameter_names(KINDS[mechanism]).values()}


def infos(mechanism: str, of_set: str | None = None) -> list[ParameterInfo]:
    """Return value, range, standing and source of every number of a built-in set."""
    return [
        ParameterInfo(name=e.name, unit=e.unit, value=e.parse(e.value), **_origin(e))
        for e in entries(mechanism, of_set).values()
    ]


def _origin(entry: Entry) -> dict[str, Any]:
    return {key: getattr(entry, key) for key in ("range", "standing", "source", "note")}


@cache
def _content(mechanism: str) -> dict[str, Any]:
    """The data file of a mechanism; empty where it has none."""
    file = resources.files("microcell.p2d.degradation") / "data" / f"{mechanism}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
