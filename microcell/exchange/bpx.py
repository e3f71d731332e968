"""BPX files (Battery Parameter eXchange, https://bpxstandard.com) in; `to_bpx` holds the way out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax

from ..p2d import Design
from ..p2d.negative import Negative
from ..parameters import ArrheniusConstant, ParameterSet
from ..parameters.constants import F
from ..parameters.entry import Value
from ..parameters.units import is_number
from . import names
from .bpx_file import load, particles
from .laws import Argument, Arrhenius, Entropic, Formula, Table, arrhenius, as_law
from .reduced_cell import ReducedCell, errors_of, nominal_window


def read_bpx(path: str | Path) -> ReducedCell:
    """Read a BPX file, version 1 or 0, as the `bpx` package validates it.

    A file of kind "Partial" without a negative electrode is a half cell against lithium metal. Tables are
    interpolated linearly, as PyBaMM does. The model is isothermal at the ambient temperature, or else the
    initial or the reference one.

    Parameters
    ----------
    path : str or Path
        A .json, .yml or .yaml file.

    Raises
    ------
    ParameterError
        If the file is no valid BPX, or describes what the reduced model cannot be: a single-particle file
        without porosities, a blend of different materials, an aged state. The file is named. Or if the `bpx`
        package is not installed.
    """
    path = Path(path)
    with errors_of(path), jax.enable_x64(True):
        return _Reader(*load(path), path.name).cell()


class _Reader:
    """Turns a validated file into a cell; collects notes on the way."""

    def __init__(self, file: Any, notes: list[str], name: str) -> None:
        self.file, self.name, self.notes = file, name, notes
        self.content = file.parameterisation
        self.title = file.header.title or name
        self.state = file.state.initial_conditions if file.state else None
        self.thermal = file.state.thermal_environment if file.state else None
        self.user: dict[str, Any] = dict(getattr(self.content.user_defined, "model_extra", None) or {})
        self.temperature = self._temperature()
        stated = self.content.cell.reference_temperature
        self.reference = self.temperature if stated is None else stated
        salt = self.state and self.state.initial_electrolyte_concentration
        self.salt = self._or(salt, 1000.0, "initial electrolyte concentration", "mol/m3")

    def cell(self) -> ReducedCell:
        """Put the cell together."""
        positive, negative = self.content.positive_electrode, self.content.negative_electrode
        design = self.design(positive, "Positive")
        particle = particles(positive, "Positive")[0]
        soc = self._or(self.state and self.state.initial_soc, 1.0, "initial state of charge", "")
        opposite = particles(negative, "Negative")[0] if negative else particle
        windows = (_window(opposite), _window(particle))
        values = self.material(particle) | self.electrolyte() | self.limits(design, particle)
        (low, high), (full, empty) = windows
        pair = (1.0 - soc) * low + soc * high, (1.0 - soc) * empty + soc * full
        other = self.negative(negative, pair) if negative else None
        film = any(key.startswith(names.FILM) for key in self.user)
        values |= self.own_values()
        return ReducedCell(
            design=design,
            parameters=self.parameters(values),
            negative=other,
            initial=pair[1],
            film=film,
            windows=windows,
            kept=self.kept(),
            user_defined={key: _plain(value) for key, value in self.user.items()},
            title=self.title,
            notes=tuple(self.notes),
        )

    def parameters(self, values: Mapping[str, Value]) -> ParameterSet:
        """Name the file as the source of every value."""
        stated = {key: {"value": value, "source": f"BPX file {self.name}"} for key, value in values.items()}
        return replace(ParameterSet.builtin(names.BASE).with_values(stated), name=self.title)

    def negative(self, electrode: Any, pair: tuple[float, float]) -> Negative:
        """Read the negative electrode; both stoichiometries at the start fix the lithium."""
        values = self.material(particles(electrode, "Negative")[0])
        if names.NEGATIVE_CONTACT in self.user:
            values[names.CONTACT] = self.user.pop(names.NEGATIVE_CONTACT)
        return Negative(self.design(electrode, "Negative"), self.parameters(values), pair)

    def design(self, electrode: Any, side: str) -> Design:
        """Read the geometry; BPX gives the active fraction as a R / 3."""
        sizes, cell = particles(electrode, side), self.content.cell
        shares = [p.surface_area_per_unit_volume * p.particle_radius / 3.0 for p in sizes]
        spheres = math.fsum(shares)
        active = self.user.pop(names.active_fraction(side), spheres)
        return Design(
            electrode_thickness=electrode.thickness,
            active_fraction=active,
            porosity=electrode.porosity,
            tortuosity=electrode.porosity / electrode.transport_efficiency,
            radii=tuple(p.particle_radius for p in sizes),
            weights=tuple(share / spheres for share in shares),
            electronic_conductivity=electrode.conductivity,
            area=cell.electrode_area * cell.number_of_electrodes,
            surface_factor=spheres / active,
        )

    def material(self, particle: Any) -> dict[str, Any]:
        """Read the active material."""
        c_max, rate = particle.maximum_concentration, particle.reaction_rate_constant
        energy = particle.reaction_rate_constant_activation_energy
        if energy and self.temperature != self.reference:
            rate *= float(arrhenius(energy, self.reference, self.temperature))
        if energy:
            self.notes.append(f"The reaction rate constant is the one at {self.temperature:g} K throughout")
        potential = self.law(particle.ocp, "x", None)
        if particle.dudt not in (None, 0, 0.0):
            change = self.law(particle.dudt, "x", None)
            potential = Entropic(as_law(potential), as_law(change), self.reference)
        diffusivity = self.law(particle.diffusivity, "x", particle.diffusivity_activation_energy)
        if particle.ocp_delith is not None or particle.ocp_lith is not None:
            self.notes.append("Hysteresis is left out: the potential is 'OCP [V]' in both directions")
        return {
            "Temperature [K]": self.temperature,
            "Active maximum concentration [mol.m-3]": c_max,
            "Active open-circuit potential [V]": potential,
            "Active diffusivity [m2.s-1]": diffusivity,
            names.RATE: F * rate / (c_max * math.sqrt(self.salt)),
        }

    def electrolyte(self) -> dict[str, Any]:
        """Read electrolyte and separator; the thermodynamic factor is 1 in BPX."""
        electrolyte, separator = self.content.electrolyte, self.content.separator
        energies = electrolyte.conductivity_activation_energy, electrolyte.diffusivity_activation_energy
        return {
            "Electrolyte conductivity [S.m-1]": self.law(electrolyte.conductivity, "c", energies[0]),
            "Electrolyte diffusivity [m2.s-1]": self.law(electrolyte.diffusivity, "c", energies[1]),
            "Cation transference number": electrolyte.cation_transference_number,
            "Thermodynamic factor": 1.0,
            "Initial electrolyte concentration [mol.m-3]": self.salt,
            "Separator thickness [m]": separator.thickness,
            "Separator porosity": separator.porosity,
            "Separator tortuosity factor": separator.porosity / separator.transport_efficiency,
        }

    def limits(self, design: Design, particle: Any) -> dict[str, Any]:
        """Read voltage limits and the 1C current."""
        cell = self.content.cell
        return {
            "Lower voltage limit [V]": cell.lower_voltage_cutoff,
            "Upper voltage limit [V]": cell.upper_voltage_cutoff,
            "Nominal stoichiometry window": nominal_window(
                design, particle.maximum_concentration, cell.nominal_cell_capacity
            ),
        }

    def law(self, value: Any, argument: Argument, energy: float | None) -> Any:
        """Read a number, function or table with its activation energy."""
        law = _read_value(value, argument)
        if not energy:
            return law
        if isinstance(law, float):
            return ArrheniusConstant(law, energy, self.reference)
        return Arrhenius(law, energy, self.reference)

    def own_values(self) -> dict[str, Any]:
        """Take the parameters of this program out of the user-defined block."""
        known = ParameterSet.builtin(names.BASE)
        found = {names.OF_FUNCTION.get(key, key): key for key in self.user}
        return {
            name: _read_value(self.user.pop(key), names.argument_of(name))
            for name, key in found.items()
            if name in known
        }

    def kept(self) -> dict[str, float]:
        """Return the numbers that no reduced model uses."""
        cell, thermal = self.content.cell, self.thermal
        found = {name: getattr(cell, field) for name, field in names.KEPT_IN_CELL.items()}
        found[names.COOLING] = thermal.heat_transfer_coefficient if thermal else None
        return {name: value for name, value in found.items() if value is not None}

    def _temperature(self) -> float:
        initial = self.state.initial_temperature if self.state else None
        ambient = self.thermal.ambient_temperature if self.thermal else None
        if None not in (initial, ambient) and initial != ambient:
            self.notes.append(
                f"The model is isothermal at the ambient {ambient:g} K, not the initial {initial:g} K"
            )
        stated = next(
            (T for T in (ambient, initial, self.content.cell.reference_temperature) if T is not None), None
        )
        return self._or(stated, 298.15, "temperature", "K")

    def _or(self, value: Any, default: float, what: str, unit: str) -> float:
        if value is not None:
            return float(value)
        self.notes.append(f"The file gives no {what}: {default:g} {unit}".rstrip() + " is assumed")
        return default


def _read_value(value: Any, argument: Argument) -> Any:
    """Read a number, function or table."""
    if isinstance(value, str):
        return float(value) if is_number(value) else Formula.read(value, argument)
    return Table.through(value.x, value.y, argument) if hasattr(value, "x") else float(value)


def _plain(value: Any) -> Any:
    """Return a user-defined value as JSON has it."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if hasattr(value, "model_dump"):
        return value.model_dump()
    return str(value) if isinstance(value, str) else value


def _window(particle: Any) -> tuple[float, float]:
    return particle.minimum_stoichiometry, particle.maximum_stoichiometry
