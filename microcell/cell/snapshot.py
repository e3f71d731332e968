"""What a simulation hands to the results layer: plain NumPy, image voxels only, SI units."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..image.phases import ACTIVE, CBD, INERT, PORE, SEPARATOR

__all__ = ["ACTIVE", "CBD", "INERT", "PORE", "SEPARATOR", "FaceTable", "RunGrid", "Snapshot"]


@dataclass(frozen=True)
class FaceTable:
    """The interface faces active | electrolyte of a run; row order is that of every per-face array.

    Attributes
    ----------
    active_index : ndarray of int64, shape (n,)
        Flat C-order index of the active voxel in the image grid (z, y, x).
    electrolyte_index : ndarray of int64, shape (n,)
        The same for the voxel on the electrolyte side; -1 where that is a separator voxel.
    axis : ndarray of int8, shape (n,)
        0, 1, 2: the axis normal to the face.
    side : ndarray of int8, shape (n,)
        +1 where the electrolyte lies at the higher index, -1 otherwise.
    area : ndarray of float64, shape (n,)
        Weighted area ``w A`` [m2], without the kinetic coverage.
    coverage : ndarray of float64, shape (n,)
        Kinetic coverage theta in [0, 1].
    phase : ndarray of int8, shape (n,)
        Phase code of the electrolyte voxel: PORE, CBD or SEPARATOR.
    """

    active_index: np.ndarray
    electrolyte_index: np.ndarray
    axis: np.ndarray
    side: np.ndarray
    area: np.ndarray
    coverage: np.ndarray
    phase: np.ndarray


@dataclass(frozen=True)
class RunGrid:
    """The image as the run sees it.

    Attributes
    ----------
    phases : ndarray of uint8, shape (nz, ny, nx)
        Phase codes (PORE, ACTIVE, CBD, INERT) of the image voxels, separator side at z index 0.
    voxel_size : tuple of float
        Edges (dz, dy, dx) [m].
    separator_edges : ndarray of float64
        Edges dz of the separator cells [m], lithium side first.
    particles : ndarray of int32, shape (nz, ny, nx), or None
        Particle label per voxel, 0 where none.
    faces : FaceTable
        The interface faces.
    """

    phases: np.ndarray
    voxel_size: tuple[float, float, float]
    separator_edges: np.ndarray
    particles: np.ndarray | None
    faces: FaceTable


@dataclass(frozen=True)
class Snapshot:
    """The state at one time, ready to be stored or drawn.

    Attributes
    ----------
    time : float
        Time since the start of the protocol [s].
    fields : dict of str to ndarray, shape (nz, ny, nx)
        Voxel fields by name with unit, NaN where a field does not exist. The names are "Active concentration
        [mol.m-3]", "Electrolyte concentration [mol.m-3]", "Solid potential [V]", "Electrolyte potential [V]",
        "Rocksalt thickness [m]" and "Interface current density [A.m-2]"; the last two are area-weighted
        means over the faces of an active voxel, NaN on voxels without any.
    film_thickness : ndarray of float64, shape (n,)
        Rocksalt thickness per face [m].
    face_current : ndarray of float64, shape (n,)
        Interface current density per face [A.m-2], anodic (charging the cathode) positive.
    surface_concentration : ndarray of float64, shape (n,)
        Lithium concentration of the active side of each face, c_so [mol.m-3].
    """

    time: float
    fields: dict[str, np.ndarray] = field(repr=False)
    film_thickness: np.ndarray = field(repr=False)
    face_current: np.ndarray = field(repr=False)
    surface_concentration: np.ndarray = field(repr=False)
