"""What a voxel cell is on average: the design of a reduced model, measured on the image."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from ..cell.halfcell import HalfCell
from ..cell.residual import ionic_factor
from ..cell.snapshot import RunGrid
from ..errors import GeometryError
from ..homogenization import EffectiveTransport, Transport, effective
from ..p2d import Design
from .sizes import ParticleShapes, RadiusRule, Sizes, find_sizes, measure_particles

SIZES = 3
"""Sizes of particles where no number is asked for."""


@dataclass(frozen=True)
class Effective:
    """Effective properties of a cell.

    Attributes
    ----------
    design : Design
        What the reduced model needs.
    fractions : dict of str to float
        Volume fractions of the image by phase, of active material that takes no part, and of the electrolyte
        that is connected to the separator, the inside of porous CBD included.
    interface : float
        Area between active material and electrolyte times kinetic coverage, per volume [m-1].
    particles : ParticleShapes
        What was measured of every particle.
    sizes : Sizes
        Which particle went into which size.
    rule : str
        How the radii were chosen, see `microcell.twin.sizes.find_sizes`.
    transport : EffectiveTransport
        The solves through the plane.
    """

    design: Design
    fractions: dict[str, float]
    interface: float
    particles: ParticleShapes = field(repr=False)
    sizes: Sizes = field(repr=False)
    rule: str
    transport: EffectiveTransport = field(repr=False)

    @property
    def surface_ratio(self) -> float:
        """Interface of the image over that of whole spheres with the radii of the design."""
        return self.design.surface_factor

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers, ready for JSON."""
        return {
            "design": self.design.model_dump(mode="json"),
            "fractions": self.fractions,
            "interface_per_m": self.interface,
            "surface_ratio": self.surface_ratio,
            "radius_rule": self.rule,
            "transport": self.transport.to_dict()["transport"],
        }


def homogenize(cell: HalfCell, *, sizes: int = SIZES, radius_rule: RadiusRule = "diffusion") -> Effective:
    """Measure the effective properties of a cell through the plane.

    Parameters
    ----------
    cell : HalfCell
        With its particles.
    sizes : int
        Number of particle sizes, of about equal volume each.
    radius_rule : {"diffusion", "volume", "surface"}
        What a sphere has in common with the particles it stands for, see `find_sizes`.

    Returns
    -------
    Effective
        Thickness, area, active volume, interface and 1C current of the design are those of the cell.

    Raises
    ------
    GeometryError
        If electrolyte or solid do not reach from end to end, or the particles are not known.

    Notes
    -----
    Tortuosity factor ``tau = eps / b`` with the relative conductivity ``b`` of pores and porous CBD and the
    share ``eps`` of electrolyte that takes part, so that ``eps / tau`` of the design is ``b``. Electrons flow
    through active material (half full) and CBD. Whatever the radii, `Design.surface_factor` gives the spheres
    the interface of the image.
    """
    grid, image = cell.grid(), cell.volume
    particles = measure_particles(cell, grid)
    found = find_sizes(particles, sizes, radius_rule)
    transport = effective(image, ["electrolyte", "solid"], "z", parameters=cell.parameters)
    ionic, electronic = (_through(transport[name, "z"]) for name in ("electrolyte", "solid"))
    volume = float(np.prod(image.size))
    fractions = image.fractions() | {
        "electrolyte": float(electrolyte_per_slice(cell).mean()),
        "active, without part": float(image.fractions()["active"] - cell.active_volume / volume),
    }
    active, interface = cell.active_volume / volume, _interface(grid) / volume
    design = Design(
        electrode_thickness=image.size[0],
        active_fraction=active,
        porosity=fractions["electrolyte"],
        tortuosity=fractions["electrolyte"] / ionic,
        radii=tuple(map(float, found.radii)),
        weights=tuple(map(float, found.weights)),
        electronic_conductivity=electronic,
        area=cell.area,
        surface_factor=interface / float(3.0 * active * np.sum(found.weights / found.radii)),
    )
    return Effective(
        design=design,
        fractions=fractions,
        interface=interface,
        particles=particles,
        sizes=found,
        rule=radius_rule,
        transport=transport,
    )


def design_of(cell: HalfCell, **options: Any) -> Design:
    """Return the design of `homogenize` alone; the options are the same."""
    return homogenize(cell, **options).design


def electrolyte_per_slice(cell: HalfCell) -> np.ndarray:
    """Return the share of every slice that electrolyte connected to the separator fills, shape (slices,)."""
    skip, geometry = cell.stack.separator_cells, cell.geometry
    with jax.enable_x64(True):
        porosity, _ = ionic_factor(geometry, cell.parameters.laws())
    filled = np.where(np.asarray(geometry.ionic), np.asarray(porosity), 0.0)
    return np.asarray(filled[skip:].mean(axis=(1, 2)))


def _interface(grid: RunGrid) -> float:
    return float(np.sum(grid.faces.area * grid.faces.coverage))


def _through(row: Transport) -> float:
    """Return the effective conductivity of a conductor, which must pass."""
    if row.conductivity > 0 and math.isfinite(row.conductivity):
        return row.conductivity
    key = {"electrolyte": "p2d.tortuosity", "solid": "p2d.electronic_conductivity"}[row.conductor]
    raise GeometryError(
        f"the {row.conductor} does not conduct from the first to the last slice: {row.code.words}",
        key=key,
        fix="use a larger crop, or one whose first and last slice hold all phases; the 3D run does not need "
        "this, a reduced model does",
    )
