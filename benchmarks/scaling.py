"""Cost of the main job over the size of the image: a charge at 1C, a hold to C/20 and a discharge on cubes.

Run: ``python benchmarks/scaling.py [--sizes 32 48 64 96 128] [--short MINUTES]``. Cubes up to 200 voxels are
crops of the calendered NMC cathode where its volume is there; others are generated. Every size runs in a
process of its own and is stored when it ends, beside what earlier calls have stored: an interrupted benchmark
goes on with the sizes that are left, and a size that is run again replaces its row.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import cases
import numpy as np
import record

import microcell as mc

SIZES = (32, 48, 64, 96, 128)
FIRST, LARGEST_CROP = 50, 150
"""Crops begin at this voxel of each axis, up to this edge; larger ones begin at the corner."""
WHOLE = "charge, hold, discharge"
RESULTS = record.RESULTS / "scaling.json"
PLOT = Path(__file__).resolve().parents[1] / "docs" / "images" / "scaling.png"


def make_cell(volumes: Path, size: int) -> mc.HalfCell:
    """Make the half cell of a cube: real where there is an image of that size, else generated."""
    if not is_real(volumes, size):
        shape = (size, size, size)
        return cases.cell_of(mc.generate_cathode(shape, 398e-9, diameter_mean=8e-6, seed=1).volume)
    first = FIRST if size <= LARGEST_CROP else 0
    return cases.half_cell(volumes, [[first, first + size]] * 3)


def is_real(volumes: Path, size: int) -> bool:
    """Whether the cube is cut from the real volume."""
    return size <= 200 and (volumes / "nmc_cal_3phase.tif").exists()


def job_name(short: float | None) -> str:
    """Name what is run, for the results."""
    return WHOLE if short is None else f"first {short:g} min of the charge"


def protocol(short: float | None) -> mc.Experiment:
    """Return the whole job, or the first minutes of its charge."""
    if short is None:
        return cases.charge_hold_discharge()
    return mc.Experiment([f"Charge at 1C for {short:g} minutes"], initial="3.6 V")


def one(volumes: Path, size: int, short: float | None) -> dict[str, Any]:
    """Run one size in this process."""
    import jax

    head = {
        "size": size,
        "job": job_name(short),
        "volume": "nmc_cal_3phase" if is_real(volumes, size) else "generated",
        "device": jax.devices()[0].device_kind,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": record.machine(),
    }
    return head | cases.run(f"scaling-{size}", partial(make_cell, volumes, size), protocol(short))


def key(row: dict[str, Any]) -> tuple[Any, ...]:
    """Tell rows apart: a row with the same key is replaced."""
    return row["device"], row["job"], row["size"]


def stored() -> list[dict[str, Any]]:
    """Return the rows that earlier calls have stored."""
    return json.loads(RESULTS.read_text())["runs"] if RESULTS.exists() else []


def store(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Add a row to the results, with the exponents of all rows; return all rows."""
    rows = sorted([r for r in stored() if key(r) != key(row)] + [row], key=key)
    record.save("scaling", {"exponents": exponents(rows), "runs": rows})
    return rows


def exponents(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Fit growth with the number of voxels, for each device and job with two sizes at least.

    ``wall_s`` counts everything; compiling, which does not grow, is left out of ``wall_without_compiling_s``;
    ``step_median_s`` is one time step.
    """
    fits = []
    for device, job in sorted({key(row)[:2] for row in rows}):
        group = [row for row in rows if key(row)[:2] == (device, job)]
        if len(group) < 2:
            continue
        voxels = np.log([row["voxels"] for row in group])
        fit: dict[str, Any] = {"device": device, "job": job, "sizes": [row["size"] for row in group]}
        for what in ("wall_s", "wall_without_compiling_s", "step_median_s"):
            fit[what] = float(np.polyfit(voxels, np.log([row[what] for row in group]), 1)[0])
        walls = {row["size"]: row["wall_s"] for row in group}
        if {64, 128} <= walls.keys():
            fit["wall 128 over 64"] = walls[128] / walls[64]
        fits.append(fit)
    return fits


def draw(rows: list[dict[str, Any]]) -> None:
    """Draw time over voxels, of the job and of one step, with the fitted exponents."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    labels = {"wall_s": "Wall time of the job [s]", "step_median_s": "Wall time of a time step, median [s]"}
    for panel, (what, label) in zip(panels, labels.items(), strict=True):
        for device, job in sorted({key(row)[:2] for row in rows}):
            group = [row for row in rows if key(row)[:2] == (device, job)]
            fit = next((f for f in exponents(rows) if (f["device"], f["job"]) == (device, job)), None)
            growth = f", exponent {fit[what]:.2f}" if fit else ""
            x, y = [row["voxels"] for row in group], [row[what] for row in group]
            panel.loglog(x, y, "o-", label=f"{job}, {device}{growth}")
        panel.set_xlabel("Voxels of the image")
        panel.set_ylabel(label)
        panel.grid(which="both", alpha=0.3)
        panel.legend(fontsize=8)
    PLOT.parent.mkdir(exist_ok=True)
    figure.savefig(PLOT, dpi=150)
    plt.close(figure)


def print_run(row: dict[str, Any]) -> None:
    """Print one run as a line."""
    s = row["statistics"]
    print(
        f"{row['size']}^3 ({row['job']}): {row['wall_s']:.0f} s, {s['time_steps']} steps of "
        f"{row['step_median_s']:.2f} s, {s['newton_iterations']} Newton, {s['krylov_iterations']} Krylov, "
        f"{row['solver_bytes_per_cell']:.0f} B/cell",
        flush=True,
    )


def main() -> None:
    """Run the sizes, store each, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--volumes", type=Path, default=record.VOLUMES)
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=list(SIZES), help="edges of the cubes [voxels]"
    )
    parser.add_argument("--short", type=float, metavar="MINUTES", help="only so much of the charge")
    parser.add_argument("--missing", action="store_true", help="leave out sizes that are stored already")
    parser.add_argument("--draw", action="store_true", help="draw what is stored, run nothing")
    parser.add_argument("--size", type=int, help="run this size only, in this process, print JSON")
    arguments = parser.parse_args()
    if arguments.size:
        print(json.dumps(one(arguments.volumes, arguments.size, arguments.short), default=float))
        return
    rows = stored()
    done = [row["size"] for row in rows if row["job"] == job_name(arguments.short)]
    for size in [] if arguments.draw else arguments.sizes:
        if arguments.missing and size in done:
            continue
        command = [sys.executable, __file__, "--volumes", str(arguments.volumes), "--size", str(size)]
        command += [] if arguments.short is None else ["--short", str(arguments.short)]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        row = json.loads(output.splitlines()[-1])
        rows = store(row)
        print_run(row)
    for fit in exponents(rows):
        print(json.dumps(fit))
    if rows:
        draw(rows)
        print(PLOT)


if __name__ == "__main__":
    main()
