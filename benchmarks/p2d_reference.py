"""The reduced model beside PyBaMM's DFN at 160 volumes per layer and particle, on every reference case.

Run: ``python benchmarks/p2d_reference.py [--volumes 40]``; writes ``results/p2d_reference.json`` and
``docs/images/p2d_reference.png``. The reference files are not part of the repository.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import record

from microcell.p2d import Mesh, Solution
from tests.p2d.cases import CASES, read_profiles, read_series, voltage_difference

SHARED = record.VOLUMES.parent
PLOT = Path(__file__).resolve().parents[1] / "docs" / "images" / "p2d_reference.png"
PROFILES = {
    "salt": ("c_e_mol_m3", "Electrolyte concentration [mol.m-3]"),
    "surface": ("pos_surf_stoich", "Surface stoichiometry"),
}
TOLERANCES = (1e-4, 1e-5)


def rms(values: np.ndarray) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(values**2)))


def profile_difference(shared: Path, case: str, solution: Solution, name: str) -> float:
    """Largest relative difference over all times and places, the reference's mesh error taken off."""
    theirs, ours = PROFILES[name]
    mesh_error = meta_of(shared, case)["profile_diff_mid_vs_fine"][theirs]
    worst = 0.0
    for time, profile in read_profiles(shared, case, theirs).items():
        values = solution.at(ours, np.array([time]))[0].reshape(-1)
        x = solution["x [m]"][-len(values) :]
        inside = (profile[:, 0] > x[0]) & (profile[:, 0] < x[-1])
        at, there = profile[inside].T
        beyond = np.maximum(np.abs(np.interp(at, x, values) - there) - mesh_error, 0.0)
        worst = max(worst, float(np.max(beyond / np.abs(there))))
    return worst


def meta_of(shared: Path, case: str) -> dict[str, Any]:
    """Read what the reference says of itself."""
    return json.loads((shared / "reference" / f"pybamm_{case}_meta.json").read_text())


def compare(shared: Path, case: str, volumes: int, tolerance: float) -> tuple[dict[str, Any], Any]:
    """Return the differences of one case, and its curves for the plot."""
    make, experiment = CASES[case]
    mesh = Mesh(volumes, volumes, volumes, negative=volumes)
    solution = make(mesh, tolerance=tolerance).solve(experiment)
    series = read_series(shared, case)
    difference = voltage_difference(solution, series)
    left_out = meta_of(shared, case)["dV_excludes_last_fraction_of_time"]
    kept = difference[: int(len(difference) * (1 - left_out))]
    ends = [*series[:-1, 0][np.diff(series[:, 0]) == 0], series[-1, 0]]
    numbers = {
        "case": case,
        "tolerance": tolerance,
        "rms_V": rms(kept),
        "rms_all_V": rms(difference),
        "end_times": float(max(abs(s.end / e - 1) for s, e in zip(solution.steps, ends, strict=True))),
        **{name: profile_difference(shared, case, solution, name) for name in PROFILES},
        "steps": solution.statistics()["accepted"],
        "lithium_drift": solution.lithium_drift,
    }
    print(json.dumps(numbers), flush=True)
    return numbers, (series[: len(difference)], difference, len(kept))


def draw(curves: dict[str, Any]) -> None:
    """Draw the voltage of both and the difference, one column per family of cases."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    families = ("nmc811_half", "xu2019_half", "chen2020_full")
    figure, panels = plt.subplots(2, 3, figsize=(13, 6.5), layout="constrained", sharex="col")
    for (above, below), family in zip(panels.T, families, strict=True):
        for case in (name for name in curves if name.startswith(family)):
            series, difference, kept = curves[case]
            series, difference = series[:kept], difference[:kept]
            hours = series[:, 0] / 3600
            (line,) = above.plot(hours, series[:, 2] + difference, label=case.removeprefix(family + "_"))
            above.plot(hours[::20], series[::20, 2], "k.", markersize=2.5)
            below.plot(hours, 1e3 * difference, color=line.get_color(), linewidth=1)
        above.set_title(family.replace("_", ", ") + " cell; dots: PyBaMM")
        above.legend(fontsize=8)
        below.set_xlabel("Time [h]")
        below.axhspan(-1, 1, color="0.9", zorder=0)
    panels[0, 0].set_ylabel("Voltage [V]")
    panels[1, 0].set_ylabel("Difference of voltage [mV]")
    PLOT.parent.mkdir(exist_ok=True)
    figure.savefig(PLOT, dpi=130)
    plt.close(figure)


def main() -> None:
    """Compare, save, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--volumes", type=int, default=40, help="volumes per layer and particle")
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder with the reference files")
    arguments = parser.parse_args()
    rows, curves = [], {}
    for case in CASES:
        for tolerance in TOLERANCES:
            numbers, curves[case] = compare(arguments.shared, case, arguments.volumes, tolerance)
            rows.append(numbers)
    tight = [row for row in rows if row["tolerance"] == min(TOLERANCES)]
    bars = {
        "rms": 1e3 * max(row["rms_V"] for row in tight),
        "profiles": max(max(row["salt"], row["surface"]) for row in tight),
    }
    record.save("p2d_reference", {"volumes": arguments.volumes, "bars": bars, "cases": rows})
    draw(curves)
    print(bars, PLOT)


if __name__ == "__main__":
    main()
