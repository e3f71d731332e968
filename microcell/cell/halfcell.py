"""A half cell: lithium plane, separator, the cathode of an image, collector."""

from __future__ import annotations

from typing import Any, Literal, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..errors import GeometryError, did_you_mean
from ..image.particles import Particles
from ..image.phases import ACTIVE, INERT
from ..image.volume import Volume
from ..parameters import ParameterSet
from ..parameters.constants import F
from .geometry import (
    Geometry,
    build_geometry,
    find_contacts,
    find_faces,
    find_fields,
    separator_edges,
    stack_separator,
)
from .residual import System
from .snapshot import FaceTable, RunGrid

AreaModel = Literal["normals", "faces"]
ParticleContact = Literal["continuous", "resistive", "insulated"]
Islands = Literal["inert", "keep"]


class HalfCell:
    """A cathode volume made into a cell against lithium metal.

    Parameters
    ----------
    volume : Volume
        The segmented image, separator side at z index 0.
    parameters : ParameterSet
        Properties; the set is not changed.
    separator_thickness : str or float, optional
        Length with a unit, or in metres; replaces "Separator thickness [m]".
    particles : Particles, optional
        Needed for the particle ledger and for particle contacts other than continuous.
    area_model : {"normals", "faces"}
        Interface area from the smoothed surface normal, or counted voxel faces (1.5 times a sphere's area).
    particle_contact : {"continuous", "resistive", "insulated"}
        Faces between two particles: as inside a particle; with "Particle contact resistance [Ohm.m2]" for
        electrons; or blocked for electrons and lithium.
    islands : {"inert", "keep"}
        What happens to clusters that are cut off; they are counted in :attr:`inert` either way.
    separator_cells : int, optional
        Equal separator cells instead of cells that grow away from the electrode.
    coverage : ndarray, shape of the volume, optional
        Kinetic coverage in [0, 1] by electrolyte voxel.

    Attributes
    ----------
    capacity_Ah, one_c_current, area : float
        Nominal capacity, the current that passes it in an hour [A], and the cross-section [m2].
    inert : dict
        Voxels that take no part, by reason.

    Raises
    ------
    GeometryError
        If the volume cannot work as an electrode, or an option does not fit.
    """

    def __init__(
        self,
        volume: Volume,
        parameters: ParameterSet,
        *,
        separator_thickness: str | float | None = None,
        particles: Particles | None = None,
        area_model: AreaModel = "normals",
        particle_contact: ParticleContact = "continuous",
        islands: Islands = "inert",
        separator_cells: int | None = None,
        coverage: np.ndarray | None = None,
    ) -> None:
        _check_choice("area_model", area_model, get_args(AreaModel))
        _check_choice("particle_contact", particle_contact, get_args(ParticleContact))
        _check_choice("islands", islands, get_args(Islands))
        if separator_thickness is not None:
            parameters = parameters.set("Separator thickness [m]", separator_thickness)
        self.volume, self.parameters, self.particles = volume, parameters, particles
        self.particle_contact = particle_contact
        labels = self._labels_for_contact()
        edges = separator_edges(
            parameters.number("Separator thickness [m]"), volume.voxel_size[0], _check_cells(separator_cells)
        )
        self.stack = stack_separator(volume.labels, volume.voxel_size, edges)
        fields = find_fields(self.stack, islands)
        self.inert = fields.inert
        with jax.enable_x64(True):
            faces, axis = find_faces(self.stack, fields, area_model, coverage)
            contact = find_contacts(labels, len(edges)) if labels is not None else None
            self.geometry: Geometry = build_geometry(self.stack, fields, faces, contact)
        self._face_axis = axis
        self.active_volume = float(np.count_nonzero(fields.active) * np.prod(volume.voxel_size))
        self.area = float(volume.labels.shape[1] * volume.labels.shape[2] * np.prod(volume.voxel_size[1:]))
        c_max = parameters.number("Active maximum concentration [mol.m-3]")
        window = parameters.number("Nominal stoichiometry window")
        self.one_c_current = F * self.active_volume * c_max * window / 3600.0
        self.capacity_Ah = self.one_c_current

    def _labels_for_contact(self) -> np.ndarray | None:
        """Particle labels where contacts need them, checked against the volume."""
        if self.particles is not None and self.particles.labels.shape != self.volume.labels.shape:
            raise GeometryError(
                "the particles belong to another volume",
                key="particles",
                value=f"shape {self.particles.labels.shape}",
                allowed=f"shape {self.volume.labels.shape}",
                fix="segment this volume",
            )
        if self.particle_contact == "continuous":
            return None
        if self.particles is None:
            raise GeometryError(
                f"particle_contact {self.particle_contact!r} needs to know the particles",
                key="particles",
                fix="pass particles=microcell.segment(volume)",
            )
        return self.particles.labels

    def system(self) -> System:
        """Return the cell as a pytree for the solver; to be called with float64 switched on."""
        laws = jax.tree.map(jnp.asarray, self.parameters.laws())
        if self.particle_contact == "insulated":
            laws = eqx.tree_at(lambda tree: tree.particle_contact, laws, jnp.asarray(jnp.inf))
        return System(self.geometry, laws, jnp.asarray(self.one_c_current))

    def grid(self) -> RunGrid:
        """Describe the image and its interface for the results."""
        geometry, skip = self.geometry, self.stack.separator_cells
        plane = self.stack.phase.shape[1] * self.stack.phase.shape[2]
        p, q = np.asarray(geometry.faces.p, np.int64), np.asarray(geometry.faces.q, np.int64)
        phases = np.asarray(geometry.phase)[skip:].astype(np.uint8)
        lost = (self.volume.labels == ACTIVE) & ~np.asarray(geometry.active)[skip:]
        phases[lost] = INERT
        on_cbd = np.asarray(geometry.faces.on_cbd)
        covered = np.where(on_cbd, self.parameters.number("CBD kinetic coverage"), 1.0)
        faces = FaceTable(
            active_index=p - skip * plane,
            electrolyte_index=np.maximum(q - skip * plane, -1),
            axis=self._face_axis.astype(np.int8),
            side=np.where(q > p, 1, -1).astype(np.int8),
            area=np.asarray(geometry.faces.area),
            coverage=np.asarray(geometry.faces.coverage) * covered,
            phase=self.stack.phase.ravel()[q].astype(np.int8),
        )
        particles = None if self.particles is None else self.particles.labels
        return RunGrid(phases, self.volume.voxel_size, self.stack.dz[:skip], particles, faces)

    def describe(self) -> dict[str, Any]:
        """Derived numbers for the results, JSON-ready."""
        number = self.parameters.number
        return {
            "area_m2": self.area,
            "one_c_current_A": self.one_c_current,
            "one_c_current_density_A_m2": self.one_c_current / self.area,
            "capacity_Ah": self.capacity_Ah,
            "c_max_mol_m3": number("Active maximum concentration [mol.m-3]"),
            "critical_concentration_mol_m3": number("Rocksalt critical concentration [mol.m-3]"),
            "initial_film_m": number("Rocksalt initial thickness [m]"),
            "oxygen_per_film_volume_mol_m3": number("Rocksalt oxygen stoichiometry")
            / number("Rocksalt molar volume [m3.mol-1]"),
            "interface_area_m2": float(np.sum(np.asarray(self.geometry.faces.area))),
            "cells": list(self.geometry.shape),
            "inert_voxels": self.inert,
        }


def _check_choice(key: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise GeometryError(
            f"{key} has an unknown value",
            key=key,
            value=value,
            allowed=allowed,
            fix=did_you_mean(str(value), allowed),
        )


def _check_cells(cells: int | None) -> int | None:
    if cells is not None and cells < 1:
        raise GeometryError(
            "the separator needs at least one cell", key="separator_cells", value=cells, allowed=">= 1"
        )
    return cells
