"""Where the time of a time step goes: every piece measured alone, times how often a step calls it.

Run: ``python benchmarks/step_profile.py [--size 64]``. A cube of the real cathode is charged at 1C for some
minutes; then steps are timed as they are, and the pieces that they are made of one by one at that state. The
sum of the pieces is compared with the measured step: inside the compiled step XLA may fuse or overlap what
stands apart here.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import record
import scaling
from microcell_kernels.grid_operator import Stacked
from microcell_kernels.krylov import fgmres

import microcell as mc
from microcell.cell.jacobian import apply, linearize
from microcell.cell.measure import measure
from microcell.cell.residual import Context, evaluate, surface_concentration
from microcell.cell.state import Control, Inertia, Unknowns
from microcell.physics import film as film_growth
from microcell.protocol.resolve import CURRENT
from microcell.simulation.precision import computing_on
from microcell.solve import newton
from microcell.solve.precondition import Preconditioner

PLOT = Path(__file__).resolve().parents[1] / "docs" / "images" / "step_profile.png"
RESTART = newton.BASIS


class Recorder:
    """Stands in for the compiled step: passes calls on, takes their time and keeps the last arguments."""

    def __init__(self, advance: Callable[..., Any]) -> None:
        self.advance, self.seconds, self.copying = advance, 0.0, 0.0
        self.arguments: tuple[Any, ...] = ()

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Advance, and wait for the result."""
        arrived = time.perf_counter()
        self.arguments = jax.block_until_ready(jax.tree.map(keep, arguments))
        begun = time.perf_counter()
        self.copying += begun - arrived
        attempt = jax.block_until_ready(self.advance(*arguments, **options))
        self.seconds += time.perf_counter() - begun
        return attempt


def keep(leaf: Any) -> Any:
    """Copy an array, because the step may reuse the memory of its arguments."""
    return jnp.array(leaf) if isinstance(leaf, jax.Array) else leaf


def measured_step(size: int, volumes: Path, minutes: float) -> tuple[Recorder, dict[str, Any], float]:
    """Charge for some minutes, then time steps: the recorder, counts and seconds per attempt, host share."""
    cell = scaling.make_cell(volumes, size)
    stepper = mc.Simulation(cell, initial="3.6 V").start_stepper()
    control = Control(np.int32(CURRENT), np.float64(-cell.one_c_current))
    stepper.restart(control)
    list(stepper.run(control, 60.0 * minutes, []))
    recorder = Recorder(stepper.layout.advance)
    before = dict(stepper.counts)
    stepper.layout.advance = recorder
    begun = time.perf_counter()
    list(stepper.run(control, 60.0 * (minutes + 10.0), []))
    wall = time.perf_counter() - begun - recorder.copying
    counts = {name: stepper.counts[name] - before[name] for name in before}
    attempts = counts["attempts"]
    per_attempt = {name: counts[name] / attempts for name in ("newton", "krylov")}
    return recorder, per_attempt | {"attempts": attempts, "s": recorder.seconds / attempts}, wall / attempts


def median_seconds(function: Callable[..., Any], *arguments: Any, at_least: float = 1.5) -> float:
    """Median wall time of a compiled function over at least five calls and so many seconds."""
    compiled = jax.jit(function)
    jax.block_until_ready(compiled(*arguments))
    seconds: list[float] = []
    while len(seconds) < 5 or (sum(seconds) < at_least and len(seconds) < 200):
        begun = time.perf_counter()
        jax.block_until_ready(compiled(*arguments))
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


def pieces(recorder: Recorder) -> dict[str, float]:
    """Seconds of one call of every piece, at the state of the last step."""
    system, hierarchies, past, k, control, reference = recorder.arguments[:6]
    inertia = Inertia(k.a0 / k.dt, -(k.a1 * past.c[0] + k.a2 * past.c[1]) / k.a0)
    context = Context(past.film, inertia, control)
    start = Unknowns(*(2 * a[0] - a[1] for a in (past.c, past.phi_s, past.phi_e, past.voltage)))
    seconds = {"residual": median_seconds(evaluate, system, context, start, past.currents)}
    balance = jax.jit(evaluate)(system, context, start, past.currents)
    currents = balance.currents
    size = newton.norm(balance.rows)
    unit = jax.tree.map(lambda a: (a / size).astype(newton.NARROW), balance.rows)

    def linearized(system: Any, context: Any, u: Any, currents: Any) -> Any:
        return linearize(system, context, u, currents, newton.NARROW)

    seconds["linearization"] = median_seconds(linearized, system, context, start, currents)
    jacobian = jax.jit(linearized)(system, context, start, currents)
    seconds["hierarchy refresh"] = median_seconds(Preconditioner.refresh, system, hierarchies, jacobian)
    preconditioner = jax.jit(Preconditioner.refresh)(system, hierarchies, jacobian)
    seconds["Jacobian application"] = median_seconds(apply, system, jacobian, unit)
    seconds["preconditioner"] = median_seconds(Preconditioner.apply, preconditioner, system, jacobian, unit)
    seconds |= cycles(preconditioner, unit)
    seconds["GMRES vector"] = gmres_vector_work(unit)
    seconds["Newton vectors"] = median_seconds(newton_vectors, start, balance.rows, unit, reference)

    def closing(system: Any, u: Any, currents: Any, past: Any, k: Any) -> Any:
        surface = surface_concentration(system, u, currents)
        share = film_growth.mean_fraction(system.laws, past.surface, surface)
        film = film_growth.grow(system.laws, past.film, share, k.dt)
        return measure(system, u, currents, film, surface)

    seconds["film and measures"] = median_seconds(closing, system, start, currents, past, k)
    return seconds


def cycles(preconditioner: Preconditioner, unit: Unknowns) -> dict[str, float]:
    """Seconds of one multigrid cycle of the potentials and of the concentrations."""
    both = Stacked(jnp.stack([unit.phi_s, unit.phi_e]), jnp.zeros_like(unit.voltage))
    salt = Stacked(unit.c[None], jnp.zeros_like(unit.voltage))
    h, p = preconditioner.hierarchies, preconditioner

    def cycle(hierarchy: Any, values: Any, right: Stacked) -> Stacked:
        return hierarchy.cycle(values, right)

    return {
        "potential cycle": median_seconds(cycle, h.potential, p.potential, both),
        "concentration cycle": median_seconds(cycle, h.concentration, p.concentration, salt),
    }


def gmres_vector_work(unit: Unknowns) -> float:
    """Seconds per iteration of GMRES where operator and preconditioner cost next to nothing."""
    spread = jnp.linspace(1.0, 1e3, unit.c.size, dtype=unit.c.dtype).reshape(unit.c.shape)

    def solve(b: Unknowns, spread: jax.Array) -> Any:
        return fgmres(
            lambda v: v._replace(c=v.c * spread, phi_s=v.phi_s * spread, phi_e=v.phi_e * spread),
            b,
            tolerance=1e-6,
            restart=RESTART,
            max_restarts=3,
            solution_dtype=newton.WIDE,
        )

    iterations = int(jax.jit(solve)(unit, spread).iterations)
    return median_seconds(solve, unit, spread) / iterations


def newton_vectors(u: Unknowns, rows: Unknowns, unit: Unknowns, reference: jax.Array) -> Any:
    """The vector work of a trial point: the point, its norms, the choice, the next right-hand side."""
    trial = jax.tree.map(lambda a, d: a - 0.5 * d, u, rows)
    size, norms = newton.norm(rows), newton.row_norms(rows, jnp.asarray(reference))
    good = jnp.max(norms) > 0
    chosen = jax.tree.map(lambda a, b: jnp.where(good, a, b), trial, u)
    return chosen, jax.tree.map(lambda a, b: jnp.where(good, (a / size).astype(b.dtype), b), rows, unit)


def profile(seconds: dict[str, float], step: dict[str, Any], wall: float) -> list[dict[str, Any]]:
    """Pieces times calls per attempted step, their shares of the wall time, and what they do not explain."""
    newtons, krylov = step["newton"], step["krylov"]
    rest = seconds["preconditioner"] - seconds["potential cycle"] - seconds["concentration cycle"]
    calls = [
        ("residual evaluation", seconds["residual"], newtons + 1),
        ("linearization", seconds["linearization"], newtons),
        ("hierarchy refresh", seconds["hierarchy refresh"], newtons),
        ("Jacobian application", seconds["Jacobian application"], krylov),
        ("preconditioner: potential cycle", seconds["potential cycle"], krylov),
        ("preconditioner: concentration cycle", seconds["concentration cycle"], krylov),
        ("preconditioner: rest", max(rest, 0.0), krylov),
        ("GMRES vectors", seconds["GMRES vector"], krylov),
        ("line search: vectors", seconds["Newton vectors"], newtons + 1),
        ("film and measures", seconds["film and measures"], 1.0),
    ]
    rows = [{"piece": name, "calls": n, "ms_per_call": 1e3 * s, "s": n * s} for name, s, n in calls]
    explained = sum(row["s"] for row in rows)
    rows.append({"piece": "compiled step, not explained", "calls": 1.0, "s": step["s"] - explained})
    rows.append({"piece": "host", "calls": 1.0, "s": wall - step["s"]})
    return [row | {"share": row["s"] / wall} for row in rows]


def draw(rows: list[dict[str, Any]], title: str) -> None:
    """Draw the shares as bars."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(8, 4), layout="constrained")
    names = [row["piece"] for row in rows][::-1]
    shares = [100 * row["share"] for row in rows][::-1]
    axis.barh(names, shares, color=["tab:red" if "not explained" in name else "tab:blue" for name in names])
    axis.bar_label(axis.containers[0], fmt="%.1f", padding=3, fontsize=8)
    axis.margins(x=0.1)
    axis.set_xlabel("Share of the wall time of a time step [%]")
    axis.set_title(title, fontsize=10)
    PLOT.parent.mkdir(exist_ok=True)
    figure.savefig(PLOT, dpi=150)
    plt.close(figure)


def main() -> None:
    """Measure, print, draw and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--volumes", type=Path, default=record.VOLUMES)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--minutes", type=float, default=10.0, help="charge so long before measuring")
    arguments = parser.parse_args()
    with computing_on(None):
        recorder, step, wall = measured_step(arguments.size, arguments.volumes, arguments.minutes)
        rows = profile(pieces(recorder), step, wall)
    for row in rows:
        alone = f"{row['ms_per_call']:9.2f} ms x {row['calls']:5.1f}" if "ms_per_call" in row else " " * 20
        print(f"{row['piece']:36} {alone} = {row['s']:7.3f} s  {100 * row['share']:5.1f} %")
    title = (
        f"{arguments.size}^3 voxels: {wall:.2f} s per attempted step, {step['newton']:.1f} Newton, "
        f"{step['krylov']:.1f} Krylov iterations"
    )
    print(title)
    draw(rows, title)
    content = {"size": arguments.size, "step": step, "wall_per_attempt_s": wall, "pieces": rows}
    print(record.save("step_profile", content), PLOT)


if __name__ == "__main__":
    main()
