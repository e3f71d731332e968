"""Numbers of finite volumes through the plane and along the radius: what is compiled for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import ParameterError


@dataclass(frozen=True)
class Mesh:
    """Uniform finite volumes per layer, and shells per particle.

    Attributes
    ----------
    separator, electrode, negative : int
        Volumes of equal thickness in each layer; ``negative`` counts in full cells only.
    radial : int
        Shells per particle.
    grading : float
        Shell edges lie at ``R (1 - (1 - k/n)^grading)``: 1 is uniform; above, shells become thinner towards
        the surface, where the lithium profile is steep at high rates.

    Raises
    ------
    ParameterError
        If a number is too small.
    """

    separator: int = 20
    electrode: int = 20
    radial: int = 20
    grading: float = 2.0
    negative: int = 20

    def __post_init__(self) -> None:
        least_of = {"separator": 1, "electrode": 2, "negative": 2, "radial": 2, "grading": 1}
        for key, least in least_of.items():
            value = getattr(self, key)
            if not value >= least:
                raise ParameterError(
                    "The mesh is too coarse", key=f"mesh.{key}", value=value, allowed=f"{least} or more"
                )

    def shell_edges(self) -> np.ndarray:
        """Edges of the shells over the radius, shape (radial + 1,), 0 to 1."""
        return 1.0 - (1.0 - np.linspace(0.0, 1.0, self.radial + 1)) ** self.grading
