"""Names in the formats of other programs for what they have no field for."""

from __future__ import annotations

from ..parameters.setting import ELECTROLYTE_PARAMETERS
from .laws import Argument

BASE = "nmc811"
"""The built-in set whose names are used; what a file does not give has its value there and is not used."""

FILM = "Rocksalt"
"""Begins the names of the film's parameters; a file that holds one has the film."""

METAL = "Lithium metal"
"""Begins the names of the parameters of half cells."""

RATE = "Exchange current density factor [A.m2.5.mol-1.5]"
CONTACT = "Collector contact resistance [Ohm.m2]"
NEGATIVE_CONTACT = "Negative electrode collector contact resistance [Ohm.m2]"

ENTROPIC = "Entropic change coefficient [V.K-1]"

OF_FUNCTION = {
    "Electrolyte cation transference number": "Cation transference number",
    "Electrolyte thermodynamic factor": "Thermodynamic factor",
}
"""Functions of concentration where BPX has a number, or nothing; PyBaMM wants numbers by our names."""

COOLING = "Heat transfer coefficient [W.m-2.K-1]"

KEPT_IN_CELL = {
    "External surface area [m2]": "external_surface_area",
    "Volume [m3]": "volume",
    "Density [kg.m-3]": "density",
    "Specific heat capacity [J.K-1.kg-1]": "specific_heat_capacity",
}
"""Numbers of the block "Cell" that no reduced model uses, with their fields in the `bpx` package."""


def active_fraction(side: str) -> str:
    """Return the user-defined name of an active fraction that is not surface area x radius / 3."""
    return f"{side} electrode active material volume fraction"


def argument_of(name: str) -> Argument:
    """Return what a law depends on."""
    return "c" if name in ELECTROLYTE_PARAMETERS else "x"


WRITTEN_LAWS = (
    "Active open-circuit potential [V]",
    "Active diffusivity [m2.s-1]",
    "Electrolyte conductivity [S.m-1]",
    "Electrolyte diffusivity [m2.s-1]",
)
"""Laws that BPX gives a reference temperature."""

FACTOR_FUNCTION = "Electrolyte thermodynamic factor"

FILM_LAWS = ("Rocksalt vacancy energy [eV]",)
"""Those of the film's parameters that depend on stoichiometry."""
