"""Reading and summing at flat numbers."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from microcell_kernels.indexing import add_at, read_at, read_or_zero


def test_reads_like_numpy() -> None:
    """Random numbers of two axes, repeated ones too: NumPy's values, exactly."""
    random = np.random.default_rng(0)
    x, number = random.standard_normal(50), random.integers(0, 50, (7, 9), dtype=np.int32)
    assert np.array_equal(read_at(jnp.asarray(x), jnp.asarray(number)), jnp.asarray(x)[number])


def test_beyond_the_end_is_zero() -> None:
    number = jnp.array([[2, 3], [4, 0]], jnp.int32)
    assert read_or_zero(jnp.array([5.0, 6.0, 7.0]), number).tolist() == [[7.0, 0.0], [0.0, 5.0]]


def test_adds_every_value_once_and_nothing_beyond() -> None:
    """Whole numbers: np.add.at, exactly; the end and beyond are left out."""
    random = np.random.default_rng(1)
    number, values = random.integers(0, 23, 400, dtype=np.int32), random.integers(-9, 9, 400).astype(float)
    expected = np.zeros(23)
    np.add.at(expected, number, values)
    added = add_at(jnp.zeros(20), jnp.asarray(number), jnp.asarray(values))
    assert np.array_equal(added, expected[:20])
