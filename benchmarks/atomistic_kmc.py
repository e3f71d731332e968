"""Lattice Monte Carlo beside exact answers: correlation factors, lattice gas, networks, sums; speed.

Run: ``python benchmarks/atomistic_kmc.py``; names of parts (``speeds rocksalt`` ...) run these alone and keep
the rows of the others. Draws D(x) and U(x) into ``docs/images``.
"""

from __future__ import annotations

import csv
import itertools
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import record
from kmc_rocksalt import draw, rocksalt
from record import VOLUMES

from microcell.atomistic.kmc import (
    Lattice,
    Model,
    Settings,
    correlation_factor,
    jump_diffusivity,
    sample_isotherm,
    simulate,
    tracer_diffusivity,
)
from microcell.parameters.catalogue import read_table
from microcell.parameters.constants import K_B_EV

Row = dict[str, Any]
TABLE = VOLUMES.parent / "reference" / "correlation_factors.csv"
LATTICES = {
    "square 2D": "square",
    "triangular 2D (Li sublattice of a layered oxide)": "triangular",
    "honeycomb 2D": "honeycomb",
    "simple cubic": "simple cubic",
    "bcc": "bcc",
    "fcc": "fcc",
    "diamond": "diamond",
    "hcp ideal (basal)": "hcp",
    "hcp ideal (axial)": "hcp",
}
AXES = {"hcp ideal (basal)": (0, 1), "hcp ideal (axial)": (2,)}


def _row(
    what: str, reference: Any, computed: float, error: Any, unit: str, wall: float, source: str = ""
) -> Row:
    print(what, reference, computed, error, unit, round(wall, 2), flush=True)
    row = {"what": what, "reference": reference, "computed": computed, "error bar": error, "unit": unit}
    return row | {"wall_s": wall} | ({"source": source} if source else {})


def correlations() -> list[Row]:
    """Correlation factors of a single vacancy to about 0.1 %."""
    with TABLE.open(encoding="utf-8") as file:
        listed = {line["lattice"]: line for line in csv.DictReader(file)}
    made: dict[str, Any] = {}
    found = []
    for label, name in LATTICES.items():
        if name not in made:
            made[name] = correlation_factor(Lattice.named(name), tolerance=1.5e-3)
        result, line = made[name], listed[label]
        factor = result.factor(AXES.get(label))
        what = f"correlation factor, {label}, {result.hops:.2g} hops"
        found.append(
            _row(
                what,
                float(line["f"]),
                factor.mean,
                factor.standard_error,
                "1",
                result.wall_time,
                line["form_or_source"],
            )
        )
    return found


def _toy(pairs: tuple[float, ...] = (), lattice: str = "triangular") -> Model:
    """Make a model with one barrier and pair energies."""
    entry = {"standing": "assumed", "source": "benchmark"}
    return Model.model_validate(
        {
            "title": "benchmark",
            "lattice_name": lattice,
            "spacing_m": entry | {"value": 1e-10},
            "attempt_frequency_Hz": entry | {"value": 1e13},
            "blocked_fraction": entry | {"value": 0.0},
            "diffusivity_name": "Active diffusivity [m2.s-1]",
            "barriers": {"kind": "uniform", "energies_eV": entry | {"value": 0.3}},
            "interactions": {"site_eV": entry | {"value": 0.0}, "pairs_eV": entry | {"value": pairs}},
        }
    )


def free_gas() -> list[Row]:
    """D_J of a lattice gas without interactions is D0 (1 - x) N/(N - 1)."""
    found = []
    for lattice, size in (("triangular", 12), ("fcc", 6)):
        model = _toy(lattice=lattice)
        d, z = model.lattice.dimensions, model.lattice.coordination
        for x in (0.25, 0.5, 0.75):
            settings = Settings(size=size, tolerance=0.005, tracers=False)
            run = simulate(model, x, 300.0, settings)
            rate = 1e13 * np.exp(-0.3 / (K_B_EV * 300.0))
            unit = z * rate * 1e-20 / (2 * d)
            sites = run.filling.sites
            jump = jump_diffusivity(run)
            found.append(
                _row(
                    f"jump diffusivity without interactions, {lattice}, x = {run.x:g}, over D0",
                    run.filling.vacancies / (sites - 1),
                    jump.mean / unit,
                    jump.standard_error / unit,
                    "1",
                    run.wall_time,
                    "exact",
                )
            )
    return [*found, _crowded_tracer()]


def _crowded_tracer() -> Row:
    """Tracer against free walker at a quarter of vacancies, between f of one vacancy (0.560) and 1."""
    run = simulate(_toy(), 0.75, 300.0, Settings(size=16, tolerance=0.02))
    free = (
        1.5 * 1e13 * np.exp(-0.3 / (K_B_EV * 300.0)) * 1e-20 * run.filling.vacancies / (run.filling.sites - 1)
    )
    tracer = tracer_diffusivity(run)
    label = (
        f"tracer correlation D*/(D0 (1 - x)), triangular, x = {run.x:g}; change with block length below 2 %"
    )
    value, error = tracer.mean / free, tracer.standard_error / free
    return _row(label, None, value, error, "1", run.wall_time)


def enumeration() -> list[Row]:
    """Content and thermodynamic factor of nine triangular sites with repulsion, from all 512 states."""
    model, shape, thermal = _toy((0.03,)), (3, 3), K_B_EV * 300.0
    states = np.array(list(itertools.product((0, 1), repeat=9)))
    energy, count = model.energies.energy(model.lattice, shape, states), states.sum(1)
    start = time.perf_counter()
    potentials = np.array([0.0, 0.05, 0.1])
    isotherm = sample_isotherm(model, 300.0, size=3, replicas=64, sweeps=20_000, potentials=potentials)
    wall = time.perf_counter() - start
    x, error = isotherm.content()
    factor = isotherm.fluctuation_factor()
    found = []
    for number, mu in enumerate(potentials):
        weight = np.exp(-(energy - mu * count) / thermal)
        weight /= weight.sum()
        mean, square = weight @ count, weight @ count**2
        label = f"nine sites, repulsion 30 meV, mu = {mu:g} eV"
        found.append(
            _row(f"lithium content, {label}", mean / 9, x[number], error[number], "1", wall, "exact sum")
        )
        found.append(
            _row(
                f"thermodynamic factor, {label}",
                mean / (square - mean**2),
                factor.value[number],
                factor.error[number],
                "1",
                wall,
                "exact sum",
            )
        )
    return found


def layered() -> list[Row]:
    """Potential of the layered model beside the measured table, its diffusivity beside that of a cell."""
    model = Model.builtin("layered")
    start = time.perf_counter()
    isotherm = sample_isotherm(model, 298.15, size=12, replicas=64, sweeps=1000)
    wall = time.perf_counter() - start
    x, potential = read_table("nmc811_ocp_sturm2019.csv")
    inside = x <= 0.97
    gap = -isotherm.chemical_potential(x[inside]).value - potential[inside]
    found = [
        _row(
            "NMC811 potential, rms difference to the table it is calibrated to",
            0.0,
            1e3 * float(np.sqrt((gap**2).mean())),
            None,
            "mV",
            wall,
            "Sturm et al. 2019",
        )
    ]
    slope, fluctuation = isotherm.derivative_factor(), isotherm.fluctuation_factor()
    pull = (slope.value - fluctuation.value[1:-1]) / np.hypot(slope.error, fluctuation.error[1:-1])
    found.append(
        _row(
            "thermodynamic factor, slope minus fluctuations over their error, rms",
            1.0,
            float(np.sqrt((pull**2).mean())),
            None,
            "1",
            wall,
        )
    )
    for content in (0.3, 0.5, 0.7, 0.9):
        run = simulate(model, content, 298.15, Settings(tolerance=0.03))
        factor = isotherm.thermodynamic_factor(np.array([run.x]))
        jump = jump_diffusivity(run)
        value = float(factor.value[0]) * jump.mean
        relative = np.hypot(jump.standard_error / jump.mean, float(factor.error[0] / factor.value[0]))
        found.append(
            _row(
                f"chemical diffusivity of layered NMC811, x = {run.x:.3f}",
                3.2e-15,
                value,
                value * relative,
                "m2/s",
                run.wall_time,
                "value calibrated to cells, contains all that slows lithium between and in particles",
            )
        )
    return found


def speeds() -> list[Row]:
    """Accepted hops per second, and attempts, on the cores this process may use."""
    found, cores = [], len(os.sched_getaffinity(0))
    cases = (
        ("one barrier", _toy(), 0.75),
        ("pairs of 30 meV", _toy((0.03,)), 0.75),
        ("layered NMC811", Model.builtin("layered"), 0.6),
    )
    for label, model, x in cases:
        for tracers in (False, True):
            settings = Settings(size=16, tolerance=0.01, tracers=tracers)
            run = simulate(model, x, 300.0, settings)
            attempts = run.attempts / run.wall_time
            on = f"{'with' if tracers else 'without'} tracers, {cores} core(s)"
            what = f"accepted hops per second, {label}, {on} ({attempts:.2g} attempts/s)"
            found.append(_row(what, 1e6, run.hops_per_second, None, "1/s", run.wall_time))
    return found


PARTS: dict[str, Callable[[], list[Row]]] = {
    "correlations": correlations,
    "free gas": free_gas,
    "enumeration": enumeration,
    "layered": layered,
    "rocksalt": lambda: rocksalt(_row),
    "speeds": speeds,
}


def main() -> None:
    """Measure the parts asked for, keep the rows of the others, draw."""
    wanted = sys.argv[1:] or list(PARTS)
    path = record.RESULTS / "atomistic_kmc.json"
    stored = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []
    rows = []
    for part, measure in PARTS.items():
        made = measure() if part in wanted else [row for row in stored if row["part"] == part]
        rows += [row | {"part": part} for row in made]
        record.save("atomistic_kmc", {"rows": [*rows, *_later(stored, part)]})
    draw(rows)


def _later(stored: list[Row], part: str) -> list[Row]:
    """Return stored rows of the parts after one, so that a run that is cut short loses none."""
    names = list(PARTS)
    return [row for row in stored if names.index(row["part"]) > names.index(part)]


if __name__ == "__main__":
    main()
