"""Geometry and laws of the reduced half cell as one pytree; every number is traced."""

from __future__ import annotations

import equinox as eqx
import jax
import numpy as np

from ..parameters.constants import F
from ..parameters.law import Leaf
from ..parameters.laws import Laws
from ..parameters.parameter_set import ParameterSet
from .design import Design
from .mesh import Mesh


class Cell(eqx.Module):
    """What the equations know. Shapes: N volumes through the plane, E of them in the electrode, P sizes.

    Attributes
    ----------
    laws : property laws and numbers.
    width : thickness of the volumes [m], (N,).
    porosity, transport : eps and ``b = eps / tau`` of the electrolyte, (N,).
    conductivity_s : effective, zero in the separator [S.m-1], (N,).
    interface : active surface per volume and size [m-1], (E, P).
    active : volume fraction of active material per size, (E, P).
    radius : of each size [m], (P,).
    salt : initial concentration [mol.m-3].
    area : cross-section [m2].
    one_c : the 1C current [A].
    mesh : numbers of volumes (static).
    film : whether the rocksalt film stands on the particles (static).
    """

    laws: Laws
    width: Leaf
    porosity: Leaf
    transport: Leaf
    conductivity_s: Leaf
    interface: Leaf
    active: Leaf
    radius: Leaf
    salt: Leaf
    area: Leaf
    one_c: Leaf
    mesh: Mesh = eqx.field(static=True)
    film: bool = eqx.field(static=True)

    @property
    def shell_volume(self) -> np.ndarray:
        """Volume of the shells over ``4 pi R^3``, (radial,); they sum to 1/3."""
        return np.diff(self.mesh.shell_edges() ** 3) / 3.0


def build_cell(design: Design, parameters: ParameterSet, mesh: Mesh, film: bool = True) -> Cell:
    """Lay the layers out.

    Parameters
    ----------
    design : Design
        The homogenized electrode.
    parameters : ParameterSet
        Material laws, separator, lithium metal, film.
    mesh : Mesh
        Numbers of volumes.
    film : bool
        Whether the rocksalt film stands on the particles.
    """
    number, laws = parameters.number, parameters.laws()
    layers, radius = (mesh.separator, mesh.electrode), np.asarray(design.radii, float)
    active = design.active_fraction * np.asarray(design.weights, float)
    separator = number("Separator porosity"), number("Separator tortuosity factor")
    per_x = F * design.active_fraction * design.electrode_thickness * design.area * float(laws.c_max)
    leaves = {
        "width": _layered(layers, number("Separator thickness [m]") / layers[0],
                          design.electrode_thickness / layers[1]),
        "porosity": _layered(layers, separator[0], design.porosity),
        "transport": _layered(layers, separator[0] / separator[1], design.porosity / design.tortuosity),
        "conductivity_s": _layered(layers, 0.0, _electronic(design, laws)),
        "interface": np.tile(3.0 * active / radius, (mesh.electrode, 1)),
        "active": np.tile(active, (mesh.electrode, 1)),
        "radius": radius,
        "salt": np.float64(number("Initial electrolyte concentration [mol.m-3]")),
        "area": np.float64(design.area),
        "one_c": np.float64(per_x * number("Nominal stoichiometry window") / 3600.0),
    }  # fmt: skip
    return Cell(laws=laws, mesh=mesh, film=film, **leaves)


def _layered(layers: tuple[int, int], separator: float, electrode: float) -> np.ndarray:
    return np.repeat(np.array([separator, electrode], float), layers)


def _electronic(design: Design, laws: Laws) -> float:
    if design.electronic_conductivity is not None:
        return design.electronic_conductivity
    with jax.enable_x64(True):
        return float(laws.conductivity_s(np.float64(0.5), laws.temperature))
