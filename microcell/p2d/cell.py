"""Geometry and laws of a reduced cell as one pytree; every number is traced."""

from __future__ import annotations

from typing import Literal, get_args

import equinox as eqx
import jax
import numpy as np

from ..errors import ParameterError, did_you_mean
from ..parameters.constants import F
from ..parameters.law import Leaf
from ..parameters.laws import Laws
from ..parameters.parameter_set import ParameterSet
from .design import Design
from .electrode import Electrode, build_electrode
from .mechanism import Mechanism
from .mesh import Mesh
from .negative import Negative

Model = Literal["DFN", "SPMe", "SPM"]
"""What varies through the plane: all; potentials and salt (SPMe); nothing (SPM)."""


class Cell(eqx.Module):
    """What the equations know; N volumes through the plane, from the negative side.

    Attributes
    ----------
    electrodes : the positive one behind lithium metal, or negative and positive.
    width : thickness of the volumes [m], (N,).
    porosity, transport : eps and ``b = eps / tau`` of the electrolyte, (N,).
    conductivity_s : effective, zero in the separator [S.m-1], (N,).
    salt : initial concentration [mol.m-3].
    area : cross-section [m2].
    one_c : the 1C current [A].
    mesh : numbers of volumes (static).
    model : what varies through the plane (static).
    """

    electrodes: tuple[Electrode, ...]
    width: Leaf
    porosity: Leaf
    transport: Leaf
    conductivity_s: Leaf
    salt: Leaf
    area: Leaf
    one_c: Leaf
    mesh: Mesh = eqx.field(static=True)
    model: Model = eqx.field(static=True, default="DFN")

    @property
    def positive(self) -> Electrode:
        """The positive electrode."""
        return self.electrodes[-1]

    @property
    def laws(self) -> Laws:
        """Laws of the positive electrode, with those of electrolyte, lithium metal and film."""
        return self.electrodes[-1].laws

    @property
    def metal(self) -> bool:
        """Whether lithium metal stands for the negative electrode."""
        return len(self.electrodes) == 1

    @property
    def volumes(self) -> int:
        """Number of volumes through the plane, N."""
        return int(self.width.shape[0])

    def half_volume(self, k: int) -> Leaf:
        """Distance from the centre of the first (0) or last (-1) volume to the end of the stack [m].

        None in the SPM, where nothing resists through the plane.
        """
        return 0.0 if self.model == "SPM" else 0.5 * self.width[k]

    @property
    def shell_volume(self) -> np.ndarray:
        """Volume of the shells over ``4 pi R^3``, (radial,); they sum to 1/3."""
        return np.diff(self.mesh.shell_edges() ** 3) / 3.0


def build_cell(
    design: Design,
    parameters: ParameterSet,
    mesh: Mesh,
    mechanisms: tuple[Mechanism, ...] = (),
    negative: Negative | None = None,
    model: Model = "DFN",
) -> Cell:
    """Lay the layers out.

    Parameters
    ----------
    design : Design
        The homogenized positive electrode.
    parameters : ParameterSet
        Its materials; electrolyte, separator, lithium metal, film.
    mesh : Mesh
        Numbers of volumes.
    mechanisms : tuple of Mechanism
        What degrades the positive electrode.
    negative : Negative, optional
        The negative electrode; lithium metal where left out.
    model : "DFN", "SPMe" or "SPM"
        What varies through the plane.

    Raises
    ------
    ParameterError
        If the electrodes do not have the same area, or there is no such model.
    """
    _check_model(model)
    laws = parameters.laws()
    layers = _layers(design, parameters, laws, mesh, negative)
    first = len(layers["width"]) - mesh.electrode
    places = mesh.electrode if model == "DFN" else 1
    positive = build_electrode(design, laws, mesh, mechanisms, first, mesh.electrode, places)
    electrodes: tuple[Electrode, ...] = (positive,)
    if negative is not None:
        _check_area(design, negative.design)
        own_laws, places = negative.parameters.laws(), mesh.negative if model == "DFN" else 1
        own = build_electrode(negative.design, own_laws, mesh, (), 0, mesh.negative, places)
        electrodes = (own, *electrodes)
    per_x = F * design.active_fraction * design.electrode_thickness * design.area * float(laws.c_max)
    return Cell(
        electrodes=electrodes,
        **layers,
        salt=np.float64(parameters.number("Initial electrolyte concentration [mol.m-3]")),
        area=np.float64(design.area),
        one_c=np.float64(per_x * parameters.number("Nominal stoichiometry window") / 3600.0),
        mesh=mesh,
        model=model,
    )


def _layers(
    design: Design, parameters: ParameterSet, laws: Laws, mesh: Mesh, negative: Negative | None
) -> dict[str, np.ndarray]:
    """Arrays over all volumes, layer by layer."""
    number = parameters.number
    porosity, tortuosity = number("Separator porosity"), number("Separator tortuosity factor")
    rows = [(mesh.separator, number("Separator thickness [m]"), porosity, porosity / tortuosity, 0.0)]
    rows.append(_porous(design, laws, mesh.electrode))
    if negative is not None:
        rows.insert(0, _porous(negative.design, negative.parameters.laws(), mesh.negative))
    counts = [row[0] for row in rows]
    columns = {
        "width": [thickness / count for count, thickness, *_ in rows],
        "porosity": [row[2] for row in rows],
        "transport": [row[3] for row in rows],
        "conductivity_s": [row[4] for row in rows],
    }
    return {name: np.repeat(np.array(values, float), counts) for name, values in columns.items()}


def _porous(design: Design, laws: Laws, volumes: int) -> tuple[int, float, float, float, float]:
    transport = design.porosity / design.tortuosity
    return volumes, design.electrode_thickness, design.porosity, transport, _electronic(design, laws)


def _electronic(design: Design, laws: Laws) -> float:
    if design.electronic_conductivity is not None:
        return design.electronic_conductivity
    with jax.enable_x64(True):
        return float(laws.conductivity_s(np.float64(0.5), laws.temperature))


def _check_model(model: str) -> None:
    if model not in get_args(Model):
        raise ParameterError(
            "There is no such reduced model",
            key="model",
            value=repr(model),
            allowed=", ".join(get_args(Model)),
            fix=did_you_mean(str(model), get_args(Model)),
        )


def _check_area(positive: Design, negative: Design) -> None:
    if not np.isclose(positive.area, negative.area):
        raise ParameterError(
            "Both electrodes of a cell must have the same area",
            key="negative.design.area",
            value=f"{negative.area:g} m2",
            allowed=f"{positive.area:g} m2, that of the positive electrode",
            fix="give both electrodes the same area",
        )
