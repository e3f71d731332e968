"""Reduced models (porous-electrode theory): the laws of the 3D model, homogenized through the plane."""

from .cell import Cell, build_cell
from .cycling import CycleLife, cycle
from .design import Design
from .dfn import DFN, refined
from .mechanism import Mechanism
from .mesh import Mesh
from .negative import Negative
from .solution import Solution, StepReport
from .spm import SPM, SPMe

__all__ = [
    "DFN",
    "SPM",
    "Cell",
    "CycleLife",
    "Design",
    "Mechanism",
    "Mesh",
    "Negative",
    "SPMe",
    "Solution",
    "StepReport",
    "build_cell",
    "cycle",
    "refined",
]
