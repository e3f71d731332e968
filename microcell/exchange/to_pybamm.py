"""Parameters of PyBaMM out."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from .. import optional
from ..errors import ParameterError
from ..p2d import DFN, Design
from ..parameters import Constant, Law, ParameterSet
from . import names
from .laws import Argument, Entropic
from .pybamm import LITHIUM
from .pybamm_symbols import symbol_of
from .reduced_cell import OCP, ReducedCell

LITHIUM_METAL = {
    "Negative electrode thickness [m]": 7e-4,
    "Negative electrode conductivity [S.m-1]": 1.0776e7,
    "Negative electrode OCP [V]": 0.0,
    "Negative electrode OCP entropic change [V.K-1]": 0.0,
    "Lithium metal partial molar volume [m3.mol-1]": 1.3e-5,
}
"""What PyBaMM needs of the metal and the model here does not have: PyBaMM's set Xu2019 (Xu et al. 2019,
doi 10.1149/2.0251915jes). The ohmic drop is below 1e-9 V at 10 A/m2."""


def to_pybamm(model: DFN | ReducedCell) -> Any:
    """Give the parameters of a model to PyBaMM's DFN.

    A half cell is for the option {"working electrode": "positive"}. The parameters of the film are in it by
    their names here; PyBaMM does not use them. A surface factor goes into the exchange current density, which
    is the same for a cell without film. The collector resistance counts with the option
    {"contact resistance": "true"}.

    Parameters
    ----------
    model : DFN or ReducedCell
        The model; a `ReducedCell` also says where to start.

    Returns
    -------
    pybamm.ParameterValues
        The parameters.

    Warns
    -----
    UserWarning
        If a law is no formula, so that a table stands for it; with the error.

    Raises
    ------
    ParameterError
        If an electrode has particles of several sizes, or PyBaMM is not installed.
    """
    pybamm = optional.load("pybamm", "exchange")
    writer = _Writer(ReducedCell.of(model))
    values = pybamm.ParameterValues(writer.values())
    for note in writer.notes:
        warnings.warn(note, UserWarning, stacklevel=2)
    return values


class _Writer:
    """Collects values by PyBaMM's names."""

    def __init__(self, cell: ReducedCell) -> None:
        self.cell, self.arrays = cell, cell.arrays()
        self.salt = cell.parameters.number("Initial electrolyte concentration [mol.m-3]")
        self.any = optional.load("pybamm", "exchange").InputParameter("x")
        self.notes: list[str] = []

    def values(self) -> dict[str, Any]:
        """Return all values."""
        cell = self.cell
        last, first = (float(self.arrays.conductivity_s[k]) for k in (-1, 0))
        values = self.whole() | self.electrolyte() | self.film()
        values |= self.electrode("Positive", cell.design, cell.parameters, last, cell.initial)
        if cell.negative is None:
            return values | LITHIUM_METAL | {LITHIUM: self.lithium()}
        start = cell.negative.stoichiometry(cell.design, cell.parameters, cell.initial)
        return values | self.electrode(
            "Negative", cell.negative.design, cell.negative.parameters, first, start
        )

    def whole(self) -> dict[str, Any]:
        """Return what concerns the whole cell."""
        number, T = self.cell.parameters.number, self.cell.temperature
        low, high = number("Lower voltage limit [V]"), number("Upper voltage limit [V]")
        contact = number(names.CONTACT)
        if self.cell.negative:
            contact += self.cell.negative.parameters.number(names.CONTACT)
        return {
            "Electrode height [m]": 1.0,
            "Electrode width [m]": self.cell.design.area,
            "Number of electrodes connected in parallel to make a cell": 1.0,
            "Number of cells connected in series to make a battery": 1.0,
            "Nominal cell capacity [A.h]": float(self.arrays.one_c),
            "Current function [A]": float(self.arrays.one_c),
            "Contact resistance [Ohm]": contact / self.cell.design.area,
            "Lower voltage cut-off [V]": low,
            "Upper voltage cut-off [V]": high,
            "Open-circuit voltage at 0% SOC [V]": low,
            "Open-circuit voltage at 100% SOC [V]": high,
            "Ambient temperature [K]": T,
            "Initial temperature [K]": T,
            "Reference temperature [K]": T,
        }

    def electrolyte(self) -> dict[str, Any]:
        """Return electrolyte and separator."""
        parameters, number = self.cell.parameters, self.cell.parameters.number
        laws = {name: self.law(parameters, name, "c") for name in names.ELECTROLYTE_PARAMETERS}
        porosity, factor = number("Separator porosity"), number("Separator tortuosity factor")
        return laws | {
            "Initial concentration in electrolyte [mol.m-3]": self.salt,
            "Separator thickness [m]": number("Separator thickness [m]"),
            "Separator porosity": porosity,
            "Separator Bruggeman coefficient (electrolyte)": _bruggeman(porosity, factor, "Separator"),
        }

    def film(self) -> dict[str, Any]:
        """Return the film by its names here."""
        if not self.cell.film:
            return {}
        parameters = self.cell.parameters
        own = [name for name in parameters if name.startswith(names.FILM)]
        return {
            name: self.law(parameters, name, "x") if name in names.FILM_LAWS else parameters.number(name)
            for name in own
        }

    def electrode(
        self, side: str, design: Design, parameters: ParameterSet, conductivity: float, start: float
    ) -> dict[str, Any]:
        """Return an electrode."""
        if len(design.radii) > 1:
            raise ParameterError(
                "PyBaMM's DFN has particles of one size",
                key=f"{side.lower()} electrode: radii",
                value=design.radii,
                fix="use one radius, such as the one with the same surface per volume",
            )
        c_max = parameters.number("Active maximum concentration [mol.m-3]")
        electrode = f"{side.lower()} electrode [mol.m-3]"
        bruggeman = _bruggeman(design.porosity, design.tortuosity, f"{side} electrode")
        rate = parameters.number(names.RATE) * design.surface_factor
        return self.potential(side, parameters) | {
            f"{side} electrode thickness [m]": design.electrode_thickness,
            f"{side} electrode porosity": design.porosity,
            f"{side} electrode active material volume fraction": design.active_fraction,
            f"{side} electrode Bruggeman coefficient (electrolyte)": bruggeman,
            f"{side} electrode Bruggeman coefficient (electrode)": 0.0,
            f"{side} electrode conductivity [S.m-1]": conductivity,
            f"{side} electrode exchange-current density [A.m-2]": _exchange_current(rate),
            f"{side} particle radius [m]": design.radii[0],
            f"{side} particle diffusivity [m2.s-1]": self.law(parameters, "Active diffusivity [m2.s-1]", "x"),
            f"Maximum concentration in {electrode}": c_max,
            f"Initial concentration in {electrode}": start * c_max,
        }

    def potential(self, side: str, parameters: ParameterSet) -> dict[str, Any]:
        """Return the open-circuit potential at the temperature of the cell, and its entropic change."""
        law, T = parameters.law(OCP), self.cell.temperature
        change = law.change if isinstance(law, Entropic) else Constant(0.0)

        potential, entropic = (self.function(one, OCP, "x") for one in (law, change))
        return {
            f"{side} electrode OCP [V]": lambda sto: potential(sto, T),
            f"{side} electrode OCP entropic change [V.K-1]": lambda sto: entropic(sto, T),
        }

    def law(self, parameters: ParameterSet, name: str, argument: Argument) -> Any:
        """Return a law as a number, or a function of argument and temperature."""
        value = parameters[name]
        return value if isinstance(value, float) else self.function(parameters.law(name), name, argument)

    def function(self, law: Law, name: str, argument: Argument) -> Callable[[Any, Any], Any]:
        """Return a law as a function of argument and temperature, and note what is not exact."""
        sample = self.cell.temperature
        found: list[str] = []
        symbol_of(law, argument, self.any, sample, sample, found)
        self.notes += [f"{name}: {note}" for note in found]
        return lambda x, T: symbol_of(law, argument, x, T, sample, [])

    def lithium(self) -> Callable[[Any, Any, Any], Any]:
        """Return the exchange current density of lithium metal."""
        number = self.cell.parameters.number
        i0 = number("Lithium metal exchange current density [A.m-2]")
        c_ref = number("Lithium metal reference concentration [mol.m-3]")
        return lambda c_e, c_metal, T: i0 * (c_e / c_ref) ** 0.5


def _exchange_current(rate: float) -> Callable[[Any, Any, Any, Any], Any]:
    """Both et al. 2026 (doi 10.1016/j.ensm.2026.104994), Eq. 5, as in all sets of PyBaMM."""
    return lambda c_e, c_s, c_max, T: rate * c_e**0.5 * c_s**0.5 * (c_max - c_s) ** 0.5


def _bruggeman(porosity: float, tortuosity: float, where: str) -> float:
    """Return the exponent b with ``porosity^b = porosity / tortuosity``."""
    if porosity == 1.0:
        if tortuosity == 1.0:
            return 1.0
        raise ParameterError(
            "PyBaMM cannot have a tortuosity without solid",
            key=where,
            value=f"tortuosity factor {tortuosity:g}",
        )
    return 1.0 - math.log(tortuosity) / math.log(porosity)
