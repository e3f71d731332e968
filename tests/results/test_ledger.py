"""Ledger and profiles against hand counts on blocks and against a slow, independent sum on spheres."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from synthetic_run import (
    SPHERES,
    film_at,
    interface_faces,
    make_grid,
    make_snapshot,
)

from microcell.cell.snapshot import ACTIVE, CBD, PORE, RunGrid, Snapshot
from microcell.results import particle_ledger, slice_profiles

VOXEL = (2e-6, 1e-6, 0.5e-6)


def blocks() -> tuple[RunGrid, Snapshot]:
    """Two blocks of 2 x 2 x 2 voxels, labels 7 and 3, touching along z in a 6 x 4 x 4 box; one voxel CBD."""
    labels = np.zeros((6, 4, 4), dtype=np.int32)
    labels[1:3, 1:3, 1:3] = 7
    labels[3:5, 1:3, 1:3] = 3
    phases = np.where(labels > 0, ACTIVE, PORE).astype(np.uint8)
    phases[1, 1, 0] = CBD
    grid = RunGrid(phases, VOXEL, np.zeros(0), labels, interface_faces(phases, VOXEL))
    faces = grid.faces
    z = 2e-6 * (faces.active_index // 16 + 0.5 + np.where(faces.axis == 0, 0.5 * faces.side, 0.0))
    film = 1e-9 - 1e-4 * z
    lithium = np.where(labels > 0, 100.0 * labels, np.nan)
    current = np.full(len(film), 2.0)
    surface = 10.0 * np.arange(len(film))
    return grid, Snapshot(5.0, {"Active concentration [mol.m-3]": lithium}, film, current, surface)


def test_geometry_of_blocks() -> None:
    table = particle_ledger(*blocks()).set_index("Label")
    assert table.index.tolist() == [3, 7]
    assert table["Voxels"].tolist() == [8, 8]
    volume = 4e-6 * 2e-6 * 1e-6
    np.testing.assert_allclose(table["Volume [m3]"], volume, rtol=1e-14)
    np.testing.assert_allclose(table["Equivalent diameter [m]"], (6 * volume / np.pi) ** (1 / 3), rtol=1e-14)
    np.testing.assert_allclose(table["Centroid z [m]"], [8e-6, 4e-6], rtol=1e-14)
    np.testing.assert_allclose(table["Distance to separator [m]"], [8e-6, 4e-6], rtol=1e-14)
    np.testing.assert_allclose(table["Centroid y [m]"], 2e-6, rtol=1e-14)
    np.testing.assert_allclose(table["Centroid x [m]"], 1e-6, rtol=1e-14)
    np.testing.assert_allclose(table["Particle contact area [m2]"], 2e-12, rtol=1e-14)
    assert not table["Touches edge"].any()


def test_surface_of_blocks() -> None:
    table = particle_ledger(*blocks()).set_index("Label")
    # One z side of 2 x 1 um2, and twice 4 x 1 um2 and 4 x 2 um2; the CBD voxel covers one x face of 2 x 1
    # um2.
    np.testing.assert_allclose(table["CBD-covered area [m2]"], [0.0, 2e-12], rtol=1e-14)
    np.testing.assert_allclose(table["Wetted area [m2]"], [26e-12, 24e-12], rtol=1e-14)
    # Anodic 2 A/m2 charges the cathode: negative; half of the face under CBD reacts.
    np.testing.assert_allclose(table["Current [A]"], [-52e-12, -2 * (24e-12 + 0.5 * 2e-12)], rtol=1e-14)


def test_film_of_blocks() -> None:
    table = particle_ledger(*blocks()).set_index("Label")
    # Film 1 nm - 0.1 nm/um z. Block 7: faces at z = 2 um (2 um2), 3 um and 5 um (12 um2 each). Block 3: 7, 9
    # and 10.
    mean_7 = 1.0 - 0.1 * (2 * 2 + 3 * 12 + 5 * 12) / 26
    mean_3 = 1.0 - 0.1 * (7 * 12 + 9 * 12 + 10 * 2) / 26
    np.testing.assert_allclose(table["Mean rocksalt thickness [m]"] * 1e9, [mean_3, mean_7], rtol=1e-12)
    np.testing.assert_allclose(table["Minimum rocksalt thickness [m]"] * 1e9, [0.0, 0.5], atol=1e-12)
    np.testing.assert_allclose(table["Maximum rocksalt thickness [m]"] * 1e9, [0.3, 0.8], rtol=1e-12)
    near_7, far_7 = 1.0 - 0.1 * (2 * 2 + 3 * 12) / 14, 0.5
    near_3, far_3 = 0.3, 1.0 - 0.1 * (9 * 12 + 10 * 2) / 14
    expected = [(near_3 - far_3) / mean_3, (near_7 - far_7) / mean_7]
    np.testing.assert_allclose(table["Rocksalt asymmetry"], expected, rtol=1e-12)
    np.testing.assert_allclose(table["Mean concentration [mol.m-3]"], [300.0, 700.0], rtol=1e-14)


def test_contact_area_of_a_tilted_plane() -> None:
    """Two halves of a box meet in the plane z + y = const: face counting gives 2 A, the vectors sqrt(2) A."""
    n = 20
    z, y, _ = np.indices((n, n, 6))
    labels = np.where(z + y < n, 1, 2).astype(np.int32)
    phases = np.full(labels.shape, ACTIVE, dtype=np.uint8)
    phases[0, 0, 0] = PORE
    labels[0, 0, 0] = 0
    edge = 1e-6
    grid = RunGrid(phases, (edge,) * 3, np.zeros(0), labels, interface_faces(phases, (edge,) * 3))
    count = len(grid.faces.area)
    table = particle_ledger(grid, Snapshot(0.0, {}, np.zeros(count), np.zeros(count), np.zeros(count)))
    faces_along_one_axis = (n - 1) * 6 * edge**2
    expected = np.sqrt(2.0) * faces_along_one_axis
    np.testing.assert_allclose(table["Particle contact area [m2]"], expected, rtol=1e-12)


@pytest.mark.parametrize("time", [0.0, 3700.0, 8000.0])
def test_spheres_against_a_loop_over_faces(grid: RunGrid, time: float) -> None:
    snapshot = make_snapshot(grid, time)
    table = particle_ledger(grid, snapshot).set_index("Label")
    faces = grid.faces
    owner = grid.particles.reshape(-1)[faces.active_index]
    film = film_at(grid, time)
    for label in (1, 2, 3):
        own = np.flatnonzero(owner == label)
        area = sum(faces.area[i] for i in own)
        mean = sum(faces.area[i] * film[i] for i in own) / area
        current = -sum(faces.area[i] * faces.coverage[i] * snapshot.face_current[i] for i in own)
        row = table.loc[label]
        assert row["Mean rocksalt thickness [m]"] == pytest.approx(mean, rel=1e-12)
        assert row["Wetted area [m2]"] + row["CBD-covered area [m2]"] == pytest.approx(area, rel=1e-12)
        assert row["Current [A]"] == pytest.approx(current, rel=1e-12)
        assert row["Minimum surface concentration [mol.m-3]"] == min(snapshot.surface_concentration[own])


def test_spheres_have_their_size_and_place(grid: RunGrid) -> None:
    table = particle_ledger(grid, make_snapshot(grid, 0.0))
    for (_, row), (centre, radius) in zip(table.iterrows(), SPHERES, strict=True):
        assert row["Equivalent diameter [m]"] == pytest.approx(2 * radius, rel=0.03)
        centroid = [row[f"Centroid {axis} [m]"] for axis in "zyx"]
        np.testing.assert_allclose(centroid, centre, atol=0.05e-6)
    # The first sphere reaches from 0.2 to 5.0 um in z, the third from 0.4 um in y: only the first loses its
    # cap.
    assert table["Touches edge"].tolist() == [True, False, False]


def test_currents_of_particles_and_slices_sum_to_the_cell_current(grid: RunGrid) -> None:
    snapshot = make_snapshot(grid, 8000.0)
    total = -np.sum(snapshot.face_current * grid.faces.area * grid.faces.coverage)
    assert total > 0.0  # the fixture discharges here
    assert particle_ledger(grid, snapshot)["Current [A]"].sum() == pytest.approx(total, rel=1e-12)
    assert slice_profiles(grid, snapshot)["Current [A]"].sum() == pytest.approx(total, rel=1e-12)


def test_oxygen_is_film_volume_times_content(grid: RunGrid) -> None:
    snapshot = make_snapshot(grid, 8000.0)
    table = particle_ledger(grid, snapshot, oxygen_per_film_volume=4.5e4, initial_film=0.2e-9)
    grown = (snapshot.film_thickness - 0.2e-9) * grid.faces.area * grid.faces.coverage
    assert table["Oxygen released [mol]"].sum() == pytest.approx(4.5e4 * grown.sum(), rel=1e-12)


def test_no_particles_gives_an_empty_table_with_columns(grid: RunGrid) -> None:
    table = particle_ledger(make_grid(particles=False), make_snapshot(grid, 0.0))
    assert len(table) == 0
    assert "Mean rocksalt thickness [m]" in table


def test_a_particle_without_interface_has_no_film() -> None:
    grid, snapshot = blocks()
    grid.particles[0, 0, 0] = 9  # a labelled voxel that is not active, as an inert island would be
    row = particle_ledger(grid, snapshot).set_index("Label").loc[9]
    assert row["Wetted area [m2]"] == 0.0
    assert np.isnan(row["Mean rocksalt thickness [m]"])
    assert np.isnan(row["Rocksalt asymmetry"])
    assert np.isnan(row["Mean concentration [mol.m-3]"])


def test_profiles_of_blocks() -> None:
    table = slice_profiles(*blocks())
    np.testing.assert_allclose(table["z [m]"], 2e-6 * (np.arange(6) + 0.5), rtol=1e-14)
    assert (table["Time [s]"] == 5.0).all()
    film = table["Mean rocksalt thickness [m]"] * 1e9
    assert film[[0, 5]].isna().all()
    # Slice 1 has its z side at 2 um (2 um2) and its flanks at 3 um (12 um2); slice 2 its flanks at 5 um.
    np.testing.assert_allclose(film[1:3], [1.0 - 0.1 * (2 * 2 + 3 * 12) / 14, 0.5], rtol=1e-12)
    np.testing.assert_allclose(table["Interface area [m2]"] * 1e12, [0, 14, 12, 12, 14, 0], atol=1e-12)
    np.testing.assert_allclose(table["Minimum active concentration [mol.m-3]"][1:5], [700, 700, 300, 300])


def test_profile_minimum_is_the_lowest_surface_of_the_slice(grid: RunGrid) -> None:
    snapshot = make_snapshot(grid, 3700.0)
    table = slice_profiles(grid, snapshot)
    slices = grid.faces.active_index // (16 * 16)
    for index in range(24):
        values = snapshot.surface_concentration[slices == index]
        stored = table["Minimum surface concentration [mol.m-3]"][index]
        assert np.isnan(stored) if not len(values) else stored == values.min()


def test_profile_means_ignore_voxels_without_the_field(grid: RunGrid) -> None:
    table = slice_profiles(grid, make_snapshot(grid, 0.0))
    depth = (np.arange(24) + 0.5) / 24
    np.testing.assert_allclose(
        table["Mean electrolyte concentration [mol.m-3]"], 1200.0 - 300.0 * depth, rtol=1e-12
    )
    np.testing.assert_allclose(table["Mean electrolyte potential [V]"], -0.02 - 0.05 * depth, rtol=1e-12)


def test_the_order_of_labels_does_not_matter(grid: RunGrid) -> None:
    relabelled = RunGrid(
        grid.phases,
        grid.voxel_size,
        grid.separator_edges,
        np.array([0, 40, 10, 20], dtype=np.int32)[grid.particles],
        grid.faces,
    )
    snapshot = make_snapshot(grid, 5000.0)
    first = particle_ledger(grid, snapshot).set_index(pd.Index([40, 10, 20])).sort_index()
    second = particle_ledger(relabelled, snapshot).set_index("Label")
    pd.testing.assert_frame_equal(first.drop(columns="Label"), second, check_names=False)
