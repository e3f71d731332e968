"""Reduced models (porous-electrode theory): the laws of the 3D model, homogenized through the plane."""

from .cell import Cell, build_cell
from .design import Design
from .dfn import DFN, refined
from .mechanism import Mechanism
from .mesh import Mesh
from .negative import Negative
from .solution import Solution, StepReport

__all__ = [
    "DFN",
    "Cell",
    "Design",
    "Mechanism",
    "Mesh",
    "Negative",
    "Solution",
    "StepReport",
    "build_cell",
    "refined",
]
