"""How long lithium diffuses: a slab exactly, a sphere to the accuracy of its voxels, contacts that block."""

import numpy as np
import pytest
from small_cells import laminate, laminate_cell, parameters, volume_of

from microcell.cell.halfcell import HalfCell
from microcell.image.particles import Particles
from microcell.twin.diffusion import diffusion_time


def test_a_slab_wetted_on_one_side_is_exact() -> None:
    """-u'' = 1, u(0) = 0, u'(L) = 0: u = L x - x^2 / 2; finite volumes add h^2 / 8 at every centre."""
    h, layers = 1e-6, 7
    cell = laminate_cell("pp" + "a" * layers, parameters())
    u = diffusion_time(cell)
    x = h * (np.arange(layers) + 0.5)
    expected = layers * h * x - 0.5 * x**2 + h**2 / 8.0
    np.testing.assert_allclose(u[2:], np.broadcast_to(expected[:, None, None], u[2:].shape), rtol=1e-6)
    assert np.all(u[:2] == 0)


def test_a_sphere_lags_by_a_fifteenth_of_its_radius_squared() -> None:
    """Mean of (R^2 - r^2) / 6; a thread of active voxels holds the sphere to the collector."""
    n, radius = 21, 8.0
    z, y, x = np.indices((n, n, n)) - (n - 1) / 2
    labels = (z**2 + y**2 + x**2 < radius**2).astype(np.uint8)
    labels[n // 2 :, n // 2, n // 2] = 1
    volume = volume_of(labels)
    cell = HalfCell(volume, parameters())
    inside = (z**2 + y**2 + x**2 < radius**2) & (labels == 1)
    seen = np.sqrt(15.0 * diffusion_time(cell)[inside].mean())
    equal = np.cbrt(3.0 * np.count_nonzero(inside) / (4.0 * np.pi)) * 1e-6
    # the staircase of the surface counts every face half a voxel away: a few percent at 16 voxels across
    assert seen == pytest.approx(equal, rel=0.03)


def test_insulated_particles_keep_their_lithium() -> None:
    """Two layers one behind the other: only the first touches electrolyte where contacts block lithium."""
    volume = laminate("ppaaaaaa")
    numbers = np.zeros(volume.shape, np.int32)
    numbers[2:5], numbers[5:] = 1, 2
    particles = Particles.from_labels(numbers, volume.voxel_size)
    options = {"area_model": "faces", "particles": particles}
    joined = diffusion_time(HalfCell(volume, parameters(), **options))
    blocked = diffusion_time(HalfCell(volume, parameters(), particle_contact="insulated", **options))
    h = 1e-6
    assert joined[2:].mean() == pytest.approx((6 * h) ** 2 / 3 + h**2 / 6, rel=1e-6)
    first = (3 * h) ** 2 / 3 + h**2 / 6
    assert blocked[2:5].mean() == pytest.approx(first, rel=1e-6)
    np.testing.assert_allclose(blocked[5:], first, rtol=1e-6)  # nothing moves there: the mean of the rest
