"""Straight lines through particles: one choice of particles and one fit for figures and report."""

from __future__ import annotations

import numpy as np
import pandas as pd

_WHOLE = 5  # with fewer whole particles than this, those cut by the image border are fitted too


def fitted_particles(table: pd.DataFrame) -> tuple[np.ndarray, str]:
    """Return which rows of a particle ledger take part in fits, and what to call them.

    The diameter of a particle that the image border cuts is not its true one, so whole particles are
    preferred.
    """
    whole = ~table["Touches edge"].to_numpy(dtype=bool)
    if whole.sum() >= _WHOLE and not whole.all():
        return whole, "whole particles"
    return np.ones(len(whole), dtype=bool), "all particles"


def linear_fit(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float] | None:
    """Return slope, intercept and Pearson's r, or None where three points that differ are not there."""
    good = np.isfinite(x) & np.isfinite(y)
    x, y = x[good], y[good]
    if len(x) < 3 or np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
        return None
    slope, intercept = np.polyfit(x, y, 1)
    return float(slope), float(intercept), float(np.corrcoef(x, y)[0, 1])
