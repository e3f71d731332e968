"""A reduced model as the section ``[p2d]`` of a case file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .finished import Setup

_OPTIONS = ("model", "film")


def design_toml(setup: Setup) -> str:
    """Return electrodes, mechanisms, model and film as the section ``[p2d]`` of a case file.

    Numbers of the electrodes keep every digit; parameter files are named by their full path.
    """
    stated = setup.case["p2d"]
    options = {key: stated[key] for key in _OPTIONS}
    lines = ["# [m], [m2], [S.m-1]; written by microcell p2d"]
    lines += _table("p2d", {**setup.model.design.model_dump(mode="json"), **options})
    if setup.model.negative is not None:
        negative, own = setup.model.negative, stated["negative"]
        content = negative.design.model_dump(mode="json") | {
            "parameters": _parameters(own["parameters"], setup.files.get("case file")),
            "at_full": list(negative.at_full),
        }
        lines += _table("p2d.negative", content)
        lines += _table("p2d.negative.set", own["set"]) if own["set"] else []
    for name, numbers in stated["degradation"].items():
        lines += _table(f"p2d.degradation.{name}", numbers)
    return "\n".join([*lines, ""])


def _parameters(reference: str, case_file: Path | None) -> str:
    """Name a file so that it is found from any folder; built-in sets keep their name."""
    if case_file is None or not reference.endswith(".toml"):
        return reference
    return str((case_file.parent / reference).absolute())


def _table(name: str, content: Mapping[str, Any]) -> list[str]:
    rows = [f"{_key(key)} = {_value(value)}" for key, value in content.items() if value is not None]
    return [f"[{name}]", *rows]


def _key(key: str) -> str:
    return key if key.isidentifier() else json.dumps(key, ensure_ascii=False)


def _value(value: Any) -> str:
    """Write a value; texts, numbers and lists are the same in JSON and TOML."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
