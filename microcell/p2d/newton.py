"""Newton's method for one time step, with the unknowns eliminated from the inside out.

In every iteration the shells are solved as an affine function of the surface current (tridiagonal), the
surface current as one of potentials and salt, the lithium plane as one of the first volume, and what is left
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
from .equations import (
    Residual,
    Step,
    cell_properties,
    inner_fluxes,
    lithium_balance,
    residual,
    shell_flux,
    side,
    surface_balance,
)
from .state import Unknowns, collector_resistance, voltage
from .tridiagonal import solve_block_tridiagonal, solve_tridiagonal

UPDATE_VOLTS, UPDATE_SHARE = 1e-5, 1e-5
"""Converged: the last update was below this in potentials [V] and in concentrations (relative).
Convergence is quadratic: what is left is far smaller."""

MAX_ITERATIONS = 12
_LARGEST_UPDATE = 2.0  # of asinh(current / 2 i0)


class Linear(NamedTuple):
    """Derivatives of the equations, in the order in which they are eliminated.

    Attributes
    ----------
    shells : lower, diagonal, upper of the radial balance, each (E, P, radial).
    shell_source : of the last shell by the surface current, (P,).
    surface : of the surface balance by drop, last shell, salt, current, each (E, P).
    scale : ``2 i0`` of the surfaces and of the lithium plane [A.m-2].
    blocks : lower, diagonal, upper of the balances through the plane, each (N, 3, 3).
    sources : of those by the surface current, (N, 3) per unit of it times its interface, (N, 3, P).
    plane : of the lithium plane by c_e, phi_e, current.
    control : of the control by voltage and applied current.
    resistance : from the last volume to the terminal [Ohm.m2].
    """

    shells: tuple[Array, Array, Array]
    shell_source: Array
    surface: tuple[Array, Array, Array, Array]
    scale: tuple[Array, Array]
    blocks: tuple[Array, Array, Array]
    sources: Array
    plane: tuple[Array, Array, Array]
    control: tuple[Array, Array]
    resistance: Array


def linearize(cell: Cell, step: Step, u: Unknowns) -> Linear:
    """Differentiate all equations at ``u``."""
    return Linear(
        shells=_shells(cell, step, u.c_s),
        shell_source=step.dt / (F * cell.radius * cell.shell_volume[-1]),
        surface=_surface(cell, step, u),
        scale=_scales(cell, u),
        blocks=_blocks(cell, step, u),
        sources=_sources(cell, step),
        plane=_plane(cell, u),
        control=control_slopes(step.control, voltage(cell, u), u.applied),
        resistance=jnp.asarray(collector_resistance(cell)),
    )


def _by(function: object, *arguments: Array) -> tuple[Array, ...]:
    """Derivatives of an elementwise function by each argument."""
    ones = [jnp.ones_like(a) for a in arguments]
    zeros = [jnp.zeros_like(a) for a in arguments]

    def along(k: int) -> Array:
        tangents = [ones[j] if j == k else zeros[j] for j in range(len(arguments))]
        return jax.jvp(function, arguments, tuple(tangents))[1]  # type: ignore[arg-type]

    return tuple(along(k) for k in range(len(arguments)))


def _shells(cell: Cell, step: Step, c_s: Array) -> tuple[Array, Array, Array]:
    by_inner, by_outer = _by(lambda a, b: shell_flux(cell, a, b), c_s[..., :-1], c_s[..., 1:])
    rate = (step.dt / cell.radius**2)[None, :, None] / cell.shell_volume[None, None]
    none = jnp.zeros_like(c_s[..., :1])
    low, high = (jnp.concatenate([none, part], -1) for part in (by_inner, by_outer))
    leaves, enters = (jnp.concatenate([part, none], -1) for part in (by_inner, by_outer))
    return -rate * low, step.a0 + rate * (leaves - high), rate * enters


def _surface(cell: Cell, step: Step, u: Unknowns) -> tuple[Array, Array, Array, Array]:
    s, shape = cell.mesh.separator, cell.interface.shape

    def balance(c_last: Array, current: Array) -> Array:
        return surface_balance(cell, step.film, u.phi_s - u.phi_e, c_last, u.c_e, current)

    by_last, by_current = _by(balance, u.c_s[..., -1], u.current)

    def of_salt(c: Array) -> Array:
        every = jnp.concatenate([u.c_e[:s], c])
        return surface_balance(cell, step.film, u.phi_s - u.phi_e, u.c_s[..., -1], every, u.current)

    c = u.c_e[s:]
    by_salt = jax.jvp(of_salt, (c,), (jnp.ones_like(c),))[1]
    return jnp.ones(shape), by_last, by_salt, by_current


def _scales(cell: Cell, u: Unknowns) -> tuple[Array, Array]:
    laws, s = cell.laws, cell.mesh.separator
    salt = jnp.broadcast_to(u.c_e[s:, None], cell.interface.shape)
    i0 = kinetics.exchange_current_density(laws, salt, u.c_s[..., -1])
    return 2.0 * i0, 2.0 * jnp.asarray(laws.lithium_i0)


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


def _sources(cell: Cell, step: Step) -> Array:
    """Derivative of the balances of each electrode volume by its surface currents, (E, 3, P)."""
    s = cell.mesh.separator
    into = cell.width[s:, None] * cell.interface
    return jnp.stack([-step.dt / F * into, -into, into], 1)


def _plane(cell: Cell, u: Unknowns) -> tuple[Array, Array, Array]:
    by_c, by_phi, by_current = _by(
        lambda c, phi, i: lithium_balance(cell, c, phi, i), u.c_e[0], u.phi_e[0], u.lithium
    )
    return by_c, by_phi, by_current


def solve_linear(cell: Cell, step: Step, linear: Linear, r: Residual) -> Unknowns:
    """Newton's update: the solution of ``J du = -r``."""
    e_last = jnp.zeros_like(r.radial).at[..., -1].set(linear.shell_source[None])
    p, q = solve_tridiagonal(*linear.shells, jnp.stack([-r.radial, -e_last]))
    by_drop, by_last, by_salt, by_current = linear.surface
    slope = by_current + by_last * q[..., -1]
    constant = -(r.kinetics + by_last * p[..., -1]) / slope  # du.current = constant + ...
    unit = (-by_salt / slope, by_drop / slope, -by_drop / slope)  # ... per c_e, phi_e, phi_s
    through, lithium_at = _through(cell, step, linear, r, constant, unit)
    applied = _border(linear, r, through)
    du = through[:, :, 0] + applied * through[:, :, 1]
    at = du[cell.mesh.separator :]
    current = constant + sum(unit[k] * at[:, k, None] for k in range(3))
    lithium = lithium_at[0] + lithium_at[1] * du[0, 0] + lithium_at[2] * du[0, 1]
    return Unknowns(p + q * current[..., None], current, du[:, 0], du[:, 1], du[:, 2], lithium, applied)


def _through(
    cell: Cell, step: Step, linear: Linear, r: Residual, constant: Array, unit: tuple[Array, ...]
) -> tuple[Array, tuple[Array, Array, Array]]:
    """Solve the balances for the residual and for a unit of applied current, (N, 3, 2)."""
    s = cell.mesh.separator
    lower, diagonal, upper = linear.blocks
    response = jnp.stack(unit, -1)  # (E, P, 3)
    diagonal = diagonal.at[s:].add(jnp.sum(linear.sources[..., None] * response[:, None], axis=2))
    known = -r.through
    known = known.at[s:].add(-jnp.sum(linear.sources * constant[:, None], axis=-1))
    by_c, by_phi, by_current = linear.plane
    lithium_at = (-r.lithium / by_current, -by_c / by_current, -by_phi / by_current)
    enters = jnp.stack([step.dt / F, jnp.ones_like(step.dt), jnp.zeros_like(step.dt)])
    diagonal = diagonal.at[0, :, 0].add(-enters * lithium_at[1]).at[0, :, 1].add(-enters * lithium_at[2])
    known = known.at[0].add(enters * lithium_at[0])
    leaves = jnp.zeros_like(known).at[-1, 2].set(-1.0)
    return solve_block_tridiagonal(lower, diagonal, upper, jnp.stack([known, leaves], -1)), lithium_at


def _border(linear: Linear, r: Residual, through: Array) -> Array:
    """Change of the applied current that the control equation asks for."""
    by_voltage, by_applied = linear.control
    left = r.control + by_voltage * through[-1, 2, 0]
    return -left / (by_applied + by_voltage * (through[-1, 2, 1] - linear.resistance))


def updated(linear: Linear, u: Unknowns, du: Unknowns) -> Unknowns:
    """Apply an update: currents of interfaces through asinh; the salt falls at most tenfold."""
    return Unknowns(
        c_s=u.c_s + du.c_s,
        current=_through_asinh(linear.scale[0], u.current, du.current),
        c_e=jnp.maximum(u.c_e + du.c_e, 0.1 * u.c_e),
        phi_e=u.phi_e + du.phi_e,
        phi_s=u.phi_s + du.phi_s,
        lithium=_through_asinh(linear.scale[1], u.lithium, du.lithium),
        applied=u.applied + du.applied,
    )


def _through_asinh(scale: Array, value: Array, change: Array) -> Array:
    step = change / jnp.sqrt(scale**2 + value**2)
    return scale * jnp.sinh(jnp.arcsinh(value / scale) + jnp.clip(step, -_LARGEST_UPDATE, _LARGEST_UPDATE))


def update_size(cell: Cell, u: Unknowns, du: Unknowns) -> Array:
    """Largest update in units of what counts as converged."""
    volts = jnp.maximum(jnp.max(jnp.abs(du.phi_e)), jnp.max(jnp.abs(du.phi_s))) / UPDATE_VOLTS
    salt = jnp.max(jnp.abs(du.c_e)) / (cell.salt * UPDATE_SHARE)
    solid = jnp.max(jnp.abs(du.c_s[..., -1])) / (cell.laws.c_max * UPDATE_SHARE)
    return jnp.maximum(volts, jnp.maximum(salt, solid))


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
        return updated(linear, u, du), update_size(cell, u, du), count + 1

    def unfinished(carry: tuple[Unknowns, Array, Array]) -> Array:
        return (carry[1] > 1.0) & (carry[2] < MAX_ITERATIONS)

    start = (guess, jnp.asarray(1e30), jnp.asarray(0))
    u, size, count = jax.lax.while_loop(unfinished, iterate, start)
    return u, size <= 1.0, count
