"""How far a case is converged: twins on larger voxels, with looser time steps, and on parts of the image."""

from __future__ import annotations

from .result import Convergence
from .study import converge

__all__ = ["Convergence", "converge"]
