"""Cuts through the electrode: concentrations and potentials in both phases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import Colormap
from matplotlib.figure import Figure

from microcell.cell.snapshot import ACTIVE, CBD
from microcell.results.style import (
    ELECTROLYTE_MAP,
    ORANGE,
    SOLID_MAP,
    UM,
    NothingToShow,
    describe_time,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

    from microcell.results.solution import Solution


SOLID_POTENTIAL, VOLTAGE = "Solid potential [V]", "Voltage [V]"


@dataclass(frozen=True)
class _Layer:
    """One quantity of a cut: field name, colour map, factor to the unit shown, and the label of its bar."""

    field: str
    colours: str | Colormap
    factor: float
    label: str


CONCENTRATIONS = (
    _Layer("Active concentration [mol.m-3]", SOLID_MAP, 1e-3, "Active material [mol L$^{-1}$]"),
    _Layer("Electrolyte concentration [mol.m-3]", ELECTROLYTE_MAP, 1e-3, "Electrolyte [mol L$^{-1}$]"),
)
POTENTIALS = (
    _Layer(SOLID_POTENTIAL, SOLID_MAP, 1e3, "Active material, minus the cell voltage [mV]"),
    _Layer("Electrolyte potential [V]", ELECTROLYTE_MAP, 1e3, "Electrolyte, against lithium [mV]"),
)
_WIDTH, _FURNITURE = 11.0, 3.4  # inches: the figure, and of it the labels and colour bars


def draw_concentrations(solution: Solution) -> Figure:
    """Lithium in the active material and salt in the electrolyte, on two cuts and at two times."""
    return _draw(solution, CONCENTRATIONS)


def draw_potentials(solution: Solution) -> Figure:
    """Potential of the solid and of the electrolyte, on two cuts and at two times."""
    return _draw(solution, POTENTIALS)


def _draw(solution: Solution, layers: tuple[_Layer, ...]) -> Figure:
    present = [layer for layer in layers if _can_show(solution, layer)]
    if not present or not len(solution.snapshot_times):
        raise NothingToShow("these fields were not stored")
    times = _times(solution)
    depth, height, width = np.multiply(solution.grid.phases.shape, solution.grid.voxel_size)
    tall = (_WIDTH - _FURNITURE) * max(width, height) / (depth + width)
    figure = new_figure(_WIDTH, (tall + 0.9) * len(times))
    rows = figure.subplots(len(times), 2, squeeze=False, width_ratios=[depth, width])
    for row, time in zip(rows, times, strict=True):
        _row(figure, row, solution, present, time)
    return figure


def _can_show(solution: Solution, layer: _Layer) -> bool:
    needs_voltage = layer.field == SOLID_POTENTIAL
    return layer.field in solution.field_names and (not needs_voltage or VOLTAGE in solution.timeseries)


def _times(solution: Solution) -> list[float]:
    """Return the end of the first step, where gradients are large, and the last snapshot."""
    ends = solution.steps["time_s"].tolist() if len(solution.steps) else []
    first = solution.nearest_snapshot(ends[0]) if ends else float(solution.snapshot_times[-1])
    return sorted({first, float(solution.snapshot_times[-1])})


def _row(figure: Figure, row: np.ndarray, solution: Solution, layers: list[_Layer], time: float) -> None:
    nz, ny, nx = solution.grid.phases.shape
    dz, dy, dx = (edge * UM for edge in solution.grid.voxel_size)
    along, across = row
    values = {layer.field: _shown(solution, layer, time) for layer in layers}
    limits = {name: _limits(field) for name, field in values.items()}
    cuts = (
        (along, lambda field: field[:, ny // 2, :].T, (0.0, nz * dz, 0.0, nx * dx)),
        (across, lambda field: field[nz // 2], (0.0, nx * dx, 0.0, ny * dy)),
    )
    for panel, cut, extent in cuts:
        shown = [
            _image(panel, cut(values[layer.field]), extent, layer.colours, limits[layer.field])
            for layer in layers
        ]
        _outline(panel, cut(solution.grid.phases), extent)
    moment = f"t = {describe_time(time, float(solution.snapshot_times[-1]))}"
    _name(along, "z [µm], separator to collector", "x [µm]", f"{moment}, y = {(ny // 2 + 0.5) * dy:.1f} µm")
    _name(across, "x [µm]", "y [µm]", f"{moment}, z = {(nz // 2 + 0.5) * dz:.1f} µm")
    for image, layer in zip(shown, layers, strict=True):
        figure.colorbar(image, ax=list(row), label=layer.label, pad=0.015, aspect=22, shrink=0.92)


def _shown(solution: Solution, layer: _Layer, time: float) -> np.ndarray:
    field = solution.fields(layer.field, time)
    if layer.field == SOLID_POTENTIAL:
        # Carbon-binder carries both potentials; there the electrolyte's is shown.
        field = np.where(solution.grid.phases == ACTIVE, field - _voltage(solution, time), np.nan)
    return field * layer.factor


def _voltage(solution: Solution, time: float) -> float:
    return float(np.interp(time, solution.t, solution.column(VOLTAGE)))


def _limits(field: np.ndarray) -> tuple[float, float]:
    known = field[np.isfinite(field)]
    return (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)


def _image(
    panel: Axes,
    cut: np.ndarray,
    extent: tuple[float, float, float, float],
    colours: str | Colormap,
    limits: tuple[float, float],
) -> AxesImage:
    return panel.imshow(
        cut,
        origin="lower",
        extent=extent,
        cmap=colours,
        vmin=limits[0],
        vmax=limits[1],
        interpolation="nearest",
    )


def _outline(panel: Axes, phases: np.ndarray, extent: tuple[float, float, float, float]) -> None:
    """Draw the border of the active material (solid) and of the carbon-binder (dotted)."""
    for phase, style, colour in ((ACTIVE, "solid", "black"), (CBD, "dotted", ORANGE)):
        mask = phases == phase
        if mask.any() and not mask.all():
            panel.contour(
                mask,
                levels=[0.5],
                origin="lower",
                extent=extent,
                colors=colour,
                linewidths=0.9,
                linestyles=style,
            )


def _name(panel: Axes, x: str, y: str, title: str) -> None:
    panel.set(xlabel=x, ylabel=y, title=title, aspect="equal")
    panel.grid(False)
