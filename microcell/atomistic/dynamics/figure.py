"""Pictures of dynamics: mean squared displacement with its fit, Arrhenius plot with its confidence band."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as student

from ...files import atomic_write
from ...style import BLUE, GREEN, GREY, ORANGE, new_figure, styled
from .diffusion import A2_PER_PS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .arrhenius import Arrhenius
    from .diffusion import Diffusivity

LABELS = ("x (along a)", "y (in the plane of a and b)", "z (normal to a and b)")


def draw_displacement(result: Diffusivity, path: str | Path) -> Path:
    """Draw the mean squared displacement per direction, two standard errors as bands, and the fitted slope.

    Raises
    ------
    ResultsError
        If the picture cannot be written.
    """
    moved = result.displacement
    with styled():
        figure = new_figure(6.6, 4.4)
        panel = figure.subplots()
        columns = zip(moved.mean.T, moved.standard_error.T, (BLUE, ORANGE, GREEN), LABELS, strict=True)
        for mean, error, colour, label in columns:
            panel.plot(moved.time, mean, color=colour, label=label)
            panel.fill_between(moved.time, mean - 2 * error, mean + 2 * error, color=colour, alpha=0.2, lw=0)
        axes = ["xyz".index(letter) for letter in result.directions]
        inside = (moved.time >= result.window[0]) & (moved.time <= result.window[1])
        lags, level = moved.time[inside], moved.mean[inside][:, axes].mean()
        line = level + 2.0 * result.value / A2_PER_PS * (lags - lags.mean())
        panel.plot(lags, line, color=GREY, linestyle="--", label=f"2 D t, fit to {result.directions}")
        panel.set_xlabel("time [ps]")
        panel.set_ylabel("mean squared displacement [Å²]")
        panel.set_xlim(left=0.0)
        panel.set_ylim(bottom=0.0)
        track = result.track
        panel.set_title(f"{track.element} in {track.formula}, {track.temperature:.0f} K", loc="left")
        panel.legend(loc="upper left")
        return _write(figure, path)


def draw_arrhenius(fit: Arrhenius, path: str | Path, temperature: float | None = None) -> Path:
    """Draw diffusivities over 1000/T, the fit and its 95 % band, on to a temperature [K] where given.

    Raises
    ------
    ResultsError
        If the picture cannot be written.
    """
    ends = [fit.temperatures.min(), fit.temperatures.max(), *([temperature] if temperature else [])]
    inverse = np.linspace(1.0 / max(ends), 1.0 / min(ends), 100)
    middle = fit.at(1.0 / inverse)
    factor = np.exp(student.ppf(0.975, fit.freedom) * fit.log_error(1.0 / inverse))
    with styled():
        figure = new_figure(6.2, 4.4)
        panel = figure.subplots()
        panel.fill_between(
            1e3 * inverse, middle / factor, middle * factor, color=BLUE, alpha=0.15, lw=0, label="95 %"
        )
        words = f"Ea = {fit.activation_energy:.3f} ± {fit.activation_energy_error:.3f} eV"
        panel.plot(1e3 * inverse, middle, color=BLUE, label=words)
        bars = np.minimum(fit.standard_errors, 0.9 * fit.values)
        panel.errorbar(
            1e3 / fit.temperatures,
            fit.values,
            [bars, fit.standard_errors],
            fmt="o",
            color=ORANGE,
            label="molecular dynamics",
        )
        panel.set_yscale("log")
        panel.set_xlabel("1000 K / temperature")
        panel.set_ylabel("diffusivity [m²/s]")
        panel.legend()
        return _write(figure, path)


def _write(figure: Figure, path: str | Path) -> Path:
    atomic_write(Path(path), lambda temporary: figure.savefig(temporary, format="png"))
    return Path(path)
