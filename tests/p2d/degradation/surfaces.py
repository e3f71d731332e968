"""Surfaces and laws that mechanisms are tried on, without a cell around them."""

import jax
import jax.numpy as jnp

from microcell.p2d.mechanism import Surface
from microcell.parameters import ParameterSet

LAWS = ParameterSet.builtin("nmc811").laws()
SHAPE = (2, 1)
RADIUS = jnp.array([[3.8e-6], [1.0]])
"""A particle, and one so large that its surface is plane."""


def surface(drop=4.3, x=0.2, salt=1000.0) -> Surface:
    """One place like all."""
    one = jnp.ones(SHAPE)
    return Surface(stoichiometry=x * one, drop=drop * one, current=0.0 * one, salt=salt * one)


@jax.jit
def march(mechanism, radius, state, at, dt, steps):
    """Advance over equal steps with the same surface."""

    def one(_, s):
        return mechanism.advance(LAWS, radius, s, at, at, dt)

    return jax.lax.fori_loop(0, steps, one, state)


def after(mechanism, time, steps, at=None, state=None):
    """State after a time in so many steps."""
    begin = mechanism.start(LAWS, RADIUS) if state is None else state
    return march(mechanism, RADIUS, begin, surface() if at is None else at, jnp.asarray(time / steps), steps)
