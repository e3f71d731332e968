"""Electronic conductivity of the active material, sigma_s(x, T) [S.m-1]."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from microcell.parameters.law import Law, Leaf, coefficient, limit_stoichiometry, power_of_ten


class LithiationDependent(Law):
    """Rises steeply as lithium leaves the full lattice, then flattens; constant below ``x_low``.

    ``log10 sigma = log10_full + rise (1 - exp(-(1 - x)/decay)) / (1 - exp(-(1 - x_low)/decay))``
    """

    log10_full: Leaf = coefficient()
    rise: Leaf = coefficient()
    decay: Leaf = coefficient()
    x_low: Leaf = coefficient()

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Evaluate sigma_s at stoichiometry x; the source gives no temperature dependence, T is not used."""
        x = jnp.maximum(limit_stoichiometry(argument), self.x_low)
        shape = jnp.expm1((x - 1.0) / self.decay) / jnp.expm1((self.x_low - 1.0) / self.decay)
        return power_of_ten(self.log10_full + self.rise * shape)
