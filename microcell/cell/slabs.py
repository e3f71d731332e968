"""A cell cut into slabs of slices, one per device, and put together again.

Every array of a slab layout has one equal part per slab along axis 0. The last slab is filled up with inert
slices. An interface face between two slabs is listed in both, with its cells counted from the slice below the
slab; the slab of the active side owns it. Lists are filled up with copies of a face that carry no area.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import numpy as np

from ..errors import DeviceError
from ..image.phases import INERT
from .geometry import Geometry

AXIS = "slab"
"""Name of the device axis."""


@dataclass(frozen=True)
class Slabs:
    """Which slices and faces belong to which slab, on the host.

    Attributes
    ----------
    count, planes : int
        Number of slabs, and slices of each.
    slices, plane : int
        Slices of the cell, and cells of one.
    face : ndarray of int64, shape (count * faces,)
        Face of the cell behind each place in the lists.
    listed : ndarray of bool, shape (count * faces,)
        False where the place only fills up the list of its slab.
    owned : ndarray of bool, shape (count * faces,)
        Whether the slab counts the face.
    p, q : ndarray of int32, shape (count * faces,)
        Cells on both sides, numbered from the slice below the slab.
    """

    count: int
    planes: int
    slices: int
    plane: int
    face: np.ndarray
    listed: np.ndarray
    owned: np.ndarray
    p: np.ndarray
    q: np.ndarray

    @staticmethod
    def cut(geometry: Geometry, count: int) -> Slabs:
        """Cut a cell into ``count`` slabs.

        Raises
        ------
        DeviceError
            If the cell has too few slices for so many slabs.
        """
        slices, ny, nx = geometry.shape
        planes = -(-slices // count)
        if planes * count - slices >= planes:
            most = max(d for d in range(1, count) if (-(-slices // d)) * (d - 1) < slices)
            raise DeviceError(
                "the cell has too few slices for so many devices",
                key="devices",
                value=f"{count} devices, {slices} slices with the separator",
                allowed=f"here up to {most} devices",
                fix="use fewer devices",
            )
        cells = np.asarray(geometry.faces.p, np.int64), np.asarray(geometry.faces.q, np.int64)
        wet = np.asarray(geometry.ionic)
        lists = [_listed(cells, d * planes, planes, ny * nx) for d in range(count)]
        length = max(1, *(len(faces) for faces in lists))
        columns = [
            _fill_up(cells, faces, length, (d * planes - 1) * ny * nx, _spare(wet, d * planes, planes))
            for d, faces in enumerate(lists)
        ]
        face, listed, p, q = (np.concatenate(parts) for parts in zip(*columns, strict=True))
        slab_of_p = cells[0][face] // (ny * nx) // planes
        owned = listed & (slab_of_p == np.repeat(np.arange(count), length))
        p, q = p.astype(np.int32), q.astype(np.int32)
        return Slabs(count, planes, slices, ny * nx, face, listed, owned, p, q)

    @property
    def missing(self) -> int:
        """Slices that fill up the last slab."""
        return self.count * self.planes - self.slices

    def split_cells(self, cells: np.ndarray, fill: float = 0) -> Any:
        """Fill up the slices of an array (..., nz, ny, nx) whose z axis is the third from the end."""
        widths = [(0, 0)] * cells.ndim
        widths[cells.ndim - 3] = (0, self.missing)
        return np.pad(cells, widths, constant_values=fill)

    def join_cells(self, cells: np.ndarray) -> Any:
        """Drop the slices that :meth:`split_cells` adds."""
        return cells[: self.slices]

    def split_faces(self, faces: np.ndarray) -> Any:
        """List the values of the faces slab by slab."""
        return faces[self.face]

    def join_faces(self, listed: np.ndarray) -> Any:
        """Return the values of the faces in the order of the cell."""
        values = np.zeros(int(self.face.max(initial=-1)) + 1, listed.dtype)
        values[self.face[self.owned]] = listed[self.owned]
        return values

    def split_plane(self, plane: np.ndarray) -> Any:
        """Give the lithium plane to the first slab, (ny, nx) to (count * ny, nx)."""
        return np.concatenate([plane, np.zeros(((self.count - 1) * len(plane), plane.shape[1]))])

    def join_plane(self, planes: np.ndarray) -> Any:
        """Return the lithium plane of the first slab."""
        return planes[: len(planes) // self.count]

    def geometry(self, whole: Geometry) -> Geometry:
        """Return the geometry in slabs, made of NumPy arrays."""
        host: Any = jax.tree.map(np.asarray, whole)
        edges: Any = np.pad(host.dz, (0, self.missing), mode="edge")
        faces = jax.tree.map(self.split_faces, host.faces)
        area = np.where(self.listed, faces.area, 0.0)
        faces = eqx.tree_at(
            lambda f: (f.p, f.q, f.area, f.owned), faces, (self.p, self.q, area, self.owned), is_leaf=_is_none
        )
        return Geometry(
            phase=self.split_cells(host.phase, INERT),
            active=self.split_cells(host.active),
            ionic=self.split_cells(host.ionic),
            electronic=self.split_cells(host.electronic),
            dz=edges,
            dy=host.dy,
            dx=host.dx,
            faces=faces,
            contact=self._contacts(host.contact),
            collector=self.planes - 1 - self.missing,
            slabs=AXIS,
        )

    def split_links(self, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Links of two stacked fields for :func:`microcell_kernels.tables.build_tables`, from face values."""
        numbered = (self.planes + 2) * self.plane
        return self.p, self.q.astype(np.int64) + numbered, np.where(self.listed, weight[self.face], 0.0)

    def _contacts(self, contact: Any) -> Any:
        """Contact marks, with the z faces on both sides of each slab."""
        if contact is None:
            return None
        z = np.pad(contact[0], ((1, 1 + self.missing), (0, 0), (0, 0)))
        planes = np.arange(self.count)[:, None] * self.planes + np.arange(self.planes + 1)
        return z[planes.reshape(-1)], self.split_cells(contact[1]), self.split_cells(contact[2])


def _is_none(x: object) -> bool:
    return x is None


def _listed(cells: tuple[np.ndarray, np.ndarray], first: int, planes: int, plane: int) -> np.ndarray:
    """Faces with at least one cell in the slices from ``first`` on."""
    inside = [(c // plane >= first) & (c // plane < first + planes) for c in cells]
    return np.flatnonzero(inside[0] | inside[1])


def _spare(wet: np.ndarray, first: int, planes: int) -> int:
    """A cell with electrolyte in a slab, for lists without faces; the first cell where there is none."""
    own = wet[first : first + planes].ravel()
    return int(np.argmax(own)) + wet[0].size


def _fill_up(
    cells: tuple[np.ndarray, np.ndarray], faces: np.ndarray, length: int, below: int, spare: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Face, whether it is listed, p and q of one slab's list."""
    listed = np.arange(length) < len(faces)
    if len(faces):
        face = np.concatenate([faces, np.full(length - len(faces), faces[0])])
        return face, listed, cells[0][face] - below, cells[1][face] - below
    nothing = np.zeros(length, np.int64)
    return nothing, listed, nothing + spare, nothing + spare
