"""Newton's method for one time step, with the unknowns eliminated from the inside out.

In every iteration the shells are solved as an affine function of the surface current (tridiagonal), the
surface current as one of potentials and salt, the entering current as one of the first volume; what is left
is a block-tridiagonal system of (c_e, phi_e, phi_s) with the applied current as a border. Surface currents
are updated through asinh, in which the kinetics are nearly linear over many decades.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ..parameters.constants import F
from ..parameters.law import Leaf
from . import uniform_newton
from .cell import Cell
from .control import control_slopes
from .electrode import Electrode
from .equations import (
    Residual,
    Step,
    cell_properties,
    entering_balance,
    entrance,
    inner_fluxes,
    residual,
    side,
)
from .particles import (
    Particles,
    Response,
    derivatives,
    linearize_particles,
    respond,
    shells_after,
    through_asinh,
)
from .state import Unknowns, collector_resistance, voltage
from .tridiagonal import solve_block_tridiagonal

UPDATE = 1e-5
"""Converged: the last update was below this in potentials [V] and in concentrations (relative).
Convergence is quadratic: of an update s is left about s^2, at most 2.4 s^2 in a discharge at 1C."""

MAX_ITERATIONS = 12


class Linear(NamedTuple):
    """Derivatives of the equations, in the order in which they are eliminated.

    Attributes
    ----------
    particles : of every electrode.
    sources : of the balances through the plane by the surface currents, (E, 3, P) for every electrode.
    blocks : lower, diagonal, upper of the balances through the plane, each (N, 3, 3).
    entering : of the balance at the negative side by c_e, phi_e, phi_s, current.
    control : of the control by voltage and applied current.
    resistance : from the last volume to the terminal [Ohm.m2].
    """

    particles: tuple[Particles, ...]
    sources: tuple[Array, ...]
    blocks: tuple[Array, Array, Array]
    entering: tuple[Array, ...]
    control: tuple[Array, Array]
    resistance: Array


def linearize(cell: Cell, step: Step, u: Unknowns) -> Linear:
    """Differentiate all equations at ``u``."""
    parts = zip(cell.electrodes, step.effects, u.c_s, u.current, strict=True)
    drop = u.phi_s - u.phi_e
    return Linear(
        particles=tuple(
            linearize_particles(cell, e, step, effects, (e.seen(drop), e.seen(u.c_e)), c_s, i)
            for e, effects, c_s, i in parts
        ),
        sources=tuple(_sources(cell, e, step) for e in cell.electrodes),
        blocks=_blocks(cell, step, u),
        entering=_entering(cell, u),
        control=control_slopes(step.control, voltage(cell, u), u.applied),
        resistance=jnp.asarray(collector_resistance(cell)),
    )


def _sources(cell: Cell, electrode: Electrode, step: Step) -> Array:
    into = cell.width[electrode.place, None] * electrode.interface
    return jnp.stack([-step.dt / F * into, -into, into], 1)


def _blocks(cell: Cell, step: Step, u: Unknowns) -> tuple[Array, Array, Array]:
    properties, slopes = jax.jvp(lambda c: cell_properties(cell, c), (u.c_e,), (jnp.ones_like(u.c_e),))
    low, high = slice(None, -1), slice(1, None)
    zero, one = jnp.zeros_like(u.c_e), jnp.ones_like(u.c_e)
    still = type(properties)(*(jnp.zeros_like(p) for p in properties))
    moves = [(slopes, (one, zero, zero)), (still, (zero, zero, one)), (still, (zero, one, zero))]

    def by(part: slice) -> Array:
        def along(slope: object, move: tuple[Array, Array, Array]) -> Array:
            moved = Unknowns(*(u._replace(c_e=move[0], phi_s=move[1], phi_e=move[2])))
            nothing = Unknowns(*(u._replace(c_e=zero, phi_s=zero, phi_e=zero)))
            at = (side(properties, u, low), side(properties, u, high))
            tangent = (
                side(slope if part == low else still, moved if part == low else nothing, low),  # type: ignore[arg-type]
                side(slope if part == high else still, moved if part == high else nothing, high),  # type: ignore[arg-type]
            )
            return jax.jvp(lambda a, b: inner_fluxes(cell, a, b), at, tangent)[1]

        return jnp.stack([along(slope, move) for slope, move in moves], -1)

    return _assemble(cell, step, by(low), by(high))


def _assemble(cell: Cell, step: Step, by_low: Array, by_high: Array) -> tuple[Array, Array, Array]:
    """Blocks of the balances from the derivatives of the inner fluxes, (N - 1, 3 fluxes, 3 unknowns)."""
    one = jnp.ones_like(cell.width)
    rows = jnp.stack([step.dt / F * one, one, (cell.conductivity_s > 0) * one], -1)[:, :, None]
    none = jnp.zeros_like(by_low[:1])
    lower = -rows * jnp.concatenate([none, by_low])
    upper = rows * jnp.concatenate([by_high, none])
    diagonal = rows * (jnp.concatenate([by_low, none]) - jnp.concatenate([none, by_high]))
    storage, no_solid = cell.width * cell.porosity * step.a0, (cell.conductivity_s == 0) * one
    zero = jnp.zeros_like(one)
    own = jnp.stack([storage, zero, no_solid], -1)[:, :, None] * jnp.eye(3)[None]
    return lower, diagonal + own, upper


def _entering(cell: Cell, u: Unknowns) -> tuple[Array, ...]:
    return derivatives(
        lambda c, phi_e, phi_s, i: entering_balance(cell, c, phi_e, phi_s, i),
        u.c_e[0],
        u.phi_e[0],
        u.phi_s[0],
        u.entering,
    )


def solve_linear(cell: Cell, step: Step, linear: Linear, r: Residual) -> Unknowns:
    """Newton's update: the solution of ``J du = -r``."""
    responses = tuple(map(respond, linear.particles, r.radial, r.kinetics))
    through, entering = _through(cell, step, linear, r, responses)
    applied = _border(linear, r, through)
    du = through[:, :, 0] + applied * through[:, :, 1]
    currents, shells = [], []
    for electrode, response in zip(cell.electrodes, responses, strict=True):
        change = response.constant + jnp.sum(_unit(response) * du[electrode.place, None], axis=-1)
        currents.append(change)
        shells.append(shells_after(response, change))
    return Unknowns(
        c_s=tuple(shells),
        current=tuple(currents),
        c_e=du[:, 0],
        phi_e=du[:, 1],
        phi_s=du[:, 2],
        entering=entering[0] + jnp.sum(entering[1] * du[0]),
        applied=applied,
    )


def _unit(response: Response) -> Array:
    """Change of the surface currents per c_e, phi_e, phi_s, (E, P, 3)."""
    return jnp.stack([response.by_salt, -response.by_drop, response.by_drop], -1)


def _through(
    cell: Cell, step: Step, linear: Linear, r: Residual, responses: tuple[Response, ...]
) -> tuple[Array, tuple[Array, Array]]:
    """Solve the balances for the residual and for a unit of applied current, (N, 3, 2).

    Also returns the change of the entering current: constant, and per unknown of the first volume, (3,).
    """
    lower, diagonal, upper = linear.blocks
    known = -r.through
    for electrode, sources, response in zip(cell.electrodes, linear.sources, responses, strict=True):
        at = electrode.place
        coupled = jnp.sum(sources[..., None] * _unit(response)[:, None], axis=2)
        diagonal = diagonal.at[at].add(coupled)
        known = known.at[at].add(-jnp.sum(sources * response.constant[:, None], axis=-1))
    *by_first, by_current = linear.entering
    entering = (-r.entering / by_current, -jnp.stack(by_first) / by_current)
    brings = entrance(cell, step.dt)
    diagonal = diagonal.at[0].add(-brings[:, None] * entering[1][None])
    known = known.at[0].add(brings * entering[0])
    leaves = jnp.zeros_like(known).at[-1, 2].set(-1.0)
    return solve_block_tridiagonal(lower, diagonal, upper, jnp.stack([known, leaves], -1)), entering


def _border(linear: Linear, r: Residual, through: Array) -> Array:
    """Change of the applied current that the control equation asks for."""
    by_voltage, by_applied = linear.control
    left = r.control + by_voltage * through[-1, 2, 0]
    return -left / (by_applied + by_voltage * (through[-1, 2, 1] - linear.resistance))


def updated(cell: Cell, linear: Linear, u: Unknowns, du: Unknowns) -> Unknowns:
    """Apply an update: currents of interfaces through asinh; the salt falls at most tenfold."""
    scales = [p.scale for p in linear.particles]
    metal = 2.0 * jnp.asarray(cell.laws.lithium_i0)
    return Unknowns(
        c_s=jax.tree.map(jnp.add, u.c_s, du.c_s),
        current=tuple(map(through_asinh, scales, u.current, du.current)),
        c_e=jnp.maximum(u.c_e + du.c_e, 0.1 * u.c_e),
        phi_e=u.phi_e + du.phi_e,
        phi_s=u.phi_s + du.phi_s,
        entering=through_asinh(metal, u.entering, du.entering) if cell.metal else u.entering + du.entering,
        applied=u.applied + du.applied,
    )


def update_size(cell: Cell, volts: Any, c_e: Array, c_s: tuple[Array, ...]) -> Array:
    """Largest change of potentials [V] and of concentrations relative to their scale.

    Parameters
    ----------
    cell : Cell
        The cell.
    volts, c_e, c_s
        Changes of potentials [V] (any arrays), salt and shells [mol.m-3].
    """
    worst = jnp.max(jnp.abs(c_e)) / cell.salt
    for change in jax.tree.leaves(volts):
        worst = jnp.maximum(worst, jnp.max(jnp.abs(change)))
    for electrode, change in zip(cell.electrodes, c_s, strict=True):
        worst = jnp.maximum(worst, jnp.max(jnp.abs(change[..., -1])) / electrode.laws.c_max)
    return worst


def iterate(
    cell: Cell, step: Step, u: Unknowns, held: tuple[Cell, Step] | None = None
) -> tuple[Unknowns, Array]:
    """Improve unknowns by one iteration of the cell's model; also returns the size of the update.

    Parameters
    ----------
    cell, step
        Of the equations.
    u : Unknowns
        Where the iteration begins.
    held : (Cell, Step), optional
        Of the derivatives of the equations, where these are not to be differentiated; else the same.
    """
    known = held or (cell, step)
    if cell.model != "DFN":
        new, dm = uniform_newton.iterate(cell, step, u, known)
        return new, update_size(known[0], dm.drop, dm.c_e, dm.c_s)
    linear = linearize(*known, u)
    du = solve_linear(*known, linear, residual(cell, step, u))
    return updated(known[0], linear, u, du), update_size(known[0], (du.phi_e, du.phi_s), du.c_e, du.c_s)


def solve_step(
    cell: Cell, step: Step, guess: Unknowns, update: Leaf = UPDATE
) -> tuple[Unknowns, Array, Array]:
    """Solve one time step.

    Parameters
    ----------
    cell, step : Cell, Step
        Of the equations.
    guess : Unknowns
        Where the iteration begins.
    update : float
        Size of the last update, see `UPDATE`.

    Returns
    -------
    Unknowns
        The solution.
    Array
        Whether Newton's method converged.
    Array
        Iterations.
    """

    def again(carry: tuple[Unknowns, Array, Array]) -> tuple[Unknowns, Array, Array]:
        u, size = iterate(cell, step, carry[0])
        return u, size, carry[2] + 1

    def unfinished(carry: tuple[Unknowns, Array, Array]) -> Array:
        return (carry[1] > update) & (carry[2] < MAX_ITERATIONS)

    start = (guess, jnp.asarray(1e30), jnp.asarray(0))
    u, size, count = jax.lax.while_loop(unfinished, again, start)
    return u, size <= update, count
