"""Profiles of a reduced run through the thickness, alone or beside its 3D run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..results.style import FILM, GREY, NM, UM, line_map, new_figure, time_unit
from ..results.tables import TIME
from .compare import Comparison
from .reduced import (
    LITHIUM,
    NEGATIVE_LITHIUM,
    NEGATIVE_SURFACE,
    ROCKSALT,
    SALT,
    SURFACE,
    Profile,
    ReducedRun,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TIMES = 6
"""Curves per profile."""

VOXELS, TWIN = "3D run", "reduced"


class _Panel(NamedTuple):
    """What shares an axis: profiles, their unit, the label; the column of a 3D run, in what unit."""

    profiles: tuple[Profile, ...]
    factor: float
    label: str
    column: str | None = None
    of_column: float | None = None  # None: over the largest concentration


_SALT = "Mean electrolyte concentration [mol.m-3]", 1e-3
_LITHIUM, _SURFACE = "Mean active concentration [mol.m-3]", "Mean surface concentration [mol.m-3]"


def _panels(run: ReducedRun) -> list[_Panel]:
    """Return what there is to show."""
    salt = _Panel((SALT,), 1e-3, "Salt in the electrolyte\n[mol L$^{-1}$]", *_SALT)
    panels = [
        *((salt,) if run.solution.cell.model != "SPM" else ()),  # at rest there
        _Panel((NEGATIVE_LITHIUM, LITHIUM), 1.0, "Mean stoichiometry", _LITHIUM),
        _Panel((NEGATIVE_SURFACE, SURFACE), 1.0, "Surface stoichiometry", _SURFACE),
    ]
    for layer in run.layers()[:1]:
        word = "Rocksalt film" if layer == ROCKSALT else layer.quantity.split(" [")[0]
        panels.append(_Panel((layer,), NM, f"{word} [nm]", *((FILM, NM) if layer == ROCKSALT else ())))
    return panels


def draw_profiles(run: ReducedRun, comparison: Comparison | None = None) -> Figure:
    """Draw salt, lithium, surface and a layer through the thickness at a few times."""
    times = profile_times(run, comparison)
    scale, unit = time_unit(times[-1])
    colours = ScalarMappable(Normalize(0.0, max(times[-1], 1e-9) / scale), line_map())
    kinds = _panels(run)
    square = len(kinds) == 4
    figure = new_figure(10.5, 8.0) if square else new_figure(13.5, 4.2)
    panels = figure.subplots(2, 2) if square else figure.subplots(1, len(kinds))
    for panel, kind in zip(panels.flat, kinds, strict=True):
        for time in times:
            _curves(panel, kind, time, colours.to_rgba(time / scale), run, comparison)
        panel.set_ylabel(kind.label)
        panel.set_xlabel(
            f"Distance from the {'separator' if run.solution.cell.metal else 'front of the cathode'} [µm]"
        )
        if SALT in kind.profiles or len(list(filter(run.has, kind.profiles))) > 1:
            _separator(panel, run)
    bar = figure.colorbar(colours, ax=panels, label=f"Time [{unit}]", pad=0.02, aspect=40)
    bar.set_ticks(list(times / scale), labels=[f"{time / scale:.2f}" for time in times])
    if comparison:
        styles = [Line2D([], [], color=GREY, linestyle=style) for style in ("-", "--")]
        figure.legend(styles, [VOXELS, TWIN], loc="outside upper center", ncols=2)
    return figure


def _separator(panel: Axes, run: ReducedRun) -> None:
    """Shade the separator, and show all that lies in front of the cathode."""
    cell = run.solution.cell
    thickness = float(np.sum(cell.width[: cell.positive.first]))
    if not cell.metal:
        thickness -= float(np.sum(cell.width[cell.electrodes[0].place]))
    panel.axvspan(-thickness * UM, 0.0, color="#f0f0f0", zorder=0)
    panel.set_xlim(left=run.depth(SALT)[0] * UM)


def _curves(
    panel: Axes, kind: _Panel, time: float, colour: Any, run: ReducedRun, comparison: Comparison | None
) -> None:
    step, when = comparison.twin_time(time) if comparison else (None, time)
    for profile in filter(run.has, kind.profiles):
        own = kind.factor * run.profile(profile, when, step)
        panel.plot(run.depth(profile) * UM, own, "--" if comparison else "-", color=colour)
    if comparison and kind.column in comparison.voxels.profiles:
        rows = _rows_at(comparison, time)
        factor = 1.0 / comparison.voxels.info["c_max_mol_m3"] if kind.of_column is None else kind.of_column
        panel.plot(rows["z [m]"] * UM, factor * rows[kind.column], color=colour)


def _rows_at(comparison: Comparison, time: float) -> pd.DataFrame:
    profiles = comparison.voxels.profiles
    return profiles[profiles[TIME] == comparison.voxels.nearest_snapshot(time)]


def profile_times(run: ReducedRun, comparison: Comparison | None = None, count: int = TIMES) -> np.ndarray:
    """Return a few times: ends of steps, then those that halve the largest gaps.

    Of a comparison they are snapshots of the 3D run, whose times they are.
    """
    known = np.unique(comparison.voxels.snapshot_times if comparison else run.solution["Time [s]"])
    if comparison:
        ends = np.array([*comparison.starts()[1:], known[-1]])
    else:
        ends = np.array([report.end for report in run.solution.steps])
    chosen = {int(np.argmin(np.abs(known - end))) for end in ends[-count:]}
    while len(chosen) < min(count, len(known)):
        gap = np.abs(known[:, None] - known[sorted(chosen)][None, :]).min(axis=1)
        gap[sorted(chosen)] = -1.0
        chosen.add(int(np.argmax(gap)))
    return np.asarray(known[sorted(chosen)])
