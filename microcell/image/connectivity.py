"""Which voxels hang together: face-connected clusters, and what they touch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cc3d
import numpy as np

from ..errors import VolumeError

End = Literal["low", "high"]
_INDEX = {"low": 0, "high": -1}


@dataclass(frozen=True)
class Clusters:
    """The face-connected (6-neighbour) clusters of a mask.

    Attributes
    ----------
    labels : ndarray of integer, shape (z, y, x)
        Cluster number of every voxel, 0 outside the mask.
    sizes : ndarray of int64, shape (count + 1,)
        Voxels per cluster; entry 0 is zero, so that sums over all entries count the mask only.
    """

    labels: np.ndarray
    sizes: np.ndarray

    @property
    def count(self) -> int:
        """Number of clusters."""
        return len(self.sizes) - 1

    def touching(self, axis: int, end: End) -> np.ndarray:
        """Return, per cluster number, whether it has a voxel in the first or last plane of an axis."""
        touches = np.zeros(len(self.sizes), dtype=bool)
        touches[np.unique(self.labels.take(_INDEX[end], axis=axis))] = True
        touches[0] = False
        return touches

    def spanning(self, axis: int) -> np.ndarray:
        """Return, per cluster number, whether it reaches from one end of an axis to the other."""
        return self.touching(axis, "low") & self.touching(axis, "high")

    def enclosed(self) -> np.ndarray:
        """Return, per cluster number, whether it touches none of the six sides of the image: an island."""
        free = np.ones(len(self.sizes), dtype=bool)
        free[0] = False
        for axis in range(3):
            free &= ~self.touching(axis, "low") & ~self.touching(axis, "high")
        return free


def find_clusters(mask: np.ndarray) -> Clusters:
    """Return the face-connected clusters of a mask.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
        The voxels to look at.

    Raises
    ------
    VolumeError
        If the mask does not have three axes.
    """
    if mask.ndim != 3:
        raise VolumeError("a mask has three axes", value=f"shape {mask.shape}")
    labels, count = cc3d.connected_components(
        np.ascontiguousarray(mask, dtype=bool), connectivity=6, return_N=True
    )
    sizes = count_voxels(labels, count + 1)
    sizes[0] = 0
    return Clusters(labels, sizes)


def count_voxels(labels: np.ndarray, count: int) -> np.ndarray:
    """Return the voxels of every label below ``count``, plane by plane to keep the memory small."""
    sizes = np.zeros(count, dtype=np.int64)
    for plane in labels:
        sizes += np.bincount(plane.ravel(), minlength=count)
    return sizes


def reaches(mask: np.ndarray, axis: int = 0, end: End = "low") -> np.ndarray:
    """Return the voxels of a mask that are face-connected to one end plane of the grid.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
        The network.
    axis : int
        Axis normal to the plane.
    end : {"low", "high"}
        First or last plane of that axis.

    Returns
    -------
    ndarray of bool, shape (z, y, x)
        True for voxels of the mask in a cluster that has a voxel in that plane.
    """
    clusters = find_clusters(mask)
    return np.asarray(clusters.touching(axis, end)[clusters.labels])


def spanning_share(mask: np.ndarray, axis: int = 0) -> float:
    """Return the share of a mask's voxels in clusters that reach from end to end of an axis; 0 if empty."""
    clusters = find_clusters(mask)
    total = int(clusters.sizes.sum())
    return float(clusters.sizes[clusters.spanning(axis)].sum() / total) if total else 0.0
