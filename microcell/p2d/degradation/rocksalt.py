"""The rocksalt film of the 3D model on the particles (model, section 5)."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array

from ...parameters.constants import F
from ...parameters.laws import Laws
from ...physics import film
from ..mechanism import Effects, Mechanism, State, Surface


class RocksaltFilm(Mechanism):
    """Film of Both et al. 2026, Eqs. 1-3, 5, 6 (doi 10.1016/j.ensm.2026.104994); the laws hold its numbers.

    It grows with the surface concentration moving along a straight line over a step.
    """

    def start(self, laws: Laws, radius: Array) -> State:
        """Return the initial thickness."""
        return {"thickness": laws.film_initial * jnp.ones(radius.shape)}

    def advance(
        self, laws: Laws, radius: Array, state: State, before: Surface, after: Surface, dt: Array
    ) -> State:
        """Grow by the exact solution at the mean share of mobile oxygen."""
        at = [surface.stoichiometry * laws.c_max for surface in (before, after)]
        share = film.mean_fraction(laws, at[0], at[1])
        return {"thickness": film.grow(laws, state["thickness"], share, dt)}

    def effects(self, laws: Laws, radius: Array, state: State, surface: Surface) -> Effects:
        """Return resistance and lithium shift of the film."""
        thickness = state["thickness"]
        return Effects(
            resistance=thickness / laws.film_kappa,
            shift=thickness / (F * laws.film_diffusivity),
            side=jnp.zeros(thickness.shape),
        )

    def quantities(self, laws: Laws, radius: Any, state: dict[str, Any]) -> dict[str, Any]:
        """Return the thickness."""
        return {"Rocksalt thickness [m]": state["thickness"]}
