"""A small full cell with a shell, as a case file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cli_inputs import write_case

import microcell as mc
from microcell.case.reduced import read_cell, read_model
from microcell.p2d import DFN

C_MAX = "Active maximum concentration [mol.m-3]"
SHELL = "Shell forward rate constant [m.s-1]"
SHRINKING = {"shrinking_core": {SHELL: 1e-12, "Shell resistivity [Ohm.m]": 1e4}, "oxidation": {}}
NEGATIVE: dict[str, Any] = {
    "electrode_thickness": "80 um",
    "active_fraction": 0.7,
    "porosity": 0.28,
    "tortuosity": 3.1,
    "radii": "6 um",
    "parameters": "nmc811",
    "at_full": [0.87, 0.25],
    "set": {
        "Active maximum concentration [mol.m-3]": 33133,
        "Active open-circuit potential [V]": "graphite_chen2020",
        "Active diffusivity [m2.s-1]": 3.3e-14,
        "Exchange current density factor [A.m2.5.mol-1.5]": 6.48e-7,
    },
}
MESH = {"model": "SPM", "separator": 5, "electrode": 5, "radial": 6}
DESIGN: dict[str, Any] = {
    "electrode_thickness": "65 um",
    "active_fraction": 0.68,
    "porosity": 0.26,
    "tortuosity": 2.94,
    "radii": ["3 um", "6 um"],
    "weights": [0.4, 0.6],
}
FULL = {**DESIGN, **MESH, "film": False, "negative": NEGATIVE, "degradation": SHRINKING}
STEPS = ["Charge at 1C until 4.2 V", "Hold at 4.2 V until C/10", "Discharge at 1C until 2.5 V"]


def full_case(folder: Path, name: str = "case.toml", **changes: Any) -> Path:
    """Write a full cell with a shell; the SPM compiles fast."""
    keys = {f"p2d__{key}": value for key, value in {**FULL, **changes}.items()}
    return write_case(folder, name, volume=None, cell=None, protocol__steps=STEPS, **keys)


def content(**changes: Any) -> dict[str, Any]:
    return {"p2d": {**FULL, **changes}, "protocol": {"initial": "3.6 V", "steps": STEPS}}


def model_of(content: dict[str, Any]) -> tuple[mc.Case, DFN]:
    case = mc.Case.from_dict(content, Path("c.toml"))
    return case, read_model(case, read_cell(case, case.read_parameters()))
