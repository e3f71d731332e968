"""Names inside a run directory; writing that never leaves half a file comes from `microcell.files`."""

from __future__ import annotations

from microcell.files import atomic_write, plain, read_json, write_json, write_text, writing

__all__ = [
    "CHECKPOINT",
    "FIELDS",
    "FIGURES",
    "PARTIAL",
    "PARTICLES",
    "PROFILES",
    "REPORT",
    "RESULT",
    "RUN",
    "TIMESERIES",
    "atomic_write",
    "plain",
    "read_json",
    "write_json",
    "write_text",
    "writing",
]

RUN = "run.json"
TIMESERIES = "timeseries.csv"
PARTICLES = "particles.csv"
PROFILES = "profiles.csv"
RESULT = "result.h5"
PARTIAL = "result.h5.partial"
CHECKPOINT = "checkpoint.h5"
FIELDS = "fields"
FIGURES = "figures"
REPORT = "report.html"
