"""Correlation factors of a single vacancy against exact values; benchmarks go to 0.1 %."""

import numpy as np
import pytest

from microcell.atomistic.kmc import Lattice, correlation_factor
from microcell.atomistic.kmc.tracer import factor_of
from microcell.errors import AtomisticError

EXACT = {
    "square": 1.0 / (np.pi - 1.0),
    "triangular": (np.pi + 6 * 3**0.5) / (11 * np.pi - 6 * 3**0.5),
    "fcc": 0.78145142,
}


@pytest.mark.parametrize("name", EXACT)
def test_correlation_factor(name: str) -> None:
    """Within four standard errors, of at most 1 %."""
    escape = 12.0 if name == "fcc" else 20.0
    found = correlation_factor(Lattice.named(name), tolerance=0.02, walkers=1024, escape=escape)
    factor = found.factor()
    assert factor.standard_error < 0.015 * factor.mean
    assert abs(factor.mean - EXACT[name]) < 4 * factor.standard_error
    assert found.tracer_jumps > 1000


@pytest.mark.shared
def test_exact_values_are_those_of_the_reference(shared_dir) -> None:
    table = (shared_dir / "reference" / "correlation_factors.csv").read_text().splitlines()
    listed = {line.split(",")[0]: line.split(",")[2] for line in table[1:] if ",vacancy," in line}
    for name, value in EXACT.items():
        key = next(entry for entry in listed if entry.startswith(name))
        assert float(listed[key]) == pytest.approx(value, rel=1e-7)


def test_factor_of_known_chains() -> None:
    """Without followers f = 1; if a share p of the jumps is turned back at once, f = (1 - p) / (1 + p)."""
    lattice, p = Lattice.named("square"), 0.3
    none = np.c_[np.zeros((4, 4)), np.ones(4)]
    np.testing.assert_allclose(factor_of(none, lattice), 1.0)
    turned = np.c_[p * np.eye(4)[lattice.reverse()[0]], np.full(4, 1 - p)]
    np.testing.assert_allclose(factor_of(turned, lattice), (1 - p) / (1 + p), rtol=1e-12)


def test_too_few_hops() -> None:
    with pytest.raises(AtomisticError, match="allow about"):
        correlation_factor(Lattice.named("square"), tolerance=1e-4, walkers=1024, escape=20.0, most_hops=1e6)
    with pytest.raises(AtomisticError, match="above 0"):
        correlation_factor(Lattice.named("square"), tolerance=0.0)
