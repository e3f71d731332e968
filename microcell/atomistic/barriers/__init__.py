"""Migration barriers: hops of lithium in layered oxides, and nudged elastic bands through ASE."""

from __future__ import annotations

from ...optional import load

load("ase", "atomistic")

from .barrier import Barrier  # noqa: E402
from .hops import Hop, oxygen_dumbbell_hop, tetrahedral_site_hop  # noqa: E402
from .neb import find_barrier  # noqa: E402

__all__ = ["Barrier", "Hop", "find_barrier", "oxygen_dumbbell_hop", "tetrahedral_site_hop"]
