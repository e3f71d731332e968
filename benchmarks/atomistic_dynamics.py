"""Lithium in layered oxides: hops by elastic bands, tracer diffusivity by molecular dynamics.

Run: ``python benchmarks/atomistic_dynamics.py [--time PS]``. The potential of LiCoO2 is the rigid-ion form
of a set recalled from memory, with the charge of missing lithium as a uniform background: the numbers show
the method and the order of magnitude, not LiCoO2. LiNiO2 runs with the packaged sets of the review, whose own
number at 700 K is the reference; with shells, runs are so short that they give an upper bound at most. Bands
take a minute or two, dynamics about ten minutes for each oxide on one core; ``--only nickel`` runs LiNiO2
alone and keeps the other rows of the last results.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import record
from ase import Atoms, units
from ase.filters import FrechetCellFilter
from ase.optimize import FIRE

from microcell.atomistic.barriers import find_barrier, oxygen_dumbbell_hop, tetrahedral_site_hop
from microcell.atomistic.dynamics import (
    RunSettings,
    draw_arrhenius,
    draw_displacement,
    fit_arrhenius,
    read_track,
    run,
    self_diffusivity,
)
from microcell.atomistic.potential import CoulombBuckingham, Potential
from microcell.atomistic.structures import layered
from microcell.errors import AtomisticError

SIZE = (4, 4, 1)
TEMPERATURES = (1000.0, 1150.0, 1300.0)
VACANCIES = 0.1
HOPS = {
    "oxygen-dumbbell": (oxygen_dumbbell_hop, "0.8 eV in LiCoO2 (recalled)"),
    "tetrahedral-site": (tetrahedral_site_hop, "0.2 to 0.35 eV (recalled)"),
}
TRACER = "LiNiO2, PopOff potential (not published): 6.664e-12 m2/s at 700 K with 10 % vacancies"
NICKEL = "LiNiO2, popoff_linio2_"
RUNS = (("rigid", 1000.0, 40.0), ("rigid", 850.0, 40.0), ("rigid", 700.0, 40.0), ("core_shell", 1000.0, 4.0))
"""Sets, temperatures [K] and lengths [ps] of the runs of LiNiO2."""


def calculator(accuracy: float, shells: bool = False) -> CoulombBuckingham:
    """Return the calculator; shells make it ten times slower."""
    used = Potential.builtin("from_memory_unverified")
    return CoulombBuckingham(
        used if shells else used.rigid(),
        species={"Co": "Co3+"},
        cutoff=8.0,
        ewald_accuracy=accuracy,
        background=True,
    )


def crystal(used: CoulombBuckingham, oxide: str = "LiCoO2") -> Atoms:
    """Return the supercell of the crystal as the potential wants it."""
    cell = layered(oxide, (1, 1, 1))
    cell.calc = used
    FIRE(FrechetCellFilter(cell), logfile=None).run(fmax=0.01, steps=800)
    cell.calc = None
    for name in ("oxidation_states", "species"):
        cell.arrays.pop(name, None)
    return cell.repeat(SIZE)


def bands(shells: bool) -> list[dict[str, Any]]:
    """Return the barriers of both hops."""
    table, host = [], crystal(calculator(1e-5, shells))
    kind = "shells" if shells else "rigid ions"
    for name, (build, reference) in HOPS.items():
        begun = time.perf_counter()
        found = find_barrier(build(host), calculator(1e-5, shells)).require()
        what = f"{name} hop, {kind}, a = {host.cell.lengths()[0] / SIZE[0]:.3f} A"
        table.append(_row(what, reference, found.forward, found.uncertainty, "eV", begun))
    return table


def without_lithium(atoms: Atoms) -> Atoms:
    """Return the supercell with a tenth of the lithium taken out at random."""
    lithium = [atom.index for atom in atoms if atom.symbol == "Li"]
    gone = np.random.default_rng(1).choice(lithium, round(VACANCIES * len(lithium)), replace=False)
    del atoms[np.sort(gone)]
    return atoms


def dynamics(length: float, folder: Path) -> list[dict[str, Any]]:
    """Return diffusivities in and across the layers, and the Arrhenius fit."""
    atoms = without_lithium(crystal(calculator(1e-5)))
    table, good = [], []
    for temperature in TEMPERATURES:
        begun = time.perf_counter()
        steps = round(length * 500)
        settings = RunSettings(temperature, steps, timestep=2.0, interval=10, equilibration=steps // 20)
        track = read_track(run(atoms, calculator(1e-3), settings, folder / f"{temperature:g}.traj"))
        layer, across = self_diffusivity(track, "xy"), self_diffusivity(track, "z")
        name = f"{temperature:g} K, {len(atoms)} atoms, {length:g} ps"
        words = f"about {layer.hops:.0f} hops" + ("" if layer.resolved else ", too few")
        row = _row(
            f"D in the layers, {name}: {words}", TRACER, layer.value, layer.standard_error, "m2/s", begun
        )
        table.append(row)
        far = f"D across, {name}: farthest {across.farthest:.2f} A of 4.7 A to the next layer"
        table.append(_row(far, "0", across.value, across.standard_error, "m2/s", begun))
        draw_displacement(layer, folder / f"displacement-{temperature:g}K.png")
        if layer.resolved:
            good.append((temperature, layer.value, layer.standard_error))
    return table + _arrhenius(good, folder)


def _arrhenius(good: list[tuple[float, float, float]], folder: Path) -> list[dict[str, Any]]:
    if len(good) < 3:
        return []
    begun = time.perf_counter()
    fit = fit_arrhenius(*zip(*good, strict=True))
    draw_arrhenius(fit, folder / "arrhenius.png", 700.0)
    card = fit.card(700.0)
    energy = (
        "activation energy",
        "0.2 to 0.8 eV (the hops)",
        fit.activation_energy,
        fit.activation_energy_error,
    )
    return [
        _row(*energy, "eV", begun),
        _row("D at 700 K, extrapolated", TRACER, card.value, card.uncertainty[0], "m2/s", begun),
    ]


def nickelate(folder: Path) -> list[dict[str, Any]]:
    """Return what runs of LiNiO2 with the sets of the review show: a diffusivity, a bound, or a breakdown."""
    table = []
    for kind, temperature, length in RUNS:
        begun = time.perf_counter()
        potential = Potential.builtin(f"popoff_linio2_{kind}")
        used, rough = (
            CoulombBuckingham(potential, cutoff=8.0, ewald_accuracy=accuracy, background=True)
            for accuracy in (1e-5, 1e-3 if kind == "rigid" else 1e-6)  # shells must come to rest
        )
        atoms = without_lithium(crystal(used, "LiNiO2"))
        steps = round(length * 500)
        settings = RunSettings(temperature, steps, timestep=2.0, interval=10, equilibration=steps // 20)
        what = f"{NICKEL}{kind}, {temperature:g} K, {len(atoms)} atoms"
        try:
            path = run(atoms, rough, settings, folder / f"{kind}-{temperature:g}.traj")
        except AtomisticError as error:
            table.append(_row(f"{what}: {error.problem}", TRACER, None, None, "m2/s", begun))
            continue
        table.append(_tracer(what, length, path, begun))
    return table


def _tracer(what: str, length: float, path: Path, begun: float) -> dict[str, Any]:
    """Return the row of a run that held: its diffusivity where hops suffice, else the bound."""
    track = read_track(path)
    layer, across = self_diffusivity(track, "xy"), self_diffusivity(track, "z")
    hops = f"about {max(layer.hops, 0.0):.0f} hops in {length:g} ps, farthest across {across.farthest:.1f} A"
    if layer.resolved:
        name = f"D in the layers, {what}: {hops}"
        return _row(name, TRACER, layer.value, layer.standard_error, "m2/s", begun)
    name = f"upper bound of D in the layers, {what}: {hops}, too few"
    return _row(name, TRACER, layer.upper_bound, None, "m2/s", begun)


def einstein(folder: Path) -> list[dict[str, Any]]:
    """Free particles under friction: D = k T/(m g) through run, reading and fit."""
    from ase.calculators.lj import LennardJones

    begun = time.perf_counter()
    places = 150.0 * np.stack(np.meshgrid(*[np.arange(4)] * 3, indexing="ij"), -1).reshape(-1, 3)
    atoms = Atoms("Li64", places, cell=[600.0] * 3, pbc=True)
    settings = RunSettings(600.0, 10000, timestep=4.0, ensemble="nvt-langevin", relaxation=50.0, interval=12)
    ghost = LennardJones(epsilon=0.0, sigma=1.0, rc=2.0)
    found = self_diffusivity(read_track(run(atoms, ghost, settings, folder / "free.traj")))
    exact = units._k * 600.0 / (6.94 * units._amu) * 50e-15
    return [_row("free particles, kT/(m g)", exact, found.value, found.standard_error, "m2/s", begun)]


def _row(
    what: str, reference: Any, computed: float | None, error: float | None, unit: str, begun: float
) -> dict[str, Any]:
    seconds = time.perf_counter() - begun
    print(f"{what:80} {computed} ± {error} {unit}  ({seconds:.0f} s)", flush=True)
    return {
        "what": what,
        "reference": reference,
        "computed": computed,
        "error bar": error,
        "unit": unit,
        "wall_s": seconds,
    }


def main() -> None:
    """Compute, print and save the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--time", type=float, default=60.0, help="length of each run [ps]")
    parser.add_argument("--out", type=Path, help="folder for trajectories and pictures")
    parser.add_argument("--shells", action="store_true", help="bands with the shells of the set as well")
    parser.add_argument("--only", choices=["nickel"], help="run LiNiO2 alone, keep the other rows")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.out or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if arguments.only:
            last = json.loads((record.RESULTS / "atomistic_dynamics.json").read_text())["rows"]
            table = [row for row in last if NICKEL not in row["what"]]
        else:
            table = einstein(folder) + bands(False)
            table += bands(True) if arguments.shells else []
            table += dynamics(arguments.time, folder)
        table += nickelate(folder)
    print(record.save("atomistic_dynamics", {"rows": table}))


if __name__ == "__main__":
    main()
