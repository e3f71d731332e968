"""Particles of one electrode, linearized and solved for what lies outside of them.

The shells are an affine function of the surface current (tridiagonal), the surface current one of the drop
phi_s - phi_e and of the salt that the particle sees. All reduced models share this part.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ..parameters.constants import F
from ..physics import kinetics
from .cell import Cell
from .electrode import Electrode
from .equations import Step, shell_flux, surface_balance
from .mechanism import Effects
from .tridiagonal import solve_tridiagonal

_LARGEST_UPDATE = 2.0  # of asinh(current / 2 i0)

_SMALL_UPDATE = 0.02  # the same; below, the linear update is as good, and keeps lithium to the last digit


class Particles(NamedTuple):
    """Derivatives of the equations of one electrode's particles.

    Attributes
    ----------
    shells : lower, diagonal, upper of the radial balance, each (E, P, radial).
    shell_source : of the last shell by the surface current, (E, P).
    surface : of the surface balance by last shell, salt, current, each (E, P); it is 1 by the drop.
    scale : ``2 i0`` of the surfaces [A.m-2], (E, P).
    """

    shells: tuple[Array, Array, Array]
    shell_source: Array
    surface: tuple[Array, Array, Array]
    scale: Array


class Response(NamedTuple):
    """Change of the particles of one electrode as an affine function of what lies outside, (E, P) each.

    Attributes
    ----------
    shells : change of the shells without current, and per current, (E, P, radial).
    constant : change of the current at unchanged drop and salt.
    by_salt, by_drop : change of the current per c_e [A.m.mol-1] and per phi_s - phi_e [S.m-2].
    """

    shells: tuple[Array, Array]
    constant: Array
    by_salt: Array
    by_drop: Array


def linearize_particles(
    cell: Cell,
    electrode: Electrode,
    step: Step,
    effects: Effects,
    seen: tuple[Array, Array],
    c_s: Array,
    current: Array,
) -> Particles:
    """Differentiate shells and surfaces of one electrode.

    Parameters
    ----------
    cell, electrode, step, effects
        Geometry, which electrode, what the step holds fixed, degradation of this electrode.
    seen : (Array, Array)
        Drop [V] and salt [mol.m-3] at the particles, (E, P) or (E, 1).
    c_s, current : Array
        Shells (E, P, radial) and surface currents (E, P).
    """
    drop, salt = seen
    per_current = electrode.per_core(jnp.ones_like(current))
    return Particles(
        shells=_shells(cell, electrode, step, c_s),
        shell_source=step.dt * per_current / (F * electrode.core_radius * cell.shell_volume[-1]),
        surface=derivatives(
            lambda last, c_e, own: surface_balance(electrode, effects, drop, last, c_e, own),
            c_s[..., -1],
            salt,
            current,
        ),
        scale=2.0 * kinetics.exchange_current_density(electrode.laws, salt, c_s[..., -1]),
    )


def derivatives(function: Any, *arguments: Array) -> tuple[Any, ...]:
    """Return the derivatives of an elementwise function by each argument."""
    ones = [jnp.ones_like(a) for a in arguments]
    zeros = [jnp.zeros_like(a) for a in arguments]

    def along(k: int) -> Array:
        tangents = [ones[j] if j == k else zeros[j] for j in range(len(arguments))]
        return jax.jvp(function, arguments, tuple(tangents))[1]

    return tuple(along(k) for k in range(len(arguments)))


def _shells(cell: Cell, electrode: Electrode, step: Step, c_s: Array) -> tuple[Array, Array, Array]:
    by_inner, by_outer = derivatives(
        lambda a, b: shell_flux(cell, electrode, a, b), c_s[..., :-1], c_s[..., 1:]
    )
    rate = step.dt / electrode.core_radius[..., None] ** 2 / cell.shell_volume[None, None]
    none = jnp.zeros_like(c_s[..., :1])
    low, high = (jnp.concatenate([none, part], -1) for part in (by_inner, by_outer))
    leaves, enters = (jnp.concatenate([part, none], -1) for part in (by_inner, by_outer))
    return -rate * low, step.a0 + rate * (leaves - high), rate * enters


def respond(particles: Particles, radial: Array, kinetic: Array) -> Response:
    """Eliminate shells and surface currents from what is left of their equations."""
    last = jnp.zeros_like(radial).at[..., -1].set(particles.shell_source)
    p, q = solve_tridiagonal(*particles.shells, jnp.stack([-radial, -last]))
    by_last, by_salt, by_current = particles.surface
    slope = by_current + by_last * q[..., -1]
    return Response((p, q), -(kinetic + by_last * p[..., -1]) / slope, -by_salt / slope, -1.0 / slope)


def shells_after(response: Response, current: Array) -> Array:
    """Return the change of the shells that goes with a change of the surface currents, (E, P, radial)."""
    return response.shells[0] + response.shells[1] * current[..., None]


def through_asinh(scale: Array, value: Array, change: Array) -> Array:
    """Return a current after an update of its asinh, in which the kinetics are nearly linear.

    Small updates are linear, as those of the concentrations are: what enters the particles is then what the
    currents bring, however early the iteration ends.
    """
    step = change / jnp.sqrt(scale**2 + value**2)
    bounded = jnp.clip(step, -_LARGEST_UPDATE, _LARGEST_UPDATE)
    curved = scale * jnp.sinh(jnp.arcsinh(value / scale) + bounded)
    return jnp.where(jnp.abs(step) < _SMALL_UPDATE, value + change, curved)
