"""Oxidation of the electrolyte on the active surface, with the gas that it evolves."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array

from ...parameters.constants import F, R
from ...parameters.law import Leaf
from ...parameters.laws import Laws
from ..mechanism import Effects, Mechanism, State, Surface
from .parameter import parameter
from .tafel import exponent, mean_exponential


class ElectrolyteOxidation(Mechanism):
    """Tafel current of solvent oxidation, ``i_ox = i0 exp(alpha F (phi_s - phi_e - U_ox) / (R T))``.

    Form of Jana et al. 2019 (as told in reviews: capacity fades linearly with the charge of the oxidation);
    the sign is that of this package, positive where electrons enter the solid. The current runs beside that
    of lithium: on charge less lithium leaves the particles than current flows, at rest lithium goes in.

    Attributes
    ----------
    exchange_current : i0 [A.m-2].
    potential : U_ox against lithium [V].
    transfer : alpha.
    electrons_per_gas : electrons per molecule of gas.
    pressure : at which the volume of the gas is stated [Pa].
    lithium_per_electron : lithium counted as lost per electron; an output, it does not act on the cell.
    """

    exchange_current: Leaf = parameter("Oxidation exchange current density [A.m-2]")
    potential: Leaf = parameter("Oxidation potential [V]")
    transfer: Leaf = parameter("Oxidation transfer coefficient")
    electrons_per_gas: Leaf = parameter("Oxidation electrons per gas molecule")
    pressure: Leaf = parameter("Gas pressure [Pa]")
    lithium_per_electron: Leaf = parameter("Oxidation lithium lost per electron")

    def start(self, laws: Laws, radius: Array) -> State:
        """Return no charge."""
        return {"charge": jnp.zeros(radius.shape)}

    def advance(
        self, laws: Laws, radius: Array, state: State, before: Surface, after: Surface, dt: Array
    ) -> State:
        """Add the charge of the step, exact while the potential moves along a straight line."""
        return {"charge": state["charge"] + self.mean_current(laws, before, after) * dt}

    def mean_current(self, laws: Laws, before: Surface, after: Surface) -> Array:
        """Mean current over a step [A.m-2], from the surfaces at both ends."""
        ends = (self._exponent(laws, surface) for surface in (before, after))
        return self.exchange_current * mean_exponential(*ends)

    def effects(self, laws: Laws, radius: Array, state: State, surface: Surface) -> Effects:
        """Return the current as that of a side reaction."""
        zero = jnp.zeros(surface.drop.shape)
        return Effects(zero, zero, self.exchange_current * jnp.exp(self._exponent(laws, surface)))

    def _exponent(self, laws: Laws, surface: Surface) -> Array:
        return exponent(laws, self.transfer, self.potential, surface.drop)

    def quantities(self, laws: Laws, radius: Any, state: dict[str, Any]) -> dict[str, Any]:
        """Return charge, gas (amount, and volume by the ideal gas law) and lithium lost, per surface."""
        electrons = state["charge"] / F
        gas = electrons / self.electrons_per_gas
        return {
            "Electrolyte oxidation charge [C.m-2]": state["charge"],
            "Gas from electrolyte oxidation [mol.m-2]": gas,
            "Gas volume from electrolyte oxidation [m3.m-2]": gas * R * laws.temperature / self.pressure,
            "Loss of lithium to electrolyte oxidation [mol.m-2]": electrons * self.lithium_per_electron,
        }
