"""A reduced run with all that is to be said about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..image import Volume
from ..p2d import DFN, CycleLife, Solution
from .effective import Effective
from .reduced import ReducedRun


@dataclass(frozen=True)
class Setup:
    """What is solved, and where it comes from.

    Attributes
    ----------
    model : DFN
        The model.
    case : dict
        What the user asked for, ready for JSON.
    files : mapping of str to Path
        Files that were read, by what they are: "case file", "BPX file".
    given : tuple of str
        Numbers of the design that the case states.
    volume : Volume or None
        The image, where it was read.
    effective : Effective or None
        What was measured on it.
    notes : tuple of str
        What had to be assumed in reading a BPX file.
    """

    model: DFN
    case: dict[str, Any] = field(repr=False)
    files: Mapping[str, Path] = field(default_factory=dict)
    given: tuple[str, ...] = ()
    volume: Volume | None = field(default=None, repr=False)
    effective: Effective | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()

    @property
    def bpx(self) -> Path | None:
        """The BPX file that describes the cell."""
        return self.files.get("BPX file")


@dataclass(frozen=True)
class Finished:
    """One run of a protocol, ready to be written.

    Attributes
    ----------
    setup : Setup
        What was solved.
    solution : Solution
        As far as it came.
    status : str
        "done", "interrupted", or "failed: ..." with the reason.
    seconds : float
        Wall time.
    """

    setup: Setup
    solution: Solution = field(repr=False)
    status: str
    seconds: float

    @property
    def run(self) -> ReducedRun:
        """The solution with the sizes of its electrodes."""
        return ReducedRun.of_model(self.solution, self.setup.model)


@dataclass(frozen=True)
class Aged:
    """Many cycles, ready to be written; attributes as in `Finished`, with cycles in place of a solution."""

    setup: Setup
    life: CycleLife = field(repr=False)
    status: str
    seconds: float
