"""Effective transport against exact answers, a direct solver, bounds, and symmetry."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
from effective_media import CUBE, VOXEL, grains, image
from voxel_conduction import direct_conductivity

import microcell as mc
from microcell.homogenization import conduction, uniform
from microcell.homogenization.result import AXES, Code
from microcell.image.connectivity import find_clusters

SHAPE = (9, 8, 10)
ISLANDS = (16, 16, 16)
"""With the grains of seed 2: dead ends, islands, and a path along every axis."""


@pytest.mark.parametrize("axis", range(3))
def test_a_uniform_conductor_is_straight(axis: int) -> None:
    """All pore, three different voxel edges: D_eff = D_0 and tau = 1 to rounding, without an iteration."""
    row = mc.effective(image(np.zeros(SHAPE)), "pore", AXES[axis])["pore", AXES[axis]]
    assert row.relative == pytest.approx(1.0, rel=1e-13)
    assert row.tortuosity_factor == pytest.approx(1.0, rel=1e-13)
    assert (row.code, row.iterations, row.spanning_fraction) == (Code.CONVERGED, 0, 1.0)


@pytest.mark.parametrize("normal", range(3))
def test_laminates_conduct_in_series_and_in_parallel(normal: int) -> None:
    """Layers of conductivity 1 and 1/30 normal to an axis: the harmonic mean across, the arithmetic along,
    for anisotropic voxels (1e-12)."""
    layers = np.array([0, 0, 1, 0, 1, 1, 0, 1] + [0] * (SHAPE[normal] - 8))
    labels = np.zeros(SHAPE, np.uint8) + np.expand_dims(layers, [d for d in range(3) if d != normal])
    k = np.where(layers == 0, 1.0, 1 / 30)
    result = mc.effective(image(labels), {"pore": 1.0, "active": 1 / 30}, tolerance=1e-10)
    assert result.converged
    for row in result:
        across = AXES[normal] == row.axis
        expected = 1.0 / np.mean(1.0 / k) if across else np.mean(k)
        assert row.conductivity == pytest.approx(expected, rel=1e-12)
        assert row.tortuosity_factor == pytest.approx(np.mean(k) / expected, rel=1e-12)


def test_three_phases_against_a_direct_solver() -> None:
    """24x20x18 voxels of three edges, conductivities 1, 1/20 and 1e-3: every axis as a sparse direct solve
    gives it (1e-8), and so do the potentials (1e-5)."""
    labels = grains((24, 20, 18), (0.4, 0.4, 0.2), seed=1)
    table = np.array([1.0, 0.05, 1e-3])
    spec = {"pore": 1.0, "active": 0.05, "cbd": 1e-3}
    for row in mc.effective(image(labels), spec, tolerance=1e-6, potential=True):
        expected, phi = direct_conductivity(table[labels], VOXEL, AXES.index(row.axis))
        assert row.conductivity == pytest.approx(expected, rel=1e-8)
        assert row.potential is not None
        np.testing.assert_allclose(row.potential, phi, atol=1e-5)


def test_one_phase_with_islands_against_a_direct_solver() -> None:
    """One phase of 60 % with dead ends and islands, the rest blocks: the direct solve (1e-8); the voxels that
    are not connected to both ends have no potential."""
    labels = grains(ISLANDS, (0.42, 0.58), seed=2)
    result = mc.effective(image(labels, CUBE), "pore", tolerance=1e-6, potential=True)
    for row in result:
        axis = AXES.index(row.axis)
        expected, _ = direct_conductivity((labels == 0).astype(float), CUBE, axis)
        assert row.conductivity == pytest.approx(expected, rel=1e-8)
        clusters = find_clusters(labels == 0)
        spanning = clusters.spanning(axis)[clusters.labels]
        assert row.potential is not None
        np.testing.assert_array_equal(np.isfinite(row.potential), spanning)
        assert row.spanning_fraction == pytest.approx(spanning.sum() / (labels == 0).sum())


def test_every_slice_passes_the_same_flux() -> None:
    """The flux through every plane, computed here from the potential, agrees with the reported one and is the
    same in all planes to the tolerance."""
    labels, axis = grains(ISLANDS, (0.42, 0.58), seed=2), 1
    row = mc.effective(image(labels), "pore", "y", tolerance=1e-4, potential=True)["pore", "y"]
    assert row.potential is not None
    assert row.slice_flux is not None
    phi = np.moveaxis(row.potential, axis, 0).astype(float)
    drop = phi[:-1] - phi[1:]
    planes = [np.nansum(2 * (1 - phi[0])), *np.nansum(drop, axis=(1, 2)), np.nansum(2 * phi[-1])]
    apparent = np.array(planes) / ISLANDS[1]
    np.testing.assert_allclose(apparent, row.slice_flux, rtol=1e-5)
    assert np.ptp(row.slice_flux) <= 1e-4 * row.conductivity
    assert row.flux_mismatch == pytest.approx(np.ptp(row.slice_flux) / row.slice_flux.mean())
    assert np.abs(row.slice_flux / row.conductivity - 1).max() < 1e-4


def test_the_conductivity_is_more_accurate_than_the_fluxes() -> None:
    """Fluxes that differ by up to 2 % still give the effective conductivity within 0.02 %, from above."""
    volume = image(grains(ISLANDS, (0.42, 0.58), seed=2), CUBE)
    rough = mc.effective(volume, "pore", "z", tolerance=0.05)["pore", "z"]
    fine = mc.effective(volume, "pore", "z", tolerance=1e-8)["pore", "z"]
    assert rough.flux_mismatch > 1e-3
    assert 0 <= rough.conductivity / fine.conductivity - 1 < 0.1 * rough.flux_mismatch


def test_a_turned_image_has_the_turned_answer() -> None:
    """Axes exchanged with their voxel edges, or mirrored: the same numbers at the turned axes (1e-7)."""
    labels = grains((10, 11, 13), (0.4, 0.4, 0.2), seed=2)
    spec = "pore+cbd=0.15"
    straight = mc.effective(image(labels), spec, tolerance=1e-5)
    order = (2, 0, 1)
    turned_image = image(labels.transpose(order)[::-1, :, ::-1], tuple(VOXEL[d] for d in order))  # type: ignore[arg-type]
    turned = mc.effective(turned_image, spec, tolerance=1e-5)
    for new, old in enumerate(order):
        expected = straight[spec, AXES[old]].conductivity
        assert turned[spec, AXES[new]].conductivity == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("seed", [1, 2])
def test_random_media_keep_within_bounds(seed: int) -> None:
    """Isotropic grains, contrast 20, half and half: between the bounds of Hashin and Shtrikman 1962 (doi
    10.1063/1.1728579) on the mean over the axes, and of Wiener on every axis; near the self-consistent
    estimate of Bruggeman (20 %)."""
    labels, low, share = grains((20, 20, 20), (0.5, 0.5), seed, blur=1.0), 0.05, 0.5
    result = mc.effective(image(labels, CUBE), {"pore": 1.0, "active": low})
    values = np.array([row.conductivity for row in result])
    assert np.all((values > 1 / (share + share / low)) & (values < share + share * low))
    upper = 1 + share / (1 / (low - 1) + share / 3)
    lower = low + share / (1 / (1 - low) + share / (3 * low))
    assert lower < values.mean() < upper
    b = (3 * share - 1) + (3 * (1 - share) - 1) * low
    bruggeman = (b + np.sqrt(b**2 + 8 * low)) / 4
    assert values.mean() == pytest.approx(bruggeman, rel=0.2)


def test_cbd_that_hardly_conducts_is_a_wall() -> None:
    """Carbon-binder domain of relative conductivity 1e-9 changes the pore's answer by less than 1e-6."""
    volume = image(grains((10, 10, 10), (0.4, 0.35, 0.25), seed=5), CUBE)
    wall, nearly = (
        mc.effective(volume, spec, "z", tolerance=1e-5).rows[0] for spec in ("pore", "pore+cbd=1e-9")
    )
    assert nearly.conductivity == pytest.approx(wall.conductivity, rel=1e-6)


@pytest.mark.parametrize(("solver", "spec"), [(uniform, "active"), (conduction, "pore=0.1+active")])
def test_one_compilation_serves_all_axes(solver: Any, spec: str) -> None:
    """A box of three different lengths: the axis is no reason to compile again, with either solver."""
    volume = image(grains((10, 12, 14), (0.4, 0.6), seed=6))
    compiled = solver._compiled(jax.devices()[0].platform)
    before = compiled._cache_size()
    assert len(mc.effective(volume, spec)) == 3
    assert compiled._cache_size() == before + 1


def test_double_precision_is_its_own_affair() -> None:
    """With JAX left in single precision, the answer is the same to 1e-12 and the setting stays."""
    volume = image(grains((12, 12, 12), (0.4, 0.6), seed=6))
    expected = mc.effective(volume, "active", "z", tolerance=1e-8)["active", "z"].conductivity
    with jax.enable_x64(False):
        row = mc.effective(volume, "active", "z", tolerance=1e-8)["active", "z"]
        assert not jax.config.jax_enable_x64
    assert row.conductivity == pytest.approx(expected, rel=1e-12)


def test_a_single_plane_of_voxels() -> None:
    """One voxel thick: only the two half distances, so the mean conductivity of the plane."""
    labels = grains((1, 12, 12), (0.5, 0.5), seed=7)
    volume = mc.Volume(np.repeat(labels, 2, axis=0), CUBE)
    row = mc.effective(volume, {"pore": 1.0, "active": 0.2}, "z", tolerance=1e-9).rows[0]
    assert row.conductivity == pytest.approx(np.mean(np.where(labels == 0, 1.0, 0.2)), rel=1e-12)
