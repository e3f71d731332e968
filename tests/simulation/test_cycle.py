"""A CC-CV charge and discharge on a tiny cathode: why steps end, what is conserved, when the film grows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from microcell.cell.halfcell import HalfCell
from microcell.parameters.constants import F
from microcell.results import Solution

C_CRIT, C_MAX = 11950.0, 50636.0
FILM = "Mean rocksalt thickness [m]"


@pytest.fixture(scope="module")
def rows(solution: Solution) -> pd.DataFrame:
    return solution.timeseries


def test_every_step_ends_for_its_reason(solution: Solution, cell: HalfCell) -> None:
    """Cut-offs located in time: 4.3 V and 3.0 V within 1 mV, C/20 within 0.1 %, and the words say which."""
    steps = solution.steps
    assert solution.status == "done"
    assert steps["reason"].tolist()[0] == "voltage 4.3 V reached"
    assert steps["reason"][1].startswith("current")
    assert steps["reason"].tolist()[2] == "voltage 3 V reached"
    assert steps["voltage_V"].tolist() == pytest.approx([4.3, 4.3, 3.0], abs=1e-3)
    assert abs(steps["current_A"][1]) == pytest.approx(cell.one_c_current / 20, rel=1e-3)
    assert np.all(np.diff(steps["time_s"]) > 0)


def test_the_current_is_what_was_asked_for(rows: pd.DataFrame, cell: HalfCell) -> None:
    """-1C on charge, +1C on discharge, 4.3 V held: to the solver's tolerance 1e-9 (1e-8), V to a
    microvolt."""
    by_step = {n: part.iloc[1:] for n, part in rows.groupby("Step")}
    assert np.allclose(by_step[1]["C-rate"], -1.0, rtol=1e-8)
    assert np.allclose(by_step[3]["C-rate"], 1.0, rtol=1e-8)
    assert np.allclose(by_step[2]["Voltage [V]"], 4.3, atol=1e-6)
    assert np.all(by_step[2]["Current [A]"] < 0)
    assert np.all(np.diff(np.abs(by_step[2]["Current [A]"])) < 0)
    assert np.allclose(rows["Current density [A.m-2]"] * cell.area, rows["Current [A]"], rtol=1e-12)


def test_lithium_and_charge_are_conserved(rows: pd.DataFrame, solution: Solution) -> None:
    """Lithium inside minus what crossed the lithium plane, per lithium moved, and currents through planes:
    1e-8.

    The scheme conserves both exactly; what is left is Newton's residual of 1e-9 of the current per step.
    """
    assert rows["Lithium drift"].abs().max() <= 1e-8
    assert rows["Charge balance error"].abs().max() <= 1e-8
    assert solution.statistics["largest_lithium_drift"] == rows["Lithium drift"].abs().max()


def test_the_charge_passed_is_the_lithium_gained(rows: pd.DataFrame) -> None:
    """Discharge puts lithium into the cathode: Q = F (gain in solid + electrolyte), 1e-8 of the lithium
    moved.

    From the first time step on: the row at t = 0 shows the state behind the instant that sets the potentials.
    """
    part = rows.iloc[1:]
    inside = (part["Lithium in active material [mol]"] + part["Lithium in electrolyte [mol]"]).to_numpy()
    q, plane = (
        part["Charge passed [C]"].to_numpy(),
        part["Lithium through the lithium plane [mol]"].to_numpy(),
    )
    tolerance = 1e-8 * F * (inside.max() - inside.min())
    assert np.allclose(q - q[0], F * (inside - inside[0]), rtol=0, atol=tolerance)
    assert np.allclose(q, F * plane, rtol=0, atol=tolerance)


def test_the_charge_passed_is_the_integral_of_the_current(rows: pd.DataFrame) -> None:
    """At constant 1C, Q grows by I dt in every time step (1e-8); over the hold the trapezoidal rule agrees to
    5 %."""
    t, q, i = (rows[n].to_numpy() for n in ("Time [s]", "Charge passed [C]", "Current [A]"))
    constant = rows["Step"].to_numpy()[1:] != 2
    assert np.allclose(np.diff(q)[constant], (i[1:] * np.diff(t))[constant], rtol=1e-7)
    hold = np.flatnonzero(rows["Step"] == 2)
    assert q[hold[-1]] - q[hold[0]] == pytest.approx(np.trapezoid(i[hold], t[hold]), rel=0.05)


def test_the_capacity_is_that_of_the_active_volume(rows: pd.DataFrame, cell: HalfCell) -> None:
    """Mean stoichiometry falls by 1C t / (F V c_max) = 0.725 t / 3600 s on charge (solid takes all but 1e-4
    of it)."""
    charge = rows[rows["Step"] == 1]
    fall = charge["Mean stoichiometry"].iloc[0] - charge["Mean stoichiometry"].iloc[-1]
    assert fall == pytest.approx(0.725 * charge["Time [s]"].iloc[-1] / 3600, rel=1e-3)


def test_the_film_only_grows_and_only_below_the_critical_concentration(rows: pd.DataFrame) -> None:
    """Growth between two rows exactly where a surface is below 11 950 mol/m3 at one of both ends (the mean
    share)."""
    film, low = rows[FILM].to_numpy(), rows["Minimum surface stoichiometry"].to_numpy() * C_MAX < C_CRIT
    growth = np.diff(film)
    assert film[0] == pytest.approx(2e-10, rel=1e-12)
    assert np.all(growth >= 0)
    assert np.array_equal(growth > 0, low[1:] | low[:-1])
    assert 0 < np.count_nonzero(growth > 0) < len(growth)
    assert np.all(np.diff(rows["Oxygen released [mol]"]) >= 0)


def test_the_film_grows_on_charge_and_hold_not_on_discharge(rows: pd.DataFrame) -> None:
    """The hold adds most, discharge leaves it unchanged to 1 % (it starts at 4.3 V, below the critical
    concentration)."""
    at_end = rows.groupby("Step")[FILM].last()
    assert at_end[2] > 1.2 * at_end[1]
    assert at_end[3] == pytest.approx(at_end[2], rel=0.01)


def test_the_ranges_bracket_the_means(rows: pd.DataFrame) -> None:
    """Minimum <= mean <= maximum of film and of the electrolyte around its conserved 1000 mol/m3."""
    assert np.all(rows["Minimum rocksalt thickness [m]"] <= rows[FILM] * (1 + 1e-12))
    assert np.all(rows[FILM] <= rows["Maximum rocksalt thickness [m]"] * (1 + 1e-12))
    assert np.all(rows["Minimum electrolyte concentration [mol.m-3]"] <= 1000.0)
    assert np.all(rows["Maximum electrolyte concentration [mol.m-3]"] >= 1000.0 - 1e-9)


def test_snapshots_agree_with_the_time_series(solution: Solution, rows: pd.DataFrame, cell: HalfCell) -> None:
    """Last snapshot: mean of the stored active concentration is the stoichiometry of the last row (float32
    store: 1e-6)."""
    concentration = solution["Active concentration [mol.m-3]"].at(rows["Time [s]"].iloc[-1])  # type: ignore[union-attr]
    stored = np.asarray(concentration)
    assert np.array_equal(np.isfinite(stored), cell.volume.labels == 1)
    assert np.nanmean(stored) / C_MAX == pytest.approx(rows["Mean stoichiometry"].iloc[-1], rel=1e-6)
    assert solution.snapshot_times[0] == 0.0
    assert solution.snapshot_times[-1] == pytest.approx(rows["Time [s]"].iloc[-1])


def test_the_particles_lose_what_the_solid_loses(solution: Solution, cell: HalfCell) -> None:
    """One ledger row per particle; their volumes sum to the active volume (1e-9)."""
    assert cell.particles is not None
    assert len(solution.particles) == cell.particles.count
    assert solution.particles["Volume [m3]"].sum() == pytest.approx(cell.active_volume, rel=1e-9)


def test_the_run_says_which_laws_were_stretched(solution: Solution) -> None:
    """4.3 V takes the surface below x = 0.2157, where the open-circuit law is an extrapolation: a warning
    names it."""
    assert any("Active open-circuit potential" in text for text in solution.statistics["warnings"])
