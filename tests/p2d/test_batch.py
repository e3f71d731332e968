"""Batches against single runs: every cell keeps its own steps, ends and failures."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from microcell.errors import ParameterError, ProtocolError, ResultsError
from microcell.p2d import Mesh
from microcell.p2d.batch import solve_batch
from microcell.p2d.mechanism import Lost, Mechanism
from microcell.protocol import Experiment

from .cases import nmc

SMALL = Mesh(3, 3, 5)
PROTOCOL = Experiment(
    ["Charge at 1C until 4.2 V", "Hold at 4.2 V until C/5", "Discharge at 2C until 3.4 V"], initial="x = 0.6"
)
D = "Active diffusivity [m2.s-1]"


class Fade(Mechanism):
    """Cuts particles off at a constant rate."""

    rate: float
    loses_material = True

    def start(self, laws, radius):
        return {"share": jnp.zeros(radius.shape)}

    def advance(self, laws, radius, state, before, after, dt):
        return {"share": state["share"] + self.rate * dt}

    def lost(self, radius, state):
        return Lost(state["share"], jnp.ones(radius.shape))

    def quantities(self, laws, radius, state):
        return {"Share": state["share"]}


def model(diffusivity: float = 3.2e-15, **options):
    base = nmc(SMALL, film=False, mechanisms=(Fade(np.float64(options.pop("rate", 1e-6))),), rows=60)
    design = base.design.model_copy(update={"radii": (options.pop("radius", 5e-6),)})
    return replace(base, design=design, parameters=base.parameters.set(D, diffusivity), **options)


MODELS = [model(), model(2e-15, rate=3e-6), model(6e-15, radius=3e-6)]


@pytest.fixture(scope="module")
def batch():
    return solve_batch(MODELS, PROTOCOL, workers=2, chunk=2)


@pytest.mark.slow
def test_each_cell_runs_as_it_would_alone(batch):
    for alone, trace in zip([one.solve(PROTOCOL) for one in MODELS], batch, strict=True):
        np.testing.assert_allclose(trace["Time [s]"], alone["Time [s]"], rtol=1e-6)
        np.testing.assert_allclose(trace["Voltage [V]"], alone["Voltage [V]"], atol=1e-7)
        np.testing.assert_array_equal(trace.step_number, alone.step_number)
        assert trace.reasons == [step.reason for step in alone.steps]
        np.testing.assert_allclose(
            trace["Discharge capacity [A.h]"], alone["Discharge capacity [A.h]"], atol=1e-9
        )


@pytest.mark.slow
def test_lithium_is_kept_though_material_is_lost(batch):
    for trace in batch:
        moved = np.ptp(trace["Discharge capacity [A.h]"]) * 3600 / 96485.0
        assert np.max(np.abs(trace["Lithium imbalance [mol]"])) < 1e-9 * moved


@pytest.mark.slow
def test_interpolation_ends_with_the_run(batch):
    first, last = batch[0]["Time [s]"][[0, -1]]
    volts = batch.at("Voltage [V]", [first, 0.5 * last, 2 * last])
    assert volts.shape == (3, 3)
    assert np.isfinite(volts[0, :2]).all()
    assert np.isnan(volts[:, 2]).all()
    assert list(batch.to_frame()["Failed"]) == [False] * 3
    with pytest.raises(ResultsError, match=r"Voltage \[V\]"):
        batch[0]["Voltage"]


@pytest.mark.slow
def test_protocols_may_differ_and_a_failure_stays_alone(batch):
    """The second cell is charged until nothing is left: it fails, the first goes on."""
    steps = ["Charge at 1C until 4.2 V", "Rest for 1 s", "Discharge at 1C for 60 s"]
    good = Experiment(steps, initial="x = 0.6")
    bad = Experiment(["Charge at 5C for 2 h", *steps[1:]], initial="x = 0.3")
    first, second = solve_batch(MODELS[:2], [good, bad], chunk=2)
    assert not first.failed
    assert len(first.reasons) == 3
    assert second.failed
    assert "window" in second.reasons[-1]
    assert len(second.reasons) == 1
    assert len(second["Voltage [V]"]) > 5


def test_only_numbers_may_differ():
    other = replace(MODELS[0], mesh=Mesh(4, 3, 5))
    with pytest.raises(ParameterError, match="cell 1"):
        solve_batch([MODELS[0], other], PROTOCOL)
    with pytest.raises(ParameterError, match="tolerance"):
        solve_batch([MODELS[0], replace(MODELS[0], tolerance=1e-3)], PROTOCOL)
    with pytest.raises(ParameterError, match="no cells"):
        solve_batch([], PROTOCOL)
    short = Experiment(["Rest for 1 s"], initial="x = 0.6")
    with pytest.raises(ProtocolError, match="same number of steps"):
        solve_batch(MODELS[:2], [PROTOCOL, short])
