"""A generated cathode of 8 x 6 x 6 voxels that the problems of conservation and invariance share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from ..cell.halfcell import HalfCell
from ..cell.state import Unknowns
from ..image.particles import Particles
from ..image.synthetic import generate_cathode
from ..image.volume import Volume
from ..parameters import ParameterSet
from ..protocol import Experiment
from ..simulation import Simulation
from ..solve.control import StepControl

Edges = tuple[float, float, float]

EDGES: Edges = (5e-7, 4.5e-7, 5.5e-7)
"""Voxel edges dz, dy, dx [m], all different so that no mix-up of axes goes unnoticed."""

SEPARATOR = 5e-6
"""Thickness of the separator [m]."""


@dataclass(frozen=True)
class Cathode:
    """Phase codes and particle numbers, both of shape (z, y, x), and the voxel edges [m]."""

    labels: np.ndarray
    numbers: np.ndarray
    edges: Edges = EDGES

    @property
    def volume(self) -> Volume:
        """The image."""
        return Volume(np.ascontiguousarray(self.labels), self.edges)

    def cell(self, values: Mapping[str, Any] | None = None, **options: Any) -> HalfCell:
        """Return the half cell with the built-in parameters, some changed by name."""
        parameters = ParameterSet.builtin().with_values(dict(values or {}))
        numbers = np.ascontiguousarray(self.numbers)
        given: dict[str, Any] = {
            "particles": Particles.from_labels(numbers, self.edges),
            "separator_thickness": SEPARATOR,
        }
        return HalfCell(self.volume, parameters, **(given | options))

    def mirrored(self, axis: int) -> Cathode:
        """Mirror along an axis."""
        return Cathode(np.flip(self.labels, axis), np.flip(self.numbers, axis), self.edges)

    def exchanged(self) -> Cathode:
        """Exchange y and x, voxel edges included."""
        dz, dy, dx = self.edges
        return Cathode(self.labels.swapaxes(1, 2), self.numbers.swapaxes(1, 2), (dz, dx, dy))

    def without_binder(self) -> Cathode:
        """Make the carbon-binder domain pore."""
        return Cathode(np.where(self.labels == 2, 0, self.labels).astype(np.uint8), self.numbers, self.edges)


@cache
def small_cathode() -> Cathode:
    """Eight particles with binder and pores; some voxels of each phase are cut off and become inert."""
    made = generate_cathode((8, 6, 6), EDGES[0], diameter_mean=2.5e-6, diameter_std=5e-7, seed=8)
    return Cathode(made.volume.labels, made.particle_labels)


@dataclass(frozen=True)
class Run:
    """What a protocol gave: time series, protocol steps and the particle ledger at the end."""

    rows: pd.DataFrame
    steps: pd.DataFrame
    particles: pd.DataFrame


def run(
    cell: HalfCell, steps: Sequence[str], initial: str | float, control: StepControl | None = None
) -> Run:
    """Run a protocol as users do, and read the results back from its directory."""
    simulation = Simulation(cell, Experiment(steps, initial=initial), fields=[], control=control)
    with TemporaryDirectory() as folder:
        solution = simulation.solve(Path(folder) / "run", progress=False)
        return Run(solution.timeseries, solution.steps, solution.particles)


@dataclass(frozen=True)
class State:
    """Unknowns on the host, film thickness of the faces [m], and the last row of the time series."""

    unknowns: Unknowns
    film: np.ndarray
    row: dict[str, float]

    @property
    def voltage(self) -> float:
        """Cell voltage [V]."""
        return float(self.row["Voltage [V]"])


def state_of(simulation: Simulation, row: dict[str, float]) -> State:
    """Bring the state behind a step of ``Simulation.step`` to the host, on however many devices it lies."""
    stepper = simulation.stepper
    assert stepper is not None
    u, layout = stepper.unknowns, stepper.layout
    c, phi_s, phi_e = (layout.cells(field) for field in (u.c, u.phi_s, u.phi_e))
    return State(Unknowns(c, phi_s, phi_e, u.voltage), layout.faces(stepper.past.film), row)
