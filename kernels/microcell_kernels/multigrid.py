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

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from . import halo
from .coarse_level import (
    CoarseLevel,
    CoarsePattern,
    apply_coarse,
    apply_half,
    dense_inverse,
    level_of,
    pattern_of,
    prolong,
    restrict,
    solve_densely,
    sum_edges,
)
from .grid_operator import GridOperator, Stacked, axpy, dot
from .indexing import add_at
from .schedule import alone
from .tables import build_tables

DOUBLED_LEVELS = 8
"""Coarse levels that take two steps of the K-cycle; visits double with each, levels shrink to a third."""


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
        coarsest: int | None = None,
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
        coarsest : int, optional
            Largest size of the dense coarsest level, see :func:`.tables.build_tables`.
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
        hierarchy = Hierarchy(tuple(pattern_of(t) for t in tables), parity.astype(np.int8), sweeps)
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
                ground, top = restrict(ground, pattern), restrict(top, pattern)
            edges = sum_edges(weights, pattern)
            levels.append(level_of(edges, ground, top, pattern))
            weights = [edges[:-1]]
        inverse = dense_inverse(levels[-1], self.patterns[-1], fine)
        return Values(fine, fine.diagonal(), tuple(levels), inverse)

    def _first_ground(self, fine: GridOperator) -> tuple[Array, Array]:
        """Ground and terminal coupling of the first coarse level."""
        first = self.patterns[0]
        nodes = first.real.shape[0]
        parent = first.parent.reshape(len(fine.conductance[0]), *self.parity.shape)
        zero = jnp.zeros(nodes, fine.link.dtype)
        ground = zero if fine.ground is None else restrict(fine.ground.reshape(-1), first)
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
        coarse = Stacked(restrict(r.fields.reshape(-1), self.patterns[0]), r.terminal)
        e = self._solve(0, values, coarse)
        fields = x.fields + prolong(e.fields, self.patterns[0]).reshape(x.fields.shape)
        return sweep(1, Stacked(fields, x.terminal + e.terminal), 2 * self.sweeps * once)

    def _solve(self, k: int, values: Values, b: Stacked) -> Stacked:
        """Solve level ``k``: exactly on the coarsest, elsewhere by one or two steps of flexible CG."""
        slabs = values.fine.slabs
        if k == len(self.patterns) - 1:
            return solve_densely(values.inverse, b, slabs)
        level, pattern = values.levels[k], self.patterns[k]

        def step(_: Array, carry: tuple) -> tuple:
            x, r, p, q, rho = carry
            z = self._coarse_cycle(k, values, r)
            z = axpy(-dot(z, q, slabs) / rho, p, z)
            q = apply_coarse(level, pattern, values.fine, z)
            rho = dot(z, q, slabs)
            sound = rho > 0
            rho = jnp.where(sound, rho, 1.0)
            alpha = jnp.where(sound, dot(z, r, slabs) / rho, 0.0)
            return axpy(alpha, z, x), axpy(-alpha, q, r), z, q, rho

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

                y = apply_half(level, pattern, fine, x, colour)
                rows = part(x.fields) + (part(b.fields) - y) / part(level.diagonal)
                fields = jax.lax.dynamic_update_slice_in_dim(x.fields, rows, colour * half, 0)
                through = b.terminal + halo.total(jnp.sum(level.top * fields), fine.slabs)
                terminal = jnp.where(fine.terminal_free > 0, through / safe, 0.0)
                return Stacked(fields, terminal.astype(x.terminal.dtype))

            return jax.lax.fori_loop(0, count, relax, x)

        zero = Stacked(jnp.zeros_like(b.fields), jnp.zeros_like(b.terminal))
        x = sweep(0, zero, 2)
        y = apply_coarse(level, pattern, fine, x)
        coarser = self.patterns[k + 1]
        r = Stacked(restrict(b.fields - y.fields, coarser), b.terminal - y.terminal)
        e = self._solve(k + 1, values, r)
        x = Stacked(x.fields + prolong(e.fields, coarser), x.terminal + e.terminal)
        return sweep(1, x, 2)
