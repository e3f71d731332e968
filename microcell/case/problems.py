"""From what pydantic and the other stages complain about to what a user of a case file can act upon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ..errors import CaseError, MicrocellError, did_you_mean
from .sections import EXAMPLES, CaseContent


def case_error(error: ValidationError, where: Mapping[str, Any]) -> CaseError:
    """Translate the first problem that pydantic found; the number of others is told.

    Parameters
    ----------
    error : pydantic.ValidationError
        Raised by `CaseContent`.
    where : mapping
        Further parts of the error, such as the file.
    """
    details = error.errors()
    # A misspelt key is often also a missing one: the misspelling is the one to be told.
    first = next((item for item in details if item["type"] == "extra_forbidden"), details[0])
    parts = _parts(first)
    places = {dotted(item["loc"]) for item in details} - {parts["key"]}
    if places:
        parts["problem"] += f" (and {len(places)} more: {', '.join(sorted(places))})"
    return CaseError(parts.pop("problem"), **{**where, **parts})


def _parts(item: ErrorDetails) -> dict[str, Any]:
    key = dotted(item["loc"])
    if item["type"] == "extra_forbidden":
        return _unknown(item, key)
    if item["type"] == "missing":
        return {"problem": f"{_what(key)} is missing", "key": key, "fix": f"add {EXAMPLES.get(key, key)}"}
    value = repr(item["input"])
    if item["type"] == "literal_error":
        known = _choices(item)
        return {
            "problem": "there is no such choice",
            "key": key,
            "value": value,
            "allowed": ", ".join(map(repr, known)),
            "fix": did_you_mean(str(item["input"]), known),
        }
    allowed = item["msg"].removeprefix("Input should be ")
    return {"problem": "the value is not accepted", "key": key, "value": value, "allowed": allowed}


def _what(key: str) -> str:
    return "a key" if "." in key else "a section"


def _unknown(item: ErrorDetails, key: str) -> dict[str, Any]:
    known = _names(item["loc"][:-1])
    return {
        "problem": f"there is no such {'key' if '.' in key else 'section'}",
        "key": key,
        "allowed": ", ".join(known),
        "fix": did_you_mean(str(item["loc"][-1]), known),
    }


def _choices(item: ErrorDetails) -> list[str]:
    """Read the choices of a Literal from pydantic's "'a', 'b' or 'c'"."""
    expected = str(item.get("ctx", {}).get("expected", ""))
    return [part.strip(" '") for part in expected.replace(" or ", ",").split(",") if part.strip()]


def _names(section: Sequence[int | str]) -> list[str]:
    """List the keys that a section may have."""
    model: type[BaseModel] = CaseContent
    for part in section:
        model = section_model(model.model_fields[str(part)].annotation)
    return [field.alias or name for name, field in model.model_fields.items()]


def section_model(annotation: Any) -> type[BaseModel]:
    """Return the model of a section; one that may be left out is annotated as a union with None."""
    return next(kind for kind in (*get_args(annotation), annotation) if kind is not type(None))


def dotted(location: Sequence[int | str]) -> str:
    """Join where pydantic found something: names by dots, places in a list in brackets from 0.

    The tags that pydantic adds for the members of a union are left out.
    """
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.isidentifier() and part not in ("str", "float", "int"):
            text += f".{part}"
    return text.removeprefix(".")


def relocated(error: MicrocellError, **changed: Any) -> MicrocellError:
    """Return the same error with some of its parts replaced."""
    parts = {part: getattr(error, part) for part in ("file", "key", "value", "allowed", "fix")}
    return type(error)(error.problem, **{**parts, **changed})
