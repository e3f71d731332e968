"""VTK files open in pyvista with every value where it belongs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from synthetic_run import SHAPE, SNAPSHOT_TIMES, VOXEL, make_snapshot

from microcell.cell.snapshot import RunGrid

pyvista = pytest.importorskip("pyvista")


@pytest.mark.parametrize("index", [0, 3])
def test_fields_come_back_in_order(run: Path, grid: RunGrid, index: int) -> None:
    mesh = pyvista.read(run / f"fields/{index:04d}.vtkhdf")
    assert mesh.dimensions == tuple(n + 1 for n in SHAPE[::-1])
    np.testing.assert_allclose(mesh.spacing, VOXEL[::-1])
    np.testing.assert_allclose(mesh.bounds, [0, 6.4e-6, 0, 6.4e-6, 0, 12e-6], rtol=1e-12)
    expected = make_snapshot(grid, SNAPSHOT_TIMES[index]).fields
    for name, values in expected.items():
        np.testing.assert_array_equal(mesh.cell_data[name].reshape(SHAPE), values.astype(np.float32))
    np.testing.assert_array_equal(mesh.cell_data["Phase"].reshape(SHAPE), grid.phases)
    np.testing.assert_array_equal(mesh.cell_data["Particle"].reshape(SHAPE), grid.particles)
    assert mesh.field_data["TimeValue"][0] == SNAPSHOT_TIMES[index]


def test_a_cell_lies_where_its_voxel_does(run: Path, grid: RunGrid) -> None:
    mesh = pyvista.read(run / "fields/0000.vtkhdf")
    z, y, x = np.argwhere(grid.particles == 2)[5]
    cell = mesh.find_containing_cell([(x + 0.5) * VOXEL[2], (y + 0.5) * VOXEL[1], (z + 0.5) * VOXEL[0]])
    assert mesh.cell_data["Particle"][cell] == 2
