"""Property laws: JAX-traceable functions whose coefficients are leaves, not constants of the program.

A law is an `equinox.Module`, called as ``law(argument, T)``. The argument is a stoichiometry x = c/c_max for
solid properties and a salt concentration c [mol.m-3] for electrolyte properties; T is the temperature [K].
Because the coefficients are array leaves, a sweep over their values reuses the compiled program.

Newton iterates may leave the range in which a law means anything. Built-in laws therefore limit their
argument to the `STOICHIOMETRY_LIMITS` or `CONCENTRATION_LIMITS` below, where they stay finite and, if physics
asks for it, positive. Outside, the value is constant and the derivative zero. The narrower range in which a
law is *known* is its ``validity``; it is metadata for warnings and never changes a value.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from microcell.parameters.constants import R

Leaf = Any
"""A float64 scalar or array, or a tracer of one."""

Ranges = tuple[tuple[str, float, float], ...]
"""Hashable form of a validity range: (argument name, low, high) for each argument that has one."""

Argument = Literal["x", "c"]
"""A stoichiometry, or a salt concentration [mol.m-3]."""

STOICHIOMETRY_LIMITS = (1e-4, 1.0 - 1e-4)
"""Laws of the solid see x limited to this range."""

CONCENTRATION_LIMITS = (1.0, 4000.0)
"""Laws of the electrolyte see c limited to this range [mol.m-3]."""


def as_leaf(value: Any) -> Leaf:
    """Turn a number into a float64 NumPy leaf; JAX arrays and tracers pass.

    NumPy, not JAX: a JAX array made outside of ``enable_x64`` would silently be float32.
    """
    return value if isinstance(value, jax.Array) else np.asarray(value, dtype=np.float64)


def coefficient() -> Any:
    """Declare a coefficient of a law: a traced leaf."""
    return eqx.field(converter=as_leaf)


def limit_stoichiometry(x: Leaf) -> jax.Array:
    """Limit x to `STOICHIOMETRY_LIMITS`."""
    return jnp.clip(x, *STOICHIOMETRY_LIMITS)


def limit_concentration(c: Leaf) -> jax.Array:
    """Limit c [mol.m-3] to `CONCENTRATION_LIMITS`."""
    return jnp.clip(c, *CONCENTRATION_LIMITS)


def limited(argument: Leaf, kind: Argument) -> jax.Array:
    """Limit an argument of either kind."""
    return limit_stoichiometry(argument) if kind == "x" else limit_concentration(argument)


def arrhenius(activation_energy: Leaf, reference_temperature: Leaf, T: Leaf) -> jax.Array:
    """Return ``exp(Ea/R (1/T_ref - 1/T))`` with Ea [J.mol-1] and temperatures [K]."""
    return jnp.exp(activation_energy / R * (1.0 / reference_temperature - 1.0 / T))


def power_of_ten(exponent: Leaf) -> jax.Array:
    """Return ``10^exponent`` by exp, which XLA has in vector form on processors, unlike powers."""
    return jnp.exp(math.log(10.0) * exponent)


class Law(eqx.Module):
    """A property as a function of one argument (x or c) and the temperature T [K].

    Attributes
    ----------
    ranges : tuple of (str, float, float)
        Where the law is known to hold, by argument name ("x", "c" [mol.m-3], "T" [K]). Static.
    """

    ranges: Ranges = eqx.field(static=True, default=(), kw_only=True)

    @abstractmethod
    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Evaluate the property elementwise."""

    @property
    def validity(self) -> dict[str, tuple[float, float]]:
        """Where the law is known to hold, by argument name; empty where its source states nothing."""
        return {name: (low, high) for name, low, high in self.ranges}


class Constant(Law):
    """The same value everywhere."""

    value: Leaf = coefficient()

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Return the value in the shape of the argument."""
        return self.value * jnp.ones_like(argument)


class ArrheniusConstant(Law):
    """A constant with an activation energy: ``value exp(Ea/R (1/T_ref - 1/T))``.

    Attributes
    ----------
    value : float
        The value at the reference temperature.
    activation_energy : float
        Ea [J.mol-1].
    reference_temperature : float
        T_ref [K].
    """

    value: Leaf = coefficient()
    activation_energy: Leaf = coefficient()
    reference_temperature: Leaf = coefficient()

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Return the value at T in the shape of the argument."""
        factor = arrhenius(self.activation_energy, self.reference_temperature, T)
        return self.value * factor * jnp.ones_like(argument)


class UserLaw(Law):
    """A function of the user's own, ``function(argument, T)``, written with `jax.numpy`.

    The argument is passed as it is: a user's law has to stay finite wherever solver iterates may lead.
    """

    function: Callable[[Any, Any], Any] = eqx.field(static=True)

    def __call__(self, argument: Leaf, T: Leaf) -> jax.Array:
        """Call the user's function and give its result the shape of the argument."""
        return self.function(argument, T) * jnp.ones_like(argument)
