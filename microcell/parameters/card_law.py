"""Property laws of cards: a monotone cubic through a table, on a linear or a logarithmic scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy.interpolate import PchipInterpolator

from microcell.parameters.law import (
    ArrheniusConstant,
    Constant,
    Law,
    Leaf,
    Ranges,
    arrhenius,
    coefficient,
    limited,
)
from microcell.parameters.open_circuit import piecewise_cubic

if TYPE_CHECKING:
    from microcell.parameters.card import PropertyCard

STANDARD_TEMPERATURE = 298.15
"""Reference [K] of a card that states no temperature; without an activation energy nothing depends on it."""


class CardLaw(Law):
    """Shape-preserving cubic (Fritsch and Carlson 1980, doi 10.1137/0717021) with an Arrhenius factor.

    Attributes
    ----------
    argument : str
        What the table depends on: "x", "c" or "T". Static.
    logarithmic : bool
        Whether the cubics are those of the logarithm. Static.
    knots : array, shape (n,)
        Arguments.
    pieces : array, shape (4, n - 1)
        Coefficients of the cubics of the property or of its natural logarithm, highest power first.
    end_slopes : array, shape (2,)
        Beyond the table.
    activation_energy, reference_temperature : float
        Ea [J.mol-1] and T_ref [K].
    """

    argument: Literal["x", "c", "T"] = eqx.field(static=True)
    logarithmic: bool = eqx.field(static=True)
    knots: Leaf = coefficient()
    pieces: Leaf = coefficient()
    end_slopes: Leaf = coefficient()
    activation_energy: Leaf = coefficient()
    reference_temperature: Leaf = coefficient()

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Interpolate at x or c, or at T for a table over the temperature."""
        where = T * jnp.ones_like(argument) if self.argument == "T" else limited(argument, self.argument)
        curve = piecewise_cubic(self.knots, self.pieces, self.end_slopes, where)
        factor = arrhenius(self.activation_energy, self.reference_temperature, T)
        return factor * (jnp.exp(curve) if self.logarithmic else curve)


def scalar_law(card: PropertyCard) -> Law:
    """Return the constant of a card of one number, with its Arrhenius factor where it has one."""
    if card.activation_energy is None:
        return Constant(card.value, ranges=_ranges(card))
    return ArrheniusConstant(card.value, card.activation_energy, card.temperature, ranges=_ranges(card))


def curve_law(card: PropertyCard) -> CardLaw:
    """Return the curve through the table of a card."""
    x, y = np.asarray(card.points), np.asarray(card.values)
    logarithmic = card.interpolation == "log"
    curve = PchipInterpolator(x, np.log(y) if logarithmic else y)
    straight = card.outside == "straight"
    return CardLaw(
        card.argument or "x",
        logarithmic,
        x,
        curve.c,
        curve.derivative()(x[[0, -1]]) if straight else np.zeros(2),
        card.activation_energy or 0.0,
        card.temperature or STANDARD_TEMPERATURE,
        ranges=_ranges(card),
    )


def _ranges(card: PropertyCard) -> Ranges:
    """Return the validity in the hashable form of laws."""
    return tuple((name, low, high) for name, (low, high) in card.validity.items())
