"""SPM and SPMe: exact cases, Newton's update, the way to the DFN, lithium, sizes, ageing, sensitivities."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

from microcell.errors import ParameterError
from microcell.p2d import DFN, SPM, Design, Mesh, SPMe, build_cell
from microcell.p2d.ageing import effects, fresh
from microcell.p2d.control import Imposed
from microcell.p2d.degradation.builtin import builtin
from microcell.p2d.equations import Step, residual
from microcell.p2d.newton import solve_step
from microcell.p2d.replay import solve_differentiably
from microcell.p2d.state import uniform, voltage
from microcell.p2d.uniform_newton import linearize, solve_linear
from microcell.p2d.uniform_reaction import balances, means_of, potentials
from microcell.parameters.constants import F, R
from microcell.protocol import Experiment
from microcell.protocol.resolve import CURRENT, POWER, VOLTAGE

from .cases import CHEN_CCCV, NMC_DESIGN, XU_DESIGN, chen, nmc, xu, xu_discharge

RANDOM = np.random.default_rng(7)
SMALL = Mesh(6, 6, 8)
FEW = Mesh(3, 4, 5, negative=3)
TWO_SIZES = Design(**{**NMC_DESIGN.model_dump(), "radii": (3e-6, 7e-6), "weights": (0.4, 0.6)})


def two_sizes(mesh, kind):
    return kind(TWO_SIZES, nmc(mesh).parameters, mesh)


def a_step(cell, mode, target, side=0.0):
    """A relaxed state, and a step of 8 s away from it with degradation and a side current."""
    x = (jnp.asarray(0.6),) * len(cell.electrodes)
    u = uniform(cell, x)
    ageing = tuple(e._replace(side=e.side + side) for e in effects(cell, fresh(cell), u))
    a0 = jnp.asarray(1.4)
    past = tuple(-a0 * c for c in u.c_s)
    return u, Step(
        jnp.asarray(8.0), a0, past, -a0 * u.c_e, ageing, Imposed(np.int32(mode), np.float64(target))
    )


# --- exact cases -----------------------------------------------------------------------------------


def sphere_surface(tau, terms=300):
    """(c - c0) D / (j R) at the surface of a sphere with constant inflow j from tau = 0 on.

    Crank, The Mathematics of Diffusion (1975), Eq. 6.45: ``3 tau + 1/5 - 2 sum exp(-l^2 tau) / l^2`` with
    ``tan l = l``.
    """
    roots = np.array(
        [brentq(lambda s: np.sin(s) - s * np.cos(s), k * np.pi, (k + 0.5) * np.pi) for k in range(1, terms)]
    )
    return 3 * tau + 0.2 - 2 * np.sum(np.exp(-np.outer(tau, roots**2)) / roots**2, axis=1)


def exact_spm_voltage(cell, t, x0, applied):
    """Terminal voltage of the half cell at constant current: sphere, Butler-Volmer there and at lithium."""
    laws, e = cell.laws, cell.positive
    inflow = applied / (float(np.sum(cell.width[e.place])) * float(e.interface[0, 0]))
    radius, D = float(e.radius[0, 0]), float(laws.diffusivity_s(0.5, laws.temperature))
    c = x0 * laws.c_max + inflow / F * radius / D * sphere_surface(D * t / radius**2)
    i0 = laws.i00 * np.sqrt(cell.salt * c * (laws.c_max - c))
    metal = laws.lithium_i0 * np.sqrt(cell.salt / laws.lithium_c_ref)
    thermal = 2 * R * laws.temperature / F
    at_lithium = thermal * np.arcsinh(applied / (2 * metal)) + laws.collector_contact * applied
    ocp = np.array([float(laws.ocp(x, laws.temperature)) for x in c / laws.c_max])
    return ocp - thermal * np.arcsinh(inflow / (2 * i0)) - at_lithium


@pytest.mark.slow
def test_spm_is_a_sphere_with_charge_transfer():
    """Half an hour at 1C: a quarter of the error with half the shells; extrapolated, within 1 uV."""
    volts = []
    for radial in (20, 40):
        model = xu(Mesh(1, 2, radial), SPM, tolerance=1e-6)
        run = model.solve(Experiment(["Discharge at 2.4 mA for 30 minutes"], initial="x = 0.3"))
        volts.append(run["Voltage [V]"][-1])
    exact = exact_spm_voltage(run.cell, np.array([1800.0]), 0.3, 2.4e-3 / XU_DESIGN.area)[0]
    errors = np.array(volts) - exact
    assert abs(errors[1]) < 25e-6
    assert 3.8 < errors[0] / errors[1] < 4.2
    assert abs(4 * errors[1] - errors[0]) / 3 < 1e-6


def test_mean_ohmic_drops_are_a_third():
    """``L / (3 kappa)`` from the separator to the mean of phi_e, ``L / (3 sigma)`` from that of phi_s on."""
    cell, applied = nmc(Mesh(2, 100, 2), SPMe).cell(), jnp.asarray(10.0)
    salt, at = cell.salt * jnp.ones(cell.volumes), cell.positive.place
    phi_e, phi_s = potentials(cell, (jnp.asarray(3.9),), salt, applied)
    kappa = cell.transport * cell.laws.conductivity_e(salt, cell.laws.temperature)
    border = phi_e[1] - applied * 0.5 * cell.width[1] / kappa[1]
    drop = applied * NMC_DESIGN.electrode_thickness / 3
    assert float(border - jnp.mean(phi_e[at])) == pytest.approx(float(drop / kappa[-1]), rel=1e-4)
    end = phi_s[-1] - applied * 0.5 * cell.width[-1] / cell.conductivity_s[-1]
    assert float(jnp.mean(phi_s[at]) - end) == pytest.approx(float(drop / cell.conductivity_s[-1]), rel=1e-4)
    assert float(jnp.mean((phi_s - phi_e)[at])) == pytest.approx(3.9)


@pytest.mark.parametrize(("make", "kind"), [(two_sizes, SPMe), (chen, SPMe), (chen, SPM)])
def test_update_solves_the_linearized_equations(make, kind):
    """At a state off balance in every field: the balances' derivative along the update is minus them."""
    cell = make(FEW, kind=kind).cell()
    u, step = a_step(cell, POWER if cell.metal else VOLTAGE, 90.0 if cell.metal else 3.9, side=0.02)
    m = means_of(cell, u._replace(applied=u.applied - 25.0, current=tuple(i + 0.4 for i in u.current)))
    m = jax.tree.map(lambda leaf: leaf * (1 + 0.01 * RANDOM.normal(size=leaf.shape)), m)

    @jax.jit
    def update(cell, step, m):
        r = balances(cell, step, m)
        dm = solve_linear(cell, linearize(cell, step, m), r)
        return r, jax.jvp(lambda v: balances(cell, step, v), (m,), (dm,))[1]

    r, along = update(cell, step, m)
    for name, lefts, moves in zip(r._fields, r, along, strict=True):
        for left, moved in zip(jax.tree.leaves(lefts), jax.tree.leaves(moves), strict=True):
            scale = max(float(jnp.max(jnp.abs(left))), 1e-9)
            np.testing.assert_allclose(moved, -left, rtol=0, atol=1e-8 * scale, err_msg=name)


@pytest.mark.parametrize("make", [two_sizes, chen])
def test_spme_solves_the_dfn_with_even_reaction(make):
    """All balances of the DFN hold at its solution, those of salt, charge and Ohm's law in every volume."""
    cell = make(FEW, kind=SPMe).cell()
    u, step = a_step(cell, CURRENT, -30.0, side=0.02)
    guess = u._replace(applied=jnp.asarray(-30.0))
    u, converged, _ = jax.jit(solve_step)(cell, step, guess)
    assert bool(converged)
    left = residual(cell, step, u)
    assert max(float(jnp.max(jnp.abs(k))) for k in left.kinetics) < 1e-8
    assert float(jnp.max(jnp.abs(left.through[:, 0]))) < 1e-10  # of 0.02 mol.m-2 in a volume
    assert float(jnp.max(jnp.abs(left.through[:, 1:]))) < 1e-8
    assert abs(float(left.entering)) < 1e-12
    assert float(jnp.std(u.c_e)) > 0.1


def test_equal_sizes_are_one():
    equal = Design(**{**NMC_DESIGN.model_dump(), "radii": (5e-6, 5e-6), "weights": (0.3, 0.7)})
    volts = []
    for design in (NMC_DESIGN, equal):
        cell = SPMe(design, nmc(FEW).parameters, FEW).cell()
        u, step = a_step(cell, VOLTAGE, 3.95)
        volts.append(float(jax.jit(solve_step)(cell, step, u)[0].applied))
    assert volts[0] == pytest.approx(volts[1], rel=1e-9)
    assert volts[0] < -5.0


# --- the way to the DFN ----------------------------------------------------------------------------


def end_voltage(kind, rate, mesh=SMALL):
    """After a fifth of the charge of 43.5 A.h.m-2 at a rate."""
    seconds = 0.2 / rate * 3600.0
    steps = [f"Charge at {43.5 * rate!r} A/m2 for {seconds!r} s"]
    run = nmc(mesh, kind, tolerance=1e-6).solve(Experiment(steps, initial="x = 0.8"))
    assert run.lithium_drift < 1e-9
    return run["Voltage [V]"][-1]


@pytest.mark.slow
def test_orders_in_current():
    """At equal charge the SPMe errs by the current squared, the SPM by the current.

    Where particles have had time to follow, charge transfer differs between places by the ohmic drop, of the
    order of the current; the mean over the electrode leaves its square. The SPM leaves out the drop itself.
    """
    rates = (1 / 8, 1 / 16, 1 / 32)
    dfn = np.array([end_voltage(DFN, rate) for rate in rates])
    for kind, order in ((SPMe, 2), (SPM, 1)):
        errors = np.abs([end_voltage(kind, rate) for rate in rates] - dfn)
        slopes = np.log2(errors[:-1] / errors[1:])
        np.testing.assert_allclose(slopes, order, atol=0.1)


@pytest.mark.slow
def test_distance_from_the_dfn_at_a_third_of_1c():
    """Root mean square over the first nine tenths of a charge: below 1 mV for the SPMe, not for the SPM."""
    charge = Experiment(["Charge at 14.5 A/m2 until 4.3 V"], initial="x = 0.85")
    dfn, spme, spm = (nmc(SMALL, kind).solve(charge) for kind in (DFN, SPMe, SPM))
    times = np.linspace(60.0, 0.9 * dfn["Time [s]"][-1], 200)
    distance = [
        np.sqrt(np.mean((run.at("Voltage [V]", times) - dfn.at("Voltage [V]", times)) ** 2))
        for run in (spme, spm)
    ]
    assert distance[0] < 1e-3
    assert 10 * distance[0] < distance[1] < 30e-3


# --- runs ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_full_cells_charge_hold_and_rest():
    """The steps end as they are told to, at a held voltage that is the one asked for."""
    run = chen(FEW, SPMe).solve(CHEN_CCCV)
    assert [step.reason.split()[0] for step in run.steps] == ["voltage", "current", "duration"]
    np.testing.assert_allclose(run["Voltage [V]"][run.step_number == 1], 4.2, rtol=1e-7)
    assert run.lithium_drift < 1e-11


@pytest.mark.slow
def test_small_particles_lead_and_lost_material_is_booked():
    """Two sizes with film and a shrinking core, which takes material out of the geometry after each step."""
    model = SPM(TWO_SIZES, nmc(SMALL).parameters, SMALL, mechanisms=(builtin("shrinking_core"),))
    steps = ["Charge at 1C until 4.4 V", "Hold at 4.4 V for 30 minutes", "Discharge at 1C until 3.5 V"]
    run = model.solve(Experiment(steps, initial="x = 0.6"))
    assert run["Stoichiometry"].shape[1:] == (1, 2)
    first = np.flatnonzero(run.step_number == 0)[-1]
    assert run["Stoichiometry"][first, 0, 0] < run["Stoichiometry"][first, 0, 1] - 0.01
    assert run["Loss of active material in positive electrode [%]"][-1] > 1e-3
    assert run.lithium_drift < 1e-9


def with_factors(cell, factors):
    """Diffusivity, electrolyte transport and initial salt times factors."""

    def places(c):
        return c.positive.laws.diffusivity_s.value, c.transport, c.salt

    return eqx.tree_at(places, cell, [factors[k] * value for k, value in enumerate(places(cell))])


def forward_and_differences(function):
    compiled, one = jax.jit(function), jnp.ones(3)
    moves = 1e-4 * jnp.eye(3)
    differences = np.stack([(compiled(one + move) - compiled(one - move)) / 2e-4 for move in moves], -1)
    return jax.jit(jax.jacfwd(function))(one), differences


def test_sensitivity_of_a_step_of_the_spm():
    """Of V, forward, against central differences; nothing resists through the plane."""
    cell = nmc(FEW, SPM, film=True).cell()

    def after_a_step(factors):
        other = with_factors(cell, factors)
        u, step = a_step(other, CURRENT, -30.0)
        guess = u._replace(applied=jnp.asarray(-30.0))
        return voltage(other, solve_differentiably(other, step, guess)[0])

    forward, differences = forward_and_differences(after_a_step)
    np.testing.assert_allclose(forward, differences, atol=1e-6 * np.abs(differences).max())
    assert forward[1] == 0.0
    assert abs(forward[2]) > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("kind", [SPM, SPMe])
def test_half_cell_is_that_of_pybamm(kind):
    """Xu2019 at C/3: the same SPM; an SPMe whose electrolyte PyBaMM linearizes, which matters little here."""
    pybamm = pytest.importorskip("pybamm")
    model = getattr(pybamm.lithium_ion, kind.__name__)({"working electrode": "positive"})
    points = dict.fromkeys(("x_n", "x_s", "x_p", "r_n", "r_p"), 40)
    values = pybamm.ParameterValues("Xu2019")
    values["Current function [A]"] = 0.8e-3
    theirs = pybamm.Simulation(model, parameter_values=values, var_pts=points).solve([0, 9000])
    ours = xu(Mesh(10, 10, 40), kind).solve(xu_discharge(1 / 3))
    times = np.linspace(60.0, 9000.0, 100)
    difference = ours.at("Voltage [V]", times) - theirs["Voltage [V]"](times)
    assert np.sqrt(np.mean(difference**2)) < 0.2e-3


def test_a_wrong_model_is_refused():
    with pytest.raises(ParameterError, match="SPMe"):
        build_cell(NMC_DESIGN, nmc(FEW).parameters, FEW, model="SPME")
