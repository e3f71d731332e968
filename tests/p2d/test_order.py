"""Observed orders: second in space; in time that of the formula."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from microcell.p2d import Mesh
from microcell.p2d.control import CURRENT, constant
from microcell.p2d.replay import replay
from microcell.protocol import Experiment

from .cases import nmc


@pytest.mark.slow
def test_second_order_in_space():
    """Voltage after ten minutes at 1C on meshes of 4, 8, 16: differences fall fourfold."""
    protocol = Experiment(["Charge at 1C for 10 minutes"], initial="x = 0.7")
    volts = [
        nmc(Mesh(n, n, n), tolerance=1e-6, rows=1000).solve(protocol)["Voltage [V]"][-1] for n in (4, 8, 16)
    ]
    first, second = abs(volts[1] - volts[0]), abs(volts[2] - volts[1])
    assert 1.6 < np.log2(first / second) < 2.6


@pytest.mark.slow
@pytest.mark.parametrize("order", [1, 2])
def test_order_in_time(order):
    """24, 48 and 96 steps over ten minutes, shorter at the start where the current jumps."""
    cell = nmc(Mesh(3, 3, 5)).cell()
    control = constant(CURRENT, -43.5)
    volts = []
    for n in (24, 48, 96):
        times = 600.0 * (np.arange(n + 1) / n) ** 2
        orders = np.minimum(np.arange(n + 1).clip(1), order)
        run = jax.jit(replay)(cell, (jnp.asarray(0.6),), control, times, orders)
        volts.append(float(run.voltage[-1]))
    slope = np.log2(abs(volts[1] - volts[0]) / abs(volts[2] - volts[1]))
    assert order - 0.25 < slope < order + 0.5
