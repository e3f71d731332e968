"""One tiny cathode and one CC-CV cycle on it, shared by all tests of this folder: compiling takes most of the
time."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_cells import tiny_cell

from microcell import Experiment, ParameterSet
from microcell.cell.halfcell import HalfCell
from microcell.results import Solution
from microcell.simulation import Simulation

CYCLE = ["Charge at 1C until 4.3 V", "Hold at 4.3 V until C/20", "Discharge at 1C until 3.0 V"]


@pytest.fixture(scope="session")
def cell() -> HalfCell:
    """A generated cathode of 8 x 6 x 6 voxels of 0.5 um with particles, binder and pores."""
    return tiny_cell(ParameterSet.builtin("nmc811"))


@pytest.fixture(scope="session")
def cycle() -> Experiment:
    return Experiment(CYCLE, initial="3.6 V")


@pytest.fixture(scope="session")
def solution(cell: HalfCell, cycle: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Solution:
    """Charge, hold and discharge at 1C from 3.6 V, snapshots every 600 s."""
    folder: Path = tmp_path_factory.mktemp("cycle") / "run"
    return Simulation(cell, cycle).solve(folder, progress=False)
