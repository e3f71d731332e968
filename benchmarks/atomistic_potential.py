"""Coulomb-Buckingham potentials beside reference numbers: Madelung constants, lattices, drift, time per step.

Run on one core: ``taskset -c 0 python benchmarks/atomistic_potential.py``; prints a table and writes
``results/atomistic_potential.json``.
"""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from ase import Atoms, units
from ase.build import bulk
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from ase.md.verlet import VelocityVerlet
from record import VOLUMES, save

from microcell.atomistic.potential import (
    COULOMB,
    CoulombBuckingham,
    Potential,
    add_shells,
    crystal_properties,
    elastic_constants,
    relax,
)
from microcell.atomistic.structures import layered

REFERENCE = VOLUMES.parent / "reference"
LEWIS_CATLOW = Potential.builtin("lewis_catlow_1985")
SHELLS = Potential.builtin("from_memory_unverified")
Row = dict[str, Any]


def row(what: str, reference: Any, computed: float, error: float | None, unit: str, start: float) -> Row:
    """Return one line of the table."""
    return {
        "what": what,
        "reference": reference,
        "computed": computed,
        "error bar": error,
        "unit": unit,
        "wall_s": round(time.perf_counter() - start, 2),
    }


def madelung() -> list[Row]:
    """Madelung constants of five structures at an Ewald accuracy of 1e-12."""
    import jax

    from tests.atomistic.potential.test_ewald import STRUCTURES, coulomb

    with (REFERENCE / "madelung_constants.csv").open() as file:
        exact = {r["structure"]: float(r["madelung_constant"]) for r in csv.DictReader(file)}
    rows = []
    with jax.enable_x64(True):
        for name, (atoms, charges, formulas, nearest) in STRUCTURES.items():
            start = time.perf_counter()
            found = -coulomb(atoms, charges) / formulas * nearest / COULOMB
            rows.append(row(f"Madelung constant, {name}", exact[name], found, 1e-12, "", start))
    return rows


def lattices() -> list[Row]:
    """Lattice constant, energy and elastic constants of four rocksalts (Lewis & Catlow 1985)."""
    rows = []
    with (REFERENCE / "buckingham_rocksalt_reference.csv").open() as file:
        references = [r for r in csv.DictReader(file) if r["real_space_cutoff_A_no_tail"] == "14"]
    for r in references:
        start = time.perf_counter()
        calculator = CoulombBuckingham(LEWIS_CATLOW, cutoff=14.0, switch_width=0.0, ewald_accuracy=1e-9)
        found = relax(bulk(r["oxide"], "rocksalt", a=4.2), calculator, force=1e-6)
        a = float(np.linalg.norm(found.atoms.cell.array[0]) * np.sqrt(2.0))
        solid = elastic_constants(found.atoms, calculator)
        rows.append(row(f"{r['oxide']}: a", float(r["a_eq_A"]), a, 1e-6, "A", start))
        energy = float(r["lattice_energy_eV_per_fu"])
        rows.append(row(f"{r['oxide']}: lattice energy", energy, found.energy, 1e-6, "eV", start))
        for name, (i, j) in {"C11": (0, 0), "C12": (0, 1), "C44": (3, 3)}.items():
            value, error = float(solid.stiffness[i, j]), float(solid.uncertainty[i, j])
            rows.append(row(f"{r['oxide']}: {name}", float(r[f"{name}_GPa"]), value, error, "GPa", start))
    return rows


def unverified() -> list[Row]:
    """NiO and LiCoO2 with the set that nobody could look up, beside the note of the reference file."""
    start = time.perf_counter()
    nickel = crystal_properties(bulk("NiO", "rocksalt", a=4.18, cubic=True), SHELLS)
    rows = [row("unverified NiO: a", 4.171, nickel.lattice[0], nickel.lattice_error[0], "A", start)]
    start = time.perf_counter()
    cobalt = SHELLS.rigid("Co3+")
    found = crystal_properties(layered("LiCoO2", (1, 1, 1)), cobalt, species={"Co": "Co3+"})
    for axis, place, reference in (("a", 0, 2.886), ("c", 2, 14.36)):
        value, error = found.lattice[place], found.lattice_error[place]
        rows.append(row(f"unverified LiCoO2: {axis}", reference, value, error, "A", start))
    return rows


def drift(name: str, atoms: Atoms, step: float, duration: float, temperature: float) -> list[Row]:
    """Energy drift of NVE dynamics: slope of a line through the total energy, with its standard error."""
    MaxwellBoltzmannDistribution(atoms, temperature_K=temperature, rng=np.random.default_rng(0))
    dynamics = VelocityVerlet(atoms, step * units.fs)
    start, times, totals = time.perf_counter(), [], []
    ions = int(np.count_nonzero(atoms.numbers))

    def note() -> None:
        times.append(dynamics.get_time() / (1000.0 * units.fs))
        totals.append(atoms.get_total_energy() / ions)

    dynamics.attach(note, interval=10)
    dynamics.run(round(1000.0 * duration / step))
    (slope, level), covariance = np.polyfit(times, totals, 1, cov=True)
    error, spread = float(np.sqrt(covariance[0, 0])), float(np.std(np.array(totals) - level))
    return [
        row(f"NVE drift, {name}", 0.0, float(slope), error, "eV/atom/ps", start),
        row(f"NVE fluctuation, {name}", None, spread, None, "eV/atom", start),
    ]


def drifts() -> list[Row]:
    """10 ps of 216 rigid ions started at 600 K; 1 ps of 64 ions with relaxed and with massive shells."""
    rigid = bulk("NiO", "rocksalt", a=4.18, cubic=True).repeat(3)
    rigid.calc = CoulombBuckingham(LEWIS_CATLOW)
    rows = drift("216 rigid ions, 1 fs, 10 ps", rigid, 1.0, 10.0, 600.0)
    relaxed = bulk("NiO", "rocksalt", a=4.17, cubic=True).repeat(2)
    massive = add_shells(relaxed, SHELLS)
    relaxed.calc = CoulombBuckingham(SHELLS)
    rows += drift("64 ions, relaxed shells, 1 fs, 1 ps", relaxed, 1.0, 1.0, 600.0)
    massive.calc = CoulombBuckingham(SHELLS, shells="massive")
    return rows + drift("64 ions, massive shells, 0.2 fs, 1 ps", massive, 0.2, 1.0, 600.0)


def times() -> list[Row]:
    """Time of a force call after a small move, and of one that builds the neighbour list."""
    rows = []
    for repeat in (2, 4, 8):
        atoms = bulk("NiO", "rocksalt", a=4.18, cubic=True).repeat(repeat)
        atoms.rattle(0.05, seed=1)
        atoms.calc = CoulombBuckingham(LEWIS_CATLOW)
        start = time.perf_counter()
        atoms.get_forces()
        rows.append(
            row(f"first call, {len(atoms)} ions", None, time.perf_counter() - start, None, "s", start)
        )
        calls = 30 if repeat < 8 else 8
        rng = np.random.default_rng(2)
        for name, size in (("force call", 1e-4), ("force call with new neighbours", 2.0)):
            start = time.perf_counter()
            taken = [_timed(atoms, rng, size) for _ in range(calls)]
            milliseconds = 1e3 * np.array(taken)
            spread = float(np.std(milliseconds) / np.sqrt(calls))
            label = f"{name}, {len(atoms)} ions (least {milliseconds.min():.2f})"
            rows.append(row(label, None, median(milliseconds), spread, "ms", start))
    return rows


def _timed(atoms: Atoms, rng: np.random.Generator, size: float) -> float:
    """Move all ions together and by 0.0001 A each, and time the forces."""
    atoms.positions += size + rng.uniform(-1e-4, 1e-4, atoms.positions.shape)
    start = time.perf_counter()
    atoms.get_forces()
    return time.perf_counter() - start


PARTS: tuple[Callable[[], list[Row]], ...] = (madelung, lattices, unverified, times, drifts)


def table() -> list[Row]:
    """Return all rows."""
    return [r for part in PARTS for r in part()]


def main() -> None:
    """Measure, print and save."""
    rows = []
    for part in PARTS:
        for r in part():
            print(
                *(f"{value:.10g}" if isinstance(value, float) else value for value in r.values()), sep=" | "
            )
            rows.append(r)
    print(save("atomistic_potential", {"rows": rows}))


if __name__ == "__main__":
    main()
