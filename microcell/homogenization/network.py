"""The voxels of an image that a conductor occupies, and which of them reach from end to end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import GeometryError
from ..image.connectivity import Clusters, find_clusters
from ..image.phases import Phase
from ..image.volume import Volume
from .conductors import Conductor


@dataclass(frozen=True)
class Network:
    """A conductor in an image.

    Attributes
    ----------
    conductor : Conductor
        What conducts.
    clusters : Clusters
        Its face-connected clusters.
    codes : ndarray of uint8, shape (z, y, x)
        1 for its first phase, 2 for the second, 0 for what does not conduct.
    table : ndarray
        Conductivities by code, relative to :attr:`largest`.
    largest : float
        The largest conductivity of its phases.
    fractions : dict of Phase to float
        Volume fractions of its phases.
    """

    conductor: Conductor
    clusters: Clusters
    codes: np.ndarray
    table: np.ndarray
    largest: float
    fractions: dict[Phase, float]

    @staticmethod
    def find(volume: Volume, conductor: Conductor) -> Network:
        """Look for a conductor in an image.

        Raises
        ------
        GeometryError
            If there is no voxel of it.
        """
        clusters = find_clusters(volume.mask(*conductor.fillings))
        shares = volume.fractions()
        if clusters.count == 0:
            raise GeometryError(
                f"the image has no voxel of {' or '.join(p.name.lower() for p in conductor.fillings)}",
                key="phase",
                value=conductor.name,
                allowed=", ".join(name for name, share in shares.items() if share > 0),
                fix="check the phase map and the crop",
            )
        number = np.zeros(256, np.uint8)
        number[list(conductor.fillings)] = np.arange(1, len(conductor.fillings) + 1)
        conductivity = np.array([0.0, *(filling.conductivity for filling in conductor.fillings.values())])
        largest = float(conductivity.max())
        fractions = {phase: shares[phase.name.lower()] for phase in conductor.fillings}
        codes = number[volume.labels]
        return Network(conductor, clusters, codes, conductivity / largest, largest, fractions)

    @property
    def uniform(self) -> bool:
        """Whether all of its voxels have one conductivity."""
        return bool(np.all(self.table[1:] == 1.0))

    @property
    def volume_fraction(self) -> float:
        """Share of the image that the conductor fills; of a porous phase, only its inside counts."""
        return sum(self.fractions[phase] * f.share for phase, f in self.conductor.fillings.items())

    @property
    def parallel(self) -> float:
        """Conductivity of the same amounts of conductor as straight parallel channels."""
        fillings = self.conductor.fillings.items()
        return sum(self.fractions[phase] * f.share * f.bulk for phase, f in fillings)

    def spanning_fraction(self, axis: int) -> float:
        """Share of the voxels in clusters that reach from end to end of an axis."""
        sizes = self.clusters.sizes
        return float(sizes[self.clusters.spanning(axis)].sum() / sizes.sum())

    def spanning(self, *axes: int) -> np.ndarray:
        """Return the codes of what reaches from end to end along any of some axes, 0 elsewhere."""
        chosen = np.any([self.clusters.spanning(axis) for axis in axes], axis=0)
        return self.codes * chosen[self.clusters.labels]
