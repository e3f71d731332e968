"""Ageing over 1000 cycles with jumps beside all of them in full: error of capacity and slow states, time.

Run on one core: ``taskset -c 0 python benchmarks/cycle_jumping.py [CYCLES]``; writes
``results/cycle_jumping.json``. Compilation is not part of the times.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd
from record import save

from microcell.p2d import DFN, CycleLife, Design, Mesh, cycle
from microcell.p2d.degradation.builtin import from_dict
from microcell.parameters import ParameterSet
from microcell.protocol import Experiment
from tests.p2d.cases import chen

TOLERANCES = (1e-2, 1e-3)
CAPACITY, RESISTANCE = "Discharge capacity [A.h]", "Resistance [Ohm]"
LITHIUM, MATERIAL = "Loss of lithium inventory [%]", "Loss of active material in positive electrode [%]"

HALF_CYCLE = Experiment(
    ["Charge at 1C until 4.3 V", "Hold at 4.3 V until C/20", "Discharge at 1C until 3.0 V"], initial="3.6 V"
)
FULL_CYCLE = Experiment(
    ["Discharge at 1C until 2.7 V", "Charge at 0.7C until 4.2 V", "Hold at 4.2 V until C/20"],
    initial="x = 0.27",
)


@dataclass(frozen=True)
class Case:
    """A model, its cycle, and the columns to compare."""

    model: DFN
    experiment: Experiment
    columns: tuple[str, ...]


def rocksalt() -> Case:
    """Rocksalt film on particles of two sizes, half cell: parabolic growth."""
    design = Design(
        electrode_thickness="65 um",
        active_fraction=0.68,
        porosity=0.26,
        tortuosity=2.94,
        radii=("2 um", "5 um"),
        weights=(0.4, 0.6),
    )
    model = DFN(design, ParameterSet.builtin("nmc811"), Mesh(6, 6, 8))
    return Case(model, HALF_CYCLE, (CAPACITY, RESISTANCE, "Mean rocksalt thickness [m]"))


def shell() -> Case:
    """Full cell with a shrinking core; k1 a tenth of that published, for a life of about 1000 cycles."""
    numbers = {"Shell forward rate constant [m.s-1]": 8.544e-13, "Shell resistivity [Ohm.m]": 5e4}
    model = chen(Mesh(6, 6, 8, negative=6), mechanisms=from_dict({"shrinking_core": numbers}))
    return Case(model, FULL_CYCLE, (CAPACITY, RESISTANCE, LITHIUM, MATERIAL, "Mean shell thickness [m]"))


def surface() -> Case:
    """Full cell with interphase, oxidation and dissolution; its acid relaxes within tens of cycles."""
    mechanisms = from_dict({"oxidation": {}, "dissolution": {}, "interphase": {}})
    columns = (CAPACITY, MATERIAL, "Mean CEI thickness [m]", "Mean proton concentration [mol.m-3]")
    return Case(chen(Mesh(6, 6, 8, negative=6), mechanisms=mechanisms), FULL_CYCLE, columns)


def timed(case: Case, cycles: int, **options: Any) -> tuple[CycleLife, float]:
    start = time.perf_counter()
    life = cycle(case.model, case.experiment, cycles, **options)
    return life, time.perf_counter() - start


def errors(exact: pd.DataFrame, life: CycleLife, columns: tuple[str, ...]) -> dict[str, Any]:
    """Return the largest error over all cycles and that of the last, relative to the largest value."""
    found = life.to_frame()
    out = {}
    for name in columns:
        difference = np.abs(found[name] - exact[name]) / np.nanmax(np.abs(exact[name]))
        out[name] = {"largest": float(np.nanmax(difference)), "last": float(difference.iloc[-1])}
    return out


def compare(case: Case, cycles: int) -> dict[str, Any]:
    """All cycles in full, then jumps at several tolerances."""
    cycle(case.model, case.experiment, 8)  # compiles
    full, seconds = timed(case, cycles, longest_jump=0)
    ends = {name: [float(full[name][0]), float(full[name][-1])] for name in case.columns}
    rows: dict[str, Any] = {"full": {"wall_s": seconds, "first and last": ends}}
    for tolerance in TOLERANCES:
        life, seconds = timed(case, cycles, tolerance=tolerance)
        counts = {**life.statistics(), "wall_s": seconds}
        rows[f"tolerance {tolerance:g}"] = {**counts, "errors": errors(full.to_frame(), life, case.columns)}
    return rows


def main() -> None:
    """Measure and save."""
    cycles = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    cases = {"rocksalt film, half cell": rocksalt(), "shrinking core, full cell": shell()}
    cases["interphase, oxidation, dissolution, full cell"] = surface()
    rows = {}
    for name, case in cases.items():
        rows[name] = compare(case, cycles)
        print(name, rows[name])
    print(save("cycle_jumping", {"cycles": cycles, "cases": rows}))


if __name__ == "__main__":
    main()
