"""A reduced state on voxels: lithium and salt to rounding, the relaxed start, the first step."""

import jax
import numpy as np
import pytest
from twin_cases import MESH, cell_of_particles, reduced_run

from microcell import Simulation
from microcell.cell.residual import ionic_factor
from microcell.cell.state import Control
from microcell.errors import GeometryError, ParameterError
from microcell.p2d import SPM
from microcell.protocol import Experiment
from microcell.protocol.resolve import CURRENT
from microcell.simulation.initial import InitialState, uniform_state
from microcell.twin import homogenize, start_from_twin

CELL = cell_of_particles()


@pytest.fixture(scope="module")
def twin():
    return homogenize(CELL, sizes=2)


@pytest.fixture(scope="module")
def charged(twin):
    return reduced_run(twin.design, ["Charge at 2C for 6 minutes"])


def amounts(state: InitialState) -> tuple[float, float]:
    """Lithium of solid and electrolyte [mol], counted cell by cell."""
    geometry = CELL.geometry
    with jax.enable_x64(True):
        porosity, volume = ionic_factor(geometry, CELL.parameters.laws())[0], geometry.volume
    held = np.asarray(volume) * np.asarray(porosity) * state.c
    active, ionic = np.asarray(geometry.active), np.asarray(geometry.ionic)
    return float(held[active].sum()), float(held[ionic].sum())


@pytest.mark.slow
def test_lithium_and_salt_are_those_of_the_reduced_state(twin, charged) -> None:
    start = start_from_twin(CELL, twin, charged)
    solid, salt = amounts(start.state)
    assert solid == pytest.approx(charged.record.solid[-1] * charged.area, rel=1e-12)
    assert salt == pytest.approx(charged.record.salt[-1] * charged.area, rel=1e-12)
    # what is adjusted is what the 8 slices of the image hold more or less than their mean
    assert abs(start.stoichiometry_shift) < 2e-3
    assert start.salt_factor == pytest.approx(1.0, abs=2e-2)


@pytest.mark.slow
def test_the_inside_of_particles_holds_more_lithium_than_their_surface_on_charge(twin, charged) -> None:
    c = start_from_twin(CELL, twin, charged).state.c
    p = np.asarray(CELL.geometry.faces.p)
    on_surface = np.zeros(c.size, bool)
    on_surface[p] = True
    active = np.asarray(CELL.geometry.active)
    inside = active & ~on_surface.reshape(c.shape)
    assert c[inside].mean() > 1.005 * c.reshape(-1)[np.unique(p)].mean()


@pytest.mark.slow
def test_a_state_at_rest_is_the_relaxed_start(twin) -> None:
    """Behind a rest from the start nothing has moved: the mapped state is the one a run begins with."""
    rest = reduced_run(twin.design, ["Rest for 1 minute"])
    seen, expected = start_from_twin(CELL, twin, rest).state, uniform_state(CELL, 0.6)
    exists = np.asarray(CELL.geometry.active | CELL.geometry.ionic)
    np.testing.assert_allclose(seen.c[exists], expected.c[exists], rtol=1e-9)
    film = rest["Rocksalt thickness [m]"][-1]
    assert film.min() * (1 - 1e-12) <= seen.film.min() <= seen.film.max() <= film.max() * (1 + 1e-12)
    assert seen.voltage == pytest.approx(expected.voltage, abs=1e-9)


@pytest.mark.slow
def test_the_voltage_goes_on_where_the_twin_ends(twin, charged) -> None:
    """The cell is 4 um thick and its particles 5 voxels across: both models differ by some millivolts."""
    start = start_from_twin(CELL, twin, charged).state
    simulation = Simulation(CELL, initial="x = 0.6", start=start)
    with jax.enable_x64(True):
        stepper = simulation.start_stepper()
        assert stepper.lithium() == pytest.approx(sum(amounts(start)), rel=1e-12)
        current = np.float64(-2.0 * CELL.one_c_current)
        attempt = stepper.restart(Control(np.int32(CURRENT), current))
    relaxed = uniform_state(CELL, float(charged["Mean stoichiometry"][-1])).voltage
    polarization = charged["Voltage [V]"][-1] - relaxed
    assert float(attempt.solve.unknowns.voltage) - relaxed == pytest.approx(polarization, rel=0.25)


@pytest.mark.slow
def test_single_particle_states_are_the_same_at_every_depth(twin) -> None:
    model = SPM(twin.design, CELL.parameters, MESH)
    rest = model.solve(Experiment(["Rest for 1 minute"], initial="x = 0.6"))
    seen, expected = start_from_twin(CELL, twin, rest).state, uniform_state(CELL, 0.6)
    exists = np.asarray(CELL.geometry.active | CELL.geometry.ionic)
    np.testing.assert_allclose(seen.c[exists], expected.c[exists], rtol=1e-9)


@pytest.mark.slow
def test_a_state_with_other_sizes_is_refused(charged) -> None:
    with pytest.raises(ParameterError, match="2 particle sizes"):
        start_from_twin(CELL, homogenize(CELL, sizes=1), charged)


def test_a_state_of_another_cell_is_refused() -> None:
    state = uniform_state(CELL, 0.5)
    short = InitialState(state.c[1:], state.film, state.phi_s, state.phi_e, state.voltage)
    with pytest.raises(GeometryError, match="another cell") as error, jax.enable_x64(True):
        Simulation(CELL, initial="x = 0.5", start=short).start_stepper()
    assert error.value.key == "c"


@pytest.mark.parametrize(("key", "value"), [("c", -1.0), ("c", np.nan), ("film", -1e-10)])
def test_impossible_values_are_refused(key: str, value: float) -> None:
    state = uniform_state(CELL, 0.5)
    parts = {**vars(state), key: np.full_like(getattr(state, key), value)}
    with pytest.raises(GeometryError, match="no cell can have"), jax.enable_x64(True):
        Simulation(CELL, initial="x = 0.5", start=InitialState(**parts)).start_stepper()
