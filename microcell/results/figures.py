"""All figures of a run: what each one shows, and writing them into a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from microcell.errors import ResultsError, did_you_mean
from microcell.results.figures_slices import draw_concentrations, draw_potentials
from microcell.results.figures_space import draw_particle_trends, draw_profiles
from microcell.results.figures_surface import draw_film_surface
from microcell.results.figures_time import draw_overview, draw_particle_films
from microcell.results.files import atomic_write, writing
from microcell.results.solution import Solution
from microcell.results.style import NothingToShow, styled


@dataclass(frozen=True)
class FigureKind:
    """A figure of the report.

    Attributes
    ----------
    name : str
        File name without suffix.
    title, caption : str
        Heading, and what to look at.
    draw : callable
        Makes the figure from a solution, or raises `NothingToShow`.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[Solution], Figure]


@dataclass(frozen=True)
class DrawnFigure:
    """A figure that was written to `path`, or the `note` that says why it could not be drawn."""

    kind: FigureKind
    path: Path | None
    note: str = ""


KINDS = (
    FigureKind(
        "overview",
        "The run over time",
        "Voltage, current and rocksalt film; dashed lines mark where a protocol step ended. The film grows "
        "only while the surface of the active material holds less lithium than the critical value, which "
        "happens near the upper cut-off voltage, and stays once grown. The band reaches from the thinnest "
        "to the thickest interface face.",
        draw_overview,
    ),
    FigureKind(
        "profiles",
        "Through the electrode",
        "Left: mean film of each slice. Right: the lowest lithium concentration that any surface of the "
        "slice has; the film grows where a curve is below the dashed line. A slope means that the "
        "electrode is used unevenly: transport in the electrolyte lets the separator side react first. "
        "States with much more lithium lie above the frame.",
        draw_profiles,
    ),
    FigureKind(
        "particle_trends",
        "Which particles are affected",
        "Each point is one particle at the last snapshot. Left against its size, right against its place; "
        "the other property gives the colour. Small particles empty faster and stay below the critical "
        "concentration for longer. Particles cut by the image border are drawn hollow, as their true "
        "diameter is not known. r is Pearson's correlation.",
        draw_particle_trends,
    ),
    FigureKind(
        "particle_films",
        "Every particle over time",
        "Mean film of each particle at the snapshots. The grey band holds all particles; the thickest and "
        "the thinnest are named with their diameter and their distance from the separator.",
        draw_particle_films,
    ),
    FigureKind(
        "film_surface",
        "The film on the particles",
        "Left: the film at the last snapshot on the surface of the active material. Right: how far it is "
        "from the mean of its own particle; if the separator side (left) of the particles is red, each "
        "particle grows unevenly. Grey has no film: contacts between particles and cuts at the image "
        "border. Particles cut by the two borders towards the viewer are left out, as they would hide the "
        "others.",
        draw_film_surface,
    ),
    FigureKind(
        "slices_concentration",
        "Concentrations inside",
        "Lithium in the active material (outlined in black) and salt in the electrolyte, on a cut from "
        "separator to collector and on a cut parallel to the plane in the middle; at the end of the first "
        "step and at the last snapshot. Orange dots outline carbon-binder, which holds electrolyte in its "
        "pores. White areas take no part.",
        draw_concentrations,
    ),
    FigureKind(
        "slices_potential",
        "Potentials inside",
        "Potential of the active material and of the electrolyte (against lithium) on the same cuts. The "
        "steeper the electrolyte's, the more of the cell voltage is lost in the pores. In the carbon-"
        "binder the electrolyte's is shown.",
        draw_potentials,
    ),
)
"""The figures in the order of the report."""


def draw(name: str, solution: Solution) -> Figure:
    """Return one figure, for a notebook.

    Raises
    ------
    ResultsError
        There is no figure of that name, or the run lacks what it needs.
    """
    kinds = {kind.name: kind for kind in KINDS}
    if name not in kinds:
        raise ResultsError(
            "there is no such figure", value=name, allowed=", ".join(kinds), fix=did_you_mean(name, kinds)
        )
    with styled():
        try:
            return kinds[name].draw(solution)
        except NothingToShow as reason:
            raise ResultsError(
                f"the figure {name} cannot be drawn: {reason}", file=solution.folder
            ) from reason


def write_figures(solution: Solution, folder: str | Path | None = None) -> list[Path]:
    """Draw every figure the run has data for, as PNG.

    Parameters
    ----------
    solution : Solution
        The run.
    folder : path, optional
        Where to; ``figures`` in the run directory where left out.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    ResultsError
        The folder cannot be written.
    """
    return [drawn.path for drawn in draw_all(solution, folder) if drawn.path is not None]


def draw_all(solution: Solution, folder: str | Path | None = None) -> list[DrawnFigure]:
    """Do what `write_figures` does, and tell why figures are missing."""
    target = solution.folder / "figures" if folder is None else Path(folder)
    with writing(target):
        target.mkdir(parents=True, exist_ok=True)
    return [_write(kind, solution, target / f"{kind.name}.png") for kind in KINDS]


def _write(kind: FigureKind, solution: Solution, path: Path) -> DrawnFigure:
    with styled():
        try:
            figure = kind.draw(solution)
        except NothingToShow as reason:
            return DrawnFigure(kind, None, str(reason))
        FigureCanvasAgg(figure)
        atomic_write(path, lambda temporary: figure.savefig(temporary, format="png"))
    return DrawnFigure(kind, path)
