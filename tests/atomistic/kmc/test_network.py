"""Networks solved as resistors against chains and lattices with known answers, and against sampled hops."""

import numpy as np
import pytest

from microcell.atomistic.kmc import Model, Settings, jump_diffusivity, simulate
from microcell.atomistic.kmc.network import free_diffusivity, walker_diffusivity
from microcell.errors import AtomisticError
from microcell.parameters.constants import K_B_EV

from .models import toy


def chain(rates: np.ndarray) -> np.ndarray:
    """One periodic chain along x."""
    count = len(rates)
    sites = np.column_stack([np.arange(count), (np.arange(count) + 1) % count])
    jumps = np.tile([1.0, 0.0], (count, 1))
    return walker_diffusivity(sites, jumps, rates, count)


def test_chain_is_the_harmonic_mean() -> None:
    """D = a^2 / <1/rate> along a chain, and nothing across."""
    rates = np.exp(np.random.default_rng(2).normal(size=30))
    along, across = chain(rates)
    assert along == pytest.approx(1.0 / np.mean(1.0 / rates), rel=1e-9)
    assert across == 0.0
    assert chain(np.r_[rates[:-1], 0.0])[0] == pytest.approx(0.0, abs=1e-12)


def test_full_lattice() -> None:
    """D0 = z rate a^2 / 2d where all ways are open."""
    model = toy("fcc", "tetrahedra", (0.3, 0.5, np.inf))
    found = free_diffusivity(model, 300.0, size=4, samples=2)
    exact = 12 * 2 * 1e13 * np.exp(-0.3 / (K_B_EV * 300.0)) * 1e-20 / 6  # two ways per hop
    assert found.mean == pytest.approx(exact, rel=1e-9)
    assert found.standard_error < 1e-9 * exact


def test_hops_among_metals_give_the_conductance() -> None:
    """Sampled hops of many lithium reach (1 - x) N/(N - 1) times the walker's diffusivity."""
    model = toy("fcc", "tetrahedra", (0.3, 0.33, np.inf), blocked=0.3)
    run = simulate(
        model, 0.5, 300.0, Settings(size=4, replicas=512, groups=32, tolerance=0.05, tracers=False)
    )
    found = jump_diffusivity(run)
    walker = free_diffusivity(model, 300.0, size=4, samples=400)
    free = run.filling.free
    exact, spread = (value * (1 - run.x) * free / (free - 1) for value in walker[:2])
    assert found.standard_error <= 0.08 * found.mean
    assert abs(found.mean - exact) < 4 * np.hypot(found.standard_error, spread)


def test_interactions_are_refused() -> None:
    with pytest.raises(AtomisticError, match="interactions"):
        free_diffusivity(toy(pairs_eV=(0.03,)), 300.0)
    with pytest.raises(AtomisticError, match="interactions"):
        free_diffusivity(Model.builtin("layered"), 300.0)
