"""Growth of the cathode-electrolyte interphase (CEI): limited by reaction, by diffusion, or by both."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array

from ...parameters.constants import F
from ...parameters.law import Leaf
from ...parameters.laws import Laws
from ..mechanism import Effects, Mechanism, State, Surface
from .parameter import parameter
from .tafel import exponent, mean_exponential


class Interphase(Mechanism):
    """Layer whose growth meets reaction and diffusion in series, ``dL/dt = 1 / (1/k + L/D)``.

    The usual form for the interphase on anodes (Ploehn, Ramadass & White 2004, J. Electrochem. Soc. 151,
    A456, for diffusion; Safari et al. 2009, doi 10.1149/1.3043429, for both in series), here with
    ``k = k0 exp(alpha F (phi_s - phi_e - U) / (R T))``, an oxidation. A large k0 leaves the parabolic law
    ``L^2 = L0^2 + 2 D t``, a large D the linear one ``L = L0 + k t``; alpha = 0 takes the potential out.

    Attributes
    ----------
    initial : thickness at the start [m].
    reaction_rate, potential, transfer : k0 [m.s-1] at U [V], and alpha.
    growth_constant : D, diffusivity x concentration x molar volume of what passes through [m2.s-1].
    molar_volume : per formula unit of the layer [m3.mol-1].
    resistivity : for lithium ions [Ohm.m].
    electrons, lithium : that leave the electrolyte per formula unit; no electrons: no side current.
    """

    initial: Leaf = parameter("CEI initial thickness [m]")
    reaction_rate: Leaf = parameter("CEI reaction rate [m.s-1]")
    potential: Leaf = parameter("CEI reference potential [V]")
    transfer: Leaf = parameter("CEI transfer coefficient")
    growth_constant: Leaf = parameter("CEI growth constant [m2.s-1]")
    molar_volume: Leaf = parameter("CEI molar volume [m3.mol-1]")
    resistivity: Leaf = parameter("CEI resistivity [Ohm.m]")
    electrons: Leaf = parameter("CEI electrons per formula unit")
    lithium: Leaf = parameter("CEI lithium per formula unit")

    def start(self, laws: Laws, radius: Array) -> State:
        """Return the initial thickness."""
        return {"thickness": self.initial * jnp.ones(radius.shape)}

    def advance(
        self, laws: Laws, radius: Array, state: State, before: Surface, after: Surface, dt: Array
    ) -> State:
        """Grow by the exact solution at the mean rate of reaction.

        ``x^2 / (2 D) + x (1/k + L / D) = dt`` for the growth x, in the form of its root that neither divides
        by 1/D nor loses digits where one of the limits holds.
        """
        k = self.reaction_rate * mean_exponential(self._exponent(laws, before), self._exponent(laws, after))
        slope = 1.0 / k + state["thickness"] / self.growth_constant
        growth = 2.0 * dt / (slope + jnp.sqrt(slope**2 + 2.0 * dt / self.growth_constant))
        return {"thickness": state["thickness"] + growth}

    def effects(self, laws: Laws, radius: Array, state: State, surface: Surface) -> Effects:
        """Return the resistance of the layer, and the current of its growth."""
        k = self.reaction_rate * jnp.exp(self._exponent(laws, surface))
        rate = 1.0 / (1.0 / k + state["thickness"] / self.growth_constant)
        return Effects(
            resistance=self.resistivity * state["thickness"],
            shift=jnp.zeros(rate.shape),
            side=self.electrons * F / self.molar_volume * rate,
        )

    def _exponent(self, laws: Laws, surface: Surface) -> Array:
        return exponent(laws, self.transfer, self.potential, surface.drop)

    def quantities(self, laws: Laws, radius: Any, state: dict[str, Any]) -> dict[str, Any]:
        """Return thickness, and lithium and resistance since the start."""
        grown = state["thickness"] - self.initial
        return {
            "CEI thickness [m]": state["thickness"],
            "Loss of lithium to CEI [mol.m-2]": self.lithium * grown / self.molar_volume,
            "Resistance rise by CEI [Ohm.m2]": self.resistivity * grown,
        }
