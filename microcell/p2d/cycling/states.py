"""The end of a cycle of a reduced model taken apart for a jump, and put together behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ...protocol import Experiment
from ..ageing import Slow, loses_material, settle
from ..cell import Cell
from ..electrode import Electrode
from ..history import History, latest, restarted
from ..solution import Solution
from ..state import Unknowns, salt_lithium, solid_lithium
from .plan import Values
from .summary import discharge_capacity

TIME, PASSED, GAINED, TRAPPED = COUNTED = ("time", "passed", "gained", "trapped")
"""Names of what obeys balances: time, charge passed, lithium that came in and that is trapped (`History`)."""

_LEAST_CORE = 0.05  # of a radius: a jump does not use particles up
_HALF = 0.5  # of the way to empty or full: the furthest that a jump moves lithium in a shell


class Model(Protocol):
    """A reduced model: runs a protocol, on from the end of an earlier solution."""

    def solve(self, experiment: Experiment, after: Solution | None = None) -> Solution:
        """Run a protocol."""
        ...


@dataclass(frozen=True)
class ReducedSystem:
    """A reduced model as a `System`; its state is the solution of a cycle.

    Slow are the states of the mechanisms, but for those that forget a cycle (`Mechanism.fast`), and the
    counts of lithium. Fast are those, and the lithium in particles and electrolyte.
    """

    model: Model
    experiment: Experiment

    @property
    def counted(self) -> frozenset[str]:
        """Names of the counts."""
        return frozenset(COUNTED)

    def cycle(self, state: Solution | None) -> Solution:
        """Run the protocol once."""
        return self.model.solve(self.experiment, after=state)

    def capacity(self, state: Solution) -> float:
        """Charge that was taken out [A.h]."""
        return discharge_capacity(state)

    def slow(self, state: Solution) -> Values:
        """Return states of mechanisms, named by electrode, mechanism and state, and counts."""
        cell, history = state.end
        out = {
            f"{k}.{number}.{name}": np.asarray(values)
            for k, electrode in enumerate(cell.electrodes)
            for number, mechanism in enumerate(electrode.mechanisms)
            for name, values in history.slow[k][number].items()
            if name not in mechanism.fast()
        }
        counts = (history.times[0], history.passed[0], history.gained[0], history.trapped)
        return {**out, **{name: np.asarray(c) for name, c in zip(COUNTED, counts, strict=True)}}

    def possible(self, state: Solution) -> bool:
        """Whether something is left of every particle size everywhere, with room for its lithium."""
        cell, history = state.end
        slow = jax.tree.leaves(history.slow)
        return all(np.all(np.isfinite(leaf)) for leaf in slow) and all(
            np.all(np.asarray(e.core) > _LEAST_CORE)
            and np.all(np.asarray(e.active) > 0)
            and np.all((np.asarray(c_s) > 0) & (np.asarray(c_s) < e.laws.c_max))
            for e, c_s in _particles(cell, latest(history))
        )

    def jumped(self, state: Solution, earlier: Solution, ratio: float, values: Values) -> Solution:
        """Return the end of a cycle with other slow states, and with lithium moved on."""
        (cell, history), before = state.end, earlier.end[1]
        u = _moved_on(cell, latest(history), latest(before), ratio)
        fast = jax.tree.map(
            lambda new, old: jnp.clip(new + ratio * (new - old), _HALF * new, (1 + _HALF) * new),
            history.slow,
            before.slow,
        )
        slow = _with_values(cell, fast, values)
        return replace(state, end=_placed(state.cell, cell, history, (cell, u), slow, values))

    def corrected(self, state: Solution, base: Solution, values: Values) -> Solution:
        """Return the end of a cycle with other slow states; its geometry follows from ``base``."""
        cell, history = state.end
        slow = _with_values(cell, history.slow, values)
        now = (cell, latest(history))
        return replace(state, end=_placed(state.cell, base.end[0], history, now, slow, values))


def _with_values(cell: Cell, slow: Slow, values: Values) -> Slow:
    """Slow states with those that have values replaced."""
    return tuple(
        tuple(
            {name: jnp.asarray(values.get(f"{k}.{number}.{name}", old)) for name, old in state.items()}
            for number, state in enumerate(states)
        )
        for k, states in enumerate(slow)
    )


def _moved_on(cell: Cell, u: Unknowns, before: Unknowns, ratio: float) -> Unknowns:
    """Lithium in particles and electrolyte further by ``ratio`` times its last change, within bounds."""

    def on(new: Array, old: Array, room: Array) -> Array:
        return new + jnp.clip(ratio * (new - old), -_HALF * new, _HALF * room)

    c_s = tuple(
        on(new, old, e.laws.c_max - new)
        for (e, new), old in zip(_particles(cell, u), before.c_s, strict=True)
    )
    return u._replace(c_s=c_s, c_e=on(u.c_e, before.c_e, u.c_e))


def _placed(
    pristine: Cell, base: Cell, history: History, now: tuple[Cell, Unknowns], slow: Slow, values: Values
) -> tuple[Cell, History]:
    """Geometry, lithium and counts that go with slow states.

    Lithium in particles and electrolyte, with that trapped and less that which came in, is the same before
    and after. Lithium metal gives what is missing; without, all particles do.

    Parameters
    ----------
    pristine, base : Cell
        As built, and with no more lost than there will be.
    history : History
        Of the cell in which lithium is counted.
    now : (Cell, Unknowns)
        That cell, and its state or one moved on.
    slow, values
        The new slow states, and the counts.
    """
    cell, u = now
    kept = _held(cell, latest(history)) + history.trapped - history.gained[0]
    if loses_material(cell):
        # Only the geometry: the lithium of the shells that are cut off is in the counts.
        cell = settle(base, slow, pristine, u)[0]
    passed, gained, trapped = (jnp.asarray(values[name]) for name in (PASSED, GAINED, TRAPPED))
    if cell.metal:
        gained = _held(cell, u) + trapped - kept
    else:
        u = _with_lithium(cell, u, kept + gained - trapped - salt_lithium(cell, u))
    counted = history._replace(
        times=history.times + (values[TIME] - history.times[0]),
        passed=history.passed + (passed - history.passed[0]),
        gained=history.gained + (gained - history.gained[0]),
        trapped=trapped,
        slow=slow,
    )
    return cell, restarted(counted, u)


def _held(cell: Cell, u: Unknowns) -> Array:
    """Lithium in particles and electrolyte [mol.m-2]."""
    return solid_lithium(cell, u) + salt_lithium(cell, u)


def _with_lithium(cell: Cell, u: Unknowns, wanted: Array) -> Unknowns:
    """Bring all lithium in particles to a total [mol.m-2]: the same share of it, or of the room for more."""
    held = solid_lithium(cell, u)
    full = solid_lithium(cell, u._replace(c_s=tuple(_full(e, c) for e, c in _particles(cell, u))))
    more = (wanted - held) / jnp.where(wanted > held, full - held, held)
    c_s = (c + more * jnp.where(more > 0, _full(e, c) - c, c) for e, c in _particles(cell, u))
    return u._replace(c_s=tuple(c_s))


def _particles(cell: Cell, u: Unknowns) -> list[tuple[Electrode, Array]]:
    return list(zip(cell.electrodes, u.c_s, strict=True))


def _full(electrode: Electrode, c_s: Array) -> Array:
    return electrode.laws.c_max * jnp.ones_like(c_s)
