"""Peak memory of a stretch of a program (Linux): most that it holds at once, and what it began with."""

from __future__ import annotations

from pathlib import Path

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def reset_peak() -> int:
    """Forget the peak so far; return the resident memory now [bytes]."""
    CLEAR.write_text("5")
    return _read("VmRSS")


def peak() -> int:
    """Largest resident memory since :func:`reset_peak` [bytes]."""
    return _read("VmHWM")


def _read(name: str) -> int:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(name))
    return 1024 * int(line.split()[1])
