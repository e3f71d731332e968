"""A protocol on a cell, from the first consistent state to the report."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from ..cell.halfcell import HalfCell
from ..cell.state import Control
from ..errors import InterruptedRunError, ProtocolError, ResultsError, SolverError, did_you_mean
from ..parameters.open_circuit import stoichiometry_at
from ..parameters.units import quantity
from ..progress import ProgressBar
from ..protocol import Experiment
from ..protocol.experiment import validate
from ..protocol.resolve import CURRENT, POWER, VOLTAGE, ResolvedStep, resolve
from ..results import RunWriter, Solution
from ..results.store import read_checkpoint
from ..solve.timestep import Accepted, Event, StepControl, TimeStepper
from . import checkpoint, processes
from .events import control_of, events_of, fraction_of, reason_of, refuse_drive_cycles
from .initial import InitialState, begin_from, uniform_state
from .output import FIELDS, row_of, take_snapshot, time_series_row
from .precision import computing_on, find_devices
from .processes import SilentWriter
from .programs import make_room
from .statistics import summarize

EVERY = 600.0
"""Time between stored snapshots where nothing is asked for [s]; ends of protocol steps are stored as well."""

CHECKPOINT_INTERVAL = 60.0
"""Wall time between checkpoints [s]."""

Progress = Callable[[Mapping[str, Any]], None]


class Simulation:
    """Runs a protocol on a half cell.

    Parameters
    ----------
    cell : HalfCell
        The cell.
    experiment : Experiment, optional
        The protocol; not needed for :meth:`step` with an ``initial`` state.
    fields : sequence of str, optional
        Voxel fields to store, by name with unit; all where left out.
    every : float or str, optional
        Time between stored snapshots ("60 s"), met exactly. See :data:`EVERY`.
    device : str, optional
        "cpu", "gpu", "gpu:1"; JAX's default where left out.
    devices : int, optional
        Number of devices to spread the cell over, in slabs through the plane; one where left out, all where
        the run has several processes (:func:`microcell.simulation.processes.start`).
    control : StepControl, optional
        Tolerances and step sizes.
    initial : str or mapping, optional
        Initial state where there is no experiment.
    start : InitialState, optional
        Fields to start from instead of the relaxed initial state.

    Raises
    ------
    ProtocolError, ParameterError, DeviceError, ResultsError
        If the protocol leaves the voltage limits of the parameters, the initial state does not exist on the
        open-circuit curve, a field is unknown, or the device is not there.

    Examples
    --------
    >>> solution = Simulation(cell, experiment).solve(out="run")  # doctest: +SKIP
    """

    def __init__(
        self,
        cell: HalfCell,
        experiment: Experiment | None = None,
        *,
        fields: Sequence[str] | None = None,
        every: float | str | None = None,
        device: str | None = None,
        devices: int | None = None,
        control: StepControl | None = None,
        initial: Any = None,
        start: InitialState | None = None,
    ) -> None:
        if (experiment is None) == (initial is None):
            raise ProtocolError(
                "a simulation needs either an experiment or an initial state", key="experiment"
            )
        self.cell = cell
        self.experiment = experiment or Experiment(["Rest for 1 second"], initial=initial)
        limits = [cell.parameters.number(f"{end} voltage limit [V]") for end in ("Lower", "Upper")]
        validate(self.experiment, *limits)
        refuse_drive_cycles(self.experiment)
        # half a volt beyond the limits of the protocol: there the cell is empty or full whatever a step says
        self._floor, self._ceiling = limits[0] - 0.5, limits[1] + 0.5
        self.fields = _check_fields(fields)
        self.every = EVERY if every is None else quantity(every, "s", key="output.every")
        if not self.every > 0:
            raise ResultsError(
                "the output interval must be positive", key="output.every", value=every, allowed="> 0 s"
            )
        self.device, self.settings, self.start = device, control or StepControl(), start
        self.devices = find_devices(device, devices)
        make_room()
        self._initial_stoichiometry = self._find_initial()
        self._stepper: TimeStepper | None = None
        self._control: Control | None = None
        self._lithium_start = 0.0

    def solve(
        self,
        out: str | Path | None = None,
        *,
        overwrite: bool = False,
        resume: bool = False,
        progress: bool | Progress = True,
        case: dict[str, Any] | None = None,
    ) -> Solution:
        """Run the protocol and stream the results into a run directory.

        Parameters
        ----------
        out : path, optional
            The run directory; a new temporary one where left out.
        overwrite, resume : bool
            Replace the run that is there; go on from its checkpoint.
        progress : bool or callable
            Show a progress bar, or call this with a dict per accepted step.
        case : dict, optional
            The case as the user wrote it, stored with the results.

        Returns
        -------
        Solution

        Raises
        ------
        SolverError
            If the solver gives up; what was computed is in the run directory, with a checkpoint.
        InterruptedRunError
            On Ctrl-C; likewise.
        ResultsError
            If the directory cannot be used.
        """
        folder = _folder_of(out)
        with computing_on(self.device), _display(progress if processes.is_writer() else False) as show:
            saved = read_checkpoint(folder) if resume else None
            _Run(self, folder, show, case or self._describe_case(), overwrite, saved).go()
        processes.wait("written")
        return Solution.load(folder)

    def step(
        self,
        dt: float,
        *,
        current: float | None = None,
        voltage: float | None = None,
        power: float | None = None,
    ) -> dict[str, float]:
        """Advance the cell from another program.

        Parameters
        ----------
        dt : float
            Time to advance [s]; as many time steps as accuracy needs.
        current, voltage, power : float
            Exactly one: [A], [V] or [W], positive on discharge.

        Returns
        -------
        dict
            The row of the time series at the new time.

        Raises
        ------
        ProtocolError
            If not exactly one control is given, or the cell runs empty or full (the state is kept).
        """
        given = [(m, v) for m, v in ((CURRENT, current), (VOLTAGE, voltage), (POWER, power)) if v is not None]
        if len(given) != 1 or not dt > 0:
            raise ProtocolError(
                "step takes a positive time and exactly one of current, voltage and power", key="dt", value=dt
            )
        control = Control(np.int32(given[0][0]), np.float64(given[0][1]))
        with computing_on(self.device):
            begun = time.perf_counter()
            stepper = self._stepper or self._start()
            if control != self._control:
                stepper.restart(control)
                self._control = control
            safety = [Event("voltage", lambda v, _: max(self._floor - v, v - self._ceiling), 0.05)]
            last = list(stepper.run(control, stepper.time + dt, safety))[-1]
            if last.event:
                raise ProtocolError(
                    f"the cell left its voltage limits after {stepper.time:.6g} s",
                    key="current, voltage or power",
                    value=f"{given[0][1]:.6g}, which brought the cell to {last.row['voltage_V']:.3f} V",
                    allowed=f"a cell voltage of {self._floor:g} to {self._ceiling:g} V",
                    fix="lower the magnitude, reverse it, or step with a voltage; the state is kept",
                )
            return row_of(self.cell, stepper, last, 1, time.perf_counter() - begun, self._lithium_start)

    def _start(self) -> TimeStepper:
        """Make the stepper of the initial state; float64 must be on."""
        system = self.cell.system()
        start = self.start or uniform_state(self.cell, self._initial_stoichiometry)
        past = begin_from(self.cell, system, start)
        self._stepper = TimeStepper(system, past, 0.0, self.settings, self.devices)
        self._lithium_start = self._stepper.lithium()
        return self._stepper

    def _find_initial(self) -> float:
        initial = self.experiment.initial
        if initial.kind == "stoichiometry":
            return initial.value
        parameters = self.cell.parameters
        law = parameters.law("Active open-circuit potential [V]")
        return stoichiometry_at(law, initial.value, parameters.number("Temperature [K]"))

    def _describe_case(self) -> dict[str, Any]:
        return {
            "volume": self.cell.volume.info | {"source": self.cell.volume.source},
            "parameters": self.cell.parameters.to_records(),
            "protocol": self.experiment.to_dict(),
        }


class _Run:
    """One call of :meth:`Simulation.solve`: protocol steps, output, checkpoints, and an orderly end."""

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
            self.stepper = simulation._start()
            self.lithium_start = simulation._lithium_start
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
        events = events_of(step, self.sim.settings, self.sim._floor, self.cell.one_c_current)
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


@contextmanager
def _display(progress: bool | Progress) -> Iterator[Progress]:
    """Give a callable that shows progress: the bar, the user's, or none."""
    bar: AbstractContextManager[Any] = ProgressBar() if progress is True else nullcontext(progress or _silent)
    with bar as show:
        yield show


def _silent(_: Mapping[str, Any]) -> None:
    """Show nothing."""


def _folder_of(out: str | Path | None) -> Path:
    if out is not None:
        return Path(out)
    if processes.several():
        raise ResultsError(
            "a run over several processes needs a run directory that all of them see",
            key="out",
            fix="name it: solve(out=...)",
        )
    return Path(tempfile.mkdtemp(prefix="microcell-"))


def _check_fields(fields: Sequence[str] | None) -> tuple[str, ...]:
    for name in fields or ():
        if name not in FIELDS:
            raise ResultsError(
                f"there is no field {name!r}",
                key="output.fields",
                value=name,
                allowed=FIELDS,
                fix=did_you_mean(name, FIELDS),
            )
    return tuple(fields) if fields is not None else FIELDS
