"""Property laws and parameter sets, each value with unit, range and source."""

from microcell.parameters.card import Origin, PropertyCard
from microcell.parameters.law import ArrheniusConstant, Constant, Law, UserLaw
from microcell.parameters.laws import Laws
from microcell.parameters.open_circuit import TablePotential, stoichiometry_at
from microcell.parameters.parameter_set import ParameterInfo, ParameterSet
from microcell.parameters.units import bracket_unit, quantity

__all__ = [
    "ArrheniusConstant",
    "Constant",
    "Law",
    "Laws",
    "Origin",
    "ParameterInfo",
    "ParameterSet",
    "PropertyCard",
    "TablePotential",
    "UserLaw",
    "bracket_unit",
    "quantity",
    "stoichiometry_at",
]
