"""Mean squared displacement over all time origins, with errors from independent blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from ...errors import AtomisticError
from ..estimate import require_samples

FEWEST_LAGS = 8


def mean_squared_displacement(places: np.ndarray) -> np.ndarray:
    """Return the mean squared displacement over all atoms and time origins.

    ``<(x(t0 + t) - x(t0))^2>`` in O(n log n): the squares by cumulative sums, the products by the Fourier
    transform of zero-padded tracks (Calandrini et al. 2011, Collection SFN 12, 201,
    doi 10.1051/sfn/201112010).

    Parameters
    ----------
    places : ndarray, shape (frames, atoms, 3)
        Continuous positions.

    Returns
    -------
    ndarray, shape (frames, 3)
        Per lag and direction, in the square of the unit of the positions; the last lags rest on few origins.
    """
    frames = len(places)
    x = places - places.mean(axis=0)
    padded = next_fast_len(2 * frames, real=True)
    power = np.abs(rfft(x, n=padded, axis=0)) ** 2
    products = irfft(power, n=padded, axis=0)[:frames]
    squares = np.cumsum(x**2, axis=0)
    total = squares[-1]
    lags = np.arange(frames)
    before = squares[::-1]  # of the first n - lag frames
    after = total - np.concatenate([np.zeros_like(squares[:1]), squares[:-1]])  # of the last n - lag frames
    sums = before + after - 2.0 * products
    return np.asarray(np.maximum(sums.mean(axis=1), 0.0) / (frames - lags)[:, None])


@dataclass(frozen=True)
class MeanSquaredDisplacement:
    """Mean squared displacement of independent blocks of a track.

    Attributes
    ----------
    time : ndarray, shape (lags,)
        [ps].
    blocks : ndarray, shape (blocks, lags, 3)
        Of every block, along x, y, z [Angstrom^2].
    """

    time: np.ndarray
    blocks: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """Mean over the blocks, shape (lags, 3) [Angstrom^2]."""
        return np.asarray(self.blocks.mean(axis=0))

    @property
    def standard_error(self) -> np.ndarray:
        """Standard error of the mean, from the scatter of the blocks, shape (lags, 3) [Angstrom^2]."""
        return np.asarray(self.blocks.std(axis=0, ddof=1) / np.sqrt(len(self.blocks)))


def block_displacement(places: np.ndarray, frame_time: float, blocks: int = 5) -> MeanSquaredDisplacement:
    """Cut a track into blocks and compute the mean squared displacement of each.

    Lags go to half the length of a block, so that every lag rests on many time origins and blocks share
    almost no motion.

    Parameters
    ----------
    places : ndarray, shape (frames, atoms, 3)
        Continuous positions [Angstrom].
    frame_time : float
        Time between frames [ps].
    blocks : int
        Number of blocks; 4 at least, or the error bar means little.

    Raises
    ------
    AtomisticError
        If positions are not finite, or blocks would be too short.
    """
    require_samples(blocks, "blocks", least=4)
    if places.ndim != 3 or not np.isfinite(places).all():
        raise AtomisticError(
            "Positions must be finite, per frame and atom",
            value=f"shape {places.shape}",
            allowed="(frames, n, 3)",
        )
    length = len(places) // blocks
    lags = length // 2 + 1
    if lags < FEWEST_LAGS:
        raise AtomisticError(
            "The trajectory is too short for so many blocks",
            key="blocks",
            value=f"{blocks} blocks of {length} frames",
            allowed=f"{2 * FEWEST_LAGS} frames or more in a block",
            fix="run longer, or write frames more often",
        )
    parts = [places[k * length : (k + 1) * length] for k in range(blocks)]
    displacement = np.array([mean_squared_displacement(part)[:lags] for part in parts])
    return MeanSquaredDisplacement(frame_time * np.arange(lags), displacement)
