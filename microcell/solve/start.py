"""A consistent start behind a change of control: potentials, rates of change, and the first step.

The potentials follow a change of control at once, the concentrations do not: a step of no length holds them.
How fast the state will move, two implicit steps over an *instant* of 1 ms tell, one from the present and one
that ends there; the relaxation of the salt right beside every face is over within the instant and asks for
no short step. Concentrations are never advanced by any of them.
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
"""Step that measures rates [s]; shorter ones would lose them to rounding."""

INSTANT_FORMULA = Formula(INSTANT, 1.0, -1.0, 0.0, (0.0, 1.0, 0.0), (1.0, 0.0), 0.0, 1)
"""Backward Euler from ``past.c[0]``, with ``past.c[1]`` and the latest potentials as the first guess."""

AT_ONCE = INSTANT_FORMULA._replace(dt=0.0, predict_c=(1.0, 0.0, 0.0))
"""The step of no length, from the latest potentials."""


class Rates(NamedTuple):
    """How fast a state moves.

    Attributes
    ----------
    c : Array
        Rms rate of the concentrations, see :func:`.advance.rms_change` [s-1].
    voltage, current : Array
        Rates of cell voltage [V.s-1] and terminal current [A.s-1].
    """

    c: Array
    voltage: Array
    current: Array


def flat(past: Past) -> Past:
    """Forget the slopes."""
    return past._replace(
        c=(past.c[0],) * 3,
        phi_s=(past.phi_s[0],) * 2,
        phi_e=(past.phi_e[0],) * 2,
        voltage=(past.voltage[0],) * 2,
        current=(past.current[0],) * 2,
    )


@jax.jit
def backdate(past: Past, attempt: Attempt) -> Past:
    """Go back by what an instant has moved, so that the next instant ends at ``past.c[0]``."""
    now = past.c[0]
    before = 2.0 * now - attempt.solve.unknowns.c
    return keep_potentials(past, attempt)._replace(c=(before, now, now))


@jax.jit
def settle(past: Past, attempt: Attempt) -> Past:
    """Begin afresh at the latest concentrations with the potentials and currents there."""
    return flat(keep_potentials(past, attempt))._replace(surface=attempt.surface)


@jax.jit
def rates(system: System, now: Array, ahead: Attempt, here: Attempt) -> Rates:
    """Measure how fast the state moves behind a change of control, to choose the first step.

    Parameters
    ----------
    system : System
        The cell.
    now : Array
        Present concentrations.
    ahead, here : Attempt
        The instant from the present, and the one that ends there.
    """
    moved, unmoved = ahead.solve.unknowns, here.solve.unknowns
    return Rates(
        rms_change(system, (moved.c - now) / INSTANT, None),
        jnp.abs(moved.voltage - unmoved.voltage) / INSTANT,
        jnp.abs(ahead.measures.current_A - here.measures.current_A) / INSTANT,
    )
