"""The oxygen that a growing film sets free, where the growth is known on every face."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..problem import Findings, Line, Picture, Problem, Setting, below, near
from ..small_cathode import run, small_cathode

ALL_MOBILE = {
    "Rocksalt critical concentration [mol.m-3]": 60000.0,
    "Rocksalt vacancy energy [eV]": lambda x, T: -50.0,
    "Rocksalt growth constant [m2.s-1]": 2e-22,
    "CBD kinetic coverage": 0.3,
}
"""All oxygen is mobile at any lithiation, so that every face grows by the same closed form."""


def _interface() -> float:
    """Count the faces between connected active material and electrolyte; binder counts 0.3 [m2]."""
    cathode = small_cathode()
    phase = cathode.labels
    wet, solid = _connected(phase != 1, 0), _connected(phase != 0, -1) & (phase == 1)
    theta = np.where(wet, np.where(phase == 2, 0.3, 1.0), 0.0)
    dz, dy, dx = cathode.edges
    total = float(np.sum(solid[0])) * dy * dx  # against the separator
    for axis, area in enumerate((dy * dx, dz * dx, dz * dy)):
        t, s = np.moveaxis(theta, axis, 0), np.moveaxis(solid, axis, 0)
        total += area * float(np.sum(t[:-1] * s[1:]) + np.sum(t[1:] * s[:-1]))
    return total


def _connected(mask: np.ndarray, plane: int) -> np.ndarray:
    """Voxels of a mask that are face-connected to its first or last plane."""
    clusters, _ = ndimage.label(mask)
    return mask & np.isin(clusters, np.unique(clusters[plane][mask[plane]]))


def _solve_oxygen(setting: Setting) -> Findings:
    cell = small_cathode().cell(ALL_MOBILE, area_model="faces")
    found = run(cell, ("Discharge at 1C for 60 s", "Charge at 1C for 60 s", "Rest for 60 s"), "3.9 V")
    time = found.rows["Time [s]"].to_numpy()
    number = cell.parameters.number
    content = number("Rocksalt oxygen stoichiometry") / number("Rocksalt molar volume [m3.mol-1]")
    start = number("Rocksalt initial thickness [m]")
    expected = _interface() * content * (np.sqrt(start**2 + 2 * 2e-22 * time) - start)
    released = found.rows["Oxygen released [mol]"].to_numpy()
    ledger = float(found.particles["Oxygen released [mol]"].sum())
    lines = (
        Line("closed form", time.tolist(), expected.tolist()),
        Line("time series", time.tolist(), released.tolist(), marks=True),
    )
    worst = float(np.abs(released - expected).max() / expected[-1])
    return Findings(
        (
            below("Oxygen of the time series less the closed form, over the last [-]", worst, 1e-10),
            near("Oxygen in the particle ledger at the end [mol]", ledger, expected[-1], relative=1e-10),
        ),
        (Picture("Oxygen released", "Time [s]", "Oxygen [mol]", lines),),
    )


PROBLEMS: tuple[Problem, ...] = (
    Problem(
        name="released-oxygen",
        title="Oxygen released by a film whose growth is known on every face",
        family="invariance",
        answer="exact",
        statement="The same cathode with counted faces, kinetic coverage 0.3 under binder, and all oxygen "
        "mobile at any lithiation: L = sqrt(L0^2 + 2 K t) on every face whatever the current, so the "
        "oxygen is sum(theta A) nu / V_RS (L - L0), the faces counted here. Time series and particle "
        "ledger must both give it. Each step uses the closed form, whose pieces multiply to the whole: "
        "rounding of some 50 steps, 1e-10.",
        source="model, section 5; Both et al. 2026, Eqs. 1-3",
        solve=_solve_oxygen,
    ),
)
