"""What a diffusivity from kinetic Monte Carlo does to a cell: a 3D run and a P2D run beside the built-in law.

The card is the one of ``microcell atomistic kmc`` in ``data/cards``; ``--card FILE`` names
another one. Draws voltage and surface stoichiometry over the capacity into ``docs/images``.
Run: ``python benchmarks/atomistic_cell.py``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import record
from matplotlib.axes import Axes

import microcell as mc
from microcell.files import atomic_write
from microcell.p2d import DFN, Design, Mesh
from microcell.p2d.batch import solve_batch
from microcell.parameters import Origin, PropertyCard
from microcell.style import BLUE, GREY, ORANGE, new_figure, styled

D = "Active diffusivity [m2.s-1]"
CARD = Path(__file__).resolve().parents[1] / "data" / "cards" / "kmc_active_diffusivity.json"
PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "atomistic_cell.png"
SHAPE, VOXEL, DIAMETER = (20, 12, 12), 500e-9, 4e-6
DISCHARGE = mc.Experiment(["Discharge at 1C until 3.0 V"], initial="4.2 V")
DRAWN = 64
DESIGN = Design(electrode_thickness=65e-6, active_fraction=0.68, porosity=0.26, tortuosity=1.9, radii=(5e-6,))
BASE = mc.ParameterSet.builtin("nmc811")
BUILTIN = BASE.number(D)


def voxels(value: Any) -> dict[str, np.ndarray]:
    """Discharge a small generated cathode."""
    made = mc.generate_cathode(SHAPE, VOXEL, diameter_mean=DIAMETER, seed=2)
    cell = mc.HalfCell(made.volume, BASE.set(D, value), particles=mc.segment(made.volume))
    with tempfile.TemporaryDirectory() as folder:
        solution = mc.Simulation(cell, DISCHARGE).solve(Path(folder) / "run", progress=False)
        ends = [solution[f"{end} surface stoichiometry"] for end in ("Minimum", "Maximum")]
        hours = np.asarray(solution["Time [s]"]) / 3600.0
        return {
            "capacity": hours,
            "voltage": np.asarray(solution["Voltage [V]"]),
            "low": np.asarray(ends[0]),
            "high": np.asarray(ends[1]),
        }


def reduced(value: Any) -> dict[str, np.ndarray]:
    """Discharge the reduced model of a thicker electrode."""
    solution = model(value).solve(DISCHARGE)
    surface = np.asarray(solution["Surface stoichiometry"]).reshape(len(solution["Time [s]"]), -1)
    return {
        "capacity": np.asarray(solution["Time [s]"]) / 3600.0,
        "voltage": np.asarray(solution["Voltage [V]"]),
        "low": surface.min(axis=1),
        "high": surface.max(axis=1),
    }


def model(value: Any) -> DFN:
    """Return the reduced model with a diffusivity."""
    return DFN(DESIGN, BASE.set(D, value), Mesh(10, 10, 20), film=False)


def constant() -> PropertyCard:
    """Return the built-in number as a table."""
    origin = Origin.of("constant", {"value": BUILTIN}, references=["the built-in number, as a table"])
    return PropertyCard.table(
        D, "x", [0.2, 0.4, 0.6, 0.95], [BUILTIN] * 4, [0.0] * 4, origin=origin, interpolation="log"
    )


def timed(job: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a job gives and the seconds it takes."""
    begun = time.perf_counter()
    return job(), time.perf_counter() - begun


def row(
    what: str, reference: float | str, computed: float, error: float | None, unit: str, wall: float
) -> dict:
    """Return one row of the table."""
    return {
        "what": what,
        "reference": reference,
        "computed": computed,
        "error bar": error,
        "unit": unit,
        "wall_s": round(wall, 2),
    }


def rows(path: Path = CARD) -> list[dict]:
    """Return what the card of a constant changes (nothing), and what the card from atoms does."""
    card = PropertyCard.read(path)
    table, runs = [], {}
    for name, solve in (("3D", voxels), ("P2D", reduced)):
        number, first = timed(lambda solve=solve: solve(BUILTIN))
        same, second = timed(lambda solve=solve: solve(constant()))
        atoms, third = timed(lambda solve=solve: solve(card))
        deviation = np.abs(
            np.interp(number["capacity"], same["capacity"], same["voltage"]) - number["voltage"]
        )
        what = f"{name}: largest difference of the voltage, card of a constant less the number"
        table.append(row(what, 0.0, float(deviation.max()), None, "V", first + second))
        what = f"{name}: charge to 3.0 V with the card of the kinetic Monte Carlo"
        error = spread(card) if name == "P2D" else (None, 0.0)
        builtin = f"{number['capacity'][-1]:.5g} with the built-in number"
        capacity = float(atoms["capacity"][-1])
        table.append(row(what, builtin, capacity, error[0], "1C hours", third + error[1]))
        runs[name] = (number, atoms)
    draw(runs, card)
    return table


def spread(card: PropertyCard) -> tuple[float, float]:
    """Return the standard deviation of the charge over cards drawn from the error bars, and the seconds."""
    rng = np.random.default_rng(1)
    cells = [model(card.sample(rng)) for _ in range(DRAWN)]
    batch, wall = timed(lambda: solve_batch(cells, DISCHARGE, workers=2))
    return float(np.std([one["Time [s]"][-1] / 3600.0 for one in batch], ddof=1)), wall


def draw(runs: dict[str, tuple[dict, dict]], card: PropertyCard) -> None:
    """Draw both laws, and voltage and surface stoichiometry of both models with them."""
    with styled():
        figure = new_figure(13.0, 6.6)
        left, right = figure.subfigures(1, 2, width_ratios=(1.0, 2.0))
        draw_laws(left.subplots(), card)
        panels = right.subplots(2, 2, sharex="col")
        for column, (name, pair) in enumerate(runs.items()):
            for run, colour in zip(pair, (GREY, BLUE), strict=True):
                panels[0, column].plot(run["capacity"], run["voltage"], color=colour)
                panels[1, column].fill_between(
                    run["capacity"], run["low"], run["high"], color=colour, alpha=0.35
                )
            panels[0, column].set_title(name)
            panels[1, column].set_xlabel("Charge [h at 1C]")
            for limit in card.validity["x"]:
                panels[1, column].axhline(limit, color=ORANGE, linestyle=":", linewidth=1.0)
        panels[0, 0].set_ylabel("Voltage [V]")
        panels[1, 0].set_ylabel("Surface stoichiometry (range)")
        atomic_write(PICTURE, lambda temporary: figure.savefig(temporary, format="png", dpi=100))


def draw_laws(panel: Axes, card: PropertyCard) -> None:
    """Draw the diffusivity of the card with its error bars, and the built-in number."""
    x = np.linspace(0.0, 1.0, 400)
    with jax.enable_x64(True):
        curve = np.asarray(card.law()(x, BASE.number("Temperature [K]")))
    panel.semilogy(x, np.full(x.shape, BUILTIN), color=GREY, label="built-in number")
    panel.semilogy(x, curve, color=BLUE, label=f"card of {card.origin.model}")
    panel.errorbar(card.points, card.values, yerr=card.uncertainty, fmt="o", color=ORANGE, markersize=4)
    for limit in card.validity["x"]:
        panel.axvline(limit, color=ORANGE, linestyle=":", linewidth=1.0)
    panel.set_xlabel("Stoichiometry x")
    panel.set_ylabel(D)
    panel.legend()


def main() -> None:
    """Print the rows and save them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--card", type=Path, default=CARD, help="card of the diffusivity over x")
    found = rows(parser.parse_args().card)
    for one in found:
        bar = "" if one["error bar"] is None else f" ± {one['error bar']:.2g}"
        print(f"{one['what']}: {one['reference']} | {one['computed']:.5g}{bar} {one['unit']}")
    print(record.save("atomistic_cell", {"rows": found}))


if __name__ == "__main__":
    main()
