"""Elimination: parallel cyclic reduction against dense matrices, Newton's update against autodiff."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from microcell.p2d import Mesh
from microcell.p2d.ageing import effects, fresh
from microcell.p2d.control import Imposed
from microcell.p2d.equations import Step, residual
from microcell.p2d.newton import linearize, solve_linear
from microcell.p2d.state import uniform
from microcell.p2d.tridiagonal import solve_block_tridiagonal, solve_tridiagonal
from microcell.protocol.resolve import CURRENT, POWER, VOLTAGE

from .cases import chen, nmc

RANDOM = np.random.default_rng(5)


@pytest.mark.parametrize("n", [1, 2, 7, 16])
def test_scalar_rows(n):
    lower, upper, right = RANDOM.normal(size=(3, n))
    diagonal = 4.0 + RANDOM.random(n)
    lower[0] = upper[-1] = 0.0
    dense = np.diag(diagonal) + np.diag(lower[1:], -1) + np.diag(upper[:-1], 1)
    seen = solve_tridiagonal(*map(jnp.asarray, (lower, diagonal, upper)), jnp.asarray(right[None]))
    np.testing.assert_allclose(seen[0], np.linalg.solve(dense, right), rtol=1e-12)


@pytest.mark.parametrize("n", [1, 3, 10])
def test_blocks(n):
    lower, upper = RANDOM.normal(size=(2, n, 3, 3))
    diagonal, right = RANDOM.normal(size=(n, 3, 3)) + 9 * np.eye(3), RANDOM.normal(size=(n, 3, 2))
    lower[0] = upper[-1] = 0.0
    dense = np.zeros((n, 3, n, 3))
    for k in range(n):
        dense[k, :, k] = diagonal[k]
        if k:
            dense[k, :, k - 1], dense[k - 1, :, k] = lower[k], upper[k - 1]
    seen = solve_block_tridiagonal(*map(jnp.asarray, (lower, diagonal, upper, right)))
    expected = np.linalg.solve(dense.reshape(3 * n, 3 * n), right.reshape(3 * n, 2)).reshape(right.shape)
    np.testing.assert_allclose(seen, expected, rtol=1e-10)


@pytest.mark.parametrize(("mode", "target"), [(CURRENT, -40.0), (VOLTAGE, 4.1), (POWER, 100.0)])
@pytest.mark.parametrize("make", [nmc, chen])
def test_update_solves_the_linearized_equations(make, mode, target):
    """At a state off balance in every field: the residual's derivative along the update is minus it."""
    cell = make(Mesh(3, 4, 5, negative=3), film=True).cell()

    def shaken(leaf):
        return leaf * (1 + 0.01 * RANDOM.normal(size=leaf.shape))

    u = uniform(cell, (jnp.asarray(0.6),) * len(cell.electrodes))
    current = tuple(i + 0.4 for i in u.current)
    u = jax.tree.map(shaken, u._replace(current=current, entering=-30.0 + u.entering))
    u = u._replace(applied=jnp.asarray(-25.0), phi_s=jnp.where(cell.conductivity_s > 0, u.phi_s, 0.0))
    control = Imposed(np.int32(mode), np.float64(target))
    past = tuple(-1.3 * c for c in u.c_s)
    ageing = effects(cell, fresh(cell), u)
    step = Step(jnp.asarray(8.0), jnp.asarray(1.4), past, -1.5 * u.c_e, ageing, control)
    r = residual(cell, step, u)
    du = solve_linear(cell, step, linearize(cell, step, u), r)
    along = jax.jvp(lambda v: residual(cell, step, v), (u,), (du,))[1]
    for name, lefts, moves in zip(r._fields, r, along, strict=True):
        for left, moved in zip(jax.tree.leaves(lefts), jax.tree.leaves(moves), strict=True):
            scale = max(float(jnp.max(jnp.abs(left))), 1e-9)
            np.testing.assert_allclose(moved, -left, rtol=0, atol=1e-8 * scale, err_msg=name)
