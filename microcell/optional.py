"""Packages that one feature needs and that come with an extra: ``pip install "microcell[extra]"``."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .errors import ParameterError


def load(package: str, extra: str) -> Any:
    """Import a package, or say how to get it.

    Parameters
    ----------
    package : str
        Name to import.
    extra : str
        The extra of this distribution that brings it.

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
            fix=f'pip install "microcell[{extra}]"',
        ) from error
