"""The main job on crops of a real cathode: cost, memory and balances of a CC-CV charge and a discharge.

Run: ``python benchmarks/main_run.py`` (each crop in a process of its own, so that peak memory is its own).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cases
import jax
import numpy as np
import record

CROPS = {"64x64x64": [[50, 114], [50, 114], [50, 114]], "96x64x64": [[50, 146], [50, 114], [50, 114]]}


def one(volumes: Path, name: str) -> dict:
    """Run one crop in this process and return its numbers."""
    from microcell.simulation import Simulation
    from microcell.simulation.statistics import peak_memory

    before = peak_memory()
    begun = time.perf_counter()
    cell = cases.half_cell(volumes, CROPS[name])
    solution = Simulation(cell, cases.charge_hold_discharge()).solve(
        tempfile.mkdtemp(prefix=f"main-run-{name}-"), overwrite=True
    )
    wall = time.perf_counter() - begun
    rows = solution.timeseries
    cells = int(np.prod(cell.geometry.shape))
    newton, krylov = rows["Newton iterations"].to_numpy(), rows["Krylov iterations"].to_numpy()
    return {
        "crop": name,
        "voxels": int(np.prod(cell.volume.shape)),
        "cells_with_separator": cells,
        "wall_s": wall,
        "steps": solution.steps.to_dict("records"),
        "statistics": solution.statistics,
        "newton_median_per_step": float(np.median(newton)),
        "krylov_median_per_newton": float(np.median(krylov / np.maximum(newton, 1))),
        "process_bytes_per_cell": (peak_memory() - before) / cells,
        "solver_bytes_per_cell": solver_bytes(cell) / cells,
        "mean_film_end_of_hold_nm": 1e9
        * float(rows.loc[rows["Step"] == 2, "Mean rocksalt thickness [m]"].iloc[-1]),
    }


def solver_bytes(cell) -> int:
    """Bytes of the compiled time step: arguments, results and scratch, as XLA counts them."""
    from microcell.simulation import Simulation
    from microcell.simulation.precision import computing_on
    from microcell.solve.timestep import TimeStepper

    simulation = Simulation(cell, cases.charge_hold_discharge())
    with computing_on(None):
        stepper: TimeStepper = simulation._start()
        analysis = stepper.lower_step().compile().memory_analysis()
    return analysis.argument_size_in_bytes + analysis.output_size_in_bytes + analysis.temp_size_in_bytes


def main() -> None:
    """Run all crops, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--volumes", type=Path, default=record.VOLUMES)
    parser.add_argument("--crop", choices=list(CROPS), help="run this crop only, in this process, print JSON")
    arguments = parser.parse_args()
    if arguments.crop:
        jax.config.update("jax_enable_compilation_cache", False)  # cold, as on a fresh machine
        print(json.dumps(one(arguments.volumes, arguments.crop), default=float))
        return
    runs = []
    for name in CROPS:
        command = [sys.executable, __file__, "--volumes", str(arguments.volumes), "--crop", name]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        runs.append(json.loads(output.splitlines()[-1]))
        print_run(runs[-1])
    print(record.save("main_run", {"runs": runs}))


def print_run(run: dict) -> None:
    """Print one run as a line per fact."""
    s = run["statistics"]
    print(
        f"{run['crop']}: {run['wall_s']:.0f} s, {s['time_steps']} steps, {s['newton_iterations']} Newton, "
        f"{s['krylov_iterations']} Krylov, {run['solver_bytes_per_cell']:.0f} B/cell, "
        f"drift {s['largest_lithium_drift']:.1e}, charge {s['largest_charge_balance_error']:.1e}"
    )


if __name__ == "__main__":
    main()
