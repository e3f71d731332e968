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
from .control import Imposed, control_residual
from .electrode import Electrode
from .mechanism import Effects
from .state import Unknowns, voltage


class Step(NamedTuple):
    """What a step holds fixed: ``(a0 y + past) / dt = f(y)``.

    Attributes
    ----------
    dt, a0 : step [s] and leading coefficient.
    past_s, past_e : weighted past of c_s (per electrode) and c_e [mol.m-3].
    effects : of degradation at the end of the step, per electrode.
    control : what the terminals impose.
    """

    dt: Array
    a0: Array
    past_s: tuple[Array, ...]
    past_e: Array
    effects: tuple[Effects, ...]
    control: Imposed


class Residual(NamedTuple):
    """What is left of each equation; shapes as in :class:`~microcell.p2d.state.Unknowns`.

    Attributes
    ----------
    radial : lithium balance of the shells [mol.m-3], per electrode.
    kinetics : Eq. 4 at the particle surfaces [V], per electrode.
    through : salt balance [mol.m-2], charge of electrolyte and of solid [A.m-2], (N, 3).
    entering : charge transfer at the lithium metal, or Ohm's law to the negative collector [V].
    control : of the terminals, [A.m-2], [V] or [W.m-2].
    """

    radial: tuple[Array, ...]
    kinetics: tuple[Array, ...]
    through: Array
    entering: Array
    control: Array


def residual(cell: Cell, step: Step, u: Unknowns) -> Residual:
    """Evaluate all equations."""
    parts = list(zip(cell.electrodes, step.past_s, step.effects, u.c_s, u.current, strict=True))
    return Residual(
        radial=tuple(radial_residual(cell, e, step, past, c, i) for e, past, _, c, i in parts),
        kinetics=tuple(
            surface_balance(e, effects, e.seen(u.phi_s - u.phi_e), c[..., -1], e.seen(u.c_e), i)
            for e, _, effects, c, i in parts
        ),
        through=through_residual(cell, step, u),
        entering=entering_balance(cell, u.c_e[0], u.phi_e[0], u.phi_s[0], u.entering),
        control=control_residual(step.control, voltage(cell, u), u.applied),
    )


# --- lithium in the particles ----------------------------------------------------------------------


def shell_flux(cell: Cell, electrode: Electrode, inner: Array, outer: Array) -> Array:
    """Lithium through the inner shell faces, outwards, over ``4 pi R`` [mol.m-1.s-1], (E, P, radial - 1).

    Parameters
    ----------
    cell, electrode
        The cell, and which of its electrodes.
    inner, outer : Array
        Concentrations on both sides of each face [mol.m-3].
    """
    edges = cell.mesh.shell_edges()
    half = 0.5 * (edges[1:] - edges[:-1])
    laws = electrode.laws
    d_inner, d_outer = (laws.diffusivity_s(c / laws.c_max, laws.temperature) for c in (inner, outer))
    g = series_conductance(d_inner, d_outer, half[None, None, :-1], half[None, None, 1:])
    return jnp.asarray(edges[None, None, 1:-1] ** 2) * g * (inner - outer)


def radial_residual(
    cell: Cell, electrode: Electrode, step: Step, past: Array, c_s: Array, current: Array
) -> Array:
    """Balance of the shells; the surface current takes lithium from the last one."""
    radius = electrode.core_radius[..., None]
    flux = shell_flux(cell, electrode, c_s[..., :-1], c_s[..., 1:]) / radius**2
    surface = electrode.per_core(current)[..., None] / (F * radius)
    outflow = jnp.diff(jnp.concatenate([jnp.zeros_like(surface), flux, surface], -1), axis=-1)
    return step.a0 * c_s + past + step.dt * outflow / cell.shell_volume[None, None]


# --- charge transfer -------------------------------------------------------------------------------


def surface_concentration(electrode: Electrode, c_s: Array, current: Array) -> Array:
    """Lithium at the surface of the core, half a shell beyond the last centre [mol.m-3], c_so."""
    return c_s[..., -1] - half_shell(electrode, c_s[..., -1]) * current


def half_shell(electrode: Electrode, c_last: Array) -> Array:
    """Fall of the concentration from the last shell to the surface per current [mol.m-3 per A.m-2]."""
    mobility = transport.solid_properties(electrode.laws, c_last)[1]
    half = electrode.half_shell * electrode.core_radius
    return electrode.per_core(half / mobility)


def surface_balance(
    electrode: Electrode,
    effects: Effects,
    drop: Array,
    c_last: Array,
    c_e: Array,
    current: Array,
) -> Array:
    """Eq. 4 at every particle surface [V], (E, P); ``drop`` is phi_s - phi_e, as ``c_e`` (E, P) or (E, 1)."""
    shape = electrode.interface.shape
    problem = kinetics.FaceProblem(
        voltage=jnp.broadcast_to(drop, shape),
        c_solid=c_last,
        c_electrolyte=jnp.broadcast_to(c_e, shape),
        resistance=effects.resistance,
        shift=effects.shift + half_shell(electrode, c_last),
    )
    return kinetics.voltage_balance(electrode.laws, problem, current)


def entering_balance(cell: Cell, c: Array, phi_e: Array, phi_s: Array, current: Array) -> Array:
    """What is left at the negative side [V]; the half volume before it carries current and salt.

    Lithium metal or the negative collector is at 0 V.
    """
    laws, b, half = cell.laws, cell.transport[0], cell.half_volume(0)
    if not cell.metal:
        contact = cell.electrodes[0].laws.collector_contact
        return -phi_s - (half / cell.conductivity_s[0] + contact) * current
    kappa, mobility, t_plus, factor = transport.electrolyte_properties(laws, c)
    problem = kinetics.plane_problem(
        laws.temperature, phi_e, c, half, b * kappa, b * mobility, t_plus, factor
    )
    return kinetics.lithium_balance(laws, problem, current)


def entrance(cell: Cell, dt: Array) -> Array:
    """What the entering current brings to salt [mol.m-2], electrolyte, solid of the first volume, (3,)."""
    zero, one = jnp.zeros_like(dt), jnp.ones_like(dt)
    return jnp.stack([dt / F, one, zero] if cell.metal else [zero, zero, one])


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
    first = jnp.stack([u.entering, u.entering, zero] if cell.metal else [zero, zero, u.entering])[None]
    last = jnp.stack([zero, zero, u.applied])[None]
    balance = jnp.diff(jnp.concatenate([first, inner, last]), axis=0) - surface_sources(cell, step, u.current)
    stored = cell.width * cell.porosity * (step.a0 * u.c_e + step.past_e)
    salt = stored + step.dt / F * balance[:, 0]
    solid = jnp.where(cell.conductivity_s > 0, balance[:, 2], u.phi_s)
    return jnp.stack([salt, balance[:, 1], solid], -1)


def surface_sources(cell: Cell, step: Step, current: tuple[Array, ...]) -> Array:
    """What the particle surfaces give to salt, electrolyte and solid of each volume [A.m-2], (N, 3)."""
    into = jnp.zeros(cell.volumes)
    for electrode, own, effects in zip(cell.electrodes, current, step.effects, strict=True):
        total = jnp.sum(electrode.interface * (own + effects.side), axis=-1)
        into = into.at[electrode.place].set(cell.width[electrode.place] * total)
    return jnp.stack([into, into, -into], -1)
