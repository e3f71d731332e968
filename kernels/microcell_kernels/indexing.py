"""Reading and summing at flat numbers, without the copy of every index table that NumPy's rules would cost.

Negative numbers do not count from the end, so that tables need no wrapping.
"""

from __future__ import annotations

import jax
from jax import Array
from jax.lax import GatherDimensionNumbers, GatherScatterMode, ScatterDimensionNumbers

_GATHER = GatherDimensionNumbers(offset_dims=(), collapsed_slice_dims=(0,), start_index_map=(0,))
_SCATTER = ScatterDimensionNumbers(
    update_window_dims=(), inserted_window_dims=(0,), scatter_dims_to_operand_dims=(0,)
)


def read_at(x: Array, number: Array) -> Array:
    """Return the values of ``x``, shape (n,), at numbers of any shape, all in [0, n)."""
    return jax.lax.gather(x, number[..., None], _GATHER, (1,), mode=GatherScatterMode.PROMISE_IN_BOUNDS)


def read_or_zero(x: Array, number: Array) -> Array:
    """Return the values of ``x``, shape (n,), at numbers of any shape, zero for ``number >= n``."""
    mode = GatherScatterMode.FILL_OR_DROP
    return jax.lax.gather(x, number[..., None], _GATHER, (1,), mode=mode, fill_value=0)


def add_at(x: Array, number: Array, values: Array) -> Array:
    """Add values to ``x``, shape (n,), at numbers of the same shape; nothing for ``number >= n``."""
    return jax.lax.scatter_add(x, number[..., None], values, _SCATTER, mode=GatherScatterMode.FILL_OR_DROP)
