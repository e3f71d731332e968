"""Atoms of cathode oxides: layered and rocksalt supercells at any composition, cation ordering, anti-sites.

Every structure is an `ase.Atoms`, neutral as a whole, with oxidation states in the array "oxidation_states"
(and as initial charges) and, where they are whole, the species for a potential in the array "species".
"""

from __future__ import annotations

from ...optional import load

load("ase", "atomistic")

from .antisite import antisite_pairs, swap, with_antisites  # noqa: E402
from .antisite_energy import AntisiteEnergies, antisite_energy  # noqa: E402
from .composition import Composition  # noqa: E402
from .lattices import LayeredLattice, RocksaltLattice  # noqa: E402
from .layered import layered  # noqa: E402
from .ordering import order_by_electrostatics  # noqa: E402
from .oxidation import assign_oxidation_states, net_charge, species_labels  # noqa: E402
from .rocksalt import disordered_rocksalt, rocksalt  # noqa: E402
from .small_cells import primitive_rocksalt, root_three_cell  # noqa: E402

__all__ = [
    "AntisiteEnergies",
    "Composition",
    "LayeredLattice",
    "RocksaltLattice",
    "antisite_energy",
    "antisite_pairs",
    "assign_oxidation_states",
    "disordered_rocksalt",
    "layered",
    "net_charge",
    "order_by_electrostatics",
    "primitive_rocksalt",
    "rocksalt",
    "root_three_cell",
    "species_labels",
    "swap",
    "with_antisites",
]
