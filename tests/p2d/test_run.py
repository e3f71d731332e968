"""Runs on a small mesh: events, conservation, film, sizes, records, compilation, errors, sensitivities."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import trapezoid

from microcell.errors import ParameterError, ResultsError, SolverError
from microcell.p2d import Design, Mesh, advance
from microcell.p2d.control import VOLTAGE_TOLERANCE, constant
from microcell.p2d.replay import replay
from microcell.parameters.constants import K_B_EV
from microcell.protocol import Experiment, Profile, follow
from microcell.protocol.resolve import CURRENT

from .cases import NMC_DESIGN, nmc

SMALL = Mesh(6, 6, 8)
ROWS = 25
CCCV = Experiment(
    ["Charge at 1C until 4.3 V", "Hold at 4.3 V until C/10", "Discharge at 100 W/m2 until 3.5 V"],
    initial="x = 0.6",
)


@pytest.fixture(scope="module")
def solved():
    return half_cell().solve(CCCV)


def half_cell(**options):
    """With few rows per compiled call, so that every longer step of a protocol fills its records."""
    return nmc(SMALL, film=True, rows=ROWS, **options)


@pytest.mark.slow
def test_steps_end_where_they_were_told_to(solved):
    ends = [np.flatnonzero(solved.step_number == k)[-1] for k in range(3)]
    voltage, current = solved["Voltage [V]"], solved["Current [A]"]
    assert 0 <= voltage[ends[0]] - 4.3 <= VOLTAGE_TOLERANCE
    assert 0 <= 3.5 - voltage[ends[2]] <= VOLTAGE_TOLERANCE
    one_c = float(nmc(SMALL).cell().one_c)
    assert current[ends[1]] == pytest.approx(-one_c / 10, rel=2e-4)
    last = solved.step_number == 2
    np.testing.assert_allclose((voltage * current)[last], 100.0, rtol=1e-6)
    np.testing.assert_allclose(voltage[solved.step_number == 1], 4.3, rtol=1e-7)
    assert solved.steps[0].reason == "voltage 4.3 V reached"


@pytest.mark.slow
def test_lithium_is_kept(solved):
    assert solved.lithium_drift < 1e-9


@pytest.mark.slow
def test_film_follows_its_law_along_the_recorded_surface(solved):
    """L^2 = L0^2 + 2 K integral of s(c_so): the share integrated here from the recorded times."""
    p = nmc(SMALL).parameters.number
    T, x = p("Temperature [K]"), solved["Surface stoichiometry"]
    energy = p("Rocksalt vacancy energy slope [eV]") * (x - p("Rocksalt vacancy energy zero stoichiometry"))
    below = x * p("Active maximum concentration [mol.m-3]") < p("Rocksalt critical concentration [mol.m-3]")
    share = np.where(below, 1 / (1 + np.exp(energy / (K_B_EV * T))), 0.0)
    t, start = solved["Time [s]"], p("Rocksalt initial thickness [m]")
    grown = 2 * p("Rocksalt growth constant [m2.s-1]") * trapezoid(share, t, axis=0)
    seen = solved["Rocksalt thickness [m]"][-1]
    assert seen.min() > 1.05 * start
    np.testing.assert_allclose(seen**2 - start**2, grown, rtol=0.03)


@pytest.mark.slow
def test_film_costs_voltage(solved):
    model = half_cell()
    thin = replace(model, parameters=model.parameters.set("Rocksalt initial thickness [m]", 1e-12)).solve(
        CCCV
    )
    assert thin.steps[0].end > solved.steps[0].end


@pytest.mark.slow
def test_other_numbers_do_not_compile_again(solved):
    before = advance.run_step._cache_size()
    other = half_cell(tolerance=3e-4)
    thicker = other.parameters.set("Rocksalt initial thickness [m]", 4e-10)
    protocol = Experiment(["Discharge at C/2 for 5 minutes", "Rest for 1 minute"], initial="3.9 V")
    seen = replace(other, parameters=thicker).solve(protocol)
    assert seen.steps[-1].end == pytest.approx(360.0)
    assert advance.run_step._cache_size() == before


@pytest.mark.slow
def test_full_records_go_on(solved):
    """Every accepted step stands in the records once, though one compiled call holds only `ROWS`."""
    assert max(step.accepted for step in solved.steps) > ROWS
    for k, report in enumerate(solved.steps):
        here = solved.step_number == k
        assert here.sum() == report.accepted + 1
        assert np.all(np.diff(solved["Time [s]"][here]) > 0)


@pytest.mark.slow
def test_equal_bins_are_one():
    values = {**NMC_DESIGN.model_dump(), "radii": (5e-6, 5e-6), "weights": (0.3, 0.7)}
    model = half_cell()
    two = replace(model, design=Design(**values)).solve(CCCV)
    one = model.solve(CCCV)
    np.testing.assert_allclose(two["Voltage [V]"][-1], one["Voltage [V]"][-1], atol=1e-7)
    np.testing.assert_allclose([s.end for s in two.steps], [s.end for s in one.steps], rtol=1e-7)
    thick = two["Rocksalt thickness [m]"][-1]
    np.testing.assert_allclose(thick[:, 0], thick[:, 1], rtol=1e-9)


@pytest.mark.slow
def test_small_particles_lead():
    values = {**NMC_DESIGN.model_dump(), "radii": (2e-6, 8e-6), "weights": (0.5, 0.5)}
    two = replace(half_cell(), design=Design(**values)).solve(
        Experiment(["Charge at 1C for 10 minutes"], initial="x = 0.6")
    )
    mean = two["Stoichiometry"][-1]
    assert np.all(mean[:, 0] < mean[:, 1] - 0.02)


@pytest.mark.slow
def test_a_step_without_cut_off_ends_at_the_window_and_keeps_what_was_computed():
    with pytest.raises(SolverError, match=r"left the window") as caught:
        half_cell().solve(Experiment(["Discharge at 1C for 3 hours"], initial="x = 0.6"))
    partial = caught.value.partial
    assert partial["Voltage [V]"][-1] < 2.0 + 0.1
    assert len(partial["Time [s]"]) > 20


@pytest.mark.slow
def test_sensitivity_is_that_of_the_discrete_solution():
    """Adjoint of the end voltage by diffusivity, thickness and salt, against central differences."""
    model = nmc(Mesh(3, 3, 5), film=True, tolerance=1e-3)
    run = model.solve(Experiment(["Charge at 43.5 A/m2 for 20 minutes"], initial="x = 0.8"))
    cell, control = model.cell(), constant(CURRENT, -43.5)

    def places(c):
        return c.positive.laws.diffusivity_s.value, c.width, c.salt

    @jax.jit
    @jax.value_and_grad
    def voltage(factors):
        other = eqx.tree_at(places, cell, [f * v for f, v in zip(factors, places(cell), strict=True)])
        return replay(other, (jnp.asarray(0.8),), control, run.record.time, run.record.order).voltage[-1]

    value, gradient = voltage(jnp.ones(3))
    # the replay iterates further than the run, which leaves a small share of its tolerance
    assert float(value) == pytest.approx(run["Voltage [V]"][-1], abs=1e-2 * model.tolerance)
    for k, own in enumerate(gradient):
        move = 1e-4 * jnp.eye(3)[k]
        difference = (voltage(1 + move)[0] - voltage(1 - move)[0]) / 2e-4
        assert float(own) == pytest.approx(float(difference), rel=1e-5)
        assert abs(own) > 1e-4


def test_names_are_suggested(solved):
    with pytest.raises(ResultsError, match=r"Voltage \[V\]"):
        solved["Voltage"]
    assert {"Time [s]", "Voltage [V]", "Current [A]"} <= set(solved.to_frame().columns)


@pytest.mark.parametrize(
    ("key", "value"),
    [("weights", (0.5, 0.5)), ("porosity", 0.9), ("radii", (-1e-6,)), ("tortuosity", 0.0)],
)
def test_impossible_electrodes_are_refused(key, value):
    with pytest.raises(ParameterError, match=key if key != "porosity" else "active_fraction"):
        Design(**{**NMC_DESIGN.model_dump(), key: value})


@pytest.mark.slow
def test_a_drive_cycle_is_followed_and_its_corners_are_met():
    """Currents at all accepted times are those of the table; the charge is its integral."""
    times, rates = [0.0, 30.0, 31.0, 90.0, 120.0], [0.5, 1.0, -1.0, -0.2, 2.0]
    step = follow(Profile.of(times, rates, "C"))
    model = half_cell()
    solution = model.solve(Experiment([step, "Rest for 10 seconds"], initial="x = 0.6"))
    one_c = float(model.cell().one_c)
    t, here = solution["Time [s]"], solution.step_number == 0
    wanted = np.interp(t[here], times, rates) * one_c
    np.testing.assert_allclose(solution["Current [A]"][here], wanted, rtol=1e-9, atol=1e-12)
    for corner in times:
        assert np.min(np.abs(t - corner)) < 1e-5
    charge = np.trapezoid(rates, times) * one_c / 3600
    assert solution["Discharge capacity [A.h]"][-1] == pytest.approx(charge, abs=2e-3 * abs(charge))
    assert solution.steps[0].reason.startswith("duration 120 s")
