"""Oxygen in a growing shell around a shrinking core: finite volumes that move with the shell."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from microcell_kernels.pointwise import decreasing_root

from ...parameters.law import Leaf
from ..tridiagonal import solve_tridiagonal

GAMMA = 1.0 - np.sqrt(0.5)
"""Of the two-stage, L-stable implicit Runge-Kutta method of order 2 (Alexander 1977, doi 10.1137/0714068)."""

SUBSTEPS = 2
"""Steps of that method per time step: the solver's steps follow lithium and voltage, not the shell."""

LARGEST_THICKNESS = 0.99
"""Over the radius; the core never vanishes altogether, so that its equations stay defined."""

_THINNEST = 1e-14  # m; far below an atom, so that the volumes of no shell can still be divided by


class Numbers(NamedTuple):
    """k1 [m.s-1], k2 [m4.mol-1.s-1], D_o [m2.s-1], c_o,core [mol.m-3]; see `shrinking_core`."""

    forward: Leaf
    reverse: Leaf
    diffusivity: Leaf
    core: Leaf


class Shell(NamedTuple):
    """Thickness [m], (E, P), and oxygen in its volumes from the core outwards [mol.m-2], (E, P, n).

    Amounts, not concentrations, and per surface of the particle: a shell of no thickness is no exception.
    """

    thickness: Array
    oxygen: Array


def grow(numbers: Numbers, radius: Array, shell: Shell, share: Array, dt: Array) -> Shell:
    """Advance the shell over a time step.

    Parameters
    ----------
    numbers : Numbers
        Rates, diffusivity and oxygen of the core.
    radius : Array
        Of the particles [m], (E, P).
    shell : Shell
        At the start.
    share : Array
        Of the step during which the core converts, (E, P).
    dt : Array
        Step [s].
    """
    step = partial(_two_stages, numbers, radius, share, dt / SUBSTEPS)
    return jax.lax.fori_loop(0, SUBSTEPS, lambda _, s: step(s), shell)


def _two_stages(numbers: Numbers, radius: Array, share: Array, dt: Array, start: Shell) -> Shell:
    stage = _Stage(numbers, radius, share, GAMMA * dt, start)
    first, ahead = _solve(stage), (1.0 - GAMMA) / GAMMA
    base = Shell(*(a + ahead * (b - a) for a, b in zip(start, first, strict=True)))
    end = _solve(stage._replace(base=base))
    return end._replace(thickness=jnp.minimum(end.thickness, LARGEST_THICKNESS * radius))


class _Stage(NamedTuple):
    """One implicit stage, ``y = base + dt f(y)``; `share` of it the core converts."""

    numbers: Numbers
    radius: Array
    share: Array
    dt: Array
    base: Shell


def _solve(stage: _Stage) -> Shell:
    """Find the speed of the core's surface, relative to k1; the oxygen is linear at a given speed.

    The oxygen at the core rises with the speed and holds the reaction back, so that what is left of the rate
    law falls, from 0 at least where the speed is 0.
    """
    frozen = jax.lax.stop_gradient(stage)

    def with_slope(x: Array) -> tuple[Array, Array]:
        return jax.jvp(lambda y: _left(frozen, y), (x,), (jnp.ones_like(x),))

    room = LARGEST_THICKNESS * frozen.radius - frozen.base.thickness
    fastest = room / jnp.maximum(frozen.numbers.forward * frozen.dt, 1e-300)
    upper = jnp.clip(fastest, 0.0, frozen.share)
    root = decreasing_root(with_slope, jnp.zeros_like(upper), upper, 0.5 * upper).value
    # one more Newton step outside of the search carries the derivatives, forward and reverse
    refined = jnp.clip(root - _left(stage, root) / with_slope(root)[1], 0.0, upper)
    speed = stage.numbers.forward * refined
    concentration, _ = _oxygen(stage, speed)
    thickness = stage.base.thickness + stage.dt * speed
    return Shell(thickness, concentration * _geometry(stage.radius, thickness, concentration.shape[-1])[2])


def _left(stage: _Stage, x: Array) -> Array:
    """What is left of the rate law, over k1."""
    numbers = stage.numbers
    at_core = _oxygen(stage, numbers.forward * x)[1]
    return stage.share * (1.0 - numbers.reverse / numbers.forward * at_core) - x


def _geometry(radius: Array, thickness: Array, n: int) -> tuple[Array, Array, Array]:
    """Spacing [m], (E, P, 1), faces over the radius, (E, P, n + 1), volumes per outer surface [m]."""
    thick = jnp.maximum(thickness, _THINNEST)[..., None]
    places = jnp.asarray(np.linspace(1.0, 0.0, n + 1))[None, None]
    r = 1.0 - thick / radius[..., None] * places
    h = thick / n
    volume = h * (r[..., 1:] ** 2 + r[..., 1:] * r[..., :-1] + r[..., :-1] ** 2) / 3.0
    return h, r, volume


def _oxygen(stage: _Stage, speed: Array) -> tuple[Array, Array]:
    """Concentrations at the end of a stage [mol.m-3], (E, P, n), and at the core, (E, P).

    Through the face at the core goes ``v c_core`` with it, through inner ones diffusion and what their own
    motion, ``v (1 - xi)``, sweeps; outside of the particle the concentration is zero. Between two radii
    diffusion sees the area ``r1 r2``, with which a steady profile in a sphere is exact.
    """
    numbers, radius, _, dt, base = stage
    n = base.oxygen.shape[-1]
    h, r, volume = _geometry(radius, base.thickness + dt * speed, n)
    middle = 0.5 * (r[..., 1:] + r[..., :-1])
    along = numbers.diffusivity / h
    diffusive = along * middle[..., :-1] * middle[..., 1:]
    swept = 0.5 * speed[..., None] * jnp.asarray(1.0 - np.arange(1, n) / n)[None, None] * r[..., 1:-1] ** 2
    inner, outer, zero = swept + diffusive, swept - diffusive, jnp.zeros_like(h)
    leaving = jnp.concatenate([inner, 2.0 * along * middle[..., -1:]], -1)
    diagonal = volume + dt * (leaving - jnp.concatenate([zero, outer], -1))
    lower, upper = -dt * jnp.concatenate([zero, inner], -1), dt * jnp.concatenate([outer, zero], -1)
    right = base.oxygen.at[..., 0].add(dt * speed * numbers.core * r[..., 0] ** 2)
    c = solve_tridiagonal(lower, diagonal, upper, right[None])[0]
    inflow = 0.5 * speed / along[..., 0] * r[..., 0] / middle[..., 0]
    return c, (c[..., 0] + inflow * numbers.core) / (1.0 + inflow)
