"""Published conductivities and heat capacities of the data file, to lay results beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from ..packaged import read_packaged

Quantity = Literal["conductivity", "specific_heat"]


@dataclass(frozen=True)
class Reference:
    """A published value.

    Attributes
    ----------
    name : str
        What was looked at, and how.
    composition : mapping
        Share of every metal.
    value : float
        Mean over directions [W.m-1.K-1], or specific heat [J.kg-1.K-1].
    standing, source, note : str
        Where it comes from.
    in_plane, through_plane : float or None
        Conductivity along and across the layers [W.m-1.K-1].
    """

    name: str
    composition: Mapping[str, float]
    value: float
    standing: str
    source: str
    note: str = ""
    in_plane: float | None = None
    through_plane: float | None = None


@cache
def references(quantity: Quantity) -> tuple[Reference, ...]:
    """Return the published values of a quantity."""
    entries = read_packaged("microcell.atomistic.thermal", "references.toml")[quantity]
    return tuple(Reference(**entry) for entry in entries)
