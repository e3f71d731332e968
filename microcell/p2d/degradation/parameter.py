"""Numbers of a mechanism as fields that know the name, with its unit, under which users set them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import equinox as eqx

from ...parameters.law import as_leaf
from ..mechanism import Mechanism


def parameter(name: str) -> Any:
    """Declare a field of a mechanism: a traced number with the name that data and case files use.

    Parameters
    ----------
    name : str
        With the unit in brackets, such as "CEI resistivity [Ohm.m]".
    """
    return eqx.field(converter=as_leaf, metadata={"name": name})


def parameter_names(kind: type[Mechanism]) -> dict[str, str]:
    """Return the names of the numbers of a mechanism, by field."""
    return {f.name: f.metadata["name"] for f in fields(kind) if "name" in f.metadata}
