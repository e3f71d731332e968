"""A reduced cell as other programs describe it: everything a DFN needs, and what is carried along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..errors import ParameterError
from ..p2d import DFN, Design, Mesh, build_cell
from ..p2d.cell import Cell
from ..p2d.negative import Negative, cell_stoichiometry, sites
from ..parameters import ParameterSet, stoichiometry_at
from ..parameters.constants import F
from ..parameters.law import STOICHIOMETRY_LIMITS
from ..protocol import Initial

OCP = "Active open-circuit potential [V]"
_COARSE = Mesh(separator=1, electrode=2, radial=2, negative=2)

Window = tuple[float, float]
"""Smallest and largest stoichiometry between the voltage limits."""


@dataclass(frozen=True)
class ReducedCell:
    """A cell read from another program's parameters, ready to run.

    Attributes
    ----------
    design : Design
        The positive electrode.
    parameters : ParameterSet
        Its materials, electrolyte, separator, temperature, voltage limits.
    negative : Negative or None
        The negative electrode; lithium metal where None.
    initial : float
        Positive stoichiometry at the start.
    film : bool
        Whether the rocksalt film stands on the positive particles.
    windows : (Window, Window) or None
        Stoichiometries of negative and positive electrode between the voltage limits, as the file states
        them; `stoichiometry_windows` computes them where None. The first is not used with lithium metal.
    kept : mapping of str to float
        Numbers of the file that no reduced model here uses (heat capacity, cooling); written back.
    user_defined : mapping
        What else stood in the user-defined block of a BPX file; written back.
    title : str
        Of the file.
    notes : tuple of str
        What was assumed, or could not be taken over.

    Examples
    --------
    >>> cell = read_bpx("cell.json")  # doctest: +SKIP
    >>> cell.model().solve(Experiment(["Discharge at 1C until 2.5 V"], cell.initial_state))  # doctest: +SKIP
    """

    design: Design
    parameters: ParameterSet
    negative: Negative | None = None
    initial: float = 0.5
    film: bool = False
    windows: tuple[Window, Window] | None = None
    kept: Mapping[str, float] = field(default_factory=dict)
    user_defined: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, model: DFN | ReducedCell, initial: float | None = None) -> ReducedCell:
        """Describe a model; at the start the relaxed cell is full unless a stoichiometry is given."""
        if isinstance(model, ReducedCell):
            return model
        cell = cls(
            model.design, model.parameters, model.negative, film=model.film, title=model.parameters.name
        )
        full = model.negative.at_full[1] if model.negative else cell.stoichiometry_windows()[1][0]
        return replace(cell, initial=full if initial is None else initial)

    @property
    def initial_state(self) -> Initial:
        """The start, for an `Experiment`."""
        return Initial(kind="stoichiometry", value=self.initial)

    def model(self, mesh: Mesh | None = None, kind: type[DFN] = DFN, **options: Any) -> DFN:
        """Return the model.

        Parameters
        ----------
        mesh : Mesh, optional
            Finite volumes.
        kind : type, optional
            `microcell.p2d.DFN`, `SPMe` or `SPM`.
        **options
            Further arguments of `microcell.p2d.DFN`.
        """
        options = {"film": self.film, **options}
        return kind(self.design, self.parameters, mesh or Mesh(), negative=self.negative, **options)

    def arrays(self) -> Cell:
        """Return geometry and laws as the equations see them, on the coarsest mesh."""
        return build_cell(self.design, self.parameters, _COARSE, negative=self.negative)

    @property
    def capacity(self) -> float:
        """Nominal capacity [A.h]: the charge of the 1C current in one hour."""
        return float(self.arrays().one_c)

    def stoichiometry_windows(self) -> tuple[Window, Window]:
        """Return the windows of both electrodes between the voltage limits of the relaxed cell.

        Where a limit lies beyond the open-circuit curve, the window ends where the curve does.
        """
        if self.windows is not None:
            return self.windows
        low, high = self._held_by_both()
        positive = (self._at_limit("Upper", low), self._at_limit("Lower", high))
        if self.negative is None:
            return positive, positive
        empty, full = (
            self.negative.stoichiometry(self.design, self.parameters, x) for x in reversed(positive)
        )
        return (empty, full), positive

    @property
    def temperature(self) -> float:
        """Temperature [K]."""
        return self.parameters.number("Temperature [K]")

    def _at_limit(self, side: str, otherwise: float) -> float:
        """Positive stoichiometry at a voltage limit of the relaxed cell."""
        limit = self.parameters.number(f"{side} voltage limit [V]")
        try:
            if self.negative is None:
                return stoichiometry_at(self.parameters.law(OCP), limit, self.temperature)
            return cell_stoichiometry(self.negative, self.design, self.parameters, limit)
        except ParameterError:
            return otherwise

    def _held_by_both(self) -> Window:
        """Positive stoichiometries at which both electrodes stay within the limits of the laws."""
        low, high = STOICHIOMETRY_LIMITS
        if self.negative is None:
            return low, high
        ratio = sites(self.design, self.parameters) / sites(self.negative.design, self.negative.parameters)
        start, own = self.negative.at_full[1], self.negative.at_full[0]
        return max(low, start - (high - own) / ratio), min(high, start + (own - low) / ratio)


def nominal_window(design: Design, c_max: float, capacity: float) -> float:
    """Return the share of the positive sites that carries a capacity [A.h]."""
    return capacity * 3600.0 / (F * design.area * design.active_fraction * design.electrode_thickness * c_max)


@contextmanager
def errors_of(file: str | Path) -> Iterator[None]:
    """Name the file in errors of parameters."""
    try:
        yield
    except ParameterError as error:
        parts = {part: getattr(error, part) for part in ("key", "value", "allowed", "fix")}
        raise ParameterError(error.problem, file=error.file or file, **parts) from error
