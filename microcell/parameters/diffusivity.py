"""Lithium diffusivity in the active material, D_s(x, T) [m2.s-1]."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from microcell.parameters.law import Law, Leaf, coefficient, limit_stoichiometry, power_of_ten


class GaussianDips(Law):
    """Logarithm with Gaussian dips, the form of O'Regan 2022.

    ``D = prefactor 10^(log10_level - sum depth exp(-(x - centre)^2 / spread)) exp(E_over_R (1/T_ref - 1/T))``
    """

    prefactor: Leaf = coefficient()
    log10_level: Leaf = coefficient()
    depth: Leaf = coefficient()
    centre: Leaf = coefficient()
    spread: Leaf = coefficient()
    activation_temperature: Leaf = coefficient()
    reference_temperature: Leaf = coefficient()

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Evaluate D_s at stoichiometry x and temperature T."""
        x = limit_stoichiometry(argument)
        dips = zip(self.depth, self.centre, self.spread, strict=True)
        exponent = self.log10_level - sum(
            depth * jnp.exp(-((x - centre) ** 2) / spread) for depth, centre, spread in dips
        )
        arrhenius = jnp.exp(self.activation_temperature * (1.0 / self.reference_temperature - 1.0 / T))
        return self.prefactor * power_of_ten(exponent) * arrhenius


class LogisticDrop(Law):
    """Logarithm with one smooth drop towards full lithiation.

    ``D = 10^(log10_level - drop / (1 + exp(-(x - centre)/width)))``
    """

    log10_level: Leaf = coefficient()
    drop: Leaf = coefficient()
    centre: Leaf = coefficient()
    width: Leaf = coefficient()

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Evaluate D_s at stoichiometry x; calibrated at one temperature, T is not used."""
        x = limit_stoichiometry(argument)
        exponent = self.log10_level - self.drop * jax.nn.sigmoid((x - self.centre) / self.width)
        return power_of_ten(exponent)
