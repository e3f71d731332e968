"""What is kept of every accepted step, in arrays of fixed length."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from .cell import Cell
from .equations import surface_concentration
from .history import History, latest
from .state import lithium_content, voltage


class Record(NamedTuple):
    """One time, or with a leading axis many; shapes as in :class:`~microcell.p2d.cell.Cell`.

    Attributes
    ----------
    time, voltage, current : [s], [V], [A.m-2] with discharge positive.
    solid, salt, passed : lithium in solid and electrolyte, and that crossed the lithium plane [mol.m-2].
    x_mean, x_surface : stoichiometry, mean of every particle and at its surface, (E, P).
    interface_current : [A.m-2], (E, P).
    film : thickness [m], (E, P).
    c_e, phi_e, phi_s : profiles, (N,).
    order : of the time step that led there.
    """

    time: Any
    voltage: Any
    current: Any
    solid: Any
    salt: Any
    passed: Any
    x_mean: Any
    x_surface: Any
    interface_current: Any
    film: Any
    c_e: Any
    phi_e: Any
    phi_s: Any
    order: Any


def record_of(cell: Cell, history: History, order: Array) -> Record:
    """Return what is kept of the latest state, reached with a formula of this order."""
    u, c_max = latest(history), cell.laws.c_max
    solid, salt = lithium_content(cell, u)
    return Record(
        time=history.times[0],
        voltage=voltage(cell, u),
        current=u.applied,
        solid=solid,
        salt=salt,
        passed=history.passed[0],
        x_mean=3.0 * jnp.sum(u.c_s * cell.shell_volume[None, None], axis=-1) / c_max,
        x_surface=surface_concentration(cell, u.c_s[..., -1], u.current) / c_max,
        interface_current=u.current,
        film=history.film,
        c_e=u.c_e,
        phi_e=u.phi_e,
        phi_s=u.phi_s,
        order=order,
    )


def empty(one: Record, length: int) -> Record:
    """Return room for so many times."""
    return jax.tree.map(lambda leaf: jnp.zeros((length, *leaf.shape), leaf.dtype), one)


def write(records: Record, one: Record, row: Array) -> Record:
    """Put one time into its row."""
    return jax.tree.map(lambda old, new: old.at[row].set(new), records, one)
