"""What is measured after every step: balances, films, ranges."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from ..physics import film as film_growth
from .residual import System, axis_fluxes, cell_properties, collector_conductance, coverage, ionic_factor
from .state import Currents, Unknowns


class Measures(NamedTuple):
    """Scalars of a state (names say the unit); see :func:`measure`."""

    current_A: Array
    lithium_plane_A: Array
    charge_error_A: Array
    lithium_solid_mol: Array
    lithium_electrolyte_mol: Array
    film_mean_m: Array
    film_min_m: Array
    film_max_m: Array
    oxygen_mol: Array
    mean_stoichiometry: Array
    min_surface_stoichiometry: Array
    max_surface_stoichiometry: Array
    min_electrolyte: Array
    max_electrolyte: Array


def measure(system: System, u: Unknowns, currents: Currents, film: Array, surface: Array) -> Measures:
    """Measure a solved state.

    Parameters
    ----------
    system, u, currents
        The cell, its unknowns and solved face currents.
    film : Array, shape (faces,)
        Thickness [m].
    surface : Array, shape (faces,)
        ``c_so`` [mol.m-3].

    Returns
    -------
    Measures
        The charge error is the largest deviation of the current through any z plane from the terminal
        current.
    """
    geometry, laws, faces = system.geometry, system.laws, system.geometry.faces
    planes, terminal = plane_currents(system, u, currents)
    porosity, _ = ionic_factor(geometry, laws)
    amount = geometry.volume * porosity * u.c
    area = jnp.sum(faces.area)
    active_volume = jnp.sum(jnp.where(geometry.active, geometry.volume, 0.0))
    solid = jnp.sum(jnp.where(geometry.active, amount, 0.0))
    c_e = jnp.where(geometry.ionic, u.c, u.c[0, 0, 0])
    return Measures(
        current_A=terminal,
        lithium_plane_A=jnp.sum(currents.lithium) * geometry.section,
        charge_error_A=jnp.max(jnp.abs(planes - terminal)),
        lithium_solid_mol=solid,
        lithium_electrolyte_mol=jnp.sum(jnp.where(geometry.ionic, amount, 0.0)),
        film_mean_m=jnp.sum(faces.area * film) / area,
        film_min_m=jnp.min(film),
        film_max_m=jnp.max(film),
        oxygen_mol=jnp.sum(faces.area * film_growth.oxygen_released(laws, film)),
        mean_stoichiometry=solid / active_volume / laws.c_max,
        min_surface_stoichiometry=jnp.min(surface) / laws.c_max,
        max_surface_stoichiometry=jnp.max(surface) / laws.c_max,
        min_electrolyte=jnp.min(c_e),
        max_electrolyte=jnp.max(c_e),
    )


def plane_currents(system: System, u: Unknowns, currents: Currents) -> tuple[Array, Array]:
    """Return the current through the lithium plane and every z face plane, and at the terminals [A].

    Positive towards the collector, which is the sign of a discharge: all of them are the same current.
    """
    geometry, faces = system.geometry, system.geometry.faces
    properties = cell_properties(system, u.c)
    flux = axis_fluxes(system, properties, u, 0)
    through = jnp.sum(flux.electronic + flux.ionic, axis=(1, 2))
    plane = geometry.shape[1] * geometry.shape[2]
    z_p, z_q = faces.p // plane, faces.q // plane
    released = coverage(system) * faces.area * currents.face * jnp.sign(z_q - z_p)
    through = through.at[jnp.minimum(z_p, z_q)].add(jnp.where(z_p == z_q, 0.0, released))
    terminal = jnp.sum(collector_conductance(system, properties) * u.phi_s[-1])
    return jnp.append(through, jnp.sum(currents.lithium) * geometry.section), terminal
