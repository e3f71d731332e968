"""One porous electrode: its laws, particles of any number of sizes, and what degrades them."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array

from ..parameters.law import Leaf
from ..parameters.laws import Laws
from .design import Design
from .mechanism import Mechanism
from .mesh import Mesh


class Electrode(eqx.Module):
    """Particles of an electrode in E places and P sizes; every number is traced.

    Places are the volumes of the electrode, or one that stands for all of them (SPM, SPMe).

    Attributes
    ----------
    laws : of the active material; the electrolyte, film and lithium of it count in the positive one only.
    interface : active surface per place and size [m-1], (E, P).
    active : volume fraction of active material per size, (E, P).
    radius : of the particles as made [m], (E, P).
    core : radius of what takes lithium over `radius`, (E, P).
    mechanisms : what changes the particles.
    half_shell : half the thickness of the last shell over the radius (static).
    first, volumes : the first of its volumes through the plane, and how many (static).
    """

    laws: Laws
    interface: Leaf
    active: Leaf
    radius: Leaf
    core: Leaf
    mechanisms: tuple[Mechanism, ...]
    half_shell: float = eqx.field(static=True)
    first: int = eqx.field(static=True)
    volumes: int = eqx.field(static=True)

    @property
    def place(self) -> slice:
        """The volumes of the electrode among all."""
        return slice(self.first, self.first + self.volumes)

    def seen(self, field: Array) -> Array:
        """Return what the particles see of a field over all volumes (N,): (E, 1), there or the mean."""
        own = field[self.place, None]
        return own if self.interface.shape[0] == self.volumes else jnp.mean(own, axis=0, keepdims=True)

    @property
    def core_radius(self) -> Array:
        """Radius of what takes lithium [m], (E, P)."""
        return jnp.asarray(self.radius) * self.core

    def per_core(self, current: Array) -> Array:
        """Current per surface of the core [A.m-2], from that per active surface, (E, P).

        Both count the same lithium: the surface of spherical cores is ``3 active / core_radius`` per volume.
        """
        return current * self.interface * self.core_radius / (3.0 * jnp.asarray(self.active))


def build_electrode(
    design: Design,
    laws: Laws,
    mesh: Mesh,
    mechanisms: tuple[Mechanism, ...],
    first: int,
    volumes: int,
    places: int,
) -> Electrode:
    """Lay the particles out evenly.

    Parameters
    ----------
    design : Design
        Fractions, radii and weights.
    laws : Laws
        Of the active material.
    mesh : Mesh
        Its shells.
    mechanisms : tuple of Mechanism
        What degrades it.
    first, volumes : int
        Where it lies through the plane.
    places : int
        Places for particles: as many as volumes, or 1 for all of them.
    """
    radius = np.asarray(design.radii, float)
    active = design.active_fraction * np.asarray(design.weights, float)

    edges = mesh.shell_edges()

    def everywhere(values: np.ndarray) -> np.ndarray:
        return np.tile(values, (places, 1))

    return Electrode(
        laws=laws,
        interface=everywhere(design.surface_factor * 3.0 * active / radius),
        active=everywhere(active),
        radius=everywhere(radius),
        core=everywhere(np.ones(radius.shape)),
        mechanisms=mechanisms,
        half_shell=float(0.5 * (edges[-1] - edges[-2])),
        first=first,
        volumes=volumes,
    )
