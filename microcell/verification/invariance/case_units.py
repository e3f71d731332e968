"""One case stated in SI numbers and in the units of the laboratory."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ...case import Case
from ...cell.halfcell import HalfCell
from ...protocol import Experiment
from ...simulation import Simulation
from ...solve.control import StepControl
from ..problem import Findings, Problem, Setting, below, near
from ..small_cathode import EDGES, SEPARATOR, small_cathode

FINE = StepControl(residual=2e-10, linear=1e-4)
"""Ten times tighter than the default, and ten times above rounding at a tenth of 1C."""

SI: dict[str, Any] = {
    "edges": list(EDGES),
    "separator": SEPARATOR,
    "set": {
        "Temperature [K]": 308.15,
        "Rocksalt initial thickness [m]": 3e-10,
        "Initial electrolyte concentration [mol.m-3]": 1100.0,
        "Lithium metal exchange current density [A.m-2]": 20.0,
        "Active electronic conductivity [S.m-1]": 0.5,
        "Collector contact resistance [Ohm.m2]": 1e-4,
    },
    "steps": ["Charge at 10 A/m2 for 6 s", "Hold at 3.95 V for 7.2 s", "Discharge at 4e-11 W for 6 s"],
}
PRACTICE: dict[str, Any] = {
    "edges": ["500 nm", "0.45 um", "5.5e-4 mm"],
    "separator": "5 um",
    "set": {
        "Temperature [K]": "35 degC",
        "Rocksalt initial thickness [m]": "0.3 nm",
        "Initial electrolyte concentration [mol.m-3]": "1.1 mol/l",
        "Lithium metal exchange current density [A.m-2]": "2 mA/cm2",
        "Active electronic conductivity [S.m-1]": "5 mS/cm",
        "Collector contact resistance [Ohm.m2]": "1 ohm.cm2",
    },
    "steps": [
        "Charge at 1 mA/cm2 for 0.1 min",
        "Hold at 3950 mV for 0.002 h",
        "Discharge at 0.04 nW for 0.1 min",
    ],
}
"""One case in SI units, and in those of the laboratory."""


BARS = {
    "Time [s]": 1e-9,
    "Current [A]": 1e-9,
    "Voltage [V]": 1e-11,
    "Mean rocksalt thickness [m]": 1e-11,
}
"""Largest relative differences of the columns that are compared."""


def _case(words: dict[str, Any], folder: Path) -> tuple[list[float], HalfCell, Experiment]:
    """Read a case; return every number that it states in SI, and what a run needs."""
    np.save(folder / "cathode.npy", small_cathode().labels)
    volume = {"axes": "ZYX", "through_axis": "Z", "separator_side": "low", "voxel_size": words["edges"]}
    content = {
        "volume": volume | {"path": "cathode.npy", "phases": {"pore": 0, "active": 1, "cbd": 2}},
        "cell": {"separator_thickness": words["separator"], "set": words["set"]},
        "protocol": {"initial": "3.9 V", "steps": words["steps"]},
    }
    image, _, cell, experiment = Case.from_dict(content, folder / "case.toml").build()
    names = ("Separator thickness [m]", *SI["set"])
    return [*image.voxel_size, *(cell.parameters.number(name) for name in names)], cell, experiment


def _solve_units(setting: Setting) -> Findings:
    numbers, runs = [], []
    for words in (SI, PRACTICE):
        with TemporaryDirectory() as folder:
            stated, cell, experiment = _case(words, Path(folder))
            simulation = Simulation(cell, experiment, control=FINE)
            runs.append(simulation.solve(Path(folder) / "run", progress=False).timeseries)
        numbers.append(np.array(stated))
    read = np.abs(numbers[1] / numbers[0] - 1).max()
    if len(runs[0]) != len(runs[1]):
        return Findings((near("Time steps [-]", len(runs[1]), len(runs[0]), absolute=0.0),))
    answers = [
        below(f"{name.split(' [')[0]}, largest relative difference [-]", _apart(runs, name), bar)
        for name, bar in BARS.items()
    ]
    return Findings((below("Numbers read, largest relative difference [-]", read, 4.5e-16), *answers))


def _apart(runs: list[Any], name: str) -> float:
    one, other = (frame[name].to_numpy() for frame in runs)
    return float(np.abs(one - other).max() / np.abs(one).max())


PROBLEMS: tuple[Problem, ...] = (
    Problem(
        name="units",
        title="One case in SI numbers and in laboratory units",
        family="invariance",
        answer="exact",
        statement="A case with voxel edges, separator, film, salt, exchange current, conductivity, contact "
        "resistance, temperature and three steps (current density, voltage, power) in SI, and in nm, um, "
        "mm, mol/l, mA/cm2, mS/cm, ohm.cm2, degC, mV, nW, min, h. The numbers read agree to two roundings "
        "(4.5e-16). So do the equations; Newton stops at 2e-10 of the current wherever rounding leads it, "
        "hence times and currents to 1e-9, and the voltage, which feels that through some 50 mV of "
        "overpotential, to 1e-11.",
        source="docs/case-file.md; microcell.Case",
        solve=_solve_units,
    ),
)
