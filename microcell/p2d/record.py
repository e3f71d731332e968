"""What is kept of every accepted step, in arrays of fixed length."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from .cell import Cell
from .equations import surface_concentration
from .history import History, latest
from .state import mean_concentration, salt_lithium, solid_lithium, voltage


class Record(NamedTuple):
    """One time, or with a leading axis many; tuples have one entry per electrode.

    Attributes
    ----------
    time, voltage, current : [s], [V], [A.m-2] with discharge positive.
    solid, salt : lithium in solid and electrolyte [mol.m-2].
    passed, gained, trapped : charge that passed over F, lithium that came in, lithium in lost material
        [mol.m-2], see `History`.
    x_mean, x_surface : stoichiometry, mean of every particle and at its surface, (E, P).
    interface_current : [A.m-2], (E, P).
    active : volume fraction of active material, (E, P).
    slow : states of the mechanisms.
    c_e, phi_e, phi_s : profiles, (N,).
    order : of the time step that led there.
    """

    time: Any
    voltage: Any
    current: Any
    solid: Any
    salt: Any
    passed: Any
    gained: Any
    trapped: Any
    x_mean: tuple[Any, ...]
    x_surface: tuple[Any, ...]
    interface_current: tuple[Any, ...]
    active: tuple[Any, ...]
    slow: tuple[tuple[dict[str, Any], ...], ...]
    c_e: Any
    phi_e: Any
    phi_s: Any
    order: Any


def record_of(cell: Cell, history: History, order: Array) -> Record:
    """Return what is kept of the latest state, reached with a formula of this order."""
    u = latest(history)
    parts = list(zip(cell.electrodes, u.c_s, u.current, strict=True))
    return Record(
        time=history.times[0],
        voltage=voltage(cell, u),
        current=u.applied,
        solid=solid_lithium(cell, u),
        salt=salt_lithium(cell, u),
        passed=history.passed[0],
        gained=history.gained[0],
        trapped=history.trapped,
        x_mean=tuple(mean_concentration(cell, c) / e.laws.c_max for e, c, _ in parts),
        x_surface=tuple(surface_concentration(e, c, i) / e.laws.c_max for e, c, i in parts),
        interface_current=u.current,
        active=tuple(jnp.asarray(e.active) for e in cell.electrodes),
        slow=history.slow,
        c_e=u.c_e,
        phi_e=u.phi_e,
        phi_s=u.phi_s,
        order=order,
    )


def empty(one: Any, length: int) -> Any:
    """Return room for so many times."""
    return jax.tree.map(lambda leaf: jnp.zeros((length, *leaf.shape), leaf.dtype), one)


def write(records: Any, one: Any, row: Array) -> Any:
    """Put one time into its row; a row behind the last is dropped."""
    return jax.tree.map(lambda old, new: old.at[row].set(new, mode="drop"), records, one)
