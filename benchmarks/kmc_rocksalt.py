"""Disordered rocksalt by kinetic Monte Carlo, and the picture of D(x) and U(x): parts of `atomistic_kmc`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from microcell.atomistic.kmc import (
    Model,
    Settings,
    free_diffusivity,
    jump_diffusivity,
    simulate,
    transport_table,
)
from microcell.files import atomic_write
from microcell.parameters import PropertyCard
from microcell.style import BLUE, GREY, ORANGE, new_figure, styled

Row = dict[str, Any]
ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "atomistic_kmc.png"
CONTENTS = (0.25, 0.4, 0.55, 0.7, 0.85)
QUANTITIES = {"diffusivity": "D [m² s⁻¹]", "potential": "U vs Li [V]"}


def rocksalt(row_of: Callable[..., Row]) -> list[Row]:
    """D(x) of disordered rocksalts: sampled hops beside the conductance of the network; with repulsion.

    ``row_of`` makes a row of text, reference, value, error bar, unit, wall time and source.
    """
    free, T = Model.builtin("disordered_rocksalt"), 298.15
    exact = free_diffusivity(free, T, size=10, samples=400, seed=7)
    run = simulate(free, 0.5, T, Settings(size=10, replicas=1024, tolerance=0.03, tracers=False))
    jump = jump_diffusivity(run)
    scale = (run.filling.free - 1) / run.filling.free / (1.0 - run.x)
    found = [
        row_of(
            f"disordered rocksalt without repulsion, {T:g} K, 1000 sites: D of all contents, from hops",
            exact.mean,
            scale * jump.mean,
            float(np.hypot(scale * jump.standard_error, exact.standard_error)),
            "m2/s",
            run.wall_time,
            "conductance of 400 networks, exact for a lattice gas without repulsion",
        )
    ]
    model, start = Model.builtin("lithium_rich_rocksalt"), time.perf_counter()
    table = transport_table(
        model, CONTENTS, T, Settings(size=10, replicas=1024, tolerance=0.05, tracers=False)
    )
    wall = time.perf_counter() - start
    value, error = table.chemical_diffusivity()
    mu = table.isotherm.chemical_potential(table.x)
    for x, D, spread, energy, run in zip(table.x, value, error, mu.value, table.runs, strict=True):
        what = f"lithium-rich rocksalt, {T:g} K: D at x = {x:.3f}, where U = {-energy:.3f} V"
        note = f"longer blocks would change {abs(run.drift()):.1%}, in the error bar"
        row = row_of(what, None, float(D), float(spread), "m2/s", run.wall_time, note)
        found.append(row | {"x": float(x), "potential": -float(energy)})
    found.append(
        row_of(
            f"table of {len(CONTENTS)} contents of the lithium-rich rocksalt", 600.0, wall, None, "s", wall
        )
    )
    return found


def draw(rows: list[Row]) -> None:
    """Draw the cards of the layered model and the rows of the rocksalt."""
    cards = {name: PropertyCard.read(ROOT / f"data/cards/kmc_active_{name}.json") for name in QUANTITIES}
    with styled():
        figure = new_figure(9.0, 6.4)
        panels = figure.subplots(2, 2)
        for panel, (name, label) in zip(panels[0], QUANTITIES.items(), strict=True):
            card = cards[name]
            style = {"color": BLUE, "marker": "o", "ms": 4, "capsize": 2}
            panel.errorbar(card.points, card.values, yerr=card.uncertainty, **style)
            panel.set(
                ylabel=label, title=f"Layered NMC811, {card.temperature:g} K", xlabel="Lithium content x"
            )
        panels[0, 0].set_yscale("log")
        draw_rocksalt(panels[1], rows)
        atomic_write(PICTURE, lambda temporary: figure.savefig(temporary, format="png", dpi=100))


def draw_rocksalt(panels: np.ndarray, rows: list[Row]) -> None:
    """Draw D(x) and U(x) of the lithium-rich rocksalt and D of the one without repulsion."""
    chosen = [row for row in rows if row["what"].startswith("lithium-rich rocksalt")]
    x, potential = ([row[key] for row in chosen] for key in ("x", "potential"))
    left, right = panels
    value, error = ([row[key] for row in chosen] for key in ("computed", "error bar"))
    left.errorbar(
        x, value, yerr=error, color=ORANGE, marker="s", ms=4, capsize=2, label="35 % metals, repulsion"
    )
    network = next(row for row in rows if row["what"].startswith("disordered rocksalt"))
    left.axhline(network["reference"], color=GREY, ls="--", label="40 % metals, none (exact)")
    left.set(ylabel=QUANTITIES["diffusivity"], yscale="log", title="Disordered rocksalt, 298.15 K")
    left.legend()
    right.plot(x, potential, color=ORANGE, marker="s", ms=4)
    right.set(ylabel="U [V], free site at 0", title="Disordered rocksalt, 298.15 K")
    for panel in (left, right):
        panel.set_xlabel("Lithium content x")
