"""A run once more over times already found, as one function that can be differentiated in both directions.

The steps are those of an adaptive run, their lengths and orders held. Each is solved by Newton's method
outside of differentiation, followed by one Newton update inside it with the Jacobian held: at the solution
that update changes nothing, and its derivative is that of the implicit function (Christianson 1994,
doi 10.1080/10556789408805572). What is differentiated is thus the discrete solution at fixed times.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from .advance import at_once
from .ageing import aged, fresh
from .cell import Cell
from .control import Control
from .equations import Step
from .formula import formula
from .history import History, accept, latest, predict, proposed, start, step_from
from .newton import iterate, solve_step
from .record import Record, record_of
from .state import Unknowns, uniform


def replay(cell: Cell, x: tuple[Array, ...], control: Control, times: Array, orders: Array) -> Record:
    """Run one control from the relaxed state over given times.

    Parameters
    ----------
    cell : Cell
        Geometry and laws; differentiate with respect to any of its leaves.
    x : tuple of Array
        Stoichiometry of every electrode at the start.
    control : Control
        What the terminals impose.
    times : Array, shape (n,)
        Accepted times of an adaptive run, from its start ("Time [s]").
    orders : Array of int, shape (n,)
        Orders of the steps that led there (``solution.record.order``).

    Returns
    -------
    Record
        With a leading axis of n. The stop by an event is not part of it: with V(t, p) from here, the time at
        which a cut-off is met moves by ``dt/dp = -(dV/dp) / (dV/dt)``.
    """
    first, _, _ = at_once(cell, control, start(uniform(cell, x), fresh(cell)), solve_differentiably)

    def march(history: History, plan: tuple[Array, Array]) -> tuple[History, Record]:
        history = onward(cell, control, history, *plan)
        return history, record_of(cell, history, plan[1])

    _, rest = jax.lax.scan(march, first, (jnp.asarray(times[1:]), jnp.asarray(orders[1:])))
    head = record_of(cell, first, jnp.asarray(orders[0]))
    return jax.tree.map(lambda one, more: jnp.concatenate([one[None], more]), head, rest)


def onward(
    cell: Cell,
    control: Control,
    history: History,
    time: Array,
    order: Array,
    solve: Callable[..., Any] | None = None,
) -> History:
    """Take one step of a given order to a given time [s] since the beginning of the control.

    ``solve`` solves it as `newton.solve_step`; where left out, in a way that can be differentiated.
    """
    rule = formula(time - history.times[0], history.times, order, history.known)
    predicted = predict(history, rule)
    slow = aged(cell, history.slow, latest(history), predicted, rule.dt)
    step = step_from(cell, history, rule, control.at(time), slow, predicted)
    u, _, _ = (solve or solve_differentiably)(cell, step, predicted)
    return accept(cell, proposed(history, u, jnp.asarray(True)), rule, step, u, slow)


def solve_differentiably(cell: Cell, step: Step, guess: Unknowns) -> tuple[Unknowns, Array, Array]:
    """Solve a step as `newton.solve_step`, so that its derivatives are those of the implicit function."""
    held_cell, held_step, held_guess = _held(cell), _held(step), _held(guess)
    u, converged, count = _held(solve_step(held_cell, held_step, held_guess))
    return iterate(cell, step, u, (held_cell, held_step))[0], converged, count


def _held(tree: Any) -> Any:
    return jax.tree.map(jax.lax.stop_gradient, tree)
