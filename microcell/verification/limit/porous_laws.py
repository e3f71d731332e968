"""Property laws as tables, for programs that cannot call them: NumPy's cubics and PyBaMM's."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...parameters import ParameterSet

STOICHIOMETRIES = np.linspace(0.02, 0.98, 4001)
CONCENTRATIONS = np.linspace(50.0, 3000.0, 4001)
"""Where laws are tabulated; cubic between, which loses less than 1e-9 of their range."""


class Table(NamedTuple):
    """A law at one temperature, as the arguments and values of a table."""

    argument: np.ndarray
    value: np.ndarray


def tabulate(parameters: ParameterSet) -> dict[str, Table]:
    """Tabulate the laws of a parameter set, by name: of x = c_s/c_max or of the salt concentration."""
    import jax

    laws, tables = parameters.laws(), {}
    with jax.enable_x64(True):
        for name in ("ocp", "conductivity_e", "diffusivity_e", "transference", "thermodynamic_factor"):
            argument = STOICHIOMETRIES if name == "ocp" else CONCENTRATIONS
            value = np.asarray(getattr(laws, name)(argument, laws.temperature), float)
            tables[name] = Table(argument, value)
    return tables
