"""SPMe and SPM: the equations of the porous electrode with the same reaction everywhere in an electrode.

Each particle size has one surface current per electrode, and charge transfer is required of the mean drop
phi_s - phi_e and the mean salt only (Marquis et al. 2019, doi 10.1149/2.0341915jes; Brosa Planella, Sheikh &
Widanage 2021, doi 10.1016/j.electacta.2021.138524). Ionic and electronic current are then known at every
place, the salt follows from the applied current, and the potentials from Ohm's law: integrals of known
currents, with conductivity and diffusion potential at the salt there. In the SPM nothing resists through the
plane, and the salt stays as it was.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from ..parameters.constants import F
from ..physics import transport
from .cell import Cell
from .control import control_residual
from .electrode import Electrode
from .equations import Step, cell_properties, entering_balance, radial_residual, surface_balance
from .state import Unknowns, voltage


class Means(NamedTuple):
    """What is left to solve for; tuples have one entry per electrode.

    Attributes
    ----------
    c_s, current : as in :class:`~microcell.p2d.state.Unknowns`, with one place per electrode.
    drop : mean of phi_s - phi_e [V].
    c_e : salt [mol.m-3], (N,).
    applied : [A.m-2], positive for discharge.
    """

    c_s: tuple[Array, ...]
    current: tuple[Array, ...]
    drop: tuple[Array, ...]
    c_e: Array
    applied: Array


class Balances(NamedTuple):
    """What is left of each equation.

    Attributes
    ----------
    radial, kinetics, control : as in :class:`~microcell.p2d.equations.Residual`.
    total : current from the particles of an electrode less what flows through it [A.m-2], per electrode.
    salt : salt balance [mol.m-2], (N,).
    """

    radial: tuple[Array, ...]
    kinetics: tuple[Array, ...]
    total: tuple[Array, ...]
    salt: Array
    control: Array


def means_of(cell: Cell, u: Unknowns) -> Means:
    """Reduce unknowns to means; the salt of the SPM is at rest."""
    drop = tuple(e.seen(u.phi_s - u.phi_e)[0, 0] for e in cell.electrodes)
    c_e = cell.salt * jnp.ones(cell.volumes) if cell.model == "SPM" else u.c_e
    return Means(u.c_s, u.current, drop, c_e, u.applied)


def unknowns_of(cell: Cell, m: Means) -> Unknowns:
    """Add the potentials that follow from means."""
    phi_e, phi_s = potentials(cell, m.drop, m.c_e, m.applied)
    return Unknowns(m.c_s, m.current, m.c_e, phi_e, phi_s, entering=m.applied, applied=m.applied)


def balances(cell: Cell, step: Step, m: Means) -> Balances:
    """Evaluate all equations."""
    parts = zip(cell.electrodes, step.past_s, step.effects, m.c_s, m.current, m.drop, strict=True)
    radial, kinetics, total = [], [], []
    for e, past, effects, c_s, current, drop in parts:
        radial.append(radial_residual(cell, e, step, past, c_s, current))
        seen = drop[None, None], e.seen(m.c_e)
        kinetics.append(surface_balance(e, effects, seen[0], c_s[..., -1], seen[1], current))
        total.append(jnp.sum(surface(cell, e) * (current + effects.side)) - sign(cell, e) * m.applied)
    volts = voltage(cell, unknowns_of(cell, m))
    return Balances(
        radial=tuple(radial),
        kinetics=tuple(kinetics),
        total=tuple(total),
        salt=salt_balance(cell, step, m.c_e, m.applied),
        control=control_residual(step.control, volts, m.applied),
    )


def sign(cell: Cell, electrode: Electrode) -> float:
    """Return 1 where discharge takes lithium out of the particles, else -1."""
    return -1.0 if electrode is cell.positive else 1.0


def surface(cell: Cell, electrode: Electrode) -> Array:
    """Active surface of each size per cross-section, (1, P)."""
    return jnp.sum(cell.width[electrode.place]) * jnp.asarray(electrode.interface)


def ionic_share(cell: Cell) -> Array:
    """Ionic over applied current at all faces, (N + 1,): straight lines in the electrodes."""
    start, rise = jnp.ones(1) if cell.metal else jnp.zeros(1), jnp.zeros(cell.volumes)
    for e in cell.electrodes:
        width = cell.width[e.place]
        rise = rise.at[e.place].set(sign(cell, e) * width / jnp.sum(width))
    return jnp.concatenate([start, start + jnp.cumsum(rise)])


def inner_faces(cell: Cell, c: Array) -> transport.FaceCoefficients:
    """Return the coefficients of the inner faces, (N - 1,)."""
    properties, half = cell_properties(cell, c), 0.5 * cell.width
    low, high = (
        transport.CellProperties(*(value[part] for value in properties))
        for part in (slice(None, -1), slice(1, None))
    )
    return transport.face_coefficients(low, high, half[:-1], half[1:], cell.laws.temperature)


def salt_balance(cell: Cell, step: Step, c: Array, applied: Array) -> Array:
    """Balance of the salt [mol.m-2], (N,); in the SPM it is at rest, and nothing is left."""
    if cell.model == "SPM":
        return jnp.zeros_like(c)
    ionic, k = applied * ionic_share(cell), inner_faces(cell, c)
    inner = k.lithium * (c[:-1] - c[1:]) + k.transference * ionic[1:-1]
    flux = jnp.concatenate([ionic[:1], inner, ionic[-1:]])
    stored = cell.width * cell.porosity * (step.a0 * c + step.past_e)
    return stored + step.dt / F * jnp.diff(flux - ionic)


def potentials(cell: Cell, drop: tuple[Array, ...], c: Array, applied: Array) -> tuple[Array, Array]:
    """Potentials of electrolyte and solid [V], (N,) each; of the solid zero in the separator.

    Parameters
    ----------
    cell : Cell
        The cell.
    drop : tuple of Array
        Mean of phi_s - phi_e in every electrode [V].
    c : Array, shape (N,)
        Salt [mol.m-3].
    applied : Array
        Current [A.m-2].
    """
    zero, phi_s = jnp.zeros(()), jnp.zeros(cell.volumes)
    electrolyte, solids = _ohmic(cell, c, applied)
    first = entering_balance(cell, c[0], zero, zero, applied)  # what is left at 0 V is the potential there
    if cell.metal:
        phi_e = first + electrolyte
    else:
        at = cell.electrodes[0].place
        phi_s = phi_s.at[at].set(first + solids[0])
        phi_e = electrolyte + jnp.mean(phi_s[at] - electrolyte[at]) - drop[0]
    at = cell.positive.place
    phi_s = phi_s.at[at].set(solids[-1] + jnp.mean(phi_e[at] - solids[-1]) + drop[-1])
    return phi_e, phi_s


def _ohmic(cell: Cell, c: Array, applied: Array) -> tuple[Array, list[Array]]:
    """Potentials less that of the first volume: of the electrolyte (N,), of the solid of each electrode."""
    if cell.model == "SPM":
        return jnp.zeros(cell.volumes), [jnp.zeros(e.volumes) for e in cell.electrodes]
    share, k = ionic_share(cell)[1:-1], inner_faces(cell, c)
    electrolyte = _summed(k.diffusion_potential - applied * share / k.ionic)
    solids = []
    for e in cell.electrodes:
        faces = slice(e.first, e.first + e.volumes - 1)
        solids.append(_summed(-applied * (1.0 - share[faces]) / k.electronic[faces]))
    return electrolyte, solids


def _summed(steps: Array) -> Array:
    return jnp.concatenate([jnp.zeros(1), jnp.cumsum(steps)])
