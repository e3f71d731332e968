"""Operators against the memory bandwidth that the machine reaches in a streaming test.

Run: ``python benchmarks/bandwidth.py [--size 128]``. The bytes of an operator are those of all its arrays,
read or written once; what it reads twice counts once, so that the share cannot be flattered. The streaming
test is ``a = b + s c`` on arrays far larger than any cache, in the same process, before and after.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cases
import jax
import jax.numpy as jnp
import numpy as np
import record
from microcell_kernels import stencil
from microcell_kernels.grid_operator import Stacked

import microcell as mc
from microcell.cell.jacobian import apply, linearize
from microcell.cell.residual import Context
from microcell.cell.state import Control, Inertia
from microcell.protocol.resolve import CURRENT
from microcell.simulation.precision import computing_on
from microcell.solve.advance import latest
from microcell.solve.precondition import potential_operator

STREAM = 32 * 2**20
"""Values per array of the streaming test: 128 MiB of float32."""


def seconds(function: Callable[..., Any], *arguments: Any) -> float:
    """Median time of a compiled function over at least ten calls and one second."""
    compiled = jax.jit(function)
    jax.block_until_ready(compiled(*arguments))
    taken: list[float] = []
    while len(taken) < 10 or (sum(taken) < 1.0 and len(taken) < 500):
        begun = time.perf_counter()
        jax.block_until_ready(compiled(*arguments))
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def size_of(*trees: Any) -> int:
    """Bytes of all arrays."""
    return sum(a.size * a.dtype.itemsize for a in jax.tree.leaves(trees) if hasattr(a, "dtype"))


def triad() -> float:
    """Streaming bandwidth [B/s]: two arrays read, one written."""
    b, c = (jnp.full(STREAM, value, jnp.float32) for value in (1.0, 2.0))
    return 3 * size_of(b) / seconds(lambda b, c: b + 3.0 * c, b, c)


def operators(volumes: Path, size: int) -> dict[str, tuple[float, int]]:
    """Seconds and bytes of the operators of a coupled solve on a cube of the real cathode."""
    cell = cases.half_cell(volumes, [[50, 50 + size]] * 3)
    simulation = mc.Simulation(cell, initial="3.8 V")
    stepper = simulation.start_stepper()
    past = stepper.past
    context = Context(
        past.film,
        Inertia(np.float64(1.0 / 30.0), jnp.zeros_like(past.c[0])),
        Control(np.int32(CURRENT), np.float64(0.0)),
    )
    system, u = stepper.system, latest(past)
    jacobian = jax.jit(linearize, static_argnums=4)(system, context, u, past.currents, jnp.dtype("float32"))
    v = jax.tree.map(lambda a: jnp.ones_like(a, jnp.float32), u)
    grid = potential_operator(system, jacobian)
    x = Stacked(jnp.stack([v.phi_s, v.phi_e]), v.voltage)
    zero = jnp.zeros((), jnp.float32)
    faces = system.geometry.faces
    return {
        "seven-point operator, two fields": (
            seconds(stencil.apply, grid.conductance, zero, x.fields),
            size_of(grid.conductance, x.fields, x.fields),
        ),
        "potential operator with interfaces": (
            seconds(lambda g, x: g.apply(x), grid, x),
            size_of(grid, x, x),
        ),
        "Jacobian of the coupled system": (
            seconds(apply, system, jacobian, v),
            size_of(jacobian, v, v, faces.p, faces.q, system.geometry.active)
            - size_of(jacobian.transference) * 2,
        ),
    }


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--volumes", type=Path, default=record.VOLUMES)
    parser.add_argument("--size", type=int, default=128)
    arguments = parser.parse_args()
    with computing_on(None):
        before = triad()
        measured = operators(arguments.volumes, arguments.size)
        after = triad()
        kind = jax.devices()[0].platform
    stream = max(before, after)
    print(f"streaming: {before / 1e9:.1f} and {after / 1e9:.1f} GB/s")
    rows = []
    for name, (taken, size) in measured.items():
        share = size / taken / stream
        rows.append({"operator": name, "seconds": taken, "bytes": size, "share_of_streaming": share})
        print(f"{name:40} {taken * 1e3:8.2f} ms {size / taken / 1e9:7.1f} GB/s {100 * share:5.0f} %")
    name = "GPU" if kind == "gpu" else "CPU"
    bars = {f"{name} share of streaming bandwidth": min(row["share_of_streaming"] for row in rows)}
    content = {"size": arguments.size, "stream_bytes_per_s": [before, after], "operators": rows, "bars": bars}
    print(record.save("bandwidth", content))


if __name__ == "__main__":
    main()
