"""Overrides of a case as they are typed: ``cell.separator_thickness=20 um``, ``Temperature [K]=308``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from typing import Any

from ..errors import CaseError
from .sections import CaseContent

_CASE_KEY = re.compile(r"[A-Za-z_]+(\.[A-Za-z_]+)+")
_PART = re.compile(r"""(?:"[^"]*"|'[^']*'|\[[^\]]*\]|[^."'\[])+""")
"""One name of a dotted key; dots in quotes or in the unit of a parameter do not divide."""

_FORM = "cell.separator_thickness=20 um, or a parameter by name: 'Temperature [K]=308'"


def parse_override(text: str) -> tuple[tuple[str, ...], Any]:
    """Split an override into its path and its value.

    Parameters
    ----------
    text : str
        ``key=value``. A key with a section in front addresses the case file, any other a parameter. The value
        is read as TOML where it is valid TOML (numbers, lists, quoted texts), as a plain text otherwise.

    Returns
    -------
    path : tuple of str
        For example ("cell", "separator_thickness") or ("cell", "set", "Temperature [K]").
    value : object
        What was read.

    Raises
    ------
    CaseError
        If there is no "=" or nothing before it.
    """
    key, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not key:
        raise CaseError("an override is key=value", value=text, fix=f"write it as in {_FORM}")
    return _path(key), _value(value)


def _path(key: str) -> tuple[str, ...]:
    section = key.partition(".")[0]
    if key.startswith("cell.set."):
        return "cell", "set", key.removeprefix("cell.set.").strip("\"'")
    if section in CaseContent.model_fields or _CASE_KEY.fullmatch(key):
        return tuple(part.strip().strip("\"'") for part in _PART.findall(key))
    return "cell", "set", key.strip("\"'")


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def apply_overrides(content: dict[str, Any], overrides: Iterable[tuple[tuple[str, ...], Any]]) -> None:
    """Write overrides into the nested content of a case file.

    Raises
    ------
    CaseError
        If a path goes through something that is no section.
    """
    for path, value in overrides:
        place = content
        for name in path[:-1]:
            place = place.setdefault(name, {})
            if not isinstance(place, dict):
                raise CaseError("this key has no keys below it", key=".".join(path))
        place[path[-1]] = value
