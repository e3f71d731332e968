"""The reduced twin of a 3D cell: from the image to a reduced model, back to voxels, and both side by side."""

from __future__ import annotations

from .compare import Comparison, compare
from .effective import Effective, design_of, homogenize
from .start import TwinStart, start_from_twin

__all__ = [
    "Comparison",
    "Effective",
    "TwinStart",
    "compare",
    "design_of",
    "homogenize",
    "start_from_twin",
]
