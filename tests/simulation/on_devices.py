"""Runs of one small cell on several simulated devices, in a process of its own; called by test_devices.

XLA has to be told the number of devices before JAX starts, hence the process.
"""

from __future__ import annotations

import contextlib
import faulthandler
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from microcell import Experiment, ParameterSet, Simulation
from microcell.cell.halfcell import HalfCell
from microcell.errors import InterruptedRunError
from microcell.image.synthetic import generate_cathode
from microcell.solve.control import StepControl

TIGHT = StepControl(residual=2e-11, linear=1e-4)
"""Residuals far below the 1e-10 that answers are compared at."""


def cell() -> HalfCell:
    """19 slices of cathode and 5 of separator: 8 slabs of 3, of which one holds separator only."""
    made = generate_cathode((19, 6, 6), 5e-7, diameter_mean=2.5e-6, diameter_std=0.5e-6, seed=3)
    return HalfCell(made.volume, ParameterSet.builtin(), separator_thickness=5e-6)


def run(devices: int, folder: Path, **options: Any) -> None:
    protocol = Experiment(["Charge at 1C for 3 seconds", "Hold at 3.72 V for 2 seconds"], initial="3.7 V")
    Simulation(cell(), protocol, devices=devices, control=TIGHT).solve(folder, **options)


def stop_half_way(row: Mapping[str, Any]) -> None:
    if row["time"] > 1.5:
        raise KeyboardInterrupt


def main(folder: Path) -> None:
    for devices in (1, 2, 4, 8):
        run(devices, folder / f"on {devices}", progress=False)
    half = folder / "half"
    with contextlib.suppress(InterruptedRunError):
        run(2, half, progress=stop_half_way)
    for devices in (1, 4):
        resumed = folder / f"resumed on {devices}"
        shutil.copytree(half, resumed)
        run(devices, resumed, progress=False, resume=True)


if __name__ == "__main__":
    # a run that hangs shows where before the test gives up on it
    faulthandler.dump_traceback_later(450, exit=True)
    main(Path(sys.argv[1]))
