"""Energies of hops against energies of whole configurations, and detailed balance of their rates."""

import jax.numpy as jnp
import numpy as np
import pytest

from microcell.atomistic.kmc import Barriers, Bonds, Interactions, Lattice
from microcell.atomistic.kmc.equilibrium import Filling
from microcell.atomistic.kmc.kernel import energy_change, relative_rate
from microcell.atomistic.kmc.setup import conditions_of, lowest_barrier, rules_of
from microcell.errors import AtomisticError

CASES = (
    ("triangular", (8, 8), Interactions(pairs=(0.03, -0.01), triangle=0.02)),
    ("fcc", (6, 6, 6), Interactions(pairs=(0.05, 0.01), triangle=-0.01)),
    ("honeycomb", (6, 6), Interactions(pairs=(0.04, 0.02))),
)
THERMAL = 0.03


def hops(lattice: Lattice, shape: tuple[int, ...], bonds: Bonds, count: int = 40):
    """Random configurations with lithium at the near end of a random bond and none at the far end."""
    random = np.random.default_rng(0)
    chosen = random.integers(0, len(bonds.sites), count)
    near, far = chosen // lattice.coordination, bonds.sites[chosen, 0]
    lithium = (random.random((count, lattice.site_count(shape))) < 0.5).astype(np.int8)
    rows = np.arange(count)
    lithium[rows, near], lithium[rows, far] = 1, 0
    kind = near % len(lattice.basis) * lattice.coordination + chosen % lattice.coordination
    after = lithium.copy()
    after[rows, near], after[rows, far] = 0, 1
    around = np.take_along_axis(lithium, bonds.sites[chosen, 1:].astype(int), axis=1)
    return lithium, after, around, kind, near, far


@pytest.mark.parametrize(("name", "shape", "interactions"), CASES)
def test_change_of_energy(name: str, shape: tuple[int, ...], interactions: Interactions) -> None:
    """What a hop sums up around its bond is the difference of the energies of both configurations."""
    lattice = Lattice.named(name)
    bonds = Bonds.of(lattice, shape, interactions.shells)
    before, after, around, kind, *_ = hops(lattice, shape, bonds)
    rules = rules_of(bonds, interactions, Barriers("uniform", (0.3,)).gates(bonds))
    change = energy_change(jnp.asarray(around), jnp.asarray(kind), rules)
    exact = interactions.energy(lattice, shape, after) - interactions.energy(lattice, shape, before)
    assert np.ptp(exact) > 0.1
    np.testing.assert_allclose(change, exact, atol=1e-6)


def test_detailed_balance() -> None:
    """Forth over back is exp(-dE/kT), also where the barrier is cut at the energy of the end."""
    name, shape, interactions = CASES[0]
    lattice = Lattice.named(name)
    bonds = Bonds.of(lattice, shape, interactions.shells)
    before, after, around, kind, _, far = hops(lattice, shape, bonds)
    gates = Barriers("vacant neighbours", (0.3, 0.02, 0.0)).gates(bonds)
    rules, floor = rules_of(bonds, interactions, gates), lowest_barrier(gates, bonds, interactions, THERMAL)
    conditions = conditions_of(Filling(64, 0, 20), gates, floor, THERMAL, lattice.coordination)
    forth = np.asarray(relative_rate(jnp.asarray(around), jnp.asarray(kind), rules, conditions))
    kind_back = lattice.reverse()[0][kind]
    around_back = after[np.arange(len(far))[:, None], bonds.sites[far * lattice.coordination + kind_back, 1:]]
    back = np.asarray(relative_rate(jnp.asarray(around_back), jnp.asarray(kind_back), rules, conditions))
    change = interactions.energy(lattice, shape, after) - interactions.energy(lattice, shape, before)
    np.testing.assert_allclose(np.log(forth / back), -change / THERMAL, atol=2e-5)
    assert max(forth.max(), back.max()) <= 1.0 + 1e-5


def test_gates_count_vacancies_and_metals() -> None:
    """On a full triangular lattice a single vacancy has the first barrier, beside a second one the second."""
    bonds = Bonds.of(Lattice.named("triangular"), (8, 8))
    gates = Barriers("vacant neighbours", (0.8, 0.3, 0.2)).gates(bonds)
    around = np.ones((6, bonds.near.shape[1]), dtype=np.int8)
    rows = np.arange(6)

    def energies() -> np.ndarray:
        return gates.energies[(gates.weights * (around == gates.counted)).sum(1), 0]

    np.testing.assert_array_equal(energies(), 0.8)
    around[rows, bonds.common[:, 0]] = 0
    np.testing.assert_array_equal(energies(), 0.3)
    around[rows, bonds.common[:, 1]] = 0
    np.testing.assert_array_equal(energies(), 0.2)


def test_ways_through_tetrahedra() -> None:
    """One metal beside a hop on fcc closes at most one of its two tetrahedra a little."""
    bonds = Bonds.of(Lattice.named("fcc"), (4, 4, 4))
    gates = Barriers("tetrahedra", (0.3, 0.5, np.inf)).gates(bonds)
    around = np.ones((1, bonds.near.shape[1]), dtype=np.int8)
    first, second = bonds.tetrahedra()[0]
    expected = [(first[:1], [0.3, 0.5]), (first, [0.3, np.inf]), (np.r_[first, second[:1]], [0.5, np.inf])]
    for places, energies in expected:
        metals = around.copy()
        metals[0, places] = 2
        index = (gates.weights[:1] * (metals == gates.counted)).sum()
        assert sorted(gates.energies[index]) == energies


def test_bad_barriers() -> None:
    bonds = Bonds.of(Lattice.named("square"), (6, 6))
    with pytest.raises(AtomisticError, match="at least one open"):
        Barriers("uniform", (np.inf,))
    with pytest.raises(AtomisticError, match="one energy"):
        Barriers("uniform", (0.3, 0.2)).gates(bonds)
    with pytest.raises(AtomisticError, match="fcc, hcp"):
        Barriers("tetrahedra", (0.3, 0.5, 0.7)).gates(bonds)
