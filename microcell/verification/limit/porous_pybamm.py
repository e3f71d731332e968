"""The half cell of :mod:`.porous_electrode` in PyBaMM, with the same laws (optional package)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..problem import Skipped
from .porous_electrode import PorousElectrode
from .porous_laws import Table, tabulate


def load_pybamm() -> Any:
    """Import PyBaMM, or say how to get it."""
    try:
        import pybamm
    except ImportError:
        raise Skipped("PyBaMM is not installed: pip install pybamm") from None
    return pybamm


def pybamm_voltage(
    electrode: PorousElectrode, filling: float, density: float, times: np.ndarray, cells: int
) -> np.ndarray:
    """Solve the DFN half cell (Sulzer et al. 2021, doi 10.5334/jors.309) with uniform particles.

    Parameters
    ----------
    electrode : PorousElectrode
        The half cell; its ``lag`` is not used.
    filling, density, times
        As in :meth:`.porous_electrode.PorousElectrode.solve`.
    cells : int
        Finite volumes of the separator and of the electrode each.

    Returns
    -------
    ndarray, shape of times
        Cell voltage [V].
    """
    pybamm = load_pybamm()
    pybamm.set_logging_level("ERROR")
    model = pybamm.lithium_ion.DFN({"working electrode": "positive", "particle": "uniform profile"})
    values = pybamm.ParameterValues("Xu2019")
    values.update(_parameters(pybamm, electrode, filling, density), check_already_exists=False)
    points = dict.fromkeys(("x_n", "x_s", "x_p"), cells) | {"r_n": 10, "r_p": 10}
    solver = pybamm.IDAKLUSolver(rtol=1e-8, atol=1e-8)
    simulation = pybamm.Simulation(model, parameter_values=values, var_pts=points, solver=solver)
    solution = simulation.solve([0.0, times[-1]], t_interp=times)
    return np.asarray(solution["Voltage [V]"](times), float)


def _law(pybamm: Any, table: Table) -> Callable[..., Any]:
    """Make a PyBaMM function of a table; further arguments, the temperature, are not used."""
    return lambda argument, *_: pybamm.Interpolant(
        table.argument, table.value, argument, interpolator="cubic"
    )


def _parameters(pybamm: Any, electrode: PorousElectrode, filling: float, density: float) -> dict[str, Any]:
    """Translate to the names of PyBaMM; all that is left is the geometry of the set it starts from."""
    number, tables = electrode.parameters.number, tabulate(electrode.parameters)
    law = {name: _law(pybamm, table) for name, table in tables.items()}
    c_max = number("Active maximum concentration [mol.m-3]")
    factor = number("Exchange current density factor [A.m2.5.mol-1.5]")
    i0 = number("Lithium metal exchange current density [A.m-2]")
    reference = number("Lithium metal reference concentration [mol.m-3]")
    porosity, temperature = number("Separator porosity"), number("Temperature [K]")
    exponent = 1.0 - math.log(number("Separator tortuosity factor")) / math.log(porosity)
    solid = 1.0 - electrode.porosity
    return {
        "Electrode height [m]": 1.0,
        "Electrode width [m]": 1.0,
        "Separator thickness [m]": number("Separator thickness [m]"),
        "Separator porosity": porosity,
        "Separator Bruggeman coefficient (electrolyte)": exponent,
        "Positive electrode thickness [m]": electrode.thickness,
        "Positive electrode porosity": electrode.porosity,
        "Positive electrode active material volume fraction": solid,
        "Positive electrode Bruggeman coefficient (electrolyte)": 1.0,
        "Positive electrode Bruggeman coefficient (electrode)": 0.0,
        "Positive electrode conductivity [S.m-1]": electrode.electronic,
        # a sphere of this radius has the area per volume of the lamellae
        "Positive particle radius [m]": 3.0 * solid / electrode.area,
        "Maximum concentration in positive electrode [mol.m-3]": c_max,
        "Positive particle diffusivity [m2.s-1]": number("Active diffusivity [m2.s-1]"),
        "Positive electrode OCP [V]": law["ocp"],
        "Positive electrode exchange-current density [A.m-2]": lambda c_e, c_s, c_m, T: (
            factor * pybamm.sqrt(c_e * c_s * (c_m - c_s))
        ),
        "Exchange-current density for lithium metal electrode [A.m-2]": lambda c_e, c_li, T: (
            i0 * pybamm.sqrt(c_e / reference)
        ),
        "Electrolyte conductivity [S.m-1]": law["conductivity_e"],
        "Electrolyte diffusivity [m2.s-1]": law["diffusivity_e"],
        "Cation transference number": law["transference"],
        "Thermodynamic factor": law["thermodynamic_factor"],
        "Initial concentration in electrolyte [mol.m-3]": number(
            "Initial electrolyte concentration [mol.m-3]"
        ),
        "Initial concentration in positive electrode [mol.m-3]": filling * c_max,
        "Nominal cell capacity [A.h]": abs(density),
        "Current function [A]": density,
        "Upper voltage cut-off [V]": number("Upper voltage limit [V]"),
        "Lower voltage cut-off [V]": number("Lower voltage limit [V]"),
        "Ambient temperature [K]": temperature,
        "Initial temperature [K]": temperature,
        "Reference temperature [K]": temperature,
    }
