"""Porous-electrode theory in one dimension, with nothing of the solver in it: NumPy and SciPy only.

The half cell of Doyle, Fuller & Newman 1993 (doi 10.1149/1.2221597) for particles without a gradient inside.
Concentrations go through ``scipy.integrate.solve_ivp``; at every time the potentials follow from one
tridiagonal equation for the ionic current.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicSpline
from scipy.linalg import solve_banded

from ...errors import SolverError
from ...parameters import ParameterSet
from ...parameters.constants import F, R
from .porous_laws import tabulate

Function = Callable[[np.ndarray], np.ndarray]


class State(NamedTuple):
    """What there is at one time.

    Attributes
    ----------
    voltage : float
        Cell voltage [V].
    salt : ndarray, shape (separator cells + electrode cells,)
        Salt concentration, lithium first [mol.m-3].
    filling : ndarray, shape (electrode cells,)
        Stoichiometry of the active material.
    reaction : ndarray, shape (electrode cells,)
        Interface current density, anodic positive [A.m-2].
    """

    voltage: float
    salt: np.ndarray
    filling: np.ndarray
    reaction: np.ndarray


@dataclass(frozen=True)
class PorousElectrode:
    """A half cell of porous-electrode theory, tortuosity factor 1 in both phases of the electrode.

    Attributes
    ----------
    parameters : ParameterSet
        Laws of the electrolyte, open-circuit potential, separator and lithium; constant ``D_s``, ``sigma_s``.
    thickness : float
        Of the electrode [m].
    porosity : float
        Volume fraction of the electrolyte; the rest is active material.
    area : float
        Interface area per volume of the electrode [m-1].
    lag : float
        Length l in ``c_interface = c_mean - i l / (F D_s)`` [m]: zero for uniform particles, h/3 for slabs of
        half thickness h whose profile is parabolic (quasi-steady).
    cells : (int, int)
        Finite volumes of the separator and of the electrode; few enough for one thread of linear algebra.
    """

    parameters: ParameterSet
    thickness: float
    porosity: float
    area: float
    lag: float = 0.0
    cells: tuple[int, int] = (20, 60)
    _guess: dict[str, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def laws(self) -> dict[str, Function]:
        """Cubic splines through the tables of the laws."""
        return {name: CubicSpline(*table) for name, table in tabulate(self.parameters).items()}

    @cached_property
    def sizes(self) -> np.ndarray:
        """Edges of all cells, lithium first [m]."""
        below, inside = self.cells
        separator = self.parameters.number("Separator thickness [m]")
        return np.repeat([separator / below, self.thickness / inside], self.cells)

    @cached_property
    def pores(self) -> tuple[np.ndarray, np.ndarray]:
        """Porosity and transport factor b of all cells."""
        porosity = self.parameters.number("Separator porosity")
        factor = porosity / self.parameters.number("Separator tortuosity factor")
        return np.repeat([porosity, self.porosity], self.cells), np.repeat(
            [factor, self.porosity], self.cells
        )

    @property
    def thermal(self) -> float:
        """RT/F [V]."""
        return R * self.parameters.number("Temperature [K]") / F

    @property
    def electronic(self) -> float:
        """Effective electronic conductivity [S.m-1]."""
        return (1.0 - self.porosity) * self.parameters.number("Active electronic conductivity [S.m-1]")

    def at_faces(self, values: np.ndarray) -> np.ndarray:
        """Coefficient over distance at the inner faces: two half cells in series."""
        resistance = 0.5 * self.sizes / values
        return 1.0 / (resistance[1:] + resistance[:-1])

    def rise(self, salt: np.ndarray) -> np.ndarray:
        """Diffusion potential over the inner faces [V], ``2RT/F (1 - t_plus)(1 + dlnf/dlnc) dln c``."""
        mean = 0.5 * (salt[1:] + salt[:-1])
        factor = (1.0 - self.laws["transference"](mean)) * self.laws["thermodynamic_factor"](mean)
        return 2 * self.thermal * factor * np.diff(np.log(salt))

    def exchange_current(self, salt: np.ndarray, filling: np.ndarray) -> np.ndarray:
        """Exchange current density of the active material [A.m-2]."""
        factor = self.parameters.number("Exchange current density factor [A.m2.5.mol-1.5]")
        return factor * self.c_max * np.sqrt(salt * filling * (1.0 - filling))

    @property
    def c_max(self) -> float:
        """Maximum concentration of the active material [mol.m-3]."""
        return self.parameters.number("Active maximum concentration [mol.m-3]")

    def interface(
        self, salt: np.ndarray, filling: np.ndarray, reaction: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return ``phi_s - phi_e`` [V] of every electrode cell and its slope in the current density."""
        fall = self.lag / (F * self.parameters.number("Active diffusivity [m2.s-1]") * self.c_max)
        x = filling - fall * reaction
        twice = 2 * self.exchange_current(salt, x)
        potential = self.laws["ocp"](x) + 2 * self.thermal * np.arcsinh(reaction / twice)
        ocp: Any = self.laws["ocp"]
        return potential, 2 * self.thermal / np.hypot(reaction, twice) - fall * ocp(x, 1)

    def ionic_current(self, salt: np.ndarray, filling: np.ndarray, density: float) -> np.ndarray:
        """Return the ionic current density at the faces of the electrode, both ends included [A.m-2].

        The difference of ``-sigma grad phi_s = i - i_e`` and ``-kappa (grad phi_e - rise) = i_e`` between two
        cells, with ``phi_s - phi_e`` a function of the reaction ``d i_e/dz / a``.
        """
        first, dz = self.cells[0], self.sizes[-1]
        kappa = self.at_faces(self.pores[1] * self.laws["conductivity_e"](salt))[first:]
        solid, rise, salt = dz / self.electronic, self.rise(salt)[first:], salt[first:]
        ionic = self._guess.get("ionic", density * np.linspace(1.0, 0.0, len(filling) + 1)).copy()
        ionic[0], ionic[-1] = density, 0.0
        for _ in range(50):
            potential, slope = self.interface(salt, filling, np.diff(ionic) / (self.area * dz))
            inner, slope = ionic[1:-1], slope / (self.area * dz)
            miss = np.diff(potential) + solid * (density - inner) - inner / kappa + rise
            bands = np.zeros((3, len(inner)))
            bands[0, 1:], bands[2, :-1] = slope[1:-1], slope[1:-1]
            bands[1] = -slope[1:] - slope[:-1] - solid - 1.0 / kappa
            change = solve_banded((1, 1), bands, -miss)
            ionic[1:-1] += change
            if np.abs(change).max() < 1e-12 * abs(density):
                self._guess["ionic"] = ionic
                return ionic
        raise SolverError("the reaction profile of the porous electrode was not found")

    def rates(self, values: np.ndarray, density: float) -> np.ndarray:
        """Return the rates of change of salt [mol.m-3.s-1] and stoichiometry [s-1] at a current density."""
        salt, filling = np.split(values, [sum(self.cells)])
        first, dz = self.cells[0], self.sizes[-1]
        porosity, factor = self.pores
        ionic = self.ionic_current(salt, filling, density)
        inner = np.concatenate([np.full(first, density), ionic[1:-1]])
        t_plus = self.laws["transference"](0.5 * (salt[1:] + salt[:-1]))
        flux = -self.at_faces(factor * self.laws["diffusivity_e"](salt)) * np.diff(salt) + t_plus * inner / F
        release = np.concatenate([np.zeros(first), np.diff(ionic) / dz / F])
        through = np.concatenate([[density / F], flux, [0.0]])
        d_s = self.parameters.number("Active diffusivity [m2.s-1]")
        along = np.concatenate([[0.0], d_s * np.diff(filling) / dz, [0.0]])
        loss = release[first:] / ((1.0 - self.porosity) * self.c_max)
        return np.concatenate(
            [(release - np.diff(through) / self.sizes) / porosity, np.diff(along) / dz - loss]
        )

    def state(self, values: np.ndarray, density: float) -> State:
        """Return voltage and profiles from concentrations."""
        salt, filling = np.split(values, [sum(self.cells)])
        first, dz = self.cells[0], self.sizes[-1]
        ionic = self.ionic_current(salt, filling, density)
        reaction = np.diff(ionic) / (self.area * dz)
        kappa = self.at_faces(self.pores[1] * self.laws["conductivity_e"](salt))
        current = np.concatenate([np.full(first, density), ionic[1:-1]])
        electrolyte = self.at_lithium(salt, density) + np.sum(self.rise(salt) - current / kappa)
        potential, _ = self.interface(salt[first:], filling, reaction)
        voltage = electrolyte + potential[-1] - 0.5 * density * dz / self.electronic
        return State(float(voltage), salt, filling, reaction)

    def at_lithium(self, salt: np.ndarray, density: float) -> float:
        """Potential of the first electrolyte cell [V]: lithium overpotential and the half cell in front."""
        c, half, factor = salt[0], 0.5 * self.sizes[0], self.pores[1][0]
        kappa, d_e, t_plus, thermodynamic = (
            float(self.laws[name](c))
            for name in ("conductivity_e", "diffusivity_e", "transference", "thermodynamic_factor")
        )
        plane = c + half * (1.0 - t_plus) * density / (F * factor * d_e)
        lithium = self.parameters.number("Lithium metal exchange current density [A.m-2]")
        reference = self.parameters.number("Lithium metal reference concentration [mol.m-3]")
        i0 = lithium * np.sqrt(plane / reference)
        rise = 2 * self.thermal * (1.0 - t_plus) * thermodynamic * np.log(c / plane)
        drop = 2 * self.thermal * np.arcsinh(density / (2 * i0)) + density * half / (factor * kappa)
        return float(rise - drop)

    def solve(self, filling: float, density: float, times: np.ndarray) -> list[State]:
        """Return the states at given times of a constant current from a relaxed start.

        Parameters
        ----------
        filling : float
            Stoichiometry at the start.
        density : float
            Current per cross-section, positive on discharge [A.m-2].
        times : ndarray
            Increasing [s].
        """
        salt = self.parameters.number("Initial electrolyte concentration [mol.m-3]")
        start = np.repeat([salt, filling], [sum(self.cells), self.cells[1]])
        scale = np.repeat([1000.0, 1.0], [sum(self.cells), self.cells[1]])
        self._guess.clear()
        found = solve_ivp(
            lambda _, values: self.rates(values, density),
            (0.0, times[-1]),
            start,
            "BDF",
            t_eval=times,
            rtol=1e-7,
            atol=1e-8 * scale,
        )
        if not found.success:
            raise SolverError(f"the porous electrode was not solved: {found.message}")
        return [self.state(values, density) for values in found.y.T]
