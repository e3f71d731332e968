"""Fits of potentials and anti-site energies beside what is published: rows with error bars and wall times.

Run: ``python benchmarks/atomistic_fitting.py``; prints a table and writes ``results/atomistic_fitting.json``
and pictures ``docs/images/atomistic_fitting_scan.png``, ``..._fit.png``, ``..._antisite.png``. The scan with
shells takes the most: minutes on free cores.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from ase.filters import FrechetCellFilter
from ase.io import read
from ase.optimize import BFGS
from record import save

from microcell.atomistic.fitting import FitFile, FitResult, figure, fit
from microcell.atomistic.potential import CoulombBuckingham, Potential
from microcell.atomistic.structures import antisite_energy, layered
from tests.atomistic.fitting.crystals import PAIR, TRUE, all_of, frames, predictions, rigid

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "images"
DATA = Path(__file__).resolve().parents[1] / "microcell" / "atomistic" / "fitting" / "data"
REVIEW = "Morgan et al. 2022, doi 10.1021/acsenergylett.1c02028"
POPOFF = f"{REVIEW}, history of github.com/LMMorgan/PopOff"
PUBLISHED = {"rigid ions, published": (0.3156, 1.665), "core-shell, published": (0.477, 0.372)}
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
        rows.append(row(f"best scale of the charges, {model}", share, scale, None, "-", start, POPOFF))
        rows.append(row(f"reduced chi-squared there, {model}", deviation, chi2, error, "-", start, POPOFF))
    return rows


def layered_set() -> list[Row]:
    """The layered set: every observable, and the scale of its charges."""
    start = time.perf_counter()
    found: FitResult = FitFile.read("nmc").fit(
        progress=lambda n, chi2: print(f"fit {n}: {chi2:.6g}", flush=True)
    )
    figure(found, PICTURES / "atomistic_fitting_fit.png")
    error = found.standard_error("scale")
    rows = [
        row("nmc fit: scale of the charges", "0.48 to 0.60", found.value("scale"), error, "-", start, REVIEW)
    ]
    for line in found.table.to_dict("records"):
        what, _, unit = line["quantity"].rpartition(" [")
        if line["values"] == 1:
            label, error = f"nmc fit: {line['observation']} {what}", line["standard_error"]
            rows.append(
                row(
                    label,
                    line["measured"],
                    line["predicted"],
                    error,
                    unit.rstrip("]"),
                    start,
                    "lattices.toml",
                )
            )
        else:
            label = f"nmc fit: {line['observation']} rms deviation of {what}"
            rows.append(row(label, 0.0, line["rms_deviation"], None, unit.rstrip("]"), start, POPOFF))
    return rows


def antisites() -> list[Row]:
    """Lithium and Ni2+ exchanged in NMC111 with the layered set, which was not fitted to it."""
    start = time.perf_counter()
    calculator = CoulombBuckingham(Potential.builtin("microcell_nmc_fit"), ewald_accuracy=1e-4, cutoff=6.0)
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
    rows = recovery() + published() + layered_set() + antisites() + scans()
    save("atomistic_fitting", {"rows": rows})


if __name__ == "__main__":
    main()
