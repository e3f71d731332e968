"""The main job on crops of a real cathode: cost, memory and balances of a CC-CV charge and a discharge.

Run: ``python benchmarks/main_run.py`` (each crop in a process of its own, so that peak memory is its own).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import cases
import record

CROPS = {"64x64x64": [[50, 114], [50, 114], [50, 114]], "96x64x64": [[50, 146], [50, 114], [50, 114]]}


def one(volumes: Path, name: str) -> dict:
    """Run one crop in this process and return its numbers."""
    make = partial(cases.half_cell, volumes, CROPS[name])
    return {"crop": name} | cases.run(f"main-run-{name}", make, cases.charge_hold_discharge())


def main() -> None:
    """Run all crops, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--volumes", type=Path, default=record.VOLUMES)
    parser.add_argument("--crop", choices=list(CROPS), help="run this crop only, in this process, print JSON")
    arguments = parser.parse_args()
    if arguments.crop:
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
