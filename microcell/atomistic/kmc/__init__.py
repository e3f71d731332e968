"""Kinetic and grand-canonical Monte Carlo of lithium on lattices: D(x) and U(x) with error bars.

`Lattice` names the lattices, `Model` reads how lithium interacts and hops, `simulate` runs replicas at one
content, `sample_isotherm` gives potential and fluctuations, `transport_table` does both over a range of
contents and makes property cards. `correlation_factor` samples a single vacancy.
"""

from .activation import Activation, activation
from .barriers import Barriers
from .bonds import Bonds
from .calibrate import MeanField, fit_mean_field
from .collective import haven_ratio, jump_diffusivity, short_time_diffusivity, tracer_diffusivity
from .energies import Interactions
from .grand import sample_isotherm
from .isotherm import Curve, Isotherm
from .lattice import Lattice
from .model import Model, builtin_names
from .network import free_diffusivity
from .run import Run, Settings
from .simulate import simulate
from .table import TransportTable, transport_table
from .tracer import Correlation, correlation_factor

__all__ = [
    "Activation",
    "Barriers",
    "Bonds",
    "Correlation",
    "Curve",
    "Interactions",
    "Isotherm",
    "Lattice",
    "MeanField",
    "Model",
    "Run",
    "Settings",
    "TransportTable",
    "activation",
    "builtin_names",
    "correlation_factor",
    "fit_mean_field",
    "free_diffusivity",
    "haven_ratio",
    "jump_diffusivity",
    "sample_isotherm",
    "short_time_diffusivity",
    "simulate",
    "tracer_diffusivity",
    "transport_table",
]
