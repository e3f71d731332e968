"""BPX files (Battery Parameter eXchange, https://bpxstandard.com) out."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import jax
import numpy as np

from .. import optional
from ..p2d import DFN, Design
from ..parameters import ArrheniusConstant, Constant, Law, ParameterSet
from ..parameters.constants import F
from . import names
from .bpx_file import validated
from .dense import tabulated
from .expression import BPX_FUNCTIONS, called, mentions, parse
from .laws import Argument, Arrhenius, Entropic, Formula, Table
from .reduced_cell import OCP, ReducedCell
from .tracing import NotAFormulaError, traced


def write_bpx(model: DFN | ReducedCell, path: str | Path) -> tuple[str, ...]:
    """Write a BPX file of version 1.

    A law that is a formula of BPX's functions (exp, tanh, cosh) is written as one, exactly; any other as a
    table for linear interpolation. Parameters that BPX does not have, such as the film's, stand in the block
    "User-defined" by their names here, and `read_bpx` takes them from there. A half cell is written as
    "Partial", without a negative electrode.

    Parameters
    ----------
    model : DFN or ReducedCell
        The model; a `ReducedCell` also says where to start and what the file read had beside.
    path : str or Path
        The .json file.

    Returns
    -------
    tuple of str
        What could not be written exactly, with the error, and what the `bpx` package warns of.

    Raises
    ------
    ParameterError
        If the `bpx` package is not installed.
    """
    bpx = optional.load("bpx", "exchange")
    with jax.enable_x64(True):
        writer = _Writer(ReducedCell.of(model))
        content = writer.content(bpx.__version__)
    text = json.dumps(content, indent=2, ensure_ascii=False)
    _, warned = validated(json.loads(text))
    Path(path).write_text(text + "\n", encoding="utf-8")
    return (*writer.notes, *warned)


class _Writer:
    """Turns a cell into the blocks of a file; collects notes and user-defined entries on the way."""

    def __init__(self, cell: ReducedCell) -> None:
        self.cell, self.arrays = cell, cell.arrays()
        self.salt = cell.parameters.number("Initial electrolyte concentration [mol.m-3]")
        self.reference, self.with_energies = _reference(cell)
        self.notes: list[str] = []
        if not self.with_energies:
            self.notes.append(f"Laws with several reference temperatures are those at {self.reference:g} K")
        self.user: dict[str, Any] = dict(cell.user_defined)

    def content(self, version: str) -> dict[str, Any]:
        """Return the whole file."""
        cell = self.cell
        negative, positive = cell.stoichiometry_windows()
        blocks = {"Cell": self.cell_block(), "Electrolyte": self.electrolyte()}
        if cell.negative:
            conductivity = float(self.arrays.conductivity_s[0])
            blocks["Negative electrode"] = self.electrode(
                "Negative", cell.negative.design, cell.negative.parameters, negative, conductivity
            )
            contact = cell.negative.parameters.number(names.CONTACT)
            self.user |= {names.NEGATIVE_CONTACT: contact} if contact else {}
        conductivity = float(self.arrays.conductivity_s[-1])
        blocks["Positive electrode"] = self.electrode(
            "Positive", cell.design, cell.parameters, positive, conductivity
        )
        blocks["Separator"] = self.separator()
        self.own_values()
        if self.user:
            blocks["User-defined"] = self.user
        header = {"BPX": version, "Title": cell.title, "Model": "DFN" if cell.negative else "Partial"}
        if self.notes:
            header["Description"] = "; ".join(self.notes)
        return {"Header": header, "Parameterisation": blocks, "State": self.state(positive)}

    def cell_block(self) -> dict[str, Any]:
        """Return the block "Cell"."""
        number = self.cell.parameters.number
        return {
            "Electrode area [m2]": self.cell.design.area,
            "Number of electrode pairs connected in parallel to make a cell": 1,
            "Lower voltage cut-off [V]": number("Lower voltage limit [V]"),
            "Upper voltage cut-off [V]": number("Upper voltage limit [V]"),
            "Nominal cell capacity [A.h]": float(self.arrays.one_c),
            "Reference temperature [K]": self.reference,
            **{name: value for name, value in self.cell.kept.items() if name in names.KEPT_IN_CELL},
        }

    def electrolyte(self) -> dict[str, Any]:
        """Return the electrolyte; BPX has no thermodynamic factor, and a constant transference number."""
        conductivity = self.law(
            self.cell.parameters, "Electrolyte conductivity [S.m-1]", "Conductivity [S.m-1]"
        )
        diffusivity = self.law(
            self.cell.parameters, "Electrolyte diffusivity [m2.s-1]", "Diffusivity [m2.s-1]"
        )
        constants = {}
        for written, name in names.OF_FUNCTION.items():
            law = self.cell.parameters.law(name)
            constants[name] = float(law(np.float64(self.salt), np.float64(self.cell.temperature)))
            value = self.value(law, "c", written)
            if isinstance(value, float):
                constants[name] = value
            else:
                self.user[written] = value
                self.notes.append(f"{name} depends on concentration: the function stands in User-defined")
        if constants["Thermodynamic factor"] != 1.0 and names.FACTOR_FUNCTION not in self.user:
            self.user["Thermodynamic factor"] = constants["Thermodynamic factor"]
        return {
            "Cation transference number": constants["Cation transference number"],
            **conductivity,
            **diffusivity,
        }

    def separator(self) -> dict[str, Any]:
        """Return the separator."""
        number = self.cell.parameters.number
        porosity = number("Separator porosity")
        return {
            "Thickness [m]": number("Separator thickness [m]"),
            "Porosity": porosity,
            "Transport efficiency": porosity / number("Separator tortuosity factor"),
        }

    def electrode(
        self, side: str, design: Design, parameters: ParameterSet, window: Any, conductivity: float
    ) -> dict[str, Any]:
        """Return an electrode; sizes of one material are a blend of equal materials."""
        if design.surface_factor != 1.0:
            self.user[names.active_fraction(side)] = design.active_fraction
        material = self.material(parameters, window)
        areas = [
            design.surface_factor * 3.0 * design.active_fraction * weight / radius
            for weight, radius in zip(design.weights, design.radii, strict=True)
        ]
        sizes = [
            {"Particle radius [m]": radius, "Surface area per unit volume [m-1]": area, **material}
            for radius, area in zip(design.radii, areas, strict=True)
        ]
        geometry = {
            "Thickness [m]": design.electrode_thickness,
            "Porosity": design.porosity,
            "Transport efficiency": design.porosity / design.tortuosity,
            "Conductivity [S.m-1]": conductivity,
        }
        if len(sizes) == 1:
            return geometry | sizes[0]
        return geometry | {"Particle": {f"Size {k + 1}": size for k, size in enumerate(sizes)}}

    def material(self, parameters: ParameterSet, window: Any) -> dict[str, Any]:
        """Return the active material."""
        c_max = parameters.number("Active maximum concentration [mol.m-3]")
        return {
            "Minimum stoichiometry": float(window[0]),
            "Maximum stoichiometry": float(window[1]),
            "Maximum concentration [mol.m-3]": c_max,
            "Reaction rate constant [mol.m-2.s-1]": parameters.number(names.RATE)
            * c_max
            * math.sqrt(self.salt)
            / F,
            names.ENTROPIC: 0.0,  # optional in BPX, but PyBaMM wants it
            **self.law(parameters, OCP, "OCP [V]"),
            **self.law(parameters, "Active diffusivity [m2.s-1]", "Diffusivity [m2.s-1]"),
        }

    def law(self, parameters: ParameterSet, name: str, field: str) -> dict[str, Any]:
        """Return a law as the fields of BPX: value, activation energy, entropic change."""
        law, argument = parameters.law(name), names.argument_of(name)
        if self.with_energies and isinstance(law, Arrhenius | ArrheniusConstant):
            inner = Constant(law.value) if isinstance(law, ArrheniusConstant) else law.law
            energy = f"{field.split(' [')[0]} activation energy [J.mol-1]"
            return {field: self.value(inner, argument, name), energy: float(law.activation_energy)}
        if self.with_energies and isinstance(law, Entropic):
            change = self.value(law.change, argument, names.ENTROPIC)
            return {field: self.value(law.law, argument, name), names.ENTROPIC: change}
        return {field: self.value(law, argument, name)}

    def value(self, law: Law, argument: Argument, name: str) -> Any:
        """Return a law as a number, function or table."""
        if isinstance(law, Constant):
            return float(law.value)
        if isinstance(law, Table) and law.method == "linear":
            return {"x": law.knots.tolist(), "y": law.values.tolist()}
        text = _function(law, argument, self.cell.temperature)
        if text is not None:
            constant = _constant(text)
            return text if constant is None else constant
        x, y, error = tabulated(law, argument, self.cell.temperature)
        self.notes.append(f"{name} is a table of {x.size} rows, within {error:.1e} of its largest value")
        return {"x": x.tolist(), "y": y.tolist()}

    def own_values(self) -> None:
        """Put what BPX does not have into the user-defined block."""
        parameters = self.cell.parameters
        begins = [names.FILM] * self.cell.film + [names.METAL] * (self.cell.negative is None)
        stated = [name for name in parameters if name.startswith(tuple(begins))]
        stated += [names.CONTACT] * (parameters.number(names.CONTACT) != 0.0)
        for name in stated:
            if isinstance(parameters[name], float):
                self.user[name] = parameters.number(name)
            elif parameters[name] != ParameterSet.builtin(names.BASE)[name]:
                self.user[name] = self.value(parameters.law(name), names.argument_of(name), name)

    def state(self, window: Any) -> dict[str, Any]:
        """Return the state at the start."""
        low, high = window
        thermal = {"Ambient temperature [K]": self.cell.temperature}
        if names.COOLING in self.cell.kept:
            thermal[names.COOLING] = self.cell.kept[names.COOLING]
        return {
            "Initial conditions": {
                "Initial state-of-charge": float((high - self.cell.initial) / (high - low)),
                "Initial temperature [K]": self.cell.temperature,
                "Initial electrolyte concentration [mol.m-3]": self.salt,
            },
            "Thermal environment": thermal,
        }


def _reference(cell: ReducedCell) -> tuple[float, bool]:
    """Return the reference temperature [K] of the file, and whether laws keep their temperature dependence.

    BPX has one reference temperature; where laws have several, all are written as they are at the
    temperature of the model.
    """
    laws = [cell.parameters.law(name) for name in names.WRITTEN_LAWS]
    if cell.negative:
        laws += [cell.negative.parameters.law(name) for name in names.WRITTEN_LAWS]
    kinds = Arrhenius | ArrheniusConstant | Entropic
    references = {float(law.reference_temperature) for law in laws if isinstance(law, kinds)}
    return (references.pop(), True) if len(references) == 1 else (cell.temperature, not references)


def _function(law: Law, argument: Argument, T: float) -> str | None:
    """Return a law as a BPX function; None where it is none."""
    if isinstance(law, Formula) and not law.parts and _is_bpx(law.text):
        return law.text
    try:
        text = traced(law, argument, T).text
    except NotAFormulaError:
        return None
    return text if _is_bpx(text) else None


def _is_bpx(text: str) -> bool:
    tree = parse(text, ("x", "T"))
    return not mentions(tree, "T") and called(tree) <= set(BPX_FUNCTIONS)


def _constant(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
