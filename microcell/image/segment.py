"""From active material to particles: distance transform, median filter, significant minima, watershed.

The steps are those of Both et al. 2026, section 2.2: Euclidean distance transform, median filter on the
distances, significant minima (of the negative distance), marker-based watershed with connectivity 26 and no
watershed line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from skimage.feature import peak_local_max
from skimage.segmentation import watershed

from ..errors import SegmentationError, did_you_mean
from .basins import highest_saddles, merge_basins, renumber, steepest_basins
from .connectivity import count_voxels, find_clusters
from .distance import landscape
from .particles import Particles
from .phases import Phase
from .volume import Volume

RULES = ("h-maxima", "peaks")

Progress = Callable[[str, float], None]


def segment(
    volume: Volume,
    *,
    markers: str | np.ndarray = "h-maxima",
    median_size: int = 3,
    h: float = 0.1,
    h_relative: float = 0.02,
    fill_holes: int = 8,
    min_distance: int = 3,
    min_voxels: int = 1,
    progress: Progress | None = None,
) -> Particles:
    """Tell the particles of the active material apart.

    Parameters
    ----------
    volume : Volume
        The image.
    markers : {"h-maxima", "peaks"} or ndarray of integer, shape (z, y, x)
        What makes a particle: a summit of the distance that rises significantly above the pass to a higher
        one (options ``h`` and ``h_relative``); every local maximum at least ``min_distance`` from others; or
        the marker image given.
    median_size : int
        Edge of the cube of the median filter [voxels], odd; 1 switches it off.
    h : float
        A summit is significant if it rises this much above its pass [mean voxel edges] ...
    h_relative : float
        ... and by this share of its own height, so that ripples of large particles do not split them.
    fill_holes : int
        Enclosed holes of up to this many voxels do not split a particle: noise, closed pores. They are filled
        for the distance only and stay holes in the labels.
    min_distance : int
        Smallest distance of two markers under the rule "peaks" [voxels].
    min_voxels : int
        A smaller particle joins the neighbour behind its highest pass; where it has none, it stays.
    progress : callable, optional
        Called with the name of the stage and the share done.

    Returns
    -------
    Particles
        Labels that cover every active voxel, and the table.

    Raises
    ------
    SegmentationError
        If there is no active material or an option is out of range.

    Notes
    -----
    Two spheres of diameter below about six voxels, or a small one sunk into a large one by more than its
    radius, have no summit of their own on the grid and cannot be told apart by any rule based on the
    distance alone.
    """
    _check_options(markers, median_size, h, h_relative, fill_holes, min_distance, min_voxels)
    report = progress or (lambda stage, share: None)
    mask = volume.mask(Phase.ACTIVE)
    if not mask.any():
        raise SegmentationError("the volume holds no active material", fix="check the phase map")
    report("distance transform and median filter", 0.0)
    heights = landscape(_without_holes(mask, fill_holes), volume.voxel_size, median_size)
    heights[~mask] = 0.0
    report("watershed", 0.6)
    if isinstance(markers, str) and markers == "h-maxima":
        labels, summits = steepest_basins(heights)
    else:
        seeds = _seeds(markers, heights, mask, min_distance)
        labels, summits = _flood(heights, seeds, mask)
        h = h_relative = 0.0
    report("merging", 0.85)
    _merge(labels, summits, heights, h, h_relative, min_voxels)
    del heights  # as large as the labels: not needed beside their copy in the table
    report("table", 0.95)
    options = {
        "markers": markers if isinstance(markers, str) else "given",
        "median_size": median_size,
        "h": h,
        "h_relative": h_relative,
        "fill_holes": fill_holes,
        "min_distance": min_distance,
        "min_voxels": min_voxels,
    }
    particles = Particles.from_labels(labels, volume.voxel_size, options)
    report("done", 1.0)
    return particles


def _without_holes(mask: np.ndarray, largest: int) -> np.ndarray:
    """Fill enclosed holes of at most so many voxels."""
    if largest == 0:
        return mask
    holes = find_clusters(~mask)
    return np.asarray(mask | (holes.enclosed() & (holes.sizes <= largest))[holes.labels])


def _merge(
    labels: np.ndarray,
    summits: np.ndarray,
    heights: np.ndarray,
    h: float,
    h_relative: float,
    min_voxels: int,
) -> None:
    """Join insignificant summits, then particles that are too small; changes the labels in place."""
    sizes = count_voxels(labels, len(summits))
    saddles = highest_saddles(labels, heights)

    def rises(summit: float, saddle: float, size: int) -> bool:
        return summit - saddle >= max(h, h_relative * summit)

    number = merge_basins(summits, sizes, saddles, rises)
    renumber(labels, number)
    if min_voxels <= 1:
        return
    sizes = count_voxels(labels, int(number.max()) + 1)
    saddles = highest_saddles(labels, heights)
    # Height by size, so that the smaller of two particles is the one that is asked and joins.
    renumber(labels, merge_basins(sizes, sizes, saddles, lambda _height, _saddle, size: size >= min_voxels))


def _seeds(markers: str | np.ndarray, heights: np.ndarray, mask: np.ndarray, min_distance: int) -> np.ndarray:
    """Return the marker image of the rules that flood from markers."""
    if isinstance(markers, str):
        seeds = np.zeros(mask.shape, dtype=np.int32)
        peaks = peak_local_max(
            heights, min_distance=min_distance, labels=mask.astype(np.int32), exclude_border=False
        )
        seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
        return seeds
    if markers.shape != mask.shape or markers.dtype.kind not in "iu" or markers.min() < 0:
        raise SegmentationError(
            "the marker image does not fit the volume",
            key="markers",
            value=f"{markers.dtype} {markers.shape}",
            allowed=f"whole numbers from 0, shape {mask.shape}",
        )
    return np.where(mask, markers, 0).astype(np.int32)


def _flood(heights: np.ndarray, seeds: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Flood from markers (scikit-image); a cluster without a marker becomes a particle of its own."""
    labels = watershed(-heights, seeds, mask=mask, connectivity=3, watershed_line=False)
    left = find_clusters(mask & (labels == 0))
    labels = np.where(left.labels > 0, left.labels.astype(np.int32) + labels.max(), labels)
    summits = np.zeros(int(labels.max()) + 1, dtype=heights.dtype)
    np.maximum.at(summits, labels.ravel(), heights.ravel())
    return labels, summits


def _check_options(
    markers: Any,
    median_size: int,
    h: float,
    h_relative: float,
    fill_holes: int,
    min_distance: int,
    min_voxels: int,
) -> None:
    if isinstance(markers, str) and markers not in RULES:
        raise SegmentationError(
            "unknown marker rule",
            key="markers",
            value=markers,
            allowed=", ".join(RULES),
            fix=did_you_mean(markers, RULES),
        )
    rules = [
        (
            "median_size",
            median_size,
            1 <= median_size <= 15 and median_size % 2 == 1,
            "an odd number, 1 to 15",
        ),
        ("h", h, 0.0 <= h < np.inf, "0 or more, in voxels"),
        ("h_relative", h_relative, 0.0 <= h_relative < 1.0, "0 or more, below 1"),
        ("fill_holes", fill_holes, fill_holes >= 0, "0 or more voxels"),
        ("min_distance", min_distance, min_distance >= 1, "1 or more voxels"),
        ("min_voxels", min_voxels, min_voxels >= 0, "0 or more"),
    ]
    for key, value, fine, allowed in rules:
        if not fine:
            raise SegmentationError("this option is out of range", key=key, value=value, allowed=allowed)
