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


def blocks(n, *shape):
    """Random systems (..., n, 3, 3) with two right-hand sides."""
    lower, upper = RANDOM.normal(size=(2, *shape, n, 3, 3))
    diagonal, right = (
        RANDOM.normal(size=(*shape, n, 3, 3)) + 9 * np.eye(3),
        RANDOM.normal(size=(*shape, n, 3, 2)),
    )
    lower[..., 0, :, :] = upper[..., -1, :, :] = 0.0
    return [jnp.asarray(part) for part in (lower, diagonal, upper, right)]


@pytest.mark.parametrize("n", [3, 4])
def test_blocks_side_by_side_are_those_one_by_one(n):
    """Also where some of the arguments are common to all systems."""
    system = blocks(n, 5)
    together = jax.vmap(solve_block_tridiagonal)(*system)
    for k, x in enumerate(together):
        np.testing.assert_allclose(x, solve_block_tridiagonal(*(part[k] for part in system)), rtol=1e-12)
    common = [part[0] for part in system[:3]]
    together = jax.vmap(solve_block_tridiagonal, (None, None, None, 0))(*common, system[3])
    for x, right in zip(together, system[3], strict=True):
        np.testing.assert_allclose(x, solve_block_tridiagonal(*common, right), rtol=1e-12)


def test_derivatives_of_blocks_are_those_of_the_solution():
    """A(t) x(t) = b(t) is met along x' as well, forwards; backwards is the transpose of forwards."""
    system, direction = blocks(4), blocks(4)
    x, along = jax.jvp(solve_block_tridiagonal, system, direction)
    step = 1e-6
    ahead, behind = (
        solve_block_tridiagonal(*(a + sign * step * b for a, b in zip(system, direction, strict=True)))
        for sign in (1, -1)
    )
    np.testing.assert_allclose(along, (ahead - behind) / (2 * step), atol=1e-8)
    weights = jnp.asarray(RANDOM.normal(size=x.shape))
    _, back = jax.vjp(solve_block_tridiagonal, *system)
    paired = sum(jnp.vdot(a, b) for a, b in zip(back(weights), direction, strict=True))
    np.testing.assert_allclose(paired, jnp.vdot(weights, along), rtol=1e-10)


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
