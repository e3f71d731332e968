"""Parameters of PyBaMM in; `to_pybamm` holds the way out."""

from __future__ import annotations

import math
from typing import Any, Literal

import jax
import numpy as np

from .. import optional
from ..errors import ParameterError
from ..p2d import Design
from ..p2d.negative import Negative
from ..parameters import ParameterSet
from . import names
from .laws import Argument, Entropic, as_law
from .pybamm_symbols import law_of
from .reduced_cell import ReducedCell, nominal_window

LITHIUM = "Exchange-current density for lithium metal electrode [A.m-2]"
Working = Literal["both", "positive"]

_SAME_FORM = 1e-9
"""Largest relative difference of an exchange current density from the form it must have."""


def from_pybamm(values: Any, working: Working | None = None) -> ReducedCell:
    """Take the parameters of a full or half cell over from PyBaMM.

    Functions become formulas of the same numbers; interpolants become tables with the same interpolation. The
    model is isothermal at the ambient temperature.

    Parameters
    ----------
    values : pybamm.ParameterValues
        The parameters.
    working : {"both", "positive"}, optional
        PyBaMM's option "working electrode"; left out, "positive" where the set describes lithium metal but no
        negative particles.

    Raises
    ------
    ParameterError
        If a parameter is missing, or cannot be represented: an exchange current density that does not go with
        the square roots of its concentrations, or a number that varies in space. Or if PyBaMM is not
        installed.
    """
    if working is None:
        metal = LITHIUM in values and "Negative particle radius [m]" not in values
        working = "positive" if metal else "both"
    with jax.enable_x64(True):
        return _Reader(values).cell(working)


class _Reader:
    """Reads values by PyBaMM's names; collects notes on the way."""

    def __init__(self, values: Any) -> None:
        self.pybamm, self.values = optional.load("pybamm", "exchange"), values
        self.notes: list[str] = []
        self.temperature = self.number("Ambient temperature [K]")
        self.area = (
            self.number("Electrode height [m]")
            * self.number("Electrode width [m]")
            * self.number("Number of electrodes connected in parallel to make a cell", 1.0)
        )
        self.salt = self.number("Initial concentration in electrolyte [mol.m-3]")
        if self.number("Number of cells connected in series to make a battery", 1.0) != 1.0:
            self.notes.append("One cell of the battery is taken; its voltage is that of the cell")

    def cell(self, working: Working) -> ReducedCell:
        """Put the cell together."""
        design, material = self.design("Positive"), self.material("Positive")
        c_max = material["Active maximum concentration [mol.m-3]"]
        window = nominal_window(design, c_max, self.number("Nominal cell capacity [A.h]"))
        limits = {
            "Lower voltage limit [V]": self.number("Lower voltage cut-off [V]"),
            "Upper voltage limit [V]": self.number("Upper voltage cut-off [V]"),
            "Nominal stoichiometry window": window,
            names.CONTACT: self.number("Contact resistance [Ohm]", 0.0) * self.area,
        }
        metal = self.lithium() if working == "positive" else {}
        parameters = self.parameters(material | self.electrolyte() | limits | metal | self.own_values())
        initial = self.filling("Positive")
        negative = self.negative(initial) if working == "both" else None
        return ReducedCell(
            design=design,
            parameters=parameters,
            negative=negative,
            initial=initial,
            film=any(name.startswith(names.FILM) for name in self.values),
            title="PyBaMM",
            notes=tuple(self.notes),
        )

    def parameters(self, values: dict[str, Any]) -> ParameterSet:
        """Name PyBaMM as the source of every value."""
        stated = {key: {"value": value, "source": "PyBaMM ParameterValues"} for key, value in values.items()}
        return ParameterSet.builtin(names.BASE).with_values(stated)

    def negative(self, positive: float) -> Negative:
        """Read the negative electrode; the initial state fixes the lithium."""
        parameters = self.parameters(self.material("Negative"))
        return Negative(self.design("Negative"), parameters, (self.filling("Negative"), positive))

    def filling(self, side: str) -> float:
        """Return the initial stoichiometry."""
        electrode = f"{side.lower()} electrode [mol.m-3]"
        initial = self.number(f"Initial concentration in {electrode}")
        return initial / self.number(f"Maximum concentration in {electrode}")

    def design(self, side: str) -> Design:
        """Read the geometry of an electrode."""
        porosity = self.number(f"{side} electrode porosity")
        active = self.number(f"{side} electrode active material volume fraction")
        through = self.number(f"{side} electrode Bruggeman coefficient (electrolyte)")
        solid = self.number(f"{side} electrode Bruggeman coefficient (electrode)")
        conductivity = self.number(f"{side} electrode conductivity [S.m-1]", place=False)
        return Design(
            electrode_thickness=self.number(f"{side} electrode thickness [m]"),
            active_fraction=active,
            porosity=porosity,
            tortuosity=porosity ** (1.0 - through),
            radii=self.number(f"{side} particle radius [m]"),
            electronic_conductivity=conductivity * active**solid,
            area=self.area,
        )

    def material(self, side: str) -> dict[str, Any]:
        """Read an active material."""
        c_max = self.number(f"Maximum concentration in {side.lower()} electrode [mol.m-3]")
        potential = self.law(f"{side} electrode OCP [V]", "x", with_temperature=False)
        entropic = f"{side} electrode OCP entropic change [V.K-1]"
        change = self.law(entropic, "x", with_temperature=False) if entropic in self.values else 0.0
        if change != 0.0:
            reference = self.number("Reference temperature [K]")
            potential = Entropic(as_law(potential), as_law(change), reference)
        return {
            "Temperature [K]": self.temperature,
            "Active maximum concentration [mol.m-3]": c_max,
            "Active open-circuit potential [V]": potential,
            "Active diffusivity [m2.s-1]": self.law(f"{side} particle diffusivity [m2.s-1]", "x"),
            names.RATE: self.exchange_current(f"{side} electrode exchange-current density [A.m-2]", c_max),
        }

    def electrolyte(self) -> dict[str, Any]:
        """Read electrolyte and separator."""
        porosity = self.number("Separator porosity")
        bruggeman = self.number("Separator Bruggeman coefficient (electrolyte)")
        laws = {name: self.law(name, "c") for name in names.ELECTROLYTE_PARAMETERS}
        return laws | {
            "Initial electrolyte concentration [mol.m-3]": self.salt,
            "Separator thickness [m]": self.number("Separator thickness [m]"),
            "Separator porosity": porosity,
            "Separator tortuosity factor": porosity ** (1.0 - bruggeman),
        }

    def lithium(self) -> dict[str, Any]:
        """Read lithium metal: i0 as it is at the initial concentration, going with its square root."""
        molar_volume = self.number("Lithium metal partial molar volume [m3.mol-1]")
        c = self.pybamm.InputParameter("c")
        symbol = self.function(LITHIUM, {"c": c, "metal": 1.0 / molar_volume, "T": self.temperature})
        at, half = (_evaluate(symbol, c=self.salt * share) for share in (1.0, 0.5))
        if not math.isclose(half, at * math.sqrt(0.5), rel_tol=_SAME_FORM):
            power = math.log(at / half) / math.log(2.0)
            self.notes.append(
                f"The exchange current density of lithium goes with c^{power:.3g} in PyBaMM; here with the "
                f"square root, and it is equal at {self.salt:g} mol/m3"
            )
        return {
            "Lithium metal exchange current density [A.m-2]": at,
            "Lithium metal reference concentration [mol.m-3]": self.salt,
        }

    def exchange_current(self, name: str, c_max: float) -> float:
        """Return the factor of an exchange current density; another form is refused."""
        c, s = self.pybamm.InputParameter("c"), self.pybamm.InputParameter("s")
        symbol = self.function(name, {"c": c, "s": s, "c_max": c_max, "T": self.temperature})
        salts, fillings = np.array([0.3, 1.0, 1.9]) * self.salt, np.array([0.1, 0.4, 0.5, 0.8, 0.95]) * c_max
        factors = [
            _evaluate(symbol, c=salt, s=filled) / math.sqrt(salt * filled * (c_max - filled))
            for salt in salts
            for filled in fillings
        ]
        if np.ptp(factors) > _SAME_FORM * max(factors):
            raise ParameterError(
                "This exchange current density cannot be represented",
                key=name,
                value=f"factor between {min(factors):.6g} and {max(factors):.6g}",
                allowed="a constant x sqrt(c_e) x sqrt(c_s) x sqrt(c_max - c_s)",
                fix="replace it in the ParameterValues by that form",
            )
        return float(np.median(factors))

    def own_values(self) -> dict[str, Any]:
        """Take what `to_pybamm` has put beside PyBaMM's names."""
        known = [name for name in ParameterSet.builtin(names.BASE) if name.startswith(names.FILM)]
        return {
            name: self.law(name, "x") if name in names.FILM_LAWS else self.number(name)
            for name in known
            if name in self.values
        }

    def number(self, name: str, default: float | None = None, place: bool = True) -> float:
        """Return a number; one that is a function has a place as its argument, or else the temperature."""
        if name not in self.values and default is not None:
            return default
        symbol = self.function(
            name, {"x": self.pybamm.InputParameter("x")} if place else {"T": self.temperature}
        )
        if not symbol.is_constant():
            raise ParameterError(
                "This parameter has to be one number", key=name, value=str(symbol)[:200], fix="give a number"
            )
        return float(np.squeeze(symbol.evaluate()))

    def law(self, name: str, argument: Argument, with_temperature: bool = True) -> Any:
        """Return a number or a law."""
        inputs = {"x": self.pybamm.InputParameter("x")}
        if with_temperature:
            inputs["T"] = self.pybamm.InputParameter("T")
        return law_of(self.function(name, inputs), argument, self.temperature, name, self.notes)

    def function(self, name: str, inputs: dict[str, Any]) -> Any:
        """Return a parameter as a symbol of its inputs."""
        if name not in self.values:
            blend = f"Primary: {name}" in self.values
            raise ParameterError(
                "PyBaMM's parameters lack one that is needed",
                key=name,
                fix="a blend of materials cannot be represented: use one material" if blend else "set it",
            )
        try:
            return self.values.process_symbol(self.pybamm.FunctionParameter(name, inputs))
        except TypeError as error:
            raise ParameterError(
                f"This function takes other arguments: {error}", key=name, allowed=f"({', '.join(inputs)})"
            ) from error


def _evaluate(symbol: Any, **inputs: float) -> float:
    return float(np.squeeze(symbol.evaluate(inputs=inputs)))
