"""Grids cut into slabs along z, one per device: halo planes, exchanges and sums over all slabs.

Inside :func:`jax.shard_map` every device holds its own slab, and ``slabs`` is the name of the device axis; on
one device it is None, and every function here then does nothing or the local part only. Beyond the ends of
the domain halo planes hold zeros: cells there take no part.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

Slabs = str | None
"""Name of the device axis, None on one device."""


def from_below(last: Array, slabs: str) -> Array:
    """Return what the slab below passes up: its ``last``; zeros in the lowest slab."""
    return jax.lax.ppermute(last, slabs, [(d, d + 1) for d in range(jax.lax.axis_size(slabs) - 1)])


def from_above(first: Array, slabs: str) -> Array:
    """Return what the slab above passes down: its ``first``; zeros in the highest slab."""
    return jax.lax.ppermute(first, slabs, [(d + 1, d) for d in range(jax.lax.axis_size(slabs) - 1)])


def with_below(x: Array, slabs: str, axis: int = -3) -> Array:
    """Put the neighbour's plane below the cells of a slab."""
    last = jax.lax.slice_in_dim(x, x.shape[axis] - 1, None, axis=x.ndim + axis)
    return jnp.concatenate([from_below(last, slabs), x], axis)


def with_above(x: Array, slabs: str, axis: int = -3) -> Array:
    """Put the neighbour's plane above the cells of a slab."""
    first = jax.lax.slice_in_dim(x, 0, 1, axis=x.ndim + axis)
    return jnp.concatenate([x, from_above(first, slabs)], axis)


def extend(x: Array, slabs: Slabs, axis: int = -3) -> Array:
    """Return the cells of a slab between the planes of both neighbours; unchanged on one device."""
    if slabs is None:
        return x
    last = jax.lax.slice_in_dim(x, x.shape[axis] - 1, None, axis=x.ndim + axis)
    return jnp.concatenate([from_below(last, slabs), with_above(x, slabs, axis)], axis)


def trim(x: Array, slabs: Slabs, axis: int = -3) -> Array:
    """Drop the two halo planes that :func:`extend` adds."""
    return x if slabs is None else jax.lax.slice_in_dim(x, 1, x.shape[axis] - 1, axis=x.ndim + axis)


def first_slab(slabs: Slabs) -> Array | bool:
    """Whether this device holds the lowest slab."""
    return True if slabs is None else jax.lax.axis_index(slabs) == 0


def last_slab(slabs: Slabs) -> Array | bool:
    """Whether this device holds the highest slab."""
    return True if slabs is None else jax.lax.axis_index(slabs) == jax.lax.axis_size(slabs) - 1


def total(x: Array, slabs: Slabs) -> Array:
    """Sum over all slabs."""
    return x if slabs is None else jax.lax.psum(x, slabs)


def largest(x: Array, slabs: Slabs) -> Array:
    """Maximum over all slabs."""
    return x if slabs is None else jax.lax.pmax(x, slabs)


def smallest(x: Array, slabs: Slabs) -> Array:
    """Minimum over all slabs."""
    return x if slabs is None else jax.lax.pmin(x, slabs)


def gather(x: Array, slabs: Slabs) -> Array:
    """Stack the values of all slabs along the first axis, the same on every device."""
    return x if slabs is None else jax.lax.all_gather(x, slabs, tiled=True)


def dot(a: Any, b: Any, slabs: Slabs = None) -> Array:
    """Inner product of two pytrees over all slabs, summed in the widest precision available.

    Arrays are parts of a slab; scalars are the same on every device and count once.
    """
    wide = jnp.result_type(float)

    def add(parts: list[Array]) -> Array:
        return sum(parts, start=jnp.zeros((), wide))

    pairs = list(zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))
    local = [jnp.sum(x.astype(wide) * y.astype(wide)) for x, y in pairs if x.ndim]
    common = [x.astype(wide) * y.astype(wide) for x, y in pairs if not x.ndim]
    return total(add(local), slabs) + add(common)
