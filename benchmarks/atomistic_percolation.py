"""Percolation, channels and blocking layers: every reference beside what is computed.

Thresholds of all lattices of ``percolation_thresholds.csv`` by finite-size scaling (accepted: 0.5 %), the
0-TM rule of disordered rocksalt, unblocked channels (exact to 1e-6, sampled within 3 sigma), conductivity of
partly transformed layers. Run all models with ``python benchmarks/atomistic.py``, or this one alone with
``python benchmarks/atomistic_percolation.py``.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import record

from microcell.atomistic import blocking, channels, mixture
from microcell.atomistic.percolation import (
    BondPercolation,
    RocksaltPercolation,
    SitePercolation,
    ThresholdStudy,
    accessible_lithium,
    sample_thresholds,
)
from microcell.atomistic.resistors import conductance, voxel_conductivity
from microcell.parameters import ParameterSet

REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "reference"
SIZES = {2: (32, 64, 128, 256), 3: (16, 24, 32, 48)}
SAMPLES = 400
ROCKSALT_SIZES = (32, 48, 64, 96)
KINDS = {"site": SitePercolation, "bond": BondPercolation}
SUPERCELL = 2048
"""Cation sites of the supercell in Bianchini 2022, doi 10.1557/s43578-022-00743-7."""

Row = dict[str, Any]


def row(
    what: str, reference: Any, computed: float, error: float | None, unit: str, wall: float, source: str = ""
) -> Row:
    return {
        "what": what,
        "reference": reference,
        "computed": computed,
        "error bar": error,
        "unit": unit,
        "wall_s": wall,
        "source": source,
    }


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.perf_counter()
    result = work()
    return result, time.perf_counter() - begun


def read(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def study(model: Any, samples: int = SAMPLES) -> tuple[ThresholdStudy, float]:
    return timed(lambda: sample_thresholds(model, SIZES[model.dimensions], samples, seed=2026))


def lattices() -> Iterator[Row]:
    """Thresholds of plain lattices."""
    for line in read("percolation_thresholds.csv"):
        name = line["lattice"]
        if "," in name or "control" in name:
            continue
        result, wall = study(KINDS[line["kind"]](name))
        found = result.extrapolate()
        what = f"{line['kind']} percolation threshold, {name}"
        yield row(what, float(line["p_c"]), found.threshold, found.standard_error, "-", wall, line["source"])


def rocksalt() -> Iterator[Row]:
    """The 0-TM rule: infinite crystal, a supercell of 2048 sites, mixing, accessible lithium."""
    (line,) = (r for r in read("percolation_thresholds.csv") if "0-TM" in r["lattice"])
    result, wall = timed(lambda: sample_thresholds(RocksaltPercolation(), ROCKSALT_SIZES, 150, seed=99))
    found = result.extrapolate()
    what = "0-TM rule, random rocksalt: lithium content x at the threshold"
    yield row(what, 2 * float(line["p_c"]), found.threshold, found.standard_error, "-", wall, line["source"])
    small, wall = timed(
        lambda: sample_thresholds(RocksaltPercolation(), (10, 12, 14, 16), SAMPLES, seed=2026)
    )
    edge = SUPERCELL ** (1 / 3)
    mean = np.interp(edge, small.sizes, [estimate.mean for estimate in small.means])
    spread = np.interp(edge, small.sizes, [values.std(ddof=1) for values in small.thresholds])
    what = f"the same in one periodic supercell of {SUPERCELL} sites (error bar: scatter of one supercell)"
    source = "infinite crystal; Bianchini 2022 takes such supercells"
    yield row(what, 1.09, float(mean), float(spread), "-", wall, source)
    for mixing in (0.0, 0.25, 0.5):
        result, wall = study(RocksaltPercolation(mixing), 100)
        found = result.extrapolate()
        what = f"0-TM rule, cation mixing {mixing:g} of random: x at the threshold"
        yield row(what, None, found.threshold, found.standard_error, "-", wall)
    result, wall = study(RocksaltPercolation(metals=1), 100)
    found = result.extrapolate()
    yield row(
        "1-TM channels, random: x at the threshold", None, found.threshold, found.standard_error, "-", wall
    )
    slabs, wall = timed(
        lambda: accessible_lithium(RocksaltPercolation(), [1.1, 1.2, 1.25, 1.3], size=32, samples=20)
    )
    for x, share, error in zip(slabs.contents, slabs.percolating, slabs.uncertainties(), strict=True):
        what = f"0-TM, random: connected lithium per formula unit at x = {x:g}"
        yield row(what, None, x * share.mean, x * error, "-", wall / len(slabs.contents))


def unblocked() -> Iterator[Row]:
    """Exact formulas and samples of one-dimensional channels."""
    worst, scores, begun = 0.0, [], time.perf_counter()
    for line in read("unblocked_capacity.csv"):
        value, expected = float(line["mu_or_d"]), float(line["expected_unblocked_fraction"])
        continuum = line["model"].startswith("continuum")
        sites = 0 if continuum else int(line["channel_sites_N"])
        exact = (
            channels.unblocked_fraction_continuum(value)
            if continuum
            else channels.unblocked_fraction(sites, value)
        )
        worst = max(worst, abs(exact - expected))
        if value > 0:
            sampled = (
                channels.sample_continuum(value, channels=400_000)
                if continuum
                else channels.sample_channels(sites, value, channels=4000)
            )
            scores.append(abs(sampled.mean - exact) / sampled.standard_error)
    wall = time.perf_counter() - begun
    source = "closed forms; Malik 2010"
    yield row(
        "unblocked channels: largest difference to the table (limit 1e-6)",
        0.0,
        worst,
        None,
        "-",
        wall,
        source,
    )
    what = f"unblocked channels, {len(scores)} samples: largest distance to the formula (limit 3)"
    yield row(what, 0.0, max(scores), 1.0, "standard errors", wall, source)


def layers() -> Iterator[Row]:
    """Resistor networks of partly transformed layers."""
    k = np.ones((12, 24, 24))
    k[6:] = 1e-3
    series, wall = timed(lambda: voxel_conductivity(k))
    yield row("two slabs in series, ratio 1000", 2 / 1001, series, None, "-", wall, "exact")
    (mean, error), wall = timed(_self_dual)
    source = "exact at every size: self-dual network"
    yield row(
        "square network, half of the bonds 1/1000: mean log conductance",
        float(0.5 * np.log(1e-3)),
        mean,
        error,
        "-",
        wall,
        source,
    )
    yield row(
        "slowdown at 0.2 eV, 298.15 K",
        2400.0,
        mixture.slowdown(0.2, 298.15),
        None,
        "-",
        0.0,
        "Lun 2025: about 3000 with kT = 25 meV",
    )
    energy, spread = mixture.default_barrier_difference()
    settings = {"barrier_difference": energy, "barrier_uncertainty": spread, "temperature": 298.15}
    layer, wall = timed(lambda: blocking.transformed_layer(np.linspace(0, 1, 21), samples=20, **settings))
    params = ParameterSet.builtin("nmc811")
    active, target = (params.number(name) for name in ("Active diffusivity [m2.s-1]", blocking.PARAMETER))
    for f in (0.7, 0.8, 0.9, 1.0):
        card = layer.card(f, active)
        what = f"D_Li,RS of a layer, {100 * f:g} % transformed (dE {energy:.3f} ± {spread:.3f} eV)"
        yield row(
            what, target, card.value, card.uncertainty[0], "m2.s-1", wall / 4, "calibrated to Both 2026"
        )
    what = "transformed fraction at which the layer has the calibrated D_Li,RS of 1e-17"
    yield row(what, None, layer.fraction_at(target / active), None, "-", 0.0)


def _self_dual(n: int = 16, samples: int = 400) -> tuple[float, float]:
    rng = np.random.default_rng(0)

    def bonds(*shape: int) -> np.ndarray:
        return np.where(rng.random(shape) < 0.5, 1e-3, 1.0)

    logs = [np.log(conductance(bonds(n, n), [bonds(n - 1, n - 1)])) for _ in range(samples)]
    return float(np.mean(logs)), float(np.std(logs, ddof=1) / np.sqrt(samples))


def rows() -> list[Row]:
    """Measure all, and print each row as it comes."""
    found = []
    for part in (unblocked, layers, rocksalt, lattices):
        for line in part():
            print({key: value for key, value in line.items() if key != "source"}, flush=True)
            found.append(line)
    return found


if __name__ == "__main__":
    record.save("atomistic_percolation", {"rows": rows()})
