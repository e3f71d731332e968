"""What is measured after every step: balances, films, ranges."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from microcell_kernels import halo
from microcell_kernels.halo import Slabs

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
    area = geometry.sum_faces(faces.area)
    active_volume = geometry.total(jnp.where(geometry.active, geometry.volume, 0.0))
    solid = geometry.total(jnp.where(geometry.active, amount, 0.0))
    oxygen = film_growth.oxygen_released(laws, film)
    film_lowest, film_highest = _range(film, True, geometry.slabs)
    x_lowest, x_highest = _range(surface / laws.c_max, True, geometry.slabs)
    c_lowest, c_highest = _range(u.c, geometry.ionic, geometry.slabs)
    return Measures(
        current_A=terminal,
        lithium_plane_A=lithium_current(system, currents),
        charge_error_A=halo.largest(jnp.max(jnp.abs(planes - terminal)), geometry.slabs),
        lithium_solid_mol=solid,
        lithium_electrolyte_mol=geometry.total(jnp.where(geometry.ionic, amount, 0.0)),
        film_mean_m=geometry.sum_faces(faces.area * film) / area,
        film_min_m=film_lowest,
        film_max_m=film_highest,
        oxygen_mol=geometry.sum_faces(coverage(system) * faces.area * oxygen),
        mean_stoichiometry=solid / active_volume / laws.c_max,
        min_surface_stoichiometry=x_lowest,
        max_surface_stoichiometry=x_highest,
        min_electrolyte=c_lowest,
        max_electrolyte=c_highest,
    )


def _range(values: Array, where: Array | bool, slabs: Slabs) -> tuple[Array, Array]:
    """Smallest and largest value over the whole cell."""
    lowest = jnp.min(jnp.where(where, values, jnp.inf))
    highest = jnp.max(jnp.where(where, values, -jnp.inf))
    return halo.smallest(lowest, slabs), halo.largest(highest, slabs)


def lithium_current(system: System, currents: Currents) -> Array:
    """Current through the lithium plane [A], positive into the electrolyte."""
    geometry = system.geometry
    return geometry.total(jnp.where(geometry.at_lithium, currents.lithium, 0.0)) * geometry.section


def plane_currents(system: System, u: Unknowns, currents: Currents) -> tuple[Array, Array]:
    """Return the current through the lithium plane and every z face plane, and at the terminals [A].

    Positive towards the collector, which is the sign of a discharge: all of them are the same current. Where
    the cell is spread over slabs, the planes of this slab; those outside of the cell repeat the terminal's.
    """
    geometry, faces = system.geometry, system.geometry.faces
    properties = cell_properties(system, u.c)
    flux = axis_fluxes(system, properties, u, 0)
    through = jnp.sum(flux.electronic + flux.ionic, axis=(1, 2))
    plane = geometry.shape[1] * geometry.shape[2]
    z_p, z_q = faces.p // plane, faces.q // plane
    released = coverage(system) * faces.area * currents.face * jnp.sign(z_q - z_p)
    through = through.at[jnp.minimum(z_p, z_q)].add(jnp.where(z_p == z_q, 0.0, released), mode="drop")
    terminal = geometry.total(collector_conductance(system, properties) * u.phi_s[geometry.collector])
    if geometry.slabs is not None:
        number = jnp.arange(len(through))
        first = geometry.at_lithium & (number == 0)
        beyond = geometry.at_collector & (number > geometry.collector)
        through = jnp.where(first | beyond, terminal, through)
    return jnp.append(through, lithium_current(system, currents)), terminal
