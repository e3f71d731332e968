"""Typical conductances of a geometry, which the multigrid patterns are judged by.

A pattern must tell strong connections from weak ones; which values exactly stand behind them hardly counts.
On real and generated cathodes the pattern of these values takes as many iterations as one of the values in
hand, with carbon of 0.1 to 1000 S/m, active material of 1e-5 to 20 S/m and interfaces a hundred times faster
or slower (docs/solver.md). It is the same for every parameter set, initial state and restart of a cell, and
so are the shapes that the time step is compiled for. No result depends on these values.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array
from microcell_kernels.faces import series_conductance
from microcell_kernels.grid_operator import GridOperator
from microcell_kernels.stencil import AXES, lower, upper

from ..cell.geometry import Geometry
from ..image.phases import CBD, SEPARATOR

ACTIVE_SIGMA, CARBON_SIGMA = 0.2, 100.0
"""Electronic conductivity of active material and of the carbon-binder domain [S.m-1].

Far enough apart that no aggregate joins the two: with 0.2 and 1 S/m some do, which costs hundreds of
iterations where the real ratio is 1000. Apart they cost nothing where it is small.
"""

KAPPA = 0.9
"""Conductivity of the electrolyte [S.m-1]."""

CBD_FACTOR, SEPARATOR_FACTOR = 0.15, 0.3
"""Transport factors of the homogenized phases; 1 in pores."""

INTERFACE = 20.0
"""Conductance of an interface with the answer of the surface concentration taken in [S.m-2]."""

LITHIUM = 800.0
"""Conductance of the lithium electrode [S.m-2]: 20 A/m2 times F/RT."""

CONTACT = 1e-2
"""What is left of the conductance between two particles whose contact resists."""

SALT_DIFFUSIVITY, SOLID_DIFFUSIVITY = 3e-10, 1e-11
"""Diffusivities of the salt and of lithium in active material [m2.s-1]; the latter high, since coarse levels
carry the solid only where it is (:data:`.precondition.FAR`)."""

STEP = 150.0
"""Length of a long time step [s]."""

MICRO = 1e6
"""Micrometres in a metre: conductances are taken in microsiemens, which float32 holds with ease."""


@partial(jax.jit, static_argnames="insulated")
def typical_operators(geometry: Geometry, insulated: bool) -> tuple[GridOperator, GridOperator]:
    """Operators of the potentials and of the concentrations at typical values, in float32.

    Parameters
    ----------
    geometry : Geometry
        The whole cell.
    insulated : bool
        Whether particle contacts, where the geometry marks any, pass nothing at all.

    Returns
    -------
    potential, concentration : GridOperator
        As :func:`.precondition.potential_operator` and :func:`.precondition.concentration_operator` lay them
        out; only ratios within each mean anything.
    """
    return _potential(geometry, insulated), _concentration(geometry, insulated)


def _potential(geometry: Geometry, insulated: bool) -> GridOperator:
    sigma = jnp.where(geometry.active, ACTIVE_SIGMA, jnp.where(geometry.electronic, CARBON_SIGMA, 0.0))
    kappa = jnp.where(geometry.ionic, KAPPA * _transport_factor(geometry), 0.0)
    through = 2 * sigma[geometry.collector] / geometry.dz[geometry.collector]
    half = 2 * kappa[0] / geometry.dz[0]
    plane = LITHIUM * half / (LITHIUM + half)
    faces, section = geometry.faces, MICRO * geometry.section
    electronic = _conductances(geometry, sigma, 0.0 if insulated else CONTACT)
    ionic = _conductances(geometry, kappa)
    none = jnp.zeros((), jnp.float32)
    return GridOperator(
        conductance=tuple(jnp.stack(pair) for pair in zip(electronic, ionic, strict=True)),  # type: ignore[arg-type]
        ground=None,
        bottom=_narrow(section * plane),
        link_p=faces.p,
        link_q=faces.q + geometry.numbered_cells,
        link=_narrow(MICRO * INTERFACE * faces.area),
        top=_narrow(section * through),
        terminal_ground=none,
        terminal_free=none,
        top_plane=geometry.collector,
    )


def _concentration(geometry: Geometry, insulated: bool) -> GridOperator:
    """Storage and diffusion; salt and the lithium of the solid never touch, so each has its own faces."""
    mobile = jnp.where(geometry.ionic, SALT_DIFFUSIVITY * _transport_factor(geometry), 0.0)
    salt = _conductances(geometry, mobile)
    solid = jnp.where(geometry.active, SOLID_DIFFUSIVITY, 0.0)
    # contacts resist electrons; lithium passes unless the particles are insulated
    inside = _conductances(geometry, solid, 0.0 if insulated else 1.0)
    stored = jnp.where(geometry.ionic | geometry.active, geometry.volume, 0.0)
    nowhere, none = jnp.zeros(0, jnp.int32), jnp.zeros((), jnp.float32)
    return GridOperator(
        conductance=tuple((s + t)[None] for s, t in zip(salt, inside, strict=True)),  # type: ignore[arg-type]
        ground=_narrow(MICRO / STEP * stored)[None],
        link_p=nowhere,
        link_q=nowhere,
        link=jnp.zeros(0, jnp.float32),
        top=jnp.zeros(geometry.shape[1:], jnp.float32),
        terminal_ground=none,
        terminal_free=none,
    )


def _transport_factor(geometry: Geometry) -> Array:
    separator = jnp.where(geometry.phase == SEPARATOR, SEPARATOR_FACTOR, 1.0)
    return jnp.where(geometry.phase == CBD, CBD_FACTOR, separator)


def _conductances(geometry: Geometry, conductivity: Array, contact: float = 1.0) -> list[Array]:
    """Conductance of the inner faces of each axis, times ``contact`` where the geometry marks contacts."""
    conductances = []
    for number, axis in enumerate(AXES):
        half_low, half_high, area = geometry.spacing(axis)
        sides = lower(conductivity, axis), upper(conductivity, axis)
        g = MICRO * area * series_conductance(*sides, half_low, half_high)
        if geometry.contact is not None:
            g = jnp.where(geometry.contact[number], contact * g, g)
        conductances.append(_narrow(g))
    return conductances


def _narrow(values: Array) -> Array:
    return values.astype(jnp.float32)
