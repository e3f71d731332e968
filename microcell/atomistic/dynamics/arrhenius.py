"""Arrhenius fit of diffusivities with error bars: ``ln D = ln D0 - Ea/(k T)``, its intervals, its card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t as student

from ...errors import AtomisticError
from ...parameters.card import Origin, PropertyCard
from ...parameters.constants import K_B_EV, F

NAME = "Active diffusivity [m2.s-1]"
FEWEST = 3


@dataclass(frozen=True)
class Arrhenius:
    """A weighted straight line through ln D over 1/T.

    Attributes
    ----------
    temperatures, values, standard_errors : ndarray, shape (n,)
        The points [K], [m2.s-1].
    log_d0, activation_energy : float
        ln(D0 / (m2/s)), Ea [eV].
    covariance : ndarray, shape (2, 2)
        Of (ln D0, Ea).
    chi_square : float
        Weighted sum of squared residuals.
    """

    temperatures: np.ndarray
    values: np.ndarray
    standard_errors: np.ndarray
    log_d0: float
    activation_energy: float
    covariance: np.ndarray
    chi_square: float

    @property
    def freedom(self) -> int:
        """Degrees of freedom."""
        return len(self.temperatures) - 2

    @property
    def d0(self) -> float:
        """Prefactor [m2.s-1]."""
        return float(np.exp(self.log_d0))

    @property
    def activation_energy_error(self) -> float:
        """Standard error of Ea [eV]."""
        return float(np.sqrt(self.covariance[1, 1]))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the confidence interval of Ea [eV], with Student's t."""
        half = float(student.ppf(0.5 + 0.5 * level, self.freedom)) * self.activation_energy_error
        return self.activation_energy - half, self.activation_energy + half

    def log_error(self, temperature: Any) -> np.ndarray:
        """Return the standard error of ln D at a temperature [K]."""
        row = np.stack([np.ones_like(temperature), -1.0 / (K_B_EV * np.asarray(temperature, float))])
        return np.asarray(np.sqrt(np.einsum("i...,ij,j...->...", row, self.covariance, row)))

    def at(self, temperature: Any) -> np.ndarray:
        """Return D [m2.s-1] at a temperature [K]."""
        exponent = self.log_d0 - self.activation_energy / (K_B_EV * np.asarray(temperature, float))
        return np.asarray(np.exp(exponent))

    def card(
        self,
        temperature: float = 298.15,
        *,
        name: str = NAME,
        thermodynamic_factor: float = 1.0,
        inputs: dict[str, Any] | None = None,
    ) -> PropertyCard:
        """Return D at a temperature [K], with activation energy, as a property card.

        Parameters
        ----------
        temperature : float
            Where the value is stated; outside of the simulated temperatures it is an extrapolation.
        name : str
            Parameter that the card is meant for.
        thermodynamic_factor : float
            d ln a / d ln x that turns the tracer diffusivity into the chemical one; 1 leaves it as it is.
        inputs : dict, optional
            What else belongs into the origin.
        """
        if not (np.isfinite(thermodynamic_factor) and thermodynamic_factor > 0):
            raise AtomisticError(
                "The thermodynamic factor must be positive",
                key="thermodynamic_factor",
                value=thermodynamic_factor,
            )
        low, high = float(self.temperatures.min()), float(self.temperatures.max())
        notes = [] if low <= temperature <= high else [f"extrapolated from {low:g} to {high:g} K"]
        if thermodynamic_factor == 1.0:
            notes.append("tracer diffusivity, no thermodynamic factor")
        points: dict[str, Any] = {"temperatures [K]": self.temperatures, "D [m2.s-1]": self.values}
        points |= {"standard errors [m2.s-1]": self.standard_errors, "chi square": self.chi_square}
        origin = Origin.of(
            "molecular dynamics, Arrhenius fit",
            {**points, "thermodynamic factor": thermodynamic_factor, **(inputs or {})},
            note="; ".join(notes),
        )
        value = thermodynamic_factor * float(self.at(temperature))
        error = value * float(np.sqrt(np.expm1(self.log_error(temperature) ** 2)))
        return PropertyCard.scalar(
            name,
            value,
            error,
            origin=origin,
            temperature=temperature,
            activation_energy=self.activation_energy * F,
            activation_energy_uncertainty=self.activation_energy_error * F,
            validity={"T": (min(low, temperature), max(high, temperature))},
            interpolation="log",
        )


def fit_arrhenius(
    temperatures: Sequence[float], values: Sequence[float], standard_errors: Sequence[float]
) -> Arrhenius:
    """Fit ``ln D = ln D0 - Ea/(k T)`` with weights ``(D / standard error)^2``.

    Where the points scatter more than their errors say (chi square above its degrees of freedom), all errors
    are scaled up to match, never down.

    Parameters
    ----------
    temperatures, values, standard_errors : sequence of float
        [K], [m2.s-1]; three points or more.

    Raises
    ------
    AtomisticError
        If there are fewer than three points, a number is not positive, or temperatures are too close.

    Examples
    --------
    >>> T = [600.0, 800.0, 1000.0]
    >>> D = [1e-7 * np.exp(-0.3 / (8.617333262e-5 * t)) for t in T]
    >>> round(fit_arrhenius(T, D, [0.1 * d for d in D]).activation_energy, 6)
    0.3
    """
    t, d, s = (np.asarray(x, dtype=np.float64) for x in (temperatures, values, standard_errors))
    _check(t, d, s)
    weights, y = d / s, np.log(d)
    design = np.stack([np.ones_like(t), -1.0 / (K_B_EV * t)], axis=1)
    inverse = np.linalg.inv((design * weights[:, None] ** 2).T @ design)
    log_d0, energy = inverse @ (design.T @ (weights**2 * y))
    chi = float(np.sum((weights * (y - design @ (log_d0, energy))) ** 2))
    scale = max(1.0, chi / (len(t) - 2))
    return Arrhenius(t, d, s, float(log_d0), float(energy), scale * inverse, chi)


def _check(t: np.ndarray, d: np.ndarray, s: np.ndarray) -> None:
    if not (t.shape == d.shape == s.shape) or t.ndim != 1 or len(t) < FEWEST:
        raise AtomisticError(
            "Too few temperatures for an Arrhenius fit",
            value=f"{t.shape}, {d.shape}, {s.shape}",
            allowed=f"{FEWEST} or more of each",
            fix="run at more temperatures",
        )
    if not all(np.isfinite(x).all() and (x > 0).all() for x in (t, d, s)):
        raise AtomisticError(
            "Temperatures, diffusivities and standard errors must be positive", value=f"{t}, {d}, {s}"
        )
    if np.ptp(t) < 1e-3 * t.max():
        raise AtomisticError("The temperatures are all the same", value=t.tolist())
