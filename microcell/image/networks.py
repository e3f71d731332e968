"""The two networks a cathode needs: one for ions from the separator, one for electrons from the collector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .connectivity import Clusters, End, find_clusters, reaches
from .phases import Phase
from .volume import Volume

IONIC = (Phase.PORE, Phase.CBD)
ELECTRONIC = (Phase.ACTIVE, Phase.CBD)


@dataclass(frozen=True)
class NetworkFacts:
    """How well a set of voxels hangs together.

    Attributes
    ----------
    voxels, clusters : int
        Size of the set, and number of its face-connected clusters.
    connected : float
        Share of the voxels face-connected to the end that feeds the network.
    spanning : float
        Share of the voxels in clusters that reach through the image along z.
    islands, island_voxels : int
        Clusters that touch no side of the image, and their voxels.
    bridges : int
        One-voxel bridges (see `one_voxel_bridges`).
    thin : float
        Share of the voxels that are one voxel thick along some axis.
    """

    voxels: int
    clusters: int
    connected: float
    spanning: float
    islands: int
    island_voxels: int
    bridges: int
    thin: float


def network_facts(mask: np.ndarray, fed_from: End) -> NetworkFacts:
    """Measure a network that is fed from the first ("low") or last ("high") plane of z."""
    clusters: Clusters = find_clusters(mask)
    voxels = int(clusters.sizes.sum())
    per_voxel = 1.0 / max(voxels, 1)
    enclosed = clusters.enclosed()
    bridges, thin = one_voxel_bridges(mask)
    return NetworkFacts(
        voxels=voxels,
        clusters=clusters.count,
        connected=float(clusters.sizes[clusters.touching(0, fed_from)].sum() * per_voxel),
        spanning=float(clusters.sizes[clusters.spanning(0)].sum() * per_voxel),
        islands=int(enclosed.sum()),
        island_voxels=int(clusters.sizes[enclosed].sum()),
        bridges=int(bridges.sum()),
        thin=float(thin.sum() * per_voxel),
    )


def one_voxel_bridges(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the places where a network is one voxel wide.

    A bridge is a voxel of the mask whose two neighbours along one axis both belong to the mask, while all
    four along the other two axes do not: everything that flows along the axis passes through one voxel. A
    thin voxel is one whose two neighbours along some axis both lie outside the mask. Beyond its sides the
    image is taken to go on unchanged, so that they make neither.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
        The network.

    Returns
    -------
    bridges, thin : ndarray of bool, shape (z, y, x)
        The voxels.
    """
    padded = np.pad(mask, 1, mode="edge")
    between, alone = [], []
    for axis in range(3):
        low, high = (
            padded[tuple(part if axis == other else slice(1, -1) for other in range(3))]
            for part in (slice(None, -2), slice(2, None))
        )
        between.append(low & high & mask)
        alone.append(~low & ~high & mask)
    bridges = np.zeros_like(mask)
    for axis in range(3):
        one, other = (alone[a] for a in range(3) if a != axis)
        bridges |= between[axis] & one & other
    return bridges, alone[0] | alone[1] | alone[2]


def usable_active(volume: Volume) -> np.ndarray:
    """Return the active voxels that can be charged and discharged.

    These are face-connected, through active material or CBD, to the collector plane, and belong to a
    face-connected piece of such active material with at least one face to an electrolyte-bearing voxel that
    is connected to the separator, or to the separator itself.

    Returns
    -------
    ndarray of bool, shape (z, y, x)
        The usable active voxels.
    """
    wired = reaches(volume.mask(*ELECTRONIC), end="high") & volume.mask(Phase.ACTIVE)
    wetted = reaches(volume.mask(*IONIC), end="low")
    pieces = find_clusters(wired)
    touches = np.zeros(len(pieces.sizes), dtype=bool)
    touches[np.unique(pieces.labels[0])] = True
    for axis in range(3):
        low = (slice(None),) * axis + (slice(None, -1),)
        high = (slice(None),) * axis + (slice(1, None),)
        touches[np.unique(pieces.labels[low][wetted[high]])] = True
        touches[np.unique(pieces.labels[high][wetted[low]])] = True
    touches[0] = False
    return np.asarray(touches[pieces.labels])
