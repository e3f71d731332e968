"""One implicit step solved with a dense matrix in float64: slow, and unlike the solver in every part of its
linear algebra.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ...cell.residual import Context, System, evaluate
from ...cell.state import Control, Currents, Inertia, Unknowns
from ...protocol.resolve import CURRENT
from ...solve.advance import Past, latest


class DenseStep(NamedTuple):
    """Unknowns at the end of a step, and the norm of the rows there over the current."""

    unknowns: Unknowns
    residual: float


def dense_step(system: System, start: Past, dt: float, current: float, iterations: int = 7) -> DenseStep:
    """Solve a step of backward Euler by Newton's method on the equations of the cell.

    The Jacobian is the derivative of the residual by forward differentiation, a dense matrix, solved by LU
    decomposition (LAPACK): neither the solver's Jacobian, nor its multigrid, nor float32 take part.

    Parameters
    ----------
    system : System
        The cell; its film must not grow.
    start : Past
        The state before.
    dt, current : float
        Step [s] and terminal current [A], positive on discharge.
    iterations : int
        Newton steps; the last ones only confirm.
    """
    g, before = system.geometry, latest(start)
    control = Control(np.int32(CURRENT), np.float64(current))
    context = Context(start.film, Inertia(np.float64(1 / dt), before.c), control)
    held, unravel = ravel_pytree(before)
    exists = Unknowns(g.active | g.ionic, g.electronic, g.ionic, jnp.asarray(True))
    free = np.flatnonzero(np.asarray(ravel_pytree(exists)[0]))

    def rows(values: Any, guess: Currents) -> tuple[Any, Currents]:
        balance = evaluate(system, context, unravel(held.at[free].set(values)), guess)
        return ravel_pytree(balance.rows)[0][free], balance.currents

    value = jax.jit(rows)
    slope = jax.jit(jax.jacfwd(lambda v, guess: rows(v, guess)[0]))
    values, currents = held[free], start.currents
    for _ in range(iterations):
        left, currents = value(values, currents)
        matrix = np.asarray(slope(values, currents))
        # rows and columns of the balances differ by many decades: one size for all before the elimination
        size = np.abs(matrix).max(axis=1)
        values = values - np.linalg.solve(matrix / size[:, None], np.asarray(left) / size)
    left, _ = value(values, currents)
    return DenseStep(unravel(held.at[free].set(values)), float(np.linalg.norm(left) / abs(current)))
