"""The numbers at the top of the report, and whether lithium and charge were conserved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from microcell.results.quantities import show, show_duration
from microcell.results.solution import Solution
from microcell.results.style import FILM
from microcell.results.trends import fitted_particles, linear_fit

LITHIUM_LIMIT, CHARGE_LIMIT = 1e-8, 1e-8


@dataclass(frozen=True)
class Headline:
    """One number of the report with the words that explain it."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Balance:
    """A conservation check: the largest error of the run (None where not recorded) against its limit."""

    name: str
    meaning: str
    error: float | None
    limit: float

    @property
    def kept(self) -> bool:
        """Whether the error is known and within the limit."""
        return self.error is not None and self.error <= self.limit

    @property
    def shown(self) -> tuple[str, str]:
        """Error and limit as text."""
        return show(self.error, digits=2), show(self.limit, digits=1)

    @property
    def verdict(self) -> str:
        """One word for the table."""
        return (
            "not recorded"
            if self.error is None
            else ("within the limit" if self.kept else "OUTSIDE the limit")
        )


def headlines(solution: Solution) -> list[Headline]:
    """Return what a reader wants to know first; only what the run recorded."""
    return [*_film(solution), *_particles(solution), *_electrical(solution), *_effort(solution)]


def balances(solution: Solution) -> list[Balance]:
    """Return the largest lithium drift and charge balance error of the run."""
    lithium = _largest(solution, "Lithium drift")
    charge = _largest(solution, "Charge balance error")
    return [
        Balance(
            "Lithium",
            "lithium in solid and electrolyte plus what crossed the lithium plane; drift relative to "
            "the lithium moved",
            lithium,
            LITHIUM_LIMIT,
        ),
        Balance(
            "Charge",
            "charge through every plane parallel to the collector; largest difference relative to the "
            "cell current",
            charge,
            CHARGE_LIMIT,
        ),
    ]


def _largest(solution: Solution, name: str) -> float | None:
    values = np.abs(solution.column(name)) if name in solution.timeseries else np.zeros(0)
    if not np.isfinite(values).any():
        return None
    # A value that is not a number is a failed check, not a missing one.
    return float(np.max(np.where(np.isnan(values), np.inf, values)))


def _film(solution: Solution) -> list[Headline]:
    if FILM not in solution.timeseries or not len(solution.t):
        return []
    film = solution.column(FILM) * 1e9
    found = [
        Headline("Mean rocksalt film at the end", f"{film[-1]:.3f} nm", f"{film[0]:.3f} nm at the start")
    ]
    low, high = "Minimum rocksalt thickness [m]", "Maximum rocksalt thickness [m]"
    if low in solution.timeseries and high in solution.timeseries:
        ends = solution.column(low)[-1] * 1e9, solution.column(high)[-1] * 1e9
        found.append(
            Headline("Thinnest to thickest", f"{ends[0]:.3f} – {ends[1]:.3f} nm", "over the interface faces")
        )
    if "Oxygen released [mol]" in solution.timeseries:
        area = solution.info.get("area_m2")
        oxygen = float(solution.column("Oxygen released [mol]")[-1])
        amount = show(oxygen / area, "mol") + " m⁻²" if area else show(oxygen, "mol")
        found.append(
            Headline("Oxygen released", amount, "per area of the electrode" if area else "in the volume")
        )
    return found


def _particles(solution: Solution) -> list[Headline]:
    table = solution.particles
    if table.empty or not np.isfinite(table[FILM]).any():
        return []
    table = table[np.isfinite(table[FILM])]
    worst = table.loc[table[FILM].idxmax()]
    found = [
        Headline(
            "Most affected particle",
            f"{worst[FILM] * 1e9:.3f} nm",
            f"number {worst['Label']:.0f}, {worst['Equivalent diameter [m]'] * 1e6:.1f} µm across, "
            f"{worst['Distance to separator [m]'] * 1e6:.0f} µm from the separator",
        )
    ]
    fitted, which = fitted_particles(table)
    fit = linear_fit(*(table.loc[fitted, name].to_numpy() for name in ("Equivalent diameter [m]", FILM)))
    if fit is not None:
        found.append(
            Headline("Film against size", f"r = {fit[2]:+.2f}", f"Pearson's r, {which}, n = {fitted.sum()}")
        )
    return found


def _electrical(solution: Solution) -> list[Headline]:
    if not {"Current [A]", "Voltage [V]"} <= set(solution.timeseries.columns) or len(solution.t) < 2:
        return []
    current, voltage = solution.column("Current [A]"), solution.column("Voltage [V]")
    found = [Headline("Voltage", f"{voltage.min():.3f} – {voltage.max():.3f} V", "lowest and highest")]
    step = np.diff(solution.t)
    for word, sign in (("Charged", -1.0), ("Discharged", 1.0)):
        # The current of an implicit step holds from the row before to its own.
        charge = float(np.sum(step * np.maximum(sign * current[1:], 0.0)))
        if charge > 0.0:
            found.append(Headline(word, *_per_area(charge / 3600.0, solution.info.get("area_m2"))))
    return found


def _per_area(amp_hours: float, area: Any) -> tuple[str, str]:
    if area:
        return f"{amp_hours / float(area) * 0.1:.3f} mA h cm⁻²", "per area of the electrode"
    return show(amp_hours, "A.h"), "of the simulated volume"


def _effort(solution: Solution) -> list[Headline]:
    if not len(solution.t):
        return []
    wall = solution.column("Wall time [s]")[-1] if "Wall time [s]" in solution.timeseries else None
    note = f"{len(solution.t)} time steps" + (
        f", computed in {show_duration(float(wall))}" if wall is not None else ""
    )
    return [Headline("Simulated time", show_duration(float(solution.t[-1])), note)]
