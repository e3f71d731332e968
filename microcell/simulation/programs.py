"""Compiled programs of a long-lived process: dropped before the system has no room for more."""

from __future__ import annotations

import gc
from pathlib import Path

import jax

MAPS, LIMIT = Path("/proc/self/maps"), Path("/proc/sys/vm/max_map_count")

SHARE = 0.6
"""Share of the allowed memory regions in use at which programs are dropped."""


def make_room(share: float = SHARE) -> bool:
    """Drop JAX's compiled programs where they take most of the memory regions that a process may have.

    XLA gives every program on CPU some thousands of regions (2000 to 3000 for a time step), Linux allows
    65530; a sweep over some thirty images would end in an abort of the process. What is needed again comes
    from the persistent cache or is compiled again. Does nothing where the system does not tell.

    Parameters
    ----------
    share : float
        Share of the regions in use from which on programs are dropped.

    Returns
    -------
    bool
        Whether they were dropped.
    """
    try:
        limit = int(LIMIT.read_text(encoding="ascii"))
        with MAPS.open("rb") as lines:
            used = sum(1 for _ in lines)
    except (OSError, ValueError):
        return False
    if used < share * limit:
        return False
    jax.clear_caches()
    gc.collect()
    return True
