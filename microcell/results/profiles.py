"""Averages over the slices of the image, from the separator to the collector."""

from __future__ import annotations

import numpy as np
import pandas as pd

from microcell.cell.snapshot import RunGrid, Snapshot
from microcell.results.reduce import group_extreme, group_mean, group_sum

VOXEL_MEANS = {
    "Electrolyte concentration [mol.m-3]": "Mean electrolyte concentration [mol.m-3]",
    "Active concentration [mol.m-3]": "Mean active concentration [mol.m-3]",
    "Solid potential [V]": "Mean solid potential [V]",
    "Electrolyte potential [V]": "Mean electrolyte potential [V]",
}
"""Column of the profile for each voxel field that is averaged over the voxels where it exists."""


def slice_profiles(grid: RunGrid, snapshot: Snapshot) -> pd.DataFrame:
    """Return one row per slice (z index) with its means, minima and interface current.

    Parameters
    ----------
    grid : RunGrid
        Voxels and interface faces of the run.
    snapshot : Snapshot
        The state at one time.

    Returns
    -------
    DataFrame
        ``Time [s]``, ``z [m]`` (slice centre from the separator | cathode plane) and one column per
        quantity; a face
        counts to the slice of its active voxel. ``Minimum surface concentration [mol.m-3]`` is the "minimum
        concentration" per slice of Both et al. 2026, Fig. 2b. ``Current [A]`` is positive on discharge and
        sums to
        the cell current; ``Interface current density [A.m-2]`` is anodic positive, as the field of that name.
    """
    count = grid.phases.shape[0]
    columns = {
        "Time [s]": np.full(count, float(snapshot.time)),
        "z [m]": (np.arange(count) + 0.5) * grid.voxel_size[0],
    }
    for name, column in VOXEL_MEANS.items():
        if name in snapshot.fields:
            columns[column] = _slice_mean(snapshot.fields[name])
    if "Active concentration [mol.m-3]" in snapshot.fields:
        lowest = np.fmin.reduce(snapshot.fields["Active concentration [mol.m-3]"].reshape(count, -1), axis=1)
        columns["Minimum active concentration [mol.m-3]"] = lowest
    return pd.DataFrame(columns | _faces(grid, snapshot, count))


def _slice_mean(field: np.ndarray) -> np.ndarray:
    values = np.asarray(field, dtype=np.float64).reshape(-1)
    slices = np.repeat(np.arange(field.shape[0]), values.size // field.shape[0])
    return group_mean(slices, values, np.ones(values.shape), field.shape[0])


def _faces(grid: RunGrid, snapshot: Snapshot, count: int) -> dict[str, np.ndarray]:
    faces = grid.faces
    slices = faces.active_index // int(np.prod(grid.phases.shape[1:]))
    charge = snapshot.face_current * faces.area * faces.coverage
    return {
        "Minimum surface concentration [mol.m-3]": group_extreme(
            slices, snapshot.surface_concentration, count, np.fmin
        ),
        "Mean surface concentration [mol.m-3]": group_mean(
            slices, snapshot.surface_concentration, faces.area, count
        ),
        "Mean rocksalt thickness [m]": group_mean(slices, snapshot.film_thickness, faces.area, count),
        "Minimum rocksalt thickness [m]": group_extreme(slices, snapshot.film_thickness, count, np.fmin),
        "Maximum rocksalt thickness [m]": group_extreme(slices, snapshot.film_thickness, count, np.fmax),
        "Interface current density [A.m-2]": group_mean(slices, snapshot.face_current, faces.area, count),
        "Interface area [m2]": group_sum(slices, faces.area, count),
        "Current [A]": -group_sum(slices, charge, count),
    }
