"""Observed orders: second in space; in time that of the formula."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from microcell.p2d import Mesh
from microcell.p2d.advance import at_once
from microcell.p2d.ageing import fresh
from microcell.p2d.control import constant
from microcell.p2d.history import latest, start
from microcell.p2d.newton import solve_step
from microcell.p2d.replay import onward
from microcell.p2d.state import uniform, voltage
from microcell.protocol.resolve import CURRENT

from .cases import nmc

CHARGE = constant(CURRENT, -43.5)
begin, step = jax.jit(at_once), jax.jit(partial(onward, solve=solve_step))


def end_voltage(cell, x, n, order):
    """After ten minutes at 1C in n steps, shorter at the start where the current jumps."""
    history, converged, _ = begin(cell, CHARGE, start(uniform(cell, (jnp.asarray(x),)), fresh(cell)))
    assert bool(converged)
    for k, time in enumerate(600.0 * (np.arange(1, n + 1) / n) ** 2, 1):
        history = step(cell, CHARGE, history, jnp.asarray(time), jnp.asarray(min(k, order)))
    return float(voltage(cell, latest(history)))


@pytest.mark.slow
def test_second_order_in_space():
    """On meshes of 4, 8, 16 with the same time steps: differences fall fourfold."""
    volts = [end_voltage(nmc(Mesh(n, n, n)).cell(), 0.7, 40, 2) for n in (4, 8, 16)]
    first, second = abs(volts[1] - volts[0]), abs(volts[2] - volts[1])
    assert 1.6 < np.log2(first / second) < 2.6


@pytest.mark.slow
@pytest.mark.parametrize("order", [1, 2])
def test_order_in_time(order):
    """24, 48 and 96 steps."""
    cell = nmc(Mesh(3, 3, 5)).cell()
    volts = [end_voltage(cell, 0.6, n, order) for n in (24, 48, 96)]
    slope = np.log2(abs(volts[1] - volts[0]) / abs(volts[2] - volts[1]))
    assert order - 0.25 < slope < order + 0.5
