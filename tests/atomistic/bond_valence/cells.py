"""Structures and landscapes of the tests."""

import numpy as np
from ase import Atoms
from ase.spacegroup import crystal


def layered(metal="Co", a=2.8161, c=14.0536, z=0.2602) -> Atoms:
    return crystal(
        ["Li", metal, "O"],
        [(0, 0, 0.5), (0, 0, 0), (0, 0, z)],
        spacegroup=166,
        cellpar=[a, a, c, 90, 90, 120],
    )


def waves(shape, heights) -> np.ndarray:
    """Sum of h_i sin^2(pi x_i): minimum 0 at the corner, a saddle of height h_i on the way along axis i."""
    axes = [h * np.sin(np.pi * np.arange(n) / n) ** 2 for n, h in zip(shape, heights, strict=True)]
    return axes[0][:, None, None] + axes[1][None, :, None] + axes[2][None, None, :]
