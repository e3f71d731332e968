"""Values drawn from the uncertainty of a property card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from microcell.parameters.card import PropertyCard


def drawn(card: PropertyCard, rng: np.random.Generator, common: bool) -> dict[str, Any]:
    """Return the fields of a card that change when one is drawn; see `PropertyCard.sample`."""
    values, sigma = np.asarray(card.values), np.asarray(card.uncertainty)
    normal = rng.standard_normal() if common else rng.standard_normal(values.shape)
    if card.interpolation == "log":
        # of a log-normal variable with this mean and standard deviation
        width = np.sqrt(np.log1p((sigma / values) ** 2))
        values = values * np.exp(width * normal - 0.5 * width**2)
    else:
        values = values + sigma * normal
    return {
        "values": values.tolist(),
        "uncertainty": [0.0] * values.size,
        "activation_energy": _energy(card, rng),
        "activation_energy_uncertainty": None,
    }


def _energy(card: PropertyCard, rng: np.random.Generator) -> float | None:
    energy, spread = card.activation_energy, card.activation_energy_uncertainty
    if energy is None or not spread:
        return energy
    return max(0.0, energy + spread * float(rng.standard_normal()))
