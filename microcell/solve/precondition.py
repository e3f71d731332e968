"""Block preconditioner of the coupled system: potentials first, then concentrations.

The potentials phi_s, phi_e and V form one weighted graph (faces, interfaces, collector), solved by a
multigrid K-cycle in float32. The interface conductances are condensed: a current also changes the surface
concentration and with it U, and that answer is known locally. Concentrations follow with the currents that
the potentials have set.

Salt and charge of the electrolyte are strongly coupled as they stand: block elimination would contract by
only ``t_plus kappa (2RT/F)(1 - t_plus)(1 + dlnf/dlnc) / (F c D)``, about 0.6 at 1 mol/l. They are uncoupled
first, by taking ``t_plus`` times the charge balance from the lithium balance (migration cancels), and by
letting phi_e follow the diffusion potential of the salt (which halves the Krylov iterations).
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from microcell_kernels.multigrid import GridOperator, Hierarchy, Stacked, Values

from ..cell.residual import AxisJacobian, Jacobian, System, apply
from ..cell.state import Unknowns


class Hierarchies(eqx.Module):
    """Multigrid patterns of the potentials and of the concentrations."""

    potential: Hierarchy
    concentration: Hierarchy

    @staticmethod
    def build(system: System, jacobian: Jacobian) -> Hierarchies:
        """Set up both patterns on the host, once per geometry, from a representative linearization."""
        geometry = system.geometry
        both = np.stack([np.asarray(geometry.electronic), np.asarray(geometry.ionic)])
        return Hierarchies(
            potential=Hierarchy.build(potential_operator(system, jacobian), both),
            # solid diffusion is short-ranged within a step: left to the smoother, coarse cells carry salt
            concentration=Hierarchy.build(concentration_operator(system, jacobian), both[1:]),
        )


class Preconditioner(eqx.Module):
    """A refreshed preconditioner; call :meth:`apply` with a residual."""

    hierarchies: Hierarchies
    potential: Values
    concentration: Values

    @staticmethod
    def refresh(system: System, hierarchies: Hierarchies, jacobian: Jacobian) -> Preconditioner:
        """Give the hierarchies the values of a linearization."""
        return Preconditioner(
            hierarchies,
            hierarchies.potential.refresh(potential_operator(system, jacobian)),
            hierarchies.concentration.refresh(concentration_operator(system, jacobian)),
        )

    def apply(self, system: System, jacobian: Jacobian, r: Unknowns) -> Unknowns:
        """Return an approximate solution of the linearized system, in float32."""
        # a common scale keeps ampere of 1e-20 inside the range of float32
        scale = jnp.maximum(_largest(r), jnp.finfo(jnp.result_type(float)).tiny)
        r = jax.tree.map(lambda a: (a / scale).astype(jnp.float32), r)
        held = self.potential.fine.terminal_free == 0
        voltage = jnp.where(held, r.voltage / jacobian.terminal[1], 0.0)
        electron = r.phi_s.at[-1].add(jacobian.collector * voltage)
        right = Stacked(jnp.stack([electron, r.phi_e]), jnp.where(held, 0.0, r.voltage))
        phi = self.hierarchies.potential.cycle(self.potential, right)
        first = Unknowns(
            jnp.zeros_like(r.c), phi.fields[0], phi.fields[1], jnp.where(held, voltage, phi.terminal)
        )
        rest = jax.tree.map(jnp.subtract, r, apply(system, jacobian, first))
        lithium = rest.c - jacobian.transference * rest.phi_e
        c = self.hierarchies.concentration.cycle(
            self.concentration, Stacked(lithium[None], jnp.zeros_like(r.voltage))
        ).fields[0]
        phi_e = first.phi_e + jacobian.diffusion_potential * c
        return jax.tree.map(lambda a: a * scale, first._replace(c=c, phi_e=phi_e))


def _largest(r: Unknowns) -> Array:
    return jax.tree.reduce(jnp.maximum, jax.tree.map(lambda a: jnp.max(jnp.abs(a)), r))


def potential_operator(system: System, jacobian: Jacobian) -> GridOperator:
    """The potentials as a graph: inner faces, condensed interfaces, lithium plane, collector."""
    faces = system.geometry.faces
    cells = jacobian.mass.size
    ground = jnp.zeros((2, *jacobian.mass.shape), jacobian.mass.dtype)
    free = (jacobian.terminal[0] > 0).astype(ground.dtype)
    return GridOperator(
        conductance=tuple(jnp.stack([a.electronic, a.ionic]) for a in jacobian.axes),  # type: ignore[arg-type]
        ground=ground.at[1, 0].set(-jacobian.lithium_phi),
        link_p=faces.p,
        link_q=faces.q + cells,
        link=_condensed(system, jacobian),
        top=jacobian.collector,
        terminal_ground=jnp.maximum(free * jacobian.terminal[1], 0.0),
        terminal_free=free,
    )


def _condensed(system: System, jacobian: Jacobian) -> Array:
    """Interface conductances with the answer of the surface concentration taken in.

    A uniform current into a half space of cells changes the first cell by ``1 / (m (1 + sqrt(1 + 4 q)) / 2)``
    per ampere, m being its storage and q = D dt / h^2 its diffusion number.
    """
    faces = system.geometry.faces
    mass = jacobian.mass.ravel()[faces.p]
    conduction = jacobian.axes[0].lithium_drop
    depth = jnp.max(jnp.where(system.geometry.active[1:] & system.geometry.active[:-1], conduction, 0.0))
    answer = mass * 0.5 * (1.0 + jnp.sqrt(1.0 + 4.0 * depth / mass))
    reaction = (
        jnp.zeros(jacobian.mass.size, mass.dtype).at[faces.p].add(jnp.maximum(jacobian.face.c_solid, 0.0))
    )
    return jacobian.face.voltage / (1.0 + reaction[faces.p] / answer)


def concentration_operator(system: System, jacobian: Jacobian) -> GridOperator:
    """Storage, diffusion and reaction of all concentrations, symmetrized, with migration taken out."""
    faces = system.geometry.faces
    dtype = jacobian.mass.dtype
    reaction = jnp.zeros(jacobian.mass.size, dtype).at[faces.p].add(jnp.maximum(jacobian.face.c_solid, 0.0))
    none = jnp.zeros(0, jnp.int32)
    nothing = jnp.zeros((), dtype)
    return GridOperator(
        conductance=tuple(_diffusion_conductance(a)[None] for a in jacobian.axes),  # type: ignore[arg-type]
        ground=(jacobian.mass + reaction.reshape(jacobian.mass.shape))[None],
        link_p=none,
        link_q=none,
        link=jnp.zeros(0, dtype),
        top=jnp.zeros_like(jacobian.collector),
        terminal_ground=nothing,
        terminal_free=nothing,
    )


def _diffusion_conductance(a: AxisJacobian) -> Array:
    """Lithium flux by the drop of c without what ``t_plus i_e`` carries."""
    t_plus = jnp.where(a.ionic > 0, a.migration / jnp.where(a.ionic > 0, a.ionic, 1.0), 0.0)
    return jnp.maximum(a.lithium_drop - t_plus * a.charge_drop, 0.0)
