"""Open-circuit potential of the active material, U(x, T) [V] against lithium, and its inverse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq

from microcell.errors import ParameterError
from microcell.parameters.law import (
    STOICHIOMETRY_LIMITS,
    Law,
    Leaf,
    Ranges,
    as_leaf,
    coefficient,
    limit_stoichiometry,
)


class SturmRefit(Law):
    """Smooth fit to the NMC811 curve of Sturm 2019: parabola, tanh steps, a soft kink, the knee at x = 1.

    ``U = p0 + p1 x + p2 x^2 + sum A tanh((x - b)/w) + S log(1 + exp((b_k - x)/w_k)) - K exp((x - 1)/k)``

    Largest difference to the table: 2.6 mV for 0.2157 <= x <= 0.985. Below the table the form goes on almost
    straight, within 12 mV of the table's last slope (-3.4 V per unit x) down to x = 0.05, so no separate
    continuation is needed and the law is smooth everywhere.
    """

    polynomial: Leaf = coefficient()
    step_height: Leaf = coefficient()
    step_centre: Leaf = coefficient()
    step_width: Leaf = coefficient()
    kink_height: Leaf = coefficient()
    kink_centre: Leaf = coefficient()
    kink_width: Leaf = coefficient()
    knee_height: Leaf = coefficient()
    knee_width: Leaf = coefficient()

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Evaluate U at stoichiometry x; the source gives one temperature, T is not used."""
        x = limit_stoichiometry(argument)
        p, steps = self.polynomial, zip(self.step_height, self.step_centre, self.step_width, strict=True)
        potential = p[0] + x * (p[1] + x * p[2])
        potential += sum(height * jnp.tanh((x - centre) / width) for height, centre, width in steps)
        potential += self.kink_height * jax.nn.softplus((self.kink_centre - x) / self.kink_width)
        return potential - self.knee_height * jnp.exp((x - 1.0) / self.knee_width)


class LinearPlusSteps(Law):
    """A straight line and tanh steps: ``U = p0 + p1 x + sum A tanh(s (x - b))``, the form of Chen 2020."""

    polynomial: Leaf = coefficient()
    step_height: Leaf = coefficient()
    step_steepness: Leaf = coefficient()
    step_centre: Leaf = coefficient()

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Evaluate U at stoichiometry x; the source gives one temperature, T is not used."""
        x = limit_stoichiometry(argument)
        line = self.polynomial[0] + self.polynomial[1] * x
        return line + _steps(x, self.step_height, self.step_steepness, self.step_centre)


def _steps(x: jax.Array, height: Leaf, steepness: Leaf, centre: Leaf) -> jax.Array:
    """Return ``sum A tanh(s (x - b))``."""
    each = zip(height, steepness, centre, strict=True)
    return jnp.asarray(sum(a * jnp.tanh(s * (x - b)) for a, s, b in each))


class PolynomialPlusKnee(Law):
    """A polynomial and an exponential knee: ``U = sum p_n x^n + K exp(r x - s)``, the form of Mohtat 2020."""

    polynomial: Leaf = coefficient()
    knee_height: Leaf = coefficient()
    knee_rate: Leaf = coefficient()
    knee_shift: Leaf = coefficient()

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Evaluate U at stoichiometry x; the source gives one temperature, T is not used."""
        x = limit_stoichiometry(argument)
        polynomial = sum(factor * x**power for power, factor in enumerate(self.polynomial))
        return polynomial + self.knee_height * jnp.exp(self.knee_rate * x - self.knee_shift)


class ExponentialPlusSteps(Law):
    """Level, decay, tanh steps: ``U = U0 + K exp(-r x) + sum A tanh(s (x - b))``, graphite of Chen 2020."""

    level: Leaf = coefficient()
    decay_height: Leaf = coefficient()
    decay_rate: Leaf = coefficient()
    step_height: Leaf = coefficient()
    step_steepness: Leaf = coefficient()
    step_centre: Leaf = coefficient()

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Evaluate U at stoichiometry x; the source gives one temperature, T is not used."""
        x = limit_stoichiometry(argument)
        base = self.level + self.decay_height * jnp.exp(-self.decay_rate * x)
        return base + _steps(x, self.step_height, self.step_steepness, self.step_centre)


class TablePotential(Law):
    """Shape-preserving cubic (PCHIP) through a table, straight beyond its ends with the slope it ends with.

    Make one with `TablePotential.through`. The derivative is continuous everywhere.
    """

    knots: Leaf = coefficient()
    pieces: Leaf = coefficient()
    end_values: Leaf = coefficient()
    end_slopes: Leaf = coefficient()

    @classmethod
    def through(cls, x: np.ndarray, potential: np.ndarray, ranges: Ranges = ()) -> TablePotential:
        """Interpolate a table.

        Parameters
        ----------
        x : ndarray of float, shape (n,)
            Stoichiometries, increasing.
        potential : ndarray of float, shape (n,)
            Open-circuit potentials [V] against lithium.
        ranges : tuple, optional
            The validity range; the ends of the table where it is not given.

        Raises
        ------
        ParameterError
            If the table is not increasing in x, too short, or not finite.
        """
        x, potential = np.asarray(x, float), np.asarray(potential, float)
        _check_table(x, potential)
        curve = PchipInterpolator(x, potential)
        ends = x[[0, -1]]
        ranges = ranges or (("x", float(x[0]), float(x[-1])),)
        return cls(x, curve.c, potential[[0, -1]], curve.derivative()(ends), ranges=ranges)

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Evaluate U at stoichiometry x; a table holds one temperature, T is not used."""
        return piecewise_cubic(self.knots, self.pieces, self.end_slopes, limit_stoichiometry(argument))


def piecewise_cubic(knots: Leaf, pieces: Leaf, end_slopes: Leaf, x: Leaf) -> jax.Array:
    """Evaluate cubics between knots, and straight lines beyond the ends.

    Parameters
    ----------
    knots : array, shape (n,)
        Where the pieces meet, increasing.
    pieces : array, shape (4, n - 1)
        Their coefficients, highest power first, each from its left knot.
    end_slopes : array, shape (2,)
        Slopes of the lines.
    x : array
        Where to evaluate.
    """
    low, high = knots[0], knots[-1]
    inside = jnp.clip(x, low, high)
    knots, pieces = jnp.asarray(knots), jnp.asarray(pieces)
    piece = jnp.clip(jnp.searchsorted(knots, inside, side="right") - 1, 0, pieces.shape[1] - 1)
    step = inside - knots[piece]
    cubic = ((pieces[0][piece] * step + pieces[1][piece]) * step + pieces[2][piece]) * step + pieces[3][piece]
    return cubic + end_slopes[0] * (jnp.minimum(x, low) - low) + end_slopes[1] * (jnp.maximum(x, high) - high)


def _check_table(x: np.ndarray, potential: np.ndarray) -> None:
    """Refuse a table that cannot be interpolated."""
    if x.ndim != 1 or x.shape != potential.shape or x.size < 3:
        raise ParameterError(
            "An open-circuit table needs two columns of equal length with at least three rows",
            value=f"{x.shape} stoichiometries, {potential.shape} potentials",
        )
    if not (np.all(np.isfinite(x)) and np.all(np.isfinite(potential)) and np.all(np.diff(x) > 0)):
        raise ParameterError(
            "The stoichiometries of an open-circuit table must be finite and increase from row to row",
            fix="sort the table by stoichiometry and remove repeated or missing values",
        )


def stoichiometry_at(ocp: Callable[[Any, Any], Any], voltage: float, T: float = 298.15) -> float:
    """Return the stoichiometry at which a curve has a given open-circuit potential.

    The curve is sampled on a grid, then the one crossing is refined by Brent's method; that works for any
    curve, however flat, as long as it crosses the voltage once.

    Parameters
    ----------
    ocp : callable
        The law U(x, T) [V].
    voltage : float
        The open-circuit potential [V].
    T : float
        Temperature [K].

    Returns
    -------
    float
        x = c/c_max.

    Raises
    ------
    ParameterError
        If the voltage lies outside of the curve, or the curve crosses it more than once.
    """
    with jax.enable_x64(True):
        grid = np.linspace(*STOICHIOMETRY_LIMITS, 2001)
        difference = np.asarray(ocp(as_leaf(grid), T), dtype=float) - voltage
        crossings = np.flatnonzero(np.signbit(difference[:-1]) != np.signbit(difference[1:]))
        if crossings.size != 1:
            raise _no_single_crossing(voltage, difference + voltage, crossings.size)
        first = crossings[0]
        return float(
            brentq(lambda x: float(ocp(as_leaf(x), T)) - voltage, grid[first], grid[first + 1], xtol=1e-14)
        )


def _no_single_crossing(voltage: float, curve: np.ndarray, crossings: int) -> ParameterError:
    """Describe why a voltage has no single stoichiometry."""
    if crossings:
        return ParameterError(
            "The open-circuit curve has this potential at more than one stoichiometry",
            value=f"{voltage:g} V, {crossings} crossings",
            fix="give the stoichiometry instead, for example initial = 'x = 0.88'",
        )
    return ParameterError(
        "No stoichiometry has this open-circuit potential",
        value=f"{voltage:g} V",
        allowed=f"{curve.min():.3f} V to {curve.max():.3f} V, the range of the open-circuit law",
        fix="choose a voltage inside the range, or another open-circuit law",
    )
