"""Many cells through their protocols at once: for fits, sensitivities over wide ranges, design studies.

Every cell keeps its own time steps. The cells of a chunk advance in lockstep, each trying its next step in
the same sweep; those that are done wait for the others. Several chunks at once are for other processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import ParameterError, ProtocolError
from ..parameters.constants import F
from ..protocol import Experiment, ResolvedStep, resolve, validate
from . import advance, lanes
from .ageing import loses_material
from .control import control_of, limits_of
from .dfn import DFN, FAILED, reason
from .lanes import SCALARS, Lanes
from .trace import Batch, Trace
from .workers import close_workers, solve_in_processes

__all__ = ["CHUNK", "Batch", "Trace", "close_workers", "solve_batch", "solve_chunk"]

CHUNK = 32
"""Cells side by side: enough to fill vector units, few enough to stay in the cache."""


def solve_batch(
    models: Sequence[DFN],
    experiment: Experiment | Sequence[Experiment],
    workers: int = 1,
    chunk: int = CHUNK,
) -> Batch:
    """Run many cells that differ in numbers only.

    Parameters
    ----------
    models : sequence of DFN
        The cells: same mesh, number of particle sizes, forms of laws and mechanisms.
    experiment : Experiment or sequence of Experiment
        One for all, or one for each with the same number of steps.
    workers : int
        1 solves in this process and on its device: so does a GPU, best with a larger ``chunk``. More are
        that many processes, each on one processor core; as many as there are cores. The numbers are the
        same. Processes are started at the first call, which takes seconds, are kept for later calls, and
        end with this process or with `close_workers`.
    chunk : int
        Cells side by side; a multiple of it wastes nothing, the last chunk is filled with copies.

    Returns
    -------
    Batch
        One `Trace` per cell. A cell that cannot be solved does not stop the others: ``failed`` says so.

    Raises
    ------
    ParameterError
        If the cells differ in more than numbers, or in tolerance, longest step or rows; if ``workers`` or
        ``chunk`` is not positive; if there are several workers and the models cannot be handed to them.
    ProtocolError
        If the protocols differ in their number of steps, or a voltage lies outside of its limits.
    SolverError
        If a worker ends on its own, as when memory runs out.
    """
    experiments = [experiment] * len(models) if isinstance(experiment, Experiment) else list(experiment)
    _check_positive(workers=workers, chunk=chunk)
    _check(models, experiments)
    jobs = list(zip(models, experiments, strict=True))
    chunk = min(chunk, len(jobs))
    parts = [jobs[k : k + chunk] for k in range(0, len(jobs), chunk)]
    filled = [part + [part[-1]] * (chunk - len(part)) for part in parts]
    results = solve_in_processes(filled, workers) if workers > 1 else [solve_chunk(part) for part in filled]
    return Batch(trace for part, traces in zip(parts, results, strict=True) for trace in traces[: len(part)])


def _check_positive(**counts: int) -> None:
    for key, value in counts.items():
        if value < 1:
            raise ParameterError(
                "A batch cannot be solved by none", key=key, value=value, allowed="1 or more"
            )


def _check(models: Sequence[DFN], experiments: Sequence[Experiment]) -> None:
    settings = {(model.tolerance, model.longest, model.rows) for model in models}
    if len(settings) != 1:
        raise ParameterError(
            "The cells of a batch must agree in the settings of the time stepping",
            key="tolerance, longest, rows",
            value=sorted(settings) or "no cells",
            allowed="one or more cells, all with the same three numbers",
        )
    lengths = {len(experiment.steps) for experiment in experiments}
    if len(experiments) != len(models) or len(lengths) > 1:
        raise ProtocolError(
            "A batch needs one protocol for all cells, or one for each with the same number of steps",
            key="experiment",
            value=f"{len(models)} cells, {len(experiments)} protocols with {sorted(lengths)} steps",
        )
    for model, experiment in zip(models, experiments, strict=True):
        number = model.parameters.number
        validate(experiment, number("Lower voltage limit [V]"), number("Upper voltage limit [V]"))


def solve_chunk(jobs: list[tuple[DFN, Experiment]]) -> list[Trace]:
    """Solve cells side by side in this process; they were checked by `solve_batch`."""
    with jax.enable_x64(True):
        run = _Chunk(jobs)
        for number in range(len(jobs[0][1].steps)):
            run.advance(number)
        return run.traces


class _Chunk:
    """The cells of one chunk on their way through the protocol."""

    def __init__(self, jobs: list[tuple[DFN, Experiment]]) -> None:
        self.jobs = jobs
        cells = [model.cell() for model, _ in jobs]
        self.one_c = [float(cell.one_c) for cell in cells]
        self.ages = loses_material(cells[0])
        self.lanes = Lanes.stack(cells, all_differ=self.ages)
        self.leaves = self.lanes.leaves
        columns = zip(*(model.initial_stoichiometries(own) for model, own in jobs), strict=True)
        x = tuple(jnp.asarray(column) for column in columns)
        self.history = lanes.relaxed(self.lanes.kind, self.leaves, x)
        self.traces = [Trace() for _ in jobs]
        self._rows: list[list[np.ndarray]] = [[] for _ in jobs]

    def advance(self, number: int) -> None:
        """Run one step of the protocol on all cells that have not failed."""
        kind, settings = self.lanes.kind, self.jobs[0][0].settings()
        steps = [
            resolve(own.steps[number], c, m.design.area)
            for (m, own), c in zip(self.jobs, self.one_c, strict=True)
        ]
        controls, limits = _stacked(steps, self.jobs)
        p = lanes.begin_step(
            kind, self.leaves, controls, limits, settings, self.history, self.jobs[0][0].rows
        )
        failed = jnp.asarray([trace.failed for trace in self.traces])
        p = p._replace(code=jnp.where(failed, advance.NO_START, p.code))
        while True:
            p = lanes.run_step(kind, self.leaves, controls, limits, settings, p)
            self._collect(p, number)
            full = p.code == advance.FULL
            if not bool(jnp.any(full)):
                break
            p = p._replace(code=jnp.where(full, advance.RUNNING, p.code), rows=jnp.zeros_like(p.rows))
        self._finish(steps, np.asarray(p.code))
        self.history = p.history
        if self.ages:
            self.leaves, self.history = lanes.settled(kind, self.leaves, self.lanes.leaves, p.history)

    def _collect(self, p: lanes.Progress, number: int) -> None:
        """Take the rows of the lanes that have not failed before."""
        records, rows = np.asarray(p.records), np.asarray(p.rows)
        for lane, trace in enumerate(self.traces):
            if not trace.failed and rows[lane]:
                self._rows[lane].append(records[lane, : rows[lane]])
                trace.step_number = np.append(trace.step_number, np.full(rows[lane], number))

    def _finish(self, steps: list[ResolvedStep], codes: np.ndarray) -> None:
        """Note why the step ended, and refresh the values."""
        for lane, trace in enumerate(self.traces):
            if not trace.failed:
                trace.reasons.append(reason(steps[lane], int(codes[lane])))
                trace.failed = int(codes[lane]) in FAILED
                trace.values = _values(np.concatenate(self._rows[lane]), self.jobs[lane][0].design.area)


def _stacked(steps: list[ResolvedStep], jobs: list[tuple[DFN, Experiment]]) -> Any:
    """Controls and limits of all lanes with a leading axis."""
    pairs = [
        (control_of(step, model.design.area), limits_of(step, model.design.area, model.window()))
        for step, (model, _) in zip(steps, jobs, strict=True)
    ]
    return jax.tree.map(lambda *leaves: np.stack(leaves), *pairs)


def _values(rows: np.ndarray, area: float) -> dict[str, np.ndarray]:
    """Quantities by name from the rows of `SCALARS`."""
    r = dict(zip(SCALARS, rows.T, strict=True))
    held = r["solid"] + r["salt"] + r["trapped"] - r["gained"]
    return {
        "Time [s]": r["time"],
        "Voltage [V]": r["voltage"],
        "Current [A]": r["current"] * area,
        "Discharge capacity [A.h]": (r["passed"] - r["passed"][0]) * F * area / 3600.0,
        "Lithium imbalance [mol]": (held - held[0]) * area,
    }
