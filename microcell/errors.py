"""What can go wrong, one class per stage; every message says what to try next.

An error carries the pieces a user needs (file, key, value, what is allowed, the fix) as attributes and
renders them into one message, so that the command line, a notebook and a test all see the same words.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

EXIT_DONE = 0
EXIT_INPUT = 2
EXIT_SOLVER = 3
EXIT_INTERRUPTED = 4


class MicrocellError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    problem : str
        What is wrong, in one sentence.
    file, key, value, allowed, fix : optional
        Where it was found, what was given, what is accepted, and what to do about it. Each that is given
        becomes one line of the message.
    """

    exit_code = EXIT_INPUT

    def __init__(
        self,
        problem: str,
        *,
        file: Any = None,
        key: str | None = None,
        value: Any = None,
        allowed: Any = None,
        fix: str | None = None,
    ) -> None:
        self.problem = problem
        self.file = file
        self.key = key
        self.value = value
        self.allowed = allowed
        self.fix = fix
        super().__init__(self._render())

    def _render(self) -> str:
        lines = [self.problem]
        for label, content in (
            ("file", self.file),
            ("key", self.key),
            ("value", self.value),
            ("allowed", self.allowed),
            ("fix", self.fix),
        ):
            if content is not None:
                lines.append(f"  {label}: {content}")
        return "\n".join(lines)


class VolumeError(MicrocellError):
    """The image cannot be read, or its axes, voxel size or labels are missing or contradictory."""


class SegmentationError(MicrocellError):
    """Particles cannot be told apart with the options given."""


class ParameterError(MicrocellError):
    """A parameter is unknown, has the wrong unit, or lies outside its range."""


class ProtocolError(MicrocellError):
    """A protocol step cannot be understood or cannot be run."""


class CaseError(MicrocellError):
    """The case file has a wrong key, type or value."""


class GeometryError(MicrocellError):
    """The volume cannot become a cell: a phase is empty or a network does not percolate."""


class ResultsError(MicrocellError):
    """A run directory is missing, incomplete, or cannot be written."""


class AtomisticError(MicrocellError):
    """An atomistic model has impossible input, or no result whose error bar means anything."""


class DeviceError(MicrocellError):
    """The device or the precision asked for is not available."""


class SolverError(MicrocellError):
    """The solver gave up; what was computed until then is kept."""

    exit_code = EXIT_SOLVER


class InterruptedRunError(MicrocellError):
    """The user stopped the run; a checkpoint was saved."""

    exit_code = EXIT_INTERRUPTED


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return the known names closest to a misspelt one, best first, ignoring case.

    Parameters
    ----------
    name : str
        What the user wrote.
    known : iterable of str
        What exists.
    count : int
        At most this many suggestions.
    """
    by_lower = {candidate.lower(): candidate for candidate in known}
    matches = difflib.get_close_matches(name.lower(), by_lower, n=count, cutoff=0.55)
    return [by_lower[match] for match in matches]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a sentence that suggests the nearest known names, or lists that there are none."""
    matches = nearest(name, known)
    return (
        f"did you mean {' or '.join(repr(match) for match in matches)}?"
        if matches
        else "no similar name exists"
    )
