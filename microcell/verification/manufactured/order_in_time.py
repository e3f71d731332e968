"""Order in time of the formulas, by manufactured solution, and of the time stepper itself, by refinement."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...cell.residual import Context, evaluate
from ...cell.state import Control, Currents, Inertia, Unknowns
from ...parameters.constants import F
from ...protocol.resolve import CURRENT
from ...solve.formula import Formula, formula
from ...solve.newton import CONVERGED, Tolerances
from ...solve.precondition import Hierarchies
from ..problem import Findings, Line, Picture, Problem, Setting, order
from .fields import FILM, SIDE, Fields
from .order_in_space import SOLVE, UNITS, Grid, exact, make_system

PERIOD, SPAN = 400.0, 120.0
"""Of the manufactured oscillation, and of the march [s]."""

PATTERN = np.array([1.0, 1.5, 0.8])
"""Relative lengths of the steps, repeated: unequal steps are what variable-step formulas are for."""

SIZE = 2e-6
"""Voxel size [m]: coarse, since the sources hold the discrete equations of space exactly."""

Rule = Callable[[float, list[float]], Formula]


def euler(dt: float, times: list[float]) -> Formula:
    """Return backward Euler's formula, however long the past."""
    return formula(dt, times[:2])


class March:
    """A plane cell on one grid whose fields swell and ebb in a prescribed way."""

    def __init__(self) -> None:
        self.system, grid = make_system(SIZE)
        self.ionic = grid.ionic
        fields = Fields(self.system.laws)
        self.mean, currents = jax.jit(lambda f, s: exact(f, s, grid))(fields, self.system)
        self.swing = swings(self.mean, grid)
        self.film = jnp.full(self.system.geometry.faces.p.shape, FILM)
        self.guess = currents
        self.hierarchies = Hierarchies.build(self.system)

    def at(self, time: float) -> Unknowns:
        """Return the manufactured unknowns at a time [s]."""
        wave = np.sin(2 * np.pi * time / PERIOD)
        return jax.tree.map(lambda mean, swing: mean + wave * swing, self.mean, self.swing)

    def _context(self, time: float, inertia: Inertia, source: Unknowns | None = None) -> Context:
        control = Control(jnp.asarray(CURRENT, jnp.int32), jnp.zeros(()))
        return Context(self.film, inertia, control, source)

    def source(self, time: float) -> Unknowns:
        """Return the sources of the semi-discrete equations: their residual at the manufactured fields."""
        still = self._context(time, Inertia(jnp.zeros(()), self.mean.c))
        rows = EVALUATE(self.system, still, self.at(time), self.guess).rows
        rate = 2 * np.pi / PERIOD * np.cos(2 * np.pi * time / PERIOD) * self.swing.c
        # pores, active material and a separator of porosity one store with their whole volume
        return rows._replace(c=rows.c + F * self.system.geometry.volume * rate)

    def march(self, rule: Rule, refinement: int) -> dict[str, float]:
        """March over the span; return the rms errors at its end, nan where a step did not converge."""
        steps = np.tile(PATTERN / PATTERN.sum(), refinement) * SPAN / refinement
        times = [0.0, -steps[-1], -steps[-1] - steps[-2]]
        past = [self.at(times[0]).c, self.at(times[1]).c]
        u, currents = self.at(0.0), self.guess
        for dt in steps:
            u, currents, good = self._step(rule(float(dt), times), times[0], past, u, currents)
            if not good:
                return dict.fromkeys(UNITS, float("nan"))
            times, past = [times[0] + dt, *times[:2]], [u.c, past[0]]
        return self._errors(u, times[0])

    def _step(
        self, k: Formula, time: float, past: list[Any], u: Unknowns, currents: Currents
    ) -> tuple[Unknowns, Currents, bool]:
        new = time + k.dt
        inertia = Inertia(jnp.asarray(k.a0 / k.dt), -(k.a1 * past[0] + k.a2 * past[1]) / k.a0)
        context = self._context(new, inertia, self.source(new))
        tolerances = Tolerances(jnp.asarray(1e-9), jnp.asarray(1e-4))
        reference = jnp.asarray(SIDE**2)  # 1 A.m-2
        found = SOLVE(self.system, self.hierarchies, context, u, currents, reference, tolerances)
        return found.unknowns, found.currents, int(found.code) == CONVERGED

    def _errors(self, u: Unknowns, time: float) -> dict[str, float]:
        d = jax.tree.map(lambda a, b: np.asarray(a - b), u, self.at(time))
        ionic = self.ionic
        parts = {"c_e": d.c[ionic], "c_s": d.c[~ionic], "phi_e": d.phi_e[ionic], "phi_s": d.phi_s[~ionic]}
        return {name: float(np.sqrt(np.mean(a**2))) for name, a in (parts | {"V": d.voltage}).items()}


EVALUATE = jax.jit(evaluate)


def swings(mean: Unknowns, grid: Grid) -> Unknowns:
    """Return amplitudes of the oscillation, uneven in space."""
    uneven = 1 + 0.3 * jnp.cos(2e5 * grid.z + 1e5 * grid.x)
    return Unknowns(0.08 * mean.c * uneven, 0.3 * mean.phi_s, 0.3 * mean.phi_e * uneven, jnp.asarray(0.02))


def solve(rule: Rule, expected: int, setting: Setting) -> Findings:
    """Measure the slope of every field at unequal steps."""
    refinements = (2, 4, 8, 16) if setting.full else (2, 4, 8)
    march = March()
    errors = [march.march(rule, n) for n in refinements]
    steps = [SPAN / (n * len(PATTERN)) for n in refinements]
    slopes = tuple(
        order(
            f"Error of {name} [{UNITS[name]}]",
            steps,
            [e[name] for e in errors],
            expected,
            size="Mean step [s]",
        )
        for name in errors[0]
    )
    lines = [Line(s.quantity, steps, [e / s.errors[0] for e in s.errors], marks=True) for s in slopes]
    ideal = Line(f"slope {expected}", steps, [(h / steps[0]) ** expected for h in steps])
    title = f"Formula of order {expected} at unequal steps"
    y_label = "Error over that of the longest steps [-]"
    return Findings(slopes, (Picture(title, "Mean step [s]", y_label, (*lines, ideal), True, True),))


_STATEMENT = (
    "The cell of the row on space, on voxels of 2 um, with all fields swinging by some per cent in 400 s. "
    "Sources hold the semi-discrete equations exactly, so that only the error of the time formula is left. "
    "120 s in unequal steps (1 : 1.5 : 0.8, repeated), halved each time: slope {order} - 0.2 at least for "
    "both concentrations, both potentials and the voltage; potentials follow from the concentrations at once "
    "and have their order."
)

PROBLEMS = (
    Problem(
        name="coupled-time-bdf2",
        title="Manufactured solution of the coupled equations: BDF2 in time",
        family="manufactured",
        answer="manufactured",
        statement=_STATEMENT.format(order=2),
        source="Hairer & Wanner, Solving Ordinary Differential Equations II, section V.1 (BDF2)",
        solve=partial(solve, formula, 2),
    ),
    Problem(
        name="coupled-time-euler",
        title="Manufactured solution of the coupled equations: backward Euler in time",
        family="manufactured",
        answer="manufactured",
        statement=_STATEMENT.format(order=1),
        source="Hairer & Wanner, Solving Ordinary Differential Equations II, section IV.3 (backward Euler)",
        solve=partial(solve, euler, 1),
    ),
)
