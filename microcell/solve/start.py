"""A consistent start behind a change of control: potentials, rates of change, and the first step.

The potentials follow a change of control at once, the concentrations do not. An implicit step over an
*instant* of 1 ms that starts as far before the present as it will come forward ends at the present
concentrations, and what it moves is their rate of change. A first such step, from the present, tells how far
that is. Concentrations are never advanced by either.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ..cell.residual import System
from .advance import Attempt, Past, keep_potentials, rms_change
from .formula import Formula

INSTANT = 1e-3
"""Step of the algebraic solve [s]; shorter ones would lose the rates to rounding."""

INSTANT_FORMULA = Formula(INSTANT, 1.0, -1.0, 0.0, (0.0, 1.0, 0.0), (1.0, 0.0), 0.0, 1)
"""Backward Euler from ``past.c[0]``, with ``past.c[1]`` and the latest potentials as the first guess."""


class Rates(NamedTuple):
    """How fast a state moves.

    Attributes
    ----------
    c : Array
        Rms rate of the concentrations, see :func:`.advance.rms_change` [s-1].
    voltage : Array
        Rate of the cell voltage [V.s-1].
    """

    c: Array
    voltage: Array


def flat(past: Past) -> Past:
    """Forget the slopes."""
    return past._replace(
        c=(past.c[0],) * 3,
        phi_s=(past.phi_s[0],) * 2,
        phi_e=(past.phi_e[0],) * 2,
        voltage=(past.voltage[0],) * 2,
    )


@jax.jit
def backdate(past: Past, attempt: Attempt) -> Past:
    """Go back by what an instant has moved, so that the next instant ends at ``past.c[0]``."""
    now = past.c[0]
    before = 2.0 * now - attempt.solve.unknowns.c
    return keep_potentials(past, attempt)._replace(c=(before, now, now))


@jax.jit
def settle(past: Past, now: Array, attempt: Attempt) -> Past:
    """Begin afresh at the present concentrations with the potentials, currents and oxygen share there."""
    return keep_potentials(past, attempt)._replace(c=(now, now, now), share=attempt.share)


@jax.jit
def rates(system: System, now: Array, early: Attempt, present: Attempt) -> Rates:
    """Measure how fast the state moves behind a change of control, to choose the first step.

    Parameters
    ----------
    system : System
        The cell.
    now : Array
        Present concentrations.
    early, present : Attempt
        The instant from the present, and the one that ends there.
    """
    ahead = early.solve.unknowns
    return Rates(
        rms_change(system, (ahead.c - now) / INSTANT, None),
        jnp.abs(ahead.voltage - present.solve.unknowns.voltage) / INSTANT,
    )
