"""The equations of the porous electrode (DFN), as residuals of one time step.

Doyle, Fuller & Newman 1993 (doi 10.1149/1.2221597) with transport, kinetics, film and lithium metal of the 3D
model (`microcell.physics`). Fluxes are two-point; every term is evaluated at the new time.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from microcell_kernels.faces import series_conductance

from ..parameters.constants import F
from ..physics import kinetics, transport
from .cell import Cell
from .control import Control, control_residual
from .state import Unknowns, film_terms, voltage


class Step(NamedTuple):
    """What a step holds fixed: ``(a0 y + past) / dt = f(y)``.

    Attributes
    ----------
    dt, a0 : step [s] and leading coefficient.
    past_s, past_e : weighted past of c_s and c_e [mol.m-3].
    film : thickness of the film at the end of the step [m], (E, P).
    control : what the terminals impose.
    """

    dt: Array
    a0: Array
    past_s: Array
    past_e: Array
    film: Array
    control: Control


class Residual(NamedTuple):
    """What is left of each equation; shapes as in :class:`~microcell.p2d.state.Unknowns`.

    Attributes
    ----------
    radial : lithium balance of the shells [mol.m-3].
    kinetics : Eq. 4 at the particle surfaces [V].
    through : salt balance [mol.m-2], charge of electrolyte and of solid [A.m-2], (N, 3).
    lithium : charge transfer at the lithium plane [V].
    control : of the terminals, [A.m-2], [V] or [W.m-2].
    """

    radial: Array
    kinetics: Array
    through: Array
    lithium: Array
    control: Array


def residual(cell: Cell, step: Step, u: Unknowns) -> Residual:
    """Evaluate all equations."""
    return Residual(
        radial=radial_residual(cell, step, u.c_s, u.current),
        kinetics=surface_balance(cell, step.film, u.phi_s - u.phi_e, u.c_s[..., -1], u.c_e, u.current),
        through=through_residual(cell, step, u),
        lithium=lithium_balance(cell, u.c_e[0], u.phi_e[0], u.lithium),
        control=control_residual(step.control, voltage(cell, u), u.applied),
    )


# --- lithium in the particles ----------------------------------------------------------------------


def shell_flux(cell: Cell, inner: Array, outer: Array) -> Array:
    """Lithium through the inner shell faces, outwards, over ``4 pi R`` [mol.m-1.s-1], (E, P, radial - 1).

    Parameters
    ----------
    cell : Cell
        The cell.
    inner, outer : Array
        Concentrations on both sides of each face [mol.m-3].
    """
    edges = cell.mesh.shell_edges()
    half = 0.5 * (edges[1:] - edges[:-1])
    laws = cell.laws
    d_inner, d_outer = (laws.diffusivity_s(c / laws.c_max, laws.temperature) for c in (inner, outer))
    g = series_conductance(d_inner, d_outer, half[None, None, :-1], half[None, None, 1:])
    return jnp.asarray(edges[None, None, 1:-1] ** 2) * g * (inner - outer)


def radial_residual(cell: Cell, step: Step, c_s: Array, current: Array) -> Array:
    """Balance of the shells; the surface current takes lithium from the last one."""
    flux = shell_flux(cell, c_s[..., :-1], c_s[..., 1:]) / cell.radius[None, :, None] ** 2
    surface = (current / (F * cell.radius[None]))[..., None]
    outflow = jnp.diff(jnp.concatenate([jnp.zeros_like(surface), flux, surface], -1), axis=-1)
    return step.a0 * c_s + step.past_s + step.dt * outflow / cell.shell_volume[None, None]


# --- charge transfer -------------------------------------------------------------------------------


def surface_concentration(cell: Cell, c_last: Array, current: Array) -> Array:
    """Lithium at the particle surface, half a shell beyond the last centre [mol.m-3] (c_so of the model)."""
    return c_last - half_shell(cell, c_last) * current


def half_shell(cell: Cell, c_last: Array) -> Array:
    """Fall of the concentration from the last shell to the surface per current [mol.m-3 per A.m-2]."""
    edges = cell.mesh.shell_edges()
    mobility = transport.solid_properties(cell.laws, c_last)[1]
    return 0.5 * (edges[-1] - edges[-2]) * cell.radius[None] / mobility


def surface_balance(cell: Cell, film: Array, drop: Array, c_last: Array, c_e: Array, current: Array) -> Array:
    """Eq. 4 at every particle surface [V], (E, P); ``drop`` is phi_s - phi_e of all volumes, (N,)."""
    s, shape = cell.mesh.separator, cell.interface.shape
    resistance, shift = film_terms(cell, film)
    problem = kinetics.FaceProblem(
        voltage=jnp.broadcast_to(drop[s:, None], shape),
        c_solid=c_last,
        c_electrolyte=jnp.broadcast_to(c_e[s:, None], shape),
        resistance=resistance,
        shift=shift + half_shell(cell, c_last),
    )
    return kinetics.voltage_balance(cell.laws, problem, current)


def lithium_balance(cell: Cell, c: Array, phi_e: Array, current: Array) -> Array:
    """What is left at the lithium plane [V]; the half volume before it carries current and salt."""
    laws, b = cell.laws, cell.transport[0]
    kappa, mobility, t_plus, factor = transport.electrolyte_properties(laws, c)
    problem = kinetics.plane_problem(
        laws.temperature, phi_e, c, 0.5 * cell.width[0], b * kappa, b * mobility, t_plus, factor
    )
    return kinetics.lithium_balance(laws, problem, current)


# --- through the plane -----------------------------------------------------------------------------


def cell_properties(cell: Cell, c: Array) -> transport.CellProperties:
    """Return the effective properties of all volumes at their concentrations."""
    kappa, mobility, t_plus, factor = transport.electrolyte_properties(cell.laws, c)
    log_c = jnp.log(jnp.maximum(c, transport.CONCENTRATION_FLOOR) / transport.REFERENCE_CONCENTRATION)
    b = cell.transport
    return transport.CellProperties(
        jnp.asarray(cell.conductivity_s), b * kappa, b * mobility, t_plus, factor, log_c
    )


def side(properties: transport.CellProperties, u: Unknowns, part: slice) -> transport.Side:
    """Cut out the volumes on one side of the inner faces."""
    cut = transport.CellProperties(*(value[part] for value in properties))
    return transport.Side(cut, u.c_e[part], u.phi_s[part], u.phi_e[part])


def inner_fluxes(cell: Cell, low: transport.Side, high: transport.Side) -> Array:
    """Salt times F, ionic and electronic current through the inner faces [A.m-2], (N - 1, 3)."""
    half = 0.5 * cell.width
    flux = transport.face_fluxes(low, high, half[:-1], half[1:], cell.laws.temperature)
    return jnp.stack([flux.lithium, flux.ionic, flux.electronic], -1)


def through_residual(cell: Cell, step: Step, u: Unknowns) -> Array:
    """Balances of salt [mol.m-2], ionic and electronic charge [A.m-2] of every volume, (N, 3)."""
    properties = cell_properties(cell, u.c_e)
    inner = inner_fluxes(cell, side(properties, u, slice(None, -1)), side(properties, u, slice(1, None)))
    zero = jnp.zeros_like(u.applied)
    first = jnp.stack([u.lithium, u.lithium, zero])[None]
    last = jnp.stack([zero, zero, u.applied])[None]
    balance = jnp.diff(jnp.concatenate([first, inner, last]), axis=0) - surface_sources(cell, u.current)
    stored = cell.width * cell.porosity * (step.a0 * u.c_e + step.past_e)
    salt = stored + step.dt / F * balance[:, 0]
    solid = jnp.where(cell.conductivity_s > 0, balance[:, 2], u.phi_s)
    return jnp.stack([salt, balance[:, 1], solid], -1)


def surface_sources(cell: Cell, current: Array) -> Array:
    """What the particle surfaces give to salt, electrolyte and solid of each volume [A.m-2], (N, 3)."""
    s = cell.mesh.separator
    into = cell.width[s:] * jnp.sum(cell.interface * current, axis=-1)
    return jnp.concatenate([jnp.zeros((s, 3)), jnp.stack([into, into, -into], -1)])
