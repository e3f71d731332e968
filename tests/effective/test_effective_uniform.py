"""The solver for voxels of one conductivity: against the general one, on any shape, and when it gives up."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from effective_media import VOXEL, grains, image
from microcell_kernels.blocks import inverse_or_zero
from microcell_kernels.octants import Octants
from voxel_conduction import direct_conductivity

import microcell as mc
from microcell.homogenization import uniform
from microcell.homogenization.colours import BLACK, INLET, OUTLET, System, measure
from microcell.homogenization.conduction import conduct, find_hierarchy, weights
from microcell.homogenization.result import AXES, Code
from microcell.homogenization.uniform import Preconditioner, Steps, conduct_uniformly
from microcell.image.connectivity import find_clusters


def spanning(shape: tuple[int, int, int], seed: int, axis: int, share: float = 0.5) -> np.ndarray:
    """Voxels of random grains that reach from end to end."""
    clusters = find_clusters(grains(shape, (share, 1 - share), seed) == 0)
    return clusters.spanning(axis)[clusters.labels]


@pytest.mark.parametrize("axis", range(3))
def test_both_solvers_agree(axis: int) -> None:
    """Dissipation, fluxes (1e-8) and potentials (1e-6) of the general solver, voxels of three edges."""
    mask, weight = spanning((21, 18, 16), 4, axis), weights(VOXEL, axis)
    options = {"tolerance": 1e-8, "max_iterations": 500}
    fast = conduct_uniformly(mask, weight, axis, **options)  # type: ignore[arg-type]
    codes, table = mask.astype(np.uint8), np.array([0.0, 1.0])
    hierarchy = find_hierarchy(codes, table, weight)
    general = conduct(hierarchy, codes, table, weight, axis, **options)  # type: ignore[arg-type]
    assert fast.code == general.code == Code.CONVERGED
    assert fast.mismatch <= 1e-8
    assert fast.dissipation == pytest.approx(general.dissipation, rel=1e-10)
    assert fast.flux.shape == (mask.shape[axis] + 1,)
    np.testing.assert_allclose(fast.flux, general.flux, rtol=1e-8)
    np.testing.assert_allclose(fast.potential, np.asarray(general.potential), atol=1e-6)
    assert np.all(np.asarray(fast.potential)[~mask] == 0)


@pytest.mark.parametrize("shape", [(1, 9, 6), (2, 3, 40), (11, 12, 13), (35, 6, 5)])
def test_any_shape_against_a_direct_solver(shape: tuple[int, int, int]) -> None:
    """Odd, flat, long: as a sparse direct solve (1e-9)."""
    labels = np.array(grains(shape, (0.75, 0.25), 3))
    labels[:, 0, 0], labels[0, :, 0], labels[0, 0, :] = 0, 0, 0
    for row in mc.effective(image(labels), "pore", tolerance=1e-6):
        expected, _ = direct_conductivity((labels == 0).astype(float), VOXEL, AXES.index(row.axis))
        assert row.conductivity == pytest.approx(expected, rel=1e-9)


def test_the_error_is_of_the_order_of_the_square_of_the_tolerance() -> None:
    """At a tolerance of 1 % the dissipation is good to 1e-4, at 0.1 % to 1e-6, from above."""
    mask, weight = spanning((40, 40, 40), 5, 0), np.ones(3)
    exact = conduct_uniformly(mask, weight, 0, tolerance=1e-9, max_iterations=500).dissipation
    for tolerance in (1e-2, 1e-3):
        solved = conduct_uniformly(mask, weight, 0, tolerance=tolerance, max_iterations=500)
        assert solved.mismatch <= tolerance
        assert -1e-12 < solved.dissipation / exact - 1 < tolerance**2


def test_iterations_hardly_grow_with_the_image() -> None:
    """At the default of 1e-3: 80 voxels along an edge, one level more, take at most twice those of 24."""
    small, large = (
        conduct_uniformly(
            spanning((n, n, n), 6, 0), np.ones(3), 0, tolerance=1e-3, max_iterations=500
        ).iterations
        for n in (24, 80)
    )
    assert large <= 2 * small


def test_steps_are_those_of_conjugate_gradients() -> None:
    """The gain of each step is the decrease of the dissipation (1e-5, float32); the residual after four
    is orthogonal to all directions (1e-4 of the first), as it is for a symmetric preconditioner only."""
    mask = spanning((12, 12, 12), 7, 0)
    grid = Octants.of(mask.shape)  # type: ignore[arg-type]
    codes = mask.astype(np.uint8)
    codes[0] += INLET * codes[0]
    codes[-1] += OUTLET * codes[-1]
    red, black = map(jnp.asarray, grid.sort(codes))
    system = System(grid, (red, black), jnp.ones(3), jnp.asarray(0))
    by = jax.jit(lambda: Preconditioner.of(system).inverse[BLACK])()
    measured, _, residual = jax.jit(lambda: measure(system, system.black_start()))()
    zero, number = grid.zeros(jnp.float32), jnp.asarray(0.0)
    state = Steps(
        system.black_start(), residual.astype(jnp.float32) * by, zero, zero, zero, jnp.zeros((), jnp.float32),
        number, number, measured.dissipation, jnp.asarray(0), jnp.asarray(True),
    )  # fmt: skip
    step = jax.jit(lambda s: uniform._step(system, Preconditioner.of(system), s))
    diagonal = np.asarray(inverse_or_zero(by))
    first = np.asarray(state.scaled) * diagonal
    directions = []
    for _ in range(4):
        state = step(state)
        directions.append(np.asarray(state.direction))
    after, _, _ = jax.jit(lambda x: measure(system, x))(state.black)
    assert float(after.dissipation) == pytest.approx(float(state.dissipation), rel=1e-5)
    last = np.asarray(state.scaled) * diagonal
    for direction in directions:
        assert abs(last @ direction) < 1e-4 * np.linalg.norm(first) * np.linalg.norm(direction)
        assert np.linalg.norm(last) > 1e-3 * np.linalg.norm(first)


def test_what_it_cannot_do_is_left_to_the_general_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut off after one iteration, the general solver finishes the work; its iterations are added."""
    volume = image(grains((14, 15, 16), (0.5, 0.5), seed=3))
    expected = mc.effective(volume, "pore", "z", tolerance=1e-6).rows[0]
    monkeypatch.setattr(uniform, "MOST", 1)
    row = mc.effective(volume, "pore", "z", tolerance=1e-6).rows[0]
    assert row.code is Code.CONVERGED
    assert row.conductivity == pytest.approx(expected.conductivity, rel=1e-9)
    assert row.iterations > 2
    limited = mc.effective(volume, "pore", "z", tolerance=1e-6, max_iterations=1).rows[0]
    assert (limited.code, limited.iterations) == (Code.MAX_ITERATIONS, 1)
    assert np.isnan(limited.conductivity)
