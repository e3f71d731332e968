"""Coarse levels on the device: index tables of a geometry, values, and what is done with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from . import dense, halo
from .grid_operator import GridOperator, Stacked
from .halo import Slabs
from .indexing import add_at, read_at, read_or_zero
from .tables import LevelTables


class CoarseSegment(eqx.Module):
    """Rows of one length, see :class:`.tables.Segment`; arrays (2 rows, width)."""

    neighbour: Array
    edge: Array
    column: Array | None
    start: int = eqx.field(static=True)

    @property
    def rows(self) -> int:
        """Rows of one colour."""
        return self.edge.shape[0] // 2


class CoarsePattern(eqx.Module):
    """Index tables of one coarse level, see :class:`.tables.LevelTables`."""

    parent: Array
    children: Array
    edge_map: tuple[Array, ...]
    segments: tuple[CoarseSegment, ...]
    real: Array
    send_up: Array
    send_down: Array
    n_edges: int = eqx.field(static=True)

    def extend(self, x: Array, slabs: Slabs) -> Array:
        """Append what the neighbouring slabs send."""
        if slabs is None:
            return x
        below, above = (
            halo.from_below(read_at(x, self.send_up), slabs),
            halo.from_above(read_at(x, self.send_down), slabs),
        )
        return jnp.concatenate([x, below, above])


class CoarseLevel(NamedTuple):
    """Values of one coarse level: conductances by segment, ground, terminal coupling, diagonal."""

    value: tuple[Array, ...]
    ground: Array
    top: Array
    diagonal: Array


def pattern_of(t: LevelTables) -> CoarsePattern:
    """Index tables as the device wants them, still on the host."""

    # XLA indexes with signed integers and would convert a copy of every unsigned table
    def signed(a: np.ndarray) -> Any:
        return a.view(np.int32)

    segments = tuple(
        CoarseSegment(
            signed(s.neighbour), signed(s.edge), None if s.column is None else signed(s.column), s.start
        )
        for s in t.segments
    )
    maps = tuple(signed(m) for m in t.edge_map)
    ends = signed(t.send_up), signed(t.send_down)
    real: Any = t.real
    return CoarsePattern(signed(t.parent), signed(t.children), maps, segments, real, *ends, t.n_edges)


def sum_edges(weights: Sequence[Array], pattern: CoarsePattern) -> Array:
    """Galerkin conductances of the coarse edges; the last entry gathers edges inside aggregates."""
    total = jnp.zeros(pattern.n_edges + 1, weights[0].dtype)
    for weight, where in zip(weights, pattern.edge_map, strict=True):
        total = add_at(total, where, weight)
    return total


def level_of(edges: Array, ground: Array, top: Array, pattern: CoarsePattern) -> CoarseLevel:
    """Values of a level from its edges, its ground and its coupling to the terminal."""
    edges = edges.at[-1].set(0)
    value = tuple(read_at(edges, s.edge) for s in pattern.segments)
    sums = [v.sum(axis=1).reshape(2, -1) for v in value]
    diagonal = jnp.concatenate(sums, axis=1).reshape(-1) + ground + top
    return CoarseLevel(value, ground, top, jnp.where(diagonal > 0, diagonal, 1.0))


def restrict(fine: Array, pattern: CoarsePattern) -> Array:
    """Sum over the finer nodes of each node."""
    return jnp.sum(read_or_zero(fine, pattern.children), axis=1)


def prolong(coarse: Array, pattern: CoarsePattern) -> Array:
    """Copy to the finer nodes of each node."""
    return read_or_zero(coarse, pattern.parent)


def apply_half(
    level: CoarseLevel, pattern: CoarsePattern, fine: GridOperator, x: Stacked, colour: Array
) -> Array:
    """Operator rows of one colour, in difference form."""
    half = x.fields.shape[0] // 2
    values = pattern.extend(x.fields, fine.slabs)
    own = jax.lax.dynamic_slice_in_dim(x.fields, colour * half, half)
    parts = []
    for segment, value in zip(pattern.segments, level.value, strict=True):
        n = segment.rows
        mine = own[segment.start : segment.start + n, None]
        conductance = jax.lax.dynamic_slice_in_dim(value, colour * n, n)
        neighbour = jax.lax.dynamic_slice_in_dim(segment.neighbour, colour * n, n)
        parts.append(jnp.sum(conductance * (mine - read_at(values, neighbour)), axis=1))
    ground = jax.lax.dynamic_slice_in_dim(level.ground, colour * half, half)
    top = jax.lax.dynamic_slice_in_dim(level.top, colour * half, half)
    return jnp.concatenate(parts) + ground * own + top * (own - fine.terminal_free * x.terminal)


def apply_coarse(level: CoarseLevel, pattern: CoarsePattern, fine: GridOperator, x: Stacked) -> Stacked:
    """Apply the operator of a coarse level."""
    values = pattern.extend(x.fields, fine.slabs)
    own = x.fields.reshape(2, -1)
    parts = []
    for segment, value in zip(pattern.segments, level.value, strict=True):
        mine = own[:, segment.start : segment.start + segment.rows].reshape(-1, 1)
        parts.append(jnp.sum(value * (mine - read_at(values, segment.neighbour)), axis=1).reshape(2, -1))
    through = level.top * (x.fields - fine.terminal_free * x.terminal)
    y = jnp.concatenate(parts, axis=1).reshape(-1) + level.ground * x.fields + through
    row = fine.terminal_ground * x.terminal - halo.total(jnp.sum(through), fine.slabs)
    return Stacked(y, jnp.where(fine.terminal_free > 0, row, x.terminal))


def dense_inverse(level: CoarseLevel, pattern: CoarsePattern, fine: GridOperator) -> Array:
    """Invert the coarsest matrix over all slabs, terminal last, in the widest precision available."""
    wide = jnp.result_type(float)
    half = level.ground.shape[0] // 2
    top = halo.gather(level.top, fine.slabs).astype(wide)
    diagonal = halo.gather(level.ground, fine.slabs).astype(wide) + top
    n = top.shape[0]
    first = np.arange(0, n, half)[:, None]  # of each colour of each slab
    matrix = jnp.zeros((n + 1, n + 1), wide)
    for segment, value in zip(pattern.segments, level.value, strict=True):
        g = halo.gather(value, fine.slabs).astype(wide)
        assert segment.column is not None
        column = halo.gather(segment.column, fine.slabs)
        own = (first + segment.start + np.arange(segment.rows)).reshape(-1, 1)
        row = np.broadcast_to(own, g.shape)
        matrix = matrix.at[row, column].add(-g).at[row, row].add(g)
    index = np.arange(n)
    entries = matrix[index, index] + diagonal
    matrix = matrix.at[index, index].set(jnp.where(entries > 0, entries, 1.0))
    coupling = -top * fine.terminal_free
    corner = jnp.where(fine.terminal_free > 0, fine.terminal_ground + jnp.sum(top), 1.0)
    matrix = matrix.at[:n, n].set(coupling).at[n, :n].set(coupling)
    matrix = matrix.at[n, n].set(jnp.where(corner > 0, corner, 1.0))
    return dense.inverse(matrix).astype(level.ground.dtype)


def solve_densely(inverse: Array, b: Stacked, slabs: Slabs) -> Stacked:
    """Solve the coarsest level by its inverse; every slab keeps its own nodes."""
    x = inverse @ jnp.append(halo.gather(b.fields, slabs), b.terminal)
    own = b.fields.shape[0]
    first = 0 if slabs is None else jax.lax.axis_index(slabs) * own
    return Stacked(jax.lax.dynamic_slice_in_dim(x, first, own), x[-1])
