"""The porous-electrode model (DFN) of a half cell, run through a protocol."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import MicrocellError, SolverError
from ..parameters import ParameterSet, stoichiometry_at
from ..protocol import Experiment, ResolvedStep, resolve, validate
from . import advance
from .advance import Progress, Settings
from .cell import Cell, build_cell
from .control import control_of, limits_of
from .design import Design
from .history import History, begin
from .mesh import Mesh
from .record import Record
from .solution import Solution, StepReport
from .state import uniform

_SAFETY = 0.5  # V outside of the voltage limits of the parameters at which any step ends
_FAILED = {advance.NO_START, advance.TOO_SMALL, advance.OUT_OF_WINDOW}


@dataclass(frozen=True)
class DFN:
    """Doyle-Fuller-Newman half cell against lithium, with particles of any number of sizes.

    Doyle, Fuller & Newman 1993 (doi 10.1149/1.2221597), with the laws, kinetics and film of the 3D model.

    Attributes
    ----------
    design : Design
        The homogenized electrode.
    parameters : ParameterSet
        Materials, separator, lithium metal, film.
    mesh : Mesh
        Finite volumes; one program is compiled per mesh, number of sizes and kind of laws.
    film : bool
        Whether the rocksalt film stands on the particles.
    tolerance : float
        Local error per time step: of lithium relative to c_max, of salt relative to its start, of voltage
        relative to 1 V.
    longest : float
        Longest time step [s].
    rows : int
        Accepted steps that one compiled call can hold; the run goes on over as many calls as it needs.

    Examples
    --------
    >>> design = Design(electrode_thickness="65 um", active_fraction=0.68, porosity=0.26, tortuosity=2.9,
    ...                 radii="5 um")
    >>> model = DFN(design, ParameterSet.builtin("nmc811"))
    >>> solution = model.solve(Experiment(["Charge at 1C until 4.3 V"], initial="3.6 V"))  # doctest: +SKIP
    """

    design: Design
    parameters: ParameterSet
    mesh: Mesh = field(default_factory=Mesh)
    film: bool = True
    tolerance: float = 1e-4
    longest: float = 1e4
    rows: int = 600

    def cell(self) -> Cell:
        """Return geometry and laws as a pytree, to differentiate or to batch over."""
        return build_cell(self.design, self.parameters, self.mesh, self.film)

    def settings(self) -> Settings:
        """Return the numbers of the time stepping."""
        numbers = (self.tolerance, self.longest, 0.1, 1e-7)
        return Settings(*(np.float64(number) for number in numbers))

    def window(self) -> tuple[float, float]:
        """Return the voltages at which any step ends [V]."""
        low, high = (self.parameters.number(f"{side} voltage limit [V]") for side in ("Lower", "Upper"))
        return low - _SAFETY, high + _SAFETY

    def initial_stoichiometry(self, experiment: Experiment) -> float:
        """Return x at the start."""
        initial = experiment.initial
        if initial.kind == "stoichiometry":
            return initial.value
        law, T = (
            self.parameters.law("Active open-circuit potential [V]"),
            self.parameters.number("Temperature [K]"),
        )
        return stoichiometry_at(law, initial.value, T)

    def solve(self, experiment: Experiment) -> Solution:
        """Run a protocol.

        Parameters
        ----------
        experiment : Experiment
            Initial state and steps.

        Raises
        ------
        ProtocolError
            If a voltage lies outside of the limits of the parameters.
        SolverError
            If a step cannot be solved or leaves the voltage window; the error's ``partial`` is the solution
            until then.
        """
        limits = (self.parameters.number(f"{side} voltage limit [V]") for side in ("Lower", "Upper"))
        validate(experiment, *limits)
        with jax.enable_x64(True):
            run = _Run(self, self.cell())
            run.start(self.initial_stoichiometry(experiment))
            for step in experiment.steps:
                run.advance(resolve(step, float(run.cell.one_c), self.design.area))
        return run.solution()


class _Run:
    """A run on the host: hands protocol steps to the compiled functions and collects what they give."""

    def __init__(self, model: DFN, cell: Cell) -> None:
        self.model, self.cell = model, cell
        self.records: list[Record] = []
        self.reports: list[StepReport] = []
        self.numbers: list[int] = []
        self.history: History

    def start(self, x: float) -> None:
        """Begin from the relaxed state."""
        film = self.cell.laws.film_initial * jnp.ones(self.cell.interface.shape)
        zero = jnp.zeros(())
        self.history = begin(zero, uniform(self.cell, jnp.asarray(x)), zero, film)

    def advance(self, step: ResolvedStep) -> None:
        """Run one step of the protocol, in as many compiled calls as its records need."""
        area, settings = self.model.design.area, self.model.settings()
        control, limits = control_of(step, area), limits_of(step, area, self.model.window())
        progress = advance.start_step(
            self.cell, control, limits, settings, self.history, rows=self.model.rows
        )
        progress = advance.run_step(self.cell, control, limits, settings, progress)
        while int(progress.code) == advance.FULL:
            self._collect(progress)
            progress = advance.run_step(self.cell, control, limits, settings, advance.resume(progress))
        self._collect(progress)
        self.history = progress.history
        self.reports.append(_report(step, progress))
        if int(progress.code) in _FAILED:
            raise self._failure(step, progress)

    def _collect(self, progress: Progress) -> None:
        rows = int(progress.rows)
        self.records.append(jax.tree.map(lambda leaf: np.asarray(leaf)[:rows], progress.records))
        self.numbers += [len(self.reports)] * rows

    def _failure(self, step: ResolvedStep, progress: Progress) -> MicrocellError:
        error = SolverError(
            f"the reduced model stopped at {float(progress.history.times[0]):.6g} s",
            key=f"step {len(self.reports)}",
            value=f"{step.text}: {self.reports[-1].reason}",
            allowed=f"a cell voltage of {self.model.window()[0]:g} to {self.model.window()[1]:g} V",
            fix='end the step at a voltage, as in "Discharge at 1C until 3.0 V", or lower its current',
        )
        error.partial = self.solution()  # type: ignore[attr-defined]
        return error

    def solution(self) -> Solution:
        """Join what was collected."""
        record = jax.tree.map(lambda *parts: np.concatenate(parts), *self.records)
        width = np.asarray(self.cell.width)
        weights = width[self.cell.mesh.separator :, None] * np.asarray(self.cell.active)
        return Solution(
            record=record,
            step_number=np.array(self.numbers),
            steps=tuple(self.reports),
            x=np.cumsum(width) - 0.5 * width,
            weights=weights / weights.sum(),
            area=self.model.design.area,
        )


def _report(step: ResolvedStep, progress: Progress) -> StepReport:
    code = int(progress.code)
    return StepReport(
        text=step.text,
        reason=_reason(step, code),
        code=code,
        start=float(progress.start),
        end=float(progress.history.times[0]),
        accepted=int(progress.accepted),
        refused=int(progress.refused),
        iterations=int(progress.iterations),
    )


def _reason(step: ResolvedStep, code: int) -> str:
    limit, current = step.voltage_limit, step.current_limit
    late = " before the condition of the step was met" if step.has_default_duration else ""
    return {
        advance.DURATION: f"duration {step.duration:g} s reached{late}",
        advance.AT_VOLTAGE: f"voltage {limit.value if limit else 0:g} V reached",
        advance.AT_CURRENT: f"current {current or 0:.4g} A reached",
        advance.OUT_OF_WINDOW: "the voltage left the window of a cell",
        advance.NO_START: "no potentials satisfy its control: Newton's method did not converge",
        advance.TOO_SMALL: "time steps became too small",
    }[code]


def refined(model: DFN, factor: int) -> DFN:
    """Return the model on a mesh with so many times the volumes in every direction."""
    mesh = model.mesh
    finer = replace(
        mesh,
        separator=mesh.separator * factor,
        electrode=mesh.electrode * factor,
        radial=mesh.radial * factor,
    )
    return replace(model, mesh=finer)
