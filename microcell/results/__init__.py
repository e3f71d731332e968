"""Results: the run directory, the particle ledger, figures, report and pictures."""

from __future__ import annotations

from microcell.results.ledger import particle_ledger
from microcell.results.profiles import slice_profiles
from microcell.results.solution import Solution
from microcell.results.store import RunWriter, read_checkpoint

__all__ = ["RunWriter", "Solution", "particle_ledger", "read_checkpoint", "slice_profiles"]
