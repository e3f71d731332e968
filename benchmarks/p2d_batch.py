"""A thousand parameter sets of one half cell: in processes here, on as many threads by PyBaMM (IDAKLU).

Run on two cores: ``taskset -c 2,3 python benchmarks/p2d_batch.py [--sets 1000] [--cores 2]``; writes
``results/p2d_batch.json``. Both solve the Xu2019 discharge at 1C on 20 volumes per layer and particle, with
particle diffusivity and electrode conductivity drawn at random, and give the voltage over time. The first
call here starts the processes, each of which compiles or reads what JAX's cache holds. Processor time is that
of all processes and threads (Linux).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from record import save

from microcell.p2d import Mesh
from microcell.p2d.batch import CHUNK, solve_batch
from tests.p2d.cases import xu, xu_discharge

VOLUMES, END = 20, 7000.0
EQUAL = 2e-4
"""With this tolerance the voltages here are as exact as PyBaMM's with IDAKLU's own tolerances."""
TOLERANCES = (1e-3, EQUAL, 1e-4)
TIMES = np.linspace(60.0, 4800.0, 80)
"""Where voltages of both are compared [s]: within all runs."""


def draw(sets: int) -> tuple[np.ndarray, np.ndarray]:
    """Diffusivities [m2.s-1] and effective electronic conductivities [S.m-1]."""
    random = np.random.default_rng(3)
    return 1e-14 * random.uniform(0.7, 1.5, sets), 100.0 * random.uniform(0.2, 2.0, sets)


def ours(tolerance: float, workers: int, sets: int) -> Callable[[], np.ndarray]:
    """Make the solve of all sets here, from changing the parameters to the voltages."""
    base = replace(xu(Mesh(VOLUMES, VOLUMES, VOLUMES), tolerance=tolerance), rows=200)
    protocol = xu_discharge(1.0)

    def run() -> np.ndarray:
        models = [
            replace(
                base,
                parameters=base.parameters.set("Active diffusivity [m2.s-1]", float(d)),
                design=base.design.model_copy(update={"electronic_conductivity": float(s * 0.518**1.5)}),
            )
            for d, s in zip(*draw(sets), strict=True)
        ]
        batch = solve_batch(models, protocol, workers=workers)
        assert not any(trace.failed for trace in batch)
        return batch.at("Voltage [V]", TIMES)

    return run


def pybamm_batch(threads: int, sets: int) -> Callable[[], np.ndarray]:
    """Make the same in PyBaMM, built once; it returns the voltage only, its fastest way."""
    import pybamm

    pybamm.set_logging_level("ERROR")
    model = pybamm.lithium_ion.DFN({"working electrode": "positive"})
    values = pybamm.ParameterValues("Xu2019")
    names = ("Positive particle diffusivity [m2.s-1]", "Positive electrode conductivity [S.m-1]")
    values.update(dict.fromkeys(names, "[input]"))
    points = dict.fromkeys(("x_n", "x_s", "x_p", "r_n", "r_p"), VOLUMES)
    solver = pybamm.IDAKLUSolver(output_variables=["Voltage [V]"], options={"num_threads": threads})
    simulation = pybamm.Simulation(model, parameter_values=values, var_pts=points, solver=solver)
    inputs = [dict(zip(names, map(float, pair), strict=True)) for pair in zip(*draw(sets), strict=True)]

    def run() -> np.ndarray:
        solutions = simulation.solve([0.0, END], inputs=inputs, t_interp=TIMES)
        return np.stack([solution["Voltage [V]"](TIMES) for solution in solutions])

    return run


def processor_time() -> float:
    """Seconds of all cores that this process and its children have used."""
    tick, total = os.sysconf("SC_CLK_TCK"), time.process_time()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # processes of others that end meanwhile
            numbers = (folder / "stat").read_text().rpartition(")")[2].split()  # from the state on
            total += (int(numbers[11]) + int(numbers[12])) / tick if int(numbers[1]) == os.getpid() else 0.0
    return total


def timed(run: Callable[[], np.ndarray]) -> tuple[float, float, np.ndarray]:
    """Return wall and processor time of a call [s], and the voltages."""
    start, used = time.perf_counter(), processor_time()
    volts = run()
    return time.perf_counter() - start, processor_time() - used, volts


def measure(
    runs: dict[str, Callable[[], np.ndarray]], sets: int, repeats: int
) -> tuple[dict[str, dict[str, Any]], dict[str, np.ndarray]]:
    """Call all in turn, so that what else the machine does meets all alike; return times and voltages."""
    rows: dict[str, dict[str, Any]] = {}
    volts, later = {}, {name: [] for name in runs}
    for name, run in runs.items():
        first, _, volts[name] = timed(run)
        rows[name] = {"first_s": first}
    for _ in range(repeats):
        for name, run in runs.items():
            later[name].append(timed(run)[:2])
            print(name, *(f"{seconds:.2f} s" for seconds in later[name][-1]), flush=True)
    for name, row in rows.items():
        wall, busy = zip(*later[name], strict=True)
        row |= {"wall_s": wall, "median_s": median(wall), "sets_per_s": sets / median(wall)}
        row |= {"cpu_ms_per_set": 1e3 * median(busy) / sets}
    return rows, volts


def main() -> None:
    """Measure and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    sets, repeats = arguments.sets, arguments.repeats
    runs = {f"microcell, tolerance {t:g}": ours(t, arguments.cores, sets) for t in TOLERANCES} | {
        "PyBaMM IDAKLU": pybamm_batch(arguments.cores, sets)
    }
    rows, volts = measure(runs, sets, repeats)
    exact = ours(1e-6, arguments.cores, min(sets, 2 * CHUNK))()
    for name, row in rows.items():
        difference = volts[name][: len(exact)] - exact
        row["rms_to_tight_V"] = float(np.sqrt(np.mean(difference**2)))
    peer = rows["PyBaMM IDAKLU"]["sets_per_s"]
    ratio = {name: row["sets_per_s"] / peer for name, row in rows.items()}
    content = {"case": "Xu2019 half cell, 1C to 3.5 V", "volumes": VOLUMES, "sets": sets}
    print(save("p2d_batch", {**content, "cores": arguments.cores, "runs": rows, "ratio": ratio}).read_text())


if __name__ == "__main__":
    main()
