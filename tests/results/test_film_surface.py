"""The triangulated surface carries the film of the faces beneath it."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic_run import SPHERES, make_grid, make_snapshot

from microcell.cell.snapshot import ACTIVE, RunGrid
from microcell.results import render
from microcell.results.film_surface import deviation_from_particle, face_centres, film_surface, uncovered


def test_face_centres_lie_between_their_voxels(grid: RunGrid) -> None:
    faces = grid.faces
    inner = faces.electrolyte_index >= 0
    pairs = [
        np.stack(np.unravel_index(index[inner], grid.phases.shape), 1)
        for index in (faces.active_index, faces.electrolyte_index)
    ]
    middle = (0.5 * (pairs[0] + pairs[1]) + 0.5) * grid.voxel_size
    np.testing.assert_allclose(face_centres(grid)[inner], middle, rtol=1e-12)


def test_the_surface_lies_on_the_spheres_and_shows_their_film(grid: RunGrid) -> None:
    surface = film_surface(grid, grid.phases == ACTIVE)
    distance = np.min(
        [
            np.abs(np.linalg.norm(surface.vertices[:, ::-1] - centre, axis=1) - radius)
            for centre, radius in SPHERES
        ],
        axis=0,
    )
    assert np.median(distance) < 0.15e-6  # a third of a voxel
    z = face_centres(grid)[:, 0]
    shown = surface.on_vertices(z)
    covered = np.isfinite(shown)
    assert covered.mean() > 0.95
    assert np.max(np.abs(shown[covered] - surface.vertices[covered, 2])) < 0.8e-6


def test_particles_cut_towards_the_viewer_are_left_out() -> None:
    grid = make_grid()
    grid.particles[:, :, 0] = np.where(grid.particles[:, :, 1] == 2, 2, 0)
    assert 2 in grid.particles[:, :, 0]
    assert set(grid.particles[uncovered(grid)]) == {1, 3}
    assert (uncovered(make_grid(particles=False)) == (grid.phases == ACTIVE)).all()


def test_deviation_has_no_mean_on_any_particle(grid: RunGrid) -> None:
    film = make_snapshot(grid, 5000.0).film_thickness
    deviation = deviation_from_particle(film, grid)
    owner = grid.particles.reshape(-1)[grid.faces.active_index]
    for label in (1, 2, 3):
        mean = np.average(deviation[owner == label], weights=grid.faces.area[owner == label])
        assert abs(mean) < 1e-12
    assert np.ptp(deviation) > 0.01


@pytest.mark.parametrize("library", ["matplotlib", "pyvista"])
def test_both_renderers_show_the_mesh_in_its_colours(
    grid: RunGrid, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    """A red and a blue picture of one mesh."""
    if library == "pyvista":
        pytest.importorskip("pyvista")
        monkeypatch.delattr(render, "_with_matplotlib")
    else:
        monkeypatch.setattr(render, "_in_own_process", lambda *_: None)
    surface = film_surface(grid, grid.phases == ACTIVE)
    colours = np.tile([[[0.9, 0.1, 0.1]], [[0.1, 0.1, 0.9]]], (1, len(surface.vertices), 1))
    size = np.array([6.4e-6, 6.4e-6, 12e-6])
    pictures = render.render(surface.vertices, surface.triangles, colours, size)
    assert len(pictures) == 2
    for picture, strong in zip(pictures, (0, 2), strict=True):
        assert picture.shape[2] == 3
        mine = (picture[..., strong] > 60) & (picture[..., strong] > 2 * picture[..., 1].astype(int))
        assert 0.03 < mine.mean() < 0.8
        assert (picture[:5] > 250).all()  # nothing runs out of the frame


def test_a_renderer_that_dies_is_replaced(grid: RunGrid, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render.sys, "executable", "/bin/false")
    surface = film_surface(grid, grid.phases == ACTIVE)
    colours = np.zeros((1, len(surface.vertices), 3))
    size = np.array([6.4e-6, 6.4e-6, 12e-6])
    (picture,) = render.render(surface.vertices, surface.triangles, colours, size)
    assert picture.dtype == np.uint8
    assert (picture < 100).any()
