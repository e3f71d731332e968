"""Voxel fields for ParaView and pyvista: VTKHDF ImageData, one file per time.

Format: VTK file formats, "VTKHDF", ImageData, version 1.0 (VTK 9.1 and ParaView 5.10 onwards read it). VTK
counts x fastest, which is the C order of a z, y, x array, so fields are written as they are. Coordinates are
metres with the origin at the separator | cathode plane.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from microcell.cell.snapshot import RunGrid, Snapshot
from microcell.results.hdf import write_hdf5

SUFFIX = ".vtkhdf"


def write_vtk(path: Path, grid: RunGrid, snapshot: Snapshot) -> None:
    """Write the voxel fields, the phase and the particle label as cell data.

    Parameters
    ----------
    path : Path
        File to write, ending in ``.vtkhdf``.
    grid : RunGrid
        Voxels of the run.
    snapshot : Snapshot
        The state to store; fields become float32 and keep NaN where they do not exist.

    Raises
    ------
    ResultsError
        The disk is full or the folder cannot be written.
    """
    cells = {name: np.asarray(values, dtype=np.float32) for name, values in snapshot.fields.items()}
    cells["Phase"] = grid.phases
    if grid.particles is not None:
        cells["Particle"] = grid.particles
    write_hdf5(path, lambda file: _fill(file.create_group("VTKHDF"), grid, cells, snapshot.time))


def _fill(root: h5py.Group, grid: RunGrid, cells: dict[str, np.ndarray], time: float) -> None:
    nz, ny, nx = grid.phases.shape
    dz, dy, dx = grid.voxel_size
    root.attrs["Version"] = (1, 0)
    # VTK compares fixed-length ASCII; h5py would write a variable-length UTF-8 string.
    root.attrs.create("Type", np.bytes_("ImageData"), dtype=h5py.string_dtype("ascii", len("ImageData")))
    root.attrs["WholeExtent"] = (0, nx, 0, ny, 0, nz)
    root.attrs["Origin"] = (0.0, 0.0, 0.0)
    root.attrs["Spacing"] = (dx, dy, dz)
    root.attrs["Direction"] = np.eye(3).reshape(-1)
    data = root.create_group("CellData")
    for name, values in cells.items():
        data.create_dataset(name, data=values, compression="gzip", compression_opts=1, shuffle=True)
    root.create_dataset("FieldData/TimeValue", data=np.array([time]))
