"""From hand-made volumes to interface faces, fields and separator cells, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from small_cells import laminate, parameters, volume_of

from microcell.cell.geometry import find_contacts, find_faces, find_fields, separator_edges, stack_separator
from microcell.cell.halfcell import HalfCell
from microcell.errors import GeometryError
from microcell.image.particles import Particles
from microcell.image.phases import ACTIVE, CBD, INERT, PORE, SEPARATOR
from microcell.parameters.constants import F
from microcell.verification.media import one_particle

P, A, C = PORE, ACTIVE, CBD
PARAMETERS = parameters()
EDGES = (1e-6, 2e-6, 3e-6)
"""Voxel edges dz, dy, dx: all different, so that no axis can be mistaken for another."""


def cell(labels: object, **options: object) -> HalfCell:
    defaults: dict = {"separator_thickness": 4e-6, "separator_cells": 2, "area_model": "faces"}
    return HalfCell(volume_of(labels, EDGES), PARAMETERS, **(defaults | options))


def faces_of(c: HalfCell) -> list[tuple]:
    """(p, q, area, half_p, half_q) of every face in micrometres, sorted."""
    f = c.geometry.faces
    columns = (
        np.asarray(f.p),
        np.asarray(f.q),
        *(np.round(np.asarray(a) * s, 9) for a, s in ((f.area, 1e12), (f.half_p, 1e6), (f.half_q, 1e6))),
    )
    return sorted(tuple(row.tolist() for row in face) for face in zip(*columns, strict=True))


def test_the_faces_of_four_voxels() -> None:
    """Image [[pore, active], [active, active]] (z, x; one voxel in y), two separator slices of 2 um in front.

    Cells are numbered 0..7 (z, x); faces: active 5 | separator 3 (6 um2, halves 0.5 and 1), 5 | pore 4 along
    x (dz dy = 2 um2, halves 1.5), active 6 | pore 4 along z (6 um2, halves 0.5). Exact to nine decimals.
    """
    found = faces_of(cell([[[P, A]], [[A, A]]]))
    assert found == [(5, 3, 6.0, 0.5, 1.0), (5, 4, 2.0, 1.5, 1.5), (6, 4, 6.0, 0.5, 0.5)]


def test_faces_along_y_have_the_area_dz_dx() -> None:
    """Image [pore, active] along y in two slices: faces along y of dz dx = 3 um2, halves dy/2 = 1 um, one to
    the separator."""
    found = faces_of(cell([[[P], [A]], [[P], [A]]]))
    assert found == [(5, 3, 6.0, 0.5, 1.0), (5, 4, 3.0, 1.0, 1.0), (7, 6, 3.0, 1.0, 1.0)]


def test_phases_and_fields_of_a_mixed_column() -> None:
    """Separator, pore, CBD, active along z: c_e in the first three, phi_s in the last two, c_s in the
    last."""
    g = cell([[[P]], [[C]], [[A]]]).geometry
    assert np.asarray(g.phase).ravel().tolist() == [SEPARATOR, SEPARATOR, P, C, A]
    assert np.asarray(g.ionic).ravel().tolist() == [True, True, True, True, False]
    assert np.asarray(g.electronic).ravel().tolist() == [False, False, False, True, True]
    assert np.asarray(g.active).ravel().tolist() == [False, False, False, False, True]
    assert np.asarray(g.faces.on_cbd).tolist() == [True]
    assert np.asarray(g.volume).ravel() == pytest.approx([12e-18, 12e-18, 6e-18, 6e-18, 6e-18], rel=1e-12)


def test_half_distances_and_areas_between_all_cells() -> None:
    """Along z the separator cells are 2 um thick, the image's 1 um: halves below (1, 1, .5), above (1, .5,
    .5)."""
    g = cell([[[P]], [[A]]]).geometry
    below, above, area = g.spacing(-3)
    assert np.asarray(below).ravel() == pytest.approx([1e-6, 1e-6, 0.5e-6])
    assert np.asarray(above).ravel() == pytest.approx([1e-6, 0.5e-6, 0.5e-6])
    assert float(area) == pytest.approx(6e-12)
    assert np.asarray(g.spacing(-2)[2]).ravel() == pytest.approx([6e-12, 6e-12, 3e-12, 3e-12])
    assert np.asarray(g.spacing(-1)[2]).ravel() == pytest.approx([4e-12, 4e-12, 2e-12, 2e-12])
    assert (float(g.spacing(-2)[0]), float(g.spacing(-1)[0])) == pytest.approx((1e-6, 1.5e-6))


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0, 2.0])
def test_weights_make_the_area_of_a_tilted_plane_exact(slope: float) -> None:
    """Active where z > 12 + slope (y - 12): true area per lateral area sqrt(1 + slope^2); counted faces give
    1 + slope.

    24^3 voxels, rows 7 to 16 counted (smoothing reaches 4 voxels, mirrored at the sides). The weight |n.e|
    has a normal from a voxelized plane: exact for slopes 0 and 1, where every step looks alike, within 1 %
    for 1/2 and 2.
    """
    z, y = np.arange(24)[:, None, None], np.arange(24)[None, :, None]
    labels = np.broadcast_to(z + 0.5 > 12 + slope * (y + 0.5 - 12), (24, 24, 24)).astype(np.uint8)
    volume = volume_of(labels)
    stack = stack_separator(volume.labels, volume.voxel_size, np.full(2, 1e-6))
    fields = find_fields(stack)
    totals = {}
    for model in ("normals", "faces"):
        faces, _ = find_faces(stack, fields, model)
        row = np.asarray(faces.p) // 24 % 24
        middle = (row >= 7) & (row < 17) & (np.asarray(faces.q) >= 2 * 24 * 24)
        totals[model] = float(np.asarray(faces.area)[middle].sum()) / (10 * 24 * 1e-12)
    assert totals["faces"] == pytest.approx(1 + slope, rel=1e-12)
    assert totals["normals"] == pytest.approx(np.sqrt(1 + slope**2), rel=1e-12 if slope in (0, 1) else 0.01)


@pytest.mark.parametrize(("thickness", "voxel"), [(25e-6, 4e-7), (20e-6, 1e-6), (1e-6, 1e-6), (5e-7, 1e-6)])
def test_separator_cells_fill_the_thickness_and_grow_away(thickness: float, voxel: float) -> None:
    """Their sum is the thickness (1e-14), each is 1.6 times the next towards the electrode, the last near one
    voxel."""
    edges = separator_edges(thickness, voxel)
    assert edges.sum() == pytest.approx(thickness, rel=1e-14)
    assert np.allclose(edges[:-1] / edges[1:], 1.6, rtol=1e-12)
    assert edges[-1] <= 1.0001 * voxel


def test_equal_separator_cells_where_asked_for() -> None:
    """Five cells of a 20 um separator are 4 um each."""
    assert separator_edges(20e-6, 4e-7, 5).tolist() == pytest.approx([4e-6] * 5)
    assert cell([[[A]]], separator_thickness="20 um", separator_cells=5).stack.dz[:5] == pytest.approx(
        [4e-6] * 5
    )


CLUSTERED = [
    [[P, A, P, P]],
    [[P, P, P, A]],
    [[A, A, A, A]],
    [[P, A, C, A]],
]
"""One column of four slices (z, x): an active island at (0, 1), a pore island at (3, 0)."""


def test_islands_become_inert_and_are_counted() -> None:
    """The active voxel at (0, 1) touches no other solid, the pore at (3, 0) no other pore; the CBD at (3, 2)
    is dry.

    Counts by hand: 1 active, 1 pore + 1 CBD electrolyte; the CBD goes on carrying electrons.
    """
    c = cell(CLUSTERED)
    assert list(c.inert.values()) == [2, 1, 0]
    phase, ionic, electronic = (
        np.asarray(a)[2:, 0] for a in (c.geometry.phase, c.geometry.ionic, c.geometry.electronic)
    )
    assert phase[0, 1] == phase[3, 0] == INERT
    assert phase[3, 2] == CBD
    assert electronic[3, 2]
    assert not ionic[3, 2]
    q = np.asarray(c.geometry.faces.q)
    assert np.all(np.asarray(c.geometry.ionic).ravel()[q])
    assert len(q) == 5  # (1,3) to sides z- and x-, (2,0), (2,1), (2,2) upwards; none to the islands
    assert c.active_volume == pytest.approx(7 * 6e-18)


def test_kept_islands_take_part_where_something_can_reach_them() -> None:
    """islands = "keep": the active island at (0, 1) wets a living pore, the pores below touch living active
    material."""
    c = cell(CLUSTERED, islands="keep")
    assert list(c.inert.values()) == [0, 0, 0]
    assert np.asarray(c.geometry.active)[2, 0, 1]
    assert np.asarray(c.geometry.ionic)[5, 0, 0]


def test_dry_binder_inside_active_material_lives_only_if_kept() -> None:
    """One CBD voxel enclosed by active material: its electrolyte is cut off, but shares an interface with
    living solid."""
    labels = np.full((4, 3, 3), A)
    labels[0] = P
    labels[2, 1, 1] = C
    cut_off = "electrolyte cut off from the separator [voxels]"
    assert cell(labels).inert[cut_off] == 1
    assert cell(labels, islands="keep").inert[cut_off] == 0


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([[[P]], [[C]]], "no active material"),
        ([[[A]], [[P]]], "touches the collector"),
        ([[[A, P]], [[P, P]], [[P, C]]], "no active material is electronically connected"),
    ],
)
def test_a_volume_that_cannot_work_is_refused(labels: list, words: str) -> None:
    """No active material; nothing at the collector; active material that hangs in the electrolyte."""
    with pytest.raises(GeometryError, match=words):
        cell(labels)


def test_electrolyte_that_touches_no_living_active_material_is_refused() -> None:
    """Active material behind a wall of binder-free inert voxels: the separator is the only electrolyte, it
    touches inert."""
    labels = np.array([[[INERT]], [[A]]])
    with pytest.raises(GeometryError, match="touches no active material"):
        cell(labels)


@pytest.mark.parametrize(
    "coverage",
    [np.ones((2, 2, 2)), np.full((2, 1, 2), 1.5), np.full((2, 1, 2), -0.1), np.full((2, 1, 2), np.nan)],
    ids=["shape", "above one", "negative", "NaN"],
)
def test_a_coverage_that_does_not_fit_is_refused(coverage: np.ndarray) -> None:
    """Wrong shape, values outside of [0, 1], NaN: an error that names the key and what is allowed."""
    with pytest.raises(GeometryError, match="coverage") as caught:
        cell([[[P, A]], [[A, A]]], coverage=coverage)
    assert caught.value.key == "coverage"
    assert "[0, 1]" in str(caught.value.allowed)


def test_a_given_coverage_replaces_that_of_the_parameters() -> None:
    """Values by electrolyte voxel; the face to the separator has 1; CBD faces no longer take the CBD
    coverage."""
    labels = [[[C, A]], [[A, A]]]
    given = np.array([[[0.25, 0.0]], [[0.0, 0.0]]])
    c = cell(labels, coverage=given)
    by_face = dict(
        zip(
            np.asarray(c.geometry.faces.q).tolist(),
            np.asarray(c.geometry.faces.coverage).tolist(),
            strict=True,
        )
    )
    assert by_face == {3: 1.0, 4: 0.25}
    assert not np.asarray(c.geometry.faces.on_cbd).any()
    assert sorted(c.grid().faces.coverage.tolist()) == [0.25, 0.25, 1.0]
    covered = cell(labels).grid().faces.coverage
    assert sorted(covered.tolist()) == [0.5, 0.5, 1.0]  # CBD coverage follows the CBD porosity


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"area_model": "normal"}, "area_model"),
        ({"particle_contact": "resistiv"}, "particle_contact"),
        ({"islands": "drop"}, "islands"),
        ({"separator_cells": 0}, "separator_cells"),
        ({"particle_contact": "insulated"}, "particles"),
    ],
)
def test_options_that_do_not_exist_are_refused(options: dict, key: str) -> None:
    """Each error names the option; an insulated contact needs to know the particles."""
    with pytest.raises(GeometryError) as caught:
        cell([[[P, A]], [[A, A]]], **options)
    assert caught.value.key == key


def test_particles_of_another_volume_are_refused() -> None:
    """Labels of 8 slices for a volume of 2."""
    with pytest.raises(GeometryError, match="another volume"):
        cell([[[P, A]], [[A, A]]], particles=one_particle(laminate("paaaaaaa")))


def test_contacts_are_the_faces_between_two_particles() -> None:
    """Labels [[1, 2], [0, 2]] (z, x) behind one separator slice: only the x face between 1 and 2 is a
    contact."""
    along_z, along_y, along_x = find_contacts(np.array([[[1, 2]], [[0, 2]]]), 1)
    assert not np.asarray(along_z).any()
    assert np.asarray(along_y).size == 0
    assert np.asarray(along_x).ravel().tolist() == [False, True, False]


def test_capacity_and_one_c() -> None:
    """Three active voxels of 6 um3: F V c_max 0.725 / 3600 A; the cross-section is 2 voxels of 6 um2
    (1e-12)."""
    c = cell([[[P, A]], [[A, A]]])
    expected = F * 3 * 6e-18 * 50636.0 * 0.725 / 3600
    assert (c.one_c_current, c.capacity_Ah) == pytest.approx((expected, expected), rel=1e-12)
    assert c.area == pytest.approx(12e-12, rel=1e-12)
    assert c.describe()["one_c_current_density_A_m2"] == pytest.approx(expected / 12e-12, rel=1e-12)


def test_the_grid_for_the_results_counts_image_voxels() -> None:
    """Face table of the four voxels: flat image indices, -1 for the separator, axis, side of the electrolyte,
    phase."""
    grid = cell([[[P, A]], [[A, A]]]).grid()
    f = grid.faces
    rows = sorted(
        zip(
            f.active_index.tolist(),
            f.electrolyte_index.tolist(),
            f.axis.tolist(),
            f.side.tolist(),
            f.phase.tolist(),
            strict=True,
        )
    )
    assert rows == [(1, -1, 0, -1, SEPARATOR), (1, 0, 2, -1, PORE), (2, 0, 0, -1, PORE)]
    assert grid.separator_edges == pytest.approx([2e-6, 2e-6])
    assert grid.phases.tolist() == [[[P, A]], [[A, A]]]


def test_the_grid_shows_lost_active_material_as_inert() -> None:
    """The island of the clustered volume must not be read as active material of zero current."""
    grid = cell(
        CLUSTERED, particles=Particles.from_labels((np.array(CLUSTERED) == A).astype(int), EDGES)
    ).grid()
    assert grid.phases[0, 0, 1] == INERT
    assert grid.phases[1, 0, 3] == ACTIVE
