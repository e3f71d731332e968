"""Quality of the fit over the scale of all charges, for models with and without shells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ...errors import AtomisticError
from ...files import atomic_write
from ...style import BLUE, GREEN, ORANGE, PURPLE, new_figure, styled
from .fit import fit
from .free import FreeParameters
from .observations import Observation
from .result import FitResult

Model = tuple[FreeParameters, Sequence[Observation]]
"""What varies, and the observations made for its potential."""


@dataclass(frozen=True)
class ScaleScan:
    """Fits at fixed scales of all charges.

    Attributes
    ----------
    table : pandas.DataFrame
        Columns model, scale, chi2 (reduced), converged, at_bounds, and every free number.
    fits : dict
        The fits by model and scale.
    """

    table: pd.DataFrame
    fits: dict[str, dict[float, FitResult]]

    def minimum(self, model: str) -> tuple[float, float]:
        """Return scale and reduced chi-squared of the best fit, by the parabola through the lowest points.

        Parameters
        ----------
        model : str
            Name of the model.

        Raises
        ------
        AtomisticError
            If the lowest point is at the end of the scan: the minimum is not inside.
        """
        rows = self.table[self.table.model == model]
        scale, chi2 = rows.scale.to_numpy(), rows.chi2.to_numpy()
        k = int(np.argmin(chi2))
        if not 0 < k < len(scale) - 1:
            raise AtomisticError(
                "The lowest point lies at the end of the scan",
                key="scales",
                value=f"{scale[k]:g} of {scale[0]:g} to {scale[-1]:g}",
                fix="scan farther",
            )
        a, b, c = np.polyfit(scale[k - 1 : k + 2] - scale[k], chi2[k - 1 : k + 2], 2)
        return float(scale[k] - b / (2 * a)), float(c - b * b / (4 * a))

    def figure(self, path: Path, published: Mapping[str, tuple[float, float]] | None = None) -> Path:
        """Draw chi-squared over the scale on a logarithmic axis, as PNG.

        Parameters
        ----------
        path : Path
            To write.
        published : mapping of str to (float, float), optional
            Scale and chi-squared of published fits by name, drawn as stars.
        """
        with styled():
            figure = new_figure(5.4, 3.8)
            axes = figure.add_subplot()
            colours, unfinished = (BLUE, ORANGE, GREEN, PURPLE), 0
            for (model, rows), colour in zip(self.table.groupby("model", sort=False), colours, strict=False):
                axes.plot(100 * rows.scale, rows.chi2, "o-", color=colour, label=str(model))
                ends = rows[~rows.converged]
                mark = "not converged" if len(ends) and not unfinished else None
                unfinished += len(ends)
                axes.plot(100 * ends.scale, ends.chi2, "x", color="black", label=mark)
            for (name, (scale, chi2)), colour in zip((published or {}).items(), colours, strict=False):
                axes.plot(100 * scale, chi2, "*", ms=14, color=colour, mec="black", label=name)
            axes.set(
                xlabel="Charges, share of the formal ones [%]", ylabel="Reduced chi-squared [-]", yscale="log"
            )
            axes.legend()
            atomic_write(path, lambda temporary: figure.savefig(temporary, format="png"))
        return path


def scan_charge_scale(
    models: Mapping[str, Model],
    scales: Sequence[float],
    *,
    both_ways: bool = True,
    progress: Callable[[int, int], None] | None = None,
    evaluations: int = 200,
    tolerance: float = 1e-8,
) -> ScaleScan:
    """Fit each model at each scale of all charges, each fit starting from the one before.

    Parameters
    ----------
    models : mapping
        By name: free numbers (without "scale") and observations made for the potential of the model.
    scales : sequence of float
        Factors on the charges of the potential, increasing.
    both_ways : bool
        Whether the scan goes up and down again, and the better of the two fits at a scale counts: least
        squares finds only the valley it starts in.
    progress : callable, optional
        Called with the fits done and their number.
    evaluations, tolerance
        As for `fit`.

    Returns
    -------
    ScaleScan
        The picture of Morgan et al. 2022 (ACS Energy Lett., doi 10.1021/acsenergylett.1c02028), Fig. 3a.

    Raises
    ------
    AtomisticError
        If scales do not increase, or "scale" is free.
    """
    if len(scales) < 3 or not np.all(np.diff(scales) > 0) or scales[0] <= 0:
        raise AtomisticError("A scan needs three or more increasing scales", key="scales", value=list(scales))
    if any("scale" in free.names for free, _ in models.values()):
        raise AtomisticError("The scale of the charges cannot be free in a scan over it", key="free")
    path = [*scales, *reversed(scales)] if both_ways else list(scales)
    done, total = 0, len(path) * len(models)
    fits: dict[str, dict[float, FitResult]] = {}
    for name, (free, observations) in models.items():
        best: dict[float, FitResult] = {}
        values: dict[str, float] = {}
        for scale in path:
            start = free.with_scale(scale).starting_at(values)
            found = _try(start, observations, evaluations, tolerance)
            done += 1
            if progress:
                progress(done, total)
            if found is None:
                continue
            values = dict(zip(found.names, found.values.tolist(), strict=True))
            if scale not in best or found.chi2 < best[scale].chi2:
                best[scale] = found
        if not best:
            raise AtomisticError("No fit of this model holds together", key="model", value=name)
        fits[name] = {scale: best[scale] for scale in scales if scale in best}
    rows = [
        {
            "model": name,
            "scale": scale,
            "chi2": found.reduced_chi2,
            "converged": found.converged,
            "at_bounds": " ".join(found.at_bounds),
        }
        | dict(zip(found.names, found.values.tolist(), strict=True))
        for name, kept in fits.items()
        for scale, found in kept.items()
    ]
    return ScaleScan(pd.DataFrame(rows), fits)


def _try(
    free: FreeParameters, observations: Sequence[Observation], evaluations: int, tolerance: float
) -> FitResult | None:
    """Fit, or return None where the structures fall apart at the start: another start may do."""
    try:
        return fit(free, observations, evaluations=evaluations, tolerance=tolerance)
    except AtomisticError as error:
        if error.key == "start":
            return None
        raise
