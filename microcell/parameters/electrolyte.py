"""Transport properties of the electrolyte as functions of the salt concentration c [mol.m-3] and T [K].

The published fits take c in mol/l, so every law divides by 1000 first.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from microcell.parameters.law import Law, Leaf, coefficient, limit_concentration, power_of_ten


def _molar(c: Leaf) -> jax.Array:
    """Limit c [mol.m-3] and convert it to mol/l."""
    return limit_concentration(c) / 1000.0


class LandesfeindConductivity(Law):
    """Ionic conductivity [S.m-1] of Landesfeind and Gasteiger 2019, six coefficients."""

    p: Leaf = coefficient()

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Evaluate kappa; the published fit is in mS/cm, hence the factor 0.1."""
        c, p, boltzmann = _molar(argument), self.p, jnp.exp(1000.0 / T)
        rise = (
            p[0] * (1.0 + (T - p[1])) * c * (1.0 + p[2] * jnp.sqrt(c) + p[3] * (1.0 + p[4] * boltzmann) * c)
        )
        return 0.1 * rise / (1.0 + c**4 * p[5] * boltzmann)


class LandesfeindDiffusivity(Law):
    """Salt diffusivity [m2.s-1] of Landesfeind and Gasteiger 2019, four coefficients."""

    p: Leaf = coefficient()

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Evaluate D_e."""
        c, p = _molar(argument), self.p
        return 1e-10 * p[0] * jnp.exp(p[1] * c) * jnp.exp(p[2] / T) * jnp.exp(p[3] * c / T)


class LandesfeindPolynomial(Law):
    """The nine-term polynomial of Landesfeind and Gasteiger 2019 for t_plus and for 1 + dlnf/dlnc."""

    p: Leaf = coefficient()

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Evaluate the polynomial; dimensionless."""
        c, p = _molar(argument), self.p
        without_c = p[0] + p[2] * T + p[5] * T**2
        linear = p[1] + p[4] * T + p[8] * T**2
        return without_c + c * (linear + c * (p[3] + p[7] * T + c * p[6]))


class NymanConductivity(Law):
    """Ionic conductivity [S.m-1] of Nyman 2008: ``p0 c^3 + p1 c^1.5 + p2 c``, one temperature."""

    p: Leaf = coefficient()

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Evaluate kappa; T is not used."""
        c = _molar(argument)
        return self.p[0] * c**3 + self.p[1] * c * jnp.sqrt(c) + self.p[2] * c


class NymanDiffusivity(Law):
    """Salt diffusivity [m2.s-1] of Nyman 2008: ``p0 c^2 + p1 c + p2``, one temperature."""

    p: Leaf = coefficient()

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Evaluate D_e; T is not used."""
        c = _molar(argument)
        return self.p[0] * c**2 + self.p[1] * c + self.p[2]


class ValoenConductivity(Law):
    """Ionic conductivity [S.m-1] of Valoen and Reimers 2005: ``0.1 c (sum_n c^n P_n(T))^2``."""

    constant: Leaf = coefficient()
    linear: Leaf = coefficient()
    quadratic: Leaf = coefficient()

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Evaluate kappa; the published fit is in mS/cm, hence the factor 0.1."""
        c = _molar(argument)
        powers = (1.0, T, T**2)
        rows = [
            sum(factor * power for factor, power in zip(row, powers, strict=False))
            for row in (self.constant, self.linear, self.quadratic)
        ]
        return 0.1 * c * (rows[0] + c * (rows[1] + c * rows[2])) ** 2


class ValoenDiffusivity(Law):
    """Salt diffusivity [m2.s-1] of Valoen and Reimers 2005: ``1e-4 10^(p0 + p1/(T - p2 - p3 c) + p4 c)``."""

    p: Leaf = coefficient()

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Evaluate D_e; finite for T above 249 K, where the glass temperature of 4 mol/l is reached."""
        c, p = _molar(argument), self.p
        return 1e-4 * power_of_ten(p[0] + p[1] / (T - p[2] - p[3] * c) + p[4] * c)
