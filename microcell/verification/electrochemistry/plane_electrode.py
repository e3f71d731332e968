"""A plane electrode at the moment when a current starts, in closed form, and the stepper of a cell.

All concentrations are still uniform then. With ``i`` the charging current per cross-section, theta the
kinetic coverage of the interface and ``j = i / theta`` its local current density,

    V = U(c_if) + (2RT/F) [asinh(j / 2 i0(c_if)) + asinh(i / 2 i0_Li)] + j L / kappa_RS + i R_ohm,
    c_if = c_0 - i d / (2 F D_s) - j L / (F D_RS),      R_ohm = sum of thickness / conductivity of the layers

(Both et al. 2026, doi 10.1016/j.ensm.2026.104994, Eqs. 4-6; ``d`` is the voxel edge).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from ...cell.halfcell import HalfCell
from ...cell.state import Control
from ...parameters import ParameterSet
from ...parameters.constants import F, R
from ...protocol.resolve import CURRENT
from ...solve.advance import begin
from ...solve.control import StepControl
from ...solve.timestep import Accepted, TimeStepper
from ..media import laminate_cell

SHARP = StepControl(residual=1e-12, linear=1e-5)
"""A solver that leaves the answer 1e-12 of the current, so that what is seen is the equations."""

VOXEL, ACTIVE_LAYERS = 1e-6, 12
SEPARATOR, POROSITY, TORTUOSITY = 12e-6, 0.45, 1.5
CBD_POROSITY, CBD_TORTUOSITY = 0.5, 10.0 / 3.0

RESISTIVE: dict[str, Any] = {
    "Active electronic conductivity [S.m-1]": 1e-3,
    "Electrolyte conductivity [S.m-1]": 0.01,
    "Cation transference number": 1.0,
    "Rocksalt initial thickness [m]": 5e-9,
    "Rocksalt ionic conductivity [S.m-1]": 1e-7,
    "Rocksalt lithium diffusivity [m2.s-1]": 1e-17,
    "Separator porosity": POROSITY,
    "Separator tortuosity factor": TORTUOSITY,
    "CBD porosity": CBD_POROSITY,
    "CBD tortuosity factor": CBD_TORTUOSITY,
    "CBD kinetic coverage": CBD_POROSITY,
}
"""Properties with which film, charge transfer and every layer resist by about as much; at t_plus = 1 no salt
gradient forms, not even within the half cell at the lithium plane."""


class Plane(NamedTuple):
    """Closed form of a laminate at the start of a current.

    Attributes
    ----------
    c_0, c_max : float
        Uniform and largest lithium concentration of the solid [mol.m-3].
    rate : float
        i0 over ``sqrt(c (c_max - c))`` [A.m.mol-1].
    i0_lithium : float
        Of the lithium plane [A.m-2].
    coverage : float
        theta of the interface.
    film, ohmic : float
        Area resistances of the film, per local current, and of all layers [Ohm.m2].
    film_shift, solid_shift : float
        Fall of c_if per local current and per current of the cross-section [mol.m-3 per A.m-2].
    thermal : float
        RT/F [V].
    """

    c_0: float
    c_max: float
    rate: float
    i0_lithium: float
    coverage: float
    film: float
    ohmic: float
    film_shift: float
    solid_shift: float
    thermal: float

    def i0(self, c: float) -> float:
        """Exchange current density at a concentration of the solid [A.m-2] (Eq. 5)."""
        return self.rate * np.sqrt(c * (self.c_max - c))

    @property
    def shift(self) -> float:
        """Fall of c_if per current of the cross-section."""
        return self.film_shift / self.coverage + self.solid_shift

    def voltage(self, i: float) -> float:
        """Cell voltage [V] at a charging current [A.m-2]."""
        local, c = i / self.coverage, self.c_0 - self.shift * i
        kinetic = np.arcsinh(local / (2 * self.i0(c))) + np.arcsinh(i / (2 * self.i0_lithium))
        return 4.3 - 0.8 * c / self.c_max + 2 * self.thermal * kinetic + local * self.film + i * self.ohmic

    @property
    def resistance(self) -> float:
        """The linear limit dV/di at no current [Ohm.m2]."""
        transfer = self.thermal / self.i0(self.c_0)
        intercalation = 0.8 / self.c_max * self.shift
        lithium = self.thermal / self.i0_lithium
        return (transfer + self.film) / self.coverage + intercalation + lithium + self.ohmic


def plane_of(parameters: ParameterSet, front: str, x: float) -> Plane:
    """Collect the closed form of a laminate ``front + a...`` at stoichiometry x."""
    n = parameters.number
    thermal = R * n("Temperature [K]") / F
    salt, c_max = (
        n("Initial electrolyte concentration [mol.m-3]"),
        n("Active maximum concentration [mol.m-3]"),
    )
    film = n("Rocksalt initial thickness [m]")
    return Plane(
        c_0=x * c_max,
        c_max=c_max,
        rate=n("Exchange current density factor [A.m2.5.mol-1.5]") * np.sqrt(salt),
        i0_lithium=n("Lithium metal exchange current density [A.m-2]") * np.sqrt(salt / 1000.0),
        coverage=CBD_POROSITY if front.endswith("c") else 1.0,
        film=film / n("Rocksalt ionic conductivity [S.m-1]"),
        ohmic=ohmic_resistance(parameters, front),
        film_shift=film / (F * n("Rocksalt lithium diffusivity [m2.s-1]")),
        solid_shift=0.5 * VOXEL / (F * n("Active diffusivity [m2.s-1]")),
        thermal=thermal,
    )


def ohmic_resistance(parameters: ParameterSet, front: str) -> float:
    """Area resistance of separator, layers in front, active layers and collector contact [Ohm.m2]."""
    n = parameters.number
    lengths = {"p": VOXEL, "c": VOXEL * CBD_TORTUOSITY / CBD_POROSITY}
    electrolyte = SEPARATOR * TORTUOSITY / POROSITY + sum(lengths[letter] for letter in front)
    solid = ACTIVE_LAYERS * VOXEL / n("Active electronic conductivity [S.m-1]")
    contact = n("Collector contact resistance [Ohm.m2]")
    return electrolyte / n("Electrolyte conductivity [S.m-1]") + solid + contact


def plane_cell(parameters: ParameterSet, front: str = "pp") -> HalfCell:
    """Return lithium | separator of 3 cells | two layers in front | 12 active layers | collector."""
    layers = front + "a" * ACTIVE_LAYERS
    return laminate_cell(layers, parameters, voxel=VOXEL, separator_thickness=SEPARATOR, separator_cells=3)


def stepper_at(cell: HalfCell, x: float, control: StepControl = SHARP) -> TimeStepper:
    """Return the stepper of a cell at uniform stoichiometry x, relaxed, with the film of the start."""
    system = cell.system()
    geometry, laws = system.geometry, system.laws
    salt = cell.parameters.number("Initial electrolyte concentration [mol.m-3]")
    c = jnp.where(geometry.active, x * laws.c_max, jnp.where(geometry.ionic, salt, 0.0))
    voltage = laws.ocp(jnp.asarray(x), laws.temperature)
    film = jnp.full(geometry.faces.p.shape, laws.film_initial)
    return TimeStepper(system, begin(system, c, voltage, film), 0.0, control)


def drive(stepper: TimeStepper, cell: HalfCell, density: float, until: float) -> list[Accepted]:
    """Impose a discharge current per cross-section [A.m-2] from now until a time [s]; the steps taken."""
    control = current_control(cell, density)
    stepper.restart(control)
    return list(stepper.run(control, until, []))


def current_control(cell: HalfCell, density: float) -> Control:
    """Return the control of a discharge current per cross-section [A.m-2]."""
    return Control(np.int32(CURRENT), np.float64(density * cell.area))
