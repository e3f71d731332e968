"""Stencil kernels against matrices and laminates worked out by hand."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from microcell_kernels import stencil
from microcell_kernels.faces import series_conductance
from microcell_kernels.krylov import CONVERGED, cg


def along(values: list[float], axis: int) -> jax.Array:
    """Lay values out along one axis of a grid that is one cell wide otherwise."""
    shape = [1, 1, 1]
    shape[axis] = len(values)
    return jnp.array(values).reshape(shape)


def conductances(shape: tuple[int, int, int], axis: int, values: list[float]) -> list[jax.Array]:
    """Zero conductances but for one axis."""
    faces = [jnp.zeros(tuple(n - (k == d) for d, n in enumerate(shape))) for k in range(3)]
    faces[axis] = along(values, axis)
    return faces


@pytest.mark.parametrize("axis", [-3, -2, -1])
def test_three_cells_make_the_tridiagonal_matrix(axis: int) -> None:
    """Cells 1-2-3, g = (2, 3), ground (1, 0, 5): rows (3,-2,0), (-2,5,-3), (0,-3,8); small integers are
    exact."""
    g = conductances(along([0, 0, 0], axis).shape, axis, [2.0, 3.0])
    ground = along([1.0, 0.0, 5.0], axis)
    expected = np.array([[3, -2, 0], [-2, 5, -3], [0, -3, 8]])
    columns = [stencil.apply(g, ground, along(list(e), axis)).ravel() for e in np.eye(3)]
    assert np.array_equal(np.stack(columns, axis=1), expected)
    assert np.array_equal(stencil.diagonal(g, ground).ravel(), [3, 5, 8])


@pytest.mark.parametrize("axis", [-3, -2, -1])
def test_outflow_is_what_leaves_minus_what_enters(axis: int) -> None:
    """Fluxes 4 and 7 through the two inner faces of three cells leave (4, 7 - 4, -7); face sums (4, 11,
    7)."""
    flux = along([4.0, 7.0], axis)
    assert np.array_equal(stencil.outflow(flux, axis).ravel(), [4, 3, -7])
    assert np.array_equal(stencil.face_sum(flux, axis).ravel(), [4, 11, 7])


def test_lower_and_upper_are_the_two_sides_of_each_face() -> None:
    """Cells 0..23 in a 2x3x4 grid: the neighbour along z, y, x lies 12, 4, 1 numbers on."""
    cell = jnp.arange(24.0).reshape(2, 3, 4)
    for axis, stride in zip(stencil.AXES, (12, 4, 1), strict=True):
        assert np.array_equal(
            stencil.upper(cell, axis) - stencil.lower(cell, axis),
            np.full_like(stencil.lower(cell, axis), stride),
        )


def test_a_ground_beside_a_huge_conductance_keeps_all_its_digits() -> None:
    """g = 1e20 between equal values passes nothing, so A 1 = ground = 1e-3, bit for bit (difference form)."""
    g = conductances((1, 1, 3), 2, [1e20, 1e20])
    ground = along([1e-3, 2e-3, 3e-3], 2)
    assert np.array_equal(stencil.apply(g, ground, jnp.ones((1, 1, 3))), ground)


def test_series_conductance_of_two_half_cells() -> None:
    """Half cells of 1 and 2 m with k = 2 and 4: 1 / (1/2 + 2/4) = 1; equal cells give k over the distance."""
    assert series_conductance(*map(jnp.float64, (2.0, 4.0, 1.0, 2.0))) == 1.0
    assert series_conductance(*map(jnp.float64, (3.0, 3.0, 0.5, 1.0))) == 2.0


@pytest.mark.parametrize("tiny", [1e-30, 1e-100, 1e-140])
def test_series_conductance_with_a_tiny_conductivity(tiny: float) -> None:
    """k = (tiny, 1), half distances 1/2: 2 tiny up to 1 part in 1/tiny; four roundings allow 1e-15."""
    assert series_conductance(*map(jnp.float64, (tiny, 1.0, 0.5, 0.5))) == pytest.approx(2 * tiny, rel=1e-15)


@pytest.mark.parametrize("k", [(0.0, 1.0), (1.0, 0.0), (0.0, 0.0)])
def test_zero_conductivity_blocks_with_finite_derivatives(k: tuple[float, float]) -> None:
    """g = 0 exactly; dg/dk stays finite (a reciprocal of k would give NaN), and is the slope 1/half into
    zero."""
    a, b = map(jnp.float64, k)
    half = jnp.float64(0.5)
    value, slopes = jax.value_and_grad(series_conductance, argnums=(0, 1))(a, b, half, half)
    assert value == 0.0
    assert np.all(np.isfinite(slopes))
    if k[1] == 1.0:
        assert slopes[0] == pytest.approx(2.0, rel=1e-15)


def plate_current(k: np.ndarray, dz: np.ndarray) -> tuple[np.ndarray, float]:
    """Current through a block of cells (lateral edges 1 m), bottom held at 1 V, top at 0 V; per column and
    total."""
    half = 0.5 * jnp.asarray(dz)[:, None, None]
    kj = jnp.asarray(k)
    area = (1.0, jnp.asarray(dz)[:, None, None], jnp.asarray(dz)[:, None, None])
    halves = ((half[:-1], half[1:]), (0.5, 0.5), (0.5, 0.5))
    g = [
        a * series_conductance(stencil.lower(kj, axis), stencil.upper(kj, axis), *h)
        for axis, a, h in zip(stencil.AXES, area, halves, strict=True)
    ]
    bottom, top = kj[0] / half[0], kj[-1] / half[-1]
    ground = jnp.zeros_like(kj).at[0].add(bottom).at[-1].add(top)
    result = cg(
        lambda x: stencil.apply(g, ground, x),
        jnp.zeros_like(kj).at[0].set(bottom),
        preconditioner=lambda r: r / stencil.diagonal(g, ground),
        tolerance=1e-15,
    )
    current = bottom * (1.0 - result.value[0])
    return np.asarray(current), float(current.sum())


DZ = np.array([1.0, 0.5, 0.25, 2.0, 1.0])


def test_a_uniform_block_has_its_bulk_conductance() -> None:
    """k = 3, 4.75 m thick, 4 x 3 m2: G = 3 * 12 / 4.75; a linear profile is exact, so only round-off
    (1e-13)."""
    _, total = plate_current(np.full((5, 4, 3), 3.0), DZ)
    assert total == pytest.approx(36 / 4.75, rel=1e-13)


def test_layers_in_series_add_resistances() -> None:
    """Layers k = 1, 10, 1e3, 1e-2, 5 of unequal thickness: G = A / sum(d / k); harmonic faces are exact
    (1e-12)."""
    k = np.array([1.0, 10.0, 1e3, 1e-2, 5.0])
    _, total = plate_current(np.broadcast_to(k[:, None, None], (5, 4, 3)).copy(), DZ)
    assert total == pytest.approx(12 / np.sum(DZ / k), rel=1e-12)


def test_layers_in_parallel_carry_their_own_current() -> None:
    """Columns k = 1, 10, 1e3 side by side: each carries k A / d alone, G is their sum (1e-12 for the
    contrast)."""
    k = np.array([1.0, 10.0, 1e3])
    each, total = plate_current(np.broadcast_to(k, (5, 4, 3)).copy(), DZ)
    assert np.allclose(each, k / 4.75, rtol=1e-12)
    assert total == pytest.approx(4 * 1011 / 4.75, rel=1e-12)


def test_a_blocking_layer_opens_both_of_its_faces() -> None:
    """k = 1, 1, 0, 1, 1: the second and third face conduct nothing, exactly; the outer ones are untouched."""
    k = jnp.array([1.0, 1.0, 0.0, 1.0, 1.0])
    half = 0.5 * jnp.asarray(DZ)
    g = series_conductance(k[:-1], k[1:], half[:-1], half[1:])
    assert np.array_equal(g[1:3], [0.0, 0.0])
    assert np.allclose(g[jnp.array([0, 3])], [1 / 0.75, 1 / 1.5], rtol=1e-15)


def test_cg_says_that_the_laminate_converged() -> None:
    """A 1D chain of three cells held at both ends: x = (5/6, 1/2, 1/6) for 1 V and 0 V, cell centres
    (1e-14)."""
    g = conductances((3, 1, 1), 0, [1.0, 1.0])
    ground = along([2.0, 0.0, 2.0], 0)
    result = cg(lambda x: stencil.apply(g, ground, x), along([2.0, 0.0, 0.0], 0), tolerance=1e-14)
    assert int(result.code) == CONVERGED
    assert np.allclose(result.value.ravel(), [5 / 6, 1 / 2, 1 / 6], rtol=1e-14)
