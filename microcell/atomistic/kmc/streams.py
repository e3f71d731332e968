"""Random numbers for many lanes at once: one xoshiro128++ stream per lane, of shifts, sums and exclusive ors.

JAX's own generators hash a counter for every number, which takes longer than a whole Monte Carlo step on
a CPU. Blackman and Vigna 2021 (doi 10.1145/3460772) describe the generator; NumPy seeds the lanes.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

Streams = tuple[jax.Array, jax.Array, jax.Array, jax.Array]
"""The state: four uint32 arrays of one shape, the lanes."""


def seeded(seed: int | Sequence[int], shape: tuple[int, ...]) -> Streams:
    """Return independent streams, one per element of ``shape``, from one integer or several."""
    words = np.random.default_rng(seed).integers(1, 2**32, (4, *shape), dtype=np.uint32)
    first, second, third, fourth = (jnp.asarray(word) for word in words)
    return first, second, third, fourth


def draw(streams: Streams) -> tuple[jax.Array, Streams]:
    """Return 32 random bits per lane as uint32, and the streams after them."""
    a, b, c, d = streams
    bits = _rotate(a + d, 7) + a
    c_mixed, d_mixed = c ^ a, d ^ b
    return bits, (a ^ d_mixed, b ^ c_mixed, c_mixed ^ (b << 9), _rotate(d_mixed, 11))


def below(bits: jax.Array, count: jax.Array | int) -> jax.Array:
    """Turn 32 random bits into an int32 from 0 to below ``count`` (at most 65536), biased by count/2^32."""
    count = jnp.asarray(count).astype(jnp.uint32)
    low = ((bits & 0xFFFF) * count) >> 16
    return (((bits >> 16) * count + low) >> 16).astype(jnp.int32)


def uniform(bits: jax.Array) -> jax.Array:
    """Turn 32 random bits into a float32 in (0, 1]; next to zero in steps of 2^-32."""
    return (bits.astype(jnp.float32) + 0.5) * jnp.float32(2.0**-32)


def _rotate(word: jax.Array, count: int) -> jax.Array:
    return (word << count) | (word >> (32 - count))
