"""Kinetic Monte Carlo against exact answers of lattices without interactions, and against equilibrium."""

from dataclasses import replace

import numpy as np
import pytest

from microcell.atomistic.kmc import Bonds, Settings, jump_diffusivity, simulate, tracer_diffusivity
from microcell.atomistic.kmc.equilibrium import Equilibrium, Filling
from microcell.atomistic.kmc.kernel import run_block
from microcell.atomistic.kmc.setup import conditions_of, lowest_barrier, rules_of, state_of
from microcell.errors import AtomisticError
from microcell.parameters.constants import K_B_EV

from .models import toy

T = 300.0
RATE = 1e13 * np.exp(-0.3 / (K_B_EV * T))
SETTINGS = Settings(size=6, replicas=64, tolerance=0.05)


@pytest.mark.parametrize("x", [0.25, 0.75])
def test_free_lithium(x: float) -> None:
    """D_J = D0 (1 - x) N/(N - 1) with D0 = z rate a^2 / 2d, whether lithium or vacancies are moved."""
    run = simulate(toy(), x, T, SETTINGS)
    exact = 1.5 * RATE * 1e-20 * (1 - x) * 36 / 35
    found = jump_diffusivity(run)
    assert found.standard_error <= 0.05 * found.mean
    assert abs(found.mean - exact) < 4 * found.standard_error
    tracer = tracer_diffusivity(run)
    assert 0.4 * exact < tracer.mean < exact  # tracers are slowed by correlation, the centre is not


def test_time_of_a_single_vacancy() -> None:
    """It leaves its site z times per 1/rate: every attempt is a hop, and time is exact."""
    run = simulate(toy(), 35 / 36, T, SETTINGS)
    assert run.filling.vacancies == 1
    assert run.hops == run.attempts * run.blocks * 64
    assert run.attempts / run.block_time == pytest.approx(6 * RATE, rel=1e-5)


def test_hops_keep_equilibrium() -> None:
    """Mean energy after hops is that of exchanges over any distance, which know nothing of barriers."""
    model = toy(kind="vacant neighbours", barriers=(0.4, 0.3, 0.3), pairs_eV=(0.04,))
    shape, filling, thermal = (6, 6), Filling(36, 0, 18), K_B_EV * T
    bonds = Bonds.of(model.lattice, shape)
    gates = model.hop_barriers.gates(bonds)
    floor = lowest_barrier(gates, bonds, model.energies, thermal)
    conditions = conditions_of(filling, gates, floor, thermal, 6)
    settings = replace(SETTINGS, replicas=256)
    start = filling.at_random(256, np.random.default_rng(5))
    rules = rules_of(bonds, model.energies, gates)
    state, _ = run_block(state_of(start, filling, settings), rules, conditions, 4000, count=36, z=6)
    hopped = np.asarray(state.occupation).reshape(256, 36) == 1
    assert (hopped.sum(1) == 18).all()
    assert float(state.largest.max()) <= 1.0 + 1e-5
    exchanged = Equilibrium(model.lattice, shape, model.energies, filling, thermal, 256, 1).start() == 1
    means, errors = [], []
    for lithium in (hopped, exchanged, start == 1):
        energy = model.energies.energy(model.lattice, shape, lithium)
        means.append(energy.mean())
        errors.append(energy.std() / 16)
    assert abs(means[0] - means[1]) < 4 * np.hypot(*errors[:2])
    assert means[2] - means[1] > 10 * errors[1]  # the start was not in equilibrium


def test_closed_network() -> None:
    """Few lithium sites between metals: hops go to and fro, and no card claims a diffusivity."""
    model = toy("fcc", "tetrahedra", (0.3, np.inf, np.inf), blocked=0.8)
    run = simulate(model, 0.5, T, replace(SETTINGS, size=6, tolerance=0.1))
    assert run.hops > 1000
    assert not run.transports


def test_refused() -> None:
    for x, message in ((0.0, "between 0 and 1"), (1.2, "between 0 and 1"), (0.999, "holds no vacancy")):
        with pytest.raises(AtomisticError, match=message):
            simulate(toy(), x, T, SETTINGS)
    with pytest.raises(AtomisticError, match="temperature"):
        simulate(toy(), 0.5, -1.0, SETTINGS)
    with pytest.raises(AtomisticError, match="replicas"):
        Settings(replicas=2)
    with pytest.raises(AtomisticError, match="tolerance"):
        Settings(tolerance=2.0)


def test_too_few_attempts() -> None:
    with pytest.raises(AtomisticError, match="allow more attempts"):
        simulate(toy(), 0.25, T, replace(SETTINGS, tolerance=1e-3, most_attempts=1e6))


def test_no_way_out() -> None:
    """A single vacancy cannot move where only divacancies can."""
    model = toy(kind="vacant neighbours", barriers=(np.inf, 0.3, 0.3))
    with pytest.raises(AtomisticError, match="No hop is possible"):
        simulate(model, 35 / 36, T, SETTINGS)
