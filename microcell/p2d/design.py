"""The homogenized electrode: what a case must say beside the material parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from ..errors import ParameterError
from ..parameters.units import quantity

_ROUNDING = 1e-4  # published fractions are rounded: those of a solid without binder may add up to more than 1
_UNITS = {"electrode_thickness": "m", "area": "m2", "electronic_conductivity": "S.m-1"}


class Design(BaseModel):
    """A homogenized electrode; lengths may be texts with a unit.

    Attributes
    ----------
    electrode_thickness : float
        Of the electrode [m].
    active_fraction, porosity : float
        Volume fractions of active material and electrolyte.
    tortuosity : float
        Tortuosity factor tau of the electrolyte; effective = bulk x porosity / tau.
    radii : tuple of float
        Particle radii [m], one per size bin.
    weights : tuple of float
        Share of the active volume in each bin; sums to 1.
    electronic_conductivity : float or None
        Effective, of the solid [S.m-1]; the law of the parameter set at x = 0.5 where None.
    area : float
        Cross-section [m2].
    surface_factor : float
        Active surface over that of the spheres, 3 x active fraction / radius.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    electrode_thickness: float
    active_fraction: float
    porosity: float
    tortuosity: float
    radii: tuple[float, ...]
    weights: tuple[float, ...] = (1.0,)
    electronic_conductivity: float | None = None
    area: float = 1.0
    surface_factor: float = 1.0

    @field_validator("electrode_thickness", "area", "electronic_conductivity", mode="before")
    @classmethod
    def _with_unit(cls, value: Any, info: Any) -> Any:
        return quantity(value, _UNITS[info.field_name]) if isinstance(value, str) else value

    @field_validator("radii", mode="before")
    @classmethod
    def _radii_with_unit(cls, value: Any) -> Any:
        given = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        return tuple(quantity(one, "m") if isinstance(one, str) else one for one in given)

    @model_validator(mode="after")
    def _check(self) -> Design:
        positive = ("electrode_thickness", "area", "tortuosity", "active_fraction", "porosity")
        for key in (*positive, "surface_factor"):
            _require(getattr(self, key) > 0, key, getattr(self, key), "above 0")
        fractions = self.active_fraction + self.porosity
        _require(
            fractions <= 1 + _ROUNDING, "active_fraction", fractions, "active fraction + porosity at most 1"
        )
        _require(min(self.radii, default=0.0) > 0, "radii", self.radii, "above 0")
        fits = len(self.weights) == len(self.radii) and np.isclose(sum(self.weights), 1.0)
        _require(fits, "weights", self.weights, f"{len(self.radii)} numbers (one per radius) that sum to 1")
        return self


def _require(holds: Any, key: str, value: Any, allowed: str) -> None:
    if not holds:
        raise ParameterError(
            "The electrode of the reduced model cannot be", key=key, value=value, allowed=allowed
        )
