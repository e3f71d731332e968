"""What a degradation mechanism is: slow states on the particle surfaces, what they see and what they do."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from ..parameters.laws import Laws

State = dict[str, Array]
"""Slow states by name, each (E, P): E volumes of the electrode, P particle sizes."""


class Surface(NamedTuple):
    """What a mechanism sees of the particle surfaces at one time, (E, P) each.

    Attributes
    ----------
    stoichiometry : of the active material at its surface, below any layer.
    drop : phi_s - phi_e [V].
    current : of lithium that leaves the particle [A.m-2].
    salt : c_e [mol.m-3].
    """

    stoichiometry: Array
    drop: Array
    current: Array
    salt: Array


class Effects(NamedTuple):
    """What the solver takes from a mechanism during a time step, (E, P) each.

    Attributes
    ----------
    resistance : in series with charge transfer [Ohm.m2].
    shift : by how much lithium at the outside of a layer falls below that inside, per current that leaves
        [mol.m-3 per A.m-2].
    side : current of side reactions [A.m-2], with the sign of lithium that leaves: positive oxidizes. Its
        cations count as salt like lithium.
    """

    resistance: Array
    shift: Array
    side: Array


class Lost(NamedTuple):
    """Active material that takes part no more, applied to the geometry at the end of every protocol step.

    Attributes
    ----------
    isolated : share of the particles that is cut off as a whole, 0 to 1, (E, P).
    core : radius of what still takes lithium over the radius at the start, (E, P), 1 to 0.
    trapped : stoichiometry that stays behind in the layer outside of the core; lithium beyond it goes back
        into the core. None: all that was there stays.
    """

    isolated: Array
    core: Array
    trapped: Array | None = None


class Mechanism(eqx.Module):
    """Base of all mechanisms; every number is a traced leaf, so that values do not recompile.

    Attributes
    ----------
    loses_material : bool
        Whether `lost` says anything (class attribute).
    """

    loses_material = False

    def start(self, laws: Laws, radius: Array) -> State:
        """Return the state at the beginning; ``radius`` is that of the particles [m], (E, P)."""
        raise NotImplementedError

    def advance(
        self, laws: Laws, radius: Array, state: State, before: Surface, after: Surface, dt: Array
    ) -> State:
        """Return the state at the end of a time step of ``dt`` [s] with the surfaces at both its ends."""
        raise NotImplementedError

    def effects(self, laws: Laws, radius: Array, state: State, surface: Surface) -> Effects:
        """Return what it does to the surfaces; by default nothing."""
        return no_effects(surface.current)

    def lost(self, radius: Array, state: State) -> Lost:
        """Return the active material lost since the start; by default none."""
        return Lost(jnp.zeros(radius.shape), jnp.ones(radius.shape))

    def fast(self) -> tuple[str, ...]:
        """Return the names of states that forget a cycle within a few; jumps do not integrate them."""
        return ()

    def quantities(self, laws: Laws, radius: Any, state: dict[str, Any]) -> dict[str, Any]:
        """Return outputs by name with their unit, (..., E, P), from states with any leading axes."""
        raise NotImplementedError


def no_effects(like: Array) -> Effects:
    """Return effects of nothing, in the shape of an array."""
    zero = jnp.zeros(like.shape)
    return Effects(zero, zero, zero)
