"""Lattice thermal conductivity and heat capacity of layered oxides beside published values, with error bars.

Run: ``python benchmarks/atomistic_thermal.py``; writes ``results/atomistic_thermal.json``. The potentials say
of themselves how far they can be trusted; nothing is fitted to the values compared with.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from record import save

from microcell.atomistic.potential import CoulombBuckingham, Potential
from microcell.atomistic.structures import LayeredLattice
from microcell.atomistic.thermal import (
    VirtualCrystal,
    comparison,
    composition_of,
    layered_primitive,
    phonons_of,
    polar_of,
    references,
    relaxed,
    sound_of,
    ternary_table,
    triangle,
)
from microcell.errors import AtomisticError

MESH = (16, 16, 16)
COARSE = (9, 9, 9)
SINGLE = (
    ("from_memory_unverified", {"Co": 1.0}, "LiCoO2"),
    ("popoff_linio2_core_shell", {"Ni": 1.0}, "LiNiO2"),
    ("popoff_linio2_rigid", {"Ni": 1.0}, "LiNiO2"),
)
FIT = "microcell_nmc_fit"


def rows() -> list[dict[str, Any]]:
    """Return the table: what, reference, computed, error bar, unit, wall time."""
    table = supercells()
    for potential, fractions, name in SINGLE:
        table += end_member_rows(potential, fractions, name)
    return table + triangle_rows()


def supercells() -> list[dict[str, Any]]:
    """Acoustic Debye temperature of LiCoO2 over the supercell, with the non-analytical term."""
    calculator = CoulombBuckingham(Potential.builtin("from_memory_unverified"), species={"Co": "Co3+"})
    rest = relaxed(layered_primitive(LayeredLattice.named("LiCoO2"), "Co"), calculator)
    polar = polar_of(rest, calculator)
    table: list[dict[str, Any]] = []
    for count in (3, 4, 5):
        start = time.perf_counter()
        phonons = phonons_of(rest, calculator, repeats=(count,) * 3, polar=polar)
        value = sound_of(phonons).acoustic_temperature
        table.append(
            row(f"LiCoO2 acoustic Debye temperature, supercell {count}^3", None, value, None, "K", start)
        )
    return table


def end_member_rows(potential: str, fractions: dict[str, float], name: str) -> list[dict[str, Any]]:
    """Conductivity and specific heat of one end member beside all that is published of it."""
    start = time.perf_counter()
    label = f"{name}, {potential}"
    try:
        crystal = triangle(Potential.builtin(potential), fractions)
        made = composition_of(crystal, fractions, MESH)
        kappa = made.conductivity(300.0)
    except AtomisticError as error:
        return [row(f"{label}: {error.problem}", None, None, None, "", start)]
    heat, error_bar = made.transport.specific_heat(298.15)
    table = [
        row(f"{label} against {r.name}", r.value, kappa.mean, kappa.uncertainty, "W/m/K", start)
        for r in references("conductivity")
        if dict(r.composition) == fractions
    ]
    return [
        *table,
        row(f"{label}, in plane", None, kappa.in_plane, None, "W/m/K", start),
        row(f"{label}, through plane", None, kappa.through_plane, None, "W/m/K", start),
        row(f"{label}, Slack's line", None, made.transport.slack(300.0), None, "W/m/K", start),
        row(f"{label}, specific heat", None, heat, error_bar, "J/kg/K", start),
    ]


def triangle_rows() -> list[dict[str, Any]]:
    """The reviewed compositions with the fitted potential, where the package has it."""
    start = time.perf_counter()
    if FIT not in Potential.builtin_names():
        return []
    try:
        crystal: VirtualCrystal = triangle(Potential.builtin(FIT))
        beside = comparison(crystal, mesh=MESH)
        spread = ternary_table(crystal, mesh=COARSE, steps=4)
    except AtomisticError as error:
        return [row(f"triangle, {FIT}: {error.problem}", None, None, None, "", start)]
    table = [
        row(f"{r.quantity} {r.reference}", r.published, r.computed, r.uncertainty, "", start)
        for r in beside.itertuples()
    ]
    name = "Lattice thermal conductivity [W.m-1.K-1]"
    for end, value in (("least", spread[name].min()), ("largest", spread[name].max())):
        table.append(row(f"{end} conductivity in the triangle", None, value, None, "W/m/K", start))
    return table


def row(
    what: str, reference: float | None, value: float | None, error: float | None, unit: str, start: float
) -> dict[str, Any]:
    """Return one row."""
    return {
        "what": what,
        "reference": reference,
        "computed": value,
        "error bar": error,
        "unit": unit,
        "wall_s": round(time.perf_counter() - start, 1),
    }


def main() -> None:
    """Compute and save."""
    table = rows()
    for entry in table:
        print("  ".join(str(v) for v in entry.values()))
    save("atomistic_thermal", {"rows": table})


if __name__ == "__main__":
    main()
