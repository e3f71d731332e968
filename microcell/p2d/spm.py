"""The single-particle models: one particle of each size stands for all of an electrode."""

from __future__ import annotations

from typing import ClassVar

from .cell import Model
from .dfn import DFN


class SPMe(DFN):
    """Single-particle model with electrolyte, of half and full cells with particles of any number of sizes.

    The DFN with the same reaction everywhere in an electrode (Marquis et al. 2019,
    doi 10.1149/2.0341915jes; Brosa Planella et al. 2021, doi 10.1016/j.electacta.2021.138524), on the same
    finite volumes. Arguments, protocols and results are those of `DFN`; quantities of the particles have one
    place per electrode.

    Examples
    --------
    >>> from microcell import Experiment, ParameterSet
    >>> from microcell.p2d import Design
    >>> design = Design(electrode_thickness="65 um", active_fraction=0.68, porosity=0.26, tortuosity=2.9,
    ...                 radii="5 um")
    >>> model = SPMe(design, ParameterSet.builtin("nmc811"))
    >>> solution = model.solve(Experiment(["Charge at 1C until 4.3 V"], initial="3.6 V"))  # doctest: +SKIP
    """

    kind: ClassVar[Model] = "SPMe"


class SPM(DFN):
    """Single-particle model, of half and full cells with particles of any number of sizes.

    The SPMe without resistance through the plane, and with salt at rest: what is left are the particles,
    charge transfer there and at lithium metal, and the contact to the collectors. Arguments, protocols and
    results are those of `DFN`.
    """

    kind: ClassVar[Model] = "SPM"
