"""Driving a simulation: from outside, with other controls, other parameters, and with wrong input."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from small_cells import tiny_cell

from microcell import Experiment, ParameterSet
from microcell.cell.halfcell import HalfCell
from microcell.errors import DeviceError, MicrocellError, ParameterError, ProtocolError
from microcell.results import Solution
from microcell.simulation import Simulation
from microcell.solve.advance import advance

NMC = ParameterSet.builtin("nmc811")


def test_stepping_with_a_current_and_then_resting(cell: HalfCell) -> None:
    """60 s of 1C discharge, then 600 s of rest: times, signs, charge I t (1e-8), and a voltage that comes
    back up."""
    simulation = Simulation(cell, initial="3.8 V")
    loaded = simulation.step(60.0, current=cell.one_c_current)
    assert loaded["Time [s]"] == pytest.approx(60.0)
    assert loaded["C-rate"] == pytest.approx(1.0, rel=1e-8)
    assert loaded["Voltage [V]"] < 3.8
    assert loaded["Charge passed [C]"] == pytest.approx(60 * cell.one_c_current, rel=1e-8)
    rested = simulation.step(600.0, current=0.0)
    assert rested["Time [s]"] == pytest.approx(660.0)
    assert loaded["Voltage [V]"] + 1e-3 < rested["Voltage [V]"] < 3.8
    assert abs(rested["Current [A]"]) <= 1e-9 * cell.one_c_current
    assert rested["Charge passed [C]"] == pytest.approx(loaded["Charge passed [C]"], rel=1e-8)
    assert abs(rested["Lithium drift"]) <= 1e-8


def test_stepping_in_pieces_is_stepping_at_once(cell: HalfCell) -> None:
    """Two steps of 50 s under one current are one of 100 s, within the error of the time stepping (0.2
    mV)."""
    pieces, once = (Simulation(cell, initial="3.8 V") for _ in range(2))
    current = -cell.one_c_current
    pieces.step(50.0, current=current)
    assert pieces.step(50.0, current=current)["Voltage [V]"] == pytest.approx(
        once.step(100.0, current=current)["Voltage [V]"], abs=2e-4
    )


def test_stepping_with_power_and_with_voltage(cell: HalfCell) -> None:
    """P = 1C * 3.8 V: V I = P to 1e-8 while both change; then 3.75 V held to a microvolt at whatever
    current."""
    simulation = Simulation(cell, initial="3.8 V")
    power = 3.8 * cell.one_c_current
    row = simulation.step(60.0, power=power)
    assert row["Voltage [V]"] * row["Current [A]"] == pytest.approx(power, rel=1e-8)
    assert row["Current [A]"] > cell.one_c_current
    held = simulation.step(30.0, voltage=3.75)
    assert held["Voltage [V]"] == pytest.approx(3.75, abs=1e-6)


@pytest.mark.parametrize("wrong", [{}, {"current": 1e-9, "voltage": 3.8}, {"dt": -1.0, "current": 0.0}])
def test_a_step_needs_a_time_and_one_control(cell: HalfCell, wrong: dict) -> None:
    """None, two, or a negative time: an error before anything is computed."""
    with pytest.raises(ProtocolError):
        Simulation(cell, initial="3.8 V").step(wrong.pop("dt", 1.0), **wrong)


def test_rest_hold_and_power_in_a_protocol(cell: HalfCell, tmp_path: Path) -> None:
    """Rest keeps 4.0 V and no current; a hold at 4.05 V takes charging current; power is met to 1e-8; all end
    in time."""
    watts = 5.0 * cell.area
    steps = ["Rest for 60 s", "Hold at 4.05 V for 60 s", "Discharge at 5 W/m2 for 60 s"]
    solution = Simulation(cell, Experiment(steps, initial="4.0 V")).solve(tmp_path / "run", progress=False)
    rest, hold, power = (solution.timeseries[solution.timeseries["Step"] == n].iloc[1:] for n in (1, 2, 3))
    assert np.allclose(rest["Voltage [V]"], 4.0, atol=1e-6)
    assert np.abs(rest["C-rate"]).max() <= 1e-8
    assert np.allclose(hold["Voltage [V]"], 4.05, atol=1e-6)
    assert np.all(hold["Current [A]"] < 0)
    assert np.allclose(power["Voltage [V]"] * power["Current [A]"], watts, rtol=1e-7)
    assert solution.steps["time_s"].tolist() == pytest.approx([60.0, 120.0, 180.0])
    assert all("duration" in reason for reason in solution.steps["reason"])


def test_other_parameters_and_another_protocol_compile_nothing(
    cell: HalfCell, solution: Solution, tmp_path: Path
) -> None:
    """Values are traced, not constants: the step function must have as many compiled versions after as
    before."""
    compiled = advance._cache_size()
    changed = {
        "Rocksalt initial thickness [m]": 0.3e-9,
        "Active diffusivity [m2.s-1]": 5e-15,
        "Temperature [K]": 303.15,
        "CBD kinetic coverage": 0.3,
    }
    other = tiny_cell(NMC.with_values(changed))
    protocol = Experiment(
        ["Discharge at C/2 for 60 s", "Hold at 3.7 V for 20 s", "Rest for 20 s"], initial="x = 0.5"
    )
    found = Simulation(other, protocol).solve(tmp_path / "run", progress=False)
    assert found.status == "done"
    assert found["Mean rocksalt thickness [m]"][0] == pytest.approx(0.3e-9)
    assert advance._cache_size() == compiled


def test_a_start_by_stoichiometry(cell: HalfCell) -> None:
    """x = 0.6 at rest: V = U(0.6) (1e-9 V), mean stoichiometry 0.6."""
    row = Simulation(cell, initial="x = 0.6").step(1.0, current=0.0)
    with jax.enable_x64(True):
        expected = float(NMC.law("Active open-circuit potential [V]")(jax.numpy.float64(0.6), 298.15))
    assert row["Voltage [V]"] == pytest.approx(expected, abs=1e-9)
    assert row["Mean stoichiometry"] == pytest.approx(0.6, rel=1e-12)


def test_a_mirrored_cathode_gives_mirrored_fields(cell: HalfCell, tmp_path: Path) -> None:
    """The volume mirrored along y, 1C for 120 s: the same voltage (1e-8 V) and mirrored fields (1e-7 of
    c_max, 1e-8 V).

    Aggregates and rounding differ, so equality holds to the solver's tolerance.
    """
    protocol = Experiment(["Charge at 1C for 120 s"], initial="3.9 V")
    one = Simulation(cell, protocol).solve(tmp_path / "one", progress=False)
    two = Simulation(tiny_cell(NMC, turn=True), protocol).solve(tmp_path / "two", progress=False)
    assert one["Voltage [V]"][-1] == pytest.approx(two["Voltage [V]"][-1], abs=1e-6)
    for name, tolerance in (("Active concentration [mol.m-3]", 0.05), ("Electrolyte potential [V]", 1e-6)):
        a, b = (np.asarray(s[name].at(120.0)) for s in (one, two))  # type: ignore[union-attr]
        assert np.allclose(a[:, ::-1], b, rtol=0, atol=tolerance, equal_nan=True)


def test_a_charge_that_ends_at_once_has_no_drift_to_speak_of(cell: HalfCell, tmp_path: Path) -> None:
    """From 4.0 V to 3.95 V nothing can be charged; what a rest of ten minutes rounds off is not compared with
    nothing (it was 45 times the lithium moved)."""
    protocol = Experiment(["Charge at 5C until 3.95 V", "Rest for 10 minutes"], initial="4.0 V")
    solution = Simulation(cell, protocol).solve(tmp_path / "run", progress=False)
    assert solution.status == "done"
    assert solution.timeseries["Charge passed [C]"].abs().max() < 1e-4 * 3600 * cell.one_c_current
    assert solution.statistics["largest_lithium_drift"] < 1e-6


def test_an_unknown_field_is_refused_with_the_nearest_name(cell: HalfCell, cycle: Experiment) -> None:
    with pytest.raises(MicrocellError, match=r"Active concentration \[mol.m-3\]") as caught:
        Simulation(cell, cycle, fields=["Active concentrations [mol.m-3]"])
    assert caught.value.key == "output.fields"


def test_only_the_fields_asked_for_are_stored(cell: HalfCell, tmp_path: Path) -> None:
    protocol = Experiment(["Rest for 2 s"], initial="3.9 V")
    solution = Simulation(cell, protocol, fields=["Rocksalt thickness [m]"], every="1 s").solve(
        tmp_path / "run", progress=False
    )
    assert solution.field_names == ["Rocksalt thickness [m]"]
    assert solution.snapshot_times.tolist() == pytest.approx([0.0, 1.0, 2.0])


def test_a_device_that_is_not_there_is_an_error_of_the_input(cell: HalfCell, cycle: Experiment) -> None:
    """Neither an unknown kind nor a number too high ends in a traceback of JAX; both say what is present."""
    for device in ("cpu:99", "abacus"):
        with pytest.raises(DeviceError, match="not available") as caught:
            Simulation(cell, cycle, device=device)
        assert "cpu:0" in str(caught.value.allowed)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"initial": "4.9 V"}, ProtocolError),
        ({"initial": "2.6 V"}, (ParameterError, ProtocolError)),
        ({}, ProtocolError),
        ({"initial": "3.9 V", "every": "0 s"}, MicrocellError),
        ({"initial": "3.9 V", "every": "1 km"}, MicrocellError),
    ],
)
def test_what_cannot_be_simulated_is_refused(cell: HalfCell, options: dict, error: type) -> None:
    """A start outside of the voltage limits or of the open-circuit curve, nothing to do, an output interval
    of zero."""
    with pytest.raises(error):
        Simulation(cell, **options)


def test_progress_tells_where_the_run_is(cell: HalfCell, tmp_path: Path) -> None:
    """A callable sees every accepted step: time and fraction rise, the fraction ends near 1."""
    seen: list[dict] = []
    protocol = Experiment(["Charge at 1C for 30 s", "Rest for 30 s"], initial="3.9 V")
    solution = Simulation(cell, protocol).solve(
        tmp_path / "run", progress=lambda state: seen.append(dict(state))
    )
    assert [s["time"] for s in seen] == pytest.approx(list(solution.t[1:]))
    assert np.all(np.diff([s["fraction"] for s in seen]) >= 0)
    assert seen[-1]["fraction"] == pytest.approx(1.0)
    assert {s["step_count"] for s in seen} == {2}


def test_a_run_without_particles_is_a_run(tmp_path: Path) -> None:
    """Particles are optional: a protocol with several snapshots ends in a readable run directory without a
    ledger."""
    cell = tiny_cell(NMC, particles=None)
    solution = Simulation(cell, Experiment(["Rest for 2 s"], initial="3.9 V"), every="1 s").solve(
        tmp_path / "run", progress=False
    )
    assert solution.status == "done"
    assert len(solution.particles) == 0
    assert len(solution.snapshot_times) == 3


ALONE = """
import numpy as np, jax, jax.numpy as jnp
from microcell import Experiment, HalfCell, ParameterSet, Simulation, Volume
labels = np.ones((3, 1, 1), np.uint8)
labels[0] = 0
cell = HalfCell(Volume(labels, (1e-6,) * 3), ParameterSet.builtin("nmc811"))
row = Simulation(cell, initial="3.9 V").step(1.0, current=cell.one_c_current)
assert row["Voltage [V]"] < 3.9
assert not jax.config.jax_enable_x64
assert jnp.ones(1).dtype == jnp.float32, jnp.ones(1).dtype
"""


@pytest.mark.slow
def test_float64_is_not_left_on() -> None:
    """In a fresh process, after a simulation, JAX computes in float32 as before: other code in it is not
    disturbed."""
    cache = {"JAX_COMPILATION_CACHE_DIR": str(jax.config.jax_compilation_cache_dir)}
    done = subprocess.run(
        [sys.executable, "-c", ALONE], capture_output=True, text=True, check=False, env=os.environ | cache
    )
    assert done.returncode == 0, done.stderr


def test_a_step_that_empties_the_cell_stops_at_the_voltage_limits() -> None:
    """Two hours of 1C discharge from 3.6 V: the error names current and limits, and the state is kept."""
    cell = tiny_cell(NMC)
    simulation = Simulation(cell, initial="3.6 V")
    with pytest.raises(ProtocolError, match="voltage limits") as error:
        simulation.step(7200.0, current=cell.one_c_current)
    assert "the state is kept" in str(error.value)
    row = simulation.step(60.0, current=-0.2 * cell.one_c_current)
    assert 2.0 < row["Voltage [V]"] < 5.0
    assert row["Time [s]"] < 7260.0
