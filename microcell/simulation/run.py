"""One run of a protocol: its steps, what is written while it goes, and an orderly end whatever happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InterruptedRunError, SolverError
from ..protocol.resolve import ResolvedStep, resolve
from ..results import RunWriter
from ..solve.timestep import Accepted
from . import checkpoint, processes
from .events import control_of, events_of, fraction_of, reason_of
from .output import take_snapshot, time_series_row
from .processes import SilentWriter
from .statistics import summarize

if TYPE_CHECKING:
    from .simulate import Simulation

CHECKPOINT_INTERVAL = 60.0
"""Wall time between checkpoints [s]."""

Progress = Callable[[Mapping[str, Any]], None]


class Run:
    """One call of :meth:`Simulation.solve`: protocol steps, output, checkpoints, and an orderly end.

    Parameters
    ----------
    simulation : Simulation
        What to run.
    folder : Path
        The run directory.
    show : callable
        Called with a dict per accepted step.
    case : dict
        The case as the user wrote it.
    overwrite : bool
        Replace the run that is there.
    saved : tuple of arrays and metadata, or None
        The checkpoint to go on from.
    """

    def __init__(
        self,
        simulation: Simulation,
        folder: Path,
        show: Progress,
        case: dict[str, Any],
        overwrite: bool,
        saved: Any,
    ) -> None:
        self.sim, self.cell, self.show = simulation, simulation.cell, show
        self.begun = time.perf_counter()
        self.number, self.elapsed, self.wall_before = 0, 0.0, 0.0
        self.first_current = 0.0
        self.worst = {"Lithium drift": 0.0, "Charge balance error": 0.0, "Guarded faces": 0.0}
        self.ranges: dict[str, tuple[float, float]] = {}
        if saved is None:
            self.stepper = simulation.start_stepper()
            self.lithium_start = simulation.lithium_start
        else:
            arrays, meta = saved
            self.stepper = checkpoint.restore(
                self.cell, arrays, meta, simulation.settings, simulation.devices
            )
            self.number, self.elapsed = meta["step"], meta["elapsed"]
            self.lithium_start, self.wall_before = meta["lithium_start"], meta["wall"]
            self.worst, self.ranges = meta["worst"], {k: tuple(v) for k, v in meta["ranges"].items()}
        self.set_up = time.perf_counter() - self.begun
        self.saved_at = time.perf_counter()
        processes.wait("read")
        create = RunWriter.create if processes.is_writer() else SilentWriter
        self.writer: RunWriter | SilentWriter = create(
            folder,
            case=case,
            grid=self.cell.grid(),
            info=self.cell.describe() | {"device": ", ".join(map(str, simulation.devices))},
            overwrite=overwrite,
            append=saved is not None,
            resume_time=self.stepper.time if saved is not None else None,
        )

    def go(self) -> None:
        """Run all steps that are left; whatever happens, the results are closed in order."""
        try:
            with processes.interrupts_in_common() as self.heed:
                self._protocol()
        except KeyboardInterrupt:
            self._end("interrupted")
            raise InterruptedRunError(
                f"interrupted at {self.stepper.time:.6g} s of simulated time; a checkpoint was saved",
                file=self.writer.folder,
                fix="go on with --resume (Python: solve(out, resume=True))",
            ) from None
        except SolverError as error:
            self._end(f"failed: {error.problem}", diagnosis=str(error))
            error.file = self.writer.folder
            raise error
        self.writer.close("done", self._statistics())

    def _protocol(self) -> None:
        steps = self.sim.experiment.steps
        while self.number < len(steps):
            self._protocol_step(resolve(steps[self.number], self.cell.one_c_current, self.cell.area))
            self.number, self.elapsed = self.number + 1, 0.0
            self._checkpoint()

    def _end(self, status: str, **more: Any) -> None:
        if self.stepper.last is not None:
            self._snapshot()
        self._checkpoint()
        self.writer.close(status, self._statistics() | more)

    def _protocol_step(self, step: ResolvedStep) -> None:
        control = control_of(step)
        events = events_of(step, self.sim.settings, self.sim.floor, self.cell.one_c_current)
        attempt = self.stepper.restart(control)
        start_time, end = self.stepper.time - self.elapsed, self.stepper.time - self.elapsed + step.duration
        scalars = self.stepper.scalars(attempt)
        self.first_current = scalars["current_A"]
        if self.number == 0 and self.elapsed == 0.0:
            self._record(self._row(scalars, 0.0))
            self._snapshot()
        event = next(
            (e.name for e in events if e.value(scalars["voltage_V"], scalars["current_A"]) >= 0), None
        )
        period = step.period or self.sim.every
        while event is None and self.stepper.time < end * (1 - 1e-12) - 1e-9:
            due = start_time + period * (np.floor((self.stepper.time - start_time) / period + 1e-9) + 1)
            for accepted in self.stepper.run(control, min(due, end), events):
                self._accepted(accepted, step, start_time)
                event = accepted.event
            self._snapshot()
        self.writer.step_end(
            {
                "description": step.text,
                "reason": reason_of(step, event),
                "time_s": self.stepper.time,
                "duration_s": self.stepper.time - start_time,
                "voltage_V": float(self.stepper.unknowns.voltage),
                "current_A": float(self.stepper.last.measures.current_A),  # type: ignore[union-attr]
            }
        )

    def _accepted(self, accepted: Accepted, step: ResolvedStep, start_time: float) -> None:
        self.elapsed = accepted.time - start_time
        self._record(self._row(accepted.row, accepted.dt))
        steps = self.sim.experiment.steps
        part = fraction_of(
            step, self.elapsed, accepted.row["current_A"], self.first_current, self.cell.one_c_current
        )
        self.show(
            {
                "time": accepted.time,
                "voltage": accepted.row["voltage_V"],
                "current": accepted.row["current_A"],
                "dt": accepted.dt,
                "step": self.number + 1,
                "step_count": len(steps),
                "text": step.text,
                "fraction": (self.number + part) / len(steps),
                "newton": int(accepted.row["newton"]),
                "krylov": int(accepted.row["krylov"]),
            }
        )
        if processes.any_process(time.perf_counter() - self.saved_at > CHECKPOINT_INTERVAL):
            self._checkpoint()
        self.heed()

    def _wall(self) -> float:
        return self.wall_before + time.perf_counter() - self.begun

    def _row(self, scalars: dict[str, float], dt: float) -> dict[str, float]:
        return time_series_row(
            self.cell,
            self.stepper,
            scalars,
            step=self.number + 1,
            dt=dt,
            wall=self._wall(),
            start=self.lithium_start,
        )

    def _record(self, row: dict[str, float]) -> None:
        for name in self.worst:
            self.worst[name] = max(self.worst[name], abs(row[name]))
        for name, ends in (("x", "surface stoichiometry"), ("c", "electrolyte concentration [mol.m-3]")):
            low, high = self.ranges.get(name, (np.inf, -np.inf))
            self.ranges[name] = (min(low, row[f"Minimum {ends}"]), max(high, row[f"Maximum {ends}"]))
        self.writer.record(row)

    def _snapshot(self) -> None:
        self.writer.snapshot(take_snapshot(self.cell, self.stepper, self.sim.fields))

    def _checkpoint(self) -> None:
        arrays, meta = checkpoint.save(self.stepper)
        run = {
            "step": self.number,
            "elapsed": self.elapsed,
            "lithium_start": self.lithium_start,
            "wall": self._wall(),
            "worst": self.worst,
            "ranges": self.ranges,
        }
        self.writer.checkpoint(arrays, meta | run)
        self.saved_at = time.perf_counter()

    def _statistics(self) -> dict[str, Any]:
        return summarize(
            self.cell, self.stepper, self.worst, self.ranges, set_up=self.set_up, wall=self._wall()
        )
