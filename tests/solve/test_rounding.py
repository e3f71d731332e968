"""Currents so small that the residual ends in rounding above its tolerance: the step is done, not failed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_cells import volume_of

from microcell import Experiment, HalfCell, ParameterSet
from microcell.image.phases import ACTIVE, PORE
from microcell.simulation import Simulation

NMC = ParameterSet.builtin("nmc811")


def test_a_grain_under_a_thick_separator_can_be_discharged(tmp_path: Path) -> None:
    """Four voxels of active material under 512 of pore: 1C is 0.012 A/m2. Rounding of the diffusion potential
    leaves an ionic residual of 2e-8 of the current, ten times its tolerance; balances still close."""
    labels = np.full((8, 8, 8), PORE)
    labels[-1, 3:5, 3:5] = ACTIVE
    cell = HalfCell(volume_of(labels, (2e-7,) * 3), NMC, separator_thickness=10e-6)
    protocol = Experiment(["Discharge at C/10 for 10 minutes"], initial="3.8 V")
    solution = Simulation(cell, protocol).solve(tmp_path / "run", progress=False)
    found = solution.statistics
    assert solution.status == "done"
    assert found["steps_failed"] == 0
    assert found["largest_charge_balance_error"] < 1e-7
    assert found["largest_lithium_drift"] < 1e-8
    rows = solution.timeseries
    # a sixtieth of the window of 0.725 in lithium, and a voltage that falls
    moved = rows["Mean stoichiometry"].iloc[-1] - rows["Mean stoichiometry"].iloc[0]
    assert moved == pytest.approx(0.725 / 60, rel=1e-6)
    assert np.all(np.diff(rows["Voltage [V]"]) < 0)
