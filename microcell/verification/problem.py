"""What a verification problem is: a question with a known answer, and how far the solver may be from it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ANSWERS = {
    "exact": "a closed form, or a statement that holds to rounding",
    "series": "a series or an ordinary equation, summed or solved here to more digits than are compared",
    "manufactured": "chosen fields; sources make them the solution",
    "independent": "another program's result, or a table computed by another method",
    "bound": "a proven upper and lower bound",
    "refined": "the same problem solved on a finer grid or with shorter steps",
}
"""Where an answer comes from, in falling order of strength."""

FAMILIES = {
    "transport": "Transport: effective conductivity",
    "diffusion": "Diffusion in the solid",
    "manufactured": "Manufactured solutions",
    "electrochemistry": "Electrochemistry",
    "limit": "The limit of porous-electrode theory",
    "invariance": "Conservation and invariance",
}
"""The chapters of the dossier."""


class Skipped(Exception):
    """Says why a problem cannot be solved here: a package or a file is missing."""


@dataclass(frozen=True)
class Setting:
    """How much to do, and with what.

    Attributes
    ----------
    full : bool
        Full size (minutes to hours) rather than reduced size (seconds each).
    volumes : Path, optional
        Folder with the real cathode volumes of the reference table.
    """

    full: bool = False
    volumes: Path | None = None


@dataclass(frozen=True)
class Check:
    """A number that has to lie in an interval.

    Attributes
    ----------
    quantity : str
        What it is, with its unit in brackets (``[-]`` for none).
    found, low, high : float
        The number, and the interval that it has to lie in.
    expected : float, optional
        The answer, where there is one.
    """

    quantity: str
    found: float
    low: float
    high: float
    expected: float | None = None

    @property
    def passed(self) -> bool:
        """Whether the number lies in its interval; a NaN does not."""
        return bool(self.low <= self.found <= self.high)

    @property
    def error(self) -> float | None:
        """Distance from the answer, in the unit of the quantity."""
        return None if self.expected is None else self.found - self.expected


def near(
    quantity: str,
    found: float,
    expected: float,
    *,
    relative: float | None = None,
    absolute: float | None = None,
) -> Check:
    """Return the check of a number against an answer, to a relative or an absolute tolerance."""
    if (relative is None) == (absolute is None):
        raise ValueError("give either a relative or an absolute tolerance")
    bound = absolute if relative is None else relative * abs(expected)
    assert bound is not None
    return Check(quantity, float(found), float(expected) - bound, float(expected) + bound, float(expected))


def within(quantity: str, found: float, low: float, high: float) -> Check:
    """Return the check of a number against two bounds."""
    return Check(quantity, float(found), float(low), float(high))


def below(quantity: str, found: float, high: float) -> Check:
    """Return the check of a size, such as an error, against its largest value."""
    return Check(quantity, float(found), 0.0, float(high))


@dataclass(frozen=True)
class Order:
    """Errors that have to fall with a power of the resolution.

    Attributes
    ----------
    quantity : str
        Whose error, and its unit in brackets.
    sizes : tuple of float
        Voxel sizes or time steps, coarsest first.
    errors : tuple of float
        The errors there.
    expected : float
        The order.
    low, high : float
        Interval of the slope.
    size : str
        What the sizes are, with their unit in brackets.
    """

    quantity: str
    sizes: tuple[float, ...]
    errors: tuple[float, ...]
    expected: float
    low: float
    high: float
    size: str = "Voxel size [m]"

    @property
    def found(self) -> float:
        """Slope of the straight line through the logarithms, by least squares."""
        if not all(math.isfinite(e) and e > 0 for e in self.errors):
            return math.nan
        return float(np.polyfit(np.log(self.sizes), np.log(self.errors), 1)[0])

    @property
    def passed(self) -> bool:
        """Whether the slope lies in its interval."""
        return bool(self.low <= self.found <= self.high)

    @property
    def error(self) -> float:
        """Distance of the slope from the expected one."""
        return self.found - self.expected


def order(
    quantity: str,
    sizes: Sequence[float],
    errors: Sequence[float],
    expected: float,
    *,
    size: str = "Voxel size [m]",
    below: float = 0.2,
    above: float = 0.6,
) -> Order:
    """Return the check of a slope: at most ``below`` less and ``above`` more than expected."""
    values = tuple(map(float, sizes)), tuple(map(float, errors))
    return Order(quantity, *values, float(expected), expected - below, expected + above, size)


@dataclass(frozen=True)
class Line:
    """One line of a picture; the answer is drawn as a line, what was found as marks."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    marks: bool = False


@dataclass(frozen=True)
class Picture:
    """Lines over a common axis; labels with units in brackets."""

    title: str
    x_label: str
    y_label: str
    lines: tuple[Line, ...]
    log_x: bool = False
    log_y: bool = False


@dataclass(frozen=True)
class Findings:
    """What came out of a problem: numbers, slopes, pictures, and a remark for the reader."""

    checks: tuple[Check | Order, ...]
    pictures: tuple[Picture, ...] = ()
    remark: str = ""


@dataclass(frozen=True)
class Problem:
    """One row of the table.

    Attributes
    ----------
    name : str
        Short, lower case, with hyphens: how the command line calls it.
    title : str
        One line for the reader.
    family : str
        Chapter, a key of :data:`FAMILIES`.
    answer : str
        Where the answer comes from, a key of :data:`ANSWERS`.
    statement : str
        Geometry, formula, expected number, and why this tolerance.
    source : str
        Paper and equation, or section of the model page.
    solve : callable
        Takes a :class:`Setting`, returns :class:`Findings`; raises :class:`Skipped`.
    full_only : bool
        Whether there is no reduced size.
    """

    name: str
    title: str
    family: str
    answer: str
    statement: str
    source: str
    solve: Callable[[Setting], Findings] = field(repr=False)
    full_only: bool = False
