"""The equations of the cell, where they meet (model, sections 2-4 and 6); linearized in :mod:`.jacobian`.

All rows are in ampere: charge balances as they are, lithium balances times F, the control as a current.
"""

from __future__ import annotations

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from microcell_kernels.halo import Slabs
from microcell_kernels.stencil import AXES, lower, outflow, upper

from ..image.phases import CBD, SEPARATOR
from ..parameters.constants import F
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
from ..protocol.resolve import POWER, VOLTAGE
from .geometry import Geometry
from .state import Control, Currents, Inertia, Unknowns


class System(eqx.Module):
    """A cell: geometry, laws and the current that scales the residual."""

    geometry: Geometry
    laws: Laws
    one_c_current: Array


class Context(NamedTuple):
    """What is fixed during one implicit step.

    Attributes
    ----------
    film : Array
        Film on each face [m].
    inertia : Inertia
        Time derivative.
    control : Control
        What the terminals impose.
    source : Unknowns, optional
        Sources of each balance [A], for manufactured solutions; none in a cell.
    """

    film: Array
    inertia: Inertia
    control: Control
    source: Unknowns | None = None


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


def sides_of(properties: CellProperties, u: Unknowns, axis: int, slabs: Slabs) -> tuple[Side, Side]:
    """Properties and unknowns of the cells below and above every inner face normal to an axis."""
    whole = Side(properties, u.c, u.phi_s, u.phi_e)
    return both_sides(whole, axis, slabs)


def both_sides(whole: Side, axis: int, slabs: Slabs) -> tuple[Side, Side]:
    """Cells below and above every inner face normal to an axis."""
    low = jax.tree.map(lambda a: lower(a, axis, slabs), whole)
    return low, jax.tree.map(lambda a: upper(a, axis, slabs), whole)


def contact_resistance(system: System, number: int) -> Array | None:
    """Area resistance of the particle contacts on the faces of axis ``number`` [Ohm.m2]; None without any."""
    marks = system.geometry.contact
    return None if marks is None else jnp.where(marks[number], system.laws.particle_contact, 0.0)


def axis_fluxes(system: System, properties: CellProperties, u: Unknowns, number: int) -> FaceFluxes:
    """Fluxes through the inner faces normal to axis ``number`` (0, 1, 2) [A], towards higher index."""
    axis = AXES[number]
    half_low, half_high, area = system.geometry.spacing(axis)
    low, high = sides_of(properties, u, axis, system.geometry.slabs)
    contact = contact_resistance(system, number)
    flux = face_fluxes(low, high, half_low, half_high, system.laws.temperature, contact)
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


def lithium_plane(system: System, properties: CellProperties, u: Unknowns) -> kinetics.PlaneProblem:
    """Gather what the lithium electrode knows of the first plane of cells.

    Slabs that do not touch it get a relaxed plane, so that their solves are trivial.
    """
    here, laws = system.geometry.at_lithium, system.laws

    def first(cells: Array, elsewhere: float) -> Array:
        return jnp.where(here, cells[0], elsewhere)

    return kinetics.plane_problem(
        laws.temperature,
        first(u.phi_e, 0.0),
        first(u.c, REFERENCE_CONCENTRATION),
        0.5 * system.geometry.dz[0],
        first(properties.conductivity_e, 1.0),
        first(properties.mobility, 1.0),
        first(properties.transference, 1.0),
        first(properties.thermodynamic_factor, 0.0),
    )


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
    plane = kinetics.solve_lithium(system.laws, lithium_plane(system, properties, u), guess.lithium)
    electron, ion, lithium = _divergences(system, properties, u)
    released = coverage(system) * faces.area * root.value
    electron, ion, lithium = exchange(geometry, electron, ion, lithium, released)
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
    if context.source is not None:
        rows = jax.tree.map(jnp.subtract, rows, context.source)
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


def exchange(
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
