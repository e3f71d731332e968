"""Cells, reduced runs and stored runs that the tests of the twin share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from small_cells import tiny_cell, volume_of

from microcell import ParameterSet
from microcell.cell.halfcell import HalfCell
from microcell.cell.snapshot import Snapshot
from microcell.p2d import DFN, Mesh, Solution
from microcell.results import RunWriter
from microcell.twin.reduced import ReducedRun
from microcell.verification.media import one_particle

MESH = Mesh(6, 6, 8)
"""The mesh of the tests of the reduced model, so that its program is compiled once."""


def columns_cell(parameters: ParameterSet) -> HalfCell:
    """Columns from separator to collector of 4 active, 2 pore and 2 cbd voxels of 1 um: exact answers.

    Along x: p c a a | a a c p, the same in all y and z.
    """
    row = np.array([0, 2, 1, 1, 1, 1, 2, 0])
    volume = volume_of(np.broadcast_to(row, (6, 2, 8)))
    return HalfCell(volume, parameters, particles=one_particle(volume), area_model="faces")


def cell_of_particles() -> HalfCell:
    """A generated cathode of some 2.5 um particles."""
    return tiny_cell(ParameterSet.builtin())


def stored_run(
    folder: Path, cell: HalfCell, reduced: ReducedRun, *, longer: float = 0.0, voltage: float = 0.0
) -> Path:
    """Write a run directory as a 3D run would that does what a reduced run did.

    ``longer`` lets its first step go on for so many seconds, ``voltage`` lifts its voltage.
    """
    solution, grid = reduced.solution, cell.grid()
    writer = RunWriter.create(folder, case={}, grid=grid, info=cell.describe(), overwrite=True)
    late = np.where(solution.step_number > 0, longer, 0.0)
    taken: set[float] = set()
    for k, time in enumerate(solution["Time [s]"] + late):
        writer.record(_row(reduced, k, float(time), voltage))
        if k % 10 == 0 and float(time) not in taken:
            taken.add(float(time))
            writer.snapshot(_snapshot(cell, reduced, k, float(time)))
    for report in solution.steps:
        words = {"description": report.text, "reason": report.reason}
        writer.step_end({**words, "time_s": report.end + longer})
    writer.close("done", {"wall_s": 60.0})
    return folder


def _row(reduced: ReducedRun, k: int, time: float, voltage: float) -> dict[str, float]:
    s = reduced.solution
    film = s["Rocksalt thickness [m]"][k].mean(axis=0) @ reduced.surface_share
    return {
        "Time [s]": time,
        "Step": float(s.step_number[k] + 1),
        "Current [A]": float(s["Current [A]"][k]),
        "Voltage [V]": float(s["Voltage [V]"][k]) + voltage,
        "Mean rocksalt thickness [m]": float(film),
        "Charge passed [C]": 3600.0 * float(s["Discharge capacity [A.h]"][k]),
    }


def _snapshot(cell: HalfCell, reduced: ReducedRun, k: int, time: float) -> Snapshot:
    s, grid = reduced.solution, cell.grid()
    ones, faces = np.ones(grid.phases.shape), np.ones(len(grid.faces.area))
    c_max = cell.describe()["c_max_mol_m3"]
    film = float(s["Rocksalt thickness [m]"][k].mean(axis=0) @ reduced.surface_share)
    fields = {
        "Active concentration [mol.m-3]": c_max * float(s["Mean stoichiometry"][k]) * ones,
        "Electrolyte concentration [mol.m-3]": 1000.0 * ones,
    }
    return Snapshot(time, fields, film * faces, 0.0 * faces, 0.5 * c_max * faces)


def reduced_run(design: Any, steps: list[str], initial: str = "x = 0.6") -> Solution:
    """Solve the reduced model on :data:`MESH`."""
    from microcell import Experiment

    return DFN(design, ParameterSet.builtin(), MESH).solve(Experiment(steps, initial=initial))
