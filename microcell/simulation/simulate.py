"""A protocol on a cell, from the first consistent state to the report."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from ..cell.halfcell import HalfCell
from ..cell.state import Control
from ..errors import ProtocolError, ResultsError, did_you_mean
from ..parameters.open_circuit import stoichiometry_at
from ..parameters.units import quantity
from ..progress import ProgressBar
from ..protocol import Experiment
from ..protocol.experiment import validate
from ..protocol.resolve import CURRENT, POWER, VOLTAGE
from ..results import Solution
from ..results.store import read_checkpoint
from ..solve.control import StepControl
from ..solve.events import Event
from ..solve.timestep import TimeStepper
from . import processes
from .events import refuse_drive_cycles
from .initial import InitialState, begin_from, uniform_state
from .output import FIELDS, row_of
from .precision import computing_on, find_devices
from .programs import make_room
from .run import Progress, Run

EVERY = 600.0
"""Time between stored snapshots where nothing is asked for [s]; ends of protocol steps are stored as well."""


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

    Attributes
    ----------
    stepper : TimeStepper or None
        What holds the present state, once :meth:`solve`, :meth:`step` or :meth:`start_stepper` was called.
    lithium_start : float
        Lithium in solid and electrolyte at the start [mol].
    floor, ceiling : float
        Voltages half a volt beyond the limits of the parameters [V]: no step goes on past them.

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
        # there the cell is empty or full whatever a protocol step says
        self.floor, self.ceiling = limits[0] - 0.5, limits[1] + 0.5
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
        self.stepper: TimeStepper | None = None
        self._control: Control | None = None
        self.lithium_start = 0.0

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
            Run(self, folder, show, case or self._describe_case(), overwrite, saved).go()
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
            stepper = self.stepper or self.start_stepper()
            if control != self._control:
                stepper.restart(control)
                self._control = control
            safety = [Event("voltage", lambda v, _: max(self.floor - v, v - self.ceiling), 0.05)]
            last = list(stepper.run(control, stepper.time + dt, safety))[-1]
            if last.event:
                raise ProtocolError(
                    f"the cell left its voltage limits after {stepper.time:.6g} s",
                    key="current, voltage or power",
                    value=f"{given[0][1]:.6g}, which brought the cell to {last.row['voltage_V']:.3f} V",
                    allowed=f"a cell voltage of {self.floor:g} to {self.ceiling:g} V",
                    fix="lower the magnitude, reverse it, or step with a voltage; the state is kept",
                )
            return row_of(self.cell, stepper, last, 1, time.perf_counter() - begun, self.lithium_start)

    def start_stepper(self) -> TimeStepper:
        """Make the stepper of the initial state; float64 must be on."""
        system = self.cell.system()
        start = self.start or uniform_state(self.cell, self._initial_stoichiometry)
        past = begin_from(self.cell, system, start)
        self.stepper = TimeStepper(system, past, 0.0, self.settings, self.devices)
        self.lithium_start = self.stepper.lithium()
        return self.stepper

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
