"""Where the values of a property card come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from microcell.files import plain
from microcell.version import version


class Origin(BaseModel):
    """Where the values of a card come from.

    Attributes
    ----------
    model, code_version : str
        The model that made it, and the version of microcell.
    inputs : dict
        What the model was given, as plain JSON values.
    references : tuple of str
        Papers behind the model and its inputs.
    standing : str
        "computed"; or "sourced", "calibrated", "assumed" for values that no model has made.
    note : str
        Remarks.
    created : str or None
        ISO 8601 time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(min_length=1)
    code_version: str
    inputs: dict[str, Any] = {}
    references: tuple[str, ...] = ()
    standing: Literal["computed", "sourced", "calibrated", "assumed"] = "computed"
    note: str = ""
    created: str | None = None

    @classmethod
    def of(
        cls,
        model: str,
        inputs: Mapping[str, Any],
        *,
        references: Sequence[str] = (),
        standing: Literal["computed", "sourced", "calibrated", "assumed"] = "computed",
        note: str = "",
    ) -> Origin:
        """Return an origin made by this version, now; arrays and paths among the inputs become plain."""
        return cls(
            model=model,
            code_version=version(),
            inputs=plain(dict(inputs)),
            references=tuple(references),
            standing=standing,
            note=note,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )
