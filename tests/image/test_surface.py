"""Area of spheres and planes: counted faces overstate by a known factor, weighted ones do not."""

import numpy as np
import pytest

from microcell.image.surface import area_weights, indicator_normals, interface_area, interface_faces


def sphere(radius, voxel_size, shape):
    """A sphere off the grid points, so that no symmetry helps."""
    axes = [(np.arange(n) + 0.5) * h for n, h in zip(shape, voxel_size, strict=True)]
    centre = [0.5 * n * h + 0.23 * h for n, h in zip(shape, voxel_size, strict=True)]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    return (z - centre[0]) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2 < radius**2


@pytest.mark.parametrize("radius", [5.0, 8.0, 16.0])
def test_sphere_area(radius):
    """Counted faces: 1.5 times 4 pi r^2. Weighted: within 2 %, the smoothing bias of small spheres."""
    ball = sphere(radius, (1, 1, 1), (44, 44, 44))
    exact = 4 * np.pi * radius**2
    assert interface_area(ball, ~ball, (1, 1, 1), model="faces") / exact == pytest.approx(1.5, abs=0.06)
    assert interface_area(ball, ~ball, (1, 1, 1)) / exact == pytest.approx(1.0, abs=0.02)


def test_sphere_area_on_anisotropic_voxels():
    size = (2e-7, 1e-7, 1e-7)
    ball = sphere(1.2e-6, size, (20, 40, 40))
    assert interface_area(ball, ~ball, size) / (4 * np.pi * 1.2e-6**2) == pytest.approx(1.0, abs=0.025)


@pytest.mark.parametrize("direction", [(1, 0, 0), (0, 1, 1), (1, 1, 1)])
def test_symmetric_planes_have_exact_weights(direction):
    """Away from the sides the weight is abs(n . e) to rounding, because the staircase repeats every step."""
    normal = np.array(direction) / np.linalg.norm(direction)
    position = np.indices((24, 24, 24)).T.dot(normal).T
    half = position < 12.01 * normal.sum()
    gradient = indicator_normals(half, (1, 1, 1)).reshape(3, -1)
    inner = np.zeros(half.shape, bool)
    inner[6:-6, 6:-6, 6:-6] = True
    for axis, lower, upper in interface_faces(half, ~half):
        kept = inner.ravel()[lower] & inner.ravel()[upper]
        weights = area_weights(gradient[:, lower[kept]], gradient[:, upper[kept]], axis)
        np.testing.assert_allclose(weights, normal[axis], atol=1e-12)


def test_gradient_points_into_the_active_material_in_metres():
    """Across a flat interface the gradient integrates to one, whatever the voxel edge."""
    half = np.zeros((20, 4, 4), bool)
    half[10:] = True
    gradient = indicator_normals(half, (2e-7, 1e-7, 1e-7))
    assert gradient[0].max() > 0
    assert abs(gradient[1:]).max() < 1e-6
    np.testing.assert_allclose(gradient[0].sum(axis=0) * 2e-7, 1.0, rtol=1e-9)


def test_layers_of_different_thickness():
    """Thicker cells on one side: central differences use the distance of the centres."""
    half = np.zeros((12, 3, 3), bool)
    half[6:] = True
    edges = np.where(np.arange(12) < 6, 3.0, 1.0)
    gradient = indicator_normals(half, (edges, 1.0, 1.0))
    equal = indicator_normals(half, (1.0, 1.0, 1.0))
    np.testing.assert_allclose(gradient[0, :5], equal[0, :5] / 3.0)
    np.testing.assert_allclose(gradient[0, 5], equal[0, 5] * 2.0 / 5.0)  # centres 4 -> 6: 3 + 2 = 5 against 2


def test_weight_is_one_without_a_normal():
    zero = np.zeros((3, 4))
    np.testing.assert_array_equal(area_weights(zero, zero, 1), np.ones(4))


def test_opposite_gradients_cancel_before_normalising():
    """The mean is taken of the gradients, not of unit vectors: (3, 0, 0) and (0, 1, 0) give 3 / sqrt(10)."""
    lower, upper = np.array([[3.0], [0.0], [0.0]]), np.array([[0.0], [1.0], [0.0]])
    np.testing.assert_allclose(area_weights(lower, upper, 0), 3 / np.sqrt(10))


@pytest.mark.shared
def test_real_volume_agrees_with_the_published_surface(shared_dir):
    """Published: 0.2476 1/um of smooth surface; faces counted per axis 0.060, 0.046, 0.045 per voxel."""
    import tifffile

    active = tifffile.imread(shared_dir / "volumes" / "nmc_cal_3phase.tif")[60:160, 60:160, 60:160] == 1
    total = active.size * 0.398**3
    faces = interface_area(active, ~active, (0.398,) * 3, model="faces") / total
    smooth = interface_area(active, ~active, (0.398,) * 3) / total
    assert faces == pytest.approx((0.060 + 0.046 + 0.045) / 0.398, rel=0.05)
    assert smooth == pytest.approx(0.2476, rel=0.05)
