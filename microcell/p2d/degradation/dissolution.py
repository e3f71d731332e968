"""Dissolution of transition metals by acid, and where the acid comes from."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array

from ...parameters.constants import F
from ...parameters.law import Leaf
from ...parameters.laws import Laws
from ..mechanism import Lost, Mechanism, State, Surface
from .oxidation import ElectrolyteOxidation
from .parameter import parameter

LARGEST_LOSS = 1.0 - 1e-6
"""Of the volume of a particle; the rest, a hundredth of its radius, keeps its equations defined."""


class TransitionMetalDissolution(Mechanism):
    """Dissolution of first order in H+, ``r = k c_H`` per surface, as in Lin et al. 2013
    (doi 10.1149/2.040310jes).

    Every surface has its own share of electrolyte, of volume ``l`` per surface, from which nothing moves to
    others. In it (amounts per active surface)::

        dw/dt = -k_h c_e w                                    hydrolysis LiPF6 + H2O -> LiF + POF3 + 2 HF
        dh/dt = p_h k_h c_e w + p_ox i_ox / F - nu (k/l) h    acid from hydrolysis and from solvent oxidation
        dN/dt = (k/l) h                                       dissolved formula units

    The surface recedes, so the particles shrink and none is cut off: acid acts wherever electrolyte is. One
    formula unit takes the room of one place for lithium, ``1 / c_max``; its lithium goes to the rest of the
    particle, because dissolution as cations leaves lithium in the cell. The surface is taken as that at the
    start. `lost` needs ``3 N / (c_max R)``, which is kept as a state.

    Attributes
    ----------
    oxidation : the current i_ox; its charge is booked there, not here.
    rate : k [m.s-1].
    protons_per_unit : nu, H+ taken per formula unit.
    hydrolysis_rate : k_h [m3.mol-1.s-1].
    protons_per_water : p_h.
    protons_per_electron : p_ox, of solvent oxidation.
    water, acid : at the start [mol.m-3].
    electrolyte : l [m].
    """

    oxidation: ElectrolyteOxidation
    rate: Leaf = parameter("Dissolution rate constant [m.s-1]")
    protons_per_unit: Leaf = parameter("Dissolution protons per formula unit")
    hydrolysis_rate: Leaf = parameter("Hydrolysis rate constant [m3.mol-1.s-1]")
    protons_per_water: Leaf = parameter("Hydrolysis protons per water")
    protons_per_electron: Leaf = parameter("Oxidation protons per electron")
    water: Leaf = parameter("Initial water concentration [mol.m-3]")
    acid: Leaf = parameter("Initial proton concentration [mol.m-3]")
    electrolyte: Leaf = parameter("Electrolyte volume per active surface [m]")

    loses_material = True

    def start(self, laws: Laws, radius: Array) -> State:
        """Return water and acid of the fresh electrolyte, and nothing dissolved."""
        one, zero = jnp.ones(radius.shape), jnp.zeros(radius.shape)
        return {
            "water": self.electrolyte * self.water * one,
            "acid": self.electrolyte * self.acid * one,
            "dissolved": zero,
            "lost_fraction": zero,
        }

    def advance(
        self, laws: Laws, radius: Array, state: State, before: Surface, after: Surface, dt: Array
    ) -> State:
        """Solve the linear system exactly at the mean salt and oxidation current of the step.

        What was dissolved follows from the balance of H+, so that the budget is kept to rounding.
        """
        k_h = self.hydrolysis_rate * 0.5 * (before.salt + after.salt)
        kappa = self.protons_per_unit * self.rate / self.electrolyte
        source = self.protons_per_electron * self.oxidation.mean_current(laws, before, after) / F
        hydrolysed = -state["water"] * jnp.expm1(-k_h * dt)
        acid = (
            state["acid"] * jnp.exp(-kappa * dt)
            + source * dt * _relative(kappa * dt)
            + self.protons_per_water * state["water"] * k_h * dt * _difference(k_h * dt, kappa * dt)
        )
        made = self.protons_per_water * hydrolysed + source * dt
        dissolved = state["dissolved"] + (state["acid"] + made - acid) / self.protons_per_unit
        return {
            "water": state["water"] - hydrolysed,
            "acid": acid,
            "dissolved": dissolved,
            "lost_fraction": jnp.clip(3.0 * dissolved / (laws.c_max * radius), 0.0, LARGEST_LOSS),
        }

    def lost(self, radius: Array, state: State) -> Lost:
        """Return the smaller radius; no lithium stays in what has dissolved."""
        zero = jnp.zeros(radius.shape)
        return Lost(isolated=zero, core=jnp.cbrt(1.0 - state["lost_fraction"]), trapped=zero)

    def quantities(self, laws: Laws, radius: Any, state: dict[str, Any]) -> dict[str, Any]:
        """Return metal dissolved, acid, loss of active material, and lithium bound as LiF by hydrolysis."""
        hydrolysed = self.electrolyte * self.water - state["water"]
        return {
            "Dissolved transition metal [mol.m-2]": state["dissolved"],
            "Proton concentration [mol.m-3]": state["acid"] / self.electrolyte,
            "Loss of active material to dissolution": state["lost_fraction"],
            "Loss of lithium to salt hydrolysis [mol.m-2]": hydrolysed,
        }


def _relative(x: Array) -> Array:
    """Return ``(1 - exp(-x)) / x``."""
    small = jnp.abs(x) < 1e-8
    safe = jnp.where(small, 1.0, x)
    return jnp.where(small, 1.0 - 0.5 * x, -jnp.expm1(-safe) / safe)


def _difference(a: Array, b: Array) -> Array:
    """Return ``(exp(-a) - exp(-b)) / (b - a)`` for positive a and b, also where they meet."""
    return jnp.exp(-jnp.minimum(a, b)) * _relative(jnp.abs(b - a))
