"""Kinetic Monte Carlo against exact answers of lattices without interactions, and against equilibrium."""

from dataclasses import replace

import numpy as np
import pytest

from microcell.atomistic.kmc import Settings, jump_diffusivity, simulate, tracer_diffusivity
from microcell.atomistic.kmc.equilibrium import Configurations, Equilibrium
from microcell.atomistic.kmc.group import Group
from microcell.atomistic.kmc.setup import Supercell
from microcell.errors import AtomisticError
from microcell.parameters.constants import K_B_EV

from .models import toy

T = 300.0
RATE = 1e13 * np.exp(-0.3 / (K_B_EV * T))
SETTINGS = Settings(size=6, replicas=1024, groups=8, tolerance=0.05)


@pytest.mark.parametrize("x", [0.25, 0.75])
def test_free_lithium(x: float) -> None:
    """D_J = D0 (1 - x) N/(N - 1) with D0 = z rate a^2 / 2d, whether lithium or vacancies are moved."""
    run = simulate(toy(), x, T, SETTINGS)
    exact = 1.5 * RATE * 1e-20 * (1 - x) * 36 / 35
    found = jump_diffusivity(run)
    assert found.standard_error <= 0.08 * found.mean
    assert abs(found.mean - exact) < 4 * found.standard_error
    tracer = tracer_diffusivity(run)
    assert 0.4 * exact < tracer.mean < exact  # tracers are slowed by correlation, the centre is not


def test_time_of_a_single_vacancy() -> None:
    """It leaves its site z times per 1/rate; the time of an attempt is exact."""
    run = simulate(toy(), 35 / 36, T, SETTINGS)
    assert run.filling.vacancies == 1
    assert run.attempts / (run.blocks * run.replicas * run.block_time) == pytest.approx(
        36 * 3 * RATE, rel=0.02
    )
    hops = run.hops / (run.blocks * run.replicas * run.block_time)
    assert hops == pytest.approx(6 * RATE, rel=4 / np.sqrt(run.hops))


def test_hops_keep_equilibrium() -> None:
    """Mean energy after hops is that of exchanges over any distance, which know nothing of barriers."""
    model = toy(kind="vacant neighbours", barriers=(0.4, 0.3, 0.3), pairs_eV=(0.04,), triangle_eV=0.01)
    cell = Supercell.of(model, 6, 0.5, K_B_EV * T)
    group, filling = Group(cell, 256, False, (0, 0)), cell.filling
    start = filling.at_random(np.zeros(36, dtype=bool), 256, np.random.default_rng(5))
    group.go_on_from(Configurations(np.zeros(36, dtype=bool), start))
    sample = group.block(400 / cell.acceptance.rates.max())
    assert sample.hops > 100 * 256
    hopped = group.configurations.lithium
    assert ((hopped == 0) | (hopped == -1)).all()
    assert (hopped.sum(0) == -18).all()
    exchanged = Equilibrium(model.lattice, cell.shape, model.energies, filling, cell.thermal, 256, 1).start()
    means, errors = [], []
    for lithium in (hopped, exchanged.lithium, start):
        energy = model.energies.energy(model.lattice, cell.shape, lithium.T != 0)
        means.append(energy.mean())
        errors.append(energy.std() / 16)
    assert abs(means[0] - means[1]) < 4 * np.hypot(*errors[:2])
    assert means[2] - means[1] > 10 * errors[1]  # the start was not in equilibrium


def test_hop_rate_of_configurations() -> None:
    """The sum of the rates of all possible hops is how often hops are made in equilibrium."""
    model = toy(kind="vacant neighbours", barriers=(0.4, 0.3, 0.3), pairs_eV=(0.04,))
    cell = Supercell.of(model, 6, 0.5, K_B_EV * T)
    groups = [Group(cell, 64, False, (0, seed)) for seed in range(8)]
    expected = np.mean([group.hop_rate() for group in groups])
    length = 1000 / expected
    found = [group.block(length).hops / (64 * length) for group in groups]
    assert np.mean(found) == pytest.approx(expected, abs=4 * np.std(found) / np.sqrt(7) + 0.01 * expected)


def test_groups_differ_as_replicas_do() -> None:
    """Replicas that share the order of bonds are so little alike that groups scatter as if they were not."""
    cell = Supercell.of(toy(), 6, 0.5, K_B_EV * T)
    groups = [Group(cell, 32, False, (0, seed)) for seed in range(64)]
    length = 8.0 * 18 / np.mean([group.hop_rate() for group in groups])
    ends = np.array([group.block(length).squared[0, 3] for group in groups])
    one = ends.mean()  # |R|^2 of a normal variable in two dimensions scatters by its mean
    assert ends.std(ddof=1) == pytest.approx(one / np.sqrt(32), rel=0.4)


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
    with pytest.raises(AtomisticError, match="groups"):
        Settings(groups=2)
    with pytest.raises(AtomisticError, match="multiple of 16"):
        Settings(replicas=100)
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
