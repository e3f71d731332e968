"""Solids in which lithium crosses a particle within one time step."""

from __future__ import annotations

from pathlib import Path

from small_cells import tiny_cell

from microcell import Experiment, ParameterSet, Simulation

NMC = ParameterSet.builtin("nmc811")


def test_fast_diffusion_costs_no_more_iterations(tmp_path: Path) -> None:
    """Two minutes at 1C with 1e-10 m2/s, 30 000 times the usual: no step fails, at most 12 Krylov iterations
    per Newton iteration (with the smoother alone four steps fail)."""
    cell = tiny_cell(NMC.set("Active diffusivity [m2.s-1]", 1e-10))
    protocol = Experiment(["Discharge at 1C for 2 minutes"], initial="4.2 V")
    solution = Simulation(cell, protocol).solve(tmp_path / "run", progress=False)
    assert solution.statistics["steps_failed"] == 0
    assert solution.statistics["krylov_per_newton"] <= 12
