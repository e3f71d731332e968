"""Aggregation multigrid for face operators on stacked grid fields, matrix-free on the finest level.

The operator is a weighted graph Laplacian plus a ground: the fields of a stack are joined by face
conductances, by links between cells, and by one terminal (a single unknown that touches the top plane of
field 0). Coarse levels are Galerkin sums over aggregates (:mod:`.tables`), so they stay graph Laplacians;
plain aggregation is made mesh-independent by a K-cycle: two steps of flexible conjugate gradients on the
coarse levels (Notay & Vassilevski 2008, doi 10.1002/nla.542). Smoothing is red-black Gauss-Seidel, forward
before and backward after the coarse correction.

Every sweep sits in its own loop: XLA on CPU would otherwise fuse chained sweeps and recompute them
exponentially.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from . import dense, halo, stencil
from .halo import Slabs
from .indexing import add_at, read_at, read_or_zero
from .schedule import alone
from .tables import build_tables

DOUBLED_LEVELS = 8
"""Coarse levels that take two steps of the K-cycle; visits double with each, levels shrink to a third."""


class Stacked(NamedTuple):
    """A vector of the finest level: ``fields`` (fields, nz, ny, nx) and the scalar ``terminal``."""

    fields: Array
    terminal: Array


class GridOperator(eqx.Module):
    """The finest level, or the slab of it that a device holds.

    Attributes
    ----------
    conductance : three Arrays
        Face conductances, shapes (fields, nz - 1, ny, nx), (fields, nz, ny - 1, nx), (fields, nz, ny,
        nx - 1); nz + 1 planes of z faces in a slab.
    ground : Array, shape (fields, nz, ny, nx), or None
        Conductance of each cell to zero.
    link_p, link_q : Array of int32, shape (links,)
        Flat cell numbers in the stack; in a slab, in the stack with a halo plane at both ends.
    link : Array, shape (links,)
        Conductance of each link.
    top : Array, shape (ny, nx)
        Conductance from the plane ``top_plane`` of field 0 to the terminal; zero in all but one slab.
    terminal_ground : Array, scalar
        Conductance of the terminal to zero.
    terminal_free : Array, scalar
        1 where the terminal is an unknown, 0 where it is held at zero.
    bottom : Array, shape (ny, nx), or None
        Conductance from the first plane of the last field to zero.
    top_plane : int
        Where ``top`` touches the grid.
    slabs : str or None
        Device axis, see :mod:`.halo`.
    """

    conductance: tuple[Array, Array, Array]
    ground: Array | None
    link_p: Array
    link_q: Array
    link: Array
    top: Array
    terminal_ground: Array
    terminal_free: Array
    bottom: Array | None = None
    top_plane: int = eqx.field(static=True, default=-1)
    slabs: Slabs = eqx.field(static=True, default=None)

    def apply(self, x: Stacked) -> Stacked:
        """Apply the operator; a held terminal has the identity as its row."""
        flat = halo.extend(x.fields, self.slabs).reshape(-1)
        through = self.top * (x.fields[0, self.top_plane] - self.terminal_free * x.terminal)
        bottom = None if self.bottom is None else self.bottom * x.fields[-1, 0]
        beside = self._beside_faces(
            self.link * (read_at(flat, self.link_p) - read_at(flat, self.link_q)), -1, through, bottom
        )
        ground = jnp.zeros((), x.fields.dtype) if self.ground is None else self.ground
        y = stencil.apply(self.conductance, ground, x.fields, self.slabs) + beside
        row = self.terminal_ground * x.terminal - halo.total(jnp.sum(through), self.slabs)
        return Stacked(y, jnp.where(self.terminal_free > 0, row, x.terminal).astype(x.terminal.dtype))

    def diagonal(self) -> Stacked:
        """Return the diagonal, 1 where a cell takes no part."""
        ground = jnp.zeros((), self.link.dtype) if self.ground is None else self.ground
        beside = self._beside_faces(self.link, 1, self.top, self.bottom)
        d = stencil.diagonal(self.conductance, ground, self.slabs) + beside
        top = halo.total(jnp.sum(self.top), self.slabs)
        terminal = jnp.where(self.terminal_free > 0, self.terminal_ground + top, 1.0)
        return Stacked(jnp.where(d > 0, d, 1.0), jnp.where(terminal > 0, terminal, 1.0))

    def grounds(self) -> np.ndarray:
        """Conductance of each cell to what is held and to the terminal, on the host."""
        held = np.zeros(self.fields_shape, np.float32) if self.ground is None else np.array(self.ground)
        held[0, self.top_plane] += np.asarray(self.top)
        if self.bottom is not None:
            held[-1, 0] += np.asarray(self.bottom)
        return held

    @property
    def fields_shape(self) -> tuple[int, ...]:
        """Shape of the stack of fields of a whole grid."""
        return len(self.conductance[0]), self.conductance[0].shape[1] + 1, *self.top.shape

    def _beside_faces(self, link: Array, sign: int, top: Array, bottom: Array | None) -> Array:
        """What links, terminal and bottom bring to their cells, as an array of its own.

        Adding them to the sum over the faces one by one would keep XLA on CPU from running that sum in
        parallel.
        """
        fields, ny, nx = len(self.conductance[0]), *self.top.shape
        planes = self.conductance[1].shape[1] + (0 if self.slabs is None else 2)
        sums = jnp.zeros(fields * planes * ny * nx, link.dtype)
        sums = add_at(add_at(sums, self.link_p, link), self.link_q, sign * link)
        sums = halo.trim(sums.reshape(fields, planes, ny, nx), self.slabs).at[0, self.top_plane].add(top)
        return sums if bottom is None else sums.at[-1, 0].add(bottom)


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
    sweeps: int = eqx.field(static=True, default=2)

    @staticmethod
    def build(
        operator: GridOperator,
        taking_part: np.ndarray,
        *,
        theta: float = 0.2,
        coarsest: int = 700,
        sweeps: int = 2,
        slabs: int = 1,
        ground: np.ndarray | None = None,
        links: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
    ) -> Hierarchy:
        """Set up the levels on the host from representative conductances.

        Parameters
        ----------
        operator : GridOperator
            The whole finest level with typical values; only ratios matter.
        taking_part : ndarray of bool, shape (fields, nz, ny, nx)
            Cells that belong to coarse levels; cells left out are only smoothed.
        theta : float
            Strength threshold, see :mod:`.aggregation`.
        coarsest : int
            Largest size of the dense coarsest level.
        sweeps : int
            Gauss-Seidel sweeps of the finest level before and after the coarse correction.
        slabs : int
            Number of devices that the grid is spread over. The result is then made of NumPy arrays with one
            equal part per device along axis 0.
        ground : ndarray, optional
            What :meth:`GridOperator.grounds` gives, filled up like ``taking_part``; that of the operator
            where left out.
        links : tuple of ndarrays, optional
            Links as :func:`.tables.build_tables` takes them for several slabs; those of the operator where
            left out.
        """
        own = (operator.link_p, operator.link_q, operator.link)
        tables = build_tables(
            [np.asarray(g) for g in operator.conductance],
            links or (np.asarray(own[0]), np.asarray(own[1]), np.asarray(own[2])),
            np.asarray(taking_part),
            ground=operator.grounds() if ground is None else ground,
            slabs=slabs,
            theta=theta,
            coarsest=coarsest,
        )
        nz, ny, nx = taking_part.shape[1:]
        parity: Any = (np.arange(nz)[:, None, None] + np.arange(ny)[:, None] + np.arange(nx)) % 2
        hierarchy = Hierarchy(tuple(_pattern(t) for t in tables), parity.astype(np.int8), sweeps)
        return hierarchy if slabs > 1 else jax.device_put(hierarchy)

    def sizes(self) -> list[int]:
        """Number of nodes of each coarse level."""
        return [int(p.real.sum()) for p in self.patterns]

    def refresh(self, fine: GridOperator) -> Values:
        """Compute the coarse operators of a finest-level operator (on the device, traceable)."""
        weights = [*(g.reshape(-1) for g in fine.conductance), fine.link]
        ground, top = self._first_ground(fine)
        levels = []
        for number, pattern in enumerate(self.patterns):
            if number:
                ground, top = _restrict(ground, pattern), _restrict(top, pattern)
            edges = _sum_edges(weights, pattern)
            levels.append(_level(edges, ground, top, pattern))
            weights = [edges[:-1]]
        inverse = _dense_inverse(levels[-1], self.patterns[-1], fine)
        return Values(fine, fine.diagonal(), tuple(levels), inverse)

    def _first_ground(self, fine: GridOperator) -> tuple[Array, Array]:
        """Ground and terminal coupling of the first coarse level."""
        first = self.patterns[0]
        nodes = first.real.shape[0]
        parent = first.parent.reshape(len(fine.conductance[0]), *self.parity.shape)
        zero = jnp.zeros(nodes, fine.link.dtype)
        ground = zero if fine.ground is None else _restrict(fine.ground.reshape(-1), first)
        if fine.bottom is not None:
            ground = add_at(ground, parent[-1, 0], fine.bottom)
        return ground, add_at(zero, parent[0, fine.top_plane], fine.top)

    def cycle(self, values: Values, b: Stacked) -> Stacked:
        """Approximate the solution of the finest-level system by one K-cycle from zero."""
        fine, diagonal = values.fine, values.diagonal
        red = self.parity == 0
        # traced, because XLA would unroll a loop of one pass and fuse it with what follows
        once = jnp.where(fine.terminal_free >= 0, 1, 0)
        x = Stacked(jnp.where(red, b.fields / diagonal.fields, 0.0), b.terminal / diagonal.terminal)

        def left(x: Stacked) -> Stacked:
            # fused with what follows, XLA on CPU would write the flux through every face to memory
            y = fine.apply(x) if fine.slabs is not None else alone(once > 0, lambda: fine.apply(x))
            return Stacked(b.fields - y.fields, b.terminal - y.terminal)

        def sweep(first: int, x: Stacked, count: Array) -> Stacked:
            """Gauss-Seidel by colour, red (0) and black (1) in turn."""

            def half(k: Array, x: Stacked) -> Stacked:
                r, move = left(x), self.parity == (k + first) % 2
                fields = x.fields + jnp.where(move, r.fields / diagonal.fields, 0.0)
                return Stacked(fields, x.terminal + r.terminal / diagonal.terminal)

            return jax.lax.fori_loop(0, count, half, x)

        x = sweep(1, x, (2 * self.sweeps - 1) * once)
        r = left(x)
        coarse = Stacked(_restrict(r.fields.reshape(-1), self.patterns[0]), r.terminal)
        e = self._solve(0, values, coarse)
        fields = x.fields + _prolong(e.fields, self.patterns[0]).reshape(x.fields.shape)
        return sweep(1, Stacked(fields, x.terminal + e.terminal), 2 * self.sweeps * once)

    def _solve(self, k: int, values: Values, b: Stacked) -> Stacked:
        """Solve level ``k``: exactly on the coarsest, elsewhere by one or two steps of flexible CG."""
        slabs = values.fine.slabs
        if k == len(self.patterns) - 1:
            return _solve_densely(values.inverse, b, slabs)
        level, pattern = values.levels[k], self.patterns[k]

        def step(_: Array, carry: tuple) -> tuple:
            x, r, p, q, rho = carry
            z = self._coarse_cycle(k, values, r)
            z = _axpy(-_dot(z, q, slabs) / rho, p, z)
            q = _coarse_apply(level, pattern, values.fine, z)
            rho = _dot(z, q, slabs)
            sound = rho > 0
            rho = jnp.where(sound, rho, 1.0)
            alpha = jnp.where(sound, _dot(z, r, slabs) / rho, 0.0)
            return _axpy(alpha, z, x), _axpy(-alpha, q, r), z, q, rho

        zero = Stacked(jnp.zeros_like(b.fields), jnp.zeros_like(b.terminal))
        one = jnp.ones((), b.fields.dtype)
        # a traced count: XLA would unroll a loop of one pass and compile many times longer
        count = jnp.where(values.fine.terminal_free >= 0, 2 if k < DOUBLED_LEVELS else 1, 0)
        return jax.lax.fori_loop(0, count, step, (zero, b, zero, zero, one))[0]

    def _coarse_cycle(self, k: int, values: Values, b: Stacked) -> Stacked:
        level, pattern, fine = values.levels[k], self.patterns[k], values.fine
        half = pattern.real.shape[0] // 2
        terminal_diagonal = halo.total(jnp.sum(level.top), fine.slabs) + fine.terminal_ground
        safe = jnp.where(terminal_diagonal > 0, terminal_diagonal, 1.0)

        def sweep(start: int, x: Stacked, count: int) -> Stacked:
            def relax(step: Array, x: Stacked) -> Stacked:
                colour = (step + start) % 2

                def part(a: Array) -> Array:
                    return jax.lax.dynamic_slice_in_dim(a, colour * half, half)

                y = _half_apply(level, pattern, fine, x, colour)
                rows = part(x.fields) + (part(b.fields) - y) / part(level.diagonal)
                fields = jax.lax.dynamic_update_slice_in_dim(x.fields, rows, colour * half, 0)
                through = b.terminal + halo.total(jnp.sum(level.top * fields), fine.slabs)
                terminal = jnp.where(fine.terminal_free > 0, through / safe, 0.0)
                return Stacked(fields, terminal.astype(x.terminal.dtype))

            return jax.lax.fori_loop(0, count, relax, x)

        zero = Stacked(jnp.zeros_like(b.fields), jnp.zeros_like(b.terminal))
        x = sweep(0, zero, 2)
        y = _coarse_apply(level, pattern, fine, x)
        coarser = self.patterns[k + 1]
        r = Stacked(_restrict(b.fields - y.fields, coarser), b.terminal - y.terminal)
        e = self._solve(k + 1, values, r)
        x = Stacked(x.fields + _prolong(e.fields, coarser), x.terminal + e.terminal)
        return sweep(1, x, 2)


def _pattern(t: Any) -> CoarsePattern:
    """Tables of :class:`.tables.LevelTables`, still on the host."""

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
    return CoarsePattern(signed(t.parent), signed(t.children), maps, segments, t.real, *ends, t.n_edges)


def _sum_edges(weights: Sequence[Array], pattern: CoarsePattern) -> Array:
    """Galerkin conductances of the coarse edges; the last entry gathers edges inside aggregates."""
    total = jnp.zeros(pattern.n_edges + 1, weights[0].dtype)
    for weight, where in zip(weights, pattern.edge_map, strict=True):
        total = add_at(total, where, weight)
    return total


def _level(edges: Array, ground: Array, top: Array, pattern: CoarsePattern) -> CoarseLevel:
    edges = edges.at[-1].set(0)
    value = tuple(read_at(edges, s.edge) for s in pattern.segments)
    sums = [v.sum(axis=1).reshape(2, -1) for v in value]
    diagonal = jnp.concatenate(sums, axis=1).reshape(-1) + ground + top
    return CoarseLevel(value, ground, top, jnp.where(diagonal > 0, diagonal, 1.0))


def _restrict(fine: Array, pattern: CoarsePattern) -> Array:
    return jnp.sum(read_or_zero(fine, pattern.children), axis=1)


def _prolong(coarse: Array, pattern: CoarsePattern) -> Array:
    return read_or_zero(coarse, pattern.parent)


def _half_apply(
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


def _coarse_apply(level: CoarseLevel, pattern: CoarsePattern, fine: GridOperator, x: Stacked) -> Stacked:
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


def _dense_inverse(level: CoarseLevel, pattern: CoarsePattern, fine: GridOperator) -> Array:
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


def _solve_densely(inverse: Array, b: Stacked, slabs: Slabs) -> Stacked:
    x = inverse @ jnp.append(halo.gather(b.fields, slabs), b.terminal)
    own = b.fields.shape[0]
    first = 0 if slabs is None else jax.lax.axis_index(slabs) * own
    return Stacked(jax.lax.dynamic_slice_in_dim(x, first, own), x[-1])


def _dot(a: Stacked, b: Stacked, slabs: Slabs) -> Array:
    return halo.total(jnp.sum(a.fields * b.fields), slabs) + a.terminal * b.terminal


def _axpy(alpha: Array, x: Stacked, y: Stacked) -> Stacked:
    return Stacked(alpha * x.fields + y.fields, alpha * x.terminal + y.terminal)
