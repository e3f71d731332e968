"""The linearized equations of the cell: coefficients at a state, and their product with a correction."""

from __future__ import annotations

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from microcell_kernels.schedule import alone
from microcell_kernels.stencil import AXES, lower, outflow, upper

from ..parameters.constants import F, R
from ..physics import kinetics
from ..physics.transport import CONCENTRATION_FLOOR, CellProperties, FaceFluxes, Side, face_fluxes
from ..protocol.resolve import POWER, VOLTAGE
from .geometry import Geometry
from .residual import (
    Context,
    System,
    both_sides,
    cell_properties,
    collector_conductance,
    contact_resistance,
    coverage,
    exchange,
    face_problem,
    ionic_factor,
    lithium_plane,
    sides_of,
    voltage_scale,
)
from .state import Control, Currents, Unknowns


class AxisJacobian(NamedTuple):
    """Derivatives of the fluxes through the inner faces of one axis.

    Attributes
    ----------
    potential : Array, shape (2, faces)
        Conductances for phi_s and phi_e [S].
    charge_drop, charge_sum : Array
        Derivative of the charge flux by the drop of c (lower minus upper cell) and by its sum; charge is
        electronic beside active material, ionic elsewhere.
    lithium_drop, lithium_sum : Array
        The same for the lithium flux.
    migration : Array
        Derivative of the lithium flux by the drop of phi_e [S].
    """

    potential: Array
    charge_drop: Array
    charge_sum: Array
    lithium_drop: Array
    lithium_sum: Array
    migration: Array


class Jacobian(NamedTuple):
    """The linearized residual, coefficients only: applied matrix-free by :func:`apply`.

    Attributes
    ----------
    axes : three AxisJacobian
        Transport.
    mass : Array, shape (nz, ny, nx)
        Derivative of the storage term [A.m3.mol-1].
    face : Sensitivities
        Interface currents [A] by voltage and the two concentrations.
    lithium_phi, lithium_c : Array, shape (ny, nx)
        Lithium-plane current [A] by phi_e and c.
    collector, collector_c : Array, shape (ny, nx)
        Collector current by phi_s and by c.
    terminal : Array, shape (2,)
        Control row: factor of the inflow, factor of the voltage.
    moving : Array, scalar
        0 where concentrations are held, see :class:`.state.Inertia`.
    transference, diffusion_potential : Array, shape (nz, ny, nx)
        ``t_plus`` and the change of phi_e with c at zero current [V.m3.mol-1]; the preconditioner uncouples
        salt and charge with them.
    """

    axes: tuple[AxisJacobian, ...]
    mass: Array
    face: kinetics.Sensitivities
    lithium_phi: Array
    lithium_c: Array
    collector: Array
    collector_c: Array
    terminal: Array
    moving: Array
    transference: Array
    diffusion_potential: Array


def linearize(
    system: System, context: Context, u: Unknowns, currents: Currents, dtype: jnp.dtype
) -> Jacobian:
    """Linearize the residual at solved face currents.

    Parameters
    ----------
    system, context, u
        As in :func:`evaluate`.
    currents : Currents
        Solved there.
    dtype : dtype
        Precision of the coefficients and of the cell values that they are made of; float32 slows Newton's
        convergence by what it rounds, and does not change its answer.
    """
    geometry = system.geometry
    wide = jax.jvp(lambda c: cell_properties(system, c), (u.c,), (jnp.ones_like(u.c),))
    properties, slopes = jax.tree.map(lambda a: a.astype(dtype), wide)
    cells = u._replace(**{name: getattr(u, name).astype(dtype) for name in ("c", "phi_s", "phi_e")})
    problem = face_problem(system, properties, u, context.film)
    scale = coverage(system) * geometry.faces.area
    by = kinetics.sensitivities(system.laws, problem, currents.face)
    plane_phi, plane_c = _plane_slopes(system, u, currents.lithium)
    plane = geometry.ionic[0] & geometry.at_lithium
    top, top_slope = jax.jvp(lambda p: collector_conductance(system, p), (properties,), (slopes,))
    porosity, _ = ionic_factor(geometry, system.laws)
    jacobian = Jacobian(
        axes=tuple(_axis_alone(system, properties, slopes, cells, number, dtype) for number in range(3)),
        mass=jnp.where(
            geometry.active | geometry.ionic, F * geometry.volume * porosity * context.inertia.rate, 0.0
        ),
        face=kinetics.Sensitivities(*(scale * s for s in by)),
        lithium_phi=jnp.where(plane, plane_phi, 0.0) * geometry.section,
        lithium_c=jnp.where(plane, plane_c, 0.0) * geometry.section,
        collector=top,
        collector_c=top_slope * u.phi_s[geometry.collector],
        terminal=_control_slopes(system, context.control, u.voltage),
        moving=jnp.asarray(context.inertia.moving),
        transference=properties.transference,
        diffusion_potential=_diffusion_potential(system, properties, u.c),
    )
    return jax.tree.map(lambda a: a.astype(dtype), jacobian)


def _plane_slopes(system: System, u: Unknowns, current: Array) -> tuple[Array, Array]:
    """Derivatives of the current density of the lithium plane by phi_e and c of the first slice.

    From that slice alone: slopes of the properties that waited for this would be kept for all cells.
    """
    names = ("phase", "ionic", "active", "electronic")
    slices = [getattr(system.geometry, name)[:1] for name in names]
    first = eqx.tree_at(lambda s: [getattr(s.geometry, name) for name in names], system, slices)
    phi_e, c = u.phi_e[:1], u.c[:1]

    def plane(c: Array) -> kinetics.PlaneProblem:
        return lithium_plane(first, cell_properties(first, c), u._replace(c=c, phi_e=phi_e))

    problem, by_c = jax.jvp(plane, (c,), (jnp.ones_like(c),))
    return kinetics.lithium_sensitivities(system.laws, problem, by_c, current)


def _diffusion_potential(system: System, properties: CellProperties, c: Array) -> Array:
    """Change of phi_e with c where no current flows, ``(2RT/F) (1 - t_plus) (1 + dlnf/dlnc) / c``."""
    factor = (1 - properties.transference) * properties.thermodynamic_factor
    safe = jnp.where(system.geometry.ionic, jnp.maximum(c, CONCENTRATION_FLOOR), jnp.inf)
    return 2 * R * system.laws.temperature / F * factor / safe


def _control_slopes(system: System, control: Control, voltage: Array) -> Array:
    held = jnp.stack([jnp.zeros(()), voltage_scale(system)])
    power = jnp.stack([jnp.ones(()), -control.value / voltage**2])
    free = jnp.where(control.mode == POWER, power, jnp.array([1.0, 0.0]))
    return jnp.where(control.mode == VOLTAGE, held, free)


def _axis_alone(
    system: System,
    properties: CellProperties,
    slopes: CellProperties,
    u: Unknowns,
    number: int,
    dtype: jnp.dtype,
) -> AxisJacobian:
    """:func:`_axis_jacobian`, one axis behind the other."""

    def compute() -> AxisJacobian:
        return jax.tree.map(lambda a: a.astype(dtype), _axis_jacobian(system, properties, slopes, u, number))

    if system.geometry.slabs is not None and AXES[number] == -3:
        return compute()
    return alone(system.one_c_current > 0, compute)


MICRO = 1e6
"""Micrometres in a metre."""


def _axis_jacobian(
    system: System, properties: CellProperties, slopes: CellProperties, u: Unknowns, number: int
) -> AxisJacobian:
    """Differentiate the fluxes of one axis by c (through the properties too) and by the potentials.

    Distances are taken in micrometres: squares of a conductance per metre leave the range of float32.
    """
    axis = AXES[number]
    half_low, half_high, area = (MICRO * a.astype(u.c.dtype) for a in system.geometry.spacing(axis))
    low, high = sides_of(properties, u, axis, system.geometry.slabs)
    slabs = system.geometry.slabs
    one, zero = jnp.ones_like(u.c), jnp.zeros_like(u.c)
    by_c = both_sides(Side(slopes, one, zero, zero), axis, slabs)
    still = jax.tree.map(jnp.zeros_like, low)
    by_phi = Side(still.properties, still.c, jnp.ones_like(low.phi_s), jnp.ones_like(low.phi_e))
    contact, temperature = contact_resistance(system, number), system.laws.temperature.astype(u.c.dtype)
    if contact is not None:
        contact = (MICRO * contact).astype(u.c.dtype)

    def flux(low: Side, high: Side) -> FaceFluxes:
        return face_fluxes(low, high, half_low, half_high, temperature, contact)

    def along(low_tangent: Side, high_tangent: Side) -> FaceFluxes:
        _, tangent = jax.jvp(flux, (low, high), (low_tangent, high_tangent))
        return FaceFluxes(*(area * t for t in tangent))

    c_low, c_high, phi = along(by_c[0], still), along(still, by_c[1]), along(by_phi, still)
    charge_low, charge_high = c_low.electronic + c_low.ionic, c_high.electronic + c_high.ionic
    return AxisJacobian(
        potential=jnp.stack([phi.electronic, phi.ionic]),
        charge_drop=0.5 * (charge_low - charge_high),
        charge_sum=0.5 * (charge_low + charge_high),
        lithium_drop=0.5 * (c_low.lithium - c_high.lithium),
        lithium_sum=0.5 * (c_low.lithium + c_high.lithium),
        migration=phi.lithium,
    )


def apply(system: System, jacobian: Jacobian, v: Unknowns) -> Unknowns:
    """Apply the linearized residual to a correction, in the precision of that."""
    return _apply(system, jacobian, v, v.c)


def apply_to_potentials(system: System, jacobian: Jacobian, v: Unknowns) -> Unknowns:
    """Apply the linearized residual to the potentials of a correction, whose concentrations are zero."""
    return _apply(system, jacobian, v, None)


def _apply(system: System, jacobian: Jacobian, v: Unknowns, c: Array | None) -> Unknowns:
    geometry = system.geometry
    electron, ion, lithium = _linear_divergences(geometry, jacobian, v, c)
    faces, face, last = geometry.faces, jacobian.face, geometry.collector
    drop = geometry.at(v.phi_s, faces.p) + v.voltage - geometry.at(v.phi_e, faces.q)
    released = face.voltage * drop
    inflow, collector = jacobian.lithium_phi * v.phi_e[0], jacobian.collector * v.phi_s[last]
    if c is not None:
        released = released + face.c_solid * geometry.at(c, faces.p)
        released = released + face.c_electrolyte * geometry.at(c, faces.q)
        inflow, collector = inflow + jacobian.lithium_c * c[0], collector + jacobian.collector_c * c[last]
    electron, ion, lithium = exchange(geometry, electron, ion, lithium, released)
    electron = electron.at[last].add(collector)
    ion, lithium = ion.at[0].add(-inflow), lithium.at[0].add(-inflow)
    lithium = jacobian.moving * lithium + (0.0 if c is None else jacobian.mass * c)
    terminal = -jacobian.terminal[0] * geometry.total(collector) + jacobian.terminal[1] * v.voltage
    return Unknowns(lithium, electron, ion, terminal)


def _linear_divergences(
    geometry: Geometry, jacobian: Jacobian, v: Unknowns, c: Array | None
) -> tuple[Array, Array, Array]:
    """Divergences of the linearized fluxes, with or without those that concentrations drive.

    Differences and sums are taken in the precision of ``v``, products in that of the coefficients: each flux
    is rounded once and shared by its two cells, and XLA has no reason to keep a wide copy of the
    coefficients.
    """
    wide, narrow, slabs = v.phi_s.dtype, jacobian.mass.dtype, geometry.slabs
    electron, ion, lithium = (jnp.zeros_like(v.phi_s) for _ in range(3))
    for axis, a in zip(AXES, jacobian.axes, strict=True):

        def sides(x: Array) -> tuple[Array, Array]:
            return lower(x, axis, slabs), upper(x, axis, slabs)  # noqa: B023

        def drop(x: Array) -> Array:
            low, high = sides(x)
            return (low - high).astype(narrow)

        electronic = a.potential[0] * drop(v.phi_s)
        ionic = a.potential[1] * drop(v.phi_e)
        salt = a.migration * drop(v.phi_e)
        if c is not None:
            sums = jnp.add(*sides(c)).astype(narrow)
            charge = a.charge_drop * drop(c) + a.charge_sum * sums
            low, high = sides(geometry.active)
            electronic = electronic + jnp.where(low | high, charge, 0)
            ionic = ionic + jnp.where(low | high, 0, charge)
            salt = salt + a.lithium_drop * drop(c) + a.lithium_sum * sums
        electron = electron + outflow(electronic.astype(wide), axis, slabs)
        ion = ion + outflow(ionic.astype(wide), axis, slabs)
        lithium = lithium + outflow(salt.astype(wide), axis, slabs)
    return electron, ion, lithium
