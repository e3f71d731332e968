"""Aggregation multigrid for face operators on stacked grid fields, matrix-free on the finest level.

The operator is a weighted graph Laplacian plus a ground: the fields of a stack are joined by face
conductances, by links between cells, and by one terminal (a single unknown that touches the top plane of
field 0). Coarse levels are Galerkin sums over aggregates (:mod:`.aggregation`), so they stay graph
Laplacians; plain aggregation is made mesh-independent by a K-cycle: two steps of flexible conjugate gradients
on every coarse level (Notay & Vassilevski 2008, doi 10.1002/nla.542). Smoothing is red-black Gauss-Seidel,
forward before and backward after the coarse correction.

Every sweep sits in its own loop: XLA on CPU would otherwise fuse chained sweeps and recompute them
exponentially.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from . import stencil
from .aggregation import Pattern, coarsen_all, grid_graph


class Stacked(NamedTuple):
    """A vector of the finest level: ``fields`` (fields, nz, ny, nx) and the scalar ``terminal``."""

    fields: Array
    terminal: Array


class GridOperator(eqx.Module):
    """The finest level.

    Attributes
    ----------
    conductance : three Arrays
        Face conductances, shapes (fields, nz - 1, ny, nx), (fields, nz, ny - 1, nx), (fields, nz, ny,
        nx - 1).
    ground : Array, shape (fields, nz, ny, nx)
        Conductance of each cell to zero.
    link_p, link_q : Array of int32, shape (links,)
        Flat cell numbers in the stack.
    link : Array, shape (links,)
        Conductance of each link.
    top : Array, shape (ny, nx)
        Conductance from the top plane of field 0 to the terminal.
    terminal_ground : Array, scalar
        Conductance of the terminal to zero.
    terminal_free : Array, scalar
        1 where the terminal is an unknown, 0 where it is held at zero.
    """

    conductance: tuple[Array, Array, Array]
    ground: Array
    link_p: Array
    link_q: Array
    link: Array
    top: Array
    terminal_ground: Array
    terminal_free: Array

    def apply(self, x: Stacked) -> Stacked:
        """Apply the operator; a held terminal has the identity as its row."""
        y = stencil.apply(self.conductance, self.ground, x.fields)
        if self.link.size:
            flat = x.fields.reshape(-1)
            current = self.link * (flat[self.link_p] - flat[self.link_q])
            y = y.reshape(-1).at[self.link_p].add(current).at[self.link_q].add(-current).reshape(y.shape)
        through = self.top * (x.fields[0, -1] - self.terminal_free * x.terminal)
        y = y.at[0, -1].add(through)
        row = self.terminal_ground * x.terminal - jnp.sum(through)
        return Stacked(y, jnp.where(self.terminal_free > 0, row, x.terminal).astype(x.terminal.dtype))

    def diagonal(self) -> Stacked:
        """Return the diagonal, 1 where a cell takes no part."""
        d = stencil.diagonal(self.conductance, self.ground)
        if self.link.size:
            d = d.reshape(-1).at[self.link_p].add(self.link).at[self.link_q].add(self.link).reshape(d.shape)
        d = d.at[0, -1].add(self.top)
        terminal = jnp.where(self.terminal_free > 0, self.terminal_ground + jnp.sum(self.top), 1.0)
        return Stacked(jnp.where(d > 0, d, 1.0), jnp.where(terminal > 0, terminal, 1.0))


class CoarsePattern(eqx.Module):
    """Index tables of one coarse level, see :class:`.aggregation.Pattern`."""

    parent: Array
    children: Array
    edge_map: tuple[Array, ...]
    neighbour: Array
    edge: Array
    real: Array
    n_edges: int = eqx.field(static=True)


class CoarseLevel(NamedTuple):
    """Values of one coarse level: conductances by row, ground, terminal coupling, diagonal."""

    value: Array
    ground: Array
    top: Array
    diagonal: Array


class Values(NamedTuple):
    """A refreshed hierarchy: finest operator, its diagonal, coarse values, inverse of the coarsest matrix."""

    fine: GridOperator
    diagonal: Stacked
    levels: tuple[CoarseLevel, ...]
    inverse: Array


class Hierarchy(eqx.Module):
    """The pattern of all levels, fixed for a geometry; :meth:`refresh` gives it values."""

    patterns: tuple[CoarsePattern, ...]
    parity: Array

    @staticmethod
    def build(
        operator: GridOperator, taking_part: np.ndarray, *, theta: float = 0.2, coarsest: int = 300
    ) -> Hierarchy:
        """Set up the levels on the host from representative conductances.

        Parameters
        ----------
        operator : GridOperator
            Finest level with typical values; only ratios matter.
        taking_part : ndarray of bool, shape (fields, nz, ny, nx)
            Cells that belong to coarse levels; cells left out are only smoothed.
        theta : float
            Strength threshold, see :mod:`.aggregation`.
        coarsest : int
            Largest size of the dense coarsest level.
        """
        links = np.asarray(operator.link_p), np.asarray(operator.link_q), np.asarray(operator.link)
        graph = grid_graph([np.asarray(g) for g in operator.conductance], links)
        patterns = coarsen_all(graph, np.asarray(taking_part).ravel(), theta=theta, coarsest=coarsest)
        sections = [*(g.size for g in operator.conductance), len(links[0])]
        nz, ny, nx = operator.ground.shape[1:]
        parity = (np.arange(nz)[:, None, None] + np.arange(ny)[:, None] + np.arange(nx)) % 2
        device = [_to_device(p, sections if k == 0 else None) for k, p in enumerate(patterns)]
        return Hierarchy(tuple(device), jnp.asarray(parity, jnp.int8))

    def sizes(self) -> list[int]:
        """Number of nodes of each coarse level."""
        return [int(p.real.sum()) for p in self.patterns]

    def refresh(self, fine: GridOperator) -> Values:
        """Compute the coarse operators of a finest-level operator (on the device, traceable)."""
        weights = [*(g.reshape(-1) for g in fine.conductance), fine.link]
        ground = fine.ground.reshape(-1)
        top = jnp.zeros_like(fine.ground).at[0, -1].set(fine.top).reshape(-1)
        levels = []
        for pattern in self.patterns:
            edges = _sum_edges(weights, pattern)
            ground, top = _restrict(ground, pattern), _restrict(top, pattern)
            levels.append(_level(edges, ground, top, pattern))
            weights = [edges[:-1]]
        inverse = _dense_inverse(levels[-1], self.patterns[-1], fine)
        return Values(fine, fine.diagonal(), tuple(levels), inverse)

    def cycle(self, values: Values, b: Stacked) -> Stacked:
        """Approximate the solution of the finest-level system by one K-cycle from zero."""
        fine, diagonal = values.fine, values.diagonal
        red = self.parity == 0
        x = Stacked(jnp.where(red, b.fields / diagonal.fields, 0.0), b.terminal / diagonal.terminal)

        def sweep(colours: Array, x: Stacked, count: int) -> tuple[Stacked, Stacked]:
            """Gauss-Seidel sweeps by colour; colour 2 touches nothing and leaves the residual."""

            def half(k: Array, carry: tuple) -> tuple:
                x, _ = carry
                y = fine.apply(x)
                r = Stacked(b.fields - y.fields, b.terminal - y.terminal)
                move = self.parity == colours[k]
                fields = x.fields + jnp.where(move, r.fields / diagonal.fields, 0.0)
                step = jnp.where(colours[k] < 2, r.terminal / diagonal.terminal, 0.0)
                return Stacked(fields, x.terminal + step), r

            return jax.lax.fori_loop(0, count, half, (x, b))

        x, r = sweep(jnp.array([1, 2], jnp.int8), x, 2)
        coarse = Stacked(_restrict(r.fields.reshape(-1), self.patterns[0]), r.terminal)
        e = self._solve(0, values, coarse)
        fields = x.fields + _prolong(e.fields, self.patterns[0]).reshape(x.fields.shape)
        x, _ = sweep(jnp.array([1, 0], jnp.int8), Stacked(fields, x.terminal + e.terminal), 2)
        return x

    def _solve(self, k: int, values: Values, b: Stacked) -> Stacked:
        """Solve level ``k``: exactly on the coarsest, by two flexible CG steps elsewhere."""
        if k == len(self.patterns) - 1:
            x = values.inverse @ jnp.append(b.fields, b.terminal)
            return Stacked(x[:-1], x[-1])
        level, pattern = values.levels[k], self.patterns[k]

        def step(_: Array, carry: tuple) -> tuple:
            x, r, p, q, rho = carry
            z = self._coarse_cycle(k, values, r)
            z = _axpy(-_dot(z, q) / rho, p, z)
            q = _coarse_apply(level, pattern, values.fine, z)
            rho = _dot(z, q)
            sound = rho > 0
            rho = jnp.where(sound, rho, 1.0)
            alpha = jnp.where(sound, _dot(z, r) / rho, 0.0)
            return _axpy(alpha, z, x), _axpy(-alpha, q, r), z, q, rho

        zero = Stacked(jnp.zeros_like(b.fields), jnp.zeros_like(b.terminal))
        one = jnp.ones((), b.fields.dtype)
        return jax.lax.fori_loop(0, 2, step, (zero, b, zero, zero, one))[0]

    def _coarse_cycle(self, k: int, values: Values, b: Stacked) -> Stacked:
        level, pattern = values.levels[k], self.patterns[k]
        half = pattern.neighbour.shape[1]
        terminal_diagonal = jnp.sum(level.top) + values.fine.terminal_ground
        free = values.fine.terminal_free

        def sweep(start: int, x: Stacked, count: int) -> Stacked:
            def relax(step: Array, x: Stacked) -> Stacked:
                colour = (step + start) % 2
                rows = jax.lax.dynamic_slice_in_dim(x.fields, colour * half, half)
                r = jax.lax.dynamic_slice_in_dim(b.fields, colour * half, half) - _rows_apply(
                    level, pattern, free, x, rows, colour
                )
                d = jax.lax.dynamic_slice_in_dim(level.diagonal, colour * half, half)
                fields = jax.lax.dynamic_update_slice_in_dim(x.fields, rows + r / d, colour * half, 0)
                through = b.terminal + jnp.sum(level.top * fields)
                terminal = jnp.where(
                    free > 0, through / jnp.where(terminal_diagonal > 0, terminal_diagonal, 1.0), 0.0
                )
                return Stacked(fields, terminal.astype(x.terminal.dtype))

            return jax.lax.fori_loop(0, count, relax, x)

        zero = Stacked(jnp.zeros_like(b.fields), jnp.zeros_like(b.terminal))
        x = sweep(0, zero, 2)
        y = _coarse_apply(level, pattern, values.fine, x)
        coarser = self.patterns[k + 1]
        r = Stacked(_restrict(b.fields - y.fields, coarser), b.terminal - y.terminal)
        e = self._solve(k + 1, values, r)
        x = Stacked(x.fields + _prolong(e.fields, coarser), x.terminal + e.terminal)
        return sweep(1, x, 2)


def _to_device(pattern: Pattern, sections: Sequence[int] | None) -> CoarsePattern:
    maps = np.split(pattern.edge_map, np.cumsum(sections)[:-1]) if sections else [pattern.edge_map]
    # unsigned: signed indices could be negative, and XLA would keep a wrapped copy of each table
    return CoarsePattern(
        parent=jnp.asarray(pattern.parent, jnp.uint32),
        children=jnp.asarray(pattern.children, jnp.uint32),
        edge_map=tuple(jnp.asarray(m, jnp.uint32) for m in maps),
        neighbour=jnp.asarray(pattern.neighbour, jnp.uint32),
        edge=jnp.asarray(pattern.edge, jnp.uint32),
        real=jnp.asarray(pattern.real),
        n_edges=pattern.n_edges,
    )


def _sum_edges(weights: Sequence[Array], pattern: CoarsePattern) -> Array:
    """Sum fine conductances into coarse edges; those inside aggregates go into the last entry, zeroed."""
    total = jnp.zeros(pattern.n_edges + 1, weights[0].dtype)
    for weight, edge_map in zip(weights, pattern.edge_map, strict=True):
        total = total.at[edge_map].add(weight)
    return total.at[-1].set(0.0)


def _level(edges: Array, ground: Array, top: Array, pattern: CoarsePattern) -> CoarseLevel:
    value = edges[pattern.edge]
    diagonal = value.sum(axis=-1).reshape(-1) + ground + top
    return CoarseLevel(value, ground, top, jnp.where(diagonal > 0, diagonal, 1.0))


def _restrict(fine: Array, pattern: CoarsePattern) -> Array:
    return jnp.take(fine, pattern.children, mode="fill", fill_value=0).sum(axis=1)


def _prolong(coarse: Array, pattern: CoarsePattern) -> Array:
    return jnp.take(coarse, pattern.parent, mode="fill", fill_value=0)


def _rows_apply(
    level: CoarseLevel, pattern: CoarsePattern, free: Array, x: Stacked, rows: Array, colour: Array
) -> Array:
    """Operator rows of one colour half, in difference form."""
    half = rows.shape[0]
    y = jnp.sum(level.value[colour] * (rows[:, None] - x.fields[pattern.neighbour[colour]]), axis=1)
    ground = jax.lax.dynamic_slice_in_dim(level.ground, colour * half, half)
    top = jax.lax.dynamic_slice_in_dim(level.top, colour * half, half)
    return y + ground * rows + top * (rows - free * x.terminal)


def _coarse_apply(level: CoarseLevel, pattern: CoarsePattern, fine: GridOperator, x: Stacked) -> Stacked:
    rows = x.fields.reshape(2, -1)
    y = jnp.sum(level.value * (rows[..., None] - x.fields[pattern.neighbour]), axis=-1).reshape(-1)
    through = level.top * (x.fields - fine.terminal_free * x.terminal)
    y = y + level.ground * x.fields + through
    row = fine.terminal_ground * x.terminal - jnp.sum(through)
    return Stacked(y, jnp.where(fine.terminal_free > 0, row, x.terminal))


def _dense_inverse(level: CoarseLevel, pattern: CoarsePattern, fine: GridOperator) -> Array:
    """Invert the coarsest matrix, terminal last, in the widest precision available."""
    wide = jnp.result_type(float)
    n = level.ground.shape[0]
    value = level.value.reshape(n, -1).astype(wide)
    row = jnp.broadcast_to(jnp.arange(n)[:, None], value.shape)
    matrix = jnp.zeros((n + 1, n + 1), wide).at[row, pattern.neighbour.reshape(n, -1)].add(-value)
    diagonal = value.sum(axis=1) + level.ground.astype(wide) + level.top.astype(wide)
    index = jnp.arange(n)
    matrix = matrix.at[index, index].add(jnp.where(diagonal > 0, diagonal, 1.0))
    coupling = -level.top.astype(wide) * fine.terminal_free
    corner = jnp.where(fine.terminal_free > 0, fine.terminal_ground + jnp.sum(level.top.astype(wide)), 1.0)
    matrix = (
        matrix.at[:n, n]
        .set(coupling)
        .at[n, :n]
        .set(coupling)
        .at[n, n]
        .set(jnp.where(corner > 0, corner, 1.0))
    )
    return jnp.linalg.inv(matrix).astype(level.ground.dtype)


def _dot(a: Stacked, b: Stacked) -> Array:
    return jnp.sum(a.fields * b.fields) + a.terminal * b.terminal


def _axpy(alpha: Array, x: Stacked, y: Stacked) -> Stacked:
    return Stacked(alpha * x.fields + y.fields, alpha * x.terminal + y.terminal)
