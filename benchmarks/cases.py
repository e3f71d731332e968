"""The real cathode as a half cell, and the protocol of the paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import microcell as mc

Crop = list[list[int]]


def half_cell(volumes: Path, crop: Crop, changes: dict[str, Any] | None = None) -> mc.HalfCell:
    """Make a half cell of a crop (z, y, x) of the calendered NMC cathode, three phases, 398 nm voxels."""
    volume = mc.Volume.read(
        volumes / "nmc_cal_3phase.tif",
        voxel_size="398 nm",
        axes="ZYX",
        through_axis="Z",
        separator_side="low",
        phases={"pore": 0, "active": 1, "cbd": 2},
        crop=crop,
    )
    parameters = mc.ParameterSet.builtin("nmc811").with_values(changes or {})
    return mc.HalfCell(volume, parameters, particles=mc.segment(volume))


def charge_hold_discharge(rate: str = "1C") -> mc.Experiment:
    """Charge to 4.3 V, hold to C/20, discharge to 3.0 V, from 3.6 V."""
    steps = [f"Charge at {rate} until 4.3 V", "Hold at 4.3 V until C/20", f"Discharge at {rate} until 3.0 V"]
    return mc.Experiment(steps, initial="3.6 V")
