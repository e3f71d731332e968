"""Effective properties: columns with exact answers, sizes of particles, the same 1C current."""

import numpy as np
import pytest
from small_cells import parameters
from twin_cases import MESH, cell_of_particles, columns_cell

from microcell.cell.halfcell import HalfCell
from microcell.errors import GeometryError
from microcell.p2d import DFN
from microcell.twin import design_of, homogenize
from microcell.twin.sizes import ParticleShapes, equivalent_radius, find_sizes


def spheres(*radii: float) -> ParticleShapes:
    """Whole spheres, wetted all around."""
    r = np.array(radii)
    return ParticleShapes(4.0 / 3.0 * np.pi * r**3, 4.0 * np.pi * r**2, r**2 / 15.0)


@pytest.mark.slow
def test_columns_have_the_properties_of_their_parts() -> None:
    """Columns conduct in parallel: b = sum of shares times conductivities; 2 of 8 voxels are pore, 2 cbd."""
    p = parameters()
    cell, number = columns_cell(p), p.number
    seen = homogenize(cell, sizes=1)
    design, cbd = seen.design, number("CBD porosity")
    b = 0.25 + 0.25 * cbd / number("CBD tortuosity factor")
    assert design.porosity == pytest.approx(0.25 + 0.25 * cbd, rel=1e-12)
    assert design.porosity / design.tortuosity == pytest.approx(b, rel=1e-6)
    electrons = 0.5 * 1.0 + 0.25 * number("CBD electronic conductivity [S.m-1]")
    assert design.electronic_conductivity == pytest.approx(electrons, rel=1e-6)
    assert (design.active_fraction, design.electrode_thickness) == pytest.approx((0.5, 6e-6), rel=1e-12)
    # two sides of the columns under cbd, and their ends at the separator
    area = 2 * 12 * number("CBD kinetic coverage") + 8
    assert seen.interface == pytest.approx(area * 1e-12 / 96e-18, rel=1e-12)
    spheres_area = 3.0 * design.active_fraction * sum(np.divide(design.weights, design.radii))
    assert seen.surface_ratio == pytest.approx(seen.interface / spheres_area, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["diffusion", "volume", "surface"])
def test_the_twin_has_current_area_and_interface_of_the_cell(rule: str) -> None:
    cell = cell_of_particles()
    design = design_of(cell, sizes=2, radius_rule=rule)
    reduced = DFN(design, cell.parameters, MESH).cell()
    assert float(reduced.one_c) == pytest.approx(cell.one_c_current, rel=1e-12)
    assert float(reduced.area) == pytest.approx(cell.area, rel=1e-12)
    faces = cell.grid().faces
    interface = float(np.asarray(reduced.positive.interface)[0].sum()) * np.prod(cell.volume.size)
    assert interface == pytest.approx(np.sum(faces.area * faces.coverage), rel=1e-12)
    if rule == "surface":
        assert design.surface_factor == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("rule", ["diffusion", "volume", "surface"])
def test_spheres_keep_their_radii(rule: str) -> None:
    found = find_sizes(spheres(4e-6, 1e-6, 4e-6, 2e-6), 2, rule)
    # by volume, two spheres of 4 um are nearly all: the others join the first of them
    assert found.radii[-1] == pytest.approx(4e-6, rel=1e-12)
    assert found.of_particle.tolist() in ([-1, 0, 0, 1, 0], [-1, 1, 0, 0, 0])
    assert found.weights.sum() == pytest.approx(1.0, rel=1e-12)
    assert np.all(np.diff(found.radii) > 0)


def test_one_size_conserves_what_its_rule_says() -> None:
    some = spheres(1e-6, 2e-6, 5e-6)
    share = some.volume / some.volume.sum()
    mean = {rule: find_sizes(some, 1, rule).radii[0] for rule in ("diffusion", "volume", "surface")}
    assert mean["diffusion"] ** 2 / 15 == pytest.approx(share @ some.lag, rel=1e-12)
    assert mean["volume"] == pytest.approx(share @ equivalent_radius(some.volume), rel=1e-12)
    assert 3 / mean["surface"] == pytest.approx(some.interface.sum() / some.volume.sum(), rel=1e-12)


def test_particles_without_interface_or_volume_do_not_break_the_sizes() -> None:
    shapes = spheres(1e-6, 2e-6, 3e-6)
    shapes.interface[:2], shapes.volume[0] = 0.0, 0.0
    for rule in ("diffusion", "volume", "surface"):
        found = find_sizes(shapes, 3, rule)
        assert found.radii.max() < 4e-6
        assert found.of_particle[:2].tolist() == [-1, -1]


@pytest.mark.parametrize(("count", "rule", "words"), [(0, "volume", "1 or more"), (1, "volum", "'volume'")])
def test_wrong_options_are_refused(count: int, rule: str, words: str) -> None:
    with pytest.raises(GeometryError, match=words):
        find_sizes(spheres(1e-6), count, rule)


def test_particles_are_needed() -> None:
    cell = cell_of_particles()
    with pytest.raises(GeometryError, match="particles"):
        homogenize(HalfCell(cell.volume, cell.parameters))


@pytest.mark.slow
def test_an_image_that_does_not_conduct_says_so() -> None:
    """Pore in front of active material: no electrolyte reaches the collector."""
    from small_cells import laminate_cell

    with pytest.raises(GeometryError, match="electrolyte does not conduct") as error:
        homogenize(laminate_cell("ppaa", parameters()))
    assert error.value.key == "p2d.tortuosity"
