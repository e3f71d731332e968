"""Reduced models (porous-electrode theory): the laws of the 3D model, homogenized through the plane."""

from .cell import Cell, build_cell
from .design import Design
from .dfn import DFN, refined
from .mesh import Mesh
from .solution import Solution, StepReport

__all__ = ["DFN", "Cell", "Design", "Mesh", "Solution", "StepReport", "build_cell", "refined"]
