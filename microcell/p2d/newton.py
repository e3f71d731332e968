"""Newton's method for one time step, with the unknowns eliminated from the inside out.

In every iteration the shells are solved as an affine function of the surface current (tridiagonal), the
surface current as one of potentials and salt, the entering current as one of the first volume; what is left
is a block-tridiagonal system of (c_e, phi_e, phi_s) with the applied current as a border. Surface currents
are updated through asinh, in which the kinetics are nearly linear over many decades.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ..parameters.constants import F
from ..physics import kinetics
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
    shell_flux,
    side,
    surface_balance,
)
from .mechanism import Effects
from .state import Unknowns, collector_resistance, voltage
from .tridiagonal import solve_block_tridiagonal, solve_tridiagonal

UPDATE_VOLTS, UPDATE_SHARE = 1e-5, 1e-5
"""Converged: the last update was below this in potentials [V] and in concentrations (relative).
Convergence is quadratic: what is left is far smaller."""

MAX_ITERATIONS = 12
_LARGEST_UPDATE = 2.0  # of asinh(current / 2 i0)


class Particles(NamedTuple):
    """Derivatives of the equations of one electrode's particles.

    Attributes
    ----------
    shells : lower, diagonal, upper of the radial balance, each (E, P, radial).
    shell_source : of the last shell by the surface current, (E, P).
    surface : of the surface balance by drop, last shell, salt, current, each (E, P).
    scale : ``2 i0`` of the surfaces [A.m-2], (E, P).
    sources : of the balances through the plane by the surface currents, (E, 3, P).
    """

    shells: tuple[Array, Array, Array]
    shell_source: Array
    surface: tuple[Array, Array, Array, Array]
    scale: Array
    sources: Array


class Linear(NamedTuple):
    """Derivatives of the equations, in the order in which they are eliminated.

    Attributes
    ----------
    particles : of every electrode.
    blocks : lower, diagonal, upper of the balances through the plane, each (N, 3, 3).
    entering : of the balance at the negative side by c_e, phi_e, phi_s, current.
    control : of the control by voltage and applied current.
    resistance : from the last volume to the terminal [Ohm.m2].
    """

    particles: tuple[Particles, ...]
    blocks: tuple[Array, Array, Array]
    entering: tuple[Array, ...]
    control: tuple[Array, Array]
    resistance: Array


def linearize(cell: Cell, step: Step, u: Unknowns) -> Linear:
    """Differentiate all equations at ``u``."""
    each = zip(cell.electrodes, step.effects, u.c_s, u.current, strict=True)
    return Linear(
        particles=tuple(_particles(cell, e, step, effects, u, c_s, i) for e, effects, c_s, i in each),
        blocks=_blocks(cell, step, u),
        entering=_entering(cell, u),
        control=control_slopes(step.control, voltage(cell, u), u.applied),
        resistance=jnp.asarray(collector_resistance(cell)),
    )


def _particles(
    cell: Cell, electrode: Electrode, step: Step, effects: Effects, u: Unknowns, c_s: Array, current: Array
) -> Particles:
    at = electrode.place
    into = cell.width[at, None] * electrode.interface
    salt = jnp.broadcast_to(u.c_e[at, None], current.shape)
    per_current = electrode.per_core(jnp.ones_like(current))
    return Particles(
        shells=_shells(cell, electrode, step, c_s),
        shell_source=step.dt * per_current / (F * electrode.core_radius * cell.shell_volume[-1]),
        surface=_surface(electrode, effects, u, c_s[..., -1], current),
        scale=2.0 * kinetics.exchange_current_density(electrode.laws, salt, c_s[..., -1]),
        sources=jnp.stack([-step.dt / F * into, -into, into], 1),
    )


def _by(function: object, *arguments: Array) -> tuple[Array, ...]:
    """Derivatives of an elementwise function by each argument."""
    ones = [jnp.ones_like(a) for a in arguments]
    zeros = [jnp.zeros_like(a) for a in arguments]

    def along(k: int) -> Array:
        tangents = [ones[j] if j == k else zeros[j] for j in range(len(arguments))]
        return jax.jvp(function, arguments, tuple(tangents))[1]  # type: ignore[arg-type]

    return tuple(along(k) for k in range(len(arguments)))


def _shells(cell: Cell, electrode: Electrode, step: Step, c_s: Array) -> tuple[Array, Array, Array]:
    by_inner, by_outer = _by(lambda a, b: shell_flux(cell, electrode, a, b), c_s[..., :-1], c_s[..., 1:])
    rate = step.dt / electrode.core_radius[..., None] ** 2 / cell.shell_volume[None, None]
    none = jnp.zeros_like(c_s[..., :1])
    low, high = (jnp.concatenate([none, part], -1) for part in (by_inner, by_outer))
    leaves, enters = (jnp.concatenate([part, none], -1) for part in (by_inner, by_outer))
    return -rate * low, step.a0 + rate * (leaves - high), rate * enters


def _surface(
    electrode: Electrode, effects: Effects, u: Unknowns, c_last: Array, current: Array
) -> tuple[Array, Array, Array, Array]:
    drop = u.phi_s - u.phi_e

    def balance(last: Array, own: Array) -> Array:
        return surface_balance(electrode, effects, drop, last, u.c_e, own)

    by_last, by_current = _by(balance, c_last, current)
    one = jnp.ones_like(u.c_e)
    by_salt = jax.jvp(
        lambda c: surface_balance(electrode, effects, drop, c_last, c, current), (u.c_e,), (one,)
    )[1]
    return jnp.ones_like(current), by_last, by_salt, by_current


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
    return _by(
        lambda c, phi_e, phi_s, i: entering_balance(cell, c, phi_e, phi_s, i),
        u.c_e[0],
        u.phi_e[0],
        u.phi_s[0],
        u.entering,
    )


class Response(NamedTuple):
    """Change of the particles of one electrode as an affine function of what lies outside, (E, P) each.

    Attributes
    ----------
    shells : change of the shells without current, and per current, (E, P, radial).
    constant : change of the current at unchanged potentials and salt.
    unit : change of the current per c_e, phi_e, phi_s, (E, P, 3).
    """

    shells: tuple[Array, Array]
    constant: Array
    unit: Array


def _response(particles: Particles, radial: Array, kinetic: Array) -> Response:
    last = jnp.zeros_like(radial).at[..., -1].set(particles.shell_source)
    p, q = solve_tridiagonal(*particles.shells, jnp.stack([-radial, -last]))
    by_drop, by_last, by_salt, by_current = particles.surface
    slope = by_current + by_last * q[..., -1]
    constant = -(kinetic + by_last * p[..., -1]) / slope
    return Response((p, q), constant, jnp.stack([-by_salt, by_drop, -by_drop], -1) / slope[..., None])


def solve_linear(cell: Cell, step: Step, linear: Linear, r: Residual) -> Unknowns:
    """Newton's update: the solution of ``J du = -r``."""
    responses = tuple(map(_response, linear.particles, r.radial, r.kinetics))
    through, entering = _through(cell, step, linear, r, responses)
    applied = _border(linear, r, through)
    du = through[:, :, 0] + applied * through[:, :, 1]
    currents, shells = [], []
    for electrode, response in zip(cell.electrodes, responses, strict=True):
        change = response.constant + jnp.sum(response.unit * du[electrode.place, None], axis=-1)
        currents.append(change)
        shells.append(response.shells[0] + response.shells[1] * change[..., None])
    return Unknowns(
        c_s=tuple(shells),
        current=tuple(currents),
        c_e=du[:, 0],
        phi_e=du[:, 1],
        phi_s=du[:, 2],
        entering=entering[0] + jnp.sum(entering[1] * du[0]),
        applied=applied,
    )


def _through(
    cell: Cell, step: Step, linear: Linear, r: Residual, responses: tuple[Response, ...]
) -> tuple[Array, tuple[Array, Array]]:
    """Solve the balances for the residual and for a unit of applied current, (N, 3, 2).

    Also returns the change of the entering current: constant, and per unknown of the first volume, (3,).
    """
    lower, diagonal, upper = linear.blocks
    known = -r.through
    for electrode, particles, response in zip(cell.electrodes, linear.particles, responses, strict=True):
        at, sources = electrode.place, particles.sources
        coupled = jnp.sum(sources[..., None] * response.unit[:, None], axis=2)
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
        current=tuple(map(_through_asinh, scales, u.current, du.current)),
        c_e=jnp.maximum(u.c_e + du.c_e, 0.1 * u.c_e),
        phi_e=u.phi_e + du.phi_e,
        phi_s=u.phi_s + du.phi_s,
        entering=_through_asinh(metal, u.entering, du.entering) if cell.metal else u.entering + du.entering,
        applied=u.applied + du.applied,
    )


def _through_asinh(scale: Array, value: Array, change: Array) -> Array:
    step = change / jnp.sqrt(scale**2 + value**2)
    return scale * jnp.sinh(jnp.arcsinh(value / scale) + jnp.clip(step, -_LARGEST_UPDATE, _LARGEST_UPDATE))


def update_size(cell: Cell, u: Unknowns, du: Unknowns) -> Array:
    """Largest update in units of what counts as converged."""
    volts = jnp.maximum(jnp.max(jnp.abs(du.phi_e)), jnp.max(jnp.abs(du.phi_s))) / UPDATE_VOLTS
    salt = jnp.max(jnp.abs(du.c_e)) / (cell.salt * UPDATE_SHARE)
    worst = jnp.maximum(volts, salt)
    for electrode, change in zip(cell.electrodes, du.c_s, strict=True):
        solid = jnp.max(jnp.abs(change[..., -1])) / (electrode.laws.c_max * UPDATE_SHARE)
        worst = jnp.maximum(worst, solid)
    return worst


def solve_step(cell: Cell, step: Step, guess: Unknowns) -> tuple[Unknowns, Array, Array]:
    """Solve one time step.

    Returns
    -------
    Unknowns
        The solution.
    Array
        Whether Newton's method converged.
    Array
        Iterations.
    """

    def iterate(carry: tuple[Unknowns, Array, Array]) -> tuple[Unknowns, Array, Array]:
        u, _, count = carry
        linear = linearize(cell, step, u)
        du = solve_linear(cell, step, linear, residual(cell, step, u))
        return updated(cell, linear, u, du), update_size(cell, u, du), count + 1

    def unfinished(carry: tuple[Unknowns, Array, Array]) -> Array:
        return (carry[1] > 1.0) & (carry[2] < MAX_ITERATIONS)

    start = (guess, jnp.asarray(1e30), jnp.asarray(0))
    u, size, count = jax.lax.while_loop(unfinished, iterate, start)
    return u, size <= 1.0, count
