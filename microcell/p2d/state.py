"""What is solved for, and what a time step remembers."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from ..parameters.constants import F
from .cell import Cell


class Unknowns(NamedTuple):
    """Unknowns of one time. Shapes as in :class:`~microcell.p2d.cell.Cell`.

    Attributes
    ----------
    c_s : lithium in the shells [mol.m-3], (E, P, radial).
    current : through the particle surfaces, positive when lithium leaves [A.m-2], (E, P).
    c_e, phi_e : salt [mol.m-3] and potential [V] of the electrolyte, (N,).
    phi_s : potential of the solid [V], (N,); zero in the separator.
    lithium : current out of the lithium plane [A.m-2].
    applied : current through the collector, positive for discharge [A.m-2].
    """

    c_s: Array
    current: Array
    c_e: Array
    phi_e: Array
    phi_s: Array
    lithium: Array
    applied: Array


def voltage(cell: Cell, u: Unknowns) -> Array:
    """Terminal voltage [V]: the potential of the last volume less the drop to the collector."""
    return u.phi_s[-1] - collector_resistance(cell) * u.applied


def collector_resistance(cell: Cell) -> Array:
    """Area resistance between the centre of the last volume and the terminal [Ohm.m2]."""
    return 0.5 * cell.width[-1] / cell.conductivity_s[-1] + cell.laws.collector_contact


def uniform(cell: Cell, x: Array) -> Unknowns:
    """Return the relaxed state at one stoichiometry: no currents, electrolyte at the potential of lithium.

    Parameters
    ----------
    cell : Cell
        The cell.
    x : Array
        Stoichiometry c_s / c_max.
    """
    mesh, zero = cell.mesh, jnp.zeros(())
    faces = jnp.zeros(cell.interface.shape)
    electrode = jnp.arange(mesh.cells) >= mesh.separator
    return Unknowns(
        c_s=x * cell.laws.c_max * jnp.ones((*faces.shape, mesh.radial)),
        current=faces,
        c_e=cell.salt * jnp.ones(mesh.cells),
        phi_e=jnp.zeros(mesh.cells),
        phi_s=jnp.where(electrode, cell.laws.ocp(x, cell.laws.temperature), 0.0),
        lithium=zero,
        applied=zero,
    )


def lithium_content(cell: Cell, u: Unknowns) -> tuple[Array, Array]:
    """Lithium in solid and electrolyte per cross-section [mol.m-2]."""
    width = cell.width[cell.mesh.separator :]
    mean = 3.0 * jnp.sum(u.c_s * cell.shell_volume[None, None], axis=-1)
    solid = jnp.sum(width[:, None] * cell.active * mean)
    return solid, jnp.sum(cell.width * cell.porosity * u.c_e)


def uniform_current(cell: Cell, applied: Array) -> Array:
    """Surface current that carries the applied one evenly [A.m-2], (E, P)."""
    width = cell.width[cell.mesh.separator :, None]
    return -applied / jnp.sum(width * cell.interface) * jnp.ones(cell.interface.shape)


def film_terms(cell: Cell, thickness: Array) -> tuple[Array, Array]:
    """Resistance [Ohm.m2] and lithium shift [mol.m-3 per A.m-2] of the film; zero without one."""
    if not cell.film:
        return jnp.zeros_like(thickness), jnp.zeros_like(thickness)
    return thickness / cell.laws.film_kappa, thickness / (F * cell.laws.film_diffusivity)
