"""Every kind of effect in a whole cell: resistance, side current, smaller cores, fewer particles.

All runs share one compiled program: mechanisms that are off have numbers that leave them without effect.
"""

import jax.numpy as jnp
import numpy as np
import pytest

from microcell.p2d import Mesh
from microcell.p2d.degradation.builtin import from_dict
from microcell.p2d.degradation.parameter import parameter
from microcell.p2d.mechanism import Lost, Mechanism
from microcell.parameters.constants import F
from microcell.protocol import Experiment

from ..cases import nmc

CYCLE = Experiment(
    ["Charge at C/2 until 4.3 V", "Hold at 4.3 V until C/20", "Discharge at C/20 until 3.5 V"],
    initial="x = 0.6",
)
OFF = {
    "shrinking_core": {"Shell initial thickness [m]": 0.0, "Shell threshold stoichiometry": 0.0},
    "interphase": {
        "CEI initial thickness [m]": 0.0,
        "CEI reaction rate [m.s-1]": 1e-30,
        "CEI transfer coefficient": 0.0,
    },
    "oxidation": {"Oxidation exchange current density [A.m-2]": 0.0, "Oxidation transfer coefficient": 0.0},
    "dissolution": {"Initial water concentration [mol.m-3]": 0.0},
}


class CutOff(Mechanism):
    """Particles that lose contact while lithium leaves them, at most a given share."""

    most: float = parameter("Isolated share")
    loses_material = True

    def start(self, laws, radius):
        return {"isolated": jnp.zeros(radius.shape)}

    def advance(self, laws, radius, state, before, after, dt):
        left = jnp.maximum(before.current + after.current, 0.0) * dt
        return {"isolated": jnp.minimum(self.most, state["isolated"] + left)}

    def lost(self, radius, state):
        return Lost(isolated=state["isolated"], core=jnp.ones(radius.shape))

    def quantities(self, laws, radius, state):
        return {"Isolated share": state["isolated"]}


def solve(experiment=CYCLE, cut_off=0.0, **changed):
    tables = {name: {**table, **changed.get(name, {})} for name, table in OFF.items()}
    return nmc(Mesh(5, 5, 6), mechanisms=(*from_dict(tables), CutOff(cut_off))).solve(experiment)


def discharged(solution) -> float:
    """Capacity of the last step [A.h]."""
    last = solution["Discharge capacity [A.h]"][solution.step_number == 2]
    return last[-1] - last[0]


def surface_per_area(solution) -> np.ndarray:
    """Active surface of every volume and size per cross-section, (E, P)."""
    electrode = solution.cell.positive
    return np.asarray(solution.cell.width)[electrode.place, None] * electrode.interface


@pytest.fixture(scope="module")
def fresh():
    return solve()


@pytest.mark.slow
def test_without_effects_nothing_is_lost(fresh):
    assert fresh.lithium_drift < 1e-10
    assert fresh["Loss of active material in positive electrode [%]"][-1] == 0.0
    assert fresh["Loss of lithium inventory [%]"][-1] == pytest.approx(0.0, abs=1e-10)


@pytest.mark.slow
def test_resistance_costs_its_voltage():
    """A layer of 10 nm and 1e6 ohm m at the start of a discharge: 10 mohm m2 times the current."""
    layer = {"CEI initial thickness [m]": "10 nm", "CEI resistivity [Ohm.m]": 1e6}
    step = Experiment(["Discharge at 1C for 1 s"], initial="x = 0.5")
    without, having = solve(step), solve(step, interphase=layer)
    drop = without["Voltage [V]"][0] - having["Voltage [V]"][0]
    current = having["Current [A]"][0] / surface_per_area(having).sum()
    assert drop == pytest.approx(0.01 * current, rel=0.02)
    assert having.lithium_drift < 1e-10


@pytest.mark.slow
def test_side_current_fills_the_particles_at_rest():
    """Without a current outside, what oxidation gives to the solid goes into the particles as lithium."""
    current = {"Oxidation exchange current density [A.m-2]": 0.01}
    rest = solve(Experiment(["Rest for 2 hours"], initial="x = 0.5"), oxidation=current)
    charge = surface_per_area(rest).sum() * 0.01 * 7200.0
    solid = rest.record.solid
    assert solid[-1] - solid[0] == pytest.approx(charge / F, rel=1e-6)
    booked = np.sum(rest["Electrolyte oxidation charge [C.m-2]"][-1] * surface_per_area(rest))
    assert booked == pytest.approx(charge, rel=1e-9)
    assert np.abs(rest["Lithium imbalance [mol]"]).max() < 1e-10 * charge / F


@pytest.mark.slow
def test_cores_shrink_and_capacity_with_them(fresh):
    shell = {
        "Shell threshold stoichiometry": 0.3,
        "Shell forward rate constant [m.s-1]": 1e-11,
        "Shell resistivity [Ohm.m]": 0.0,
    }
    aged = solve(shrinking_core=shell)
    lost = aged["Loss of active material in positive electrode [%]"][-1] / 100
    assert 0.01 < lost < 0.1
    assert aged.lithium_drift < 1e-10
    assert discharged(aged) / discharged(fresh) == pytest.approx(1 - lost, abs=0.1 * lost)
    at = np.flatnonzero(aged.step_number == 2)[0]  # material leaves the geometry between steps
    trapped = np.sum(aged["Loss of lithium to shell [mol.m-2]"][at] * surface_per_area(aged))
    assert aged.record.trapped[at] == pytest.approx(trapped, rel=1e-9)
    assert aged["Mean loss of active material to shell"][at] == pytest.approx(lost, rel=2e-3)


@pytest.mark.slow
def test_dissolution_takes_volume_and_no_lithium(fresh):
    acid = {
        "Initial proton concentration [mol.m-3]": 4000.0,
        "Dissolution rate constant [m.s-1]": 1e-9,
    }
    aged = solve(dissolution=acid)
    lost = aged["Loss of active material in positive electrode [%]"][-1] / 100
    assert lost == pytest.approx(aged["Mean loss of active material to dissolution"][-1], rel=1e-6)
    expected = 3 * 4000.0 * 6.4e-7 / 4 / (float(aged.cell.laws.c_max) * 5e-6)
    assert lost == pytest.approx(expected, rel=1e-6)
    assert aged.record.trapped[-1] == pytest.approx(0.0, abs=1e-9 * aged.record.solid[0])
    assert aged.lithium_drift < 1e-10


@pytest.mark.slow
def test_isolated_particles_keep_their_lithium_and_take_no_more(fresh):
    aged = solve(cut_off=0.1)
    assert aged["Loss of active material in positive electrode [%]"][-1] == pytest.approx(10.0)
    assert discharged(aged) / discharged(fresh) == pytest.approx(0.9, abs=2e-3)
    assert aged.record.trapped[-1] > 0.0
    assert aged.lithium_drift < 1e-10
