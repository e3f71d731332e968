"""Data files that ship with the atomistic models."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any


@cache
def read_packaged(package: str, name: str) -> dict[str, Any]:
    """Return the content of a TOML file in the ``data`` folder of a package; it is read once.

    Parameters
    ----------
    package, name : str
        Dotted name of the package, and the file.
    """
    return tomllib.loads((resources.files(package) / "data" / name).read_text(encoding="utf-8"))
