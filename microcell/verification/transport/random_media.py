"""Random media between their bounds, and two conductors that exchange their places."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
from scipy.ndimage import gaussian_filter

from ...homogenization import effective
from ..media import volume_of
from ..problem import Check, Findings, Line, Picture, Problem, Setting, within

EXCHANGED = 10.0
"""Contrast of the exchange relation: nearly an equality at a smaller one, far from it at a larger."""

SOLVED = 1e-6
"""Relative accuracy of a solve, and so what a bound may be missed by."""


def grains(n: int, fraction: float, seed: int, cubic: bool) -> np.ndarray:
    """Return n^3 labels, 1 in grains of a few voxels; if cubic, the same in any order of axes."""
    noise = gaussian_filter(np.random.default_rng(seed).standard_normal((n, n, n)), 1.5, mode="reflect")
    if cubic:
        noise = sum((noise.transpose(order) for order in permutations(range(3))), np.zeros_like(noise))
        noise = np.round(noise, 9)  # sums in six orders differ by rounding, and labels must not
    return (noise > np.quantile(noise, 1 - fraction)).astype(np.uint8)


def wiener(low: float, high: float, fraction: float) -> tuple[float, float]:
    """Return the harmonic and the arithmetic mean, ``fraction`` being that of the better conductor."""
    return 1 / ((1 - fraction) / low + fraction / high), (1 - fraction) * low + fraction * high


def hashin_shtrikman(low: float, high: float, fraction: float) -> tuple[float, float]:
    """Return the bounds of an isotropic mixture (Hashin & Shtrikman 1962, eqs. 1.1 and 1.2 there)."""
    lower = low + fraction / (1 / (high - low) + (1 - fraction) / (3 * low))
    upper = high + (1 - fraction) / (1 / (low - high) + fraction / (3 * high))
    return lower, upper


def conductivities(labels: np.ndarray, pore: float, active: float, axes: str = "zyx") -> np.ndarray:
    """Return k_eff along some axes."""
    spec, volume = {"pore": pore, "active": active}, volume_of(labels, 1e-6)
    return np.array([row.conductivity for row in effective(volume, spec, axes, tolerance=1e-5)])


def cases(setting: Setting) -> list[tuple[int, float, float]]:
    """Return image size, fraction and contrast of all media."""
    if setting.full:
        return list(product((32,), (0.1, 0.3, 0.5, 0.7, 0.9), (2.0, 10.0, 100.0, 1000.0)))
    return list(product((16,), (0.25, 0.5, 0.75), (10.0, 50.0)))


def position(found: float, bounds: tuple[float, float]) -> float:
    """Return where a number lies between bounds, 0 at the lower and 1 at the upper one."""
    return (found - bounds[0]) / (bounds[1] - bounds[0])


def solve_wiener(setting: Setting) -> Findings:
    """Solve media without symmetry along every axis."""
    lowest, highest = np.inf, -np.inf
    for number, (n, fraction, contrast) in enumerate(cases(setting)):
        labels = grains(n, fraction, number, cubic=False)
        bounds = wiener(1.0, contrast, float(labels.mean()))
        places = [position(k, bounds) for k in conductivities(labels, 1.0, contrast)]
        lowest, highest = min(lowest, *places), max(highest, *places)
    return Findings(
        (
            within("lowest place between the bounds [-]", lowest, -SOLVED, 1 + SOLVED),
            within("highest place between the bounds [-]", highest, -SOLVED, 1 + SOLVED),
        )
    )


def split(labels: np.ndarray) -> np.ndarray:
    """Split every voxel into eight: the same medium, with less than half the error of finite volumes.

    Grains of three voxels conduct some percent too little, which the sharpest of the theorems would feel.
    """
    return labels.repeat(2, 0).repeat(2, 1).repeat(2, 2)


def exchange(contrast: float, k: float, swapped: float) -> float:
    """Return ``k k'/(k1 k2) + (k + k')/(k1 + k2)``, which is 2 or more."""
    return k * swapped / contrast + (k + swapped) / (1 + contrast)


def solve_isotropic(setting: Setting) -> Findings:
    """Solve media of cubic symmetry, and again with the conductivities exchanged."""
    checks: list[Check] = []
    lines: dict[float, list[tuple[float, float, float, float]]] = {}
    coarse = np.inf
    for number, (n, fraction, contrast) in enumerate(cases(setting)):
        labels = grains(n, fraction, number, cubic=True)
        share, fine = float(labels.mean()), split(labels)
        axes = conductivities(labels, 1.0, contrast)
        k = float(conductivities(fine, 1.0, contrast, "z")[0])
        bounds = hashin_shtrikman(1.0, contrast, share)
        coarse = min(coarse, position(float(axes[0]), bounds))
        name = f"{share:.0%} of {contrast:g} to 1"
        checks += [
            within(f"{name}: spread of the axes [-]", float(np.ptp(axes)) / k, 0.0, SOLVED),
            within(f"{name}: k_eff [-]", k, *bounds),
        ]
        if contrast == EXCHANGED:
            swapped = float(conductivities(fine, contrast, 1.0, "z")[0])
            checks.append(
                within(f"{name}: exchange relation [-]", exchange(contrast, k, swapped), 2.0, np.inf)
            )
        lines.setdefault(contrast, []).append((share, *bounds, k))
    remark = (
        f"On the voxels as they are, the lowest medium lies at {coarse:.3f} between the bounds (0 is the "
        "lower one): finite volumes on grains of three voxels conduct too little, and where the bounds are "
        "close that can show."
    )
    pictures = tuple(picture(contrast, rows) for contrast, rows in lines.items())
    return Findings(tuple(checks), pictures, remark)


def picture(contrast: float, rows: list[tuple[float, float, float, float]]) -> Picture:
    """Draw bounds and finds over the volume fraction."""
    share, low, high, found = zip(*rows, strict=True)
    lines = Line("lower bound", share, low), Line("upper bound", share, high)
    title = f"Isotropic grains of {contrast:g} in 1"
    return Picture(
        title, "Volume fraction [-]", "k_eff [-]", (*lines, Line("found", share, found, marks=True))
    )


PROBLEMS = (
    Problem(
        name="wiener-bounds",
        title="Random media between the means, per axis",
        family="transport",
        answer="bound",
        statement=(
            "Grains of two conductors at several fractions and contrasts, another seed each. Along every "
            "axis k_eff lies between harmonic and arithmetic mean (0 and 1 below), for any image: a "
            "uniform flux and a uniform gradient are admissible in the discrete equations too, so the "
            "bounds hold to the accuracy of the solve, 1e-6."
        ),
        source="Wiener 1912, Abh. Math.-Phys. Kl. Koenigl. Saechs. Ges. Wiss. 32, 509",
        solve=solve_wiener,
    ),
    Problem(
        name="isotropic-bounds",
        title="Isotropic random media: Hashin-Shtrikman bounds, exchange of the phases",
        family="transport",
        answer="bound",
        statement=(
            "Grains of two conductors that look the same along all axes: random noise averaged over the six "
            "orders of the axes, cut at a level. With its mirror images the box is a cubic crystal, so "
            "k_eff is one number: the axes agree to 1e-6, the accuracy of the solve. With every voxel split "
            "into eight it lies within the bounds of Hashin and Shtrikman, and with the conductivities "
            "exchanged k k'/(k1 k2) + (k + k')/(k1 + k2) >= 2 at contrast 10. Both are theorems of the "
            "continuum, and nothing is added for what the discretization still leaves."
        ),
        source=(
            "Hashin & Shtrikman 1962, doi 10.1063/1.1728579; "
            "Avellaneda, Cherkaev, Lurie & Milton 1988, J. Appl. Phys. 63, 4989"
        ),
        solve=solve_isotropic,
    ),
)
