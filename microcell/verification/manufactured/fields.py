"""Smooth fields of a plane cell that satisfy the interface kinetics, and the fluxes that they cause.

Geometry: lithium plane at z = 0, electrolyte, a plane interface at z = INTERFACE, active material, collector
at z = LENGTH; no flux through the sides. All fields depend on y and x by a product of cosines, so that
nothing flows there. Electrolyte and solid meet in Butler-Volmer's equation behind a film: the current density
of the interface is chosen, and the solid potential there follows from it in closed form.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ...parameters import ParameterSet
from ...parameters.constants import F, R
from ...parameters.laws import Laws

INTERFACE, LENGTH, SIDE = 12e-6, 24e-6, 8e-6
"""Position of the interface, thickness of all, and lateral edge [m]."""

FILM = 2e-9
"""Thickness of the film [m]; it does not grow."""

VOLTAGE = 3.95
"""Voltage of the manufactured cell [V]."""

SLOW = 1 / 30
"""Salt diffuses so much more slowly than in an electrolyte: what the slope of the salt does stands out."""

PROPERTIES: dict[str, Any] = {
    "Active open-circuit potential [V]": lambda x, T: 4.3 - 0.8 * x + 0.05 * jnp.sin(3 * x),
    "Active diffusivity [m2.s-1]": lambda x, T: 5e-14 * (1 + x),
    "Active electronic conductivity [S.m-1]": lambda x, T: 2e-3 * (2 - x),
    "Electrolyte conductivity [S.m-1]": lambda c, T: 2e-3 * (0.3 + c / 1000 - 0.3 * (c / 1000) ** 2),
    "Electrolyte diffusivity [m2.s-1]": lambda c, T: SLOW * 3e-10 * jnp.exp(-c / 4000),
    "Cation transference number": lambda c, T: 0.25 + 0.05 * c / 1000,
    "Thermodynamic factor": lambda c, T: 1 + c / 1000,
    "Rocksalt growth constant [m2.s-1]": 0.0,
    "Separator porosity": 1.0,
    "Separator tortuosity factor": 1.0,
}
"""Smooth laws, and conductivities so low that ohmic drops, kinetics and diffusion weigh about the same."""


def parameters() -> ParameterSet:
    """Return the parameter set with :data:`PROPERTIES`."""
    return ParameterSet.builtin().with_values(PROPERTIES)


Position = Any
"""A coordinate [m], scalar or array."""


class Fields(NamedTuple):
    """The manufactured solution; every function takes z, y, x [m] (``current`` y, x).

    Attributes
    ----------
    laws : Laws
        Properties.
    salt : float
        Slope of the salt at the interface over the one that goes with the current when nothing but lithium
        leaves the electrolyte there, ``(1 - t_plus) i / (F D_e)``.
    """

    laws: Laws
    salt: float = 0.0

    def lateral(self, y: Position, x: Position) -> Array:
        """Product of cosines without slope at the sides."""
        return jnp.cos(jnp.pi * y / SIDE) * jnp.cos(jnp.pi * x / SIDE)

    def current(self, y: Position, x: Position) -> Array:
        """Interface current density, from the active material into the electrolyte [A.m-2]."""
        return 1.5 + 0.5 * self.lateral(y, x)

    def c_e(self, z: Position, y: Position, x: Position) -> Array:
        """Salt concentration, with the slope that the current of the lithium plane needs [mol.m-3]."""
        wave, s = 0.15 + 0.1 * self.lateral(y, x), z / INTERFACE
        flat = 1000 * (1 + wave * jnp.cos(jnp.pi * s))
        plane = self.plane_slope(y, x) * z * (1 - s) ** 2
        return flat + plane + self.salt_slope(y, x) * (z - INTERFACE) * s**2

    def plane_slope(self, y: Position, x: Position) -> Array:
        """Slope of the salt at the lithium plane: only lithium enters there [mol.m-4]."""
        laws, T = self.laws, self.laws.temperature
        c = 1000 * (1 + 0.15 + 0.1 * self.lateral(y, x))
        current = self.lithium_current(self.plane_potential(y, x), c)
        return -(1 - laws.transference(c, T)) * current / (F * laws.diffusivity_e(c, T))

    def plane_potential(self, y: Position, x: Position) -> Array:
        """Electrolyte potential at the lithium plane [V]."""
        return -0.004 - 0.002 * self.lateral(y, x)

    def salt_slope(self, y: Position, x: Position) -> Array:
        """Slope of the salt at the interface [mol.m-4]."""
        laws, T = self.laws, self.laws.temperature
        c = 1000 * (1 - 0.15 - 0.1 * self.lateral(y, x))
        drawn = (1 - laws.transference(c, T)) * self.current(y, x) / (F * laws.diffusivity_e(c, T))
        return self.salt * drawn

    def phi_e(self, z: Position, y: Position, x: Position) -> Array:
        """Electrolyte potential: a cubic with the currents of both ends as slopes [V]."""
        s, lateral, laws = z / INTERFACE, self.lateral(y, x), self.laws
        start, end = self.plane_potential(y, x), 0.01 + 0.003 * lateral
        c, T = [self.c_e(at, y, x) for at in (0.0, INTERFACE)], laws.temperature
        kappa = [laws.conductivity_e(end, T) for end in c]
        diffusion = [
            2 * R * T / F * (1 - laws.transference(k, T)) * laws.thermodynamic_factor(k, T) for k in c
        ]
        slope_start = (
            diffusion[0] * self.plane_slope(y, x) / c[0] - self.lithium_current(start, c[0]) / kappa[0]
        )
        slope_end = diffusion[1] * self.salt_slope(y, x) / c[1] + self.current(y, x) / kappa[1]
        return (
            (1 + 2 * s) * (1 - s) ** 2 * start
            + s**2 * (3 - 2 * s) * end
            + s * (1 - s) ** 2 * slope_start * INTERFACE
            + s**2 * (s - 1) * slope_end * INTERFACE
        )

    def lithium_current(self, phi_e: Array, c: Array) -> Array:
        """Current density of the lithium plane into the cell (model, section 4)."""
        laws = self.laws
        i0 = laws.lithium_i0 * jnp.sqrt(c / laws.lithium_c_ref)
        return 2 * i0 * jnp.sinh(-F * phi_e / (2 * R * laws.temperature))

    def c_s(self, z: Position, y: Position, x: Position) -> Array:
        """Lithium in the solid, with the interface current as slope there [mol.m-3]."""
        laws, s = self.laws, (z - INTERFACE) / (LENGTH - INTERFACE)
        surface = laws.c_max * (0.45 + 0.03 * self.lateral(y, x))
        diffusivity = laws.diffusivity_s(surface / laws.c_max, laws.temperature)
        slope = self.current(y, x) / (F * diffusivity) * (LENGTH - INTERFACE)
        return surface + slope * s + 0.04 * laws.c_max * s**2 * (1 + jnp.cos(2 * s))

    def phi_s(self, z: Position, y: Position, x: Position) -> Array:
        """Solid potential relative to the voltage: Butler-Volmer's at the interface, zero at the end [V]."""
        laws, s = self.laws, (z - INTERFACE) / (LENGTH - INTERFACE)
        surface, i = self.c_s(INTERFACE, y, x), self.current(y, x)
        conductivity = laws.conductivity_s(surface / laws.c_max, laws.temperature)
        slope = i / conductivity * (LENGTH - INTERFACE)
        start = self.phi_e(INTERFACE, y, x) + self._overpotential(surface, i, y, x) - VOLTAGE
        return start + slope * s - (start + slope) * s**2

    def _overpotential(self, surface: Array, i: Array, y: Array, x: Array) -> Array:
        """``phi_s - phi_e`` that drives a current density (model, section 3)."""
        laws, T = self.laws, self.laws.temperature
        c_if = surface - i * FILM / (F * laws.film_diffusivity)
        c_e = self.c_e(INTERFACE, y, x)
        i0 = laws.i00 * jnp.sqrt(c_e * c_if * (laws.c_max - c_if))
        open_circuit = laws.ocp(c_if / laws.c_max, T)
        return open_circuit + 2 * R * T / F * jnp.arcsinh(i / (2 * i0)) + FILM / laws.film_kappa * i

    def electrolyte_fluxes(self, z: Position, y: Position, x: Position) -> tuple[Array, Array]:
        """Vectors of the ionic current and of F times the salt flux (z, y, x) [A.m-2] (model, section 2)."""
        laws, T = self.laws, self.laws.temperature
        c = self.c_e(z, y, x)
        grad_c = jnp.stack(jax.grad(self.c_e, (0, 1, 2))(z, y, x))
        grad_phi = jnp.stack(jax.grad(self.phi_e, (0, 1, 2))(z, y, x))
        t_plus = laws.transference(c, T)
        diffusion = 2 * R * T / F * (1 - t_plus) * laws.thermodynamic_factor(c, T) * grad_c / c
        ionic = laws.conductivity_e(c, T) * (diffusion - grad_phi)
        return ionic, t_plus * ionic - F * laws.diffusivity_e(c, T) * grad_c

    def solid_fluxes(self, z: Position, y: Position, x: Position) -> tuple[Array, Array]:
        """Vectors of the electronic current and of F times the lithium flux (z, y, x) [A.m-2]."""
        laws = self.laws
        filling = self.c_s(z, y, x) / laws.c_max
        grad_c = jnp.stack(jax.grad(self.c_s, (0, 1, 2))(z, y, x))
        grad_phi = jnp.stack(jax.grad(self.phi_s, (0, 1, 2))(z, y, x))
        sigma = laws.conductivity_s(filling, laws.temperature)
        return -sigma * grad_phi, -F * laws.diffusivity_s(filling, laws.temperature) * grad_c


def outflow(flux: Any, size: float, cells: tuple[np.ndarray, np.ndarray, np.ndarray]) -> tuple[Array, Array]:
    """Sum both fluxes out of cubic cells, by their values at the centres of the six faces.

    Parameters
    ----------
    flux : callable
        :meth:`Fields.electrolyte_fluxes` or :meth:`Fields.solid_fluxes`.
    size : float
        Edge of the cells [m].
    cells : three ndarrays
        Coordinates of their centres z, y, x, of equal shape.
    """
    everywhere = jnp.vectorize(flux, signature="(),(),()->(d),(d)")
    sums = [jnp.zeros(cells[0].shape), jnp.zeros(cells[0].shape)]
    for axis in range(3):
        for sign in (-1.0, 1.0):
            at = [c + (0.5 * sign * size if d == axis else 0.0) for d, c in enumerate(cells)]
            vectors = everywhere(*at)
            sums = [s + sign * size**2 * v[..., axis] for s, v in zip(sums, vectors, strict=True)]
    return sums[0], sums[1]
