"""A start other than the relaxed one: fields given cell by cell."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from ..cell.halfcell import HalfCell
from ..cell.residual import System
from ..errors import GeometryError
from ..solve.advance import Past, begin


@dataclass(frozen=True)
class InitialState:
    """Where a simulation starts; concentrations and film are taken as they are, potentials as a first guess.

    Attributes
    ----------
    c : ndarray, shape (nz, ny, nx)
        Lithium of the solid in active cells, salt elsewhere [mol.m-3], on the grid of the cell: lithium side
        first, separator cells included. Cells without a field are ignored.
    film : ndarray, shape (faces,)
        Rocksalt thickness of the interface faces [m], in their order.
    phi_s, phi_e : ndarray, shape (nz, ny, nx)
        Potentials of solid and electrolyte against lithium [V].
    voltage : float
        Cell voltage [V].
    """

    c: np.ndarray
    film: np.ndarray
    phi_s: np.ndarray
    phi_e: np.ndarray
    voltage: float


def begin_from(cell: HalfCell, system: System, state: InitialState) -> Past:
    """Return the past of a cell that starts from given fields; float64 must be on.

    Raises
    ------
    GeometryError
        If the fields belong to another cell, or are not finite and positive where they exist.
    """
    _check(cell, state)
    geometry = system.geometry
    exists = geometry.active | geometry.ionic
    c = jnp.where(exists, jnp.asarray(state.c), 0.0)
    voltage = jnp.asarray(np.float64(state.voltage))
    past = begin(system, c, voltage, jnp.asarray(state.film))
    phi_s = jnp.where(geometry.electronic, jnp.asarray(state.phi_s) - voltage, 0.0)
    phi_e = jnp.where(geometry.ionic, jnp.asarray(state.phi_e), 0.0)
    return past._replace(phi_s=(phi_s, phi_s), phi_e=(phi_e, phi_e))


def uniform_state(cell: HalfCell, stoichiometry: float) -> InitialState:
    """Return the relaxed state at one stoichiometry, from which a simulation starts by default."""
    geometry, number = cell.geometry, cell.parameters.number
    with jax.enable_x64(True):
        laws = cell.parameters.laws()
        voltage = float(laws.ocp(jnp.asarray(stoichiometry), laws.temperature))
    active = np.asarray(geometry.active)
    salt = number("Initial electrolyte concentration [mol.m-3]")
    return InitialState(
        c=np.where(active, stoichiometry * float(laws.c_max), salt),
        film=np.full(geometry.faces.p.shape, float(laws.film_initial)),
        phi_s=np.full(active.shape, voltage),
        phi_e=np.zeros(active.shape),
        voltage=voltage,
    )


def _check(cell: HalfCell, state: InitialState) -> None:
    geometry = cell.geometry
    shapes = {"film": geometry.faces.p.shape} | dict.fromkeys(("c", "phi_s", "phi_e"), geometry.shape)
    for key, shape in shapes.items():
        if np.shape(getattr(state, key)) != shape:
            raise GeometryError(
                "the state to start from belongs to another cell",
                key=key,
                value=f"shape {np.shape(getattr(state, key))}",
                allowed=f"shape {shape}",
                fix="map it onto this cell",
            )
    exists = np.asarray(geometry.active | geometry.ionic)
    for key, values, good in (
        ("c", np.asarray(state.c)[exists], np.greater),
        ("film", np.asarray(state.film), np.greater_equal),
    ):
        if not (np.all(np.isfinite(values)) and np.all(good(values, 0.0))):
            raise GeometryError(
                "the state to start from has values that no cell can have",
                key=key,
                allowed="finite, concentrations above 0, film 0 or more",
            )
