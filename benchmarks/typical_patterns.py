"""Multigrid patterns of typical conductances beside patterns made for the values in hand.

Potential solves to 1e-8, over parameters and states far from the typical ones, on a generated cathode and on
a crop of a real one. Run: ``python benchmarks/typical_patterns.py [--volumes FOLDER] [--size 64]``.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

import cases
import jax
import jax.numpy as jnp
import numpy as np
import record
from microcell_kernels import krylov
from microcell_kernels.grid_operator import GridOperator, Stacked
from microcell_kernels.multigrid import Hierarchy

import microcell as mc
from microcell.cell.jacobian import linearize
from microcell.cell.residual import Context
from microcell.cell.state import Control, Inertia
from microcell.image.synthetic import generate_cathode
from microcell.protocol.resolve import CURRENT
from microcell.simulation.precision import computing_on
from microcell.solve.advance import latest
from microcell.solve.precondition import Hierarchies, potential_operator

GENERATED = (32, 32, 32)
STEP = 30.0
MOST = 300
TOLERANCE = 1e-8
ACTIVE, CARBON = "Active electronic conductivity [S.m-1]", "CBD electronic conductivity [S.m-1]"
FACTOR, CONTACT = "Exchange current density factor [A.m2.5.mol-1.5]", "Particle contact resistance [Ohm.m2]"
CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "nmc811 at 3.8 V": ({}, "continuous", "3.8 V"),
    "at 3.5 V": ({}, "continuous", "3.5 V"),
    "at 4.3 V": ({}, "continuous", "4.3 V"),
    "CBD 0.1 S/m": ({CARBON: 0.1}, "continuous", "3.8 V"),
    "CBD 1000 S/m": ({CARBON: 1e3}, "continuous", "3.8 V"),
    "CBD 1e5 S/m": ({CARBON: 1e5}, "continuous", "3.8 V"),
    "active 20 S/m": ({ACTIVE: 20.0}, "continuous", "3.8 V"),
    "active 1e-3 S/m": ({ACTIVE: 1e-3}, "continuous", "3.8 V"),
    "active 1e-5 S/m": ({ACTIVE: 1e-5}, "continuous", "3.8 V"),
    "active amin2016": ({ACTIVE: "amin2016"}, "continuous", "3.8 V"),
    "active amin2016 at 3.55 V": ({ACTIVE: "amin2016"}, "continuous", "3.55 V"),
    "exchange current x 100": ({FACTOR: 3.1e-4}, "continuous", "3.8 V"),
    "exchange current / 100": ({FACTOR: 3.1e-8}, "continuous", "3.8 V"),
    "film of 5 nm": ({"Rocksalt initial thickness [m]": 5e-9}, "continuous", "3.8 V"),
    "contacts of 1e-7 Ohm m2": ({CONTACT: 1e-7}, "resistive", "3.8 V"),
    "contacts of 1 Ohm m2": ({CONTACT: 1.0}, "resistive", "3.8 V"),
    "insulated particles": ({}, "insulated", "3.8 V"),
}
"""Changed parameters, particle contact, initial state."""


@partial(jax.jit, static_argnames="dtype")
def operator(system: Any, past: Any, dtype: Any) -> tuple[Any, GridOperator]:
    """Linearize a state for a step, and give the operator of its potentials."""
    inertia = Inertia(jnp.asarray(1.0 / STEP), jnp.zeros_like(past.c[0]))
    control = Control(jnp.asarray(CURRENT, jnp.int32), jnp.zeros(()))
    context = Context(past.film, inertia, control)
    jacobian = linearize(system, context, latest(past), past.currents, dtype)
    return jacobian, potential_operator(system, jacobian)


@jax.jit
def iterations(hierarchy: Hierarchy, single: GridOperator, double: GridOperator, b: Stacked) -> jax.Array:
    """Conjugate gradients in float64 with a cycle in float32."""
    values = hierarchy.refresh(single)

    def cycle(r: Stacked) -> Stacked:
        narrow = jax.tree.map(lambda a: a.astype(jnp.float32), r)
        return jax.tree.map(lambda a: a.astype(jnp.float64), hierarchy.cycle(values, narrow))

    found = krylov.cg(double.apply, b, preconditioner=cycle, tolerance=TOLERANCE, max_iterations=MOST)
    return found.iterations


def compare(cell: mc.HalfCell, initial: str) -> dict[str, Any]:
    """Solve for one right-hand side with both patterns."""
    with computing_on(None):
        stepper = mc.Simulation(cell, initial=initial).start_stepper()
        system, geometry = stepper.system, stepper.system.geometry
        jacobian, single = operator(system, stepper.past, jnp.dtype(jnp.float32))
        _, double = operator(system, stepper.past, jnp.dtype(jnp.float64))
        there = jnp.stack([geometry.electronic, geometry.ionic])
        noise = np.random.default_rng(0).standard_normal(there.shape)
        b = Stacked(jnp.where(there, noise, 0.0), jnp.zeros(()))
        patterns = {
            "made to measure": Hierarchies.build(system, jacobian=jacobian).potential,
            "typical": stepper.hierarchies.potential,
        }
        return {
            name: {"iterations": int(iterations(h, single, double, b)), "levels": h.sizes()}
            for name, h in patterns.items()
        }


def media(volumes: Path, size: int) -> dict[str, mc.Volume]:
    """A generated cathode, and a crop of the calendered one."""
    found = {"generated": generate_cathode(GENERATED, 4e-7, diameter_mean=4e-6, seed=7).volume}
    if volumes.is_dir():
        found["real"] = cases.calendered(volumes, [[0, size], [40, 40 + size], [40, 40 + size]])
    return found


def main() -> None:
    """Run all cases, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--volumes", type=Path, default=record.VOLUMES)
    parser.add_argument("--size", type=int, default=64, help="edge of the crop in voxels")
    options = parser.parse_args()
    rows = []
    base = mc.ParameterSet.builtin("nmc811")
    for medium, volume in media(options.volumes, options.size).items():
        particles = mc.segment(volume)
        for name, (changes, contact, initial) in CASES.items():
            cell = mc.HalfCell(
                volume, base.with_values(changes), particles=particles, particle_contact=contact
            )
            row = {"medium": medium, "shape": volume.shape, "case": name} | compare(cell, initial)
            rows.append(row)
            counts = ", ".join(f"{n} {row[n]['iterations']}" for n in ("made to measure", "typical"))
            print(f"{medium:10} {name:28} iterations: {counts}", flush=True)
    print(record.save("typical_patterns", {"tolerance": TOLERANCE, "rows": rows}))


if __name__ == "__main__":
    main()
