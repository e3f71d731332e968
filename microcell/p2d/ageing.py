"""Slow states over a time step: every mechanism of every electrode, and the geometry that follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import jax
import jax.numpy as jnp
from jax import Array

from .cell import Cell
from .electrode import Electrode
from .equations import surface_concentration
from .mechanism import Effects, Lost, State, Surface, no_effects
from .state import Unknowns, mean_concentration

Slow = tuple[tuple[State, ...], ...]
"""States of the mechanisms of every electrode."""


def fresh(cell: Cell) -> Slow:
    """Return the slow states at the beginning."""
    return tuple(tuple(m.start(e.laws, jnp.asarray(e.radius)) for m in e.mechanisms) for e in cell.electrodes)


def surfaces(cell: Cell, u: Unknowns) -> tuple[Surface, ...]:
    """Return what the mechanisms of every electrode see."""
    return tuple(_surface(e, u, c_s, current) for e, c_s, current in _parts(cell, u))


def _parts(cell: Cell, u: Unknowns) -> Iterator[tuple[Electrode, Array, Array]]:
    return zip(cell.electrodes, u.c_s, u.current, strict=True)


def _surface(electrode: Electrode, u: Unknowns, c_s: Array, current: Array) -> Surface:
    shape = current.shape
    c = surface_concentration(electrode, c_s, current)
    return Surface(
        stoichiometry=c / electrode.laws.c_max,
        drop=jnp.broadcast_to(electrode.seen(u.phi_s - u.phi_e), shape),
        current=current,
        salt=jnp.broadcast_to(electrode.seen(u.c_e), shape),
    )


def aged(cell: Cell, slow: Slow, before: Unknowns, after: Unknowns, dt: Array) -> Slow:
    """Return the slow states at the end of a step.

    With a predicted ``after`` they are known before the step is solved and depend smoothly on its length, so
    that events can be met as closely as is asked.
    """
    ends = zip(cell.electrodes, slow, surfaces(cell, before), surfaces(cell, after), strict=True)
    return tuple(
        tuple(
            m.advance(e.laws, jnp.asarray(e.radius), state, first, last, dt)
            for m, state in zip(e.mechanisms, states, strict=True)
        )
        for e, states, first, last in ends
    )


def effects(cell: Cell, slow: Slow, u: Unknowns) -> tuple[Effects, ...]:
    """Return the sum of what the mechanisms do to every electrode, with the surfaces of ``u``."""
    out = []
    for e, states, surface in zip(cell.electrodes, slow, surfaces(cell, u), strict=True):
        total = no_effects(surface.current)
        for m, state in zip(e.mechanisms, states, strict=True):
            own = m.effects(e.laws, jnp.asarray(e.radius), state, surface)
            total = Effects(*(a + b for a, b in zip(total, own, strict=True)))
        out.append(total)
    return tuple(out)


# --- lost material ---------------------------------------------------------------------------------


def loses_material(cell: Cell) -> bool:
    """Whether any mechanism changes the geometry."""
    return any(m.loses_material for e in cell.electrodes for m in e.mechanisms)


@jax.jit
def settle(cell: Cell, slow: Slow, pristine: Cell, u: Unknowns) -> tuple[Cell, Unknowns, Array]:
    """Take lost material out of the geometry, as is done at the end of every step of the protocol.

    Parameters
    ----------
    cell, pristine : Cell
        The cell now and as it was built.
    slow : Slow
        States of its mechanisms.
    u : Unknowns
        The state.

    Returns
    -------
    Cell, Unknowns
        With smaller particles, or fewer.
    Array
        Lithium in what was lost [mol.m-2].
    """
    electrodes, lithium, trapped = [], [], jnp.zeros(())
    parts = zip(cell.electrodes, slow, pristine.electrodes, u.c_s, strict=True)
    for electrode, states, made, c_s in parts:
        lost = _combined(electrode, states)
        smaller, left = _shrunk(cell, electrode, made, lost, c_s)
        before = electrode.active * mean_concentration(cell, c_s)
        after = smaller.active * mean_concentration(cell, left)
        trapped = trapped + jnp.sum(cell.width[electrode.place, None] * (before - after))
        electrodes.append(smaller)
        lithium.append(left)
    return replace(cell, electrodes=tuple(electrodes)), u._replace(c_s=tuple(lithium)), trapped


def _combined(electrode: Electrode, states: tuple[State, ...]) -> Lost:
    """All mechanisms together: shares multiply, layers add; trapped lithium by the one that shrinks most."""
    radius = jnp.asarray(electrode.radius)
    present, layer = jnp.ones(radius.shape), jnp.zeros(radius.shape)
    trapped, thickest = jnp.full(radius.shape, jnp.nan), jnp.zeros(radius.shape)
    for mechanism, state in zip(electrode.mechanisms, states, strict=True):
        lost = mechanism.lost(radius, state)
        present, layer = present * (1.0 - lost.isolated), layer + (1.0 - lost.core)
        if lost.trapped is not None:
            trapped = jnp.where(1.0 - lost.core > thickest, lost.trapped, trapped)
        thickest = jnp.maximum(thickest, 1.0 - lost.core)
    return Lost(1.0 - present, 1.0 - layer, trapped)


def _shrunk(
    cell: Cell, electrode: Electrode, made: Electrode, lost: Lost, c_s: Array
) -> tuple[Electrode, Array]:
    """Return the electrode less what is lost, and the lithium of its shells, (E, P, radial)."""
    present = 1.0 - lost.isolated
    core = jnp.minimum(lost.core, electrode.core)  # material does not come back
    smaller = replace(
        electrode, interface=made.interface * present, active=made.active * present * core**3, core=core
    )
    return smaller, _remapped(cell, electrode, core / electrode.core, lost, c_s)


def _remapped(cell: Cell, electrode: Electrode, ratio: Array, lost: Lost, c_s: Array) -> Array:
    """Lithium of the shells after the radius has shrunk by ``ratio``: what lay inside stays where it was.

    In what was cut off stays all that was there, or the trapped stoichiometry. The difference is spread over
    the core: in the thin last shell it could exceed what the material holds, and in the time of a step of the
    protocol it diffuses all the way.
    """
    edges = jnp.asarray(cell.mesh.shell_edges())
    volume = jnp.asarray(3.0 * cell.shell_volume)[None, None]
    held = jnp.concatenate([jnp.zeros((*c_s.shape[:2], 1)), jnp.cumsum(c_s * volume, -1)], -1)
    new = (edges[None, None] * ratio[..., None]) ** 3
    within = jax.vmap(jax.vmap(jnp.interp, (0, None, 0)), (0, None, 0))(new, edges**3, held)
    shells = jnp.diff(within, axis=-1) / (volume * ratio[..., None] ** 3)
    if lost.trapped is None:
        return shells
    stays = lost.trapped * electrode.laws.c_max * (1.0 - ratio**3)
    excess = jnp.where(jnp.isnan(stays), 0.0, held[..., -1] - within[..., -1] - stays)
    return shells + (excess / ratio**3)[..., None]
