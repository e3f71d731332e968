"""Multigrid patterns of a geometry: no parameter and no state changes them, and they serve all of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from microcell_kernels import krylov
from microcell_kernels.grid_operator import GridOperator, Stacked
from microcell_kernels.multigrid import Hierarchy

from microcell import HalfCell, ParameterSet
from microcell.cell.jacobian import Jacobian, linearize
from microcell.cell.residual import Context
from microcell.cell.state import Control, Inertia
from microcell.image.particles import Particles
from microcell.image.synthetic import SyntheticCathode, generate_cathode
from microcell.protocol.resolve import CURRENT
from microcell.simulation import Simulation
from microcell.solve.advance import latest
from microcell.solve.precondition import Hierarchies, concentration_operator, potential_operator
from microcell.solve.timestep import TimeStepper
from microcell.solve.typical import typical_operators

NMC = ParameterSet.builtin("nmc811")
CARBON, ACTIVE = "CBD electronic conductivity [S.m-1]", "Active electronic conductivity [S.m-1]"
FACTOR, CONTACT = "Exchange current density factor [A.m2.5.mol-1.5]", "Particle contact resistance [Ohm.m2]"
OTHERS: list[dict[str, Any]] = [
    {CARBON: 2000.0},
    {ACTIVE: "amin2016"},
    {FACTOR: 3e-4, "Temperature [K]": 273.15},
    {"Rocksalt initial thickness [m]": 5e-9, "CBD kinetic coverage": 0.9},
    {"Active diffusivity [m2.s-1]": 1e-15, "Initial electrolyte concentration [mol.m-3]": 1500.0},
]


@pytest.fixture(scope="module")
def cathode() -> SyntheticCathode:
    """As large as that of `microcell demo`: smaller ones have too few levels to differ."""
    return generate_cathode((32, 24, 24), 4e-7, diameter_mean=4e-6, seed=7)


@pytest.fixture(scope="module")
def make(cathode: SyntheticCathode) -> Callable[..., HalfCell]:
    def cell(changes: dict[str, Any] | None = None, **options: Any) -> HalfCell:
        particles = Particles.from_labels(cathode.particle_labels, cathode.volume.voxel_size)
        return HalfCell(cathode.volume, NMC.with_values(changes or {}), particles=particles, **options)

    return cell


def stepper_of(cell: HalfCell, initial: str) -> TimeStepper:
    return Simulation(cell, initial=initial).start_stepper()


def shapes(hierarchies: Hierarchies) -> list[tuple[int, ...]]:
    return [np.shape(leaf) for leaf in jax.tree.leaves(hierarchies)]


def same(one: Hierarchies, other: Hierarchies) -> bool:
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return shapes(one) == shapes(other) and all(np.array_equal(a, b) for a, b in pairs)


def linearized(stepper: TimeStepper, dtype: Any) -> Jacobian:
    """The linearization of a state for a step of 30 s."""
    past = stepper.past
    inertia = Inertia(np.float64(1 / 30.0), jnp.zeros_like(past.c[0]))
    context = Context(past.film, inertia, Control(np.int32(CURRENT), np.float64(0.0)))
    return LINEARIZE(stepper.system, context, latest(past), past.currents, jnp.dtype(dtype))


LINEARIZE = jax.jit(linearize, static_argnums=4)


def test_no_state_and_no_parameter_changes_the_patterns(make: Callable[..., HalfCell]) -> None:
    """A cell of the size of the demo, whose patterns had other sizes for 3.8 V than for 3.6 V."""
    first = stepper_of(make(), "3.6 V").hierarchies
    for initial in ("3.8 V", "4.2 V"):
        assert same(stepper_of(make(), initial).hierarchies, first)
    for changes in OTHERS:
        assert same(stepper_of(make(changes), "3.8 V").hierarchies, first)


def test_a_linearization_of_another_state_would_change_them(make: Callable[..., HalfCell]) -> None:
    """What the test above guards against: judged by a linearization, other carbon gives other levels."""
    cells = [stepper_of(make(changes), "3.8 V") for changes in ({CARBON: 0.1}, {CARBON: 2000.0})]
    built = [Hierarchies.build(s.system, jacobian=linearized(s, np.float32)) for s in cells]
    assert shapes(built[0]) != shapes(built[1])


@partial(jax.jit, static_argnames="most")
def iterations(
    hierarchy: Hierarchy, single: GridOperator, double: GridOperator, b: Stacked, most: int
) -> jax.Array:
    """Conjugate gradients in float64 with a cycle in float32."""
    values = hierarchy.refresh(single)

    def cycle(r: Stacked) -> Stacked:
        narrow = jax.tree.map(lambda a: a.astype(jnp.float32), r)
        return jax.tree.map(lambda a: a.astype(jnp.float64), hierarchy.cycle(values, narrow))

    return krylov.cg(double.apply, b, preconditioner=cycle, tolerance=1e-8, max_iterations=most).iterations


@pytest.mark.parametrize(
    ("changes", "contact", "initial"),
    [
        ({CARBON: 2000.0}, "continuous", "3.8 V"),
        ({ACTIVE: 1e-5}, "continuous", "3.8 V"),
        ({FACTOR: 3e-4}, "continuous", "4.3 V"),
        ({CONTACT: 1.0}, "resistive", "3.8 V"),
        ({}, "insulated", "3.8 V"),
    ],
)
def test_typical_patterns_are_as_good_as_ones_made_to_measure(
    make: Callable[..., HalfCell], changes: dict[str, Any], contact: str, initial: str
) -> None:
    """Iterations to 1e-8 at values far from the typical ones: at most two more, and at most 20."""
    stepper = stepper_of(make(changes, particle_contact=contact), initial)
    narrow, wide = (linearized(stepper, dtype) for dtype in (np.float32, np.float64))
    geometry = stepper.system.geometry
    there = jnp.stack([geometry.electronic, geometry.ionic])
    noise = np.random.default_rng(0).standard_normal(there.shape)
    b = Stacked(jnp.where(there, noise, 0.0), jnp.zeros(()))
    operators = [potential_operator(stepper.system, jacobian) for jacobian in (narrow, wide)]
    measured = Hierarchies.build(stepper.system, jacobian=narrow).potential
    count, best = (int(iterations(h, *operators, b, 100)) for h in (stepper.hierarchies.potential, measured))
    assert count <= min(best + 2, 20)


@pytest.mark.parametrize("contact", ["continuous", "insulated"])
def test_typical_operators_lie_where_those_of_the_equations_lie(
    make: Callable[..., HalfCell], contact: str
) -> None:
    """Faces, links, planes and storage that carry something carry something in both, and in the same units up
    to a factor: fluxes in active material are those of its conductivity."""
    stepper = stepper_of(make({ACTIVE: 0.2}, particle_contact=contact), "3.8 V")
    system, jacobian = stepper.system, linearized(stepper, np.float32)
    typical = typical_operators(system.geometry, contact == "insulated")
    exact = potential_operator(system, jacobian), concentration_operator(system, jacobian)
    for one, other in zip(typical, exact, strict=True):
        for a, b in zip(one.conductance, other.conductance, strict=True):
            assert a.dtype == jnp.float32
            assert np.array_equal(a > 0, b > 0)
        assert np.array_equal(one.grounds() > 0, other.grounds() > 0)
        assert one.top_plane == other.top_plane
    for axis, (a, b) in enumerate(zip(typical[0].conductance, exact[0].conductance, strict=True)):
        active = system.geometry.active
        inside = np.take(active, range(1, active.shape[axis]), axis) & np.take(
            active, range(active.shape[axis] - 1), axis
        )
        inside &= np.asarray(b[0] > 0)
        assert np.allclose(np.asarray(a[0])[inside] / np.asarray(b[0])[inside], 1e6, rtol=1e-5)


def test_coarse_levels_carry_solid_lithium_where_it_moves_fast(make: Callable[..., HalfCell]) -> None:
    """At 1e-11 m2/s lithium passes 30 cells of 0.4 um in a step, at 3.2e-15 it passes none."""
    slow, fast = (
        stepper_of(make({"Active diffusivity [m2.s-1]": d}), "3.8 V").hierarchies for d in (3.2e-15, 1e-11)
    )
    assert fast.concentration.sizes()[0] > slow.concentration.sizes()[0]
    assert fast.potential.sizes() == slow.potential.sizes()
