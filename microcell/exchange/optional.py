"""Packages that only this exchange needs; they come with ``pip install "microcell[exchange]"``."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..errors import ParameterError


def load(package: str) -> Any:
    """Import a package, or say how to get it.

    Raises
    ------
    ParameterError
        If it is not installed.
    """
    try:
        return import_module(package)
    except ImportError as error:
        raise ParameterError(
            f"This needs the package '{package}', which is not installed",
            fix='pip install "microcell[exchange]"',
        ) from error
