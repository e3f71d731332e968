"""Four square columns that meet at a corner: the image, the closed form, and the singularity there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq


def squares(phases: tuple[int, ...], n: int, cell: int) -> np.ndarray:
    """Return n x n x 2 voxels of mirrored copies of a box of ``cell`` voxels with four squares in it.

    The four phases go around the corner: low z and y; low z, high y; high z and y; high z, low y. All
    resolutions of one image size are equally large, so that they share a compiled program.
    """
    high = (np.arange(n) + cell // 2) // cell % 2  # low half, high half, high half, low half, ...
    around = np.array([[phases[0], phases[1]], [phases[3], phases[2]]])
    return np.repeat(around[high[:, None], high[None, :]][:, :, None], 2, axis=2)


def four_squares(k: Sequence[float], axis: str) -> float:
    """Return the effective conductivity of the periodic array (Craster & Obnosov 2001, Milton 2001).

    Parameters
    ----------
    k : four floats
        Around the corner, in the order of :func:`squares`.
    axis : str
        "z" or "y".
    """
    a, b, c, d = k if axis == "y" else (k[0], k[3], k[2], k[1])  # a and b side by side along the flux
    triple = (a * b * c + a * b * d + a * c * d + b * c * d) / (a + b + c + d)
    return float(np.sqrt(triple * (a + d) * (b + c) / ((a + b) * (c + d))))


def singular_exponent(k: Sequence[float]) -> float:
    """Return the least s > 0 for which r^s f(angle) is a potential around the corner.

    Potential and flux are carried around through four quadrants of s pi/2 each; after a full turn they have
    to be what they were: the trace of that map is 2. An insulating quadrant leaves 3 pi/2 between walls, and
    s = 2/3.
    """
    if min(k) == 0:
        return 2 / 3
    scan = np.linspace(0.02, 0.999, 400)
    values = np.array([_turn(s, k) for s in scan])
    first = int(np.flatnonzero(np.diff(np.sign(values)))[0])
    return float(brentq(_turn, scan[first], scan[first + 1], args=(tuple(k),)))


def _turn(s: float, k: Sequence[float]) -> float:
    whole = np.eye(2)
    cos, sin = np.cos(0.5 * np.pi * s), np.sin(0.5 * np.pi * s)
    for one in k:
        whole = np.array([[cos, sin / one], [-one * sin, cos]]) @ whole
    return float(np.trace(whole)) - 2.0


def mismatch(found: float, expected: float) -> float:
    """Return ``|k - k0|/(k + k0)``, the same for a conductivity and a resistivity.

    On a checkerboard the exchange of the phases turns the one into the other, and the error caused by the
    corner is a pure power in this measure, however large it is.
    """
    return abs(found - expected) / (found + expected)


def extrapolate(sizes: Sequence[float], found: Sequence[float], power: float) -> float:
    """Return k0 of ``k = (k0 - b y)/(1 + a y)`` with ``y = h^power``, through three points.

    The corner answers the discretization with a field r^-s, and the box answers that one in turn: k is a
    ratio of linear functions of its amplitude.
    """
    y, k = np.asarray(sizes) ** power, np.asarray(found)
    return float(np.linalg.solve(np.stack([np.ones(3), -y * k, -y], axis=1), k)[0])
