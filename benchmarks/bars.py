"""The bars that the solver has to reach, beside what the benchmarks have measured.

Run: ``python benchmarks/bars.py``: reads ``results/*.json``, prints the table and writes it into
``docs/benchmarks.md`` between two markers. ``--check`` compares only, and fails where the page is out of
date. A benchmark states numbers for this table under ``bars`` in its results, by name; those of whole runs
are found in their rows.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import record
from pages import page_with

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
BEGIN = "<!-- bars: written by benchmarks/bars.py, not by hand -->"
END = "<!-- end of bars -->"

PLOTS = {
    "iterations_over_contrast.png": "Iterations of the potential solve over the contrast of conductivities",
    "potential_time.png": "Time of the potential solve over the number of unknowns",
    "scaling.png": "Time over the number of voxels",
    "step_profile.png": "Shares of the wall time of a time step",
}

Content = dict[str, Any]


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes
    ----------
    what : str
        What is measured.
    limit : float
        The bar, in the unit of the number.
    at_most : bool
        Whether the number must not be above the limit, or not below.
    source : str
        Name of the results.
    read : callable
        Takes the number out of the content of the results; None where it is not there.
    unit : str
        For the table.
    """

    what: str
    limit: float
    at_most: bool
    source: str
    read: Callable[[Content], float | None]
    unit: str = ""

    def met(self, measured: float) -> bool:
        """Whether a number reaches the bar."""
        return measured <= self.limit if self.at_most else measured >= self.limit

    def verdict(self, measured: float | None) -> str:
        """Say whether the bar is met, or how far it is missed."""
        if measured is None:
            return "not measured"
        if self.met(measured):
            return "met"
        above, below = (measured, self.limit) if self.at_most else (self.limit, measured)
        factor = f", by a factor of {above / below:.2f}" if below > 0 and isfinite(above) else ""
        return f"**not met**{factor}"


def stated(name: str) -> Callable[[Content], float | None]:
    """Read a number that a benchmark states for this table."""
    return lambda content: content.get("bars", {}).get(name)


def of_runs(pick: Callable[[Content], float]) -> Callable[[Content], float | None]:
    """Read the largest of a number over all runs."""
    return lambda content: max((pick(run) for run in content["runs"]), default=None)


def whole_job(device: str, size: int) -> Callable[[Content], float | None]:
    """Read the wall time of the whole job on a cube, by a part of the device's name."""

    def read(content: Content) -> float | None:
        rows = (run for run in content["runs"] if "discharge" in run["job"] and run["size"] == size)
        return next((run["wall_s"] for run in rows if device.lower() in run["device"].lower()), None)

    return read


def growth(content: Content) -> float | None:
    """Wall time of the whole job on 128 voxels over that on 64, on a CPU."""
    small, large = whole_job("cpu", 64)(content), whole_job("cpu", 128)(content)
    return None if small is None or large is None else large / small


def compiling(content: Content) -> float | None:
    """Seconds of tracing and compiling in a cold run."""
    for entry in content["entries"]:
        if entry["entry"] == "microcell run":
            return entry["cold"]["xla_s"] + entry["cold"]["trace_and_lower_s"]
    return None


def after_the_first(content: Content) -> float | None:
    """Programs compiled in a process after its first run."""
    for entry in content["entries"]:
        if entry["cold"]["rows"]:
            return sum(row["programs"] for row in entry["cold"]["rows"][1:])
    return None


def faster_than_taufactor(state: str, threads: int) -> Callable[[Content], float | None]:
    """Read the smallest speed-up over all cases on so many cores, in a state of the compiled programs."""

    def least(content: Content) -> float | None:
        cases = [case for case in content["cases"] if case["threads"] == threads]
        return min((case["times_faster"][state] for case in cases), default=None)

    return least


def from_taufactor(content: Content) -> float | None:
    """Largest relative difference over all cases."""
    return max(case["largest_difference"] for case in content["cases"])


def single(content: Content) -> float | None:
    """Time of a warm DFN discharge over that of the peer."""
    return content.get("ratio")


def batch(content: Content) -> float | None:
    """Throughput over that of the peer, at the default tolerance."""
    return content["ratio"].get("microcell, tolerance 0.0001")


def cycling(content: Content) -> float | None:
    """Slowest 1000 cycles with jumps at the default tolerance."""
    return max(case["tolerance 0.001"]["wall_s"] for case in content["cases"].values())


POTENTIAL, TORTUOSITY, SNOW = "potential_solve", "tortuosity", "segmentation_snow"
SCALING = "scaling"
BARS = (
    Bar(
        "Iterations of the potential solve to 1e-8, most over all ratios",
        25, True, POTENTIAL, stated("largest iterations"),
    ),
    Bar(
        "the same, 192^3 over 48^3, largest over all ratios",
        1.3, True, POTENTIAL, stated("iterations 192 over 48"),
    ),
    Bar(
        "Potential solve with set-up at 96^3, times faster than PyAMG Ruge-Stuben with CG",
        3, False, POTENTIAL, stated("speed-up over Ruge-Stuben at 96"),
    ),
    Bar(
        "Repeated potential solve at 96^3, time over that of BoomerAMG, one core, worst ratio",
        0.7, True, POTENTIAL, stated("repeated solve over BoomerAMG at 96, 1 cores"),
    ),
    Bar(
        "the same, two cores",
        0.7, True, POTENTIAL, stated("repeated solve over BoomerAMG at 96, 2 cores"),
    ),
    Bar(
        "Tortuosity, times faster than TauFactor, least of the cases, compiled before, one core",
        15, False, TORTUOSITY, faster_than_taufactor("same process", 1),
    ),
    Bar(
        "the same, two cores",
        15, False, TORTUOSITY, faster_than_taufactor("same process", 2),
    ),
    Bar(
        "the same, fresh process without a cache, compiling included, one core",
        15, False, TORTUOSITY, faster_than_taufactor("cold, compiling included", 1),
    ),
    Bar("Tortuosity, relative difference from TauFactor", 0.002, True, TORTUOSITY, from_taufactor),
    Bar(
        "Watershed of the whole image, time over that of PoreSpy SNOW",
        0.5, True, SNOW, stated("seconds over SNOW"),
    ),
    Bar(
        "the same, memory over that of PoreSpy SNOW",
        0.5, True, SNOW, stated("memory over SNOW"),
    ),
    Bar(
        "Memory of a coupled run, per cell, float64",
        600, True, SCALING, of_runs(lambda run: run["solver_bytes_per_cell"]), "B",
    ),
    Bar(
        "Newton iterations per time step, median",
        4, True, SCALING, of_runs(lambda run: run["newton_median_per_step"]),
    ),
    Bar(
        "Krylov iterations per Newton iteration, median",
        20, True, SCALING, of_runs(lambda run: run["krylov_median_per_newton"]),
    ),
    Bar("1C charge, hold and discharge, 64^3, two cores", 300, True, SCALING, whole_job("cpu", 64), "s"),
    Bar("the same, 128^3 over 64^3", 10, True, SCALING, growth),
    Bar("the same on one H200, 256^3", 300, True, SCALING, whole_job("H200", 256), "s"),
    Bar("the same on one H200, 512^3", 3600, True, SCALING, whole_job("H200", 512), "s"),
    Bar(
        "Operator application, share of the streaming bandwidth, CPU",
        0.5, False, "bandwidth", stated("CPU share of streaming bandwidth"),
    ),
    Bar(
        "the same, GPU",
        0.7, False, "bandwidth", stated("GPU share of streaming bandwidth"),
    ),
    Bar(
        "Relative difference of the answer on 1, 2, 4 and 8 devices",
        1e-10, True, "devices", stated("largest relative difference"),
    ),
    Bar(
        "Weak scaling efficiency on GPUs",
        0.8, False, "devices", stated("GPU weak scaling efficiency"),
    ),
    Bar(
        "Random electrodes whose protocol runs to its end, share",
        1, False, "random_electrodes", stated("share that runs to the end"),
    ),
    Bar("Tracing and compiling in a cold run", 30, True, "cold_start", compiling, "s"),
    Bar("Programs compiled in a process after its first run", 0, True, "cold_start", after_the_first),
    Bar(
        "Reduced model: voltage against PyBaMM, RMS, worst of ten reference cases",
        1, True, "p2d_reference", stated("rms"), "mV",
    ),
    Bar(
        "the same: profiles of salt and surface stoichiometry, largest relative difference",
        0.005, True, "p2d_reference", stated("profiles"),
    ),
    Bar("DFN discharge, time over that of PyBaMM with IDAKLU, one core", 3, True, "p2d", single),
    Bar(
        "1000 parameter sets on two cores, throughput over that of PyBaMM with IDAKLU",
        3, False, "p2d_batch", batch,
    ),
    Bar("1000 cycles with jumping, slowest of three cells", 120, True, "cycle_jumping", cycling, "s"),
)  # fmt: skip


def results(name: str) -> Content | None:
    """Read results by name; None where they have not been measured."""
    path = record.RESULTS / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def number(value: float, unit: str) -> str:
    """Write a number with three digits."""
    return f"{value:.3g} {unit}".strip() if abs(value) < 1000 else f"{value:.0f} {unit}".strip()


def row(bar: Bar) -> list[str]:
    """Return the cells of the table for a bar."""
    content = results(bar.source)
    measured = None if content is None else bar.read(content)
    limit = f"{'≤' if bar.at_most else '≥'} {number(bar.limit, bar.unit)}"
    if content is None or measured is None:
        return [bar.what, limit, "", bar.verdict(None), ""]
    machine = content["machine"]
    where = f"`{bar.source}.json`, {content['date'][:10]}, {machine['processor']}, {machine['cores']} cores"
    return [bar.what, limit, number(measured, bar.unit), bar.verdict(measured), where]


def table() -> str:
    """Return the table in Markdown."""
    lines = [["what", "bar", "measured", "verdict", "where"], ["---"] * 5, *(row(bar) for bar in BARS)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def plots() -> str:
    """Return links to the plots that have been drawn."""
    drawn = {name: text for name, text in PLOTS.items() if (PAGE.parent / "images" / name).exists()}
    return "\n\n".join(f"![{text}](images/{name})" for name, text in drawn.items())


def shown() -> str:
    """Return what stands between the markers: the table, and the plots."""
    return "\n\n".join(filter(None, (table(), plots())))


def page() -> str:
    """Return the page with what is shown between its markers."""
    return page_with(PAGE, BEGIN, END, shown())


def main() -> None:
    """Print the table and write it into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail where the page is out of date")
    check = parser.parse_args().check
    print(table())
    if not check:
        PAGE.write_text(page(), encoding="utf-8")
    elif page() != PAGE.read_text(encoding="utf-8"):
        sys.exit(f"{PAGE.name} is out of date: run python benchmarks/bars.py")


if __name__ == "__main__":
    main()
