"""Cells side by side in one compiled program: only what differs between them has a leading axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ..errors import ParameterError
from . import advance
from .advance import Progress, Settings, attempt
from .ageing import fresh, settle
from .cell import Cell
from .control import Control, Limits
from .history import History, latest, restarted, start
from .state import uniform

SCALARS = ("time", "voltage", "current", "solid", "salt", "passed", "gained", "trapped")
"""Fields of a record that are kept of every cell of a batch."""


def scalars_of(cell: Cell, history: History, order: Array) -> Array:
    """Return the `SCALARS` of the latest state as one vector."""
    record = advance.record_of(cell, history, order)
    return jnp.stack([getattr(record, name) for name in SCALARS])


@dataclass(frozen=True)
class Kind:
    """What a program is compiled for beside shapes: structure of the cells, and which leaves differ."""

    structure: Any  # of jax.tree
    differs: tuple[bool, ...]

    def axes(self) -> tuple[int | None, ...]:
        """Axes of the leaves for `jax.vmap`."""
        return tuple(0 if one else None for one in self.differs)


@dataclass(frozen=True)
class Lanes:
    """L cells of one kind.

    Attributes
    ----------
    kind : Kind
        Structure, and which leaves have a leading axis of L.
    leaves : tuple
        Leaves of the cells in the order of the structure.
    """

    kind: Kind
    leaves: tuple[Any, ...]

    @classmethod
    def stack(cls, cells: Sequence[Cell], all_differ: bool = False) -> Lanes:
        """Put cells side by side.

        Raises
        ------
        ParameterError
            If they differ in more than numbers: laws of another form, other meshes, sizes or mechanisms.
        """
        parts = [jax.tree.flatten(cell) for cell in cells]
        flat = [leaves for leaves, _ in parts]
        structure: Any = parts[0][1]
        shapes = [np.shape(leaf) for leaf in flat[0]]
        for number, (leaves, own) in enumerate(parts):
            if own != structure or [np.shape(leaf) for leaf in leaves] != shapes:
                raise ParameterError(
                    "The cells of a batch may differ in numbers only",
                    key=f"cell {number}",
                    value="another mesh, number of sizes, kind of law or mechanism than cell 0",
                    fix="make one batch for each",
                )
        columns = [np.stack([np.asarray(leaf) for leaf in column]) for column in zip(*flat, strict=True)]
        differs = tuple(all_differ or bool(np.any(column != column[:1])) for column in columns)
        stacked = tuple(column if d else column[0] for column, d in zip(columns, differs, strict=True))
        return cls(Kind(structure, differs), stacked)


def _cell(kind: Kind, leaves: tuple[Any, ...]) -> Cell:
    return jax.tree.unflatten(kind.structure, leaves)


@partial(jax.jit, static_argnums=0)
def relaxed(kind: Kind, leaves: tuple[Any, ...], x: tuple[Array, ...]) -> History:
    """Return the relaxed states at given stoichiometries, (L,) for every electrode."""

    def one(own: tuple[Any, ...], at: tuple[Array, ...]) -> History:
        cell = _cell(kind, own)
        return start(uniform(cell, at), fresh(cell))

    return jax.vmap(one, (kind.axes(), 0))(leaves, x)


@partial(jax.jit, static_argnums=(0, 6))
def begin_step(
    kind: Kind,
    leaves: tuple[Any, ...],
    controls: Control,
    limits: Limits,
    settings: Settings,
    last: History,
    rows: int,
) -> Progress:
    """Impose a new control on every lane, see `advance.begin_step`."""

    def one(own: tuple[Any, ...], control: Control, limit: Limits, history: History) -> Progress:
        return advance.begin_step(
            _cell(kind, own), control, limit, settings, history, rows=rows, keep=scalars_of
        )

    return jax.vmap(one, (kind.axes(), 0, 0, 0))(leaves, controls, limits, last)


@partial(jax.jit, static_argnums=0, donate_argnums=5)
def run_step(
    kind: Kind,
    leaves: tuple[Any, ...],
    controls: Control,
    limits: Limits,
    settings: Settings,
    begun: Progress,
) -> Progress:
    """Advance all lanes until none is running."""

    def one(own: tuple[Any, ...], control: Control, limit: Limits, p: Progress) -> Progress:
        return attempt(scalars_of, _cell(kind, own), control, limit, settings, p)

    def sweep(p: Progress) -> Progress:
        new = jax.vmap(one, (kind.axes(), 0, 0, 0))(leaves, controls, limits, p)
        running = p.code == advance.RUNNING

        def chosen(after: Array, before: Array) -> Array:
            return jnp.where(running.reshape(-1, *[1] * (after.ndim - 1)), after, before)

        # lanes that are done write behind their last row and into their free slot: choosing would copy all
        # records and states in every sweep
        kept = jax.tree.map(chosen, *(_without_written(progress) for progress in (new, p)))
        history = kept.history._replace(states=new.history.states)
        return kept._replace(history=history, records=new.records)

    return jax.lax.while_loop(lambda p: jnp.any(p.code == advance.RUNNING), sweep, begun)


def _without_written(p: Progress) -> Any:
    history: Any = p.history
    return p._replace(history=history._replace(states=None), records=None)


@partial(jax.jit, static_argnums=0)
def settled(
    kind: Kind, leaves: tuple[Any, ...], pristine: tuple[Any, ...], last: History
) -> tuple[tuple[Any, ...], History]:
    """Take lost material out of every lane, see `ageing.settle`."""

    def one(own: tuple[Any, ...], made: tuple[Any, ...], history: History) -> tuple[Any, History]:
        cell, u, trapped = settle(_cell(kind, own), history.slow, _cell(kind, made), latest(history))
        return tuple(jax.tree.leaves(cell)), restarted(history, u, trapped)

    return jax.vmap(one, (kind.axes(), kind.axes(), 0))(leaves, pristine, last)
