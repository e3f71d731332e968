"""Particles: one label per voxel and a table with one row per particle."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cc3d
import numpy as np
import pandas as pd
import tifffile

from ..errors import SegmentationError

EDGE = "Cut by image edge"
DIAMETER = "Equivalent diameter [m]"


@dataclass(frozen=True)
class Particles:
    """The particles of a volume.

    Attributes
    ----------
    labels : ndarray of int32, shape (z, y, x)
        Particle number from 1, 0 where there is no active material. Read-only.
    voxel_size : tuple of float
        Edges (dz, dy, dx) [m].
    table : pandas.DataFrame
        One row per particle (see `particle_table`).
    options : dict
        How they were found, ready for JSON.
    """

    labels: np.ndarray = field(repr=False)
    voxel_size: tuple[float, float, float]
    table: pd.DataFrame = field(repr=False)
    options: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_labels(
        cls, labels: np.ndarray, voxel_size: tuple[float, float, float], options: dict[str, Any] | None = None
    ) -> Particles:
        """Make particles of a label image, for example one that was segmented elsewhere.

        Parameters
        ----------
        labels : ndarray of integer, shape (z, y, x)
            Any positive numbers; they are renumbered from 1 without gaps.
        voxel_size : tuple of float
            Edges [m].
        options : dict, optional
            A note on where they come from.

        Raises
        ------
        SegmentationError
            If it is no label image, or holds no particle.
        """
        if labels.ndim != 3 or labels.dtype.kind not in "iu" or labels.size == 0 or labels.min() < 0:
            raise SegmentationError(
                "particle labels are whole numbers from 0 on three axes",
                value=f"{labels.dtype} {labels.shape}",
            )
        present = np.unique(np.concatenate([np.unique(plane) for plane in labels]))
        particles = present[present > 0]
        if particles.size == 0:
            raise SegmentationError("there is no particle: all labels are 0")
        compact = np.empty(labels.shape, np.int32)
        for plane, numbered in zip(labels, compact, strict=True):
            numbered[...] = np.searchsorted(particles, plane, side="right")
        compact.setflags(write=False)
        return cls(compact, voxel_size, particle_table(compact, voxel_size), options or {})

    @property
    def count(self) -> int:
        """Number of particles."""
        return len(self.table)

    def median_diameter(self) -> float:
        """Return the median equivalent diameter [m] of the particles that are whole, or of all if none is."""
        whole = self.table.loc[~self.table[EDGE], DIAMETER]
        return float(whole.median() if len(whole) else self.table[DIAMETER].median())

    def write(self, path: str | Path) -> None:
        """Write the labels as a compressed TIFF stack with the voxel size in its description."""
        metadata = {"axes": "ZYX", "voxel_size_um": [edge * 1e6 for edge in self.voxel_size]}
        small = self.labels.astype(np.uint16) if self.count < 2**16 else self.labels.astype(np.uint32)
        try:
            tifffile.imwrite(path, small, compression="zlib", metadata=metadata)
        except OSError as error:
            raise SegmentationError(f"the labels cannot be written: {error}", file=path) from error


def particle_table(labels: np.ndarray, voxel_size: tuple[float, float, float]) -> pd.DataFrame:
    """Measure every particle.

    Parameters
    ----------
    labels : ndarray of int32, shape (z, y, x)
        Particle number from 1 without gaps, 0 elsewhere.
    voxel_size : tuple of float
        Edges [m].

    Returns
    -------
    pandas.DataFrame
        Label, voxels, volume, equivalent diameter (6 V / pi)^(1/3) (Both et al. 2026, Eq. 7), centroid from
        the corner of the image, bounding box (first voxel, one past the last), whether the image edge cuts
        it, and how many other particles share a face with it.
    """
    statistics = cc3d.statistics(np.ascontiguousarray(labels, np.int32).view(np.uint32))
    voxels = statistics["voxel_counts"][1:].astype(np.int64)
    centroid = (statistics["centroids"][1:] + 0.5) * np.asarray(voxel_size)
    volume = voxels * float(np.prod(voxel_size))
    boxes = [[(part.start, part.stop) for part in box] for box in statistics["bounding_boxes"][1:]]
    box = np.asarray(boxes, dtype=np.int64).reshape(len(voxels), 3, 2)
    columns: dict[str, Any] = {
        "Label": np.arange(1, len(voxels) + 1),
        "Voxels": voxels,
        "Volume [m3]": volume,
        DIAMETER: np.cbrt(6.0 * volume / np.pi),
    }
    for axis, letter in enumerate("zyx"):
        columns[f"Centroid {letter} [m]"] = centroid[:, axis]
    for axis, letter in enumerate("zyx"):
        columns[f"First {letter}"], columns[f"End {letter}"] = box[:, axis, 0], box[:, axis, 1]
    columns[EDGE] = np.any((box[:, :, 0] == 0) | (box[:, :, 1] == np.asarray(labels.shape)), axis=1)
    columns["Touching particles"] = _touching(labels, len(voxels))
    return pd.DataFrame(columns)


def _touching(labels: np.ndarray, count: int) -> np.ndarray:
    """Count, per particle, the others that share at least one voxel face with it."""
    keys = [np.zeros(0, np.int64)]
    for axis in range(3):
        low = labels[(slice(None),) * axis + (slice(None, -1),)]
        high = labels[(slice(None),) * axis + (slice(1, None),)]
        contact = (low != high) & (low > 0) & (high > 0)
        one, other = low[contact].astype(np.int64), high[contact].astype(np.int64)
        keys.append(np.unique(np.minimum(one, other) * (count + 1) + np.maximum(one, other)))
    pairs = np.unique(np.concatenate(keys))
    both = np.concatenate([pairs // (count + 1), pairs % (count + 1)])
    return np.bincount(both, minlength=count + 1)[1:]
