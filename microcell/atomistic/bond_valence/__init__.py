"""Bond-valence site energies: where a mobile ion can go in a structure, and over which barrier.

>>> from microcell.atomistic.bond_valence import bond_valence, example
>>> bond_valence(example("LiFePO4")).barriers[1].barrier                        # doctest: +SKIP
0.43
"""

from __future__ import annotations

from ...optional import load

load("ase", "atomistic")

from .charges import assign_charges  # noqa: E402
from .energy import Landscape, make_host, map_energy, valence_sums  # noqa: E402
from .examples import example  # noqa: E402
from .model import AxisBarrier, BondValence, bond_valence  # noqa: E402
from .percolation import Threshold, find_path, find_threshold  # noqa: E402

__all__ = [
    "AxisBarrier",
    "BondValence",
    "Landscape",
    "Threshold",
    "assign_charges",
    "bond_valence",
    "example",
    "find_path",
    "find_threshold",
    "make_host",
    "map_energy",
    "valence_sums",
]
