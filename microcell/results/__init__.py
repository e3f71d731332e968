"""Results: the run directory, the particle ledger, figures, report and pictures.

Figures, report and view are imported when they are first used: matplotlib and jinja2 take longer to import
than a simulation needs to write its first row.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from microcell.results.ledger import particle_ledger
from microcell.results.profiles import slice_profiles
from microcell.results.solution import Solution
from microcell.results.store import RunWriter, read_checkpoint

if TYPE_CHECKING:
    from microcell.results.figures import write_figures
    from microcell.results.report import write_report
    from microcell.results.viewer import view

__all__ = [
    "RunWriter",
    "Solution",
    "particle_ledger",
    "read_checkpoint",
    "slice_profiles",
    "view",
    "write_figures",
    "write_report",
]

_LATE = {"write_figures": "figures", "write_report": "report", "view": "viewer"}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
