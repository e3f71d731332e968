"""What is solved for, and what follows from it at once."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from .cell import Cell
from .electrode import Electrode


class Unknowns(NamedTuple):
    """Unknowns of one time; tuples have one entry per electrode.

    Attributes
    ----------
    c_s : lithium in the shells [mol.m-3], (E, P, radial) each.
    current : through the active surfaces, positive when lithium leaves [A.m-2], (E, P) each.
    c_e, phi_e : salt [mol.m-3] and potential [V] of the electrolyte, (N,).
    phi_s : potential of the solid [V], (N,); zero in the separator.
    entering : current into the first volume, from lithium metal or from the negative collector [A.m-2].
    applied : current through the positive collector, positive for discharge [A.m-2].
    """

    c_s: tuple[Array, ...]
    current: tuple[Array, ...]
    c_e: Array
    phi_e: Array
    phi_s: Array
    entering: Array
    applied: Array


def voltage(cell: Cell, u: Unknowns) -> Array:
    """Terminal voltage [V]: the potential of the last volume less the drop to the collector."""
    return u.phi_s[-1] - collector_resistance(cell) * u.applied


def collector_resistance(cell: Cell) -> Array:
    """Area resistance between the centre of the last volume and the terminal [Ohm.m2]."""
    return cell.half_volume(-1) / cell.conductivity_s[-1] + cell.laws.collector_contact


def uniform(cell: Cell, x: tuple[Array, ...]) -> Unknowns:
    """Return a relaxed state: no currents; lithium metal, or else the negative solid, at 0 V.

    Parameters
    ----------
    cell : Cell
        The cell.
    x : tuple of Array
        Stoichiometry c_s / c_max of every electrode.
    """
    zero = jnp.zeros(())
    ocp = [e.laws.ocp(own, e.laws.temperature) for e, own in zip(cell.electrodes, x, strict=True)]
    phi_e = zero if cell.metal else -ocp[0]
    phi_s = jnp.zeros(cell.volumes)
    for electrode, potential in zip(cell.electrodes, ocp, strict=True):
        phi_s = phi_s.at[electrode.place].set(potential + phi_e)
    return Unknowns(
        c_s=tuple(_filled(cell, e, own) for e, own in zip(cell.electrodes, x, strict=True)),
        current=tuple(jnp.zeros(e.interface.shape) for e in cell.electrodes),
        c_e=cell.salt * jnp.ones(cell.volumes),
        phi_e=phi_e * jnp.ones(cell.volumes),
        phi_s=phi_s,
        entering=zero,
        applied=zero,
    )


def _filled(cell: Cell, electrode: Electrode, x: Array) -> Array:
    return x * electrode.laws.c_max * jnp.ones((*electrode.interface.shape, cell.mesh.radial))


def mean_concentration(cell: Cell, c_s: Array) -> Array:
    """Mean over the shells of every particle [mol.m-3], (E, P)."""
    return 3.0 * jnp.sum(c_s * cell.shell_volume[None, None], axis=-1)


def solid_lithium(cell: Cell, u: Unknowns) -> Array:
    """Lithium in the particles of all electrodes per cross-section [mol.m-2]."""
    parts = []
    for electrode, c_s in zip(cell.electrodes, u.c_s, strict=True):
        width = cell.width[electrode.place, None]
        parts.append(jnp.sum(width * electrode.active * mean_concentration(cell, c_s)))
    return jnp.asarray(sum(parts))


def salt_lithium(cell: Cell, u: Unknowns) -> Array:
    """Salt in the electrolyte per cross-section [mol.m-2]."""
    return jnp.sum(cell.width * cell.porosity * u.c_e)


def even_currents(cell: Cell, applied: Array) -> tuple[Array, ...]:
    """Surface currents that carry the applied one evenly [A.m-2]; on discharge the negative one gives."""
    out = []
    for electrode in cell.electrodes:
        surface = jnp.sum(cell.width[electrode.place, None] * electrode.interface)
        sign = -1.0 if electrode is cell.positive else 1.0
        out.append(sign * applied / surface * jnp.ones(electrode.interface.shape))
    return tuple(out)
