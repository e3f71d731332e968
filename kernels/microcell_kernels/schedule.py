"""What XLA computes together on CPU, and when: a boundary that it does not move or fuse work across."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array


def alone(true: Array, compute: Callable[[], Any]) -> Any:
    """Compute something apart from all else, once a traced number is known.

    XLA on CPU would schedule independent parts side by side, and early what needs no result, and keep all
    their intermediate arrays at once. A branch on a traced value is a boundary that it cannot see through:
    parts behind one another reuse the same memory. On other devices a branch would wait for the host, and
    there is none. Exchanges between slabs must stay outside: on CPU they would run beside others there.

    Parameters
    ----------
    true : Array of bool
        Always true, in a way that the compiler does not know.
    compute : callable
        Takes nothing and returns a pytree of arrays.
    """
    nothing = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), jax.eval_shape(compute))

    def branch() -> Any:
        return jax.lax.cond(true, compute, lambda: nothing)

    return jax.lax.platform_dependent(cpu=branch, default=compute)
