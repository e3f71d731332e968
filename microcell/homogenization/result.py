"""What `effective` found: numbers per conductor and axis, a table, JSON, a figure."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from ..errors import ParameterError, did_you_mean
from ..image.volume import Volume
from .conductors import UNITS, Conductor

AXES = "zyx"
"""Axes of a volume by number; z goes through the electrode."""


class Code(IntEnum):
    """How a solve ended; the first three as in `microcell_kernels.krylov`."""

    CONVERGED = 0
    MAX_ITERATIONS = 1
    BREAKDOWN = 2
    NO_PATH = 3

    @property
    def words(self) -> str:
        """The code for readers."""
        return ("converged", "not converged", "broke down", "no path")[self]


@dataclass(frozen=True)
class Transport:
    """Effective transport of one conductor along one axis.

    Attributes
    ----------
    conductor, axis : str
        What conducts, and "z", "y" or "x".
    volume_fraction : float
        eps: share of the image that the conductor fills; of a porous phase, only its inside counts.
    spanning_fraction : float
        Share of its voxels in clusters that reach from end to end of the axis.
    conductivity : float
        Effective conductivity, in `unit` or relative; 0 without a path, NaN where not converged.
    parallel : float
        What it would be if all conductor were straight and parallel to the axis.
    reference : float or None
        Conductivity D_0 of the conductor itself; None where its phases have different ones.
    unit : str
        "S.m-1", "m2.s-1", or "" where conductivities are relative to D_0.
    code : Code
        Whether the numbers can be used.
    iterations : int
        Of conjugate gradients.
    residual : float
        Norm relative to that of the right-hand side.
    flux_mismatch : float
        Largest difference between the fluxes through any two planes, relative to their mean.
    slice_flux : ndarray or None
        Flux through every plane normal to the axis, end planes included, as an effective conductivity.
    flux_map : ndarray of float32 or None
        Flux density on a cut through the middle relative to the mean over the cross-section, NaN where
        nothing conducts: the cut at y for the axis z, at z for y and x.
    potential : ndarray of float32, shape (z, y, x), or None
        1 at the low end of the axis, 0 at the high end, NaN where nothing conducts; kept where asked for.
    """

    conductor: str
    axis: str
    volume_fraction: float
    spanning_fraction: float
    conductivity: float
    parallel: float
    reference: float | None
    unit: str
    code: Code
    iterations: int = 0
    residual: float = 0.0
    flux_mismatch: float = 0.0
    slice_flux: np.ndarray | None = field(default=None, repr=False)
    flux_map: np.ndarray | None = field(default=None, repr=False)
    potential: np.ndarray | None = field(default=None, repr=False)

    @property
    def converged(self) -> bool:
        """Whether the numbers are an answer; that nothing passes is one."""
        return self.code in (Code.CONVERGED, Code.NO_PATH)

    @property
    def relative(self) -> float | None:
        """D_eff / D_0; None where the phases have different conductivities."""
        return None if self.reference is None else self.conductivity / self.reference

    @property
    def tortuosity_factor(self) -> float:
        """Tau = eps D_0 / D_eff, or sum(eps_i D_i) / D_eff; infinite without a path."""
        return math.inf if self.code is Code.NO_PATH else self.parallel / self.conductivity

    @property
    def macmullin_number(self) -> float | None:
        """D_0 / D_eff; None where there is no D_0."""
        if self.reference is None:
            return None
        return math.inf if self.code is Code.NO_PATH else self.reference / self.conductivity

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers, ready for JSON: infinite and unconverged ones are None, the code says why."""
        return {
            "conductor": self.conductor,
            "axis": self.axis,
            "volume_fraction": self.volume_fraction,
            "spanning_fraction": self.spanning_fraction,
            "effective_conductivity": _finite(self.conductivity),
            "unit": UNITS.get(self.unit, "D_0"),
            "relative_to_D_0": _finite(self.relative),
            "tortuosity_factor": _finite(self.tortuosity_factor),
            "macmullin_number": _finite(self.macmullin_number),
            "flux_mismatch": _finite(self.flux_mismatch),
            "iterations": self.iterations,
            "residual": _finite(self.residual),
            "code": self.code.words,
        }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


@dataclass(frozen=True)
class EffectiveTransport:
    """Effective transport of the conductors of an image along its axes.

    Iterate over it for the rows, or take one: ``result["pore+cbd", "z"]``.

    Attributes
    ----------
    rows : tuple of Transport
        By conductor, then by axis.
    volume : Volume
        The image.
    conductors : tuple of Conductor
        What conducts how well.
    """

    rows: tuple[Transport, ...]
    volume: Volume = field(repr=False)
    conductors: tuple[Conductor, ...] = field(repr=False)

    def __iter__(self) -> Iterator[Transport]:
        """Iterate over the rows."""
        return iter(self.rows)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def __getitem__(self, key: tuple[str, str]) -> Transport:
        """Return the row of a conductor and an axis.

        Raises
        ------
        ParameterError
            If there is none.
        """
        known = {(row.conductor, row.axis): row for row in self.rows}
        if key not in known:
            names = [", ".join(pair) for pair in known]
            asked = ", ".join(map(str, key)) if isinstance(key, tuple) else str(key)
            raise ParameterError(
                "there is no such row", value=asked, allowed="; ".join(names), fix=did_you_mean(asked, names)
            )
        return known[key]

    @property
    def converged(self) -> bool:
        """Whether every row is an answer."""
        return all(row.converged for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers, ready for ``json.dumps``."""
        return {
            "source": self.volume.source,
            "shape": list(self.volume.shape),
            "voxel_size_m": list(self.volume.voxel_size),
            "conductors": {conductor.name: conductor.describe() for conductor in self.conductors},
            "transport": [row.to_dict() for row in self.rows],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return a table with one row per conductor and axis."""
        return pd.DataFrame([row.to_dict() for row in self.rows])

    def figure(self, path: str | Path) -> Path:
        """Draw bars of D_eff / D_0 or tau per axis, and where the flux passes; see `figure.draw`."""
        from .figure import draw

        return draw(self, Path(path))

    def __str__(self) -> str:
        """Render the table."""
        table = Table(title="Effective transport", title_justify="left")
        for name in ("conductor", "axis"):
            table.add_column(name, no_wrap=True)
        for name in ("eps", "spanning", "effective", "tau", "MacMullin", "flux mismatch", "CG", ""):
            table.add_column(name, justify="right", no_wrap=True)
        for number, row in enumerate(self.rows):
            table.add_row(*_cells(row))
            if number + 1 < len(self.rows) and self.rows[number + 1].conductor != row.conductor:
                table.add_section()
        stream = io.StringIO()
        console = Console(
            file=stream, width=200, highlight=False, markup=False, force_terminal=False, color_system=None
        )
        console.print(table)
        for conductor in self.conductors:
            console.print(f"{conductor.name}: {conductor.describe()}")
        console.print(
            "tau = sum(eps_i D_i) / D_eff; spanning: share connected to both ends; z is through-plane"
        )
        return stream.getvalue()


def _cells(row: Transport) -> list[str]:
    unit = UNITS.get(row.unit, "D_0")
    solved = row.code is not Code.NO_PATH
    return [
        row.conductor,
        row.axis,
        f"{row.volume_fraction:.4f}",
        f"{row.spanning_fraction:.4f}",
        f"{row.conductivity:.5g} {unit}" if row.converged else "-",
        _number(row.tortuosity_factor),
        _number(row.macmullin_number),
        f"{row.flux_mismatch:.1e}" if solved else "-",
        str(row.iterations) if solved else "-",
        row.code.words,
    ]


def _number(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.4g}"
