"""The dense inverse of the coarsest level against NumPy's, over sizes around its blocks."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from microcell_kernels.dense import BLOCK, inverse


def laplacian(n: int, contrast: float, ground: float) -> np.ndarray:
    """A weighted graph of n nodes, every pair joined, with a ground at the first node only."""
    rng = np.random.default_rng(n)
    w = contrast ** rng.uniform(-1, 0, (n, n))
    w = np.triu(w, 1) + np.triu(w, 1).T
    a = np.diag(w.sum(axis=1)) - w
    a[0, 0] += ground
    return a


@pytest.mark.parametrize("n", [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK, 301])
def test_inverse_of_a_graph(n: int) -> None:
    """A times its inverse is the identity to rounding times the condition number (about n here)."""
    a = laplacian(n, 1e3, 1.0)
    found = np.asarray(jax.jit(inverse)(jnp.asarray(a)))
    np.testing.assert_allclose(found @ a, np.eye(n), atol=1e-15 * n * max(np.linalg.cond(a), 1.0))
    np.testing.assert_allclose(found, found.T, rtol=1e-9, atol=1e-12 * np.abs(found).max())


def test_a_nearly_floating_graph() -> None:
    """A ground of 1e-6 of the weights, as islands have: still the inverse that NumPy finds (1e-7)."""
    a = laplacian(100, 10.0, 1e-6)
    found = np.asarray(inverse(jnp.asarray(a)))
    np.testing.assert_allclose(found, np.linalg.inv(a), rtol=1e-7)


def test_separate_blocks_stay_separate() -> None:
    """Nodes that are joined to nothing have a diagonal of one and stay apart exactly."""
    a = np.eye(50)
    a[:20, :20] = laplacian(20, 10.0, 1.0)
    found = np.asarray(inverse(jnp.asarray(a)))
    assert np.array_equal(found[20:, 20:], np.eye(30))
    assert not found[:20, 20:].any()
