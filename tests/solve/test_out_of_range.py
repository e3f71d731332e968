"""Iterates beyond the range of the model: every residual, slope and law stays a number, and a run that ends
there says so."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_cells import tiny_cell

from microcell import Experiment, ParameterSet
from microcell.cell.jacobian import linearize
from microcell.cell.residual import Context, evaluate
from microcell.cell.state import Control, Inertia
from microcell.errors import SolverError
from microcell.parameters.catalogue import all_laws
from microcell.protocol.resolve import CURRENT
from microcell.results import Solution
from microcell.simulation import Simulation
from microcell.solve.timestep import TimeStepper

NMC = ParameterSet.builtin("nmc811")
NAMED = [(kind, name) for kind, laws in all_laws().items() for name in laws]
OUTSIDE = np.array([-1e30, -1e5, -1.0, -1e-12, 0.0, 1e-300, 1.0, 1.0 + 1e-12, 1.5, 5e3, 1e5, 1e30])


@pytest.mark.parametrize("key", NAMED, ids="-".join)
def test_every_law_has_a_finite_value_and_a_finite_directional_derivative(key: tuple[str, str]) -> None:
    """Far below zero, at zero and far above full: value and jvp are numbers, at 253 K and 333 K."""
    numbers = {name: value for name, value in NMC.items() if isinstance(value, float)}
    law = all_laws()[key[0]][key[1]].build(numbers)
    for T in (253.15, 333.15):
        x = jnp.asarray(OUTSIDE)
        value, slope = jax.jvp(lambda a, T=T: law(a, T), (x,), (jnp.ones_like(x),))
        assert np.all(np.isfinite(value))
        assert np.all(np.isfinite(slope))


@pytest.fixture(scope="module")
def stepper() -> TimeStepper:
    made = Simulation(tiny_cell(NMC), initial="x = 0.5").start_stepper()
    made.restart(Control(np.int32(CURRENT), np.float64(made.one_c)))
    return made


@pytest.mark.parametrize("low", [-2.0, 0.0])
@pytest.mark.parametrize("high", [1.0, 2.5])
def test_residual_and_linearization_are_finite_beyond_empty_and_full(
    stepper: TimeStepper, low: float, high: float
) -> None:
    """Cells at ``low`` and ``high`` times c_max or 1000 mol/m3 in turn, potentials a volt off: all rows and
    coefficients are numbers, and the guarded faces are counted; at most one in a hundred finds no root."""
    system = stepper.system
    scale = np.where(np.asarray(system.geometry.active), float(system.laws.c_max), 1000.0)
    checker = np.indices(scale.shape).sum(axis=0) % 2
    u = stepper.unknowns
    c = jnp.asarray(np.where(checker, low, high) * scale)
    u = u._replace(c=jnp.where(u.c != 0, c, 0.0), phi_e=u.phi_e + 1.0)
    control = Control(np.int32(CURRENT), np.float64(stepper.one_c))
    context = Context(stepper.past.film, Inertia(np.float64(0.1), stepper.past.c[0]), control)
    balance = jax.jit(evaluate)(system, context, u, stepper.past.currents)
    assert int(balance.failures) <= 0.01 * stepper.past.film.size
    assert int(balance.guarded) > 0.4 * stepper.past.film.size
    jacobian = jax.jit(linearize, static_argnums=4)(
        system, context, u, balance.currents, jnp.dtype(jnp.float64)
    )
    for array in jax.tree.leaves((balance.rows, balance.currents, jacobian)):
        assert np.all(np.isfinite(np.asarray(array)))


def test_a_run_that_ends_beyond_the_guard_says_so(tmp_path: Any) -> None:
    """A discharge to 2.6 V leaves faces full: counted in the statistics, and a warning in words."""
    protocol = Experiment(["Discharge at 1C until 3.0 V"], initial="x = 0.93")
    solution = Simulation(tiny_cell(NMC), protocol).solve(tmp_path / "run", progress=False)
    guarded = solution.statistics["largest_number_of_guarded_faces"]
    assert guarded > 0
    assert any(f"up to {guarded} of" in text for text in solution.statistics["warnings"])


def test_a_run_within_the_guard_does_not(tmp_path: Any) -> None:
    solution = Simulation(tiny_cell(NMC), Experiment(["Rest for 2 s"], initial="x = 0.5")).solve(
        tmp_path / "run", progress=False
    )
    assert solution.statistics["largest_number_of_guarded_faces"] == 0
    assert not any("interface faces" in text for text in solution.statistics["warnings"])


HARD: dict[str, dict[str, Any]] = {
    "slow kinetics": {"i0": 1e-3},
    "fast kinetics": {"i0": 1e4},
    "poor conductor": {"Active electronic conductivity [S.m-1]": 1e-5},
    "slow solid": {"Active diffusivity [m2.s-1]": 1e-18},
    "thick film": {"Rocksalt initial thickness [m]": 5e-9},
    "all at once": {
        "i0": 1e-3,
        "Active electronic conductivity [S.m-1]": 1e-5,
        "Active diffusivity [m2.s-1]": 1e-18,
        "Rocksalt initial thickness [m]": 5e-9,
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("case", list(HARD))
@pytest.mark.parametrize("rate", [-5, 5])
def test_extreme_parameters_end_in_an_answer_or_a_diagnosis(case: str, rate: float, tmp_path: Any) -> None:
    """5C for a minute, either way: balances hold in every row that is accepted (1e-7), salt is not used up,
    and where the solver gives up, perhaps at once, the error names equations, phases and voxels."""
    values = dict(HARD[case])
    if "i0" in values:
        typical = np.sqrt(1000.0) * 0.5 * NMC.number("Active maximum concentration [mol.m-3]")
        values["Exchange current density factor [A.m2.5.mol-1.5]"] = values.pop("i0") / typical
    protocol = Experiment([f"{'Charge' if rate < 0 else 'Discharge'} at 5C for 60 s"], initial="x = 0.5")
    simulation = Simulation(tiny_cell(NMC.with_values(values)), protocol)
    try:
        solution = simulation.solve(tmp_path / "run", progress=False)
    except SolverError as error:
        text = str(error)
        assert "lithium balance: " in text
        assert "worst cells" in text
        solution = Solution.load(tmp_path / "run")
        assert solution.status.startswith("failed")
        if not len(solution.timeseries):
            return
    rows = solution.timeseries
    assert np.all(np.isfinite(rows.to_numpy(float)))
    assert rows["Lithium drift"].abs().max() <= 1e-7
    assert rows["Charge balance error"].abs().max() <= 1e-7
    assert np.allclose(rows["C-rate"], rate, rtol=1e-7)
    assert rows["Minimum electrolyte concentration [mol.m-3]"].min() > 0
