"""Shell of converted material around a shrinking core, by loss of lattice oxygen."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from ...parameters.constants import F
from ...parameters.law import Leaf
from ...parameters.laws import Laws
from ..mechanism import Effects, Lost, Mechanism, State, Surface
from . import shell_oxygen
from .parameter import parameter
from .shell_oxygen import Numbers, Shell


class ShrinkingCore(Mechanism):
    """Layered core of radius s in a shell up to the fixed radius R.

    Ghosh et al. 2021 for one particle; Zhuo, Offer & Marinescu 2023 for an electrode, where every place and
    size has its own shell. With the oxygen c_o that diffuses through the shell::

        ds/dt = -(k1 - k2 c_o(s))    where the lithium of the core at s is below the threshold, else 0
        -D_o dc_o/dr = -(ds/dt) (c_core - c_o) at s,    c_o = 0 at R

    The oxygen is resolved: with the published numbers a shell in steady state would overestimate the
    thickness by up to 7 % (where diffusion limits), and forget that oxygen drains in pauses of the growth.
    The core never grows back.

    Radius and active fraction of the design are those of the core at the start; an initial shell lies outside
    of it, ``R = radius + initial``. A layer of the core that converts keeps the trapped stoichiometry; the
    solver moves the core and its lithium at the end of every protocol step, with the rest of the lithium
    going into the core. Resistance and lithium shift are those of a spherical shell.

    Attributes
    ----------
    forward, reverse : k1 [m.s-1] and k2 [m4.mol-1.s-1].
    oxygen_diffusivity : D_o in the shell [m2.s-1].
    oxygen_core : oxygen that the core gives up [mol.m-3].
    threshold, trapped : stoichiometries.
    resistivity : of the shell for lithium ions [Ohm.m].
    lithium_hindrance : 1 / D_Li of the shell [s.m-2]; 0 leaves lithium the same on both sides.
    initial : thickness at the start [m].
    volumes : in which the oxygen is resolved (static).
    """

    forward: Leaf = parameter("Shell forward rate constant [m.s-1]")
    reverse: Leaf = parameter("Shell reverse rate constant [m4.mol-1.s-1]")
    oxygen_diffusivity: Leaf = parameter("Shell oxygen diffusivity [m2.s-1]")
    oxygen_core: Leaf = parameter("Core oxygen concentration [mol.m-3]")
    threshold: Leaf = parameter("Shell threshold stoichiometry")
    trapped: Leaf = parameter("Shell trapped stoichiometry")
    resistivity: Leaf = parameter("Shell resistivity [Ohm.m]")
    lithium_hindrance: Leaf = parameter("Shell inverse lithium diffusivity [s.m-2]")
    initial: Leaf = parameter("Shell initial thickness [m]")
    volumes: int = eqx.field(static=True, default=8)

    loses_material = True

    def start(self, laws: Laws, radius: Array) -> State:
        """Return the initial shell, from which all oxygen has drained."""
        thickness = self.initial * jnp.ones(radius.shape)
        return _state(Shell(thickness, jnp.zeros((*radius.shape, self.volumes))))

    def advance(
        self, laws: Laws, radius: Array, state: State, before: Surface, after: Surface, dt: Array
    ) -> State:
        """Grow during the part of the step in which the surface of the core is below the threshold."""
        oxygen = jnp.stack([state[_volume(k)] for k in range(self.volumes)], -1)
        numbers = Numbers(self.forward, self.reverse, self.oxygen_diffusivity, self.oxygen_core)
        share = share_below(before.stoichiometry, after.stoichiometry, self.threshold)
        shell = Shell(state["thickness"], oxygen)
        return _state(shell_oxygen.grow(numbers, radius + self.initial, shell, share, dt))

    def effects(self, laws: Laws, radius: Array, state: State, surface: Surface) -> Effects:
        """Return resistance and lithium shift of the shell."""
        plane = self._plane(radius, state["thickness"])
        return Effects(
            resistance=self.resistivity * plane,
            shift=self.lithium_hindrance / F * plane,
            side=jnp.zeros(plane.shape),
        )

    def lost(self, radius: Array, state: State) -> Lost:
        """Return the core, and the lithium that stays in the shell."""
        shape = radius.shape
        core = 1.0 - (state["thickness"] - self.initial) / radius
        return Lost(isolated=jnp.zeros(shape), core=core, trapped=self.trapped * jnp.ones(shape))

    def fast(self) -> tuple[str, ...]:
        """Return the oxygen of all volumes: it drains from a shell within a cycle."""
        return tuple(_volume(k) for k in range(self.volumes))

    def quantities(self, laws: Laws, radius: Any, state: dict[str, Any]) -> dict[str, Any]:
        """Return thickness, and losses and resistance since the start."""
        thickness = state["thickness"]
        share = 1.0 - (1.0 - (thickness - self.initial) / radius) ** 3
        rise = self._plane(radius, thickness) - self._plane(radius, self.initial)
        return {
            "Shell thickness [m]": thickness,
            "Loss of active material to shell": share,
            "Loss of lithium to shell [mol.m-2]": self.trapped * laws.c_max * share * radius / 3.0,
            "Resistance rise by shell [Ohm.m2]": self.resistivity * rise,
        }

    def _plane(self, radius: Any, thickness: Any) -> Any:
        """Thickness of a plane layer that hinders like the shell [m], ``radius^2 (1/s - 1/R)``."""
        outside = radius + self.initial
        return radius**2 * thickness / ((outside - thickness) * outside)


def share_below(before: Array, after: Array, limit: Leaf) -> Array:
    """Return the share of a step during which a value on a straight line is at or below a limit."""
    low, high = jnp.minimum(before, after), jnp.maximum(before, after)
    moves = high > low
    part = jnp.clip((limit - low) / jnp.where(moves, high - low, 1.0), 0.0, 1.0)
    return jnp.where(moves, part, jnp.where(low <= limit, 1.0, 0.0))


def _volume(k: int) -> str:
    return f"oxygen_{k}"


def _state(shell: Shell) -> State:
    columns = {_volume(k): shell.oxygen[..., k] for k in range(shell.oxygen.shape[-1])}
    return {"thickness": shell.thickness, **columns}
