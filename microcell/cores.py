"""The cores that there are to compute on."""

from __future__ import annotations

import os


def available_cores() -> int:
    """Count the cores this process may use, which a batch system makes fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
