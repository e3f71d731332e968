"""The particle ledger: one row per particle of the segmented image, at one time.

Conventions
-----------
- Film and surface means are weighted with the interface area of the faces, ``w A`` of the model (without
  coverage).
- `Current [A]` is positive on discharge, so that the column sums to the cell current.
- A face belongs to the *separator side* of its particle when its centre lies closer to the separator than
  the particle's
  centroid, else to the *collector side*; a hemisphere of faces is a steadier measure than the few whose
  normal
  points along z. Asymmetry is (mean film of the separator side - mean of the collector side) / mean film.
- The contact area of two particles is the length of the summed face vectors between them. That sum is exact
  for a
  plane contact at any angle, where counting voxel faces overstates it by up to 1.7; a curved contact reads
  smaller.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from microcell.cell.snapshot import CBD, FaceTable, RunGrid, Snapshot
from microcell.results.reduce import divide, group_extreme, group_mean, group_sum

AXES = ("z", "y", "x")


def particle_ledger(
    grid: RunGrid,
    snapshot: Snapshot,
    *,
    oxygen_per_film_volume: float | None = None,
    initial_film: float = 0.0,
) -> pd.DataFrame:
    """Return one row per particle with its geometry, film, lithiation and current.

    Parameters
    ----------
    grid : RunGrid
        Voxels, particle labels and interface faces of the run.
    snapshot : Snapshot
        The state at one time.
    oxygen_per_film_volume : float, optional
        Oxygen released per volume of film grown, nu / V_RS [mol.m-3]; adds the column ``Oxygen released
        [mol]``.
    initial_film : float, optional
        Film thickness from which the released oxygen counts [m].

    Returns
    -------
    DataFrame
        Sorted by ``Label``; empty (with columns) where the grid has no particles. ``docs/results.md``
        explains every
        column.
    """
    labels = (
        np.zeros(0, dtype=np.int64)
        if grid.particles is None
        else np.unique(grid.particles[grid.particles > 0])
    )
    numbers = _numbers(grid, labels)
    columns: dict[str, np.ndarray] = {"Label": labels.astype(np.int64)}
    columns |= _geometry(grid, numbers, len(labels))
    columns |= _surface(grid, snapshot, numbers, columns["Centroid z [m]"], len(labels))
    columns |= _lithiation(snapshot, numbers, len(labels))
    if oxygen_per_film_volume is not None:
        grown = (snapshot.film_thickness - initial_film) * grid.faces.area * grid.faces.coverage
        owner = _owner(numbers, grid.faces)
        inside = owner >= 0
        total = group_sum(owner[inside], grown[inside], len(labels))
        columns["Oxygen released [mol]"] = oxygen_per_film_volume * total
    return pd.DataFrame(columns)


def _numbers(grid: RunGrid, labels: np.ndarray) -> np.ndarray:
    """Return the row number of the particle in each voxel, -1 where none; shape of the image."""
    if grid.particles is None or not len(labels):
        return np.full(grid.phases.shape, -1, dtype=np.int64)
    lookup = np.full(int(labels[-1]) + 1, -1, dtype=np.int64)
    lookup[labels] = np.arange(len(labels))
    return lookup[np.maximum(grid.particles, 0)]


def _owner(numbers: np.ndarray, faces: FaceTable) -> np.ndarray:
    return numbers.reshape(-1)[faces.active_index]


def _geometry(grid: RunGrid, numbers: np.ndarray, count: int) -> dict[str, np.ndarray]:
    position = np.nonzero(numbers >= 0)
    inside = numbers[position]
    voxels = np.bincount(inside, minlength=count)
    volume = voxels * float(np.prod(grid.voxel_size))
    columns: dict[str, np.ndarray] = {
        "Voxels": voxels,
        "Volume [m3]": volume,
        "Equivalent diameter [m]": np.cbrt(6.0 * volume / np.pi),
    }
    for axis, index, edge in zip(AXES, position, grid.voxel_size, strict=True):
        columns[f"Centroid {axis} [m]"] = group_sum(inside, (index + 0.5) * edge, count) / voxels
    columns["Distance to separator [m]"] = columns["Centroid z [m]"]
    at_border = np.any(
        [(i == 0) | (i == n - 1) for i, n in zip(position, numbers.shape, strict=True)], axis=0
    )
    columns["Touches edge"] = np.bincount(inside[at_border], minlength=count) > 0
    columns["Particle contact area [m2]"] = _contact_area(grid, numbers, count)
    return columns


def _contact_area(grid: RunGrid, numbers: np.ndarray, count: int) -> np.ndarray:
    """Sum, over the neighbours of each particle, the length of the vector area between the two [m2]."""
    first, second, axes = _contact_faces(numbers)
    low, high = np.minimum(first, second), np.maximum(first, second)
    pairs, pair = np.unique(low * count + high, return_inverse=True)
    face_area = np.prod(grid.voxel_size) / np.array(grid.voxel_size)
    signed = np.where(first < second, 1.0, -1.0) * face_area[axes]
    vector = [np.bincount(pair, weights=signed * (axes == axis), minlength=len(pairs)) for axis in range(3)]
    area = np.sqrt(np.sum(np.square(vector), axis=0))
    owners = np.concatenate([pairs // max(count, 1), pairs % max(count, 1)])
    return group_sum(owners, np.tile(area, 2), count)


def _contact_faces(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the two particles and the axis of every voxel face between different particles."""
    found = []
    for axis in range(3):
        lower = np.take(numbers, range(numbers.shape[axis] - 1), axis=axis)
        upper = np.take(numbers, range(1, numbers.shape[axis]), axis=axis)
        touching = (lower >= 0) & (upper >= 0) & (lower != upper)
        found.append((lower[touching], upper[touching], np.full(int(touching.sum()), axis)))
    first, second, axes = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return first, second, axes


def _surface(
    grid: RunGrid, snapshot: Snapshot, numbers: np.ndarray, centroid_z: np.ndarray, count: int
) -> dict[str, np.ndarray]:
    faces = grid.faces
    owner = _owner(numbers, faces)
    known = owner >= 0
    owner, area, film = owner[known], faces.area[known], snapshot.film_thickness[known]
    covered = faces.phase[known] == CBD
    lithium, current = snapshot.surface_concentration[known], snapshot.face_current[known]
    mean = group_mean(owner, film, area, count)
    near = face_centre_z(faces, grid)[known] < centroid_z[owner]
    return {
        "Wetted area [m2]": group_sum(owner, area * ~covered, count),
        "CBD-covered area [m2]": group_sum(owner, area * covered, count),
        "Mean rocksalt thickness [m]": mean,
        "Minimum rocksalt thickness [m]": group_extreme(owner, film, count, np.fmin),
        "Maximum rocksalt thickness [m]": group_extreme(owner, film, count, np.fmax),
        "Rocksalt asymmetry": divide(
            group_mean(owner, film, area * near, count) - group_mean(owner, film, area * ~near, count), mean
        ),
        "Mean surface concentration [mol.m-3]": group_mean(owner, lithium, area, count),
        "Minimum surface concentration [mol.m-3]": group_extreme(owner, lithium, count, np.fmin),
        "Current [A]": -group_sum(owner, current * area * faces.coverage[known], count),
    }


def face_centre_z(faces: FaceTable, grid: RunGrid) -> np.ndarray:
    """Return the distance of each face centre from the separator | cathode plane [m], shape (n,)."""
    dz = grid.voxel_size[0]
    slices = faces.active_index // int(np.prod(grid.phases.shape[1:]))
    return dz * (slices + 0.5 + np.where(faces.axis == 0, 0.5 * faces.side, 0.0))


def _lithiation(snapshot: Snapshot, numbers: np.ndarray, count: int) -> dict[str, np.ndarray]:
    field = snapshot.fields.get("Active concentration [mol.m-3]")
    if field is None:
        return {}
    inside = numbers >= 0
    lithium = np.asarray(field, dtype=np.float64)[inside]
    return {
        "Mean concentration [mol.m-3]": group_mean(numbers[inside], lithium, np.ones(lithium.shape), count)
    }
