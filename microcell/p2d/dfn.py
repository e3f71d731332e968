"""The porous-electrode model (DFN) of a half or full cell, run through a protocol."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import MicrocellError, SolverError
from ..parameters import ParameterSet, stoichiometry_at
from ..protocol import Experiment, ResolvedStep, resolve, validate
from . import advance
from .advance import Progress, Settings
from .ageing import fresh, loses_material, settle
from .cell import Cell, Model, build_cell
from .control import control_of, limits_of
from .degradation.rocksalt import RocksaltFilm
from .design import Design
from .history import History, latest, restarted, start
from .mechanism import Mechanism
from .mesh import Mesh
from .negative import Negative, cell_stoichiometry
from .record import Record
from .solution import Solution, StepReport
from .state import uniform

_OCP = "Active open-circuit potential [V]"
_SAFETY = 0.5  # V outside of the voltage limits of the parameters at which any step ends
FAILED = {advance.NO_START, advance.TOO_SMALL, advance.OUT_OF_WINDOW}


@dataclass(frozen=True)
class DFN:
    """Doyle-Fuller-Newman cell with particles of any number of sizes, against lithium or a porous electrode.

    Doyle, Fuller & Newman 1993 (doi 10.1149/1.2221597), with the laws, kinetics and film of the 3D model.

    Attributes
    ----------
    design : Design
        The homogenized positive electrode.
    parameters : ParameterSet
        Its materials; electrolyte, separator, lithium metal, film.
    mesh : Mesh
        Finite volumes; one program is compiled per mesh, number of sizes and kind of laws.
    film : bool
        Whether the rocksalt film stands on the particles of the positive electrode.
    negative : Negative, optional
        The negative electrode; lithium metal where left out.
    mechanisms : tuple of Mechanism
        What else degrades the positive electrode, see `microcell.p2d.degradation`.
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

    kind: ClassVar[Model] = "DFN"

    design: Design
    parameters: ParameterSet
    mesh: Mesh = field(default_factory=Mesh)
    film: bool = True
    negative: Negative | None = None
    mechanisms: tuple[Mechanism, ...] = ()
    tolerance: float = 1e-4
    longest: float = 1e4
    rows: int = 600

    def cell(self) -> Cell:
        """Return geometry and laws as a pytree, to differentiate or to batch over."""
        mechanisms = (*((RocksaltFilm(),) if self.film else ()), *self.mechanisms)
        return build_cell(self.design, self.parameters, self.mesh, mechanisms, self.negative, self.kind)

    def settings(self) -> Settings:
        """Return the numbers of the time stepping."""
        numbers = (self.tolerance, self.longest, 0.1, 1e-7)
        return Settings(*(np.float64(number) for number in numbers))

    def window(self) -> tuple[float, float]:
        """Return the voltages at which any step ends [V]."""
        low, high = (self.parameters.number(f"{side} voltage limit [V]") for side in ("Lower", "Upper"))
        return low - _SAFETY, high + _SAFETY

    def initial_stoichiometries(self, experiment: Experiment) -> tuple[float, ...]:
        """Return x of every electrode of the relaxed cell at the start, the negative one first."""
        x = self._positive_stoichiometry(experiment)
        if self.negative is None:
            return (x,)
        return self.negative.stoichiometry(self.design, self.parameters, x), x

    def _positive_stoichiometry(self, experiment: Experiment) -> float:
        initial = experiment.initial
        if initial.kind == "stoichiometry":
            return initial.value
        if self.negative is not None:
            return cell_stoichiometry(self.negative, self.design, self.parameters, initial.value)
        law, T = self.parameters.law(_OCP), self.parameters.number("Temperature [K]")
        return stoichiometry_at(law, initial.value, T)

    def solve(self, experiment: Experiment, after: Solution | None = None) -> Solution:
        """Run a protocol.

        Parameters
        ----------
        experiment : Experiment
            Initial state and steps.
        after : Solution, optional
            Go on from its end instead of the initial state: times, films and losses go on too.

        Raises
        ------
        ProtocolError
            If a voltage lies outside of the limits of the parameters.
        SolverError
            If a step cannot be solved or leaves the voltage window; the error's ``partial`` is the solution
            until then.
        KeyboardInterrupt
            If the user stops it; ``partial`` is the solution of the finished steps, None without any.
        """
        limits = (self.parameters.number(f"{side} voltage limit [V]") for side in ("Lower", "Upper"))
        validate(experiment, *limits)
        with jax.enable_x64(True):
            run = _Run(self)
            if after is None:
                run.start(self.initial_stoichiometries(experiment))
            else:
                run.go_on(after)
            try:
                for step in experiment.steps:
                    run.advance(resolve(step, float(run.pristine.one_c), self.design.area))
            except KeyboardInterrupt as stop:
                stop.partial = run.finished()  # type: ignore[attr-defined]
                raise
        return run.solution()


class _Run:
    """A run on the host: hands protocol steps to the compiled functions and collects what they give."""

    def __init__(self, model: DFN) -> None:
        self.model = model
        self.pristine = self.cell = model.cell()
        self.records: list[Record] = []
        self.reports: list[StepReport] = []
        self.numbers: list[int] = []
        self.history: History
        self.border: tuple[int, Cell, History] | None = None

    def start(self, x: tuple[float, ...]) -> None:
        """Begin from the relaxed state."""
        state = uniform(self.cell, tuple(jnp.asarray(own) for own in x))
        self.history = start(state, fresh(self.cell))

    def go_on(self, before: Solution) -> None:
        """Begin where another run has ended."""
        self.cell, self.history = before.end

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
        if int(progress.code) in FAILED:
            raise self._failure(step, progress)
        self._settle()
        self.border = (len(self.reports), self.cell, self.history)

    def _settle(self) -> None:
        """Take material that was lost during the step out of the geometry."""
        if loses_material(self.cell):
            state, slow = latest(self.history), self.history.slow
            self.cell, state, trapped = settle(self.cell, slow, self.pristine, state)
            self.history = restarted(self.history, state, trapped)

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

    def finished(self) -> Solution | None:
        """Join the steps that are done; an interruption may have come anywhere in the next one."""
        if self.border is None:
            return None
        steps, cell, history = self.border
        whole, rows = self.solution(), int(np.searchsorted(self.numbers, steps))
        return replace(
            whole,
            record=jax.tree.map(lambda column: column[:rows], whole.record),
            step_number=whole.step_number[:rows],
            steps=whole.steps[:steps],
            end=(cell, history),
        )

    def solution(self) -> Solution:
        """Join what was collected."""
        return Solution(
            record=jax.tree.map(lambda *parts: np.concatenate(parts), *self.records),
            step_number=np.array(self.numbers),
            steps=tuple(self.reports),
            cell=self.pristine,
            end=(self.cell, self.history),
        )


def _report(step: ResolvedStep, progress: Progress) -> StepReport:
    code = int(progress.code)
    return StepReport(
        text=step.text,
        reason=reason(step, code),
        code=code,
        start=float(progress.start),
        end=float(progress.history.times[0]),
        accepted=int(progress.accepted),
        refused=int(progress.refused),
        iterations=int(progress.iterations),
    )


def reason(step: ResolvedStep, code: int) -> str:
    """Say why a step ended, from the result code of `microcell.p2d.advance`."""
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
        negative=mesh.negative * factor,
        radial=mesh.radial * factor,
    )
    return replace(model, mesh=finer)
