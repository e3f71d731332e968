"""From labelled voxels to the arrays of a cell: stack, fields, interface faces (model, sections 1 and 3)."""

from __future__ import annotations

from dataclasses import dataclass

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array
from microcell_kernels import halo
from microcell_kernels.halo import Slabs
from microcell_kernels.indexing import add_at, read_at
from microcell_kernels.stencil import lower, upper

from ..errors import GeometryError
from ..image.connectivity import find_clusters, reaches
from ..image.phases import ACTIVE, CBD, INERT, PORE, SEPARATOR
from ..image.surface import area_weights, indicator_normals, interface_faces


class Faces(eqx.Module):
    """Interface faces active | electrolyte in compact lists.

    Attributes
    ----------
    p, q : Array of int32, shape (faces,)
        Flat cell numbers on the active and on the electrolyte side.
    area : Array
        Weighted area ``w A`` [m2].
    weight : Array
        Area weight ``w``.
    half_p, half_q : Array
        Distances from the cell centres to the face [m].
    coverage : Array
        Kinetic coverage theta of the face, to be multiplied by the CBD coverage where ``on_cbd``.
    on_cbd : Array of bool
        Whether the electrolyte side is carbon-binder domain with the coverage of the parameters.
    owned : Array of bool, or None
        Where a cell is spread over slabs: the faces that this slab counts. A face between two slabs is in
        both lists, and lists are padded with copies without area.
    """

    p: Array
    q: Array
    area: Array
    weight: Array
    half_p: Array
    half_q: Array
    coverage: Array
    on_cbd: Array
    owned: Array | None = None


class Geometry(eqx.Module):
    """The cell as arrays (nz, ny, nx): lithium plane at z index 0, collector behind the last slice.

    Attributes
    ----------
    phase : Array of int8
        Phase code of each cell, SEPARATOR included; INERT where nothing lives.
    active, ionic, electronic : Array of bool
        Where c_s lives; where c_e and phi_e live; where phi_s lives.
    dz : Array, shape (nz,)
        Edges through the plane [m].
    dy, dx : Array, scalars
        Lateral edges [m].
    faces : Faces
        The interface.
    contact : tuple of three Arrays of bool, or None
        Faces between different particles, per axis; None where contact is continuous.
    collector : int
        Index of the last slice, which touches the collector.
    slabs : str or None
        Device axis where this is one slab of a cell, see :mod:`microcell_kernels.halo`; face numbers then
        count a halo plane at both ends, and the collector touches the last slab only.
    """

    phase: Array
    active: Array
    ionic: Array
    electronic: Array
    dz: Array
    dy: Array
    dx: Array
    faces: Faces
    contact: tuple[Array, Array, Array] | None
    collector: int = eqx.field(static=True, default=-1)
    slabs: Slabs = eqx.field(static=True, default=None)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells along z, y, x."""
        return self.phase.shape  # type: ignore[return-value]

    @property
    def volume(self) -> Array:
        """Volume of the cells of each slice, shape (nz, 1, 1) [m3]."""
        return (self.dz * self.dy * self.dx)[:, None, None]

    @property
    def section(self) -> Array:
        """Area of one cell seen along z [m2]."""
        return self.dy * self.dx

    def spacing(self, axis: int) -> tuple[Array, Array, Array]:
        """Half distances below and above the inner faces of an axis, and the face area, all broadcastable."""
        dz = self.dz[:, None, None]
        if axis == -3:
            below, above = lower(dz, axis, self.slabs), upper(dz, axis, self.slabs)
            return 0.5 * below, 0.5 * above, self.dy * self.dx
        if axis == -2:
            return 0.5 * self.dy, 0.5 * self.dy, dz * self.dx
        return 0.5 * self.dx, 0.5 * self.dx, dz * self.dy

    def at(self, cells: Array, number: Array) -> Array:
        """Values of cells by flat number, as the interface faces count them."""
        return read_at(halo.extend(cells, self.slabs).ravel(), number)

    def sum_at(self, number: Array, values: Array) -> Array:
        """Sum face values into the cells with these flat numbers, shape (nz, ny, nx)."""
        sums = add_at(jnp.zeros(self.numbered_cells, values.dtype), number, values)
        return halo.trim(sums.reshape(-1, *self.shape[1:]), self.slabs)

    @property
    def numbered_cells(self) -> int:
        """Cells that flat numbers run over: those here, and in a slab the halo planes."""
        nz, ny, nx = self.shape
        return (nz if self.slabs is None else nz + 2) * ny * nx

    def sum_faces(self, values: Array) -> Array:
        """Sum over all interface faces of the cell, each counted once."""
        owned = self.faces.owned
        return self.total(values if owned is None else jnp.where(owned, values, 0))

    def total(self, values: Array) -> Array:
        """Sum of an array over the whole cell."""
        return halo.total(jnp.sum(values), self.slabs)

    @property
    def at_lithium(self) -> Array | bool:
        """Whether the first plane here is the one at the lithium electrode."""
        return halo.first_slab(self.slabs)

    @property
    def at_collector(self) -> Array | bool:
        """Whether the plane ``collector`` here is the one at the collector."""
        return halo.last_slab(self.slabs)


@dataclass(frozen=True)
class Stack:
    """Separator cells in front of the image, on the host.

    Attributes
    ----------
    phase : ndarray of uint8, shape (nz, ny, nx)
        Phase codes before anything is made inert.
    dz : ndarray, shape (nz,)
        Edges through the plane [m].
    lateral : tuple of float
        dy, dx [m].
    separator_cells : int
        Number of separator slices.
    """

    phase: np.ndarray
    dz: np.ndarray
    lateral: tuple[float, float]
    separator_cells: int


@dataclass(frozen=True)
class Fields:
    """Where each field lives (bool, nz, ny, nx), and the voxels made inert by reason."""

    active: np.ndarray
    ionic: np.ndarray
    electronic: np.ndarray
    inert: dict[str, int]


def separator_edges(thickness: float, voxel: float, cells: int | None = None) -> np.ndarray:
    """Divide the separator into cells that grow away from the electrode, lithium side first.

    Parameters
    ----------
    thickness : float
        Separator thickness [m].
    voxel : float
        Image voxel edge through the plane [m]; the cell next to the image has about this size.
    cells : int, optional
        That many equal cells instead.
    """
    if cells is not None:
        return np.full(cells, thickness / cells)
    growth = 1.6
    count = max(2, int(np.ceil(np.log1p(thickness / voxel * (growth - 1)) / np.log(growth))))
    edges = voxel * growth ** np.arange(count)[::-1]
    return edges * thickness / edges.sum()


def stack_separator(phases: np.ndarray, voxel_size: tuple[float, float, float], edges: np.ndarray) -> Stack:
    """Put the homogenized separator in front of the image."""
    separator = np.full((len(edges), *phases.shape[1:]), SEPARATOR, np.uint8)
    dz = np.concatenate([edges, np.full(len(phases), voxel_size[0])])
    return Stack(np.concatenate([separator, phases]), dz, (voxel_size[1], voxel_size[2]), len(edges))


def find_fields(stack: Stack, islands: str = "inert") -> Fields:
    """Decide where each field lives; what cannot take part becomes inert, field by field.

    Parameters
    ----------
    stack : Stack
        Phases.
    islands : {"inert", "keep"}
        "inert" removes ionic fields not face-connected to the separator and electronic fields not
        face-connected to the collector. "keep" leaves clusters that exchange charge with a connected one
        across an interface: they float.

    Raises
    ------
    GeometryError
        If no active material is left, if the electrolyte does not reach any of it, or nothing reaches the
        collector.
    """
    phase = stack.phase
    wet = (phase == PORE) | (phase == CBD) | (phase == SEPARATOR)
    conducting = (phase == ACTIVE) | (phase == CBD)
    ionic, electronic = reaches(wet, 0, "low"), reaches(conducting, 0, "high")
    if islands == "keep":
        ionic, electronic = _floating(phase, wet, conducting, ionic, electronic)
    active = electronic & (phase == ACTIVE)
    _check_fields(phase, active, ionic, electronic)
    inert = {
        "electrolyte cut off from the separator [voxels]": int(np.count_nonzero(wet & ~ionic)),
        "active material cut off from the collector [voxels]": int(
            np.count_nonzero((phase == ACTIVE) & ~active)
        ),
        "carbon-binder cut off from the collector [voxels]": int(
            np.count_nonzero((phase == CBD) & ~electronic)
        ),
    }
    return Fields(active, ionic, electronic, inert)


def _floating(
    phase: np.ndarray, wet: np.ndarray, conducting: np.ndarray, ionic: np.ndarray, electronic: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Add clusters that touch a living cluster of the other kind through an interface, until none is left."""
    ionic_labels, electronic_labels = find_clusters(wet).labels, find_clusters(conducting).labels
    while True:
        before = ionic.sum() + electronic.sum()
        for _, low, high in interface_faces(electronic & (phase == ACTIVE), wet):
            ionic = ionic | np.isin(ionic_labels, _labels_at(ionic_labels, low, high))
        for _, low, high in interface_faces(ionic, phase == ACTIVE):
            electronic = electronic | np.isin(electronic_labels, _labels_at(electronic_labels, low, high))
        if ionic.sum() + electronic.sum() == before:
            return ionic, electronic


def _labels_at(labels: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    flat = labels.ravel()
    found = np.unique(np.concatenate([flat[low], flat[high]]))
    return found[found > 0]


def _check_fields(phase: np.ndarray, active: np.ndarray, ionic: np.ndarray, electronic: np.ndarray) -> None:
    if not (phase == ACTIVE).any():
        raise GeometryError("the volume holds no active material", key="phases", fix="check the phase map")
    if not electronic.any():
        raise GeometryError(
            "no active material or carbon-binder touches the collector plane",
            key="volume.separator_side",
            fix="check separator_side and through_axis, or crop so that the last slice holds solid",
        )
    if not active.any():
        raise GeometryError(
            "no active material is electronically connected to the collector",
            fix="use a larger crop, or cell.islands = 'keep' to let islands float",
        )
    if not any(low.size for _, low, _ in interface_faces(active, ionic)):
        raise GeometryError(
            "the electrolyte that is connected to the separator touches no active material",
            fix="check the phase map (is pore mapped to pore?) and separator_side, or use a larger crop",
        )


def find_faces(
    stack: Stack, fields: Fields, area_model: str = "normals", coverage: np.ndarray | None = None
) -> tuple[Faces, np.ndarray]:
    """List the interface faces with their area weights.

    Parameters
    ----------
    stack, fields
        Geometry on the host.
    area_model : {"normals", "faces"}
        Weight ``|n.e|`` from the smoothed active indicator, or 1 (overstates a sphere's area by 1.5).
    coverage : ndarray, shape of the image, optional
        Kinetic coverage by electrolyte voxel, replacing that of the parameters.

    Returns
    -------
    faces, axis
        And the axis normal to each face.
    """
    size = (stack.dz, *stack.lateral)
    dz = stack.dz
    gradient = None
    if area_model == "normals":
        gradient = indicator_normals(stack.phase == ACTIVE, size).reshape(3, -1)
    active = fields.active.ravel()
    plane = stack.phase.shape[1] * stack.phase.shape[2]
    parts = []
    for axis, low, high in interface_faces(fields.active, fields.ionic):
        weight = (
            np.ones(len(low)) if gradient is None else area_weights(gradient[:, low], gradient[:, high], axis)
        )
        p, q = np.where(active[low], low, high), np.where(active[low], high, low)
        edge_z = dz[p // plane]
        dy, dx = stack.lateral
        area = (dy * dx, edge_z * dx, edge_z * dy)[axis]
        half_p, half_q = (
            (0.5 * dz[p // plane], 0.5 * dz[q // plane])
            if axis == 0
            else (np.full(len(p), 0.5 * stack.lateral[axis - 1]),) * 2
        )
        parts.append((p, q, weight * area, weight, half_p, half_q, np.full(len(p), axis)))
    p, q, area, weight, half_p, half_q, axis_of = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    theta, on_cbd = _coverage(stack, q, coverage)
    faces = Faces(
        p=jnp.asarray(p, jnp.int32),
        q=jnp.asarray(q, jnp.int32),
        area=jnp.asarray(area),
        weight=jnp.asarray(weight),
        half_p=jnp.asarray(half_p),
        half_q=jnp.asarray(half_q),
        coverage=jnp.asarray(theta),
        on_cbd=jnp.asarray(on_cbd),
    )
    return faces, axis_of


def _coverage(stack: Stack, q: np.ndarray, coverage: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    if coverage is None:
        return np.ones(len(q)), stack.phase.ravel()[q] == CBD
    image = stack.phase.shape[0] - stack.separator_cells
    expected = (image, *stack.phase.shape[1:])
    if coverage.shape != expected or not np.all((coverage >= 0) & (coverage <= 1)):
        raise GeometryError(
            "the kinetic coverage does not fit the image",
            key="coverage",
            value=f"shape {coverage.shape}, range {coverage.min()} to {coverage.max()}",
            allowed=f"shape {expected}, values in [0, 1], no NaN",
        )
    whole = np.concatenate([np.ones((stack.separator_cells, *expected[1:])), coverage])
    return whole.ravel()[q], np.zeros(len(q), bool)


def find_contacts(particles: np.ndarray, separator_cells: int) -> tuple[Array, Array, Array]:
    """Mark the inner faces between two different particles, per axis of the stack."""
    label = np.concatenate([np.zeros((separator_cells, *particles.shape[1:]), particles.dtype), particles])
    marks = []
    for axis in range(3):
        low, high = (
            np.take(label, r, axis) for r in (range(label.shape[axis] - 1), range(1, label.shape[axis]))
        )
        marks.append(jnp.asarray((low != high) & (low > 0) & (high > 0)))
    return marks[0], marks[1], marks[2]


def build_geometry(
    stack: Stack, fields: Fields, faces: Faces, contact: tuple[Array, Array, Array] | None
) -> Geometry:
    """Move the cell to the device."""
    phase = np.where(fields.ionic | fields.electronic, stack.phase, INERT).astype(np.int8)
    return Geometry(
        phase=jnp.asarray(phase),
        active=jnp.asarray(fields.active),
        ionic=jnp.asarray(fields.ionic),
        electronic=jnp.asarray(fields.electronic),
        dz=jnp.asarray(stack.dz),
        dy=jnp.asarray(stack.lateral[0]),
        dx=jnp.asarray(stack.lateral[1]),
        faces=faces,
        contact=contact,
    )
