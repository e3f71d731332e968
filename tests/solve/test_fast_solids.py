"""Solids in which lithium crosses a particle within one time step."""

from __future__ import annotations

from pathlib import Path

from small_cells import tiny_cell, volume_of

from microcell import Experiment, HalfCell, ParameterSet, Simulation
from microcell.image.synthetic import generate_cathode

NMC = ParameterSet.builtin("nmc811")


def test_fast_diffusion_costs_no_more_iterations(tmp_path: Path) -> None:
    """Two minutes at 1C with 1e-10 m2/s, 30 000 times the usual: no step fails, at most 12 Krylov iterations
    per Newton iteration (with the smoother alone four steps fail)."""
    cell = tiny_cell(NMC.set("Active diffusivity [m2.s-1]", 1e-10))
    protocol = Experiment(["Discharge at 1C for 2 minutes"], initial="4.2 V")
    solution = Simulation(cell, protocol).solve(tmp_path / "run", progress=False)
    assert solution.statistics["steps_failed"] == 0
    assert solution.statistics["krylov_per_newton"] <= 12


def test_fast_diffusion_along_short_edges_costs_no_more_iterations(tmp_path: Path) -> None:
    """Voxels five times as long through the plane: in 150 s lithium passes two of them, and thirteen across.
    No step fails, at most 12 Krylov iterations per Newton iteration (with the smoother alone one fails, and
    they are 32)."""
    labels = generate_cathode(
        (8, 12, 12), 5e-7, diameter_mean=2.5e-6, diameter_std=0.5e-6, seed=3
    ).volume.labels
    parameters = NMC.set("Active diffusivity [m2.s-1]", 3e-13)
    cell = HalfCell(volume_of(labels, (2.5e-6, 5e-7, 5e-7)), parameters, separator_thickness=10e-6)
    protocol = Experiment(["Discharge at C/5 for 20 minutes"], initial="3.8 V")
    solution = Simulation(cell, protocol).solve(tmp_path / "run", progress=False)
    assert solution.statistics["steps_failed"] == 0
    assert solution.statistics["krylov_per_newton"] <= 12
