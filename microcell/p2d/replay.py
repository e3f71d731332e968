"""A run once more over times already found, as one function that can be differentiated in both directions.

The steps are those of an adaptive run, their lengths and orders held. Each is solved by Newton's method
outside of differentiation, followed by one Newton update inside it with the Jacobian held: at the solution
that update changes nothing, and its derivative is that of the implicit function (Christianson 1994,
doi 10.1080/10556789408805572). What is differentiated is thus the discrete solution at fixed times.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from ..parameters.constants import F
from .advance import INSTANT
from .cell import Cell
from .control import CURRENT, Control
from .equations import Step, residual
from .formula import formula
from .growth import grown
from .history import History, accept, begin, latest, predict, step_from
from .newton import linearize, solve_linear, solve_step, updated
from .record import Record, record_of
from .state import Unknowns, uniform, uniform_current


def replay(cell: Cell, x: Array, control: Control, times: Array, orders: Array) -> Record:
    """Run one control from the relaxed state over given times.

    Parameters
    ----------
    cell : Cell
        Geometry and laws; differentiate with respect to any of its leaves.
    x : Array
        Stoichiometry at the start.
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
    first = _start(cell, x, control)

    def march(history: History, plan: tuple[Array, Array]) -> tuple[History, Record]:
        time, order = plan
        rule = formula(time - history.times[0], history.times, order, history.known)
        predicted = predict(history, rule)
        film = grown(cell, history.film, latest(history), predicted, rule.dt)
        u = differentiable_step(cell, step_from(history, rule, control, film), predicted)
        history = accept(history, rule, u, u.lithium / F, film)
        return history, record_of(cell, history, order)

    _, rest = jax.lax.scan(march, first, (jnp.asarray(times[1:]), jnp.asarray(orders[1:])))
    head = record_of(cell, first, jnp.asarray(orders[0]))
    return jax.tree.map(lambda one, more: jnp.concatenate([one[None], more]), head, rest)


def differentiable_step(cell: Cell, step: Step, guess: Unknowns) -> Unknowns:
    """Solve a step so that its derivatives are those of the implicit function."""
    held_cell, held_step, held_guess = _held(cell), _held(step), _held(guess)
    u = _held(solve_step(held_cell, held_step, held_guess)[0])
    linear = linearize(held_cell, held_step, u)
    return updated(linear, u, solve_linear(held_cell, held_step, linear, residual(cell, step, u)))


def _held(tree: Any) -> Any:
    return jax.tree.map(jax.lax.stop_gradient, tree)


def _start(cell: Cell, x: Array, control: Control) -> History:
    """Return currents and potentials that the control imposes on the relaxed state."""
    u = uniform(cell, x)
    target = jnp.where(control.mode == CURRENT, control.target, 0.0)
    guess = u._replace(current=uniform_current(cell, target), lithium=target, applied=target)
    film, zero, one = cell.laws.film_initial * jnp.ones(cell.interface.shape), jnp.zeros(()), jnp.asarray(1)
    history = begin(zero, guess, zero, film)
    rule = formula(jnp.asarray(INSTANT), history.times, one, one)
    new = differentiable_step(cell, step_from(history, rule, control, film), guess)
    return begin(zero, new._replace(c_s=u.c_s, c_e=u.c_e), zero, film)
