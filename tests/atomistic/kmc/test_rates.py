"""Rates of the table against energies of whole configurations, and detailed balance."""

import jax.numpy as jnp
import numpy as np
import pytest

from microcell.atomistic.kmc import Barriers, Bonds, Interactions, Lattice
from microcell.atomistic.kmc.kernel import environment_index
from microcell.atomistic.kmc.rates import Acceptance, classes
from microcell.atomistic.kmc.setup import alias
from microcell.errors import AtomisticError

CASES = (
    ("triangular", (8, 8), Interactions(pairs=(0.03, -0.01), triangle=0.02)),
    ("fcc", (6, 6, 6), Interactions(pairs=(0.05, 0.01), triangle=-0.01)),
    ("honeycomb", (6, 6), Interactions(pairs=(0.04, 0.02))),
)
THERMAL = 0.03


def hops(lattice: Lattice, shape: tuple[int, ...], bonds: Bonds, count: int = 40):
    """Random configurations with lithium at one end of a random bond and none at the other."""
    random = np.random.default_rng(0)
    chosen = random.integers(0, len(bonds.sites), count)
    sites = np.column_stack([chosen // lattice.coordination, bonds.sites[chosen]])
    lithium = (random.random((count, lattice.site_count(shape))) < 0.5).astype(np.int8)
    rows = np.arange(count)
    forth = random.random(count) < 0.5
    lithium[rows, sites[:, 0]], lithium[rows, sites[:, 1]] = forth, ~forth
    after = lithium.copy()
    after[rows, sites[:, 0]], after[rows, sites[:, 1]] = ~forth, forth
    return lithium, after, sites, chosen % len(bonds.near)


def looked_up(acceptance: Acceptance, contents: np.ndarray, sites: np.ndarray, kind: np.ndarray, group=0):
    """Rates of hops along bonds (n,) with sites (n, 2 + M) in contents (n, N), as the hot loop finds them."""
    integer, found = acceptance.integer, []
    for content, around, one in zip(contents, sites, kind, strict=True):
        triangles = None
        if acceptance.corners.shape[1]:
            added = jnp.asarray(acceptance.corner_weights[one].astype(integer))
            triangles = (jnp.asarray(acceptance.corners[one]), added)
        index = environment_index(
            jnp.asarray(-content[around][:, None]),
            jnp.asarray(acceptance.weights[one].astype(integer)),
            jnp.asarray(np.array(acceptance.constant).astype(integer)),
            triangles,
        )
        found.append(acceptance.rates[group, int(index[0])])
    return np.array(found)


@pytest.mark.parametrize(("name", "shape", "interactions"), CASES)
def test_rates_follow_energies(name: str, shape: tuple[int, ...], interactions: Interactions) -> None:
    """The barrier is E_KRA plus half of the difference of the energies of both configurations."""
    lattice = Lattice.named(name)
    bonds = Bonds.of(lattice, shape, interactions.shells)
    acceptance = Acceptance.of(bonds, interactions, Barriers("uniform", (0.2,)).gates(bonds), THERMAL)
    before, after, sites, kind = hops(lattice, shape, bonds)
    change = interactions.energy(lattice, shape, after) - interactions.energy(lattice, shape, before)
    assert np.ptp(change) > 0.1
    rates = looked_up(acceptance, before, sites, kind)
    barriers = np.maximum(0.2 + 0.5 * change, np.maximum(change, 0.0))
    np.testing.assert_allclose(np.log(rates), -barriers / THERMAL, atol=1e-9)
    assert (rates <= acceptance.largest(kind, np.zeros((len(kind), sites.shape[1] - 2), dtype=bool))).all()


def test_detailed_balance() -> None:
    """Forth over back is exp(-dE/kT), also where the barrier is cut at the energy of the end."""
    name, shape, interactions = CASES[0]
    lattice = Lattice.named(name)
    bonds = Bonds.of(lattice, shape, interactions.shells)
    gates = Barriers("vacant neighbours", (0.3, 0.02, 0.0)).gates(bonds)
    acceptance = Acceptance.of(bonds, interactions, gates, THERMAL)
    before, after, sites, kind = hops(lattice, shape, bonds)
    forth, back = (looked_up(acceptance, content, sites, kind) for content in (before, after))
    change = interactions.energy(lattice, shape, after) - interactions.energy(lattice, shape, before)
    np.testing.assert_allclose(np.log(forth / back), -change / THERMAL, atol=1e-9)


def test_largest_rates_among_metals() -> None:
    """They bound all rates, are reached, and are lower the more metals stand around."""
    lattice, shape, interactions = Lattice.named("fcc"), (6, 6, 6), Interactions(pairs=(0.05,))
    bonds = Bonds.of(lattice, shape, interactions.shells)
    acceptance = Acceptance.of(bonds, interactions, Barriers("uniform", (0.2,)).gates(bonds), THERMAL)
    before, _, sites, kind = hops(lattice, shape, bonds, count=300)
    metals = np.random.default_rng(4).random((300, sites.shape[1] - 2)) < 0.9
    np.put_along_axis(before, sites[:, 2:], np.take_along_axis(before, sites[:, 2:], 1) & ~metals, axis=1)
    rates, largest = looked_up(acceptance, before, sites, kind), acceptance.largest(kind, metals)
    assert (rates <= largest * (1 + 1e-12)).all()
    assert (rates > 0.99 * largest).any()
    assert largest.max() < 0.5 * acceptance.largest(kind, np.zeros_like(metals)).min()


def test_no_hop_without_lithium_and_vacancy() -> None:
    name, shape, interactions = CASES[0]
    bonds = Bonds.of(Lattice.named(name), shape, interactions.shells)
    acceptance = Acceptance.of(bonds, interactions, Barriers("uniform", (0.2,)).gates(bonds), THERMAL)
    ends = np.arange(acceptance.rates.shape[1]) % 4
    assert (acceptance.rates[:, (ends == 0) | (ends == 3)] == 0.0).all()
    assert (acceptance.rates[:, (ends == 1) | (ends == 2)] > 0.0).all()


def test_barriers_by_vacancies_and_metals_around() -> None:
    """Each vacancy among the common neighbours has its barrier; a metal there is no vacancy."""
    bonds = Bonds.of(Lattice.named("triangular"), (8, 8))
    gates = Barriers("vacant neighbours", (0.8, 0.3, 0.2)).gates(bonds)
    acceptance = Acceptance.of(bonds, Interactions(), gates, THERMAL)
    sites = np.r_[0, bonds.sites[0]]
    first, second = sites[2 + bonds.common[0]]
    for vacant, metals, barrier in (
        ([], [], 0.8),
        ([first], [], 0.3),
        ([first, second], [], 0.2),
        ([], [first], 0.8),
        ([second], [first], 0.3),
    ):
        lithium, metal = np.ones((1, 64), dtype=np.int8), np.zeros(64, dtype=bool)
        lithium[0, [sites[1], *vacant, *metals]], metal[metals] = 0, True
        group = classes(acceptance.metal_weights, np.zeros(1, int), metal[sites[None, 2:]])[0]
        rate = looked_up(acceptance, lithium, sites[None], np.zeros(1, int), group)
        np.testing.assert_allclose(-THERMAL * np.log(rate), barrier, rtol=1e-12)


def test_alias_draws_in_proportion() -> None:
    weights = np.random.default_rng(3).random(50) ** 4
    weights[:5] = 0.0
    keep, instead = alias(weights)
    share = keep / 50
    np.add.at(share, instead, (1.0 - keep) / 50)
    np.testing.assert_allclose(share, weights / weights.sum(), atol=1e-12)


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
    bonds = Bonds.of(Lattice.named("fcc"), (8, 8, 8), 3)
    gates = Barriers("vacant neighbours", (0.3,) * 5).gates(bonds)
    with pytest.raises(AtomisticError, match="leave out"):
        Acceptance.of(bonds, Interactions(pairs=(0.1, 0.05, 0.02), triangle=0.01), gates, THERMAL)
