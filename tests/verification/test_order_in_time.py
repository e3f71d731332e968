"""The order in time of every unknown, at unequal steps: two for BDF2, one for backward Euler.

A small cathode under a current that swells and ebbs, from a state that has left its start behind; steps in
the pattern 1 : 1.5 : 0.8, halved again and again. Errors are differences to a run with much shorter steps;
Newton's tolerance is tightened so far that it does not show.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from small_cells import tiny_cell

from microcell import ParameterSet
from microcell.cell.state import Control
from microcell.protocol.resolve import CURRENT
from microcell.simulation import Simulation
from microcell.solve.control import StepControl
from microcell.solve.formula import Formula, formula
from microcell.solve.newton import CONVERGED
from microcell.solve.timestep import TimeStepper

PATTERN = np.array([1.0, 1.5, 0.8])
UNIT = 40.0 / PATTERN.sum()
SPAN = 120.0
QUIET = StepControl(error=1e-5, largest=1.0)
TIGHT = replace(QUIET, residual=2e-10, linear=1e-5)

FILM = {
    "Rocksalt critical concentration [mol.m-3]": 50000.0,
    "Rocksalt initial thickness [m]": 1e-9,
    "Rocksalt vacancy energy slope [eV]": 0.5,
}
"""A film that grows all the time, without the jump at a critical concentration."""


def stepper(growing: bool) -> TimeStepper:
    """At about 1C of charge since 30 s, stepped finely."""
    growth = {"Rocksalt growth constant [m2.s-1]": 1e-19 if growing else 0.0}
    cell = tiny_cell(ParameterSet.builtin("nmc811").with_values(FILM | growth))
    made = Simulation(cell, initial="x = 0.5", control=QUIET).start_stepper()
    made.restart(charge(made, 0.0))
    list(made.run(charge(made, 0.0), 30.0, []))
    made.settings = TIGHT
    return made


def charge(made: TimeStepper, time: float) -> Control:
    """1C and a half, up and down once in 100 s."""
    swell = 1.0 + 0.5 * np.sin(2 * np.pi * max(time - 30.0, 0.0) / 100.0)
    return Control(np.int32(CURRENT), np.float64(-made.one_c * swell))


def euler(dt: float, times: list[float]) -> Formula:
    return formula(dt, times[:2])


@cache
def states(order: int, refinement: int, film: bool) -> dict[str, np.ndarray]:
    """All unknowns after every 40 s of steps in the pattern, ``refinement`` of them in that time."""
    made = stepper(film)
    found = []
    for _ in range(int(SPAN / 40.0)):
        for dt in np.tile(PATTERN * UNIT / refinement, refinement):
            step = (formula if order == 2 else euler)(float(dt), made.times)
            attempt = made._attempt(step, charge(made, made.time + dt))
            assert int(attempt.solve.code) == CONVERGED
            made._accept(step, attempt, None)
        found.append(unknowns(made))
    assert made.time == pytest.approx(30.0 + SPAN)
    return {name: np.stack([one[name] for one in found]) for name in found[0]}


def unknowns(made: TimeStepper) -> dict[str, np.ndarray]:
    u, geometry = made.unknowns, made.system.geometry
    c = np.asarray(u.c)
    return {
        "c_s": c[np.asarray(geometry.active)],
        "c_e": c[np.asarray(geometry.ionic)],
        "phi_s": np.asarray(u.phi_s),
        "phi_e": np.asarray(u.phi_e),
        "V": np.asarray(u.voltage),
        "film": np.asarray(made.past.film),
    }


def slope(order: int, name: str, film: bool) -> float:
    """Order seen between two refinements, against a run much finer than either; errors over all times."""
    exact = states(2, 32, film)[name]
    refinements = (4, 8) if order == 2 else (16, 32)
    errors = [np.linalg.norm(states(order, n, film)[name] - exact) for n in refinements]
    return float(np.log2(errors[0] / errors[1]))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["c_s", "c_e", "phi_s", "phi_e", "V"])
def test_bdf2_is_of_second_order_in_every_unknown(name: str) -> None:
    """Halving all steps divides the error by 3.5 at least: a slope of 1.8."""
    assert 1.8 <= slope(2, name, False) <= 2.8


@pytest.mark.slow
@pytest.mark.parametrize("name", ["c_s", "c_e", "phi_s", "phi_e", "V"])
def test_backward_euler_is_of_first_order(name: str) -> None:
    assert 0.9 <= slope(1, name, False) <= 1.2


@pytest.mark.parametrize("name", ["c_s", "c_e", "phi_s", "phi_e", "V", "film"])
def test_a_growing_film_keeps_the_second_order(name: str) -> None:
    """A film that grows by half, and with it the resistance of the face: still a slope of 1.8 at least."""
    assert 1.8 <= slope(2, name, True) <= 2.8
