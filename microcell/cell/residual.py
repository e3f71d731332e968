"""The equations of the cell, where they meet, and their linearization (model, sections 2-4 and 6).

All rows are in ampere: charge balances as they are, lithium balances times F, the control as a current.
"""

from __future__ import annotations

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from microcell_kernels.halo import Slabs
from microcell_kernels.schedule import alone
from microcell_kernels.stencil import AXES, lower, outflow, upper

from ..image.phases import CBD, SEPARATOR
from ..parameters.constants import F, R
from ..parameters.laws import Laws
from ..physics import kinetics
from ..physics.transport import (
    CONCENTRATION_FLOOR,
    REFERENCE_CONCENTRATION,
    CellProperties,
    FaceFluxes,
    Side,
    electrolyte_properties,
    face_fluxes,
    solid_properties,
)
from .geometry import Geometry
from .state import POWER, VOLTAGE, Control, Currents, Inertia, Unknowns


class System(eqx.Module):
    """A cell: geometry, laws and the current that scales the residual."""

    geometry: Geometry
    laws: Laws
    one_c_current: Array


class Context(NamedTuple):
    """What is fixed during one implicit step: film [m], time derivative, control."""

    film: Array
    inertia: Inertia
    control: Control


class Balance(NamedTuple):
    """Residual rows, face currents, number of guarded faces and of faces without a root."""

    rows: Unknowns
    currents: Currents
    guarded: Array
    failures: Array


def ionic_factor(geometry: Geometry, laws: Laws) -> tuple[Array, Array]:
    """Porosity and transport factor b of the electrolyte in every cell (1 in pores)."""
    cbd, separator = geometry.phase == CBD, geometry.phase == SEPARATOR
    porosity = jnp.where(cbd, laws.cbd_porosity, jnp.where(separator, laws.separator_porosity, 1.0))
    tortuosity = jnp.where(cbd, laws.cbd_tortuosity, jnp.where(separator, laws.separator_tortuosity, 1.0))
    return porosity, porosity / tortuosity


def cell_properties(system: System, c: Array) -> CellProperties:
    """Evaluate every property law at the concentration of its own cell."""
    geometry, laws = system.geometry, system.laws
    _, b = ionic_factor(geometry, laws)
    ionic, active = geometry.ionic, geometry.active
    c_e = jnp.where(ionic, c, REFERENCE_CONCENTRATION)
    kappa, diffusion, t_plus, factor = electrolyte_properties(laws, c_e)
    sigma, solid_diffusion = solid_properties(laws, jnp.where(active, c, 0.5 * laws.c_max))
    carbon = jnp.where(geometry.electronic, laws.cbd_conductivity, 0.0)
    return CellProperties(
        conductivity_s=jnp.where(active, sigma, carbon),
        conductivity_e=jnp.where(ionic, b * kappa, 0.0),
        mobility=jnp.where(active, solid_diffusion, jnp.where(ionic, b * diffusion, 0.0)),
        transference=jnp.where(ionic, t_plus, 0.0),
        thermodynamic_factor=jnp.where(ionic, factor, 0.0),
        log_c=jnp.log(jnp.maximum(c_e, CONCENTRATION_FLOOR) / REFERENCE_CONCENTRATION),
    )


def _sides(properties: CellProperties, u: Unknowns, axis: int, slabs: Slabs) -> tuple[Side, Side]:
    whole = Side(properties, u.c, u.phi_s, u.phi_e)
    return _both_sides(whole, axis, slabs)


def _both_sides(whole: Side, axis: int, slabs: Slabs) -> tuple[Side, Side]:
    low = jax.tree.map(lambda a: lower(a, axis, slabs), whole)
    return low, jax.tree.map(lambda a: upper(a, axis, slabs), whole)


def _contact(system: System, number: int) -> Array | None:
    marks = system.geometry.contact
    return None if marks is None else jnp.where(marks[number], system.laws.particle_contact, 0.0)


def axis_fluxes(system: System, properties: CellProperties, u: Unknowns, number: int) -> FaceFluxes:
    """Fluxes through the inner faces normal to axis ``number`` (0, 1, 2) [A], towards higher index."""
    axis = AXES[number]
    half_low, half_high, area = system.geometry.spacing(axis)
    low, high = _sides(properties, u, axis, system.geometry.slabs)
    flux = face_fluxes(low, high, half_low, half_high, system.laws.temperature, _contact(system, number))
    return FaceFluxes(*(area * f for f in flux))


def coverage(system: System) -> Array:
    """Kinetic coverage theta of every interface face."""
    faces = system.geometry.faces
    return faces.coverage * jnp.where(faces.on_cbd, system.laws.cbd_coverage, 1.0)


def face_problem(
    system: System, properties: CellProperties, u: Unknowns, film: Array
) -> kinetics.FaceProblem:
    """Gather what each interface face needs: cell values, half cells and film in series."""
    geometry, laws = system.geometry, system.laws
    faces = geometry.faces
    theta = coverage(system) * faces.weight
    sigma, mobility = (geometry.at(a, faces.p) for a in (properties.conductivity_s, properties.mobility))
    kappa = geometry.at(properties.conductivity_e, faces.q)
    half_cells = theta * (faces.half_p / sigma + faces.half_q / kappa)
    return kinetics.FaceProblem(
        voltage=geometry.at(u.phi_s, faces.p) + u.voltage - geometry.at(u.phi_e, faces.q),
        c_solid=geometry.at(u.c, faces.p),
        c_electrolyte=geometry.at(u.c, faces.q),
        resistance=half_cells + film / laws.film_kappa,
        shift=theta * faces.half_p / mobility + film / (F * laws.film_diffusivity),
    )


def surface_concentration(system: System, u: Unknowns, currents: Currents) -> Array:
    """Lithium concentration of the active side of each face, ``c_so`` [mol.m-3]."""
    faces = system.geometry.faces
    c = system.geometry.at(u.c, faces.p)
    _, mobility = solid_properties(system.laws, c)
    return c - coverage(system) * faces.weight * faces.half_p / mobility * currents.face


def _lithium_plane(system: System, properties: CellProperties, u: Unknowns) -> tuple[Array, Array, Array]:
    """What the lithium electrode feels of the first plane: phi_e, c, half-cell resistance [Ohm.m2].

    Slabs that do not touch it get a relaxed plane, so that their solves are trivial.
    """
    here = system.geometry.at_lithium
    resistance = 0.5 * system.geometry.dz[0] / jnp.where(here, properties.conductivity_e[0], 1.0)
    c = jnp.where(here, u.c[0], REFERENCE_CONCENTRATION)
    return jnp.where(here, u.phi_e[0], 0.0), c, resistance


def collector_conductance(system: System, properties: CellProperties) -> Array:
    """Conductance of the last slice to the collector [S]; zero in slabs that do not touch it."""
    geometry = system.geometry
    sigma = properties.conductivity_s[geometry.collector]
    resistance = 0.5 * geometry.dz[geometry.collector] + sigma * system.laws.collector_contact
    return jnp.where(geometry.at_collector, sigma / resistance * geometry.section, 0.0)


def evaluate(system: System, context: Context, u: Unknowns, guess: Currents) -> Balance:
    """Evaluate the residual of one implicit step.

    Parameters
    ----------
    system : System
        The cell.
    context : Context
        Film, time derivative, control.
    u : Unknowns
        Where to evaluate.
    guess : Currents
        Start of the face solves.

    Returns
    -------
    Balance
        Rows [A], zero where a field does not exist.
    """
    geometry, faces = system.geometry, system.geometry.faces
    properties = cell_properties(system, u.c)
    problem = face_problem(system, properties, u, context.film)
    root = kinetics.solve_faces(system.laws, problem, guess.face)
    plane = kinetics.solve_lithium(system.laws, *_lithium_plane(system, properties, u), guess.lithium)
    electron, ion, lithium = _divergences(system, properties, u)
    released = coverage(system) * faces.area * root.value
    electron, ion, lithium = _exchange(geometry, electron, ion, lithium, released)
    inflow = jnp.where(geometry.at_lithium, plane.value * geometry.section, 0.0)
    ion, lithium = ion.at[0].add(-inflow), lithium.at[0].add(-inflow)
    collector = collector_conductance(system, properties) * u.phi_s[geometry.collector]
    electron = electron.at[geometry.collector].add(collector)
    porosity, _ = ionic_factor(geometry, system.laws)
    inertia = context.inertia
    stored = F * geometry.volume * porosity * (inertia.rate * (u.c - inertia.past))
    lithium = inertia.moving * lithium + stored
    rows = Unknowns(
        jnp.where(geometry.active | geometry.ionic, lithium, 0.0),
        jnp.where(geometry.electronic, electron, 0.0),
        jnp.where(geometry.ionic, ion, 0.0),
        _control_row(system, context.control, u.voltage, -geometry.total(collector)),
    )
    _, beyond = kinetics.interface_concentration(system.laws, problem, root.value)
    guarded = geometry.sum_faces((beyond != 0).astype(int))
    failures = geometry.total(root.failures + plane.failures)
    return Balance(rows, Currents(root.value, plane.value), guarded, failures)


def _divergences(system: System, properties: CellProperties, u: Unknowns) -> tuple[Array, Array, Array]:
    zero = jnp.zeros_like(u.c)
    total = (zero, zero, zero)
    for number, axis in enumerate(AXES):
        flux = axis_fluxes(system, properties, u, number)
        total = tuple(  # type: ignore[assignment]
            t + outflow(f, axis, system.geometry.slabs) for t, f in zip(total, flux, strict=True)
        )
    return total


def _exchange(
    geometry: Geometry, electron: Array, ion: Array, lithium: Array, released: Array
) -> tuple[Array, Array, Array]:
    """Take the interface currents [A] out of the solid and put them into the electrolyte."""
    from_solid = geometry.sum_at(geometry.faces.p, released)
    into_electrolyte = geometry.sum_at(geometry.faces.q, released)
    return electron + from_solid, ion - into_electrolyte, lithium + from_solid - into_electrolyte


def _control_row(system: System, control: Control, voltage: Array, inflow: Array) -> Array:
    """Collector current against what is asked; one millivolt of missed voltage counts as 1C."""
    held = (voltage - control.value) * voltage_scale(system)
    power = inflow + control.value / voltage
    row = jnp.where(control.mode == POWER, power, inflow + control.value)
    return jnp.where(control.mode == VOLTAGE, held, row)


def voltage_scale(system: System) -> Array:
    """Conductance that turns a voltage miss into a residual current [S]."""
    return system.one_c_current / 1e-3


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
    plane_phi, plane_c = kinetics.lithium_sensitivities(
        system.laws, *_lithium_plane(system, properties, u), currents.lithium
    )
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
    low, high = _sides(properties, u, axis, system.geometry.slabs)
    slabs = system.geometry.slabs
    one, zero = jnp.ones_like(u.c), jnp.zeros_like(u.c)
    by_c = _both_sides(Side(slopes, one, zero, zero), axis, slabs)
    still = jax.tree.map(jnp.zeros_like, low)
    by_phi = Side(still.properties, still.c, jnp.ones_like(low.phi_s), jnp.ones_like(low.phi_e))
    contact, temperature = _contact(system, number), system.laws.temperature.astype(u.c.dtype)
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
    electron, ion, lithium = _exchange(geometry, electron, ion, lithium, released)
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
