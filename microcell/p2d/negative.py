"""The porous negative electrode of a full cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ParameterError
from ..parameters import ParameterSet, stoichiometry_at
from .design import Design

_OCP = "Active open-circuit potential [V]"


@dataclass(frozen=True)
class Negative:
    """A porous negative electrode in place of lithium metal.

    Attributes
    ----------
    design : Design
        The homogenized electrode; its area is that of the positive one.
    parameters : ParameterSet
        Its active material ("Active ...", "Exchange current density factor ...") and contact; electrolyte,
        separator, temperature and limits are those of the positive electrode's set.
    at_full : (float, float)
        Stoichiometries of negative and positive electrode that exist together in the relaxed cell, usually at
        full charge: with both volumes they fix the lithium in the cell.

    Raises
    ------
    ParameterError
        If a stoichiometry lies outside of 0 to 1.
    """

    design: Design
    parameters: ParameterSet
    at_full: tuple[float, float]

    def __post_init__(self) -> None:
        if not all(0.0 < x < 1.0 for x in self.at_full):
            raise ParameterError(
                "These stoichiometries cannot exist together",
                key="at_full",
                value=self.at_full,
                allowed="two numbers between 0 and 1: negative, positive",
            )

    def stoichiometry(self, positive: Design, parameters: ParameterSet, x: float) -> float:
        """Return the stoichiometry of the relaxed negative electrode when the positive one is at ``x``.

        Raises
        ------
        ParameterError
            If the lithium does not fit into the negative electrode.
        """
        ratio = sites(positive, parameters) / sites(self.design, self.parameters)
        own = self.at_full[0] + ratio * (self.at_full[1] - x)
        if not 0.0 < own < 1.0:
            low, high = sorted(self.at_full[1] + (self.at_full[0] - edge) / ratio for edge in (0.0, 1.0))
            raise ParameterError(
                "The lithium of the cell does not fit into the negative electrode",
                key="initial",
                value=f"x = {x:g}, which leaves {own:.4g} for the negative electrode",
                allowed=f"positive stoichiometry between {max(low, 0.0):.4g} and {min(high, 1.0):.4g}",
            )
        return own


def sites(design: Design, parameters: ParameterSet) -> float:
    """Return the places for lithium per cross-section [mol.m-2]."""
    c_max = parameters.number("Active maximum concentration [mol.m-3]")
    return float(np.float64(design.active_fraction * design.electrode_thickness * c_max))


def cell_stoichiometry(
    negative: Negative, positive: Design, parameters: ParameterSet, voltage: float
) -> float:
    """Return x of the positive electrode at which the relaxed cell has a voltage [V].

    Raises
    ------
    ParameterError
        If no stoichiometry has it.
    """
    ratio = sites(positive, parameters) / sites(negative.design, negative.parameters)
    own, other = parameters.law(_OCP), negative.parameters.law(_OCP)

    def open_circuit(x: Any, T: Any) -> Any:
        return own(x, T) - other(negative.at_full[0] + ratio * (negative.at_full[1] - x), T)

    return stoichiometry_at(open_circuit, voltage, parameters.number("Temperature [K]"))
