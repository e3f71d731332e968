"""Block preconditioner of the coupled system: potentials first, then concentrations.

The absolute potentials phi_s, phi_e and V form one weighted graph (faces, interfaces, collector), solved by a
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
from microcell_kernels import halo
from microcell_kernels.grid_operator import GridOperator, Stacked
from microcell_kernels.multigrid import Hierarchy, Values
from microcell_kernels.stencil import lower, upper

from ..cell.jacobian import AxisJacobian, Jacobian, apply_to_potentials
from ..cell.residual import System
from ..cell.slabs import Slabs
from ..cell.state import Unknowns
from .typical import STEP, typical_operators

FAR = 3.0
"""Cells that lithium must reach in the solid within a long step for coarse levels to carry it: two sweeps of
the smoother carry it that far. It costs 30 bytes per cell."""


class Hierarchies(eqx.Module):
    """Multigrid patterns of the potentials and of the concentrations."""

    potential: Hierarchy
    concentration: Hierarchy

    @staticmethod
    def build(system: System, slabs: Slabs | None = None, jacobian: Jacobian | None = None) -> Hierarchies:
        """Set up both patterns on the host.

        Parameters
        ----------
        system : System
            The whole cell.
        slabs : Slabs, optional
            How it is spread over devices.
        jacobian : Jacobian, optional
            A linearization whose values the patterns are judged by. Where left out, typical values of the
            geometry are taken (:mod:`.typical`), which no parameter and no state changes; but coarse levels
            carry the lithium of the solid where its diffusivity at half charge asks for it (``FAR``).
        """
        geometry = system.geometry
        both = np.stack([np.asarray(geometry.electronic), np.asarray(geometry.ionic)])
        if jacobian is None:
            insulated = bool(jnp.isinf(system.laws.particle_contact))
            potential, salt = typical_operators(geometry, insulated)
        else:
            potential, salt = potential_operator(system, jacobian), concentration_operator(system, jacobian)
        carried = np.asarray(geometry.ionic)[None]
        if _diffusion_number(system) > FAR**2:
            carried = carried | np.asarray(geometry.active)
        if slabs is None:
            return Hierarchies(Hierarchy.build(potential, both), Hierarchy.build(salt, carried, sweeps=1))
        links = slabs.split_links(np.asarray(potential.link))
        none = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
        grounds = [slabs.split_cells(operator.grounds()) for operator in (potential, salt)]
        potential, salt = (_filled_up(operator, slabs) for operator in (potential, salt))
        both, carried = slabs.split_cells(both), slabs.split_cells(carried)
        return Hierarchies(
            Hierarchy.build(potential, both, slabs=slabs.count, ground=grounds[0], links=links),
            Hierarchy.build(salt, carried, sweeps=1, slabs=slabs.count, ground=grounds[1], links=none),
        )


def _diffusion_number(system: System) -> float:
    """``D dt / h^2`` of active material at half charge, in a long step along the shortest edge of a cell."""
    geometry, laws = system.geometry, system.laws
    slices = np.asarray(geometry.active).any(axis=(1, 2))
    thinnest = np.min(np.asarray(geometry.dz), where=slices, initial=np.inf)
    shortest = min(float(thinnest), float(geometry.dy), float(geometry.dx))
    diffusivity = float(laws.diffusivity_s(jnp.asarray(0.5), laws.temperature))
    return diffusivity * STEP / shortest**2


def _filled_up(operator: GridOperator, slabs: Slabs) -> GridOperator:
    """Add the inert slices of a slab layout to the faces of an operator."""
    return eqx.tree_at(
        lambda o: o.conductance,
        operator,
        tuple(slabs.split_cells(np.asarray(g)) for g in operator.conductance),
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
        """Return an approximate solution of the linearized system for a residual in float32."""
        fine = self.potential.fine
        held = fine.terminal_free == 0
        voltage = jnp.where(held, r.voltage / jacobian.terminal[1], 0.0)
        electron = r.phi_s.at[system.geometry.collector].add(jacobian.collector * voltage)
        right = Stacked(jnp.stack([electron, r.phi_e]), jnp.where(held, 0.0, r.voltage))
        level = jnp.where(held, 0.0, _level(system, fine, right))
        phi = self.hierarchies.potential.cycle(self.potential, _without_level(system, fine, right, level))
        phi_s = jnp.where(
            system.geometry.electronic, phi.fields[0] - jnp.where(held, voltage, phi.terminal), 0.0
        )
        voltage = jnp.where(held, voltage, level + phi.terminal)
        first = Unknowns(jnp.zeros_like(r.c), phi_s, phi.fields[1], voltage)
        rest = jax.tree.map(jnp.subtract, r, apply_to_potentials(system, jacobian, first))
        # held concentrations have rows of their own, which the charge balance is no part of
        lithium = rest.c - jacobian.moving * jacobian.transference * rest.phi_e
        c = self.hierarchies.concentration.cycle(
            self.concentration, Stacked(lithium[None], jnp.zeros_like(r.voltage))
        ).fields[0]
        phi_e = first.phi_e + jacobian.diffusion_potential * c
        return first._replace(c=c, phi_e=phi_e)


def _level(system: System, fine: GridOperator, right: Stacked) -> Array:
    """Common rise of the solid and the terminal that balances what enters them, the electrolyte at rest.

    Where interfaces conduct little, as in nearly full particles, it is many times larger than all differences
    within the solid; float32 would lose these beside it, and well conducting carbon turn that into currents.
    """
    geometry = system.geometry
    entering = geometry.total(right.fields[0]) + right.terminal
    leaving = geometry.sum_faces(fine.link) + fine.terminal_ground
    return entering / jnp.where(leaving > 0, leaving, 1.0)


def _without_level(system: System, fine: GridOperator, right: Stacked, level: Array) -> Stacked:
    """Take off a right-hand side what a common rise of the solid drives through the interfaces."""
    geometry = system.geometry
    through = fine.link * level
    electron = right.fields[0] - geometry.sum_at(geometry.faces.p, through)
    ion = right.fields[1] + geometry.sum_at(geometry.faces.q, through)
    return Stacked(jnp.stack([electron, ion]), right.terminal - fine.terminal_ground * level)


def potential_operator(system: System, jacobian: Jacobian) -> GridOperator:
    """The potentials as a graph: inner faces, condensed interfaces, lithium plane, collector."""
    geometry = system.geometry
    free = (jacobian.terminal[0] > 0).astype(jacobian.mass.dtype)
    return GridOperator(
        conductance=tuple(a.potential for a in jacobian.axes),  # type: ignore[arg-type]
        ground=None,
        bottom=-jacobian.lithium_phi,
        link_p=geometry.faces.p,
        link_q=geometry.faces.q + geometry.numbered_cells,
        link=_condensed(system, jacobian),
        top=jacobian.collector,
        terminal_ground=jnp.maximum(free * jacobian.terminal[1], 0.0),
        terminal_free=free,
        top_plane=geometry.collector,
        slabs=geometry.slabs,
    )


def _condensed(system: System, jacobian: Jacobian) -> Array:
    """Interface conductances with the answer of the surface concentration taken in.

    A uniform current into a half space of cells changes the first cell by ``1 / (m (1 + sqrt(1 + 4 q)) / 2)``
    per ampere, m being its storage and q = D dt / h^2 its diffusion number.
    """
    geometry, faces, slabs = system.geometry, system.geometry.faces, system.geometry.slabs
    mass = geometry.at(jacobian.mass, faces.p)
    conduction = jacobian.axes[0].lithium_drop
    inside = lower(geometry.active, -3, slabs) & upper(geometry.active, -3, slabs)
    depth = halo.largest(jnp.max(jnp.where(inside, conduction, 0.0)), slabs)
    answer = mass * 0.5 * (1.0 + jnp.sqrt(1.0 + 4.0 * depth / mass))
    # a face between two slabs needs the reaction of all faces of its solid cell, wherever they are listed
    reaction = geometry.at(_reaction(system, jacobian), faces.p)
    return jacobian.face.voltage / (1.0 + reaction / answer)


def _reaction(system: System, jacobian: Jacobian) -> Array:
    """Derivative of the currents out of each solid cell by its concentration, shape of the cells; none where
    concentrations are held.
    """
    reaction = system.geometry.sum_at(system.geometry.faces.p, jnp.maximum(jacobian.face.c_solid, 0.0))
    return jacobian.moving * reaction


def concentration_operator(system: System, jacobian: Jacobian) -> GridOperator:
    """Storage, diffusion and reaction of all concentrations, symmetrized, with migration taken out."""
    dtype = jacobian.mass.dtype
    none = jnp.zeros(0, jnp.int32)
    nothing = jnp.zeros((), dtype)
    return GridOperator(
        conductance=tuple(jacobian.moving * _diffusion_conductance(a)[None] for a in jacobian.axes),  # type: ignore[arg-type]
        ground=(jacobian.mass + _reaction(system, jacobian))[None],
        link_p=none,
        link_q=none,
        link=jnp.zeros(0, dtype),
        top=jnp.zeros_like(jacobian.collector),
        terminal_ground=nothing,
        terminal_free=nothing,
        slabs=system.geometry.slabs,
    )


def _diffusion_conductance(a: AxisJacobian) -> Array:
    """Lithium flux by the drop of c without what ``t_plus i_e`` carries."""
    ionic = a.potential[1]
    t_plus = jnp.where(ionic > 0, a.migration / jnp.where(ionic > 0, ionic, 1.0), 0.0)
    return jnp.maximum(a.lithium_drop - t_plus * a.charge_drop, 0.0)
