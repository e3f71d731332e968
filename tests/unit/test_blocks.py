"""Multigrid on blocks in dense arrays: Galerkin sums, symmetry, polynomials."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from microcell_kernels import blocks
from microcell_kernels.blocks import Level, chebyshev, coarsen, cycle, hierarchy, padded, prolong, restrict

NODES = (5, 4, 7)


def random_level(nodes: tuple[int, int, int], seed: int = 3) -> Level:
    """Random conductances between neighbours, some of them zero, and a ground."""
    rng, shape = np.random.default_rng(seed), padded(nodes)
    inside = np.zeros(shape)
    inside[tuple(slice(n) for n in nodes)] = rng.random(nodes) > 0.2
    links = []
    for axis in range(3):
        both = np.moveaxis(np.zeros(shape), axis, 0)
        x = np.moveaxis(inside, axis, 0)
        both[1:] = x[1:] * x[:-1] * rng.random(both[1:].shape)
        links.append(jnp.asarray(np.moveaxis(both, 0, axis).reshape(-1)))
    ground = inside * (rng.random(shape) + 0.1)
    return Level.of(nodes, shape, links, jnp.asarray(ground.reshape(-1)))


def columns(apply: Callable[[jax.Array], jax.Array], size: int) -> np.ndarray:
    """Return the matrix of a linear function."""
    return np.asarray(jax.jit(jax.vmap(apply))(jnp.eye(size))).T


def product(level: Level, x: jax.Array) -> jax.Array:
    """Apply the operator of a level."""
    plane = blocks.strides(level.shape)[0]
    return -level.residual(jnp.zeros_like(x), jnp.pad(x, (plane, plane)))


def matrix(level: Level) -> np.ndarray:
    """Return the operator of a level."""
    return columns(lambda x: product(level, x), level.diagonal.size)


def test_the_operator_is_a_graph_laplacian_with_ground() -> None:
    """Symmetric, off-diagonal entries not positive, row sums equal to the ground (1e-14)."""
    level = random_level(NODES)
    a = matrix(level)
    np.testing.assert_array_equal(a, a.T)
    assert np.all(a - np.diag(np.diag(a)) <= 0)
    sums = a.sum(axis=1)
    assert np.all(sums[np.asarray(level.diagonal) > 0] > 0.09)
    np.testing.assert_allclose(sums[np.asarray(level.diagonal) == 0], 0.0, atol=1e-14)


@pytest.mark.parametrize("nodes", [NODES, (8, 6, 4), (1, 9, 2)])
def test_coarse_operators_are_galerkin_sums(nodes: tuple[int, int, int]) -> None:
    """P^T A P with the prolongation itself, its transpose being the restriction (1e-13)."""
    fine = random_level(nodes)
    coarse = coarsen(fine)
    p = columns(lambda x: prolong(x, coarse.shape, fine.shape), coarse.diagonal.size)
    r = columns(lambda x: restrict(x, fine.shape, coarse.shape), fine.diagonal.size)
    used = np.asarray(fine.diagonal) > 0
    np.testing.assert_array_equal(r[:, used], p.T[:, used])
    np.testing.assert_allclose(matrix(coarse), r @ matrix(fine) @ r.T, atol=1e-13)


def test_the_cycle_is_symmetric_and_positive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over three levels: B = B^T, x.Bx > 0 where there are nodes; condition number of B A below 5."""
    monkeypatch.setattr(blocks, "SMALLEST", 2)
    level = random_level(NODES)
    levels = hierarchy(level)
    assert len(levels) == 3
    used = np.asarray(level.diagonal) > 0
    b = columns(lambda x: cycle(levels, x), used.size)[np.ix_(used, used)]
    np.testing.assert_allclose(b, b.T, atol=1e-13)
    assert np.linalg.eigvalsh(0.5 * (b + b.T)).min() > 0
    spectrum = np.linalg.eigvals(b @ matrix(level)[np.ix_(used, used)]).real
    assert spectrum.max() / spectrum.min() < 5


@pytest.mark.parametrize("kind", [(1, 4.0), (2, 8.0), (5, 30.0)])
def test_polynomials_are_as_small_as_can_be(kind: tuple[int, float]) -> None:
    """The error after all steps is at most 1 / T_n(mu) on the interval, and reaches it at the ends."""
    degree, ratio = kind
    old, new = chebyshev(degree, ratio)
    eigenvalue = np.linspace(2 / ratio, 2, 401)
    error, move = np.ones_like(eigenvalue), np.zeros_like(eigenvalue)
    for o, n in zip(old, new, strict=True):
        move = o * move + n * eigenvalue * error
        error = error - move
    least = 1 / np.cosh(degree * np.arccosh((ratio + 1) / (ratio - 1)))
    assert np.abs(error).max() == pytest.approx(least, rel=1e-12)
    assert abs(error[0]) == pytest.approx(least, rel=1e-12)


def test_the_coarsest_level_is_solved_by_a_polynomial() -> None:
    """No error grows, and what the polynomial is made for shrinks to the least that its degree allows, in the
    norm of the operator."""
    level = random_level((6, 6, 6))
    used = np.asarray(level.diagonal) > 0
    a = matrix(level)[np.ix_(used, used)]
    b = columns(lambda x: cycle([level], x), used.size)[np.ix_(used, used)]
    degree, ratio = blocks.COARSEST
    least = 1 / np.cosh(degree * np.arccosh((ratio + 1) / (ratio - 1)))
    assert np.abs(1 - np.linalg.eigvals(b @ a).real).max() < 1.0001 * least < 0.5
