"""Random electrodes, parameters and protocols: how many run to the end, and at what cost.

Generated cathodes, crops of a real one, coarse blocks, white noise and single grains of 6 to 22 voxels an
edge, with cubic and stretched voxels; conductivities, diffusivities, kinetics and temperature over decades;
particles that touch, resist or are insulated; charges, holds, rests and discharges at C/20 to 6C. Run:
``python benchmarks/random_electrodes.py [--count 60] [--jobs 2]``. Every electrode has a process of its own
and is stored when it ends: an interrupted benchmark goes on with what is left, ``--again`` forgets what is
stored.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import Any

import cases
import numpy as np
import record

import microcell as mc
from microcell.image.phases import ACTIVE, CBD, PORE
from microcell.image.synthetic import generate_cathode

Generator = np.random.Generator
Row = dict[str, Any]
RESULTS = record.RESULTS / "random_electrodes.json"
LIMIT = 1200.0
"""Wall time of one electrode [s]."""
COUNTED = (
    "cells",
    "time_steps",
    "attempts",
    "steps_rejected_for_accuracy",
    "steps_failed",
    "multigrid_patterns_refreshed",
    "linear_solves_in_float64",
    "newton_iterations",
    "krylov_iterations",
    "largest_lithium_drift",
    "largest_charge_balance_error",
)


def decades(random: Generator, low: float, high: float) -> float:
    """A number with an even logarithm."""
    return float(10 ** random.uniform(np.log10(low), np.log10(high)))


def edges(random: Generator) -> tuple[float, float, float]:
    """Voxel edges of 0.1 to 1 um: cubic, longer through the plane, or shorter along x [m]."""
    edge = random.uniform(0.1e-6, 1e-6)
    return edge * random.choice([1.0, 1.0, 2.0, 5.0]), edge, edge * random.choice([1.0, 1.0, 0.5])


def shape(random: Generator, low: int, high: int) -> tuple[int, int, int]:
    """Numbers of voxels along z, y, x."""
    z, y, x = (int(n) for n in random.integers(low, high, 3))
    return z, y, x


def generated(random: Generator) -> mc.Volume:
    """Spherical particles with carbon bridges."""
    edge = random.uniform(0.1e-6, 1e-6)
    mean = edge * random.uniform(4, 9)
    return generate_cathode(
        shape(random, 8, 22), edge, diameter_mean=mean, seed=int(random.integers(10**6))
    ).volume


def real(random: Generator, volumes: Path) -> mc.Volume:
    """A crop of the calendered cathode."""
    first, size = random.integers(0, 100, 3), random.integers(8, 20, 3)
    return cases.calendered(volumes, [[int(a), int(a + n)] for a, n in zip(first, size, strict=True)])


def blocks(random: Generator, largest: int = 4) -> mc.Volume:
    """Cubes of one phase each, of up to four voxels an edge; of one voxel they are white noise."""
    whole, edge = shape(random, 6, 18), int(random.integers(1, largest + 1))
    share = random.dirichlet([3, 4, 1.5])
    coarse = random.choice([PORE, ACTIVE, CBD], size=tuple(-(-n // edge) for n in whole), p=share)
    labels = np.kron(coarse, np.ones((edge,) * 3, np.uint8))[tuple(slice(n) for n in whole)]
    return mc.Volume(np.ascontiguousarray(labels, np.uint8), edges(random))


def grain(random: Generator) -> mc.Volume:
    """One ellipsoid in pore space that touches carbon at the collector."""
    whole = shape(random, 6, 18)
    away = [(i - 0.5 * n) / (0.55 * n) for i, n in zip(np.indices(whole), whole, strict=True)]
    labels = np.where(sum(a**2 for a in away) < 1, ACTIVE, PORE).astype(np.uint8)
    labels[-1] = CBD
    return mc.Volume(labels, edges(random))


def changes(random: Generator) -> dict[str, Any]:
    """Parameters away from those of nmc811, each in about half of the electrodes."""
    drawn: dict[str, Callable[[], Any]] = {
        "Active electronic conductivity [S.m-1]": lambda: (
            decades(random, 1e-5, 1e2) if random.random() < 0.8 else "amin2016"
        ),
        "CBD electronic conductivity [S.m-1]": lambda: decades(random, 1e-2, 1e4),
        "Active diffusivity [m2.s-1]": lambda: decades(random, 1e-16, 1e-11),
        "Exchange current density factor [A.m2.5.mol-1.5]": lambda: decades(random, 3e-8, 3e-4),
        "Temperature [K]": lambda: float(random.uniform(268, 328)),
        "Rocksalt initial thickness [m]": lambda: decades(random, 1e-11, 5e-9),
        "CBD kinetic coverage": lambda: float(random.uniform(0, 1)),
        "CBD porosity": lambda: float(random.uniform(0.1, 0.9)),
    }
    return {name: draw() for name, draw in drawn.items() if random.random() < 0.5}


def protocol(random: Generator) -> mc.Experiment:
    """Charge, then hold or rest, then discharge; or discharge, rest, charge."""
    there, back = decades(random, 0.05, 6.0), decades(random, 0.05, 6.0)
    between = "Hold at 4.3 V until C/20" if random.random() < 0.6 else "Rest for 10 minutes"
    steps = [f"Charge at {there:.3g}C until 4.3 V", between, f"Discharge at {back:.3g}C until 3.0 V"]
    if random.random() < 0.3:
        steps = [
            f"Discharge at {there:.3g}C until 3.2 V",
            "Rest for 5 minutes",
            f"Charge at {back:.3g}C until 4.2 V",
        ]
    return mc.Experiment(steps, initial=str(random.choice(["3.6 V", "3.8 V", "4.1 V"])))


def media(volumes: Path) -> dict[str, Callable[[Generator], mc.Volume]]:
    """The kinds of images; crops of a real one where it is there."""
    kinds = {"generated": generated, "blocks": blocks, "noise": partial(blocks, largest=1), "grain": grain}
    if volumes.is_dir():
        kinds["real"] = partial(real, volumes=volumes)
    return kinds


def one(number: int, volumes: Path) -> Row:
    """Make an electrode and run it."""
    random = np.random.default_rng(number)
    kinds = media(volumes)
    kind = str(random.choice(list(kinds)))
    row: Row = {"number": number, "kind": kind}
    begun = time.perf_counter()
    try:
        volume = kinds[kind](random)
        parameters = changes(random)
        contact = str(random.choice(["continuous", "continuous", "resistive", "insulated"]))
        if contact == "resistive":
            parameters["Particle contact resistance [Ohm.m2]"] = decades(random, 1e-6, 1e-1)
        experiment = protocol(random)
        row |= {
            "shape": [int(n) for n in volume.shape],
            "voxel_size_m": [float(h) for h in volume.voxel_size],
            "parameters": parameters,
            "contact": contact,
            "steps": [step.text for step in experiment.steps],
        }
        cell = mc.HalfCell(
            volume,
            mc.ParameterSet.builtin("nmc811").with_values(parameters),
            particles=mc.segment(volume),
            particle_contact=contact,
        )
    except (mc.errors.VolumeError, mc.errors.GeometryError, mc.errors.SegmentationError) as error:
        return row | {"status": "not an electrode", "why": str(error)}
    try:
        with tempfile.TemporaryDirectory() as folder:
            solution = mc.Simulation(cell, experiment).solve(folder, overwrite=True, progress=False)
        found = {name: solution.statistics[name] for name in COUNTED}
        return row | {"status": solution.status, "wall_s": time.perf_counter() - begun} | found
    except mc.errors.SolverError as error:
        return row | {"status": "failed", "why": str(error), "wall_s": time.perf_counter() - begun}


def in_own_process(number: int, volumes: Path) -> Row:
    """Run one electrode apart, within the limit."""
    call = [sys.executable, __file__, "--one", str(number), "--volumes", str(volumes)]
    try:
        done = subprocess.run(call, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return {"number": number, "status": "out of time"}
    if done.returncode:
        return {"number": number, "status": "crashed", "why": done.stderr[-2000:]}
    row: Row = json.loads(done.stdout.splitlines()[-1])
    return row


def summary(rows: list[Row]) -> Row:
    """Count what came of them."""
    electrodes = [r for r in rows if r["status"] != "not an electrode"]
    done = [r for r in electrodes if r["status"] == "done"]
    counts = {"electrodes": len(electrodes), "done": len(done)}
    if not done:
        return counts
    krylov = [r["krylov_iterations"] / r["newton_iterations"] for r in done]
    return counts | {
        "steps": sum(r["time_steps"] for r in done),
        "failed_steps": sum(r["steps_failed"] for r in done),
        "runs_with_failed_steps": sum(r["steps_failed"] > 0 for r in done),
        "runs_in_float64": sum(r["linear_solves_in_float64"] > 0 for r in done),
        "krylov_per_newton_median": float(np.median(krylov)),
        "krylov_per_newton_most": float(np.max(krylov)),
        "largest_lithium_drift": max(r["largest_lithium_drift"] for r in done),
        "largest_charge_balance_error": max(r["largest_charge_balance_error"] for r in done),
    }


def print_row(row: Row) -> None:
    """Print what became of an electrode."""
    shown = ("kind", "shape", "status", "wall_s", "time_steps", "steps_failed", "krylov_iterations")
    print(f"{row['number']:4d}", *(row[name] for name in shown if name in row), flush=True)


def save(rows: list[Row]) -> None:
    """Store all rows, their summary, and the number for the table of bars."""
    whole = summary(rows)
    share = whole["done"] / max(whole["electrodes"], 1)
    bars = {"share that runs to the end": share}
    record.save("random_electrodes", {"bars": bars, "summary": whole, "rows": rows})


def main() -> None:
    """Run what is not stored yet, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=2, help="electrodes at a time")
    parser.add_argument("--again", action="store_true", help="forget what is stored")
    parser.add_argument("--volumes", type=Path, default=record.VOLUMES)
    parser.add_argument("--one", type=int, help="run this one in this process, print JSON")
    options = parser.parse_args()
    if options.one is not None:
        print(json.dumps(one(options.one, options.volumes)))
        return
    stored = [] if options.again or not RESULTS.exists() else json.loads(RESULTS.read_text())["rows"]
    rows = {row["number"]: row for row in stored}
    left = [number for number in range(options.count) if number not in rows]
    with ThreadPoolExecutor(options.jobs) as pool:
        running = [pool.submit(in_own_process, number, options.volumes) for number in left]
        for each in as_completed(running):
            row = each.result()
            rows[row["number"]] = row
            print_row(row)
            save([rows[number] for number in sorted(rows)])
    print(json.dumps(summary([rows[number] for number in sorted(rows)]), indent=2))


if __name__ == "__main__":
    main()
