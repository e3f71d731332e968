"""Fits of potentials and anti-site energies beside what is published: rows with error bars and wall times.

Run: ``python benchmarks/atomistic_fitting.py``; prints a table and writes ``results/atomistic_fitting.json``
and pictures ``docs/images/atomistic_fitting_scan.png``, ``..._fit.png``, ``..._antisite.png`` and
``atomistic_barrier.png``. The scan with shells takes the most, ten minutes; ``--keep-scan`` takes its rows
from the last results.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from ase.filters import FrechetCellFilter
from ase.io import read
from ase.optimize import BFGS
from record import RESULTS, save

from microcell.atomistic.barriers import find_barrier, oxygen_dumbbell_hop, tetrahedral_site_hop
from microcell.atomistic.barriers.figure import draw
from microcell.atomistic.dynamics import RunSettings, read_track, run, self_diffusivity
from microcell.atomistic.fitting import FitFile, FitResult, figure, fit
from microcell.atomistic.potential import CoulombBuckingham, Potential
from microcell.atomistic.structures import antisite_energy, layered
from tests.atomistic.fitting.crystals import PAIR, TRUE, all_of, frames, predictions, rigid

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "images"
DATA = Path(__file__).resolve().parents[1] / "microcell" / "atomistic" / "fitting" / "data"
REVIEW = "Morgan et al. 2022, doi 10.1021/acsenergylett.1c02028"
POPOFF = f"{REVIEW}, history of github.com/LMMorgan/PopOff"
PUBLISHED = {"rigid ions, published": (0.3156, 1.665), "core-shell, published": (0.477, 0.372)}
SCAN = ("best scale of the charges", "reduced chi-squared there")
KBAR = 1602.1766208
Row = dict[str, Any]


def row(
    what: str, reference: Any, computed: float, error: float | None, unit: str, start: float, source: str
) -> Row:
    """Return one line of the table."""
    wall = round(time.perf_counter() - start, 1)
    line = {
        "what": what,
        "reference": reference,
        "computed": float(computed),
        "error bar": error,
        "unit": unit,
    }
    line |= {"wall_s": wall, "source": source}
    print(line, flush=True)
    return line


def recovery() -> list[Row]:
    """A known potential from its own energies, forces and stresses."""
    start = time.perf_counter()
    free = all_of(rigid(), *PAIR).starting_at({PAIR[0]: 900.0, PAIR[1]: 0.32})
    found = fit(free, frames(rigid(), predictions(rigid())))
    units = ("eV", "angstrom")
    return [
        row(
            f"NiO from its own data: {n}", TRUE[n], found.value(n), found.standard_error(n), u, start, "exact"
        )
        for n, u in zip(PAIR, units, strict=True)
    ]


def published() -> list[Row]:
    """Deviation of the published fits on one of their structures, as defined there."""
    rows = []
    frame = read(DATA / "linio2_dft.extxyz")
    for name, reference, note in (
        ("popoff_linio2_rigid", 0.9191224543243213, "stored there for this structure"),
        ("popoff_linio2_core_shell", 0.372, "mean of five structures, this one among them"),
    ):
        start = time.perf_counter()
        model = frame.copy()
        model.calc = CoulombBuckingham(Potential.builtin(name), cutoff=10.0, switch_width=0.0)
        forces = np.mean((model.get_forces() - frame.get_forces()) ** 2)
        stress = np.mean(((model.get_stress() - frame.get_stress()) * KBAR) ** 2)
        what = f"{name}: deviation from DFT of LiNiO2"
        rows.append(row(what, reference, forces + 1e-3 * stress, None, "-", start, f"{POPOFF}, {note}"))
    return rows


def scans() -> list[Row]:
    """Where chi-squared over the scale of the charges is least."""
    start = time.perf_counter()
    found = FitFile.read("linio2").scan(
        progress=lambda done, total: print(f"scan {done}/{total}", flush=True)
    )
    found.figure(PICTURES / "atomistic_fitting_scan.png", PUBLISHED)
    print(found.table.to_string())
    rows = []
    for model, published_model in zip(found.fits, PUBLISHED, strict=True):
        scale, chi2 = found.minimum(model)
        best = min(found.fits[model].values(), key=lambda f: f.reduced_chi2)
        error = float(np.sqrt(2.0 / best.degrees_of_freedom)) * chi2
        share, deviation = PUBLISHED[published_model]
        rows.append(row(f"{SCAN[0]}, {model}", share, scale, None, "-", start, POPOFF))
        rows.append(row(f"{SCAN[1]}, {model}", deviation, chi2, error, "-", start, POPOFF))
    return rows


def layered_set() -> list[Row]:
    """The layered set: every observable, and the scale of its charges."""
    start = time.perf_counter()
    file = FitFile.read("nmc")
    found: FitResult = file.fit(progress=lambda n, chi2: print(f"fit {n}: {chi2:.6g}", flush=True))
    where = sources(file)
    figure(found, PICTURES / "atomistic_fitting_fit.png")
    error = found.standard_error("scale")
    rows = [
        row("nmc fit: scale of the charges", "0.48 to 0.60", found.value("scale"), error, "-", start, REVIEW)
    ]
    for line in found.table.to_dict("records"):
        what, _, unit = line["quantity"].rpartition(" [")
        if line["values"] == 1:
            note = "" if line["fitted"] else " (not fitted)"
            label = f"nmc fit: {line['observation']} {what}{note}"
            error = line["standard_error"] if line["fitted"] else None
            rows.append(
                row(
                    label,
                    line["measured"],
                    line["predicted"],
                    error,
                    unit.rstrip("]"),
                    start,
                    where[line["observation"]],
                )
            )
        else:
            label = f"nmc fit: {line['observation']} rms deviation of {what}"
            rows.append(row(label, 0.0, line["rms_deviation"], None, unit.rstrip("]"), start, POPOFF))
    return rows


def sources(file: FitFile) -> dict[str, str]:
    """Return standing and source of every observation by its label."""
    sections = (*file.problem.crystal, *file.problem.barrier, *file.problem.antisite)
    labels = [o.label for o in file.observations(file.potential()) if not o.label.startswith("linio2")]
    return {label: f"{s.standing}; {s.source}" for label, s in zip(labels, sections, strict=True)}


def nmc_calculator(accuracy: float = 1e-4) -> CoulombBuckingham:
    """Return the layered set, with a uniform charge for lithium that is missing."""
    used = Potential.builtin("microcell_nmc_fit")
    return CoulombBuckingham(used, ewald_accuracy=accuracy, cutoff=6.0, background=True)


def bands() -> list[Row]:
    """Barriers by elastic bands: a check of the middles that the fit used."""
    rows, found = [], []
    for build, reference in ((oxygen_dumbbell_hop, 0.8), (tetrahedral_site_hop, 0.25)):
        start = time.perf_counter()
        hop = build(layered("LiCoO2", (3, 3, 1)))
        band = find_barrier(hop, nmc_calculator(1e-6), images=3, force_limit=0.02, steps=600).require()
        what = f"elastic band with microcell_nmc_fit: {hop.name}, LiCoO2"
        rows.append(
            row(what, reference, band.forward, band.uncertainty, "eV", start, "recalled, see the fit")
        )
        found.append(band)
    draw(found, PICTURES / "atomistic_barrier.png")
    return rows


def hot() -> list[Row]:
    """Whether the layers of LiNiO2 hold at 1000 K, shells relaxed at every step."""
    start = time.perf_counter()
    settings = RunSettings(1000.0, 1500, timestep=2.0, interval=10, equilibration=100)
    with tempfile.TemporaryDirectory() as folder:
        path = run(layered("LiNiO2", (3, 3, 1)), nmc_calculator(), settings, Path(folder) / "hot.traj")
        tracks = [read_track(path, element) for element in ("Ni", "O", "Li")]
    moved = [self_diffusivity(track).farthest for track in tracks]
    what = "microcell_nmc_fit, LiNiO2 at 1000 K, 3 ps: farthest that a {} ion goes (layers: 2.4 A apart)"
    names = ("nickel", "oxygen", "lithium")
    return [
        row(what.format(name), "< 1.2", value, None, "angstrom", start, "Lindemann")
        for name, value in zip(names, moved, strict=True)
    ]


def antisites() -> list[Row]:
    """Lithium and Ni2+ exchanged in NMC111 with the layered set, which was not fitted to it."""
    start = time.perf_counter()
    calculator = nmc_calculator()
    host = layered("NMC111", (3, 3, 1), ordering="ordered")
    host.calc = calculator
    if not BFGS(FrechetCellFilter(host), logfile=None).run(fmax=0.02, steps=200):
        raise RuntimeError("NMC111 does not relax")
    rows = []
    for separation, where in ((0.0, "nearest"), (5.0, "5 A or more apart")):
        found = antisite_energy(host, calculator, charge=2, pairs=4, separation=separation, fmax=0.03)
        mean, error, _ = found.estimate
        what = f"anti-site Li-Ni(II) in NMC111, {where}"
        spread = error if error > 1e-6 else None  # pairs of the ordered crystal are equivalent by symmetry
        rows.append(row(what, 0.84, mean, spread, "eV", start, "Lee & Park 2012, J. Phys. Chem. C 116, 6484"))
    found.figure(PICTURES / "atomistic_fitting_antisite.png")
    return rows


def main() -> None:
    """Measure and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep-scan", action="store_true", help="take the scan from the last results")
    keep = parser.parse_args().keep_scan
    last = json.loads((RESULTS / "atomistic_fitting.json").read_text())["rows"] if keep else []
    scan = [line for line in last if line["what"].startswith(SCAN)]
    rows = recovery() + published() + layered_set() + bands() + antisites() + hot()
    rows += scan or scans()
    save("atomistic_fitting", {"rows": rows})


if __name__ == "__main__":
    main()
