"""Small images for the tests of effective transport."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from microcell.image import Volume

VOXEL = (500e-9, 400e-9, 250e-9)
"""Three different edges [m]."""

CUBE = (400e-9, 400e-9, 400e-9)


def image(labels: np.ndarray, voxel_size: tuple[float, float, float] = VOXEL) -> Volume:
    """A volume of phase codes."""
    return Volume(np.array(labels, np.uint8), voxel_size)


def grains(
    shape: tuple[int, int, int], fractions: tuple[float, ...], seed: int, blur: float = 1.2
) -> np.ndarray:
    """Random phases 0, 1, ... of given fractions, in grains of a few voxels."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), blur, mode="wrap")
    ranks = noise.ravel().argsort().argsort().reshape(shape) / noise.size
    return np.digitize(ranks, np.cumsum(fractions)[:-1]).astype(np.uint8)
