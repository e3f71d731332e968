"""Measured cathodes against other programs."""

from __future__ import annotations

from importlib import import_module

import numpy as np

from ...homogenization import effective
from ...image.volume import Volume
from ..problem import Check, Findings, Line, Picture, Problem, Setting, Skipped, near

CATHODE = "nmc_cal_3phase.tif"
CROP = ((45, 205), (70, 230), (20, 180))
D_EFF = {"pore": (0.1427, 0.1412, 0.1435), "pore+cbd": (0.2568, 0.3069, 0.3158)}
"""D_eff/D_0 of the crop along z, y, x by an independent program in single precision."""

SHARE = {"pore": 0.3976, "pore+cbd": 0.4933}
"""Volume fractions of the crop, counted."""

SMALL = 10**6
"""Voxels below which TauFactor gets one thread."""

CODES = {"pore": (0,), "pore+cbd": (0, 2)}


def read(setting: Setting, crop: tuple[tuple[int, int], ...]) -> Volume:
    """Read part of the measured cathode.

    Raises
    ------
    Skipped
        If the file is not there.
    """
    if setting.volumes is None or not (setting.volumes / CATHODE).exists():
        raise Skipped(f"{CATHODE} is missing: name the folder of the measured volumes")
    return Volume.read(
        setting.volumes / CATHODE,
        voxel_size="398 nm",
        axes="ZYX",
        through_axis="Z",
        separator_side="low",
        phases={"pore": 0, "active": 1, "cbd": 2},
        crop=[list(part) for part in crop],
    )


def solve_measured(setting: Setting) -> Findings:
    """Solve the pore space of a crop of 160^3 voxels, with and without carbon-binder domain."""
    volume = read(setting, CROP)
    checks: list[Check] = []
    lines = []
    for name, expected in D_EFF.items():
        rows = list(effective(volume, name, tolerance=1e-4))
        share = rows[0].volume_fraction
        checks.append(near(f"{name}: volume fraction [-]", share, SHARE[name], absolute=5e-5))
        for row, answer in zip(rows, expected, strict=True):
            checks.append(
                near(f"{name} along {row.axis}: D_eff/D_0 [-]", row.conductivity, answer, relative=0.01)
            )
        found = [row.conductivity for row in rows]
        lines += [Line(name, [0, 1, 2], expected), Line(f"{name}, found", [0, 1, 2], found, marks=True)]
    label = "Axis (0 z, 1 y, 2 x) [-]"
    return Findings(
        tuple(checks), (Picture("Calendered NMC cathode", label, "D_eff / D_0 [-]", tuple(lines)),)
    )


def taufactor_diffusivity(conducts: np.ndarray, axis: int) -> float:
    """Return D_eff/D_0 along an axis by TauFactor (Kench et al. 2023).

    Its two-phase solver has the same equations, half a voxel to both end faces included. Slice fluxes have
    to agree within 0.05 %, where its default is 1 %.
    """
    try:
        taufactor, torch = import_module("taufactor"), import_module("torch")
    except ImportError:
        raise Skipped("the package taufactor is missing: pip install taufactor torch") from None
    image = np.ascontiguousarray(np.moveaxis(conducts, axis, 0).astype(np.uint8))
    threads = torch.get_num_threads()
    if image.size < SMALL:  # where others compute too, threads wait for each other for minutes
        torch.set_num_threads(1)
    solver = taufactor.Solver(image, device="cpu")
    solver.solve(verbose=False, conv_crit=5e-4, iter_limit=20000)
    torch.set_num_threads(threads)
    if not solver.converged:
        raise RuntimeError("TauFactor did not converge")
    return float(np.squeeze(solver.D_eff))


def solve_taufactor(setting: Setting) -> Findings:
    """Solve a crop with both programs."""
    n = 160 if setting.full else 48
    volume = read(setting, tuple((low, low + n) for low, _ in CROP))
    checks = []
    for name in CODES if setting.full else ("pore+cbd",):
        for axis, row in enumerate(effective(volume, name, tolerance=1e-4)):
            other = taufactor_diffusivity(np.isin(volume.labels, CODES[name]), axis)
            quantity = f"{name} along {row.axis}: D_eff/D_0 [-]"
            checks.append(near(quantity, row.conductivity, other, relative=0.002))
    return Findings(tuple(checks))


PROBLEMS = (
    Problem(
        name="measured-cathode",
        title="Pore space of a measured cathode against another program",
        family="transport",
        answer="independent",
        statement=(
            "160^3 voxels of 398 nm of a calendered NMC cathode (X-ray tomography, carbon-binder domain "
            "generated); pore alone, and pore with carbon-binder domain. Volume fractions and D_eff/D_0 "
            "along three axes by another finite-volume program: single precision, fluxes through both ends "
            "within 0.1 %, results known to 1 %, which is the tolerance."
        ),
        source="Usseglio-Viretta et al. 2018, doi 10.1149/2.0731814jes; image from NREL's MATBOX",
        solve=solve_measured,
        full_only=True,
    ),
    Problem(
        name="taufactor",
        title="Pore space of a measured cathode against TauFactor",
        family="transport",
        answer="independent",
        statement=(
            "A crop of the same cathode (48^3 voxels reduced, 160^3 in full) solved by TauFactor's "
            "two-phase solver, which has the same discrete equations: the answers differ only by how far "
            "either iterates. TauFactor works in single precision and stops where its slice fluxes agree "
            "within 0.05 %; four times that is the tolerance, 0.2 %."
        ),
        source="Kench, Squires & Cooper 2023, doi 10.21105/joss.05358",
        solve=solve_taufactor,
    ),
)
