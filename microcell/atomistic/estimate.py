"""A mean over independent samples with its standard error: what every sampled result here is made of."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from microcell.errors import AtomisticError


class Estimate(NamedTuple):
    """A sampled mean.

    Attributes
    ----------
    mean : float
        Mean of the samples.
    standard_error : float
        Standard deviation of the mean, one sigma.
    samples : int
        Number of independent samples.
    """

    mean: float
    standard_error: float
    samples: int

    @classmethod
    def of(cls, values: Any) -> Estimate:
        """Return mean and standard error of independent samples.

        Parameters
        ----------
        values : array, shape (n,)
            At least two finite samples.

        Raises
        ------
        AtomisticError
            If there are fewer than two samples, or one is not finite.
        """
        values = np.asarray(values, dtype=np.float64)
        if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
            raise AtomisticError(
                "These samples give no error bar",
                value=f"{values.size} samples, {int(np.isfinite(values).sum())} of them finite",
                allowed="two or more finite samples",
                fix="ask for more samples",
            )
        error = float(values.std(ddof=1)) / math.sqrt(len(values))
        return cls(float(values.mean()), error, len(values))

    def __str__(self) -> str:
        """Write mean and standard error."""
        return f"{self.mean:.6g} ± {self.standard_error:.2g} ({self.samples} samples)"


def require_samples(count: int, key: str, least: int = 2) -> int:
    """Return a number of samples, or refuse one that is too small for an error bar.

    Raises
    ------
    AtomisticError
        If it is less than ``least``.
    """
    if int(count) != count or count < least:
        raise AtomisticError(
            "Too few samples for an error bar",
            key=key,
            value=count,
            allowed=f"a whole number from {least} on",
            fix=f"ask for {max(least, 20)} or more",
        )
    return int(count)
