"""What Both et al. 2026 (doi 10.1016/j.ensm.2026.104994) saw, row by row, on a cathode of their thickness.

Runs a 1C and a C/3 CC-CV charge with discharge, the 1C one also without any film, and two 1C charges with
transport limits removed; then compares. Their electrode (FIB-SEM, denser, NMC811) is not public: ours is the
calendered NMC of the reference volumes, so trends are the test and numbers are orientation.

Run: ``python benchmarks/rocksalt_paper.py --out DIR`` (runs that are complete in DIR are not repeated).
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cases
import jax
import numpy as np
import pandas as pd
import record

import microcell as mc
from microcell.simulation import Simulation

CROP = [[40, 208], [50, 94], [50, 94]]
FILM, DIAMETER, Z = "Mean rocksalt thickness [m]", "Equivalent diameter [m]", "Centroid z [m]"
SURFACE = "Minimum surface concentration [mol.m-3]"
RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "1C": ("1C", {}),
    "1C_pristine": ("1C", {"Rocksalt initial thickness [m]": 0.0, "Rocksalt growth constant [m2.s-1]": 0.0}),
    "C3": ("C/3", {}),
    "1C_fast_electrolyte": (
        "1C",
        {
            "Electrolyte conductivity [S.m-1]": 10.0,
            "Electrolyte diffusivity [m2.s-1]": 3e-9,
            "Cation transference number": 0.22,
            "Thermodynamic factor": 2.18,
        },
    ),
    "1C_fast_electrons": (
        "1C",
        {"Active electronic conductivity [S.m-1]": 100.0, "CBD electronic conductivity [S.m-1]": 1000.0},
    ),
}


@dataclass
class Row:
    """One claim: what the paper says, what came out, whether it agrees."""

    target: str
    claim: str
    paper: str
    value: str
    agrees: bool


def run_all(volumes: Path, out: Path) -> dict[str, mc.Solution]:
    """Run what is not there yet; ablations stop at the end of the charge."""
    solutions = {}
    for name, (rate, changes) in RUNS.items():
        folder = out / name
        if not (folder / "result.h5").exists():
            cell = cases.half_cell(volumes, CROP, changes)
            protocol = cases.charge_hold_discharge(rate)
            if name.startswith("1C_fast"):
                protocol = mc.Experiment(["Charge at 1C until 4.3 V"], initial="3.6 V")
            Simulation(cell, protocol).solve(folder, overwrite=True)
        solutions[name] = mc.Solution.load(folder)
    return solutions


def ends(solution: mc.Solution) -> list[float]:
    """Times at which the protocol steps ended [s]."""
    return [float(t) for t in solution.steps["time_s"]]


def profile(solution: mc.Solution, time: float, column: str) -> np.ndarray:
    """Slice profile of a column at the snapshot nearest to a time."""
    rows = solution.profiles
    nearest = rows["Time [s]"].iloc[(rows["Time [s]"] - time).abs().argmin()]
    return rows.loc[rows["Time [s]"] == nearest].sort_values("z [m]")[column].to_numpy()


def drop(solution: mc.Solution, time: float, column: str = FILM) -> float:
    """Fall of a slice profile from separator to collector, by a straight line over the thickness."""
    values = profile(solution, time, column)
    position = np.linspace(0.0, 1.0, len(values))
    slope, _ = np.polyfit(position[np.isfinite(values)], values[np.isfinite(values)], 1)
    return -float(slope)


def at(solution: mc.Solution, time: float, column: str) -> float:
    """Time series value at a time."""
    rows = solution.timeseries
    return float(np.interp(time, rows["Time [s]"], rows[column]))


def film_rows(s: dict[str, mc.Solution]) -> list[Row]:
    """Growth, its start and its end."""
    one = s["1C"]
    charged, held, done = ends(one)
    rows = one.timeseries
    growing = rows[FILM].diff() > 1e-16
    surface = rows["Minimum surface stoichiometry"].where(growing).max()
    onset = float(rows.loc[growing, "Voltage [V]"].iloc[0])
    mean, after = at(one, held, FILM) * 1e9, at(one, done, FILM) * 1e9
    below = np.array([profile(one, t, SURFACE).max() for t in one.snapshot_times])
    since = [t / 3600 for t, v in zip(one.snapshot_times, below, strict=True) if v < 11950]
    all_below = since[0] if since else float("nan")
    return [
        Row(
            "003-01",
            "film grows only where the surface is below 23.6 %",
            "0.236",
            f"{surface:.4f}",
            surface < 0.236,
        ),
        Row("text", "growth starts near 4.3 V", "about 4.3 V", f"{onset:.3f} V", 4.2 < onset <= 4.301),
        Row(
            "003-06",
            "mean film at the end of the hold",
            "0.36-0.44 nm",
            f"{mean:.3f} nm",
            0.36 <= mean <= 0.44,
        ),
        Row(
            "003-06",
            "unchanged by the discharge",
            "1 %",
            f"{100 * (after / mean - 1):.2f} %",
            abs(after / mean - 1) < 0.01,
        ),
        Row(
            "003-12",
            "start of the hold",
            "0.62-0.72 h",
            f"{charged / 3600:.3f} h",
            0.62 <= charged / 3600 <= 0.72,
        ),
        Row(
            "003-08",
            "length of the hold after 1C",
            "0.75-1.01 h",
            f"{(held - charged) / 3600:.3f} h",
            0.748 <= (held - charged) / 3600 <= 1.012,
        ),
        Row(
            "003-13", "end of the hold", "1.42-1.66 h", f"{held / 3600:.3f} h", 1.417 <= held / 3600 <= 1.663
        ),
        Row(
            "003-11",
            "every slice has a surface below 23.6 % from (snapshots)",
            "0.76-0.92 h",
            f"{all_below:.2f} h",
            0.76 <= all_below <= 0.92,
        ),
    ]


def gradient_rows(s: dict[str, mc.Solution]) -> list[Row]:
    """Through the electrode, at two rates, and without transport limits."""
    one, third = s["1C"], s["C3"]
    held, held3 = ends(one)[1], ends(third)[1]
    fall, fall3 = drop(one, held) * 1e9, drop(third, held3) * 1e9
    mean, mean3 = at(one, held, FILM) * 1e9, at(third, held3, FILM) * 1e9
    length3 = (held3 - ends(third)[0]) / 3600
    c_e = profile(one, ends(one)[0], "Mean electrolyte concentration [mol.m-3]")
    spread = {
        name: drop(s[name], ends(s[name])[0], SURFACE)
        for name in ("1C", "1C_fast_electrolyte", "1C_fast_electrons")
    }
    fast, electrons = (
        abs(spread["1C"] / spread["1C_fast_electrolyte"]),
        spread["1C_fast_electrons"] / spread["1C"] - 1,
    )
    return [
        Row(
            "003-07",
            "film falls from separator to collector, 1C",
            "0.02-0.04 nm",
            f"{fall:.4f} nm",
            0.02 <= fall <= 0.04,
        ),
        Row("003-10", "thinner at C/3", "L(C/3) < L(1C)", f"{mean3:.3f} < {mean:.3f} nm", mean3 < mean),
        Row("003-10", "flatter at C/3", "smaller fall", f"{fall3:.4f} < {fall:.4f} nm", fall3 < fall),
        Row(
            "003-09",
            "length of the hold after C/3",
            "0.35-0.53 h",
            f"{length3:.3f} h",
            0.352 <= length3 <= 0.528,
        ),
        Row(
            "003-14",
            "salt collects at the collector during charge",
            "sign",
            f"{c_e[0]:.0f} < {c_e[-1]:.0f} mol/m3",
            c_e[0] < c_e[-1],
        ),
        Row("003-15", "fast electrolyte: surface profile flatter by", "> 2", f"{fast:.1f}", fast > 2),
        Row(
            "003-16",
            "no electronic limit: change of the surface profile",
            "< 5 %",
            f"{100 * electrons:.1f} %",
            abs(electrons) < 0.05,
        ),
    ]


def whole_particles(solution: mc.Solution, time: float) -> pd.DataFrame:
    """The ledger at a time: particles of 3-17 um, those cut by the image only if fewer than 10 are whole."""
    table = solution.particles_at(time)
    table = table[(table[DIAMETER] > 3e-6) & (table[DIAMETER] < 17e-6) & table[FILM].notna()]
    whole = table[~table["Touches edge"].astype(bool)]
    return whole if len(whole) >= 10 else table


def particle_rows(s: dict[str, mc.Solution]) -> list[Row]:
    """Size, position, and the two sides of one particle."""
    one, bare = s["1C"], s["1C_pristine"]
    charged, held, _ = ends(one)
    table = whole_particles(one, held)
    by_size = float(np.corrcoef(table[DIAMETER], table[FILM])[0, 1])
    by_place = float(np.corrcoef(table[Z], table[FILM])[0, 1])
    thick, thin = table.loc[table[FILM].idxmax()], table.loc[table[FILM].idxmin()]
    middle, start = (one.particles_at(t) for t in (0.5 * (charged + held), charged))
    # the paper's particle R is the one with the thickest film, a small one next to the separator
    r_mid, r_end, r_start = (t[t["Label"] == thick["Label"]].iloc[0] for t in (middle, table, start))
    side_mid, side_end = 50 * r_mid["Rocksalt asymmetry"], 50 * r_end["Rocksalt asymmetry"]
    large, small = (
        table[DIAMETER] >= table[DIAMETER].quantile(0.75),
        table[DIAMETER] <= table[DIAMETER].quantile(0.25),
    )
    area = table["Wetted area [m2]"] + table["CBD-covered area [m2]"]
    density = (table["Current [A]"] / area).abs()
    ratio = float(density[large].mean() / density[small].mean())
    film_x, bare_x = (float(x.timeseries["Mean stoichiometry"].iloc[-1]) for x in (one, bare))
    depletion = 100 * (r_start[SURFACE] / r_start["Mean concentration [mol.m-3]"] - 1)
    spread, bare_spread = (
        float(np.nanstd(x.fields("Active concentration [mol.m-3]", ends(x)[2]))) for x in (one, bare)
    )
    lost = 100 * (film_x / bare_x - 1)
    return [
        Row(
            "003-17",
            f"film falls with diameter ({len(table)} particles), Pearson r",
            "< -0.8",
            f"{by_size:.2f}",
            by_size < -0.8,
        ),
        Row(
            "003-18",
            "film falls towards the collector, weaker than with size",
            "-, |r| smaller",
            f"{by_place:.2f}",
            by_place < 0 and abs(by_place) < abs(by_size),
        ),
        Row(
            "003-19",
            "thickest small and at the separator, thinnest large",
            "ranking",
            "; ".join(f"{p[DIAMETER] * 1e6:.1f} um at {p[Z] * 1e6:.0f} um" for p in (thick, thin)),
            bool(thick[DIAMETER] < thin[DIAMETER] and thick[Z] < thin[Z]),
        ),
        Row(
            "003-21",
            "separator side of the thickest particle above its mean, mid hold",
            "0.8-2.5 %",
            f"{side_mid:.2f} %",
            0.8 <= side_mid <= 2.5,
        ),
        Row(
            "003-22",
            "the same at the end of the hold, smaller",
            "0.4-1.6 %",
            f"{side_end:.2f} %",
            0.4 <= side_end <= 1.6 and side_end < side_mid,
        ),
        Row(
            "003-23",
            "its lowest surface against its mean at the start of the hold",
            "-3 to -10 %",
            f"{depletion:.1f} %",
            -10 <= depletion <= -3,
        ),
        Row(
            "003-24",
            "lithium at the end of discharge against no film",
            "-0.9 to -1.9 %",
            f"{lost:.2f} %",
            -1.9 <= lost <= -0.9,
        ),
        Row(
            "003-24", "less lithium with film (sign)", "less", f"{film_x:.4f} < {bare_x:.4f}", film_x < bare_x
        ),
        Row(
            "003-25",
            "lithium more uneven after discharge with film",
            "sign",
            f"{spread:.0f} > {bare_spread:.0f} mol/m3",
            spread > bare_spread,
        ),
        Row(
            "003-26",
            "current at the end of the hold, large over small particles",
            "> 3",
            f"{ratio:.1f}",
            ratio > 3,
        ),
    ]


def main() -> None:
    """Run, compare, print, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--volumes", type=Path, default=record.VOLUMES)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    jax.config.update("jax_compilation_cache_dir", str(arguments.out / "compiled"))
    solutions = run_all(arguments.volumes, arguments.out)
    rows = film_rows(solutions) + gradient_rows(solutions) + particle_rows(solutions)
    print(pd.DataFrame([asdict(r) for r in rows]).to_string(index=False))
    runs = {
        name: {"steps": s.steps.to_dict("records"), "statistics": s.statistics}
        for name, s in solutions.items()
    }
    print(record.save("rocksalt_paper", {"crop": CROP, "rows": [asdict(r) for r in rows], "runs": runs}))


if __name__ == "__main__":
    main()
