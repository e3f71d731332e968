"""One iteration of Newton's method for SPMe and SPM, with the unknowns eliminated from the inside out.

Shells and surface currents as in the DFN, the salt as an affine function of the applied current
(tridiagonal), the mean drops from the total current of each electrode; the control gives the applied current.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from .cell import Cell
from .control import control_slopes
from .equations import Step
from .particles import Particles, Response, linearize_particles, respond, shells_after, through_asinh
from .state import Unknowns, voltage
from .tridiagonal import solve_tridiagonal
from .uniform_reaction import (
    Balances,
    Means,
    balances,
    means_of,
    salt_balance,
    sign,
    surface,
    unknowns_of,
)


class Linear(NamedTuple):
    """Derivatives of the equations.

    Attributes
    ----------
    particles : of every electrode.
    salt : lower, diagonal, upper of the salt balance by c_e, each (N,).
    salt_source : of the salt balance by the applied current, (N,).
    voltage : of the terminal voltage by the mean drops, c_e (N,) and the applied current.
    control : of the control by voltage and applied current.
    """

    particles: tuple[Particles, ...]
    salt: tuple[Array, Array, Array]
    salt_source: Array
    voltage: tuple[tuple[Array, ...], Array, Array]
    control: tuple[Array, Array]


def linearize(cell: Cell, step: Step, m: Means) -> Linear:
    """Differentiate all equations at given means."""
    parts = zip(cell.electrodes, step.effects, m.drop, m.c_s, m.current, strict=True)

    def terminal(drop: tuple[Array, ...], c_e: Array, applied: Array) -> Array:
        return voltage(cell, unknowns_of(cell, m._replace(drop=drop, c_e=c_e, applied=applied)))

    volts, slopes = jax.value_and_grad(terminal, (0, 1, 2))(m.drop, m.c_e, m.applied)
    return Linear(
        particles=tuple(
            linearize_particles(cell, e, step, effects, (drop[None, None], e.seen(m.c_e)), c_s, i)
            for e, effects, drop, c_s, i in parts
        ),
        salt=_salt(cell, step, m),
        salt_source=_along(lambda i: salt_balance(cell, step, m.c_e, i), m.applied, jnp.ones_like(m.applied)),
        voltage=slopes,
        control=control_slopes(step.control, volts, m.applied),
    )


def _along(function: object, at: Array, direction: Array) -> Array:
    return jax.jvp(function, (at,), (direction,))[1]  # type: ignore[arg-type]


def _salt(cell: Cell, step: Step, m: Means) -> tuple[Array, Array, Array]:
    """Columns of a tridiagonal matrix, three directions at a time: every third volume moves in each."""
    n = jnp.arange(cell.volumes)
    moves = (n[None] % 3 == jnp.arange(3)[:, None]).astype(m.c_e.dtype)
    along = jax.vmap(lambda v: _along(lambda c: salt_balance(cell, step, c, m.applied), m.c_e, v))(moves)
    return along[(n - 1) % 3, n], along[n % 3, n], along[(n + 1) % 3, n]


def solve_linear(cell: Cell, linear: Linear, r: Balances) -> Means:
    """Newton's update: the solution of ``J dm = -r``."""
    responses = tuple(map(respond, linear.particles, r.radial, r.kinetics))
    salt = _salt_changes(cell, linear, r)
    drops = [_drop_changes(cell, k, response, salt, r.total[k]) for k, response in enumerate(responses)]
    applied = _border(linear, r, drops, salt)
    weights = jnp.stack([jnp.ones_like(applied), applied])
    c_e, drop = weights @ salt, tuple(weights @ own for own in drops)
    currents = [
        response.constant + response.by_salt * e.seen(c_e) + response.by_drop * own
        for e, response, own in zip(cell.electrodes, responses, drop, strict=True)
    ]
    return Means(tuple(map(shells_after, responses, currents)), tuple(currents), drop, c_e, applied)


def _salt_changes(cell: Cell, linear: Linear, r: Balances) -> Array:
    """Change of the salt at unchanged applied current, and per applied current, (2, N)."""
    if cell.model == "SPM":
        return jnp.zeros((2, cell.volumes))
    return solve_tridiagonal(*linear.salt, jnp.stack([-r.salt, -linear.salt_source]))


def _drop_changes(cell: Cell, k: int, response: Response, salt: Array, total: Array) -> Array:
    """Change of a mean drop, constant and per applied current (2,), that gives the electrode its current."""
    electrode = cell.electrodes[k]
    carries = surface(cell, electrode)
    by_salt, by_drop = jnp.sum(carries * response.by_salt), jnp.sum(carries * response.by_drop)
    asked = jnp.stack([-total - jnp.sum(carries * response.constant), jnp.asarray(sign(cell, electrode))])
    return (asked - by_salt * jnp.mean(salt[:, electrode.place], axis=1)) / by_drop


def _border(linear: Linear, r: Balances, drops: list[Array], salt: Array) -> Array:
    """Change of the applied current that the control equation asks for."""
    by_voltage, by_applied = linear.control
    by_drop, by_salt, by_current = linear.voltage
    volts = salt @ by_salt + sum(slope * own for slope, own in zip(by_drop, drops, strict=True))
    left = r.control + by_voltage * volts[0]
    return -left / (by_applied + by_voltage * (volts[1] + by_current))


def updated(cell: Cell, linear: Linear, m: Means, dm: Means) -> Means:
    """Apply an update: currents of interfaces through asinh; the salt falls at most tenfold."""
    scales = [p.scale for p in linear.particles]
    metal = 2.0 * jnp.asarray(cell.laws.lithium_i0)
    return Means(
        c_s=jax.tree.map(jnp.add, m.c_s, dm.c_s),
        current=tuple(map(through_asinh, scales, m.current, dm.current)),
        drop=jax.tree.map(jnp.add, m.drop, dm.drop),
        c_e=jnp.maximum(m.c_e + dm.c_e, 0.1 * m.c_e),
        applied=through_asinh(metal, m.applied, dm.applied) if cell.metal else m.applied + dm.applied,
    )


def iterate(cell: Cell, step: Step, u: Unknowns, held: tuple[Cell, Step]) -> tuple[Unknowns, Means]:
    """Return the unknowns after one iteration, and the update.

    Parameters
    ----------
    cell, step
        Of the equations.
    u : Unknowns
        Where the iteration begins.
    held : (Cell, Step)
        Of the derivatives of the equations.
    """
    m, linear = means_of(cell, u), linearize(*held, means_of(held[0], u))
    dm = solve_linear(held[0], linear, balances(cell, step, m))
    return unknowns_of(cell, updated(held[0], linear, m, dm)), dm
