"""What a user waits for before the first time step: cold and warm start of every entry point.

Run: ``python benchmarks/cold_start.py``. Every entry point runs in a fresh process, first with an empty
folder of compiled programs, then again with the folder that the first process has filled. The last part runs
a sweep in one process and counts what is compiled after the first run: nothing may be.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import record

SHAPE = (32, 24, 24)
BAR = 30.0
STEPS = 'protocol.steps=["Charge at 1C for 60 s", "Hold at 4.0 V for 20 s", "Discharge at 1C for 60 s"]'
OTHER_STEPS = (
    'protocol.steps=["Discharge at C/2 for 50 s", "Rest for 20 s", "Charge at 5 W/m2 for 30 s", '
    '"Hold at 3.9 V until C/2", "Rest for 10 s"]'
)
OTHER_VALUES = [
    "Rocksalt initial thickness [m]=0.3e-9",
    "Active diffusivity [m2.s-1]=5e-15",
    "Temperature [K]=308.15",
    "CBD kinetic coverage=0.3",
]
COMMANDS = {
    "microcell inspect": ["inspect", "{case}"],
    "microcell segment": ["segment", "{case}", "--output", "{out}/labels.tif"],
    "microcell run": ["run", "{case}", "--set", STEPS, "--out", "{out}/run"],
}
WITHOUT_JAX = ("import microcell",)
"""Entry points that do not load JAX; counting compilations would load it."""
IN_PROCESS = "sweep in one process"
STEPPING = "Simulation.step"


def import_only(case: Path, out: Path) -> list[dict[str, Any]]:
    """Import the package."""
    import microcell  # noqa: F401

    return []


def command(name: str) -> Callable[[Path, Path], list[dict[str, Any]]]:
    """Return a function that runs a command line in this process, as its console script does."""

    def run(case: Path, out: Path) -> list[dict[str, Any]]:
        from microcell.cli import main

        arguments = [part.format(case=case, out=out) for part in COMMANDS[name]]
        try:
            main(arguments)
        except SystemExit as end:
            if end.code not in (0, 1, None):  # 1: inspect found something to warn about
                raise
        return []

    return run


def build(case: Path, changes: list[str]) -> Any:
    """Make the simulation of a case with overrides, from the file on."""
    from microcell import Case, Simulation

    changed = Case.read(case).with_overrides(changes)
    _, _, cell, experiment = changed.build()
    return Simulation(cell, experiment)


def sweep(case: Path, out: Path) -> list[dict[str, Any]]:
    """Run, run again, with other values, with another protocol, step from outside: one row for each."""
    from compiling import Compilations

    from microcell.cli.environment import enable_compile_cache

    enable_compile_cache()
    rows = []
    runs = {
        "first run": [STEPS],
        "the same again": [STEPS],
        "other parameter values": [STEPS, *OTHER_VALUES],
        "another protocol, five steps": [OTHER_STEPS],
    }
    for number, (what, changes) in enumerate(runs.items()):
        begun, first_step = time.perf_counter(), []

        def note(_: Any, seen: list[float] = first_step, begun: float = begun) -> None:
            seen.append(time.perf_counter() - begun)

        with Compilations() as compiled:
            build(case, changes).solve(out / str(number), progress=note)
        wall = time.perf_counter() - begun
        rows.append({"what": what, "first_step_s": first_step[0], "wall_s": wall} | compiled.report())
    begun = time.perf_counter()
    with Compilations() as compiled:
        stepped(case)
    rows.append({"what": "Simulation.step", "wall_s": time.perf_counter() - begun} | compiled.report())
    return rows


def stepped(case: Path) -> None:
    """Advance a new simulation twice from outside, by current and by voltage."""
    from microcell import Simulation

    simulation = Simulation(build(case, []).cell, initial="3.8 V")
    simulation.step(1.0, current=0.0)
    simulation.step(1.0, voltage=3.81)


def step_only(case: Path, out: Path) -> list[dict[str, Any]]:
    """Step a new simulation from outside in a fresh process."""
    from microcell.cli.environment import enable_compile_cache

    enable_compile_cache()
    stepped(case)
    return []


ENTRIES: dict[str, Callable[[Path, Path], list[dict[str, Any]]]] = {
    "import microcell": import_only,
    **{name: command(name) for name in COMMANDS},
    STEPPING: step_only,
    IN_PROCESS: sweep,
}


def one(entry: str, case: Path, out: Path) -> dict[str, Any]:
    """Run an entry point in this process; what it compiled."""
    with contextlib.redirect_stdout(sys.stderr):
        if entry in WITHOUT_JAX:
            rows = ENTRIES[entry](case, out)
            if "jax" in sys.modules:
                sys.exit(
                    f"{entry} loads JAX now: take it out of WITHOUT_JAX, so that compilations are counted"
                )
            compiled: dict[str, Any] = {
                "programs": 0,
                "from_cache": 0,
                "xla_s": 0.0,
                "trace_and_lower_s": 0.0,
            }
        else:
            from compiling import Compilations

            with Compilations() as counted:
                rows = ENTRIES[entry](case, out)
            compiled = counted.report()
    return compiled | {"rows": rows}


def measure(entry: str, case: Path, cache: Path) -> dict[str, Any]:
    """Run an entry point in a fresh process; wall time from its start to its end."""
    with tempfile.TemporaryDirectory(prefix="cold-start-out-") as out:
        call = [sys.executable, __file__, "--entry", entry, "--case", str(case), "--out", out]
        environment = os.environ | {"MICROCELL_CACHE_DIR": str(cache)}
        begun = time.perf_counter()
        result = subprocess.run(call, env=environment, capture_output=True, text=True)
        wall = time.perf_counter() - begun
    if result.returncode:
        sys.exit(f"{entry} failed:\n{result.stderr}")
    return {"wall_s": wall} | json.loads(result.stdout.splitlines()[-1])


def main() -> None:
    """Measure every entry point cold and warm, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entry", choices=list(ENTRIES), help="run this in this process, print JSON")
    parser.add_argument("--case", type=Path)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if arguments.entry:
        print(json.dumps(one(arguments.entry, arguments.case, arguments.out)))
        return
    from microcell.cli.demo import write_inputs

    entries = []
    with tempfile.TemporaryDirectory(prefix="cold-start-") as name:
        case = write_inputs(Path(name), SHAPE, seed=7)
        for number, entry in enumerate(ENTRIES):
            cache = Path(name) / f"cache-{number}"
            entries.append({"entry": entry} | {how: measure(entry, case, cache) for how in ("cold", "warm")})
            print_entry(entries[-1])
    print(record.save("cold_start", {"shape": SHAPE, "bar_s": BAR, "entries": entries}))


def print_entry(row: dict[str, Any]) -> None:
    """Print cold and warm start of an entry point, and the runs inside it."""
    for how in ("cold", "warm"):
        run = row[how]
        busy = run["xla_s"] + run["trace_and_lower_s"]
        print(
            f"{row['entry']:22} {how} {run['wall_s']:6.1f} s, tracing and compiling {busy:5.1f} s of it; "
            f"{run['programs']} programs, {run['from_cache']} from the cache",
            flush=True,
        )
        for part in run["rows"]:
            first = f"first step after {part['first_step_s']:5.1f} s, " if "first_step_s" in part else ""
            print(f"    {part['what']:30} {first}all {part['wall_s']:5.1f} s, {part['programs']} programs")


if __name__ == "__main__":
    main()
