"""The same answer on 1, 2, 4 and 8 devices: a cell in slabs, every array of the final state compared.

Run: ``python benchmarks/devices.py [--size 24]``. A generated cathode is charged and held with residuals
solved far below the bar; on a machine with one device XLA is told to simulate eight, which compares answers
and says nothing about speed. With several GPUs the seconds per time step are those of strong scaling.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

COUNTS = (1, 2, 4, 8)
PROTOCOL = ["Charge at 1C for 20 seconds", "Hold at 3.75 V for 20 seconds"]
SIMULATED = "--xla_force_host_platform_device_count=32"  # its thread pool has one thread per device


def run(size: int, devices: int, folder: Path) -> dict[str, Any]:
    """Run the protocol on a number of devices; return the arrays of the checkpoint and what it took."""
    import cases

    import microcell as mc
    from microcell.results.store import read_checkpoint
    from microcell.solve.control import StepControl

    made = mc.generate_cathode((size,) * 3, 398e-9, diameter_mean=4e-6, seed=1)
    control = StepControl(residual=2e-11, linear=1e-4)
    simulation = mc.Simulation(
        cases.cell_of(made.volume), mc.Experiment(PROTOCOL, initial="3.7 V"), devices=devices, control=control
    )
    begun = time.perf_counter()
    solution = simulation.solve(folder, progress=False)
    seconds = time.perf_counter() - begun
    arrays, _ = read_checkpoint(folder)
    s = solution.statistics
    counts = {key: s[key] for key in ("time_steps", "newton_iterations", "krylov_iterations")}
    return {"arrays": arrays, "seconds": seconds} | counts


def differences(one: dict[str, Any], other: dict[str, Any]) -> dict[str, float]:
    """Largest difference of every array, relative to its largest entry."""
    import numpy as np

    return {
        name: float(np.abs(one[name] - other[name]).max() / max(np.abs(one[name]).max(), 1e-300))
        for name in one
    }


def main() -> None:
    """Run on all numbers of devices, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=24)
    arguments = parser.parse_args()
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {SIMULATED}"
    import jax
    import record

    counts = [n for n in COUNTS if n <= len(jax.devices())]
    rows: list[dict[str, Any]] = []
    first: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for n in counts:
            result = run(arguments.size, n, Path(folder) / str(n))
            arrays = result.pop("arrays")
            first = first or arrays
            found = differences(first, arrays)
            rows.append({"devices": n} | result | {"differences": found})
            print(f"{n} devices: {result['seconds']:.0f} s, largest difference {max(found.values()):.1e}")
    largest = max(max(row["differences"].values()) for row in rows)
    content = {"size": arguments.size, "runs": rows, "bars": {"largest relative difference": largest}}
    print(record.save("devices", content))


if __name__ == "__main__":
    main()
