"""The potential solve: iterations and time over contrast and size, beside PyAMG and BoomerAMG.

Run: ``python benchmarks/potential_solve.py [--sizes 48 96 144 192] [--limit SECONDS] [--again]``. Every solve
runs in a process of its own, pinned to one core (or to as many as its row says), and is stored when it ends:
an interrupted benchmark goes on with what is left. ``--again`` forgets what is stored.

All solvers get the same operator and right-hand side and stop at a relative residual of 1e-8. "Solve" is one
solve with the hierarchy kept; microcell's includes new values on all levels. PyAMG is a package
(``pip install pyamg``). BoomerAMG needs petsc4py with hypre, which may live in another Python:
``--petsc-python PYTHON --petsc-path FOLDER_OF_PETSC4PY``; two cores need ``mpirun``.
"""

from __future__ import annotations

import argparse
import atexit
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import record

SIZES = (48, 96, 144, 192)
FEW = (0, 2, 4)
"""Ratios that large and two-core runs are made at."""
TOLERANCE = 1e-8
REPEAT = 3
NAMES = {
    "microcell": "microcell",
    "ruge_stuben": "PyAMG Ruge-Stuben + CG",
    "smoothed": "PyAMG smoothed aggregation + CG",
    "boomeramg": "BoomerAMG + CG",
}
EARLIER = {
    "Jacobi + CG, earlier measurement": ([1, 1e3], [1509, 3000]),
    "cell doubling + CG, earlier measurement": ([1, 10, 100, 1e3, 1e5], [38, 58, 82, 189, 200]),
}
"""Iterations on a 48^3 sphere cathode measured before this package existed; the last of each is a bound."""
EARLIER_BOOMERAMG = (4.1, 5.4)
"""Seconds per BoomerAMG solve at 96^3 on one core, measured before this package existed."""
RESULTS = record.RESULTS / "potential_solve.json"
IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
Row = dict[str, Any]


def jobs(sizes: list[int]) -> list[Row]:
    """List what is run: medium, size, number of the ratio, solver, cores."""
    todo = []
    for size in sizes:
        for medium in ("generated", "real"):
            ratios = range(5) if size <= 96 else FEW
            todo += [(medium, size, k, "microcell", 1) for k in ratios]
            if size <= 48:
                todo += [(medium, size, k, s, 1) for s in list(NAMES)[1:] for k in range(5)]
            elif size <= 96:
                todo += [(medium, size, k, s, 1) for s in list(NAMES)[1:] for k in FEW]
                todo += [(medium, size, k, s, 2) for s in ("microcell", "boomeramg") for k in FEW]
    return [dict(zip(("medium", "size", "ratio", "solver", "cores"), job, strict=True)) for job in todo]


def key(row: Row) -> tuple[Any, ...]:
    """Tell rows apart."""
    return row["medium"], row["size"], row["ratio"], row["solver"], row["cores"]


def one(job: Row, options: argparse.Namespace) -> Row:
    """Run one job in this process (a peer in a process below it)."""
    import potential_media as media

    ratio = media.RATIOS[job["ratio"]]
    problem = media.problem(media.phases(job["medium"], job["size"], options.volumes), ratio)
    head = job | {
        "sigma": str(ratio),
        "contrast": ratio.contrast,
        "cells": problem.taking_part[0].size,
        "unknowns": problem.unknowns,
    }
    if job["solver"] == "microcell":
        return head | microcell_solve(problem)
    return head | peer_solve(problem, job, options)


def microcell_solve(problem: Any) -> Row:
    """Set up, compile without and with XLA's cache on disk, refresh and solve."""
    import jax
    import jax.numpy as jnp
    from microcell_kernels.grid_operator import Stacked
    from microcell_kernels.multigrid import Hierarchy

    jax.config.update("jax_enable_x64", True)
    setup, hierarchy = np.inf, None
    single, double = (grid_operator(problem, dtype) for dtype in (np.float32, np.float64))
    for _ in range(2):
        start = time.perf_counter()
        hierarchy = jax.block_until_ready(Hierarchy.build(single, problem.taking_part))
        setup = min(setup, time.perf_counter() - start)
    b = Stacked(jnp.asarray(problem.right_hand_side()), jnp.zeros(()))
    program, cold, warm = compile_twice(hierarchy, single, double, b)
    solve, result = np.inf, None
    for _ in range(REPEAT):
        start = time.perf_counter()
        result = jax.block_until_ready(program(hierarchy, single, double, b))
        solve = min(solve, time.perf_counter() - start)
    assert hierarchy is not None
    assert result is not None
    residual = b.fields - jax.jit(lambda o, x: o.apply(x).fields)(double, result.value)
    return {
        "setup_s": setup,
        "compile_cold_s": cold,
        "compile_cached_s": warm,
        "solve_s": solve,
        "iterations": int(result.iterations),
        "residual": float(jnp.linalg.norm(residual.ravel()) / jnp.linalg.norm(b.fields.ravel())),
        "levels": hierarchy.sizes(),
        "peak_GiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def grid_operator(problem: Any, dtype: Any) -> Any:
    """The operator as the solver takes it; the terminal is held, so the collector is a ground."""
    import jax.numpy as jnp
    from microcell_kernels.grid_operator import GridOperator

    cast = partial(jnp.asarray, dtype=dtype)
    p, q, link = problem.links
    z, y, x = problem.faces
    return GridOperator(
        conductance=(cast(z), cast(y), cast(x)),
        ground=cast(problem.ground),
        link_p=jnp.asarray(p, jnp.int32),
        link_q=jnp.asarray(q, jnp.int32),
        link=jnp.full(len(p), link, dtype),
        top=jnp.zeros(problem.ground.shape[2:], dtype),
        terminal_ground=jnp.zeros((), dtype),
        terminal_free=jnp.zeros((), dtype),
    )


def refresh_and_solve(hierarchy: Any, single: Any, double: Any, b: Any) -> Any:
    """New values on all levels in float32, then CG in float64."""
    import jax
    import jax.numpy as jnp
    from microcell_kernels import krylov

    values = hierarchy.refresh(single)

    def cast(x: Any, dtype: Any) -> Any:
        return jax.tree.map(lambda a: a.astype(dtype), x)

    def cycle(r: Any) -> Any:
        return cast(hierarchy.cycle(values, cast(r, jnp.float32)), jnp.float64)

    return krylov.cg(double.apply, b, preconditioner=cycle, tolerance=TOLERANCE, max_iterations=300)


def compile_twice(*arguments: Any) -> tuple[Any, float, float]:
    """Compile with an empty cache on disk, then as a new process would that finds it there."""
    import jax

    times, program = [], None
    folder = tempfile.mkdtemp()  # JAX writes to it until the process ends
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    jax.config.update("jax_compilation_cache_dir", folder)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
    for _ in range(2):
        jax.clear_caches()
        start = time.perf_counter()
        program = jax.jit(refresh_and_solve).lower(*arguments).compile()
        times.append(time.perf_counter() - start)
    return program, times[0], times[1]


def peer_solve(problem: Any, job: Row, options: argparse.Namespace) -> Row:
    """Hand the assembled matrix to a peer."""
    matrix = problem.matrix()
    b = problem.right_hand_side().ravel()[problem.order()]
    with tempfile.TemporaryDirectory() as folder:
        for name, array in (
            ("indptr", matrix.indptr),
            ("indices", matrix.indices),
            ("data", matrix.data),
            ("b", b),
        ):
            np.save(Path(folder) / f"{name}.npy", array)
        script = Path(__file__).with_name("potential_peers.py")
        command = [sys.executable, str(script), job["solver"], folder, str(TOLERANCE)]
        environment = dict(os.environ)
        if job["solver"] == "boomeramg":
            command[0] = options.petsc_python
            environment |= {"PYTHONPATH": options.petsc_path, "OMP_NUM_THREADS": "1"}
            if job["cores"] > 1:
                environment |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
                command = ["mpirun", "--bind-to", "core", "-n", str(job["cores"]), *command]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1:]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def launch(job: Row, options: argparse.Namespace) -> Row:
    """Run one job in a process pinned to its cores; stop it at the time limit."""
    cores = sorted(os.sched_getaffinity(0))[: job["cores"]]
    if len(cores) < job["cores"]:
        return job | {"failed": f"this machine has {len(cores)} cores"}
    command = [sys.executable, __file__, "--one", json.dumps(job), "--volumes", str(options.volumes)]
    command += ["--petsc-python", options.petsc_python, "--petsc-path", options.petsc_path]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
        env=os.environ | {"OMP_NUM_THREADS": str(len(cores))},
    )
    try:
        out, _ = process.communicate(timeout=options.limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return job | {"failed": f"more than {options.limit:g} s"}
    if process.returncode:
        return job | {"failed": f"exit code {process.returncode}"}
    return json.loads(out.strip().splitlines()[-1])


def missing(options: argparse.Namespace) -> dict[str, str]:
    """Say what cannot be run here, and what would change that."""
    lacking = {}
    if subprocess.run([sys.executable, "-c", "import pyamg"], capture_output=True).returncode:
        lacking |= dict.fromkeys(("ruge_stuben", "smoothed"), "PyAMG is missing: pip install pyamg")
    test = [options.petsc_python, "-c", "import petsc4py; petsc4py.init(); from petsc4py import PETSc"]
    environment = os.environ | {"PYTHONPATH": options.petsc_path}
    if subprocess.run(test, capture_output=True, env=environment).returncode:
        low, high = EARLIER_BOOMERAMG
        lacking["boomeramg"] = (
            "petsc4py is missing (pip install petsc4py, or a distribution's package and --petsc-python, "
            f"--petsc-path); its solve at 96^3 was {low}-{high} s on one core when measured earlier"
        )
    return lacking


def stored() -> list[Row]:
    """Return the rows that earlier calls have stored."""
    return json.loads(RESULTS.read_text())["rows"] if RESULTS.exists() else []


def store(rows: list[Row]) -> None:
    """Write rows and what follows from them."""
    ordered = sorted(rows, key=lambda r: (r["solver"], r["cores"], r["medium"], r["size"], r["ratio"]))
    record.save("potential_solve", {"tolerance": TOLERANCE, "bars": bars(rows), "rows": ordered})


def find(rows: list[Row], **wanted: Any) -> list[Row]:
    """Rows that ran and have the values asked for."""
    return [r for r in rows if "failed" not in r and all(r[k] == v for k, v in wanted.items())]


def bars(rows: list[Row]) -> dict[str, Any]:
    """Measured values beside the bars of the solver."""
    ours = find(rows, solver="microcell", cores=1)
    found: dict[str, Any] = {}
    if ours:
        found["largest iterations"] = max(r["iterations"] for r in ours)
    growth = _pairs(ours, [r for r in ours if r["size"] == 48], ("medium", "ratio"), size=192)
    if growth:
        found["iterations 192 over 48"] = max(a["iterations"] / b["iterations"] for a, b in growth)
    for peer, name in (("ruge_stuben", "Ruge-Stuben"), ("smoothed", "smoothed aggregation")):
        both = _pairs(ours, find(rows, solver=peer, cores=1), ("medium", "ratio", "size"), size=96)
        if both:
            found[f"speed-up over {name} at 96"] = min(_speed_up(a, b, "setup_s") for a, b in both)
            cached = min(_speed_up(a, b, "setup_s", "compile_cached_s") for a, b in both)
            found[f"speed-up over {name} at 96, our program read from the cache on disk"] = cached
    for cores in (1, 2):
        mine, theirs = (find(rows, solver=s, cores=cores) for s in ("microcell", "boomeramg"))
        both = _pairs(mine, theirs, ("medium", "ratio", "size"), size=96)
        if both:
            found[f"repeated solve over BoomerAMG at 96, {cores} cores"] = max(
                a["solve_s"] / b["solve_s"] for a, b in both
            )
    return found


def _speed_up(ours: Row, theirs: Row, *before: str) -> float:
    """How many times faster a solve is with what has to be done before it."""
    return (theirs["setup_s"] + theirs["solve_s"]) / (sum(ours[k] for k in before) + ours["solve_s"])


def _pairs(ours: list[Row], theirs: list[Row], same: tuple[str, ...], *, size: int) -> list[tuple[Row, Row]]:
    other = {tuple(r[k] for k in same): r for r in theirs}
    mine = [r for r in ours if r["size"] == size]
    return [(r, other[k]) for r in mine if (k := tuple(r[s] for s in same)) in other]


def print_row(row: Row) -> None:
    """Print one row of the table."""
    name = f"{row['medium']:>9} {row['size']:4d} {row['solver']:>11} {row['cores']}"
    if "failed" in row:
        print(f"{name} ratio {row['ratio']}: {row['failed']}", flush=True)
        return
    compiled = f"{row['compile_cold_s']:6.1f} {row['compile_cached_s']:6.1f}" if "levels" in row else " " * 13
    print(
        f"{name} {row['sigma']:>9} {row['unknowns']:9d} {row['iterations']:5d} {row['setup_s']:7.2f} "
        f"{row['solve_s']:7.2f} {compiled} {row['residual']:8.1e}",
        flush=True,
    )


def draw(rows: list[Row]) -> None:
    """Draw iterations over contrast and time over unknowns."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    IMAGES.mkdir(exist_ok=True)
    for name, paint in (("iterations_over_contrast", _draw_iterations), ("potential_time", _draw_time)):
        figure, axes = plt.subplots(figsize=(9.5, 4.8), layout="constrained")
        paint(axes, rows)
        axes.grid(which="both", alpha=0.3)
        axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
        figure.savefig(IMAGES / f"{name}.png", dpi=150)
        plt.close(figure)


COLOURS = dict(zip(NAMES, ("C0", "C1", "C2", "C3"), strict=True))
MARKS = {"generated": ("o", "-"), "real": ("s", "--")}


def _draw_iterations(axes: Any, rows: list[Row]) -> None:
    for solver, label in NAMES.items():
        for medium, (mark, line) in MARKS.items():
            some = sorted(
                find(rows, solver=solver, medium=medium, size=48, cores=1), key=lambda r: r["contrast"]
            )
            x, y = [r["contrast"] for r in some], [r["iterations"] for r in some]
            axes.loglog(x, y, mark + line, color=COLOURS[solver], label=f"{label}, {medium} 48³")
    for number, (label, (x, y)) in enumerate(EARLIER.items()):
        axes.loglog(x, y, "x:", color=("0.4", "0.65")[number], label=label)
        axes.annotate("more than", (x[-1], y[-1]), textcoords="offset points", xytext=(-12, 6), fontsize=7)
    axes.axhline(25, color="k", lw=0.8)
    axes.set_xlabel("Conductivity of CBD over conductivity of active material")
    axes.set_ylabel("Iterations to a relative residual of 1e-8")


def _draw_time(axes: Any, rows: list[Row]) -> None:
    for solver, label in NAMES.items():
        some = sorted(find(rows, solver=solver, medium="real", ratio=2, cores=1), key=lambda r: r["unknowns"])
        x = [r["unknowns"] for r in some]
        both = [r["setup_s"] + r["solve_s"] for r in some]
        axes.loglog(x, both, "o-", color=COLOURS[solver], label=f"{label}: set-up + solve")
        axes.loglog(
            x, [r["solve_s"] for r in some], "o:", color=COLOURS[solver], label=f"{label}: repeated solve"
        )
    axes.set_xlabel("Unknowns (both potentials), real cathode, active 0.1 S/m, CBD 10 S/m")
    axes.set_ylabel("Wall time on one core [s]")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--limit", type=float, default=900.0, help="seconds for one solve with its set-up")
    parser.add_argument("--again", action="store_true", help="forget what is stored")
    parser.add_argument("--volumes", type=Path, default=record.VOLUMES)
    parser.add_argument("--petsc-python", default=shutil.which("python3") or sys.executable)
    parser.add_argument("--petsc-path", default=os.environ.get("PYTHONPATH", ""), help="folder of petsc4py")
    parser.add_argument("--one", type=json.loads, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    options = arguments()
    if options.one is not None:
        print(json.dumps(one(options.one, options)))
        return
    rows = [] if options.again else [r for r in stored() if "failed" not in r]
    lacking = missing(options)
    for text in sorted(set(lacking.values())):
        print(text)
    print("   medium size      solver cores sigma  unknowns  iter  set-up   solve compile cached residual")
    for job in jobs(options.sizes):
        row = next((r for r in rows if key(r) == key(job)), None)
        if row is None and job["solver"] not in lacking:
            row = launch(job, options)
            rows.append(row)
            store(rows)
        if row is not None:
            print_row(row)
    store(rows)
    draw(rows)
    for name, value in bars(rows).items():
        print(f"{name}: {value:.2f}")


if __name__ == "__main__":
    main()
