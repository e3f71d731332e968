"""What a fit returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..potential import Potential


@dataclass(frozen=True)
class FitResult:
    """A fitted potential, and how well it does.

    Attributes
    ----------
    potential : Potential
        With the fitted numbers.
    names : list of str
        Free numbers.
    values, standard_errors : array, shape (free,)
        Their values and standard errors, one sigma.
    covariance : array, shape (free, free)
        Of the values.
    chi2 : float
        Sum of squares of deviations over standard deviations, priors left out.
    degrees_of_freedom : int
        Measured values less free numbers and free offsets of energies; priors count as measured.
    converged : bool
        Whether the minimization came to an end by itself.
    at_bounds : list of str
        Free numbers that ended on a bound: their standard errors are infinite, those of others are for these
        held where they are.
    table : pandas.DataFrame
        Every value measured and predicted, by observation, with the standard error that the free numbers
        bring (empty for what was not fitted); forces as root mean squares.
    statistics : dict
        Evaluations, values, starts, wall time [s], message of the minimizer.
    """

    potential: Potential
    names: list[str]
    values: np.ndarray
    standard_errors: np.ndarray
    covariance: np.ndarray
    chi2: float
    degrees_of_freedom: int
    converged: bool
    at_bounds: list[str]
    table: pd.DataFrame
    statistics: dict[str, Any]

    @property
    def reduced_chi2(self) -> float:
        """Chi-squared per degree of freedom: 1 where the standard deviations are right."""
        return self.chi2 / self.degrees_of_freedom

    @property
    def correlation(self) -> np.ndarray:
        """Correlation of the free numbers (free, free)."""
        return self.covariance / np.outer(self.standard_errors, self.standard_errors)

    def value(self, name: str) -> float:
        """Return a fitted number by its name."""
        return float(self.values[self.names.index(name)])

    def standard_error(self, name: str) -> float:
        """Return the standard error of a fitted number by its name."""
        return float(self.standard_errors[self.names.index(name)])
