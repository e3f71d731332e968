"""The picture of a lattice model: potential, thermodynamic factor and diffusivities over lithium content."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from microcell.style import BLUE, GREEN, GREY, ORANGE, new_figure, styled

from .collective import jump_diffusivity, tracer_diffusivity
from .table import TransportTable


def draw(table: TransportTable) -> Figure:
    """Draw a table: the potential, the thermodynamic factor, and the three diffusivities, with error bars."""
    with styled():
        figure = new_figure(11.0, 3.8)
        left, middle, right = figure.subplots(1, 3)
        _potential(left, table)
        _factor(middle, table)
        _diffusivities(right, table)
        for axes in (left, middle, right):
            axes.set_xlabel("Lithium content x")
        title = (
            f"{table.model.title}, {table.temperature:g} K, {sum(run.hops for run in table.runs):.2g} hops"
        )
        figure.suptitle(title, fontsize=11.0)
    return figure


def _potential(axes: Axes, table: TransportTable) -> None:
    x = np.linspace(table.x[0], table.x[-1], 200)
    mu = table.isotherm.chemical_potential(x)
    if table.model.potential_name is None:
        axes.plot(x, mu.value, color=BLUE)
        axes.set_ylabel("Chemical potential [eV], free site energy 0")
    else:
        axes.plot(x, -mu.value, color=BLUE)
        axes.set_ylabel("Potential vs Li [V]")


def _factor(axes: Axes, table: TransportTable) -> None:
    x = np.linspace(table.x[0], table.x[-1], 200)
    factor = table.isotherm.thermodynamic_factor(x)
    axes.plot(x, factor.value, color=GREEN, label="from fluctuations")
    axes.fill_between(
        x,
        factor.value - 2 * factor.error,
        factor.value + 2 * factor.error,
        color=GREEN,
        alpha=0.25,
        lw=0,
        label="± 2 standard errors",
    )
    axes.plot(x, 1.0 / (1.0 - x), color=GREY, ls="--", lw=1.2, label="no interactions")
    axes.set(yscale="log", ylabel="Thermodynamic factor Θ")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.legend(loc="best")


def _diffusivities(axes: Axes, table: TransportTable) -> None:
    value, error = table.chemical_diffusivity()
    jump = np.array([jump_diffusivity(run)[:2] for run in table.runs]).T
    series = [("chemical, Θ D$_J$", value, error, BLUE, "o"), ("jump, D$_J$", *jump, ORANGE, "s")]
    if table.settings.tracers:
        tracer = np.array([tracer_diffusivity(run)[:2] for run in table.runs]).T
        series.append(("tracer, D*", *tracer, GREY, "^"))
    moves = np.array([run.transports for run in table.runs])
    for label, mean, spread, colour, marker in series:
        shown = np.where(moves, mean, np.nan)  # what is zero within its error has no place on this axis
        axes.errorbar(
            table.x, shown, yerr=spread, color=colour, marker=marker, ms=4, lw=1.2, capsize=2, label=label
        )
    axes.set(yscale="log", ylabel="Diffusivity [m² s⁻¹]")
    axes.legend()
