"""Coulomb-Buckingham potentials with rigid ions or shells, as an ASE calculator and as pure functions.

`Potential` describes charges, shells and Buckingham pairs, `CoulombBuckingham` computes with it from ASE, and
`energy` with `Preparation` is what a fit differentiates.
"""

from microcell.optional import load

load("ase", "atomistic")

from .calculator import CoulombBuckingham  # noqa: E402
from .crystal import CrystalProperties, crystal_cards, crystal_properties  # noqa: E402
from .elastic import ElasticConstants, elastic_constants  # noqa: E402
from .ewald import COULOMB  # noqa: E402
from .kernel import Evaluation, energy, forces_and_virial  # noqa: E402
from .model import Potential  # noqa: E402
from .prepare import Preparation  # noqa: E402
from .relax import Relaxed, relax  # noqa: E402
from .shells import add_shells, remove_shells  # noqa: E402
from .species import Pair, Species  # noqa: E402
from .system import Parameters, System  # noqa: E402

__all__ = [
    "COULOMB",
    "CoulombBuckingham",
    "CrystalProperties",
    "ElasticConstants",
    "Evaluation",
    "Pair",
    "Parameters",
    "Potential",
    "Preparation",
    "Relaxed",
    "Species",
    "System",
    "add_shells",
    "crystal_cards",
    "crystal_properties",
    "elastic_constants",
    "energy",
    "forces_and_virial",
    "relax",
    "remove_shells",
]
