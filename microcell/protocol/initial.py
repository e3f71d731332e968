"""The state a protocol starts from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from microcell.errors import ParameterError, ProtocolError, did_you_mean
from microcell.parameters.units import quantity

_ALLOWED = '"3.6 V", "x = 0.88", "88 % lithiated", {"voltage": 3.6} or {"stoichiometry": 0.88}'
_UNITS = {"voltage": "V", "stoichiometry": ""}
_RANGES = {"voltage": (0.0, 10.0), "stoichiometry": (0.0, 1.0)}
_STOICHIOMETRY = re.compile(r"x\s*=\s*(.+)", re.I)
_LITHIATED = re.compile(r"(.+%)\s*(?:lithiated|lithiation)", re.I)


class Initial(BaseModel):
    """The uniform, relaxed state at the start.

    Attributes
    ----------
    kind : {"voltage", "stoichiometry"}
        What is given: the open-circuit potential [V] against lithium, or x = c/c_max of the active material.
    value : float
        Its value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["voltage", "stoichiometry"]
    value: float

    @classmethod
    def parse(cls, given: Any) -> Initial:
        """Read an initial state.

        Parameters
        ----------
        given : str or mapping or Initial
            "3.6 V", "x = 0.88", "88 % lithiated", or a mapping with the one key "voltage" or "stoichiometry".

        Raises
        ------
        ProtocolError
            If it is not understood or out of range. A bare percentage is refused: it could mean the state of
            charge or of lithiation.
        """
        if isinstance(given, Initial):
            return given
        if isinstance(given, Mapping):
            return cls._from_mapping(given)
        if not isinstance(given, str):
            raise _error(
                "The initial state needs to say what it is", given, 'write for example "3.6 V" or "x = 0.88"'
            )
        return cls._from_text(given.strip())

    @classmethod
    def _from_mapping(cls, given: Mapping[str, Any]) -> Initial:
        """Read {"voltage": ...} or {"stoichiometry": ...}."""
        if len(given) != 1 or next(iter(given)) not in _UNITS:
            names = ", ".join(map(str, given))
            raise _error("The initial state has one key", given, did_you_mean(names, _UNITS))
        ((kind, value),) = given.items()
        return cls._checked(kind, value, given)

    @classmethod
    def _from_text(cls, text: str) -> Initial:
        """Read a text."""
        for pattern in (_STOICHIOMETRY, _LITHIATED):
            if match := pattern.fullmatch(text):
                return cls._checked("stoichiometry", match.group(1), text)
        if text.endswith("%"):
            problem = "A percentage alone could mean the state of charge or of lithiation"
            raise _error(problem, text, f'write "{text} lithiated", or a voltage such as "3.6 V"')
        if not re.search(r"[A-Za-z]", text):
            raise _error("The initial state needs a unit", text, f'write "{text} V" or "x = {text}"')
        return cls._checked("voltage", text, text)

    @classmethod
    def _checked(cls, kind: Any, value: Any, given: Any) -> Initial:
        """Convert a value and hold it against the range."""
        low, high = _RANGES[kind]
        try:
            number = quantity(value, _UNITS[kind])
        except ParameterError as error:
            raise _error(
                f"The initial {kind} is not understood: {error.problem}", given, error.fix
            ) from error
        if not low < number < high:
            raise _error(f"The initial {kind} lies outside of {low:g} to {high:g}", given, None)
        return cls(kind=kind, value=number)


def _error(problem: str, given: Any, fix: str | None) -> ProtocolError:
    """Make the error for an initial state."""
    return ProtocolError(problem, key="initial", value=given, allowed=_ALLOWED, fix=fix)
