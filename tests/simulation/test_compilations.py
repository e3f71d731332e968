"""Nothing compiles twice in a process: not for other values, not for another protocol, not for a second run.

Counted by JAX itself, which announces every program handed to XLA. The simulation fixture has run before, so
everything that depends on the shape of the cell is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import pytest
from small_cells import tiny_cell

from microcell import Experiment, ParameterSet
from microcell.cell.halfcell import HalfCell
from microcell.results import Solution
from microcell.simulation import Simulation

COMPILED = "/jax/core/compile/backend_compile_duration"
NMC = ParameterSet.builtin("nmc811")


@contextmanager
def compilations() -> Iterator[list[str]]:
    """Collect the names of the functions that are compiled in the meantime."""
    names: list[str] = []

    def listen(event: str, duration: float, **details: Any) -> None:
        if event == COMPILED:
            names.append(str(details.get("fun_name", "?")))

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        yield names
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)


@pytest.fixture(scope="module")
def warm(cell: HalfCell, solution: Solution, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HalfCell]:
    """The cell of the CC-CV cycle, after that cycle and a short one.

    Tests between the cycle and these may have filled the process so far that programs were dropped: the short
    one brings them back, and none is dropped while these tests run.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("microcell.simulation.simulate.make_room", lambda: False)
        short = Experiment(["Charge at 1C for 30 s", "Hold at 3.8 V for 5 s"], initial="3.8 V")
        for each in (cell, tiny_cell(NMC.with_values({"CBD kinetic coverage": 0.2}))):
            Simulation(each, short).solve(tmp_path_factory.mktemp("warm") / "run", progress=False)
        Simulation(cell, initial="3.8 V").step(1.0, current=0.0)
        yield cell


def test_compilations_are_counted() -> None:
    with compilations() as compiled:
        jax.jit(lambda a: a + 1.0)(1.0)
    assert len(compiled) == 1


def test_a_parameter_sweep_compiles_nothing(warm: HalfCell, tmp_path: Path) -> None:
    """Three values of each of four parameters, a charge of 30 s each."""
    sweep: list[dict[str, Any]] = [
        {
            "Rocksalt initial thickness [m]": film,
            "Active diffusivity [m2.s-1]": diffusivity,
            "Temperature [K]": temperature,
            "CBD kinetic coverage": cover,
        }
        for film, diffusivity, temperature, cover in (
            (0.1e-9, 1e-14, 298.15, 0.1),
            (0.3e-9, 5e-15, 303.15, 0.3),
            (1.0e-9, 2e-15, 313.15, 0.8),
        )
    ]
    protocol = Experiment(["Charge at 1C for 30 s"], initial="3.8 V")
    with compilations() as compiled:
        for number, values in enumerate(sweep):
            cell = tiny_cell(NMC.with_values(values))
            found = Simulation(cell, protocol).solve(tmp_path / str(number), progress=False)
            assert found.status == "done"
    assert compiled == []


def test_another_protocol_compiles_nothing(warm: HalfCell, tmp_path: Path) -> None:
    """Other kinds of steps, other lengths, more of them, other output times."""
    steps = [
        "Discharge at C/2 for 60 s",
        "Rest for 20 s",
        "Hold at 3.7 V for 20 s",
        "Discharge at 5 W/m2 for 9 s",
    ]
    with compilations() as compiled:
        Simulation(warm, Experiment(steps, initial="x = 0.5"), every="7 s").solve(tmp_path, progress=False)
    assert compiled == []


def test_stepping_compiles_nothing_new(warm: HalfCell) -> None:
    """Current, voltage and power from outside, on a new simulation."""
    simulation = Simulation(warm, initial="3.9 V")
    with compilations() as compiled:
        simulation.step(2.0, current=0.5 * warm.one_c_current)
        simulation.step(3.0, voltage=3.9)
        simulation.step(4.0, power=warm.one_c_current)
    assert compiled == []
