"""A small label image, the options to read it, and case files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from microcell.image import generate_cathode


@dataclass(frozen=True)
class Outcome:
    """How a call ended."""

    code: int
    out: str
    err: str


IMAGE = np.array(
    generate_cathode(
        (12, 10, 8), active_fraction=0.5, cbd_fraction=0.1, diameter_mean=2.4e-6, seed=3
    ).volume.labels
)
"""0 pore, 1 active, 2 cbd; both networks percolate."""

SIZE = ("--voxel-size", "400 nm")
AXES = ("--axes", "ZYX")
THROUGH = ("--through-axis", "Z", "--separator-side", "low")
PHASES = ("--phases", "pore=0,active=1,cbd=2")
READ = (*SIZE, *AXES, *THROUGH, *PHASES)
"""Options that read the image above."""

CASE: dict[str, dict[str, Any]] = {
    "volume": {
        "path": "cathode.tif",
        "voxel_size": "400 nm",
        "axes": "ZYX",
        "through_axis": "Z",
        "separator_side": "low",
        "phases": {"pore": 0, "active": 1, "cbd": 2},
    },
    "cell": {"parameters": "nmc811", "separator_thickness": "20 um"},
    "protocol": {"initial": "3.6 V", "steps": ["Charge at 1C until 4.3 V"]},
}


def toml(value: Any) -> str:
    """Write a value as TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{key}" = {toml(item)}' for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else repr(value)


def write_case(folder: Path, name: str = "case.toml", **changes: Any) -> Path:
    """Write the case with keys changed: ``volume__axes="ZY"``; None removes a key or a section."""
    content = {section: dict(keys) for section, keys in CASE.items()}
    for path, value in changes.items():
        section, _, key = path.partition("__")
        if not key:
            content.pop(section, None)
        elif value is None:
            content[section].pop(key)
        else:
            content.setdefault(section, {})[key] = value
    lines: list[str] = []
    for section, keys in content.items():
        lines += [f"[{section}]", *(f'"{key}" = {toml(value)}' for key, value in keys.items())]
    file = folder / name
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file
